"""A layout made ready to be filled again and again: its XML is written once, each sheet puts its words in.

openpyxl would make an object for each of a sheet's 300 cells, and look its style up; here a row is a text
with gaps.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from xml.sax.saxutils import escape as escape_xml

from openpyxl import Workbook
from openpyxl.styles.cell_style import StyleArray
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.protection import SheetProtection
from openpyxl.xml.functions import tostring

from initiatives.xlsx.characters import escape

from .contents import CHOSEN, UNCHOSEN, Run, labelled
from .layout import GAP, Block, Layout, Place
from .pages import Pages

ROW = "\0"
"""Stands where the number of the row goes: no text can hold it."""

_HEAD = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
)


class Words(NamedTuple):
    """What a cell says, as Excel can hold it; `quoted` when it begins like a formula."""

    runs: tuple[Run, ...] = ()
    quoted: bool = False
    chosen: bool = False

    @property
    def text(self) -> str:
        return "".join(run.text for run in self.runs)


class _Gap(NamedTuple):
    """A cell whose text or look depends on the sheet: its column and styles, and whether its text is here."""

    place: Place
    letter: str
    style: int
    other: int
    says: bool


class Stood(NamedTuple):
    """Where a place stands on a written sheet."""

    place: Place
    left: str
    top: int
    right: str
    bottom: int

    @property
    def cell(self) -> str:
        return f"{self.left}{self.top}"

    @property
    def area(self) -> str:
        return f"{self.left}{self.top}:{self.right}{self.bottom}"


class Stencil:
    """One layout in one workbook. `styles` gives for each of the layout's faces its style in the workbook."""

    def __init__(self, layout: Layout, styles: Sequence[int]) -> None:
        self.layout = layout
        self.styles = styles
        self.letters = [get_column_letter(number) for number in range(1, layout.width + 1)]
        self.grids = [self._grid(block) for block in (layout.head, *layout.blocks)]
        self.rows: dict[tuple[int, int, bool, bool, bool], list[str | _Gap]] = {}
        columns = "".join(
            f'<col min="{number}" max="{number}" width="{pixels / 7:.6g}" customWidth="1"/>'
            for number, pixels in enumerate(layout.columns, 1)
        )
        self.before = (
            f"<sheetViews>{layout.view}</sheetViews>"
            f'<sheetFormatPr baseColWidth="8" defaultRowHeight="15"/><cols>{columns}</cols><sheetData>'
        )
        self.after = layout.paper.options + layout.paper.margins
        self.offers = {
            id(place): offer
            for block in (layout.head, *layout.blocks)
            for place in block.places
            if place.symbols and (offer := _offer(place.symbols, place.hint))
        }

    def places(self, pages: Pages) -> list[Stood]:
        """Say where each place stands that is merged or named."""
        first: dict[tuple[int, int], int] = {}
        last: dict[tuple[int, int], int] = {}
        for number, row in enumerate(pages.rows, 1):
            key = (row.block, row.row)
            first.setdefault(key, number)
            last[key] = number
        letters = self.letters
        return [
            Stood(
                place,
                letters[place.column],
                first[number, place.row],
                letters[place.column + place.columns - 1],
                last[number, place.end - 1],
            )
            for number, block in enumerate((self.layout.head, *self.layout.blocks), -1)
            for place in block.places
            if place.slot or place.rows > 1 or place.columns > 1 or pages.breaks
        ]

    def sheet(
        self, pages: Pages, standing: Sequence[Stood], words: Mapping[str, Words], footer: str
    ) -> bytes:
        """Write a whole sheet: `standing` are its places, `words` what stands in the named ones."""
        paper = self.layout.paper
        scale = f'scale="{paper.scale}"' if pages.breaks else 'fitToWidth="1" fitToHeight="1"'
        fit = "" if pages.breaks else '<sheetPr><pageSetUpPr fitToPage="1"/></sheetPr>'
        merged = [
            f'<mergeCell ref="{area}"/>' for stood in standing for area in self._areas(stood, pages.breaks)
        ]
        offers = [
            self.offers[id(stood.place)].replace(GAP, stood.cell)
            for stood in standing
            if id(stood.place) in self.offers
        ]
        breaks = [f'<brk id="{row}" min="0" max="16383" man="1"/>' for row in pages.breaks]
        count = len(breaks)
        return "".join(
            (
                _HEAD,
                fit,
                f'<dimension ref="A1:{self.letters[-1]}{len(pages.rows)}"/>',
                self.before,
                *self._rows_of(pages, words),
                "</sheetData>",
                _PROTECTION,
                f'<mergeCells count="{len(merged)}">{"".join(merged)}</mergeCells>' if merged else "",
                f'<dataValidations count="{len(offers)}">{"".join(offers)}</dataValidations>'
                if offers
                else "",
                self.after,
                paper.setup.replace("/>", f" {scale}/>"),
                paper.footer.replace(GAP, escape_xml(footer)),
                f'<rowBreaks count="{count}" manualBreakCount="{count}">{"".join(breaks)}</rowBreaks>'
                if breaks
                else "",
                "</worksheet>",
            )
        ).encode()

    def _areas(self, stood: Stood, breaks: Sequence[int]) -> Iterator[str]:
        """Give what is merged: a text of the form itself is divided where a page ends, to stand on each."""
        if not breaks or not _stands_again(stood.place):
            if stood.left != stood.right or stood.top != stood.bottom:
                yield stood.area
            return
        cuts = [row for row in breaks if stood.top <= row < stood.bottom]
        for top, bottom in zip([stood.top, *(row + 1 for row in cuts)], [*cuts, stood.bottom], strict=True):
            if (stood.left, top) != (stood.right, bottom):
                yield f"{stood.left}{top}:{stood.right}{bottom}"

    def _rows_of(self, pages: Pages, words: Mapping[str, Words]) -> Iterator[str]:
        breaks = set(pages.breaks)
        rows = pages.rows
        keys = [(row.block, row.row) for row in rows]
        for number, row in enumerate(rows, 1):
            key = keys[number - 1]
            above = number > 1 and keys[number - 2] == key
            below = number < len(rows) and keys[number] == key
            parts = self._row(*key, above, below, number - 1 in breaks)
            cells = "".join(
                [part if type(part) is str else _filled(part, words) for part in parts]  # type: ignore[arg-type]
            )
            yield f'<row r="{number}" ht="{row.height:g}" customHeight="1">'
            yield cells.replace(ROW, str(number))
            yield "</row>"

    def _row(self, block: int, row: int, above: bool, below: bool, starts: bool) -> list[str | _Gap]:
        """Write a row of the layout once; `above` and `below` say that it goes on there.

        `starts` says that it is the first one of a page.
        """
        key = (block, row, above, below, starts)
        if key not in self.rows:
            self.rows[key] = list(self._cells(*key))
        return self.rows[key]

    def _cells(self, block: int, row: int, above: bool, below: bool, starts: bool) -> Iterator[str | _Gap]:
        layout = self.layout
        for column, place in enumerate(self.grids[block + 1][row]):
            letter = self.letters[column]
            if place is None:
                continue
            face = place.faces[(row - place.row) * place.columns + column - place.column]
            face = layout.face(face, ("t" if above else "") + ("b" if below else ""))
            style = self.styles[face]
            begins = column == place.column and row == place.row and not above
            if place.is_legend:
                yield _Gap(place, letter, style, self.styles[layout.face(face, "c")], begins)
            elif begins and place.slot:
                yield _Gap(place, letter, style, self.styles[layout.face(face, "q")], True)
            elif begins or (starts and column == place.column and _stands_again(place)):
                yield _cell(letter, style, place.rich or _written(escape(place.text)))
            else:
                yield _cell(letter, style, "")

    @staticmethod
    def _grid(block: Block) -> list[list[Place | None]]:
        width = max(place.column + place.columns for place in block.places)
        grid: list[list[Place | None]] = [[None] * width for _ in block.rows]
        for place in block.places:
            for row in range(place.row, place.end):
                grid[row][place.column : place.column + place.columns] = [place] * place.columns
        return grid


def adopt(book: Workbook, looks: Workbook) -> list[int]:
    """Take a layout's styles over into a workbook, and give for each its place there."""
    if len(book._cell_styles) == 1:
        for kind in ("_fonts", "_fills", "_borders", "_alignments", "_protections", "_cell_styles"):
            mine, theirs = getattr(book, kind), getattr(looks, kind)
            mine[:] = theirs
            mine._dict = dict(theirs._dict)
        # Colours may be named by their place in the theme.
        book.loaded_theme = looks.loaded_theme
        return list(range(len(looks._cell_styles)))
    fonts, fills, borders, alignments, protections = (
        [getattr(book, kind).add(one) for one in getattr(looks, kind)]
        for kind in ("_fonts", "_fills", "_borders", "_alignments", "_protections")
    )
    styles = []
    for style in looks._cell_styles:
        made = StyleArray(style)
        made.fontId, made.fillId, made.borderId = (
            fonts[style.fontId],
            fills[style.fillId],
            borders[style.borderId],
        )
        made.alignmentId = alignments[style.alignmentId]
        made.protectionId = protections[style.protectionId]
        styles.append(book._cell_styles.add(made))
    return styles


def _stands_again(place: Place) -> bool:
    return bool(place.text) and not place.slot


def _cell(letter: str, style: int, body: str) -> str:
    if not body:
        return f'<c r="{letter}{ROW}" s="{style}"/>'
    return f'<c r="{letter}{ROW}" s="{style}" t="inlineStr">{body}</c>'


def _filled(gap: _Gap, words: Mapping[str, Words]) -> str:
    place = gap.place
    found = words.get(place.slot, _NOTHING)
    if place.is_legend:
        tick = CHOSEN if found.chosen else UNCHOSEN
        body = _written(tick + escape(place.text)) if gap.says else ""
        return _cell(gap.letter, gap.other if found.chosen else gap.style, body)
    style = gap.other if found.quoted else gap.style
    if place.slot.endswith("__label"):
        return _cell(gap.letter, style, _written(labelled(escape(place.text), found.text)))
    if any(run.bold for run in found.runs):
        return _cell(gap.letter, style, _rich(found.runs, place.run))
    return _cell(gap.letter, style, _written(found.text))


_NOTHING = Words()


def _written(text: str) -> str:
    if not text:
        return ""
    return f"<is>{_text(text)}</is>"


def _text(text: str) -> str:
    keep = ' xml:space="preserve"' if text != text.strip() else ""
    return f"<t{keep}>{escape_xml(text)}</t>"


def _rich(runs: Sequence[Run], properties: str) -> str:
    plain, bold = (f"<r><rPr>{properties.replace(GAP, b)}</rPr>" for b in ("", '<b val="1"/>'))
    parts = [f"{bold if run.bold else plain}{_text(run.text)}</r>" for run in runs]
    return f"<is>{''.join(parts)}</is>"


def _offer(symbols: Sequence[str], hint: str) -> str:
    """Offer a mark's answers as a list, with a hint beside the cell.

    Other spellings (2, ii) may be typed, so nothing is refused.
    """
    words = ",".join(symbols)
    if '"' in words or len(words) > 200 or any("," in symbol for symbol in symbols):
        return ""
    offer = DataValidation(
        type="list",
        formula1=f'"{words}"',
        allow_blank=True,
        showErrorMessage=False,
        showInputMessage=True,
        prompt=f"{'、'.join(symbols)} から選んでください。{hint}"[:255],
        sqref="A1",
    )
    return xml_of(offer).replace('sqref="A1"', f'sqref="{GAP}"')


def xml_of(element: Any) -> str:
    return str(tostring(element.to_tree()), "utf-8")


def _protection() -> str:
    """Lock what is not to be filled in, against slips only: no password, and heights may be changed."""
    return xml_of(SheetProtection(sheet=True, formatRows=False, formatColumns=False, formatCells=False))


_PROTECTION = _protection()
