"""Stamped sheets beside the ones that openpyxl writes: every cell, look and merge must read back equal."""

import io
from itertools import chain

import pytest
from openpyxl import load_workbook

from reviews.workbook.drawing import layout_file
from reviews.workbook.layout_file import read_layout
from reviews.workbook.writer import write_workbook
from tests.reviews.workbook.other_layout import R2_LAYOUT, R9_LAYOUT
from tests.reviews.workbook.plain_writer import write_plainly
from tests.reviews.workbook.samples import (
    A1,
    A2,
    ANSWERS,
    AT,
    MIDYEAR_ISSUES,
    R2,
    R9,
    RESULTS,
    make_sheet,
    target,
)

LAYOUTS = {
    "r2": (R2, lambda: read_layout(layout_file(R2), R2)),
    "r9": (R9, lambda: read_layout(layout_file(R9), R9)),
    "other r2": (R2, lambda: read_layout(R2_LAYOUT, R2)),
    "other r9": (R9, lambda: read_layout(R9_LAYOUT, R9)),
}
LOOK = ("font", "border", "fill", "alignment", "protection", "number_format", "quotePrefix")
R9_ANSWERS = {
    "progress": 3,
    "mark": {"a1": 1, "a2": 2},
    "summary": "=1+1 _x000D_ 𠮟",
    "next": MIDYEAR_ISSUES * 30,
}
SHEETS = {
    "blank": {},
    "filled": {**ANSWERS, "review": {**R9_ANSWERS, "next": "来年度"}},
    "long": {
        "midyear": {"implementation": 1, "outlook": 2, "issues": MIDYEAR_ISSUES * 20},
        "self_evaluation": {"results": "-1\n" * 300, "achievement": 1, "issues": RESULTS},
        "review": R9_ANSWERS,
    },
}


def both(form, layout, answers, **more):
    sheet = make_sheet(answers, form=form, **more)
    stamped = write_workbook([sheet], at=AT, layout=layout)
    return load_workbook(io.BytesIO(stamped), rich_text=True).active, write_plainly(sheet, layout)


def look_of(cell, part):
    """Give a part of a cell's look; openpyxl's proxies compare by identity, what they stand for by value."""
    found = getattr(cell, part)
    return getattr(found, "_StyleProxy__target", found)


def differences(ours, plain):
    assert ours.dimensions == plain.dimensions
    assert sorted(map(str, ours.merged_cells.ranges)) == sorted(map(str, plain.merged_cells.ranges))
    for mine, theirs in zip(chain(*ours), chain(*plain), strict=True):
        if (type(mine.value), mine.value) != (type(theirs.value), theirs.value):
            yield mine.coordinate, mine.value, theirs.value
        for part in LOOK:
            if look_of(mine, part) != look_of(theirs, part):
                yield mine.coordinate, part, getattr(mine, part), getattr(theirs, part)
    for row in range(1, ours.max_row + 1):
        if ours.row_dimensions[row].height != plain.row_dimensions[row].height:
            yield row, ours.row_dimensions[row].height, plain.row_dimensions[row].height
    widths = [
        {letter: round(one.width, 3) for letter, one in page.column_dimensions.items()}
        for page in (ours, plain)
    ]
    if widths[0] != widths[1]:
        yield widths


@pytest.mark.parametrize("answers", SHEETS)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_stamped_sheet_reads_back_as_openpyxl_would_write_it(layout, answers):
    form, read = LAYOUTS[layout]
    assert list(differences(*both(form, read(), SHEETS[answers]))) == []


@pytest.mark.parametrize("layout", ["r9", "other r9"])
@pytest.mark.parametrize("count", [0, 1, 5])
def test_any_number_of_targets_reads_back_alike(layout, count):
    form, read = LAYOUTS[layout]
    targets = tuple(
        target(f"a{number}", f"指標{number}", "【令和9年度】 1件") for number in range(1, count + 1)
    )
    ours, plain = both(form, read(), {}, annual_targets=targets)
    assert list(differences(ours, plain)) == []
    assert sorted(name for name in ours.defined_names if name.startswith("review_mark")) == [
        f"review_mark_a{number}" for number in range(1, count + 1)
    ]


def test_a_workbook_of_several_layouts_keeps_each_ones_looks():
    sheets = [
        make_sheet({"review": R9_ANSWERS}, form=R9),
        make_sheet(ANSWERS),
        make_sheet(ANSWERS, annual_targets=(A1, A2, target("a3", "件数", "8件"))),
    ]
    book = load_workbook(io.BytesIO(write_workbook(sheets, at=AT)), rich_text=True)
    for page, sheet in zip(book, sheets, strict=True):
        assert (
            list(differences(page, write_plainly(sheet, read_layout(layout_file(sheet.form), sheet.form))))
            == []
        )
