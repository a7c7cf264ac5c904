import pytest

from reviews.workbook.layout_file import layout_for
from tests.reviews.workbook.samples import R2, R2_NAMES, R9

TARGETS = ("a1", "a2")


@pytest.fixture(params=["r2", "r9"])
def layout(request):
    return layout_for({"r2": R2, "r9": R9}[request.param], TARGETS)


def test_layout_covers_each_block_without_gap_or_overlap(layout):
    for block in layout.blocks:
        covered = [
            (row, column)
            for place in block.places
            for row in range(place.row, place.row + place.rows)
            for column in range(place.column, place.column + place.columns)
        ]
        assert len(covered) == len(set(covered))
        assert set(covered) == {(row, column) for row in range(len(block.rows)) for column in range(9)}


def test_layout_names_every_question_on_paper():
    layout = layout_for(R2)
    names = [place.name for block in layout.blocks for place in block.places if place.name]
    assert sorted(names) == sorted(R2_NAMES)


def test_layout_repeats_a_question_for_each_target_and_skips_what_is_not_on_paper():
    layout = layout_for(R9, TARGETS)
    names = {place.name for block in layout.blocks for place in block.places if place.name}
    assert names == {"review_progress", "review_mark_a1", "review_mark_a2", "review_summary", "review_next"}
    assert len(layout.blocks) == 2  # the plan and 評価: the phase `audit` prints nothing


def test_layout_offers_only_marks_on_paper():
    layout = layout_for(R9, TARGETS)
    symbols = {
        place.name: place.symbols for block in layout.blocks for place in block.places if place.symbols
    }
    assert symbols == {
        "review_progress": ("A", "B", "C"),
        "review_mark_a1": ("ア", "イ"),
        "review_mark_a2": ("ア", "イ"),
    }


def test_layout_prints_the_editions_words():
    texts = {place.text for block in layout_for(R9).blocks for place in block.places}
    assert {"方\n針", "評\n価", "取組の方針・目標内容", "当年度の取組内容"} <= texts


def test_layout_puts_marks_in_rows_and_the_text_beside_them():
    midyear = layout_for(R2).blocks[1]
    rows = {place.text: place.row for place in midyear.places if place.column == 1 and place.text}
    issues = next(place for place in midyear.places if place.name == "midyear_issues")
    assert list(rows) == ["取組内容の実施見込み", "目標の達成見込み"] and len(set(rows.values())) == 2
    assert issues.column == 5 and issues.row + issues.rows == len(midyear.rows)


def test_layout_puts_a_targets_heading_across_above_its_mark():
    for key in TARGETS:
        places = {place.slot or place.text: place for place in layout_for(R9, (key,)).blocks[1].places}
        heading, mark = places[f"review_mark_{key}__label"], places[f"review_mark_{key}"]
        assert (heading.column, heading.columns, heading.rows) == (1, 4, 1)
        assert places["指標の評価"].row == mark.row and mark.row == heading.row + 2


def test_layout_ends_a_half_of_marks_with_the_last_ones_box():
    midyear = layout_for(R2).blocks[1]
    last = [place for place in midyear.places if place.end == len(midyear.rows) and place.column < 5]
    assert [(place.column, place.columns) for place in last] == [(0, 1), (1, 1), (2, 3)]
    looks = layout_for(R2).looks
    for place in last[1:]:
        assert not looks._borders[looks._cell_styles[place.faces[0]].borderId].top.style


def test_layout_stays_as_wide_as_the_paper(layout):
    assert sum(layout.columns) == 36 + 2 * 552
