import datetime

import pytest

from reviews.models import PlanReport
from tests.cast import NOW, difference, snapshot
from tests.pages import Page, send

PAGE = "/mihon/2020/1/mistakes/"
DAY = datetime.timedelta(days=1)


@pytest.fixture
def as_(client):
    def as_(user):
        client.force_login(user)
        return client

    return as_


def report(as_, user, **fields):
    return send(as_(user), PAGE, **{"cell": "activities", "text": "フードドライブは終了しました。", **fields})


def test_mistake_reaches_the_admin_with_the_cell_as_it_stood(cast, as_):
    before = snapshot()
    assert report(as_, cast.staff)["Location"] == PAGE
    assert difference(before, snapshot()) == {"PlanReport": (1, 0, 0)}
    one = PlanReport.objects.get()
    assert (one.ward, one.fiscal_year, one.number, one.cell) == (cast.ward, 2020, "1", "activities")
    assert (one.quoted, one.by, one.at) == ("・清掃活動やフードドライブを行う。", cast.staff, NOW)
    work = Page(as_(cast.admin).get("/"))
    assert "計画の誤りの連絡1件" in work.text
    assert "フードドライブは終了しました。" in work.text
    assert 'href="/mihon/2020/plan/import/"' in work.html
    assert '<span class="site-nav-count">1<' in work.html
    answering = Page(as_(cast.admin).get(PAGE)).text
    assert answering.index("これまでの連絡") < answering.index("誤りのある欄")
    for word in ("staff", "manager", "viewer", "other_ward"):
        assert "計画の誤りの連絡" not in as_(cast.actor(word)).get("/").content.decode()


def test_report_needs_no_words_and_is_sent_once(cast, as_):
    for _ in range(2):
        assert report(as_, cast.viewer, text="").status_code == 302
    assert PlanReport.objects.get().text == ""


def test_sheet_and_form_offer_it_with_a_cell_chosen(cast, as_):
    sheet = Page(as_(cast.staff).get("/mihon/2020/1/"))
    assert PAGE in sheet.forms
    assert '<option value="activities" selected>' in sheet.html
    assert "目標1「連携した取組の件数" in sheet.html
    page = Page(as_(cast.staff).get(PAGE, {"cell": "targets.a2"}))
    assert '<option value="targets.a2" selected>' in page.html
    assert f'href="{PAGE}"' in as_(cast.staff).get("/mihon/2020/1/midyear/").content.decode()


@pytest.mark.parametrize("fields", [{"cell": "nothing"}, {"cell": ""}, {"text": "あ" * 1001}])
def test_odd_report_is_refused_and_the_text_stays(cast, as_, fields):
    page = Page(report(as_, cast.staff, **fields))
    assert len(page.summary) == 1
    assert page.forms[PAGE]["text"] == fields.get("text", "フードドライブは終了しました。")
    assert PlanReport.objects.count() == 0


def test_answer_closes_the_report_and_reaches_who_told(cast, as_, clock):
    report(as_, cast.staff)
    one = PlanReport.objects.get()
    answer = f"{PAGE}{one.pk}/answer/"
    page = Page(send(as_(cast.admin), answer, text="　"))
    assert page.summary == [(f"report_{one.pk}_text", "回答を書いてください。例: 直しました。")]
    for _ in range(2):
        assert send(as_(cast.admin), answer, text="直しました。")["Location"] == PAGE
    one.refresh_from_db()
    assert (one.answer, one.answered_by, one.answered_at) == ("直しました。", cast.admin, NOW)
    assert "計画の誤りの連絡" not in as_(cast.admin).get("/").content.decode()
    work = Page(as_(cast.staff).get("/")).text
    assert "計画の誤りへの回答1件" in work
    assert "直しました。" in work
    assert "計画の誤りへの回答" not in as_(cast.second_staff).get("/").content.decode()
    clock.move_to(NOW + 31 * DAY)
    assert "計画の誤りへの回答" not in as_(cast.staff).get("/").content.decode()


def test_second_answer_is_told_of_the_first(cast, as_):
    report(as_, cast.staff)
    one = PlanReport.objects.get()
    send(as_(cast.admin), f"{PAGE}{one.pk}/answer/", text="直しました。")
    refused = send(as_(cast.admin), f"{PAGE}{one.pk}/answer/", text="誤りではありません。")
    assert refused.status_code == 409
    assert "誤りではありません。" in refused.content.decode()
    one.refresh_from_db()
    assert one.answer == "直しました。"


@pytest.mark.parametrize("who", ["viewer", "staff", "manager", "manager_other_section"])
def test_only_the_admin_answers(cast, as_, who):
    report(as_, cast.staff)
    before = snapshot()
    answer = send(as_(cast.actor(who)), f"{PAGE}{PlanReport.objects.get().pk}/answer/", text="直しました。")
    assert answer.status_code == 403
    assert difference(before, snapshot()) == {}


def test_reports_are_read_by_the_section_the_admin_and_who_told(cast, as_):
    report(as_, cast.viewer)
    for word, told in [("staff", True), ("admin", True), ("viewer", True), ("staff_other_section", False)]:
        text = Page(as_(cast.actor(word)).get(PAGE)).text
        assert ("フードドライブは終了しました。" in text) == told, word


def test_draft_plan_is_put_right_in_the_admin_site(cast, as_):
    cast.plan_in("draft")
    report(as_, cast.staff)
    html = as_(cast.admin).get("/").content.decode()
    assert f'href="/admin/initiatives/initiative/{cast.initiative.pk}/change/"' in html


def test_report_outlives_the_sheet(cast, as_):
    report(as_, cast.staff)
    cast.plan.initiatives.filter(pk=cast.initiative.pk).update(number="9")
    html = as_(cast.admin).get("/").content.decode()
    assert "令和2年度 取組項目1" in html
    assert "管理の画面で直す" not in html
