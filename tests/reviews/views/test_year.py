import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from initiatives.models import FormEdition, Initiative, PlanPhase, YearPlan
from reviews.models import Review

URL = "/mihon/2020/"
UNCOUNTED = 3  # session, user, memberships


@pytest.fixture
def read(client):
    def read(user, **filters):
        client.force_login(user)
        response = client.get(URL, filters)
        assert response.status_code == 200
        return response.content.decode()

    return read


def rows_of(page):
    """Cut the table's body into rows, by number."""
    body = page.split("<tbody>")[1].split("</tbody>")[0]
    rows = [row for row in body.split("<tr>")[1:]]
    return {row.split('number">')[1].split("<")[0]: row for row in rows}


def add_initiatives(cast, count):
    """Give the plan more sheets of the own section, submitted, each with its own mark."""
    for number in range(3, 3 + count):
        initiative = Initiative.objects.create(
            plan=cast.plan,
            number=str(number),
            position=number * 1_000_000,
            title=f"取組{number}",
            section=cast.section,
        )
        cast.review_in("submitted", initiative=initiative)


# ---- what it says ----------------------------------------------------------------------------------------


def test_list_shows_every_sheet_with_its_state_and_holder(cast, read):
    cast.review_in("submitted")
    page = read(cast.staff)
    rows = rows_of(page)
    assert list(rows) == ["1", "2"]
    assert '<a href="/mihon/2020/1/">人と人とのつながりづくり</a>' in rows["1"]
    assert "課長承認待ち" in rows["1"]
    assert "市民協働課長" in rows["1"]
    assert "未入力" in rows["2"]
    assert 'cell-holder group-start">総務課<' in rows["2"]
    assert "令和2年度 取組項目一覧" in page
    assert "2件中 2件" in page


def test_sheet_that_is_done_in_one_phase_shows_who_has_it_in_the_other(cast, read):
    cast.review_in("published")
    cast.review_in("submitted", "self_evaluation")
    row = rows_of(read(cast.staff, phase="midyear"))["1"]
    assert 'cell-holder group-start">市民協働課長<' in row
    assert "自己評価 " in row.split("cell-due")[1]
    cast.set_window("self_evaluation", "before_open")
    row = rows_of(read(cast.staff, phase="midyear"))["1"]
    assert "市民協働課長" not in row
    assert "自己評価" not in row.split("cell-due")[1]


@pytest.mark.parametrize(
    ("status", "holder"),
    [
        ("draft", "市民協働課"),
        ("returned", "市民協働課"),
        ("submitted", "市民協働課長"),
        ("approved", "取りまとめ担当"),
    ],
)
def test_holder_follows_the_state(cast, read, status, holder):
    cast.review_in(status)
    assert f'cell-holder group-start">{holder}<' in rows_of(read(cast.viewer))["1"]


def test_published_sheet_is_in_nobodys_hands(cast, read):
    cast.plan_in("published")
    cast.review_in("published")
    cast.set_window("self_evaluation", "before_open")
    assert 'cell-holder group-start">—<' in rows_of(read(cast.viewer))["1"]


def test_marks_that_ask_for_words_are_framed(cast, read):
    cast.review_in("submitted", answers=cast.answers(implementation=2, outlook=1))
    row = rows_of(read(cast.viewer))["1"]
    assert '<span class="mark-symbol mark-forcing">(ii)</span>' in row
    assert '<span class="mark-symbol">①</span>' in row


def test_bars_count_each_section(cast, read):
    cast.review_in("approved")
    page = read(cast.viewer)
    assert "市民協働課 1件: 課長承認済1" in page
    assert "総務課 1件: 未入力1" in page
    assert "承認 <b>1</b>/1" in page


def test_published_sheets_share_the_filling_of_approved_ones(cast, read):
    cast.plan_in("published")
    cast.review_in("published")
    page = read(cast.viewer)
    assert "市民協働課 1件: 公表済1" in page
    assert "課長承認済・公表済 1" in page
    assert "承認 <b>1</b>/1" in page


def test_phase_that_has_not_begun_is_said_to_be_ahead(cast, read):
    cast.set_window("self_evaluation", "before_open")
    row = rows_of(read(cast.staff))["1"]
    assert row.count("開始前") == 1
    assert row.count("未入力") == 1


def test_draft_plan_takes_no_reviews_yet(cast, read):
    cast.plan_in("draft")
    page = read(cast.staff)
    assert "計画は案です" in page
    assert rows_of(page)["1"].count("開始前") == 2


def test_extension_shows_its_own_date(cast, read):
    cast.set_window("midyear", "overdue")
    cast.set_window("self_evaluation", "before_open")
    review = cast.review_in("returned")
    Review.objects.filter(pk=review.pk).update(
        open_until=PlanPhase.objects.get(phase="midyear").closes_at  # 10月9日
    )
    rows = rows_of(read(cast.staff))
    assert "<b>10月9日(金)</b> あと10日" in rows["1"]
    assert "期限後" not in rows["1"]
    assert "9月18日(金)" in rows["2"]
    assert "期限後" in rows["2"]


def test_year_switch_leads_to_the_years_beside(cast, read):
    YearPlan.objects.create(ward=cast.ward, fiscal_year=2019, edition=cast.edition)
    assert 'href="/mihon/2019/"' in read(cast.staff)


def test_title_is_escaped(cast, read):
    Initiative.objects.filter(pk=cast.initiative.pk).update(title="<script>alert(1)</script>")
    page = read(cast.staff)
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_plan_without_sheets_says_so(cast, client):
    YearPlan.objects.create(ward=cast.ward, fiscal_year=2021, edition=cast.edition)
    client.force_login(cast.staff)
    assert "取組項目がまだありません" in client.get("/mihon/2021/").content.decode()


def test_edition_without_questions_lists_plain_rows(cast, client):
    bare = FormEdition.objects.create(code="bare", title="様式", first_fiscal_year=2021)
    plan = YearPlan.objects.create(ward=cast.ward, fiscal_year=2021, edition=bare)
    Initiative.objects.create(plan=plan, number="1", position=1, title="担当課のない取組")
    client.force_login(cast.staff)
    page = client.get("/mihon/2021/").content.decode()
    assert "担当課のない取組" in page
    assert "未定" in page


# ---- who sees what ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["draft", "returned"])
@pytest.mark.parametrize(
    ("who", "sees_marks"),
    [("staff", True), ("manager", True), ("admin", True), ("viewer", False), ("staff_other_section", False)],
)
def test_marks_of_unfinished_text_are_for_section_and_admin(cast, read, status, who, sees_marks):
    cast.review_in(status)
    row = rows_of(read(cast.actor(who)))["1"]
    assert ("②" in row) is sees_marks
    assert Review.Status(status).label in row


def test_filter_by_mark_tells_nothing_of_unfinished_text(cast, read):
    cast.review_in("draft")
    assert "2件中 0件" in read(cast.viewer, mark="midyear.outlook.2")
    assert "2件中 1件" in read(cast.staff, mark="midyear.outlook.2")


def test_other_ward_and_unknown_year_are_not_found(cast, client):
    client.force_login(cast.other_ward)
    assert client.get(URL).status_code == 404
    client.force_login(cast.staff)
    assert client.get("/mihon/2033/").status_code == 404
    assert client.get("/tonari/2020/").status_code == 404


def test_viewer_does_not_find_a_draft_plan(cast, client):
    cast.plan_in("draft")
    client.force_login(cast.viewer)
    assert client.get(URL).status_code == 404


def test_stranger_is_asked_to_log_in(cast, client):
    assert client.get(URL)["Location"] == f"/accounts/login/?next={URL}"


# ---- filter ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("filters", "numbers"),
    [
        ({"words": "つながり"}, ["1"]),
        ({"words": "２"}, ["2"]),
        ({"words": "区政 開催"}, ["2"]),
        ({"status": "submitted"}, ["1"]),
        ({"status": "not_started"}, ["2"]),
        ({"mark": "midyear.outlook.2"}, ["1"]),
        ({"mark": "midyear.outlook.2", "status": "submitted", "words": "1"}, ["1"]),
    ],
)
def test_filter_keeps_what_it_names(cast, read, filters, numbers):
    cast.review_in("submitted")
    page = read(cast.viewer, **filters)
    assert list(rows_of(page)) == numbers
    assert f"2件中 {len(numbers)}件" in page


def test_filter_by_section(cast, read):
    assert list(rows_of(read(cast.viewer, section=cast.other_section.pk))) == ["2"]


@pytest.mark.parametrize("name", ["section", "status", "mark"])
@pytest.mark.parametrize(
    "value", ["0", "abc", "-1", "midyear.outlook", "midyear.outlook.x", "a.b.c", "９", "\x00"]
)
def test_filter_that_means_nothing_is_ignored(cast, read, name, value):
    assert "2件中 2件" in read(cast.viewer, **{name: value})


def test_search_without_result_offers_the_whole_list(cast, read):
    page = read(cast.viewer, words="<b>どこにもない</b>")
    assert "2件中 0件" in page
    assert "条件に合う取組項目はありません" in page
    assert "<b>どこにもない" not in page


# ---- queries ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("more", [0, 1, 28])
def test_list_costs_two_queries_at_any_size(cast, client, more):
    add_initiatives(cast, more)
    client.force_login(cast.staff)
    client.get(URL)  # the first page of a session also writes when it was used
    with CaptureQueriesContext(connection) as queries:
        page = client.get(URL).content.decode()
    assert f"{more + 2}件中 {more + 2}件" in page
    assert len(queries) == 2 + UNCOUNTED, [query["sql"] for query in queries]
