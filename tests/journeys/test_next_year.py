"""Next year's draft in a browser: carried over, confirmed, and last year beside the form."""

from playwright.sync_api import expect

from initiatives.models import Initiative, PlanPhase, YearPlan
from tests.cast import WINDOW_MOMENTS

DESK, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}


def test_from_this_year_to_the_next(cast, sit_down, axe_findings, too_wide):
    def look(page):
        found = {}
        for size in (PHONE, DESK):
            page.set_viewport_size(size)
            found[size["width"]] = (axe_findings(page), too_wide(page))
        assert found == {390: ([], 0), 1280: ([], 0)}, page.url

    cast.review_in("submitted")
    admin = sit_down(cast.admin)
    admin.goto("/mihon/2020/")
    admin.get_by_role("link", name="令和3年度の案を作る").click()
    look(admin)
    admin.get_by_role("button", name="2件を令和3年度の案へ引き継ぐ").click()
    expect(admin.get_by_role("heading", name="令和3年度 取組項目一覧")).to_be_visible()
    look(admin)

    admin.get_by_role("link", name="人と人とのつながりづくり").click()
    admin.get_by_text("前年度から引き継いだ未確認の欄").click()
    expect(admin.get_by_role("heading", name="前年度から引き継ぐ課題")).to_be_visible()
    look(admin)
    admin.get_by_label("趣旨・目的").check()
    admin.get_by_role("button", name="選んだ欄を確認済みにする").click()
    expect(admin.get_by_text("確認済みにしました。")).to_be_visible()
    sheet = Initiative.objects.get_by_natural_key("mihon", 2021, "1")
    assert "purpose" not in sheet.unconfirmed and "overview" in sheet.unconfirmed

    admin.goto("/mihon/2021/plan/sections/")
    admin.locator("[name=from]").select_option(label="市民協働課(1件)")
    admin.locator("[name=to]").select_option(label="総務課")
    admin.get_by_role("button", name="変わるところを確かめる").click()
    look(admin)
    admin.get_by_role("button", name="1件の担当課を変える").click()
    expect(admin.get_by_text("1件の担当課を変えました。")).to_be_visible()

    Initiative.objects.filter(plan__fiscal_year=2021).update(unconfirmed=[])
    YearPlan.objects.filter(fiscal_year=2021).update(status="confirmed")
    PlanPhase.objects.filter(plan__fiscal_year=2021).update(opens_at=WINDOW_MOMENTS["open"][0])
    staff = sit_down(cast.staff_other_section)
    staff.goto("/mihon/2021/1/midyear/")
    staff.get_by_text("昨年度(令和2年度)の中間振り返り").click()
    expect(staff.get_by_text("区役所のSNSでの発信を増やし").first).to_be_visible()
    look(staff)
