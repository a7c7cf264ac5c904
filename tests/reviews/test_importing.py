import datetime

import pytest
from django.core.signing import BadSignature
from django.db import IntegrityError
from openpyxl.worksheet.worksheet import Worksheet

from initiatives.models import Initiative, Question
from initiatives.refusals import NotAllowed, NotVisible, TransitionNotAllowed, WindowClosed
from initiatives.xlsx.characters import LONGEST_TEXT
from reviews import importing, workflow
from reviews.import_preview import preview
from reviews.models import Review
from reviews.workbook.reader import read_workbook
from tests.cast import LIMIT, NOW, snapshot
from tests.reviews.workbook.returned import addressed, cell_of, changed, exported, filled, page_of

MINE = "Excelで書いた課題と、その改善策。"
THEIRS = "画面で書いた課題と、その改善策。"


def look(cast, content, by=None, at=NOW):
    return preview(cast.plan, read_workbook(content), by=by or cast.staff, at=at)


def take_over(cast, content, by=None, **options):
    return importing.apply(cast.plan, read_workbook(content), by=by or cast.staff, at=NOW, **options)


def save(cast, version, by=None, **changes):
    answers = cast.answers(**changes)
    return workflow.save(
        cast.initiative, "midyear", by=by or cast.second_staff, at=NOW, version=version, answers=answers
    )


def sentences(found):
    return [(problem.sheet[:1], problem.cell, problem.field, problem.sentence) for problem in found.problems]


@pytest.fixture
def draft(cast):
    """Write the midyear of sheet 1 as a draft, and give the staff's file."""
    cast.review_in("draft")
    return exported(cast.staff, cast.plan)


# ---- three ways -----------------------------------------------------------------------------------------


def test_untouched_file_changes_nothing(cast, draft):
    found = look(cast, draft)
    assert not (found.changes or found.conflicts or found.kept or found.problems or found.notes)
    assert [title[:1] for title in found.unchanged] == ["1", "2"]
    before = snapshot()
    assert take_over(cast, draft) == []
    assert snapshot() == before


def test_field_that_only_excel_changed_is_new(cast, draft):
    content = filled(draft, "1", midyear_issues=MINE, midyear_outlook="1")
    found = look(cast, content)
    assert [(change.field, change.theirs, change.mine) for change in found.changes] == [
        ("midyear.outlook", 2, 1),
        ("midyear.issues", cast.answers()["issues"], MINE),
    ]
    assert found.changes[1].cell == addressed(draft, "1", "midyear_issues")
    (event,) = take_over(cast, content)
    assert (event.verb, event.by, event.version, event.from_status) == ("import", cast.staff, 2, "draft")
    assert cast.review().answers == cast.answers(outlook=1, issues=MINE)


def test_first_answers_of_a_sheet_come_from_excel(cast):
    content = filled(exported(cast.staff, cast.plan), "1", midyear_issues=MINE, midyear_implementation="(ii)")
    (event,) = take_over(cast, content)
    assert (event.from_status, event.to_status, event.version) == ("not_started", "draft", 1)
    assert cast.review().answers == {"implementation": 2, "issues": MINE}


def test_field_that_only_the_site_changed_is_kept(cast, draft):
    save(cast, 1, issues=THEIRS)
    content = filled(draft, "1", midyear_outlook="1")
    found = look(cast, content)
    assert [change.field for change in found.changes] == ["midyear.outlook"]
    assert [(change.field, change.theirs) for change in found.kept] == [("midyear.issues", THEIRS)]
    take_over(cast, content)
    assert cast.review().answers == cast.answers(outlook=1, issues=THEIRS)


def test_field_that_both_changed_is_asked_and_nothing_is_written(cast, draft):
    save(cast, 1, issues=THEIRS)
    content = filled(draft, "1", midyear_issues=MINE, midyear_outlook="1")
    found = look(cast, content)
    (conflict,) = found.conflicts
    texts = (conflict.base, conflict.mine, conflict.theirs)
    assert texts == (cast.answers()["issues"], MINE, THEIRS)
    assert conflict.since == cast.events()[-1] and conflict.since.by == cast.second_staff
    before = snapshot()
    with pytest.raises(importing.NotApplied, match="食い違いが1欄残っています"):
        take_over(cast, content)
    assert snapshot() == before


@pytest.mark.parametrize(("side", "stands"), [("mine", MINE), ("theirs", THEIRS)])
def test_conflict_is_decided_and_the_other_text_stays_in_the_record(cast, draft, side, stands):
    save(cast, 1, issues=THEIRS)
    content = filled(draft, "1", midyear_issues=MINE, midyear_outlook="1")
    take_over(cast, content, choices={"1.midyear.issues": side})
    assert cast.review().answers == cast.answers(outlook=1, issues=stands)
    assert cast.events()[-2].content["answers"]["issues"] == THEIRS


def test_field_that_both_changed_alike_is_no_conflict(cast, draft):
    save(cast, 1, issues=MINE)
    found = look(cast, filled(draft, "1", midyear_issues=MINE))
    assert not (found.changes or found.conflicts or found.problems)


def test_conflict_decided_against_a_text_that_changed_again_is_asked_again(cast, draft):
    save(cast, 1, issues=THEIRS)
    content = filled(draft, "1", midyear_issues=MINE)
    found = look(cast, content)
    packed = importing.pack(cast.plan, read_workbook(content), found, "a.xlsx", cast.staff)
    _, _, seen = importing.unpack(packed, cast.plan, cast.staff)
    save(cast, 2, issues="さらに別の文。")
    with pytest.raises(importing.NotApplied, match="確認している間に"):
        take_over(cast, content, choices={"1.midyear.issues": "mine"}, seen=seen)
    assert cast.review().answers["issues"] == "さらに別の文。"


def test_only_the_chosen_changes_are_taken(cast, draft):
    content = filled(draft, "1", midyear_issues=MINE, midyear_outlook="1")
    take_over(cast, content, taken=["1.midyear.outlook"])
    assert cast.review().answers == cast.answers(outlook=1)


def test_taking_over_twice_changes_nothing_the_second_time(cast, draft):
    content = filled(draft, "1", midyear_issues=MINE)
    assert len(take_over(cast, content)) == 1
    before = snapshot()
    assert take_over(cast, content) == []
    assert snapshot() == before


def test_text_can_be_emptied(cast, draft):
    take_over(cast, filled(draft, "1", midyear_issues=None, midyear_outlook=None))
    assert cast.review().answers == {"implementation": 1}


def test_admin_imports_on_behalf(cast, draft):
    (event,) = take_over(cast, filled(exported(cast.admin, cast.plan), "1", midyear_issues=MINE), cast.admin)
    assert event.on_behalf and event.by == cast.admin


# ---- what is refused ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        ("submitted", "このシートは課長承認待ちです。直すときは、先に引き戻してください。"),
        ("approved", "このシートは課長承認済です。直すときは、課長に承認取消しを依頼してください。"),
        ("published", "このシートは公表済です。直すときは、取りまとめ担当に訂正を依頼してください。"),
    ],
)
def test_sheet_that_is_out_of_hand_is_refused_with_the_reason(cast, state, sentence):
    cast.review_in(state)
    content = filled(exported(cast.staff, cast.plan), "1", midyear_issues=MINE)
    found = look(cast, content)
    assert sentences(found) == [("1", "", "中間振り返り シート全体", sentence)]
    assert [change.mine for change in found.refused[0].changes] == [MINE]
    before = snapshot()
    with pytest.raises(TransitionNotAllowed, match=sentence):
        take_over(cast, content)
    assert snapshot() == before


def test_untouched_approved_sheet_is_nobodys_problem(cast):
    cast.review_in("approved")
    content = filled(exported(cast.staff, cast.plan), "1", self_evaluation_results="実績の文。")
    assert not look(cast, content).problems
    take_over(cast, content)
    assert cast.review("self_evaluation").answers == {"results": "実績の文。"}
    assert cast.review().status == "approved"


def test_closed_window_and_other_sections_sheet_are_refused(cast, draft):
    content = filled(draft, "1", midyear_issues=MINE)
    with pytest.raises(NotAllowed):
        take_over(cast, content, cast.staff_other_section)
    cast.set_window("midyear", "closed")
    with pytest.raises(WindowClosed, match="受付は終了しました"):
        take_over(cast, content)


def test_one_refused_sheet_keeps_all_from_being_taken_unless_only_the_rest_is_wanted(cast):
    cast.review_in("approved")
    cast.review_in("draft", initiative=cast.other_initiative)
    content = exported(cast.admin, cast.plan)
    content = filled(filled(content, "1", midyear_issues=MINE), "2", midyear_issues=MINE)
    before = snapshot()
    with pytest.raises(importing.NotApplied, match="何も反映していません"):
        take_over(cast, content, cast.admin)
    assert snapshot() == before
    (event,) = take_over(cast, content, cast.admin, partial=True)
    assert event.initiative == cast.other_initiative
    assert cast.review(initiative=cast.other_initiative).answers["issues"] == MINE
    assert cast.review().status == "approved"


def test_failure_in_the_middle_takes_everything_back(cast):
    cast.review_in("draft")
    cast.review_in("draft", initiative=cast.other_initiative)
    content = exported(cast.admin, cast.plan)
    content = filled(filled(content, "1", midyear_issues=MINE), "2", midyear_issues=MINE)
    # The record of the second sheet has an event that the review does not know of.
    stray = cast.events(initiative=cast.other_initiative)[-1]
    stray.pk, stray.version = None, stray.version + 1
    stray.save(force_insert=True)
    before = snapshot()
    with pytest.raises(IntegrityError):
        take_over(cast, content, cast.admin)
    assert snapshot() == before


def test_all_errors_are_named_at_once_with_sheet_cell_and_field(cast, draft):
    long = "あ" * (LIMIT + 1)
    content = filled(draft, "1", midyear_outlook="③", midyear_issues="=B3&C3", midyear_implementation="#N/A")
    content = filled(content, "1", self_evaluation_results=long)
    found = look(cast, content)
    cells = {
        name: addressed(draft, "1", name)
        for name in ("midyear_implementation", "midyear_outlook", "midyear_issues", "self_evaluation_results")
    }
    assert sentences(found) == [
        (
            "1",
            cells["midyear_implementation"],
            "取組内容の実施見込み",
            "エラー(#N/A)になっています。文か値を入れ直してください。",
        ),
        (
            "1",
            cells["midyear_outlook"],
            "目標の達成見込み",
            "「③」は選べません。①か②を入れてください。",
        ),
        (
            "1",
            cells["midyear_issues"],
            "課題と改善策",
            "数式が入っています。数式ではなく、計算結果を値として貼り付けてください。",
        ),
        (
            "1",
            cells["self_evaluation_results"],
            "当年度の取組実績及び目標の達成状況",
            "当年度の取組実績及び目標の達成状況は4,000字以内で書いてください。いま4,001字で、1字多くなっています。",
        ),
    ]


def test_two_sheets_of_one_item_are_refused_by_name(cast, draft):
    reading = read_workbook(filled(draft, "1", midyear_issues=MINE))
    twice = read_workbook(draft)
    reading.sheets.append(twice.sheets[0])
    found = preview(cast.plan, reading, by=cast.staff, at=NOW)
    assert len(found.problems) == 2
    assert found.problems[0].sentence.startswith("取組項目1のシートが2枚あります(「1 人と人との")
    assert not found.changes


def test_file_of_another_ward_year_or_edition_is_refused_by_name(cast, draft):
    reading = read_workbook(filled(draft, "1", midyear_issues=MINE))
    before = preview(cast.plan, reading, by=cast.staff, at=NOW)
    assert before.changes
    for column, value, sentence in (
        ("ward", cast.neighbour, "このファイルは見本区のものです。隣区では使えません。"),
        ("fiscal_year", 2021, "このファイルは令和2年度のものです。令和3年度では使えません。"),
    ):
        plan = type(cast.plan).objects.get(pk=cast.plan.pk)
        setattr(plan, column, value)
        found = preview(plan, reading, by=cast.staff, at=NOW)
        assert {problem.sentence for problem in found.problems} == {sentence}
        assert not found.changes
    type(cast.edition).objects.filter(pk=cast.edition.pk).update(code="r3")
    plan = type(cast.plan).objects.select_related("edition", "ward").get(pk=cast.plan.pk)
    found = preview(plan, reading, by=cast.staff, at=NOW)
    assert "別の様式(r2)" in found.problems[0].sentence


def test_item_that_the_plan_lost_is_named(cast, draft):
    Initiative.objects.filter(pk=cast.other_initiative.pk).update(number="3")
    found = look(cast, draft)
    assert [problem.sentence for problem in found.problems] == ["取組項目2は、令和2年度の計画にありません。"]


def test_phase_that_the_file_never_showed_is_not_taken(cast):
    cast.review_in("draft")
    content = exported(cast.staff_other_section, cast.plan)
    assert not look(cast, content).problems
    content = filled(content, "1", midyear_issues=MINE)
    found = look(cast, content)
    assert "書き出したときに読めなかった" in found.problems[0].sentence
    assert not found.changes


def test_plan_text_that_was_changed_is_left_out_and_said(cast, draft):
    def change(book):
        page: Worksheet = page_of(book, "1")
        for row in page.iter_rows():
            for cell in row:
                if isinstance(cell.value, str) and "清掃活動" in cell.value and "目標" in cell.value:
                    cell.value = cell.value.replace("清掃活動", "防災訓練")

    content = filled(changed(draft, change), "1", midyear_issues=MINE)
    found = look(cast, content)
    assert [(note.sheet[:1], note.field, note.sentence[:17]) for note in found.notes] == [
        ("1", "計画", "計画の欄の変更は取り込みません。計")
    ]
    take_over(cast, content)
    assert "清掃活動" in Initiative.objects.get(pk=cast.initiative.pk).activities


def test_other_sheets_are_left_out_and_said(cast, draft):
    content = changed(draft, lambda book: book.create_sheet("メモ"))
    assert [(note.sheet, note.sentence[:11]) for note in look(cast, content).notes] == [
        ("メモ", "この様式のシートではな")
    ]


def test_plan_of_a_file_is_found_by_its_stamps(cast, draft):
    reading = read_workbook(draft)
    assert importing.plan_of(reading, cast.staff) == cast.plan
    with pytest.raises(NotVisible):
        importing.plan_of(reading, cast.other_ward)


# ---- between two pages ----------------------------------------------------------------------------------


def test_packed_reading_is_the_same_for_its_person_and_refused_for_others(cast, draft):
    reading = read_workbook(filled(draft, "1", midyear_issues=MINE))
    found = preview(cast.plan, reading, by=cast.staff, at=NOW)
    packed = importing.pack(cast.plan, reading, found, "見本.xlsx", cast.staff)
    assert importing.unpack(packed, cast.plan, cast.staff) == (reading, "見本.xlsx", {})
    with pytest.raises(BadSignature):
        importing.unpack(packed, cast.plan, cast.admin)
    with pytest.raises(BadSignature):
        importing.unpack(packed[:-1] + ("A" if packed[-1] != "A" else "B"), cast.plan, cast.staff)


# ---- long texts, many sheets ----------------------------------------------------------------------------


def test_text_longer_than_a_cell_comes_back_whole(cast):
    Question.objects.filter(key="issues").update(limit=None)
    text = "長い文。\n" * (LONGEST_TEXT // 4)
    cast.review_in("draft", answers=cast.answers(issues=text))
    content = exported(cast.staff, cast.plan)
    found = look(cast, content)
    assert not (found.changes or found.problems or found.notes)

    def change(book):
        cell = cell_of(page_of(book, "1"), "midyear_issues")
        cell.value = f"頭。{cell.value[10:]}"

    (found,) = look(cast, changed(content, change)).changes
    assert found.mine == f"頭。{text[10:]}"


@pytest.mark.parametrize("count", [1, 3, 30])
def test_preview_asks_the_same_few_queries_for_any_number_of_sheets(
    cast, count, django_assert_max_num_queries
):
    items = [
        Initiative(
            plan=cast.plan, number=f"1-{place}", position=place, title=f"題{place}", section=cast.section
        )
        for place in range(1, count + 1)
    ]
    for item in Initiative.objects.bulk_create(items):
        cast.review_in("draft", initiative=item)
    content = exported(cast.staff, cast.plan)
    content = changed(
        content,
        lambda book: [
            setattr(cell_of(page, "midyear_issues"), "value", MINE) for page in book if page.title[:2] == "1-"
        ],
    )
    for item in items:
        save_other = Review.objects.get(initiative=item, phase="midyear")
        workflow.save(
            item,
            "midyear",
            by=cast.second_staff,
            at=NOW + datetime.timedelta(minutes=1),
            version=save_other.version,
            answers=cast.answers(outlook=1),
        )
    reading = read_workbook(content)
    cast.staff.roles()
    with django_assert_max_num_queries(6):
        found = preview(cast.plan, reading, by=cast.staff, at=NOW)
    assert len(found.changes) == count and len(found.kept) == count
