"""進行管理: counts, late ones and waits of the whole ward, windows, publishing together, extensions."""

import datetime
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from initiatives.models import Event, Initiative, PublishedSheet, YearPlan
from reviews.models import Review
from tests.cast import JST, NOW, difference, snapshot
from tests.pages import Page, send

URL = "/mihon/2020/progress/"
WINDOW = URL + "window/"
DECISION = URL + "decision/"
PUBLISH = URL + "publish-approved/"
UNCOUNTED = 3  # session, user, memberships
OTHERS = ["viewer", "staff", "manager", "staff_other_section", "manager_other_section"]


@pytest.fixture
def as_admin(client, cast):
    client.force_login(cast.admin)
    return client


@pytest.fixture
def read(as_admin):
    def read(url=URL):
        response = as_admin.get(url)
        assert response.status_code == 200
        return response.content.decode()

    return read


@pytest.fixture
def midyear(cast):
    """Let only 中間振り返り be open, as in September."""
    cast.set_window("self_evaluation", "before_open")
    return cast


def row_of(page, name):
    """Cut a section's row out of the table: what its cells say, icons left out."""
    row = page.split(f'<th scope="row">{name}</th>')[1].split("</tr>")[0]
    cells = re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL)
    return [" ".join(re.sub(r"<[^>]+>", "", cell).split()) for cell in cells]


def add_initiatives(cast, *statuses):
    """Give the plan more sheets of the own section, one in each of the states."""
    for number, status in enumerate(statuses, start=3):
        initiative = Initiative.objects.create(
            plan=cast.plan,
            number=str(number),
            position=number * 1_000_000,
            title=f"取組{number}",
            section=cast.section,
        )
        cast.review_in(status, initiative=initiative)
    cast.plan_in("confirmed")


# ---- who may see it --------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", OTHERS)
def test_page_is_for_the_admin(cast, client, who):
    client.force_login(cast.actor(who))
    before = snapshot()
    assert client.get(URL).status_code == 403
    for url in (WINDOW, DECISION, PUBLISH):
        assert client.post(url, {"phase": "midyear", "version": 1, "sheet": "1:3"}).status_code == 403
    assert difference(before, snapshot()) == {}


def test_strangers_and_other_wards_find_nothing(cast, client):
    for url in (WINDOW, DECISION, PUBLISH):
        assert client.post(url).url.startswith("/accounts/login/")
    assert client.get(URL).url == f"/accounts/login/?next={URL}"
    client.force_login(cast.other_ward)
    assert client.get(URL).status_code == 404
    assert client.get("/mihon/progress/").status_code == 404
    assert [client.post(url).status_code for url in (WINDOW, DECISION, PUBLISH)] == [404, 404, 404]


def test_ward_without_a_plan_leads_its_admin_to_the_first_one(cast, client):
    cast.plan_in("draft")
    cast.plan.delete()
    client.force_login(cast.admin)
    assert client.get("/mihon/progress/").url == "/mihon/2020/plan/import/"
    assert 'href="/years/">計画を取り込む</a>' in client.get("/").content.decode()
    assert client.get("/years/").url == "/mihon/2020/plan/import/"
    client.force_login(cast.staff)
    assert client.get("/mihon/progress/").status_code == 404


def test_acts_are_no_pages(as_admin):
    assert [as_admin.get(url).status_code for url in (WINDOW, DECISION, PUBLISH)] == [405, 405, 405]


def test_admin_gets_there_from_every_page(cast, as_admin):
    page = as_admin.get("/").content.decode()
    assert '<a href="/mihon/progress/">\n                  進行管理' in page
    assert as_admin.get("/mihon/progress/").url == URL
    assert 'aria-current="page">\n                  進行管理' in as_admin.get(URL).content.decode()


def test_link_leads_to_the_year_that_is_worked_on(cast, client, clock):
    YearPlan.objects.create(ward=cast.ward, fiscal_year=2021, edition=cast.edition, status="confirmed")
    clock.move_to(datetime.datetime(2021, 5, 14, 9, 0, tzinfo=JST))
    client.force_login(cast.admin)
    cast.plan.phases.filter(phase="self_evaluation").update(due_at=None, closes_at=None)
    assert client.get("/mihon/progress/").url == URL
    cast.plan.phases.update(closes_at=NOW, due_at=None)
    assert client.get("/mihon/progress/").url == "/mihon/2021/progress/"


# ---- the table -------------------------------------------------------------------------------------------


def test_every_status_is_counted_by_section(midyear, read):
    midyear.review_in("draft")
    add_initiatives(midyear, "submitted", "submitted", "approved", "returned", "published")
    page = read()
    own, other, total = row_of(page, "市民協働課"), row_of(page, "総務課"), row_of(page, "計")
    # 未入力, 作成中, 差戻し, 課長承認待ち, 承認, 公表, 期限後; then the bar and the longest wait.
    assert own[:7] == ["0", "1", "1", "2", "1", "1", "0"]
    assert other[:7] == ["1", "0", "0", "0", "0", "0", "0"]
    assert total[:7] == ["1", "1", "1", "2", "1", "1", "0"]
    assert own[9:] == ["6", "0", "0"], "the other phase: 未入力, 公表, 期限後"
    assert "市民協働課 6件: 公表済1、課長承認済1、課長承認待ち2、作成中1、差戻し1" in page


def test_numbers_lead_to_the_filtered_list(midyear, read, as_admin):
    add_initiatives(midyear, "submitted", "draft")
    page = read()
    link = f"/mihon/2020/?phase=midyear&amp;status=submitted&amp;section={midyear.section.pk}"
    # On a phone, where the head of the table is gone, each number carries its own words.
    assert f'data-label="課長承認待ち"><a href="{link}">1</a>' in page
    assert page.count('data-phase="中間振り返り"') == page.count('data-phase="自己評価"') == 3
    listed = as_admin.get(link.replace("&amp;", "&")).content.decode()
    assert "取組3" in listed
    assert "取組4" not in listed
    assert '<span class="is-zero">0</span>' in page


def test_list_can_be_filtered_by_a_phase_that_is_not_current(midyear, as_admin):
    midyear.review_in("approved", "self_evaluation")
    page = as_admin.get("/mihon/2020/?phase=self_evaluation&status=approved").content.decode()
    assert "2件中 1件" in page
    assert '<input type="hidden" name="phase" value="self_evaluation">' in page


def test_late_ones_are_counted_and_listed(midyear, read, as_admin):
    midyear.set_window("midyear", "overdue")
    midyear.review_in("submitted")
    Event.objects.filter(verb="submit").update(late=True)
    page = read()
    assert row_of(page, "市民協働課")[6] == "1", "submitted late"
    assert row_of(page, "総務課")[6] == "1", "still to be submitted"
    assert "status-late" in page
    listed = as_admin.get(
        f"/mihon/2020/?phase=midyear&status=late&section={midyear.section.pk}"
    ).content.decode()
    assert "2件中 1件" in listed
    assert "人と人とのつながりづくり" in listed


def test_late_mark_is_gone_after_an_extension(midyear, read, as_admin):
    midyear.set_window("midyear", "closed")
    review = midyear.review_in("draft")
    # 作成中, 公表, 期限後 of the closed phase; the next one counts now.
    assert row_of(read(), "市民協働課")[1:4] == ["1", "0", "1"]
    sent = {"version": review.version, "reason": "資料が遅れたため。", "until": "令和2年9月30日", "next": URL}
    assert as_admin.post("/mihon/2020/1/midyear/extend/", sent).url == URL
    assert row_of(read(), "市民協働課")[1:4] == ["1", "0", "0"]


def test_longest_wait_names_holder_days_and_sheet(midyear, read):
    add_initiatives(midyear, "submitted", "returned")
    midyear.review_in("submitted", initiative=midyear.other_initiative)
    Event.objects.filter(verb="submit", initiative=midyear.other_initiative).update(
        at=NOW - datetime.timedelta(days=6)
    )
    page = read()
    assert row_of(page, "市民協働課")[8] == "課長 3日(3 取組3)"
    assert row_of(page, "総務課")[8] == "課長 6日(2 区政会議の開催)"
    assert page.count("is-worst") == 1


def test_queries_do_not_grow(cast, as_admin):
    counts = []
    for more in (0, 30):
        add_initiatives(cast, *["submitted"] * more)
        as_admin.get(URL)
        with CaptureQueriesContext(connection) as queries:
            assert as_admin.get(URL).status_code == 200
        counts.append(len(queries) - UNCOUNTED)
    assert counts == [2, 2]


def test_list_of_late_ones_costs_no_query_more(cast, as_admin):
    as_admin.get(URL)
    with CaptureQueriesContext(connection) as queries:
        as_admin.get("/mihon/2020/?phase=midyear&status=late")
    assert len(queries) - UNCOUNTED == 2


def test_plan_without_sheets_says_so(cast, read):
    empty = YearPlan.objects.create(ward=cast.ward, fiscal_year=2022, edition=cast.edition)
    page = read(f"/mihon/{empty.fiscal_year:d}/progress/")
    assert "取組項目がまだありません。" in page


# ---- windows and 決裁 -------------------------------------------------------------------------------------


def moments(cast, phase="midyear"):
    row = cast.plan.phases.get(phase=phase)
    return row.opens_at, row.due_at, row.closes_at, row.as_of


def test_window_is_moved_with_an_event(cast, as_admin):
    before = snapshot()
    response = send(
        as_admin,
        WINDOW,
        phase="midyear",
        version=1,
        opens_at="令和2年9月1日",
        due_at="令和2年10月9日(金)17:15",
        closes_at="R2.10.16 17時15分",
        as_of="令和2年8月31日",
    )
    assert response.url == URL
    assert moments(cast) == (
        datetime.datetime(2020, 9, 1, tzinfo=JST),
        datetime.datetime(2020, 10, 9, 17, 15, tzinfo=JST),
        datetime.datetime(2020, 10, 16, 17, 15, tzinfo=JST),
        datetime.date(2020, 8, 31),
    )
    assert difference(before, snapshot()) == {
        "YearPlan": (0, 1, 0),
        "PlanPhase": (0, 1, 0),
        "Event": (1, 0, 0),
    }
    event = cast.plan_events()[-1]
    assert (event.verb, event.by, event.version) == ("set_window", cast.admin, 2)
    assert event.content["before"]["due_at"] == "2020-10-02T08:15:00+00:00"


def test_form_that_is_sent_back_as_shown_keeps_the_seconds(cast, as_admin):
    cast.plan.phases.filter(phase="midyear").update(
        closes_at=datetime.datetime(2020, 10, 31, 23, 59, 59, tzinfo=JST)
    )
    before = moments(cast)
    forms = re.findall(
        r'name="(\w+)" id="id_midyear_\w+" value="([^"]*)"', as_admin.get(URL).content.decode()
    )
    shown = {name: value for name, value in forms if name in ("opens_at", "due_at", "closes_at", "as_of")}
    assert shown["closes_at"] == "令和2年10月31日(土)23:59"
    assert send(as_admin, WINDOW, phase="midyear", version=1, **shown).status_code == 302
    assert moments(cast) == before


@pytest.mark.parametrize(
    ("field", "typed", "sentence"),
    [
        ("due_at", "令和2年8月31日17:15", "提出期限は受付開始より後にしてください。"),
        ("closes_at", "令和2年10月1日17:15", "受付終了は提出期限より後にしてください。"),
        ("due_at", "令和2年10月9日", "時刻も入力してください。例: 令和2年10月9日17:15"),
        ("due_at", "令和2年10月9日25:00", "時刻は0:00から23:59までで入力してください。"),
        ("opens_at", "来週", "「来週」は日付として読み取れません。"),
        ("as_of", "8月末", "「8月末」は日付として読み取れません。"),
    ],
)
def test_wrong_moment_is_told_beside_its_field(cast, as_admin, field, typed, sentence):
    right = {
        "opens_at": "令和2年9月1日9:00",
        "due_at": "令和2年10月2日17:15",
        "closes_at": "令和2年10月16日17:15",
        "as_of": "",
    }
    before = snapshot()
    page = Page(send(as_admin, WINDOW, phase="midyear", version=1, **right | {field: typed}))
    assert page.errors[f"midyear_{field}"][0].startswith(sentence)
    assert page.summary[0][0] == f"midyear_{field}"
    assert f'value="{typed}"' in page.html
    assert difference(before, snapshot()) == {}


def test_window_can_be_opened_and_closed_for_good(cast, as_admin):
    send(as_admin, WINDOW, phase="midyear", version=1, opens_at="", due_at="", closes_at="", as_of="")
    assert moments(cast) == (None, None, None, None)
    assert "開始前" in as_admin.get(URL).content.decode()


def test_page_that_is_out_of_date_changes_nothing(cast, as_admin):
    before = snapshot()
    for version in ("0", "", "x"):
        response = send(as_admin, WINDOW, phase="midyear", version=version, opens_at="令和2年9月2日")
        assert response.status_code == 409
    assert difference(before, snapshot()) == {}


def test_double_click_is_answered_like_the_first(cast, as_admin):
    sent = {"phase": "midyear", "version": 1, "opens_at": "令和2年9月2日"}
    assert send(as_admin, WINDOW, **sent).url == URL
    before = snapshot()
    assert send(as_admin, WINDOW, **sent).url == URL
    assert difference(before, snapshot()) == {}


def test_phase_that_there_is_not_is_not_found(cast, as_admin):
    assert send(as_admin, WINDOW, phase="autumn", version=1).status_code == 404
    assert send(as_admin, DECISION, phase="", version=1).status_code == 404


def test_decision_is_put_on_record(cast, as_admin):
    sent = {"stage": "decided", "decided_on": "令和2年9月24日", "decided_by_post": "区長"}
    response = send(as_admin, DECISION, phase="midyear", version=1, document_number="見総第12号", **sent)
    assert response.url == URL
    row = cast.plan.phases.get(phase="midyear")
    assert (row.stage, row.decided_on, row.decided_by_post, row.document_number) == (
        "decided",
        datetime.date(2020, 9, 24),
        "区長",
        "見総第12号",
    )
    page = as_admin.get(URL).content.decode()
    assert "区長決裁" in page
    assert "見総第12号" in page
    assert cast.plan_events()[-1].verb == "record_decision"


def test_decision_of_a_phase_that_has_not_begun_is_not_called_open(midyear, read):
    boxes = read().split("決裁の記録")[1].split("受付期間")[0]
    assert re.findall(r"<dd>(受付中|開始前)</dd>", boxes) == ["受付中", "開始前"]


def test_decision_without_day_and_post_is_told_beside_the_fields(cast, as_admin):
    before = snapshot()
    page = Page(send(as_admin, DECISION, phase="midyear", version=1, stage="decided", decided_on=""))
    assert page.errors == {
        "midyear_decided_on": ["決裁日を入力してください。"],
        "midyear_decided_by_post": ["決裁者の職を入力してください。例: 区長"],
    }
    late = {"stage": "decided", "decided_on": "令和2年9月26日", "decided_by_post": "区長"}
    page = Page(send(as_admin, DECISION, phase="midyear", version=1, **late))
    assert page.errors == {"midyear_decided_on": ["決裁日は今日までの日付を入力してください。"]}
    assert difference(before, snapshot()) == {}


# ---- publishing together ---------------------------------------------------------------------------------


def test_approved_sheets_are_published_in_one_step(cast, as_admin):
    cast.review_in("approved")
    add_initiatives(cast, "approved", "submitted")
    page = as_admin.get(URL).content.decode()
    assert "2件をまとめて公表する" in page
    events = Event.objects.count()
    sheets = re.findall(r'name="sheet" value="([^"]+)"', page)
    assert sheets == ["1:3", "3:3"]
    response = send(as_admin, PUBLISH, phase="midyear", sheet=sheets)
    assert response.url == URL
    assert Event.objects.count() == events + 2
    assert set(Review.objects.filter(status="published").values_list("initiative__number", flat=True)) == {
        "1",
        "3",
    }
    assert PublishedSheet.objects.count() == 2
    page = as_admin.get(URL).content.decode()
    assert "2件を公表しました。" in page
    assert "課長承認済のシートはありません。" in page


def test_whoever_publishes_sheets_without_their_plan_is_told(cast, as_admin, read):
    cast.review_in("approved")
    assert "計画がまだ公表されていません。" in read()
    assert "/mihon/2020/plan/publish/" in read()
    cast.plan_in("published")
    assert "計画がまだ公表されていません。" not in read()


def test_refused_sheets_are_named_and_the_others_published(cast, as_admin):
    cast.review_in("approved")
    add_initiatives(cast, "approved", "submitted")
    sheets = ["1:2", "3:3", "4:2"]
    send(as_admin, PUBLISH, phase="midyear", sheet=sheets)
    page = as_admin.get(URL).content.decode()
    assert "1件を公表しました。" in page
    assert "取組項目1 人と人とのつながりづくりは公表しませんでした。" in page
    assert "取組項目4 取組4は公表しませんでした。" in page
    assert list(Review.objects.filter(status="published").values_list("initiative__number", flat=True)) == [
        "3"
    ]


def test_sheet_that_was_not_on_the_screen_is_not_published(cast, as_admin):
    cast.review_in("approved")
    add_initiatives(cast, "approved")
    send(as_admin, PUBLISH, phase="midyear", sheet=["1:3"])
    assert cast.review().status == "published"
    assert Review.objects.get(initiative__number="3").status == "approved"


def test_unknown_sheet_publishes_nothing(cast, as_admin):
    cast.review_in("approved")
    before = snapshot()
    assert send(as_admin, PUBLISH, phase="midyear", sheet=["1:3", "77:1"]).status_code == 404
    assert send(as_admin, PUBLISH, phase="midyear", sheet=["'; DROP:x"]).status_code == 404
    assert send(as_admin, PUBLISH, phase="autumn", sheet=["1:3"]).status_code == 302
    assert difference(before, snapshot()) == {}


# ---- what was left behind --------------------------------------------------------------------------------


def test_stranded_sheets_are_listed_with_a_way_out(midyear, read, as_admin):
    midyear.set_window("midyear", "closed")
    midyear.review_in("draft")
    midyear.review_in("submitted", initiative=midyear.other_initiative)
    page = read()
    assert '未提出のまま受付終了<span class="count">1件</span>' in page
    assert 'action="/mihon/2020/1/midyear/extend/"' in page
    assert "令和2年9月22日(火)11:00" in page
    sent = {"version": 1, "until": "令和2年10月9日", "reason": "担当者が休んでいたため。", "next": URL}
    assert as_admin.post("/mihon/2020/1/midyear/extend/", sent).url == URL
    assert "未提出のシートはありません。" in read()
    assert midyear.review().open_until == datetime.datetime(2020, 10, 9, 23, 59, 59, tzinfo=JST)


def test_extension_without_reason_is_asked_for_it(midyear, as_admin):
    midyear.set_window("midyear", "closed")
    midyear.review_in("draft")
    sent = {"version": 1, "until": "令和2年10月9日", "reason": "", "next": URL}
    page = Page(as_admin.post("/mihon/2020/1/midyear/extend/", sent))
    assert page.errors["midyear_extend_reason"] == ["個別延長の理由を書いてください。"]
    assert midyear.review().open_until is None
