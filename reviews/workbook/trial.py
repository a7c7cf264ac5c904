"""A made-up sheet in a layout, to be looked at before the layout counts: as a workbook, and as a table."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass

from initiatives.form import OfficialForm
from initiatives.models import Initiative
from reviews.sheet import (
    Answered,
    Choice,
    PhaseBlock,
    Sheet,
    TargetLine,
    read_answers,
    read_lines,
)
from wardplan.fiscal_year import FiscalYear

from .contents import CHOSEN, UNCHOSEN, Content, Run, contents_of, labelled
from .layout import Layout, Place
from .pages import PrintedRow, arrange
from .writer import write_workbook

WARD = "trial"
"""No ward has this address, so that a trial sheet is never taken back."""

_TEXT = (
    "これは試し書きの文です。実際のシートでは、担当課が書いた文がここに入ります。"
    "文の長さに合わせて、行の高さが変わります。\n改行も、そのまま印刷されます。"
)
_TARGETS = (("a1", "1つめの目標の見出し"), ("a2", "2つめの目標の見出し"))


@dataclass(frozen=True)
class TrialCell:
    """A cell of the table: its words, its extent, and how it looks as far as a page can show it."""

    runs: tuple[Run, ...]
    rows: int
    columns: int
    looks: str
    fill: str


@dataclass(frozen=True)
class TrialRow:
    """A row of the table; `height` in pixels. `begins_page` says that a page of paper ends above it."""

    height: int
    cells: tuple[TrialCell, ...]
    begins_page: bool


@dataclass(frozen=True)
class Picture:
    """A layout's trial sheet as a table; widths in pixels."""

    widths: tuple[int, ...]
    rows: tuple[TrialRow, ...]
    pages: int


def trial_sheet(form: OfficialForm) -> Sheet:
    """Make up a sheet with two targets, texts of usual length, and the last mark of each question chosen."""
    targets = tuple(
        TargetLine(
            key=key,
            heading=heading,
            wording="【当年度】 50%以上",
            quote=(),
            past=(),
            fiscal_year=FiscalYear(2020),
            unit="%",
            indicator=0,
        )
        for key, heading in _TARGETS
    )
    blocks = tuple(
        PhaseBlock(phase, "draft", 1, True, tuple(map(_answered, read_answers(phase, {}, targets))), None)
        for phase in form.phases
    )
    return Sheet(
        initiative=Initiative(number="1"),
        form=form,
        ward=WARD,
        ward_name="(試し)",
        fiscal_year=FiscalYear(2020),
        number="1",
        title="試しのシート",
        section="担当課",
        purpose=read_lines(_TEXT),
        overview=read_lines(_TEXT),
        activities=read_lines(_TEXT),
        policy_targets=targets,
        annual_targets=targets,
        blocks=blocks,
    )


def _answered(blank: Answered) -> Answered:
    if blank.choices:
        printed = [choice.mark for choice in blank.choices if choice.mark.on_paper]
        last = printed[-1] if printed else None
        choices = tuple(Choice(choice.mark, choice.mark is last) for choice in blank.choices)
        return Answered(blank.question, blank.target, blank.heading, choices=choices)
    return Answered(blank.question, blank.target, blank.heading, text=_TEXT)


def trial_workbook(form: OfficialForm, layout: Layout, at: datetime.datetime) -> bytes:
    """Write the trial sheet in a layout that need not be the edition's own."""
    return write_workbook([trial_sheet(form)], at=at, layout=layout)


def picture(form: OfficialForm, layout: Layout) -> Picture:
    """Lay the trial sheet out as a table, as it would be printed."""
    layout = layout.for_targets([key for key, _ in _TARGETS])
    contents = contents_of(trial_sheet(form))
    pages = arrange(layout, contents)
    first: dict[tuple[int, int], int] = {}
    last: dict[tuple[int, int], int] = {}
    for number, row in enumerate(pages.rows):
        first.setdefault((row.block, row.row), number)
        last[row.block, row.row] = number
    cells: dict[int, list[tuple[int, TrialCell]]] = {}
    for number, block in enumerate((layout.head, *layout.blocks), -1):
        for place in block.places:
            top = first[number, place.row]
            rows = last[number, place.end - 1] - top + 1
            cells.setdefault(top, []).append((place.column, _cell(layout, place, rows, contents)))
    return Picture(
        layout.columns,
        tuple(
            _row(row, cells.get(number, []), number in pages.breaks) for number, row in enumerate(pages.rows)
        ),
        len(pages.breaks) + 1,
    )


def _row(row: PrintedRow, cells: list[tuple[int, TrialCell]], begins_page: bool) -> TrialRow:
    ordered = sorted(cells, key=lambda found: found[0])
    return TrialRow(round(row.height * 4 / 3), tuple(cell for _, cell in ordered), begins_page)


def _cell(layout: Layout, place: Place, rows: int, contents: Mapping[str, Content]) -> TrialCell:
    content = contents.get(place.slot)
    chosen = content is not None and content.chosen
    if place.is_legend:
        runs: tuple[Run, ...] = (Run(f"{CHOSEN if chosen else UNCHOSEN}{place.text}"),)
    elif place.slot and not place.slot.endswith("__label"):
        runs = content.runs if content else ()
    else:
        runs = (Run(labelled(place.text, content.text if content else "")),)
    return TrialCell(runs, rows, place.columns, _looks(layout, place, chosen), _fill(layout, place))


def _looks(layout: Layout, place: Place, chosen: bool) -> str:
    """Name classes of the style sheet: lines by side and weight, bold, where the text stands."""
    book = layout.looks
    faces = [layout.face(face, "c") if chosen else face for face in place.faces]
    styles = [book._cell_styles[face] for face in faces]
    top, bottom = book._borders[styles[0].borderId], book._borders[styles[-1].borderId]
    sides = {"t": top.top, "l": top.left, "r": bottom.right, "b": bottom.bottom}
    names = [
        f"line-{side}{'' if line.style in ('hair', 'thin', 'dotted', 'dashed') else '-thick'}"
        for side, line in sides.items()
        if line is not None and line.style
    ]
    alignment = book._alignments[styles[0].alignmentId]
    names += ["is-bold"] if book._fonts[styles[0].fontId].b else []
    names += [f"is-{alignment.horizontal}"] if alignment.horizontal in ("center", "right") else []
    names += [{"center": "is-middle", "top": "is-top"}.get(alignment.vertical or "", "is-bottom")]
    return " ".join(names)


def _fill(layout: Layout, place: Place) -> str:
    """Give the colour behind a cell; one of the file's theme is not known here."""
    fill = layout.looks._fills[layout.looks._cell_styles[place.faces[0]].fillId]
    colour = fill.fgColor if fill.fill_type == "solid" else None
    known = colour is not None and colour.type == "rgb" and isinstance(colour.rgb, str)
    return f"#{colour.rgb[-6:]}" if colour is not None and known else ""
