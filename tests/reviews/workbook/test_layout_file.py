"""A second layout, made with openpyxl as an office would make one: everything works from it as well."""

import io
import re

import pytest
from openpyxl import load_workbook
from openpyxl.formatting.rule import FormulaRule
from openpyxl.styles import Alignment, PatternFill

from initiatives.xlsx.characters import unescape
from reviews import layouts
from reviews.import_preview import preview
from reviews.importing import apply
from reviews.models import Review
from reviews.workbook.contents import contents_of
from reviews.workbook.drawing import layout_file
from reviews.workbook.fitting import type_of
from reviews.workbook.layout_file import NotALayout, read_layout
from reviews.workbook.pages import arrange
from reviews.workbook.reader import read_workbook
from reviews.workbook.writer import write_workbook
from tests.cast import NOW
from tests.reviews.workbook.other_layout import R2_CELLS, R2_LAYOUT, R9_CELLS, R9_LAYOUT, make_layout
from tests.reviews.workbook.returned import addressed, changed, exported, filled, patched
from tests.reviews.workbook.samples import (
    ANSWERS,
    AT,
    MIDYEAR_ISSUES,
    R2,
    R2_NAMES,
    R9,
    RESULTS,
    make_sheet,
)
from wardplan.accounts.models import User


def written(answers, *, form=R2, content=R2_LAYOUT, **more):
    layout = read_layout(content, form)
    saved = write_workbook([make_sheet(answers, form=form, **more)], at=AT, layout=layout)
    return load_workbook(io.BytesIO(saved)).active


WORDS = "_x <&> _x0001_\n-1"


def named(page, name):
    return page[page.defined_names[name].attr_text.rpartition("!")[2].replace("$", "")]


@pytest.fixture
def other(cast):
    """Let the cast's edition have the second layout."""
    root = User.objects.create(username="root", name="管理者", is_superuser=True)
    cast.edition.questions.filter(key="figure").update(on_paper=False)
    layouts.set_layout(cast.edition, R2_LAYOUT, by=root, at=NOW, file_name="令和9.xlsx")
    return cast


# --- round trip ------------------------------------------------------------------------------------------


def test_an_untouched_file_shows_no_difference_and_a_filled_one_comes_in(other):
    other.review_in("draft")
    other.review_in("draft", "self_evaluation", answers={"results": "=1+1\n 最後に改行\n", "achievement": 1})
    content = exported(other.staff, other.plan)
    assert "年度の途中" in {
        cell.value for row in load_workbook(io.BytesIO(content)).worksheets[0] for cell in row
    }
    found = preview(other.plan, read_workbook(content), by=other.staff, at=NOW)
    assert not (found.changes or found.conflicts or found.kept or found.problems or found.notes)

    content = filled(content, "1", midyear_outlook="2", midyear_issues="別の形の様式に書いた文")
    apply(other.plan, read_workbook(content), by=other.staff, at=NOW)
    answers = Review.objects.get(initiative=other.initiative, phase="midyear").answers
    assert (answers["outlook"], answers["issues"]) == (2, "別の形の様式に書いた文")


def test_a_file_of_the_standard_layout_comes_in_after_the_layout_changed(other):
    other.review_in("draft")
    root = User.objects.get(username="root")
    layouts.set_layout(other.edition, b"", by=root, at=NOW)
    content = exported(other.staff, other.plan)
    layouts.set_layout(other.edition, R2_LAYOUT, by=root, at=NOW)
    assert addressed(content, "1", "midyear_issues") != addressed(
        exported(other.staff, other.plan), "1", "midyear_issues"
    )
    found = preview(other.plan, read_workbook(content), by=other.staff, at=NOW)
    assert not (found.changes or found.conflicts or found.problems or found.notes)
    content = filled(content, "1", midyear_issues="前の様式に書いた文")
    found = preview(other.plan, read_workbook(content), by=other.staff, at=NOW)
    assert [change.mine for change in found.changes] == ["前の様式に書いた文"]


def test_marks_for_each_target_are_read_back():
    layout = read_layout(R9_LAYOUT, R9)
    answers = {"review": {"progress": 2, "mark": {"a1": 1, "a2": 2}, "summary": "要約", "next": "来年"}}
    content = write_workbook([make_sheet(answers, form=R9)], at=AT, layout=layout)
    (sheet,) = read_workbook(content).sheets
    assert {name: found.text for name, found in sheet.filled.items()} == {
        "review_progress": "B",
        "review_mark_a1": "ア",
        "review_mark_a2": "イ",
        "review_summary": "要約",
        "review_next": "来年",
    }


# --- what stays the office's, and what stays the form's --------------------------------------------------


def test_words_fonts_widths_and_paper_are_the_layouts():
    page = written(ANSWERS)
    texts = [cell.value for row in page for cell in row if cell.value]
    assert {"年度の途中", "課題と改善策(②のときは必須)", "めざすこと"} <= set(texts)
    assert " ✓ ②:届きそうにない" in texts and " 　 ①:届きそう" in texts
    assert "中間振り返り" not in texts
    issues = named(page, "midyear_issues")
    assert (issues.font.name, issues.font.sz, issues.font.color.rgb) == ("ＭＳ 明朝", 12, "FF333333")
    assert issues.row > named(page, "self_evaluation_results").row
    assert [round(page.column_dimensions[letter].width) for letter in "ABCD"] == [16, 34, 9, 44]
    assert (page.page_setup.orientation, page.print_title_rows) == ("portrait", "$1:$2")
    assert page.oddHeader.center.text == "取扱注意" and page.oddFooter.right.text == "&P"
    assert page.oddFooter.left.text.startswith("中間振り返り: 課長承認済")


def test_only_answers_are_open_and_all_are_seen_open_and_marks_are_offered():
    page = written({})
    opened = {cell.coordinate for row in page for cell in row if not cell.protection.locked}
    starts = {named(page, name).coordinate for name in R2_NAMES}
    areas = [area for area in page.merged_cells.ranges if area.start_cell.coordinate in starts]
    assert opened == {page.cell(*place).coordinate for area in areas for row in area.rows for place in row}
    assert page.protection.sheet
    for name in R2_NAMES:
        assert (named(page, name).fill.fill_type, named(page, name).number_format) == ("solid", "@")
    offers = {str(offer.sqref): offer for offer in page.data_validations.dataValidation}
    assert offers[named(page, "midyear_outlook").coordinate].formula1 == '"①,②"'
    assert len(offers) == 3


def test_rows_are_high_enough_for_every_text_of_the_layout():
    texts = {
        "midyear": {"implementation": 2, "outlook": 2, "issues": MIDYEAR_ISSUES * 3},
        "self_evaluation": {"results": RESULTS * 3, "issues": "行\n" * 30},
    }
    page = written(texts, title="長い題" * 30)
    checked = 0
    for area in page.merged_cells.ranges:
        cell = area.start_cell
        if isinstance(cell.value, str):
            width = sum(
                round(page.column_dimensions["ABCD"[n - 1]].width * 7)
                for n in range(area.min_col, area.max_col + 1)
            )
            height = sum(page.row_dimensions[row].height for row in range(area.min_row, area.max_row + 1))
            assert height >= type_of(cell.font.name, cell.font.sz).height(cell.value, width), cell.value
            checked += 1
    assert checked >= 14


def test_a_page_never_ends_with_a_heading():
    layout = read_layout(R2_LAYOUT, R2)
    begins = [
        [place.text for place in block.places if place.row == 0 and place.text] for block in layout.blocks
    ]
    assert begins == [["今年度に行うこと"], ["年度末の評価"], ["年度の途中"]]
    # A row of air between a heading and its answers changes nothing.
    moved = [(re.sub(r"\d+", lower, area), *rest) for area, *rest in R2_CELLS]
    layout = read_layout(make_layout(moved), R2)
    assert [len(block.rows) for block in layout.blocks] == [4, 5, 6]


def lower(row):
    return str(int(row[0]) + (int(row[0]) > 12))


def test_rows_beside_a_long_text_share_its_height():
    page = written(ANSWERS)
    top = named(page, "midyear_implementation").row
    heights = [page.row_dimensions[row].height for row in range(top, top + 4)]
    assert sum(heights) > 100 and max(heights) - min(heights) < 5


def test_text_that_does_not_wrap_takes_one_line():
    heights = []
    for wraps in (True, False):
        book = load_workbook(io.BytesIO(R2_LAYOUT))
        (cell,) = [cell for row in book.active for cell in row if cell.value == "めざすこと"]
        cell.value, cell.alignment = "長い見出し" * 40, Alignment(wrap_text=wraps)
        saved = io.BytesIO()
        book.save(saved)
        heights.append(written({}, content=saved.getvalue()).row_dimensions[cell.row].height)
    assert heights[0] > 3 * heights[1]


def test_another_font_gets_more_room():
    layout = read_layout(make_layout(R2_CELLS, font="游ゴシック"), R2)
    fixed = read_layout(R2_LAYOUT, R2)
    contents = contents_of(make_sheet({"midyear": {"issues": MIDYEAR_ISSUES * 3}}))
    high, low = (sum(row.height for row in arrange(one, contents).rows) for one in (layout, fixed))
    assert high > 1.3 * low


# --- refused ---------------------------------------------------------------------------------------------


def refused(content, form=R2):
    with pytest.raises(NotALayout) as caught:
        read_layout(content, form)
    return "\n".join(caught.value.problems)


def without(cells, name):
    return [(area, words, "" if name == had else had, *rest) for area, words, had, *rest in cells]


@pytest.mark.parametrize("name", sorted({cell[2] for cell in R2_CELLS} - {""}))
def test_every_name_is_required(name):
    assert re.search(rf"次の名前を付けてください: {name}\(", refused(make_layout(without(R2_CELLS, name))))


def test_targets_need_their_range_and_stay_inside_it():
    assert "review__targets(評価 目標ごとに繰り返す範囲)" in refused(make_layout(R9_CELLS), R9)
    words = refused(make_layout(R9_CELLS, region="$A$5:$B$6"), R9)
    assert "review_mark__target は、review__targets の範囲の中に置いてください。" in words
    words = refused(make_layout(R9_CELLS, region="$A$5:$D$7"), R9)
    assert "review_summary は、review__targets の範囲の外に置いてください。" in words
    words = refused(make_layout(R9_CELLS, region="$A$5:$D$6"), R9)
    assert "結合したセルD5が、review__targets の範囲の境をまたいでいます。" in words


def test_formulas_hidden_rows_and_lost_symbols_are_refused_together():
    def spoil(book):
        page = book.worksheets[0]
        page["A5"] = "=1+1"
        page["B15"] = "届きそう"
        page.row_dimensions[7].hidden = True

    words = refused(changed(R2_LAYOUT, spoil))
    assert "文字に直してください: A5。" in words
    assert "midyear_outlook__1 のセルに、記号「①」がありません。" in words
    assert "隠れている行や列があります。" in words


def test_conditional_formats_are_refused_with_their_cells():
    def spoil(book):
        formats = book.worksheets[0].conditional_formatting
        formats.add("C10:C11 C13", FormulaRule(["$C$10=2"], fill=PatternFill("solid", bgColor="FFFF0000")))

    words = refused(changed(R2_LAYOUT, spoil))
    assert "条件付き書式が入っています。" in words and "ルールを削除してください: C10:C11、C13。" in words
    # Excel keeps its newer kinds in a place of their own.
    later = (
        '<extLst><ext uri="{78C0D931-6437-407d-A8EE-F0AAD7539E65}">'
        '<a:conditionalFormatting xmlns:a="urn:later"/></ext></extLst></worksheet>'
    )
    content = patched(R2_LAYOUT, "xl/worksheets/sheet1.xml", "</worksheet>", later)
    assert "ルールを削除してください。" in refused(content)


def test_words_of_the_layout_are_written_as_they_are():
    cells = [(area, WORDS if area == "A5:D5" else words, *rest) for area, words, *rest in R2_CELLS]
    page = written({}, content=make_layout(cells))
    assert unescape(page["A5"].value) == "_x <&> \ufffd\n-1"


def test_the_layout_of_another_form_is_refused():
    words = refused(R9_LAYOUT)
    assert "midyear_outlook(" in words and "名前を削除してください: " in words and "review_progress" in words


@pytest.mark.parametrize("form", [R2, R9])
def test_the_standard_layout_passes(form):
    assert read_layout(layout_file(form), form).width == 9
