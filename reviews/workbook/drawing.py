"""The form as it is drawn when an edition has no layout of its own: it follows from the edition's questions.

What comes out is a layout file like every other: an office can download it, change it in Excel and load it.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import NamedTuple

from openpyxl import Workbook
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from openpyxl.styles import Alignment, Border, Font, PatternFill, Protection, Side
from openpyxl.utils import get_column_letter, quote_sheetname
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.worksheet import Worksheet

from initiatives.form import FormPhase, FormQuestion, OfficialForm
from initiatives.xlsx.characters import escape, holdable

from . import names
from .fitting import FONT, text_width

TEXT_SIZE = 10.5
"""Points. 9, 10.5 and 12 can be counted reliably; 11 under-counts."""

# Widths in pixels at 96 to the inch. At SCALE they fill A4 landscape between margins of 10 mm.
SCALE = 90
_HEAD = 36
_HALF = 552
_ENTRY = 46
_MIN_LABEL = 150
_MIN_REST = 10
_LEGEND_PADDING = 60

_MARK_ROW = 18.0
_AIR = 6.0


class Style(Enum):
    """What a cell looks like. The writer knows fonts, fills and borders of each."""

    TITLE = "title"
    ABOUT = "about"
    HEADING = "heading"
    PHASE = "phase"
    COLUMN = "column"
    PLAN = "plan"
    QUESTION = "question"
    TEXT = "text"
    LABEL = "label"
    LABEL_AIR = "label_air"
    ENTRY = "entry"
    LEGEND = "legend"
    AIR = "air"
    EMPTY = "empty"


@dataclass(frozen=True)
class Drawn:
    """A cell of the drawing, merged over `rows` and `columns`; row and column count from 0 inside the block.

    `name` is what the layout file calls it, `edges` are the sides with a thin line: t, r, b, l. What is
    `repeated` stands once for each target. `label` is bold, and `text` follows it.
    """

    row: int
    column: int
    style: Style
    rows: int = 1
    columns: int = 1
    text: str = ""
    label: str = ""
    name: str = ""
    edges: str = ""
    repeated: bool = False


class _Region(NamedTuple):
    row: int
    rows: int
    column: int
    columns: int


@dataclass(frozen=True)
class _Block:
    """Rows with a border around them, if it is `framed`. `targets` names what stands once for each target."""

    rows: tuple[float, ...]
    places: tuple[Drawn, ...]
    framed: bool = True
    region: _Region | None = None
    phase: str = ""


@dataclass
class _Side:
    """One half of a phase while it is put together, from top to bottom. Rows are heights in points."""

    column: int
    rows: list[float] = field(default_factory=list)
    places: list[Drawn] = field(default_factory=list)

    def add(self, place: Drawn, *rows: float) -> None:
        self.places.append(replace(place, row=len(self.rows), rows=len(rows)))
        self.rows += rows

    def add_air(self, height: float) -> None:
        """Add a row that holds nothing, in the looks of the mark above or beneath it."""
        line = "l" if self.column == 5 else ""
        row = len(self.rows)
        self.places += [
            Drawn(row, self.column, Style.LABEL_AIR, edges=line + "r"),
            Drawn(row, self.column + 1, Style.AIR, columns=3),
        ]
        self.rows.append(height)

    def spread(self, rows: int) -> None:
        """Share what rows the other half has more between the texts, so that each can grow beside air."""
        texts = [index for index, place in enumerate(self.places) if place.style is Style.TEXT]
        for waiting, index in zip(range(len(texts), 1, -1), texts, strict=False):
            text = self.places[index]
            more = (rows - len(self.rows)) // waiting
            if more > 0:
                self.rows[text.row : text.row + 1] = [0.0] * (1 + more)
                self.places = [
                    replace(place, row=place.row + more) if place.row > text.row else place
                    for place in self.places
                ]
                self.places[index] = replace(text, rows=1 + more)

    def stretched(self, rows: int) -> list[Drawn]:
        """Let what stands at the bottom reach down to the other half's end."""
        if not self.rows:
            return [Drawn(0, self.column, Style.EMPTY, rows, 4, edges="l")]
        end = len(self.rows)
        return [
            replace(place, rows=rows - place.row) if place.row + place.rows == end else place
            for place in self.places
        ]


def _draw(form: OfficialForm) -> tuple[_Block, ...]:
    """Draw an edition's form: the head, the plan, and every phase with a question on paper.

    Questions of the left column stand at the left, the others beside them. A text stands under its heading;
    a mark is a row of label, the cell to fill in, and the printed legend.
    """
    phases = [_phase(phase) for phase in form.phases]
    return (_head(), _plan(form), *(block for block in phases if block))


def _columns(form: OfficialForm) -> tuple[int, ...]:
    """Give the legend what its longest line needs, and the label the rest of the half."""
    legends = [
        text_width(mark.legend) * TEXT_SIZE * 4 / 3 + _LEGEND_PADDING
        for phase in form.phases
        for question in phase.questions
        if question.on_paper
        for mark in question.marks
        if mark.on_paper
    ]
    widest = _HALF - _MIN_LABEL - _ENTRY - _MIN_REST
    longest = min(widest, max([160, *map(int, legends)]))
    rest = max(_MIN_REST, (widest - longest) // 2)
    half = (_HALF - _ENTRY - longest - rest, _ENTRY, longest, rest)
    return (_HEAD, *half, *half)


def _head() -> _Block:
    return _Block(
        rows=(16.5, 21.75, 4.5),
        places=(
            Drawn(0, 0, Style.TITLE, columns=5, name=names.TITLE),
            Drawn(0, 5, Style.ABOUT, columns=4, name=names.ABOUT),
            Drawn(1, 0, Style.HEADING, columns=9, name=names.HEADING),
        ),
        framed=False,
    )


def _plan(form: OfficialForm) -> _Block:
    return _Block(
        rows=(20, 60),
        places=(
            Drawn(0, 0, Style.PHASE, rows=2, text=form.label("plan"), edges="r"),
            Drawn(0, 1, Style.COLUMN, columns=4, text=form.label("plan.policy"), edges="b"),
            Drawn(0, 5, Style.COLUMN, columns=4, text=form.label("plan.annual"), edges="lb"),
            Drawn(1, 1, Style.PLAN, columns=4, name=names.POLICY),
            Drawn(1, 5, Style.PLAN, columns=4, name=names.ANNUAL, edges="l"),
        ),
    )


def _phase(phase: FormPhase) -> _Block | None:
    printed = [question for question in phase.questions if question.on_paper]
    if not printed:
        return None
    rows: list[float] = []
    places: list[Drawn] = []
    for questions in _bands(printed):
        heights, drawn = _band(questions)
        places += [
            replace(
                place, row=place.row + len(rows), edges=place.edges + ("t" if rows and not place.row else "")
            )
            for place in drawn
        ]
        rows += heights
    name = Drawn(0, 0, Style.PHASE, len(rows), text=phase.label, edges="r")
    return _Block(tuple(rows), (name, *places), region=_region(places), phase=phase.key)


def _bands(questions: Sequence[FormQuestion]) -> list[list[FormQuestion]]:
    """Divide a phase where both halves have questions for each target, which then stand beside each other."""
    asked = [index for index, question in enumerate(questions) if question.per_target]
    if len({questions[index].column for index in asked}) < 2:
        return [_together(questions)]
    first = asked[0]
    once = [(index, question) for index, question in enumerate(questions) if not question.per_target]
    bands = [
        [question for index, question in once if index < first],
        [questions[index] for index in asked],
        [question for index, question in once if index > first],
    ]
    return [band for band in bands if band]


def _together(questions: Sequence[FormQuestion]) -> list[FormQuestion]:
    """Let what is asked for each target follow the first such question of its column."""
    asked = [question for question in questions if question.per_target]
    ordered: list[FormQuestion] = []
    for question in questions:
        if not question.per_target:
            ordered.append(question)
        elif question is asked[0]:
            ordered += asked
    return ordered


def _band(questions: Sequence[FormQuestion]) -> tuple[list[float], list[Drawn]]:
    left, right = _Side(1), _Side(5)
    for question in questions:
        side = left if question.column == "left" else right
        if question.kind == "mark":
            _add_mark(side, question)
        else:
            # Beside a mark the heading stands beside its first answer, not above it.
            beside_mark = side is right and not right.rows and left.rows[:1] == [_AIR]
            _add_text(side, question, heading=(_AIR, 12.0) if beside_mark else (18.0,))
    for side in (left, right):
        if side.rows and all(place.style is not Style.TEXT for place in side.places):
            # What is more than air should be stays empty under the last mark, as a part of its box.
            side.add_air(0.0)
    count = max(len(left.rows), len(right.rows))
    for side in (left, right):
        side.spread(count)
    rows = [_beside(left, right, index, count) for index in range(count)]
    return rows, [*left.stretched(count), *right.stretched(count)]


def _beside(left: _Side, right: _Side, index: int, count: int) -> float:
    """Give the height of a row that both halves share."""
    heights = [
        side.rows[index]
        for side in (left, right)
        # What reaches down over further rows asks for no height in this one.
        if index < len(side.rows) - (len(side.rows) < count)
    ]
    return max(heights, default=0.0)


def _region(places: Sequence[Drawn]) -> _Region | None:
    """Find the cells that stand once for each target: whole halves of rows."""
    asked = [place for place in places if place.repeated]
    if not asked:
        return None
    row = min(place.row for place in asked)
    end = max(place.row + place.rows for place in asked)
    columns = {1 if place.column < 5 else 5 for place in asked}
    return _Region(row, end - row, min(columns), 4 * len(columns))


def _add_text(side: _Side, question: FormQuestion, heading: tuple[float, ...]) -> None:
    name = names.of(question)
    line = "l" if side.column == 5 else ""
    top = "t" if side.rows else ""
    note = f" {question.note}" if question.note else ""
    label = Drawn(0, side.column, Style.QUESTION, columns=4, text=note, label=question.label)
    if question.per_target:
        label = replace(label, name=names.label_of(name))
    repeated = question.per_target
    side.add(replace(label, edges=line + top, repeated=repeated), *heading)
    side.add(Drawn(0, side.column, Style.TEXT, columns=4, name=name, edges=line, repeated=repeated), 32.0)


def _add_mark(side: _Side, question: FormQuestion) -> None:
    """Add a mark: label, the cell to fill in, and a line of legend for each answer, with air around them.

    A target that it is asked about stands above, across the half: it may be a long sentence.
    """
    name = names.of(question)
    marks = [mark for mark in question.marks if mark.on_paper]
    first = side.column
    line = "l" if first == 5 else ""
    top = "t" if side.rows else ""
    if question.per_target:
        heading = Drawn(0, first, Style.LABEL, columns=4, name=names.label_of(name), edges=line + top + "b")
        side.add(replace(heading, repeated=True), 20.0)
        top = ""
    start = len(side.rows)
    end = start + 1 + max(1, len(marks))
    label = Drawn(0, first, Style.LABEL, text=question.label, edges=line + "r")
    drawn = [
        Drawn(start, first, Style.LABEL_AIR, edges=line + top + "r"),
        Drawn(start, first + 1, Style.AIR, columns=3, edges=top),
        replace(label, row=start + 1, rows=end - start - 1),
        Drawn(start + 1, first + 1, Style.ENTRY, end - start - 1, name=name, edges="trbl"),
        Drawn(start + 1, first + 3, Style.AIR, rows=end - start - 1),
        Drawn(end, first, Style.LABEL_AIR, edges=line + "r"),
        Drawn(end, first + 1, Style.AIR, columns=3),
    ]
    drawn += [
        Drawn(start + 1 + at, first + 2, Style.LEGEND, text=mark.legend, name=names.legend_of(name, mark))
        for at, mark in enumerate(marks)
    ]
    if not marks:
        drawn.append(Drawn(start + 1, first + 2, Style.AIR))
    side.places += [replace(place, repeated=question.per_target) for place in drawn]
    side.rows += [_AIR, *[_MARK_ROW] * (end - start - 1), _AIR]


# --- as a file -------------------------------------------------------------------------------------------

OPEN = "FFFBE6"
"""Pale enough to print as white: what can be filled in is seen on the screen, and by its frame on paper."""
_GRAY = PatternFill("solid", fgColor="F2F2F2")
_OPEN_FILL = PatternFill("solid", fgColor=OPEN)
_CENTER = Alignment(horizontal="center", vertical="center", wrap_text=True)
_LEFT = Alignment(horizontal="left", vertical="center", wrap_text=True)
_RIGHT = Alignment(horizontal="right", vertical="center", wrap_text=True)
_BESIDE = Alignment(horizontal="left", vertical="center", wrap_text=True, indent=1)
_TEXT = Alignment(horizontal="left", vertical="top", wrap_text=True, indent=1)


@dataclass(frozen=True)
class _Look:
    size: float = TEXT_SIZE
    bold: bool = False
    alignment: Alignment | None = None
    fill: PatternFill | None = None


_LOOKS = {
    Style.TITLE: _Look(alignment=_LEFT),
    Style.ABOUT: _Look(alignment=_RIGHT),
    Style.HEADING: _Look(size=12, bold=True, alignment=_LEFT),
    Style.PHASE: _Look(bold=True, alignment=_CENTER, fill=_GRAY),
    Style.COLUMN: _Look(bold=True, alignment=_CENTER, fill=_GRAY),
    Style.PLAN: _Look(alignment=_TEXT),
    Style.QUESTION: _Look(alignment=_BESIDE),
    Style.TEXT: _Look(alignment=_TEXT, fill=_OPEN_FILL),
    Style.LABEL: _Look(bold=True, alignment=_BESIDE, fill=_GRAY),
    Style.LABEL_AIR: _Look(fill=_GRAY),
    Style.ENTRY: _Look(size=12, bold=True, alignment=_CENTER, fill=_OPEN_FILL),
    Style.LEGEND: _Look(alignment=_LEFT),
    Style.AIR: _Look(),
    Style.EMPTY: _Look(),
}
_LINES = {"": Side(), "-": Side("thin"), "=": Side("medium")}


def layout_file(form: OfficialForm) -> bytes:
    """Write the layout of an edition that has none of its own, ready to be changed in Excel."""
    book = Workbook()
    book._fonts[0] = Font(name=FONT, size=TEXT_SIZE, family=3)
    page = book.active
    assert isinstance(page, Worksheet)
    page.title = "様式"
    row = 1
    for block in _draw(form):
        _put_block(page, block, row)
        row += len(block.rows)
    for number, pixels in enumerate(_columns(form), 1):
        page.column_dimensions[get_column_letter(number)].width = pixels / 7
    page.sheet_view.showGridLines = False
    _set_paper(page, row - 1)
    _explain(book.create_sheet("名前の一覧"), form)
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def _put_block(page: Worksheet, block: _Block, first: int) -> None:
    last = first + len(block.rows) - 1
    for number, height in enumerate(block.rows, first):
        page.row_dimensions[number].height = max(height, 3.0)
    for place in block.places:
        top, left = first + place.row, place.column + 1
        bottom, right = top + place.rows - 1, left + place.columns - 1
        for row in range(top, bottom + 1):
            for column in range(left, right + 1):
                sides = {
                    "t": row == top and _line(place, "t", block.framed and row == first),
                    "r": column == right and _line(place, "r", block.framed and column == 9),
                    "b": row == bottom and _line(place, "b", block.framed and row == last),
                    "l": column == left and _line(place, "l", block.framed and column == 1),
                }
                _put_look(page, row, column, place, sides)
        page.cell(top, left).value = _words(place)
        if (top, left) != (bottom, right):
            area = f"{get_column_letter(left)}{top}:{get_column_letter(right)}{bottom}"
            page.merged_cells.add(area)
        if place.name:
            _name(page, place.name, f"${get_column_letter(left)}${top}")
    if block.region:
        region = block.region
        corners = (
            (region.column + 1, first + region.row),
            (
                region.column + region.columns,
                first + region.row + region.rows - 1,
            ),
        )
        area = ":".join(f"${get_column_letter(column)}${row}" for column, row in corners)
        _name(page, names.region_of(block.phase), area)


def _line(place: Drawn, side: str, at_frame: bool) -> str:
    if at_frame:
        return "="
    return "-" if side in place.edges else ""


def _put_look(page: Worksheet, row: int, column: int, place: Drawn, sides: Mapping[str, str | bool]) -> None:
    look = _LOOKS[place.style]
    cell = page.cell(row, column)
    cell.font = Font(name=FONT, size=look.size, bold=look.bold)
    top, right, bottom, left = (_LINES[sides[side] or ""] for side in "trbl")  # type: ignore[index]
    cell.border = Border(top=top, right=right, bottom=bottom, left=left)
    if look.alignment:
        cell.alignment = look.alignment
    if look.fill:
        cell.fill = look.fill
    cell.protection = Protection(locked=place.style not in (Style.TEXT, Style.ENTRY))


def _words(place: Drawn) -> str | CellRichText | None:
    """Write what stands in a cell of the file. A phase's name goes downwards: no program turns text alike."""
    if place.style is Style.PHASE:
        return _written("\n".join(place.text))
    if place.label and place.text:
        bold = InlineFont(rFont=FONT, b=True, sz=TEXT_SIZE)
        plain = InlineFont(rFont=FONT, sz=TEXT_SIZE)
        return CellRichText(TextBlock(bold, _written(place.label)), TextBlock(plain, _written(place.text)))
    if place.label:
        return CellRichText(TextBlock(InlineFont(rFont=FONT, b=True, sz=TEXT_SIZE), _written(place.label)))
    return _written(place.text) or names.SAMPLES.get(place.name)


def _written(text: str) -> str:
    return escape(holdable(text)[0])


def _name(page: Worksheet, name: str, area: str) -> None:
    page.defined_names.add(DefinedName(name, attr_text=f"{quote_sheetname(page.title)}!{area}"))


def _set_paper(page: Worksheet, last: int) -> None:
    """Print on A4 landscape, the head on every page, pages counted below."""
    page.page_setup.orientation = "landscape"
    page.page_setup.paperSize = page.PAPERSIZE_A4
    page.page_setup.scale = SCALE
    margins = page.page_margins
    margins.left = margins.right = margins.top = 10 / 25.4
    margins.bottom = 14 / 25.4
    margins.header = margins.footer = 0.25
    page.print_options.horizontalCentered = True
    page.print_area = f"A1:I{last}"
    page.print_title_rows = "1:3"
    footer = page.oddFooter
    footer.right.text = "&P / &N ページ"
    footer.right.font, footer.right.size = FONT, 8


def _explain(page: Worksheet, form: OfficialForm) -> None:
    """List the names beside the form, so that whoever changes it sees what each is for."""
    page.append(["名前", "何が入るか"])
    for name, words in names.required(form).items():
        page.append([name, words])
    for name, words in names.optional(form).items():
        page.append([name, f"{words}(なくてもよい)"])
    page.append([])
    for line in names.ADVICE:
        page.append([line])
    for cell in page[1]:
        cell.font = Font(name=FONT, size=TEXT_SIZE, bold=True)
    page.column_dimensions["A"].width, page.column_dimensions["B"].width = 44, 60
