"""Where everything stands on the official form: columns, rows, cells, borders and names.

The layout follows from an edition's questions, so a new year's form needs no code. The writer fills it; a
reader finds the same cells again by their names, never by address.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from math import inf

from initiatives.form import FormPhase, FormQuestion, OfficialForm

from .fitting import text_width

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

INDENT = 22
"""Pixels that LibreOffice takes for one step of indent, three blanks; Excel takes less."""

_MARK_ROW = 18.0
_AIR = 6.0
_MOST_AIR = 30.0


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

    @property
    def indented(self) -> bool:
        return self in (Style.PLAN, Style.QUESTION, Style.TEXT, Style.LABEL)


@dataclass(frozen=True)
class Place:
    """A cell of the form, merged over `rows` and `columns`; row and column count from 0 inside the block.

    What stands in it is `text`, or what the sheet has for `slot`. `name` is the defined name of a cell that
    can be filled in, `symbols` the answers it takes, `hint` what to know about them. `edges` are the sides
    with a thin line: t, r, b, l. `size` is the font size in points by which the rows are made high enough;
    0 asks for no height.
    """

    row: int
    column: int
    style: Style
    rows: int = 1
    columns: int = 1
    text: str = ""
    slot: str = ""
    name: str = ""
    symbols: tuple[str, ...] = ()
    hint: str = ""
    edges: str = ""
    size: float = TEXT_SIZE


@dataclass(frozen=True)
class Row:
    """A row of the form: its least height in points, and how high it may become when a text needs more.

    A row whose height stays 0 is left out of the file.
    """

    height: float
    most: float = 0.0

    @property
    def grows(self) -> bool:
        return self.most > self.height


@dataclass(frozen=True)
class Block:
    """Rows that stay together on a page when they can, a phase for example. `framed` has a border."""

    rows: tuple[Row, ...]
    places: tuple[Place, ...]
    framed: bool = True


@dataclass(frozen=True)
class Layout:
    """A whole form. `head` is printed on every page."""

    columns: tuple[int, ...]
    head: Block
    blocks: tuple[Block, ...]

    @property
    def width(self) -> int:
        return len(self.columns)


@dataclass
class _Side:
    """One half of a phase while it is put together, from top to bottom."""

    column: int
    rows: list[Row] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)

    def add(self, place: Place, *rows: Row) -> None:
        self.places.append(replace(place, row=len(self.rows), rows=len(rows)))
        self.rows += rows

    def spread(self, rows: int) -> None:
        """Share what rows the other half has more between the texts, so that each can grow beside air."""
        texts = [index for index, place in enumerate(self.places) if place.style is Style.TEXT]
        for waiting, index in zip(range(len(texts), 1, -1), texts, strict=False):
            text = self.places[index]
            more = (rows - len(self.rows)) // waiting
            if more > 0:
                self.rows[text.row : text.row + 1] = [Row(0, most=inf), *[Row(0)] * more]
                self.places = [
                    replace(place, row=place.row + more) if place.row > text.row else place
                    for place in self.places
                ]
                self.places[index] = replace(text, rows=1 + more)

    def stretched(self, rows: int) -> list[Place]:
        """Let what stands at the bottom reach down to the other half's end."""
        if not self.rows:
            return [Place(0, self.column, Style.EMPTY, rows, 4, edges="l")]
        end = len(self.rows)
        return [
            replace(place, rows=rows - place.row) if place.row + place.rows == end else place
            for place in self.places
        ]


def build_layout(form: OfficialForm, targets: Sequence[str] = ()) -> Layout:
    """Lay out an edition's form.

    Every phase with a question on paper becomes a block: questions of the left column at the left, the
    others beside them. A text stands under its heading; a mark is a row of label, the cell to fill in, and
    the printed legend. `targets` are the keys of the year's targets, for editions that print a question for
    each of them.
    """
    columns = _columns(form)
    phases = [_phase(phase, targets) for phase in form.phases]
    return Layout(columns, _head(form), (_plan(form), *(block for block in phases if block)))


def answer_name(question: FormQuestion, target: str = "") -> str:
    """Name a question's cell: midyear_issues, for a target's own question midyear_mark_a1."""
    return "_".join(part for part in (question.phase, question.key, target) if part)


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


def _head(form: OfficialForm) -> Block:
    return Block(
        rows=(Row(16.5), Row(21.75), Row(4.5)),
        places=(
            Place(0, 0, Style.TITLE, columns=5, text=form.title),
            Place(0, 5, Style.ABOUT, columns=4, slot="about"),
            Place(1, 0, Style.HEADING, columns=9, slot="heading", size=12),
        ),
        framed=False,
    )


def _plan(form: OfficialForm) -> Block:
    return Block(
        rows=(Row(20), Row(60, most=inf)),
        places=(
            Place(0, 0, Style.PHASE, rows=2, text=form.label("plan"), edges="r"),
            Place(0, 1, Style.COLUMN, columns=4, text=form.label("plan.policy"), edges="b"),
            Place(0, 5, Style.COLUMN, columns=4, text=form.label("plan.annual"), edges="lb"),
            Place(1, 1, Style.PLAN, columns=4, slot="plan.policy"),
            Place(1, 5, Style.PLAN, columns=4, slot="plan.annual", edges="l"),
        ),
    )


def _phase(phase: FormPhase, targets: Sequence[str]) -> Block | None:
    printed = [
        (question, target)
        for question in phase.questions
        if question.on_paper
        for target in (targets if question.per_target else ("",))
    ]
    if not printed:
        return None
    left, right = _Side(1), _Side(5)
    for question, target in printed:
        side = left if question.column == "left" else right
        if question.kind == "mark":
            _add_mark(side, question, target, _demands(phase, question))
        else:
            # Beside a mark the heading stands beside its first answer, not above it.
            beside_mark = side is right and not right.rows and left.rows[:1] == [Row(_AIR)]
            _add_text(side, question, target, heading=(Row(_AIR), Row(12)) if beside_mark else (Row(18),))
    for side in (left, right):
        _let_grow(side)

    count = max(len(left.rows), len(right.rows))
    for side in (left, right):
        side.spread(count)
    rows = tuple(_beside(left, right, index, count) for index in range(count))
    head = Place(0, 0, Style.PHASE, count, text=phase.label, edges="r")
    return Block(rows, (head, *left.stretched(count), *right.stretched(count)))


def _let_grow(side: _Side) -> None:
    """Give the height that the other half needs to texts; where there are only marks, to the air around them.

    What is more than air should be stays empty under the last mark.
    """
    if side.rows and not any(row.grows for row in side.rows):
        side.rows = [replace(row, most=_MOST_AIR) if row.height == _AIR else row for row in side.rows]
        side.add(Place(0, side.column, Style.EMPTY, columns=4, edges="lt", size=0), Row(0, most=inf))


def _beside(left: _Side, right: _Side, index: int, count: int) -> Row:
    """Combine a row of both halves: the left one says how it grows, down to where it ends."""
    heights = [
        side.rows[index].height
        for side in (left, right)
        # What reaches down over further rows asks for no height in this one.
        if index < len(side.rows) - (len(side.rows) < count)
    ]
    growing = left.rows[index] if index < len(left.rows) else right.rows[index]
    return Row(max(heights, default=0.0), growing.most)


def _add_text(side: _Side, question: FormQuestion, target: str, heading: tuple[Row, ...]) -> None:
    name = answer_name(question, target)
    line = "l" if side.column == 5 else ""
    top = "t" if side.rows else ""
    side.add(
        Place(0, side.column, Style.QUESTION, columns=4, slot=f"head:{name}", edges=line + top), *heading
    )
    side.add(
        Place(0, side.column, Style.TEXT, columns=4, slot=f"answer:{name}", name=name, edges=line),
        Row(32, most=inf),
    )


def _demands(phase: FormPhase, question: FormQuestion) -> str:
    """Say which other question an answer makes necessary: ②を選んだときは、課題と改善策も…"""
    sentences = [
        f"{mark.symbol}を選んだときは、{asked.label}も記入してください。"
        for mark in question.marks
        if mark.requires and (asked := phase.question(mark.requires))
    ]
    return "".join(sentences)


def _add_mark(side: _Side, question: FormQuestion, target: str, hint: str) -> None:
    """Add a mark: label, the cell to fill in, and a line of legend for each answer, with air around them."""
    name = answer_name(question, target)
    marks = [mark for mark in question.marks if mark.on_paper]
    first = side.column
    line = "l" if first == 5 else ""
    top = "t" if side.rows else ""
    start = len(side.rows)
    lines = [Row(_MARK_ROW)] * max(1, len(marks))

    side.rows.append(Row(_AIR))
    side.places += [
        Place(start, first, Style.LABEL_AIR, edges=line + top + "r", size=0),
        Place(start, first + 1, Style.AIR, columns=3, edges=top, size=0),
        Place(
            start + 1,
            first + 1,
            Style.ENTRY,
            rows=len(lines),
            slot=f"entry:{name}",
            name=name,
            symbols=tuple(mark.symbol for mark in marks),
            hint=hint,
            edges="trbl",
            size=0,
        ),
        Place(start + 1, first + 3, Style.AIR, rows=len(lines), size=0),
    ]
    side.places += [
        Place(start + 1 + index, first + 2, Style.LEGEND, slot=f"mark:{name}:{mark.position}")
        for index, mark in enumerate(marks)
    ]
    if not marks:
        side.places.append(Place(start + 1, first + 2, Style.AIR, size=0))
    side.add(Place(0, first, Style.LABEL, slot=f"label:{name}", edges=line + "r"), *lines)
    side.rows.append(Row(_AIR))
    side.places += [
        Place(start + 1 + len(lines), first, Style.LABEL_AIR, edges=line + "r", size=0),
        Place(start + 1 + len(lines), first + 1, Style.AIR, columns=3, size=0),
    ]
