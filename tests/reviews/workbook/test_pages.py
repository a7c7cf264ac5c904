"""Where pages end: between lines of the text that runs over, whatever stands around it."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviews.workbook.contents import contents_of
from reviews.workbook.layout_file import layout_for
from reviews.workbook.pages import _STEP, arrange
from tests.reviews.workbook.samples import LONG_HEADING, R2, R9, make_sheet, target

LINE = "下半期は、回収ボックスの設置を区内で企業と連携して行う。"


def cuts_in(sheet, name):
    """Give the heights at which pages end inside a text, in points from where it begins."""
    layout = layout_for(sheet.form, ("a1", "a2"))
    pages = arrange(layout, contents_of(sheet))
    number, place = next(
        (number, place)
        for number, block in enumerate(layout.blocks)
        for place in block.places
        if place.name == name
    )
    inside = [
        row for row, one in enumerate(pages.rows) if one.block == number and place.row <= one.row < place.end
    ]
    heights = [row.height for row in pages.rows]
    return [sum(heights[inside[0] : cut]) for cut in pages.breaks if inside[0] < cut <= inside[-1]]


@pytest.mark.parametrize(
    ("form", "phase", "question"),
    [(R9, "review", "next"), (R2, "midyear", "issues"), (R2, "self_evaluation", "issues")],
)
def test_a_page_ends_inside_a_text_where_a_line_ends(form, phase, question):
    found = 0
    for before in range(0, 30, 2):
        answers = {phase: {question: f"{LINE}\n" * (40 + before)}}
        if form is R9:
            answers[phase]["summary"] = f"{LINE}\n" * before
        sheet = make_sheet(answers, form=form, activities=make_sheet().activities * (before // 6 + 1))
        for cut in cuts_in(sheet, f"{phase}_{question}"):
            found += 1
            off = (cut - 0.75) % _STEP
            assert min(off, _STEP - off) <= 0.75, (before, cut)
    assert found > 10


def test_a_page_never_ends_between_a_targets_heading_and_its_mark():
    for count in range(4, 16):
        targets = tuple(target(f"a{number}", LONG_HEADING, "【令和2年度】 8件") for number in range(count))
        sheet = make_sheet({"review": {"next": f"{LINE}\n" * 12}}, form=R9, annual_targets=targets)
        layout = layout_for(R9, [line.key for line in targets])
        pages = arrange(layout, contents_of(sheet))
        for cut in pages.breaks:
            above = pages.rows[cut - 1]
            for place in layout.blocks[above.block].places:
                assert not (place.end == above.row + 1 and place.slot.endswith("__label")), count
                crosses = place.row <= above.row < place.end - 1 and place.slot.startswith("review_mark")
                assert not (crosses and pages.rows[cut].block == above.block), count
        # What moves to the next page leaves no page nearly empty.
        heights = [row.height for row in pages.rows]
        filled = [sum(heights[first:end]) for first, end in pairwise([0, *pages.breaks])]
        assert all(high > layout.paper.page / 4 for high in filled), count


@given(st.lists(st.integers(0, 150), min_size=3, max_size=3), st.integers(0, 9))
def test_no_page_is_empty_or_holds_more_than_paper_does(lines, activities):
    midyear, results, issues = (f"{LINE}\n" * count for count in lines)
    answers = {"midyear": {"issues": midyear}, "self_evaluation": {"results": results, "issues": issues}}
    sheet = make_sheet(answers, activities=make_sheet().activities * activities)
    layout = layout_for(R2)
    pages = arrange(layout, contents_of(sheet))
    heights = [row.height for row in pages.rows]
    head = sum(heights[: len(layout.head.rows)])
    for first, end in pairwise([0, *pages.breaks, len(heights)]):
        high = sum(heights[first:end]) + (head if first else 0)
        assert first < end and (not pages.breaks or high <= layout.paper.page)
