"""Where everything stands on the official form: columns, rows, cells, their looks, and what they are named.

A layout is read from an .xlsx file (see layout_file): the edition's own, or the one that follows from its
questions. The writer fills it; a reader finds the same cells again by their names, never by address.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from openpyxl import Workbook

from initiatives.form import FormQuestion

from .fitting import Type

ANY_TARGET = "_target"
"""Stands in a layout's names where a sheet's names have the target: review_mark__target, review_mark_a1."""

GAP = "@@@"
"""Stands in a layout's XML where a sheet puts in its own words."""

INDENT = 22
"""Pixels that LibreOffice takes for one step of indent, three blanks; Excel takes less."""


def answer_name(question: FormQuestion, target: str = "") -> str:
    """Name a question's cell: midyear_issues, for a target's own question midyear_mark_a1."""
    return "_".join(part for part in (question.phase, question.key, target) if part)


@dataclass(frozen=True)
class Place:
    """A cell of the form, merged over `rows` and `columns`; row and column count from 0 inside the block.

    What stands in it is what the sheet has for `slot`, or `text` as the layout says it; `rich` is that text
    with fonts of its own, as XML, `run` the properties of a run of text, with a gap for bold. `name` is the
    defined name of a cell that can be filled in, `symbols` the answers it takes, `hint` what to know about
    them. `faces` are the looks of its cells, row by row. A place without `type` asks for no height; one that
    `is_long` takes as much of it as its text needs; `needs` is the height of a text that is always the same:
    one line, unless it `wraps`.
    """

    row: int
    column: int
    rows: int = 1
    columns: int = 1
    faces: tuple[int, ...] = ()
    text: str = ""
    rich: str = ""
    run: str = ""
    slot: str = ""
    name: str = ""
    symbols: tuple[str, ...] = ()
    hint: str = ""
    type: Type | None = None
    indent: int = 0
    is_long: bool = False
    is_legend: bool = False
    wraps: bool = True
    needs: float = 0.0

    @property
    def end(self) -> int:
        return self.row + self.rows


@dataclass(frozen=True)
class Row:
    """A row of the form: its least height in points, and how high it may become when a text needs more."""

    height: float
    most: float = 0.0


@dataclass(frozen=True)
class Region:
    """Cells of a block that stand once for each target."""

    row: int
    rows: int
    column: int
    columns: int

    @property
    def end(self) -> int:
        return self.row + self.rows

    def holds(self, place: Place) -> bool:
        return (
            self.row <= place.row
            and place.end <= self.end
            and self.column <= place.column
            and place.column + place.columns <= self.column + self.columns
        )


@dataclass(frozen=True)
class Block:
    """Rows that stay together on a page when they can, a phase for example."""

    rows: tuple[Row, ...]
    places: tuple[Place, ...]
    region: Region | None = None


@dataclass(frozen=True)
class Paper:
    """What a sheet is printed on: points of rows on a page, the scale in percent, and its settings as XML.

    `setup` is the pageSetup element, with a gap for how the sheet is scaled; `footer` the headerFooter
    element, with a gap for what the system writes into it.
    """

    page: float
    scale: int
    smallest: int
    setup: str = ""
    margins: str = ""
    options: str = ""
    footer: str = ""

    def holds(self, height: float) -> bool:
        """Tell whether rows of this height, in points, stay on one page at the smallest scale."""
        return height <= self.page * self.scale / self.smallest


@dataclass(frozen=True, eq=False)
class Layout:
    """A whole form. `columns` are widths in pixels; `head` is printed on every page.

    `looks` is a workbook that holds the looks of all cells: a face is the place of one in its list, and
    `variants` gives for a face and a change the changed one's place: "t" without its line at the top, "b" at
    the bottom, "T" with a thin line at the top, "q" for text that must be quoted, "c" for a chosen answer.
    """

    columns: tuple[int, ...]
    head: Block
    blocks: tuple[Block, ...]
    paper: Paper
    looks: Workbook
    variants: Mapping[tuple[int, str], int]
    view: str = ""
    _expanded: dict[tuple[str, ...], Layout] = field(default_factory=dict)

    @property
    def width(self) -> int:
        return len(self.columns)

    def for_targets(self, targets: Sequence[str]) -> Layout:
        """Repeat what stands once for each target; the same layout where the form asks no such question."""
        if not any(block.region for block in self.blocks):
            return self
        keys = tuple(targets)
        if keys not in self._expanded:
            blocks = tuple(self._repeated(block, keys) if block.region else block for block in self.blocks)
            # Few plans differ in their targets' keys; whoever fills this on purpose gets no memory for it.
            if len(self._expanded) > 50:
                self._expanded.clear()
            self._expanded[keys] = replace(self, blocks=blocks, _expanded={})
        return self._expanded[keys]

    def face(self, face: int, changes: str) -> int:
        for change in changes:
            face = self.variants.get((face, change), face)
        return face

    def _repeated(self, block: Block, keys: tuple[str, ...]) -> Block:
        region = block.region
        assert region is not None
        times = max(1, len(keys))
        inside = block.rows[region.row : region.end]
        rows = (*block.rows[: region.row], *inside * times, *block.rows[region.end :])

        def moved(row: int) -> int:
            # What stands beside the region keeps its rows; the lowest of it reaches down to the region's end.
            return row + (times - 1) * region.rows if row >= region.end else row

        places: list[Place] = []
        for place in block.places:
            if not region.holds(place):
                row = moved(place.row)
                faces = self._stretched(place, [moved(at + 1) - moved(at) for at in _rows_of(place)])
                places.append(replace(place, row=row, rows=moved(place.end) - row, faces=faces))
                continue
            for copy in range(times):
                places.append(self._copied(place, region, copy, keys))
        return Block(rows, tuple(places))

    def _copied(self, place: Place, region: Region, copy: int, keys: tuple[str, ...]) -> Place:
        """Give one target's copy of a place: a thin line divides it from the one above."""
        key = keys[copy] if keys else ""
        changes = ["" for _ in place.faces]
        for index in range(len(place.faces)):
            row = place.row + index // place.columns
            if copy and row == region.row:
                changes[index] += "T"
            if copy < len(keys) - 1 and row == region.end - 1:
                changes[index] += "b"
        return replace(
            place,
            row=place.row + copy * region.rows,
            faces=tuple(self.face(*pair) for pair in zip(place.faces, changes, strict=True)),
            name=place.name.replace(ANY_TARGET, key) if key else "",
            slot=place.slot.replace(ANY_TARGET, key),
            symbols=place.symbols if key else (),
        )

    def _stretched(self, place: Place, times: Sequence[int]) -> tuple[int, ...]:
        faces: list[int] = []
        for index, count in enumerate(times):
            row = place.faces[index * place.columns : (index + 1) * place.columns]
            for copy in range(count):
                changes = ("t" if copy else "") + ("b" if copy < count - 1 else "")
                faces += [self.face(face, changes) for face in row]
        return tuple(faces)


def _rows_of(place: Place) -> range:
    return range(place.row, place.end)
