"""Rows as they are printed: high enough for every text, divided where a page ends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil, inf

from .contents import Content
from .fitting import LINE_HEIGHT, TALLEST_ROW, height_for
from .layout import INDENT, SCALE, TEXT_SIZE, Block, Layout, Place, Style

# A4 landscape, 210 mm high, less the margins of 10 mm above and 14 mm below.
_PAPER = (210 - 10 - 14) / 25.4 * 72
PAGE = _PAPER / SCALE * 100 * 0.98
"""Points of rows on one page at SCALE; a fiftieth stays free for printers' rounding."""

SMALLEST_SCALE = 75
"""Percent at which one page is still preferred to two: 10.5 points become 7.9."""

_STEP = 94.65
"""Points at which a text may be divided: 9 lines of LibreOffice (10.517) and 7 of Excel (13.5) end there."""

_PIXEL = 0.75
"""Points. Both programs round row heights to whole pixels, and page ends must not drift by that."""

_ABOVE_TEXT = 0.75
"""Points between a cell's edge and its first line."""


@dataclass(frozen=True)
class PrintedRow:
    """A row of the file: the layout's row it belongs to, by block (-1 is the head), and its height."""

    block: int
    row: int
    height: float


@dataclass(frozen=True)
class Pages:
    """All rows of a sheet. `breaks` count the rows before each page break; none means one page."""

    rows: tuple[PrintedRow, ...]
    breaks: tuple[int, ...]


def arrange(layout: Layout, contents: Mapping[str, Content]) -> Pages:
    """Make rows high enough and divide them into pages.

    A sheet that fits one page at SMALLEST_SCALE stays on one. Otherwise pages end at the border of a block;
    only a block higher than a page is divided, and then where a line of its longest text ends.
    """
    head = fit(layout.head, layout.columns, contents)
    blocks = [fit(block, layout.columns, contents) for block in layout.blocks]
    height = sum(head) + sum(map(sum, blocks))
    room = inf if fits_one_page(height) else max(PAGE - sum(head), _STEP)

    rows = [PrintedRow(-1, index, high) for index, high in enumerate(head)]
    breaks: list[int] = []
    left = room
    for number, heights in enumerate(blocks):
        if sum(heights) > left and left < room and (sum(heights) <= room or left < room / 3):
            breaks.append(len(rows))
            left = room
        first = _longest_text(layout.blocks[number], contents)
        for index, high in enumerate(heights):
            above = sum(heights[first:index])
            done = 0.0
            while high - done > left:
                cut = _end_of_line(above + done, left)
                if cut <= 0 and left == room:
                    break
                if cut > 0:
                    rows += _pieces(number, index, cut)
                    done += cut
                breaks.append(len(rows))
                left = room
            if high - done > 0:
                rows += _pieces(number, index, high - done)
                left -= high - done
    return Pages(tuple(rows), tuple(breaks))


def fits_one_page(height: float) -> bool:
    """Tell whether rows of this height, in points, stay on one page at the smallest scale."""
    return height <= PAGE * SCALE / SMALLEST_SCALE


def _longest_text(block: Block, contents: Mapping[str, Content]) -> int:
    """Find the row in which a block's longest text begins."""
    texts = [place for place in block.places if place.style in (Style.TEXT, Style.PLAN)]
    longest = max(texts, key=lambda place: len(contents[place.slot].text), default=None)
    return longest.row if longest else 0


def _end_of_line(above: float, left: float) -> float:
    """Give the height at which a row is divided: no more than is left on the page, and at the end of a line.

    `above` is what the text has had already. Nothing at all when not even three lines would go there.
    """
    lines = (above + left - _PIXEL - _ABOVE_TEXT) // _STEP
    cut = round((lines * _STEP + _ABOVE_TEXT) / _PIXEL) * _PIXEL - above
    return cut if cut > 3 * TEXT_SIZE * LINE_HEIGHT else 0.0


def _pieces(block: int, row: int, height: float) -> list[PrintedRow]:
    """Divide a row that is higher than a row can be."""
    pieces = []
    while height > TALLEST_ROW:
        pieces.append(PrintedRow(block, row, TALLEST_ROW))
        height -= TALLEST_ROW
    return [*pieces, PrintedRow(block, row, height)]


def fit(block: Block, columns: tuple[int, ...], contents: Mapping[str, Content]) -> list[float]:
    """Give each of a block's rows the height that its texts need, in points."""
    heights = [row.height for row in block.rows]
    # Cells of one row first: what is merged over several then grows no more than it must.
    for place in sorted(block.places, key=lambda place: place.rows):
        if place.size and (place.slot or place.text):
            content = contents.get(place.slot)
            text = content.text if content else place.text
            width = sum(columns[place.column : place.column + place.columns])
            width -= INDENT if place.style.indented else 0
            _grow(block, place, heights, height_for(text, width, place.size))
    return [ceil(height / _PIXEL) * _PIXEL for height in heights]


def _grow(block: Block, place: Place, heights: list[float], needed: float) -> None:
    """Make the rows of a place higher: those that may grow only so far first, the others by the rest."""
    span = range(place.row, place.row + place.rows)
    missing = needed - sum(heights[row] for row in span)
    limited = [row for row in span if heights[row] < block.rows[row].most < inf]
    for count, row in enumerate(limited):
        share = min(missing / (len(limited) - count), block.rows[row].most - heights[row])
        if share > 0:
            heights[row] += share
            missing -= share
    if missing > 0:
        endless = [row for row in span if block.rows[row].most == inf] or list(span)
        for row in endless:
            heights[row] += missing / len(endless)
