"""Every page, at the desk, on the phone and in between: nothing for axe to find, nothing to push sideways."""

import pytest
from playwright.sync_api import expect

from reviews import keeping, workflow
from reviews.case import open_case
from tests.cast import NOW
from wardplan.accounts.models import Section

SHEET = "/mihon/2020/1/"
FORM = SHEET + "midyear/"
DESK, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
# A tablet, and a desk's window at 175 %.
BETWEEN = {"width": 700, "height": 900}


@pytest.fixture
def look(cast, sit_down, axe_findings, too_wide):
    """Open a page as somebody and look at it at both sizes. Everybody keeps the browser, with its cache."""
    pages = {}

    def look(user, url, status=200, act=None):
        page = pages.get(user) or pages.setdefault(user, sit_down(user))
        assert page.goto(url).status == status
        if act:
            act(page)
        found = {}
        for size in (PHONE, DESK):
            page.set_viewport_size(size)
            found[size["width"]] = (axe_findings(page), too_wide(page))
        assert found == {390: ([], 0), 1280: ([], 0)}, url
        page.set_viewport_size(BETWEEN)
        between = too_wide(page)
        page.set_viewport_size(DESK)
        assert between == 0, url

    return look


def test_pages_of_a_day(cast, look):
    look(None, "/accounts/login/")
    cast.review_in("returned")
    look(cast.staff, "/")
    look(cast.staff, "/mihon/2020/")
    look(cast.staff, SHEET)
    look(cast.staff, FORM)
    look(cast.staff, SHEET + "self-evaluation/")
    look(cast.staff, FORM, act=submit_incomplete)
    cast.review_in("submitted")
    look(cast.staff, FORM)
    look(cast.staff, SHEET + "history/")
    look(cast.manager, SHEET, act=return_without_reason)


def test_pages_of_a_manager(cast, look):
    look(cast.manager, "/queue/")
    cast.review_in("submitted", "self_evaluation", submitted_by=cast.manager)
    review = cast.review_in("submitted")
    comments = {"issues": "いつ行うかを書いてください。", "outlook": "①ではありませんか。"}
    workflow.send_back(
        cast.initiative,
        "midyear",
        by=cast.manager,
        at=NOW,
        version=review.version,
        reason="直してください。",
        comments=comments,
    )
    look(cast.staff, FORM)
    answers = cast.answers(issues="若年層の参加が少ない。\n12月までに、SNSでの発信を増やす。")
    workflow.submit(
        cast.initiative, "midyear", by=cast.staff, at=NOW, version=review.version + 1, answers=answers
    )
    look(cast.manager, "/queue/", act=unfold_everything)
    look(cast.manager, "/queue/print/")
    look(cast.manager, "/queue/deputies/", act=name_nobody)
    workflow.approve(cast.initiative, "midyear", by=cast.deputy, at=NOW, version=review.version + 2)
    look(cast.manager, "/")


def unfold_everything(page):
    expect(page.get_by_role("button", name="選んだ0件を承認")).to_be_disabled()
    page.get_by_label("取組項目1 人と人とのつながりづくり(中間振り返り)を選ぶ").check()
    expect(page.get_by_role("button", name="選んだ1件を承認")).to_be_enabled()
    for fold in page.locator("main details > summary").all():
        fold.click()


def name_nobody(page):
    page.get_by_role("button", name="代理承認者に決める").click()
    expect(page.get_by_role("alert")).to_be_focused()


def submit_incomplete(page):
    page.get_by_label("課題と改善策").fill("")
    page.get_by_role("button", name="直して再提出する").click()
    expect(page.get_by_role("alert")).to_be_focused()


def return_without_reason(page):
    page.locator("summary", has_text="差し戻す").click()
    page.get_by_role("button", name="差し戻す", exact=True).click()
    expect(page.get_by_role("alert")).to_be_focused()


def test_pages_of_figures(cast, look):
    indicator = f"/mihon/indicators/{cast.shared_indicator.pk}/"
    look(cast.staff, "/mihon/indicators/")
    look(cast.staff, indicator)
    look(cast.viewer, indicator)
    look(cast.staff, indicator + "2019/", act=enter_no_figure)
    look(cast.staff, SHEET + "targets/a2/resolve/")


def enter_no_figure(page):
    page.get_by_role("button", name="実績を入力する").click()
    expect(page.get_by_role("alert")).to_be_focused()


def test_page_of_unsaved_text(cast, look):
    cast.review_in("draft")
    case = open_case(cast.initiative, "midyear", cast.staff)
    typed = {"implementation": "2", "outlook": "2", "issues": "書きかけの文\n" * 30 + "x" * 300}
    keeping.keep_for(cast.staff.pk, case, 1, typed)
    look(cast.staff, FORM)
    look(cast.staff, FORM + "restore/")


def test_pages_that_refuse(cast, look):
    look(cast.viewer, SHEET + "history/", status=403)
    look(cast.staff, "/mihon/2020/99/", status=404)
    cast.review_in("draft")
    look(cast.staff, FORM, act=lambda page: submit_what_is_approved(cast, page))
    cast.review_in("draft")
    look(cast.staff, FORM, act=lambda page: save_what_changed(cast, page))


def submit_what_is_approved(cast, page):
    cast.review_in("approved")
    page.get_by_role("button", name="課長へ提出する").click()
    expect(page.get_by_role("heading", name="この操作は行われませんでした")).to_be_visible()


def save_what_changed(cast, page):
    answers = cast.answers(issues="先に保存された文")
    workflow.save(cast.initiative, "midyear", by=cast.second_staff, at=NOW, version=1, answers=answers)
    page.get_by_label("課題と改善策").fill("あとから書いた文")
    page.get_by_role("button", name="一時保存").click()
    expect(page.get_by_role("heading", name="担当 次郎さんが先に保存しました")).to_be_visible()


def test_long_words_never_push_a_page_sideways(cast, sit_down, too_wide):
    Section.objects.filter(pk=cast.section.pk).update(name="市民協働及び地域まちづくり支援担当課" * 3)
    cast.plan.initiatives.filter(pk=cast.initiative.pk).update(title="W" * 200, activities="x" * 5000)
    cast.review_in("submitted", answers=cast.answers(issues="a" * 5000))
    pages = {
        cast.staff: ["/", "/mihon/2020/", SHEET, SHEET + "history/", SHEET + "self-evaluation/"],
        cast.manager: [FORM, "/queue/"],
        cast.viewer: [SHEET + "history/"],
    }
    for user, urls in pages.items():
        page = sit_down(user)
        for url in urls:
            page.goto(url)
            for size in (PHONE, DESK):
                page.set_viewport_size(size)
                assert too_wide(page) == 0, (url, size)


def test_pages_for_citizens(cast, look):
    cast.plan_in("published")
    cast.review_in("published")
    cast.review_in("published", "self_evaluation")
    look(None, "/public/mihon/2020/")
    look(None, "/public/mihon/2020/1/")
    look(None, "/public/mihon/2020/1/?revision=1")
    look(None, "/public/mihon/2020/99/", status=404)


def test_pages_of_the_ward_and_of_then(cast, look):
    cast.set_window("midyear", "closed")
    cast.review_in("draft")
    cast.review_in("approved", "self_evaluation")
    look(cast.admin, "/mihon/2020/progress/", act=close_before_opening)
    look(cast.staff, SHEET + "history/?texts=open")
    look(cast.staff, SHEET + "history/midyear/1/")


def close_before_opening(page):
    page.locator("summary", has_text="中間振り返りの受付期間を変える").click()
    page.get_by_label("受付終了").first.fill("令和2年7月1日17:15")
    page.get_by_role("button", name="この受付期間にする").first.click()
    expect(page.get_by_role("alert")).to_be_focused()


def test_pages_of_a_desk(cast, look):
    review = cast.review_in("draft")
    handed = {"by": cast.staff, "at": NOW, "version": review.version, "to": cast.second_staff}
    workflow.hand_over(cast.initiative, "midyear", text="あとは\nお願いします。" + "x" * 300, **handed)
    cast.review_in("submitted", initiative=cast.other_initiative)
    desk = f"/mihon/2020/desk/{cast.section.pk}/"
    look(cast.second_staff, "/")
    look(cast.second_staff, desk + "?texts=open")
    look(cast.second_staff, FORM + "handover/", act=hand_nothing_over)
    look(cast.second_staff, FORM + "wordings/issues/")
    look(cast.second_staff, FORM, act=unfold_wordings)
    look(cast.second_staff, SHEET + "history/")
    look(cast.second_staff, SHEET, act=report_a_mistake)
    look(cast.admin, SHEET + "mistakes/", act=answer_nothing)
    look(cast.admin, "/")


def hand_nothing_over(page):
    page.locator("summary", has_text="書き換える").click()
    page.get_by_role("button", name="引継ぎメモを残す・渡す").click()
    expect(page.get_by_role("alert")).to_be_focused()


def unfold_wordings(page):
    page.locator("summary", has_text="他の課・他の年度の書き方").click()
    expect(page.get_by_text("このシート").or_(page.get_by_text("総務課")).first).to_be_visible()


def report_a_mistake(page):
    page.locator("summary", has_text="計画の誤りを知らせる").click()
    page.get_by_role("button", name="取りまとめ担当に知らせる").click()
    expect(page.get_by_text("取りまとめ担当に知らせました。")).to_be_visible()


def answer_nothing(page):
    page.locator("summary", has_text="回答して済みにする").click()
    page.get_by_role("button", name="この内容で回答する").click()
    expect(page.get_by_role("alert")).to_be_focused()
