"""What is on record about marks, on the pages, on paper, in the list of differences and in the workbook."""

import datetime
import io

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from openpyxl import load_workbook

from initiatives.models import Initiative, Measurement, PlanPhase, Target
from reviews import workflow
from tests.cast import NOW
from tests.pages import Page

FIGURES = {
    "a1": {
        "value": "9",
        "as_of": "2021-03-31",
        "source": "=活動報告書",
        "note": "うち3件は書面開催",
        "evidence": "共有フォルダ12",
    },
    "a2": {"value": "8", "as_of": "2021-03-31", "source": "総務課調べ"},
}
ANSWERS = {
    "figure": FIGURES,
    "results": "9件を行った。",
    "achievement": 2,
    "issues": "参加が少ない。",
    "reason": "書面だけの開催だったため。",
}
BASIS = "/mihon/2020/1/basis/"
SHEET = "/mihon/2020/1/"
LIST = "/mihon/2020/differences/"


def submit(cast, answers=ANSWERS, initiative=None, by=None):
    workflow.submit(
        initiative or cast.initiative,
        "self_evaluation",
        by=by or cast.staff,
        at=NOW,
        version=0,
        answers=answers,
    )


def approve(cast):
    workflow.approve(cast.initiative, "self_evaluation", by=cast.manager, at=NOW, version=1)


def client_of(user):
    client = Client()
    client.force_login(user)
    return client


def words(user, address):
    return " ".join(Page(client_of(user).get(address)).text.split())


# ---- the page --------------------------------------------------------------------------------------------


def test_the_page_says_what_the_mark_rests_on(official):
    official.review_in("published", answers={"implementation": 1, "outlook": 2, "issues": "少ない。"})
    submit(official)
    approve(official)
    PlanPhase.objects.filter(phase="self_evaluation").update(
        document_number="見市協第114号", decided_on=datetime.date(2020, 9, 24)
    )
    text = words(official.viewer, BASIS)
    for expected in [
        "取組項目1 【人と人とのつながりづくり】 自己評価",
        "連携した取組の件数 8件 9件 令和3年3月31日 =活動報告書保管場所: 共有フォルダ12",
        "うち3件は書面開催 8件に対し9件: 達成(達成率112.5%)",
        "10件×0.9=9件以下に対し8件: 達成",
        "数値からの判定(参考)①目標達成(2つの目標がどちらも達成のため。)",
        "選んだ判定②目標未達成",
        "判定と異なる評価とした理由書面だけの開催だったため。",
        "提出・承認提出 市民協働課 担当者 令和2年9月25日(金)10:00 ／ 承認 市民協働課長 令和2年9月25日(金)10",
        "文書番号見市協第114号(令和2年9月24日)",
    ]:
        assert expected in text
    # Posts only: names stay in the history.
    assert official.staff.name not in text and official.manager.name not in text


def test_the_record_stays_as_it_was_on_that_day(official):
    submit(official)
    Measurement.objects.filter(fiscal_year=2019).update(value=5)
    Target.objects.filter(key="a1").update(value=100)
    assert "10件×0.9=9件以下に対し8件: 達成" in words(official.viewer, BASIS)
    assert "8件に対し9件: 達成" in words(official.viewer, BASIS)


def test_a_draft_shows_what_it_would_be_to_its_writers_only(official):
    official.review_in("draft", "self_evaluation", answers=ANSWERS)
    assert "まだ記録されていません。" in words(official.staff, BASIS)
    assert "数値からの判定(参考)①目標達成" in words(official.staff, BASIS)
    for stranger in (official.viewer, official.staff_other_section):
        text = words(stranger, BASIS)
        assert "作成中のため、まだ読めません。" in text and "9件" not in text and "書面だけ" not in text
    assert client_of(official.other_ward).get(BASIS).status_code == 404
    assert Client().get(BASIS).status_code == 302


def test_a_returned_sheet_is_no_longer_on_record(official):
    submit(official)
    workflow.send_back(
        official.initiative, "self_evaluation", by=official.manager, at=NOW, version=1, reason="直す。"
    )
    assert "書面だけ" not in words(official.viewer, BASIS)
    assert "まだ記録されていません。" in words(official.staff, BASIS)


def test_the_sheet_tells_the_difference_and_prints_the_basis(official):
    submit(official)
    html = Page(client_of(official.viewer).get(SHEET)).html
    assert html.count('<div class="print-only">') == html.count('<section class="evidence">') == 1
    text = words(official.viewer, SHEET)
    assert "判定と異なる評価です。" in text and "選んだ判定は②目標未達成です。" in text
    assert 'href="/mihon/2020/1/basis/"' in html


def test_an_agreeing_mark_is_no_difference(official):
    submit(official, {**ANSWERS, "achievement": 1})
    assert "判定と異なる評価です。" not in words(official.viewer, SHEET)
    assert "判定と異なる評価のシートはありません。" in words(official.admin, LIST)


# ---- the list --------------------------------------------------------------------------------------------


def test_the_list_shows_every_difference_with_its_reason(official):
    official.review_in("published", answers={"implementation": 1, "outlook": 1})
    submit(official, {**ANSWERS, "change": "対面の催しを開けなかったため。"})
    for person in (official.admin, official.manager, official.manager_other_section, official.deputy):
        text = words(person, LIST)
        assert "①目標達成 2つの目標がどちらも達成のため。 ②目標未達成 書面だけの開催だったため。" in text
        assert "中間振り返り ①達成見込み 自己評価 ②目標未達成 対面の催しを開けなかったため。" in text


@pytest.mark.parametrize("person", ["staff", "viewer"])
def test_the_list_is_for_who_decides_and_chases(official, person):
    assert client_of(official.actor(person)).get(LIST).status_code == 403
    assert client_of(official.other_ward).get(LIST).status_code == 404


def test_drafts_are_not_listed(official):
    official.review_in("draft", "self_evaluation", answers=ANSWERS)
    assert "判定と異なる評価のシートはありません。" in words(official.admin, LIST)


def test_queries_do_not_grow_with_the_sheets(official):
    submit(official)
    client = client_of(official.admin)
    client.get(LIST)  # touches the session
    counts = []
    for place in (5, 6, 7):
        with CaptureQueriesContext(connection) as queries:
            assert client.get(LIST).status_code == 200
        counts.append(len(queries))
        more = Initiative.objects.create(
            plan=official.plan,
            number=str(place),
            position=place * 10**6,
            title="別",
            section=official.section,
        )
        Target.objects.create(
            initiative=more,
            key="a1",
            scope="annual",
            indicator=official.shared_indicator,
            wording="8件",
            kind="absolute",
            fiscal_year=2020,
            value=8,
        )
        submit(official, {**ANSWERS, "figure": {"a1": FIGURES["a1"]}}, more)
    assert counts[0] == counts[1] == counts[2]


def test_the_queue_tells_the_difference_before_it_is_approved(official):
    submit(official)
    text = words(official.manager, "/queue/")
    assert "② 判定と異なる" in text and "書面だけの開催だったため。" in text
    mended = {**ANSWERS, "reason": "書面での開催だったため。"}
    workflow.save(
        official.initiative, "self_evaluation", by=official.manager, at=NOW, version=1, answers=mended
    )
    assert "書面での開催だったため。 " in words(official.manager, "/queue/")
    assert 'href="/mihon/2020/differences/"' in Page(client_of(official.manager).get("/queue/")).html


def test_agreeing_marks_are_quiet_in_the_queue(official):
    submit(official, {**ANSWERS, "achievement": 1})
    assert "判定と異なる評価です" not in words(official.manager, "/queue/")
    assert "① 判定と異なる" not in words(official.manager, "/queue/")


def test_the_year_leads_those_to_the_list_who_may_see_it(official):
    link = f'href="{LIST}"'
    for person, shown in [("admin", True), ("manager", True), ("staff", False), ("viewer", False)]:
        assert (link in Page(client_of(official.actor(person)).get("/mihon/2020/")).html) == shown


# ---- the workbook ----------------------------------------------------------------------------------------


def table(user, address="/mihon/2020/sheets.xlsx"):
    book = load_workbook(io.BytesIO(client_of(user).get(address).content))
    if "判定根拠" not in book.sheetnames:
        return []
    head, *rows = book["判定根拠"].iter_rows(values_only=True)
    return [dict(zip(head, row, strict=True)) for row in rows]


def test_the_workbook_has_a_row_for_each_target_and_phase(official):
    official.review_in("draft", answers={"figure": {"a1": {"value": "2"}}})
    submit(official)
    rows = table(official.staff)
    assert [(row["番号"], row["段階"], row["状態"], row["目標"][:4]) for row in rows] == [
        ("1", "中間振り返り", "作成中", "連携した"),
        ("1", "中間振り返り", "作成中", "不適切な"),
        ("1", "自己評価", "課長承認待ち", "連携した"),
        ("1", "自己評価", "課長承認待ち", "不適切な"),
    ]
    row = rows[2]
    assert (row["目標値"], row["実績"], row["実績(単位つき)"], row["時点"]) == (
        "8件",
        9,
        "9件",
        "令和3年3月31日",
    )
    assert (row["出典"], row["資料の保管場所"]) == ("=活動報告書", "共有フォルダ12")
    assert row["数値からの判定(参考)の計算"] == "8件に対し9件: 達成(達成率112.5%)"
    assert (row["数値からの判定(参考)"], row["選んだ判定"]) == ("①目標達成", "②目標未達成")
    assert row["判定と異なる評価とした理由"] == "書面だけの開催だったため。"
    assert row["提出"] == "市民協働課 担当者 令和2年9月25日(金)10:00" and row["承認"] is None
    assert (rows[1]["実績"], rows[1]["実績(単位つき)"]) == (None, "未判明")
    # Who may not read a draft finds nothing of it.
    assert [row["段階"] for row in table(official.viewer)] == ["自己評価", "自己評価"]
    assert table(official.viewer, "/mihon/2020/1/sheet.xlsx") == table(official.viewer)


def test_the_year_is_exported_with_ten_queries(official):
    submit(official)
    client = client_of(official.admin)
    client.get(LIST)  # touches the session
    with CaptureQueriesContext(connection) as queries:
        client.get("/mihon/2020/sheets.xlsx")
    # The plan and its sheets 8, figures and targets through the years 2; session, user and memberships.
    assert len(queries) <= 10 + 3, [query["sql"][:80] for query in queries]
