"""The pages for citizens: what a published revision says, and nothing that was not published."""

import datetime
import json

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from initiatives import publication
from initiatives import workflow as plan_workflow
from initiatives.models import Initiative, PublishedSheet, Question, YearPlan
from reviews import workflow
from reviews.models import Note, Review, UnsavedText
from tests.cast import NOW

YEAR = "/public/mihon/2020/"
SHEET = YEAR + "1/"
TEXT = "既に書かれていた文です。"


@pytest.fixture
def read():
    """Read a page as a citizen does: without any cookie."""

    def read(url=SHEET, status=200, **parameters):
        response = Client().get(url, parameters)
        assert response.status_code == status
        return response.content.decode()

    return read


def correct(cast, reason="集計の誤りを直しました。", **changes):
    """Walk a published mid-year review through a correction up to its next approval."""
    sheet, version = cast.initiative, cast.review().version
    act = {"at": NOW}
    workflow.correct(sheet, "midyear", by=cast.admin, version=version, reason=reason, **act)
    answers = cast.answers(**changes)
    workflow.submit(sheet, "midyear", by=cast.staff, version=version + 1, answers=answers, **act)
    return workflow.approve(sheet, "midyear", by=cast.manager, version=version + 2, **act)


def test_address_of_a_ward_leads_to_its_newest_public_year(cast, client):
    assert client.get("/public/mihon/").status_code == 404
    cast.plan_in("published")
    answer = client.get("/public/mihon/")
    assert (answer.status_code, answer["Location"]) == (302, YEAR)
    later = YearPlan.objects.create(
        ward=cast.ward, fiscal_year=2021, edition=cast.edition, status="confirmed"
    )
    sheet = Initiative.objects.create(plan=later, number="1", title="翌年度", section=cast.section)
    assert client.get("/public/mihon/")["Location"] == YEAR
    row = PublishedSheet.objects.first()
    PublishedSheet.objects.create(
        initiative=sheet, revision=1, content=row.content, sha256=row.sha256, at=NOW
    )
    assert client.get("/public/mihon/")["Location"] == "/public/mihon/2021/"
    assert client.get("/public/tonari/").status_code == 404
    assert client.post("/public/mihon/").status_code == 405


# ---- who sees what ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["draft", "submitted", "returned", "approved"])
def test_phase_that_is_not_public_does_not_appear_beside_the_plan(cast, read, state):
    cast.plan_in("published")
    cast.review_in(state, answers=cast.answers(issues=TEXT))
    page = read()
    assert "人と人とのつながりづくり" in page
    assert TEXT not in page
    assert "中間振り返り" not in page
    assert TEXT not in read(YEAR)


@pytest.mark.parametrize(
    "url", [YEAR, SHEET, "/public/mihon/2019/", "/public/tonari/2020/", "/public/nowhere/2020/1/"]
)
def test_what_is_not_published_does_not_exist(cast, read, url):
    cast.review_in("approved")
    read(url, status=404)


@pytest.mark.parametrize("revision", ["abc", "", "0", "2", "-1", "1.0", "１", "9" * 99, "01", "1 "])
def test_revision_that_there_is_not_is_not_found(cast, read, revision):
    cast.plan_in("published")
    read(revision="1")
    read(status=404, revision=revision)


@pytest.mark.parametrize("url", [YEAR, SHEET])
def test_pages_take_no_posts(cast, client, url):
    cast.plan_in("published")
    assert client.post(url).status_code == 405


# ---- what it says ----------------------------------------------------------------------------------------


def test_published_review_shows_marks_and_texts(cast, read):
    cast.plan_in("published")
    cast.review_in("published")
    page = read()
    assert '<li class="is-chosen">' in page
    assert page.count('class="is-chosen"') == 2
    assert "②:達成できない見込み" in page
    assert "①:達成見込み" in page
    assert "若年層の参加が少ない。\n区役所のSNSでの発信を増やし" in page
    assert "・</span><bdi>清掃活動やフードドライブを行う。" in page
    assert "担当課 市民協働課" in page
    assert "「令和2年度以降の市政改革計画」に基づく取組等" in page


def test_year_lists_the_newest_revision_of_each_sheet_with_its_marks(cast, read):
    cast.plan_in("published")
    cast.review_in("published")
    page = read(YEAR)
    assert "2件を公表しています。" in page
    assert page.index("人と人とのつながりづくり") < page.index("区政会議の開催")
    assert "②達成できない見込み" in page
    assert f'href="{SHEET}"' in page


def test_figures_stand_with_day_and_source(cast, read):
    cast.plan_in("published")
    cast.review_in("published", "self_evaluation")
    page = read()
    assert "<b>9件</b>" in page
    assert "令和3年3月31日" in page
    assert "市民協働課調べ" in page
    assert '<span class="unknown-figure">未判明</span>' in page, "the other target has no figure yet"


def test_basis_says_why_the_mark_differs_from_the_figures(cast, read):
    Question.objects.filter(key="achievement").update(combine="all")
    Question.objects.create(
        edition=cast.edition,
        phase="self_evaluation",
        key="reason",
        kind="text",
        label="判定と異なる評価とした理由",
        position=20,
        required_when="differs",
        on_paper=False,
    )
    cast.plan_in("published")
    cast.initiative.targets.get(key="a2").baselines.all().delete()
    cast.initiative.targets.get(key="a2").delete()
    answers = cast.answers(
        "self_evaluation", achievement=2, issues="続ける。", reason="書面開催が多かったため。"
    )
    sheet, act = cast.initiative, {"at": NOW}
    workflow.submit(sheet, "self_evaluation", by=cast.staff, version=0, answers=answers, **act)
    workflow.approve(sheet, "self_evaluation", by=cast.manager, version=1, **act)
    workflow.publish(sheet, "self_evaluation", by=cast.admin, version=2, **act)
    page = read()
    assert "数値は目標の達成ですが、次の理由で「②目標未達成」としました。" in page
    assert page.count("書面開催が多かったため。") == 1
    assert "8件に対し9件: 達成" in page


def test_basis_tells_citizens_nothing_about_work_in_the_office(cast, read):
    Question.objects.filter(key="achievement").update(combine="all")
    cast.plan_in("published")
    cast.shared_indicator.direction = ""
    cast.shared_indicator.save()
    sheet, act = cast.initiative, {"at": NOW}
    answers = cast.answers("self_evaluation")
    workflow.submit(sheet, "self_evaluation", by=cast.staff, version=0, answers=answers, **act)
    workflow.approve(sheet, "self_evaluation", by=cast.manager, version=1, **act)
    workflow.publish(sheet, "self_evaluation", by=cast.admin, version=2, **act)
    assert "指標のよい方向" not in read()


def test_day_of_the_facts_is_the_one_at_publication(cast, read):
    cast.review_in("approved")
    workflow.publish(cast.initiative, "midyear", by=cast.admin, at=NOW, version=3)
    cast.plan.phases.update(as_of=datetime.date(2020, 9, 15))
    assert "中間振り返り(令和2年8月末)" in read()


def test_live_rows_change_nothing(cast, read):
    cast.plan_in("published")
    cast.review_in("published")
    before = read(), read(YEAR)
    Initiative.objects.update(title="書き換えた名前", section=cast.other_section, activities="書き換えた文")
    Review.objects.update(answers={"issues": "書き換えた課題"})
    cast.initiative.targets.update(wording="書き換えた目標")
    assert (read(), read(YEAR)) == before


def test_text_is_escaped(cast, read):
    cast.review_in("published", answers=cast.answers(issues="<script>alert(1)</script>"))
    page = read()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page


# ---- revisions -------------------------------------------------------------------------------------------


def test_public_keeps_the_last_revision_until_the_next_is_published(cast, read):
    cast.plan_in("published")
    cast.review_in("published")
    before = read()
    approved = correct(cast, issues="直した課題と改善策。")
    assert read() == before
    workflow.publish(cast.initiative, "midyear", by=cast.admin, at=NOW, version=approved.version)
    page = read()
    assert "直した課題と改善策。" in page
    assert "第3版 令和2年9月25日(金)改訂" in page
    assert "集計の誤りを直しました。" in page
    assert "中間振り返り 課題と改善策" in page
    assert "<ins><span" in page
    assert f'href="{SHEET}?revision=2"' in page


def test_sheet_page_says_that_a_correction_is_under_way(cast, client):
    cast.plan_in("published")
    cast.review_in("published")
    client.force_login(cast.staff)
    page = client.get("/mihon/2020/1/").content.decode()
    assert f'<a href="{SHEET}">公表ページ(第2版)を見る</a>' in page
    assert "訂正中" not in page
    approved = correct(cast, issues="直した課題と改善策。")
    page = client.get("/mihon/2020/1/").content.decode()
    assert f'<b>訂正中</b> <span class="sentence">公表ページには、いまも<a href="{SHEET}">第2版</a>' in page
    assert "次に公表すると、第3版になります。" in page
    workflow.publish(cast.initiative, "midyear", by=cast.admin, at=NOW, version=approved.version)
    assert "訂正中" not in client.get("/mihon/2020/1/").content.decode()


def test_older_revision_stays_as_it_was(cast, read):
    cast.plan_in("published")
    cast.review_in("published")
    approved = correct(cast, issues="直した課題と改善策。")
    workflow.publish(cast.initiative, "midyear", by=cast.admin, at=NOW, version=approved.version)
    page = read(revision="2")
    assert "これは以前の第2版です。" in page
    assert "若年層の参加が少ない。\n区役所のSNSでの発信を増やし、参加を呼びかける。</bdi>" in page
    assert "<bdi>直した課題と改善策。" not in page


def test_first_publication_of_a_part_is_no_revision(cast, read):
    cast.plan_in("published")
    cast.review_in("published")
    page = read()
    assert "中間振り返りの公表" in page
    assert "計画の公表" in page
    assert "改訂</span>" not in page


def test_new_version_of_the_plan_tells_what_changed(cast, read):
    cast.plan_in("published")
    content = cast.plan_content()
    content["initiatives"][0]["activities"] = "・清掃活動を毎月行う。"
    plan_workflow.new_version(
        cast.plan, by=cast.admin, at=NOW, version=2, content=content, reason="予算が変わったため。"
    )
    plan_workflow.publish(cast.plan, by=cast.admin, at=NOW, version=3)
    page = read()
    assert "予算が変わったため。" in page
    assert "取組の内容" in page
    assert "毎月" in page


def test_day_of_publication_is_the_day_in_japan(cast, read):
    cast.plan_in("published")
    at = datetime.datetime(2020, 9, 30, 15, 30, tzinfo=datetime.UTC)
    PublishedSheet.objects.update(at=at)
    assert "令和2年10月1日(木)公表" in read()


# ---- secrets ---------------------------------------------------------------------------------------------


def mark_everything(cast):
    """Give every name, reason, note and unpublished text words that stand nowhere else."""
    for number, person in enumerate(cast.people.values()):
        person.name = f"SECRETNAME{number}"
        person.save()
    for indicator in (cast.shared_indicator, cast.own_indicator):
        indicator.contact, indicator.arrives = "SECRETCONTACT", "SECRETARRIVES"
        indicator.save()


def test_nothing_of_the_office_appears(cast):
    mark_everything(cast)
    plan_workflow.new_version(
        cast.plan, by=cast.admin, at=NOW, version=1, content=cast.plan_content(), reason="SECRETPLANREASON"
    )
    plan_workflow.publish(cast.plan, by=cast.admin, at=NOW, version=2)
    sheet, act = cast.initiative, {"at": NOW}
    evidence = {"evidence": "SECRETPLACE", "note": "SECRETNOTE"}
    figure = {"a1": {"value": "9", "as_of": "2021-03-31", "source": "調べ", **evidence}}
    for phase, answers in [
        ("midyear", cast.answers()),
        ("self_evaluation", cast.answers("self_evaluation", figure=figure)),
    ]:
        first = cast.answers(phase, issues="SECRETDRAFT")
        workflow.save(sheet, phase, by=cast.staff, version=0, answers=first, **act)
        workflow.submit(sheet, phase, by=cast.staff, version=1, answers=answers, **act)
        workflow.send_back(sheet, phase, by=cast.manager, version=2, reason="SECRETRETURN", **act)
        workflow.submit(sheet, phase, by=cast.staff, version=3, answers=answers, **act)
        workflow.approve(sheet, phase, by=cast.manager, version=4, **act)
        workflow.reopen(sheet, phase, by=cast.manager, version=5, reason="SECRETREOPEN", **act)
        workflow.submit(sheet, phase, by=cast.staff, version=6, answers=answers, **act)
        workflow.approve(sheet, phase, by=cast.manager, version=7, **act)
        workflow.publish(sheet, phase, by=cast.admin, version=8, **act)
    workflow.correct(sheet, "midyear", by=cast.admin, version=9, reason="SECRETCORRECTION", **act)
    answers = cast.answers(issues="SECRETNEXT")
    workflow.save(sheet, "midyear", by=cast.staff, version=10, answers=answers, **act)
    cast.review_in("approved", initiative=cast.other_initiative, answers=cast.answers(issues="SECRETOTHER"))
    Note.objects.create(
        initiative=sheet,
        phase="midyear",
        version=9,
        kind="handover",
        text="SECRETHANDOVER",
        by=cast.staff,
        at=NOW,
    )
    UnsavedText.objects.create(
        user=cast.staff,
        initiative=sheet,
        phase="midyear",
        base_version=9,
        fields={"issues": "SECRETTYPED"},
        at=NOW,
    )
    addresses = [YEAR, SHEET, YEAR + "2/", *(f"{SHEET}?revision={number}" for number in (1, 2, 3))]
    readers = [Client(), Client()]
    readers[1].force_login(cast.admin)
    for url in addresses:
        for client in readers:
            response = client.get(url)
            assert response.status_code == 200, url
            assert "SECRET" not in response.content.decode(), url
    stored = [json.loads(text) for text in PublishedSheet.objects.values_list("content", flat=True)]
    assert "SECRETNAME" not in str(stored)
    assert "SECRETCONTACT" not in str(stored)


# ---- how it is served --------------------------------------------------------------------------------------


def test_page_is_the_same_for_everybody_and_may_be_kept(cast, client):
    cast.plan_in("published")
    stranger = client.get(SHEET)
    client.force_login(cast.admin)
    with CaptureQueriesContext(connection) as queries:
        response = client.get(SHEET)
    assert response.content == stranger.content
    assert response["Cache-Control"] == "public, max-age=0, s-maxage=60"
    assert "Cookie" not in response.get("Vary", "")
    assert not response.cookies
    assert not any("session" in query["sql"] for query in queries)
    again = client.get(SHEET, headers={"If-None-Match": response["ETag"]})
    assert again.status_code == 304


def test_queries_do_not_grow(cast, client):
    counts = {}
    cast.plan_in("published")
    client.get(SHEET)  # a process keeps the form
    for sheets in (2, 30):
        for number in range(3, sheets + 1):
            initiative = Initiative.objects.create(
                plan=cast.plan,
                number=str(number),
                position=number * 1_000_000,
                title=f"取組{number}",
                section=cast.section,
            )
            cast.review_in("published", initiative=initiative)
        for url in (YEAR, SHEET):
            with CaptureQueriesContext(connection) as queries:
                assert client.get(url).status_code == 200
            counts.setdefault(url, []).append(len(queries))
    assert counts == {YEAR: [3, 3], SHEET: [2, 2]}


def test_newest_content_is_what_publication_gives(cast):
    cast.plan_in("published")
    cast.review_in("published")
    assert publication.public_part(cast.initiative, "midyear")["answers"] == cast.answers()
