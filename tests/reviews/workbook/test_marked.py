import io

import pytest
from openpyxl import load_workbook

from initiatives.xlsx.gate import NotOurs
from reviews.workbook.marked import mark
from reviews.workbook.reader import Problem, read_workbook
from reviews.workbook.writer import write_sheet
from tests.reviews.workbook.returned import cell_of, patched
from tests.reviews.workbook.samples import ANSWERS, AT, make_sheet
from tests.reviews.workbook.test_reader import shared

SHEET = "xl/worksheets/sheet1.xml"
SENTENCE = "数式が入っています。値を入れてください。"


@pytest.fixture(scope="module")
def ours():
    return write_sheet(make_sheet({"midyear": {"issues": "=1+1 _x000D_ #N/A"}}), at=AT)


@pytest.mark.parametrize("form", ["inline", "shared"])
def test_copy_marks_cells_lists_all_and_keeps_every_text(ours, form):
    content = ours if form == "inline" else shared(ours)
    before = read_workbook(content).sheets[0]
    cell = before.filled["midyear_outlook"].cell
    problems = [
        Problem(before.title, cell, "目標の達成見込み", SENTENCE),
        Problem(before.title, "", "=1+1", "シート全体のことです。"),
    ]
    copy = mark(content, problems)
    book = load_workbook(io.BytesIO(copy))
    page = book[before.title]
    assert page[cell].comment.text == SENTENCE and page[cell].fill.fgColor.rgb.endswith("FFC7CE")
    assert cell_of(page, "midyear_issues").comment is None
    first = book.worksheets[0]
    assert [[one.value for one in row] for row in first.iter_rows(min_row=2)] == [
        [before.title, cell, "目標の達成見込み", SENTENCE],
        [before.title, None, "=1+1", "シート全体のことです。"],
    ]
    assert first["C3"].data_type == "s"
    after = read_workbook(copy)
    assert after.sheets[0] == before and after.others == ["直すところ"]


def test_cell_inside_a_merged_area_is_marked_where_it_is_seen(ours):
    title = read_workbook(ours).sheets[0].title
    cell = read_workbook(ours).sheets[0].filled["midyear_issues"].cell
    below = f"{cell[0]}{int(cell[1:]) + 1}"
    page = load_workbook(io.BytesIO(mark(ours, [Problem(title, below, "", SENTENCE)])))[title]
    assert page[cell].comment.text == SENTENCE


@pytest.mark.parametrize(
    "added", ['<mergeCell ref="K1:XFD900"/>', '<mergeCell ref="K1:L2"/>' * 20_000], ids=["wide", "many"]
)
def test_workbook_that_would_take_too_much_to_write_again_is_refused(added):
    content = write_sheet(make_sheet(ANSWERS), at=AT)
    content = patched(content, SHEET, "</mergeCells>", f"{added}</mergeCells>")
    assert read_workbook(content).sheets
    with pytest.raises(NotOurs, match="印を付けられません"):
        mark(content, [Problem("1", "A1", "", SENTENCE)])


def test_workbook_that_openpyxl_cannot_read_is_refused():
    content = write_sheet(make_sheet(ANSWERS), at=AT)
    content = patched(content, "xl/styles.xml", "<cellXfs", '<cellXfs unknown="1"')
    assert read_workbook(content).sheets
    with pytest.raises(NotOurs, match="印を付けられません"):
        mark(content, [])
