"""Whether the sheet fits: said while writing, and as the workbook then comes out."""

import pytest

from reviews.sheet import read_sheet, with_everything
from reviews.workbook.capacity import Capacity, capacities
from reviews.workbook.contents import contents_of, plain
from reviews.workbook.layout_file import layout_for
from reviews.workbook.pages import arrange

LINE = "改善策を続ける。"


@pytest.fixture
def sheet(cast):
    from initiatives.form import read_form
    from initiatives.models import Initiative

    cast.review_in("draft")
    initiative = with_everything(Initiative.objects.filter(pk=cast.initiative.pk)).get()
    return read_sheet(initiative, read_form(cast.edition), cast.staff)


def printed_pages(sheet, text):
    layout = layout_for(sheet.form, tuple(line.key for line in sheet.annual_targets))
    contents = {**contents_of(sheet), "midyear_issues": plain(text)}
    return len(arrange(layout, contents).breaks) + 1


def test_counted_lines_are_the_ones_that_fit(sheet):
    text = LINE
    while (capacity := capacities(sheet, "midyear", {"issues": text})["issues"]).lines_left > 9:
        text += f"\n{LINE}"
    assert capacity.pages == 1
    assert capacity.words == f"あと{capacity.lines_left}行"
    assert printed_pages(sheet, text + f"\n{LINE}" * capacity.lines_left) == 1
    assert printed_pages(sheet, text + f"\n{LINE}" * (capacity.lines_left + 1)) == 2


def test_each_line_takes_one_away(sheet):
    text, before = LINE, None
    for _ in range(80):
        left = capacities(sheet, "midyear", {"issues": text})["issues"]
        if before and before.pages == left.pages == 1 and before.lines_left < 10:
            assert left.lines_left == before.lines_left - 1
        text, before = f"{text}\n{LINE}", left
    assert before.pages > 1 and before.words == f"{before.pages}枚になります"


def test_nothing_written_fits(sheet):
    assert capacities(sheet, "midyear", {"issues": ""}) == {"issues": Capacity(1, 10)}
    assert Capacity(1, 10).words == "A4 1枚に収まります"


def test_only_texts_on_paper_are_measured(sheet):
    texts = {"results": "実績", "issues": "課題", "figure_a1": "9", "achievement": "1", "unknown": "x"}
    assert set(capacities(sheet, "self_evaluation", texts)) == {"results", "issues"}
    assert capacities(sheet, "no_phase", texts) == {}


def test_asks_no_query(sheet, django_assert_num_queries):
    with django_assert_num_queries(0):
        capacities(sheet, "midyear", {"issues": LINE})
