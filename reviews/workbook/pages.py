"""Rows as they are printed: high enough for every text, divided where a page ends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, inf

from .contents import UNCHOSEN, Content, labelled
from .fitting import TALLEST_ROW
from .layout import Block, Layout, Place

TEXT_SIZE = 10.5
_STEP = 94.65
"""Points at which a text of TEXT_SIZE may be divided: 9 lines of LibreOffice and 7 of Excel end there."""

_LEAST = 41.0
"""Points: three lines. Fewer are not left at the end of a page."""

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

    A sheet that fits one page at the layout's smallest scale stays on one. Otherwise pages end at the border
    of a block; only a block higher than a page is divided, and then where a line of its longest text ends.
    """
    head = fit(layout.head, layout.columns, contents)
    blocks = [fit(block, layout.columns, contents) for block in layout.blocks]
    height = sum(head) + sum(map(sum, blocks))
    room = inf if layout.paper.holds(height) else max(layout.paper.page - sum(head), _STEP)

    rows = [PrintedRow(-1, index, high) for index, high in enumerate(head)]
    breaks: list[int] = []
    left = room
    for number, heights in enumerate(blocks):
        if sum(heights) > left and left < room and (sum(heights) <= room or left < room / 3):
            breaks.append(len(rows))
            left = room
        first, step = _longest_text(layout.blocks[number], contents)
        for index, high in enumerate(heights):
            above = sum(heights[first:index])
            done = 0.0
            under = _kept_under(layout.blocks[number], heights, index, room)
            while high - done + under > left:
                cut = _end_of_line(above + done, min(left, high - done), step)
                if cut <= 0 and left == room:
                    break
                if cut > 0:
                    rows += _pieces(number, index, cut)
                    done += cut
                    breaks.append(len(rows))
                    left = room
                else:
                    back = 0 if done else index - _seam(layout.blocks[number], heights, index, first, room)
                    if len(rows) - back <= (breaks[-1] if breaks else len(head)):
                        back = 0
                    breaks.append(len(rows) - back)
                    left = room - sum(heights[index - back : index])
            if high - done > 0:
                rows += _pieces(number, index, high - done)
                left -= high - done
    return Pages(tuple(rows), tuple(breaks))


def _longest_text(block: Block, contents: Mapping[str, Content]) -> tuple[int, float]:
    """Find the row in which a block's longest text begins, and at what heights that text may be divided."""
    texts = [place for place in block.places if place.is_long]
    longest = max(texts, key=lambda place: len(text_of(place, contents)), default=None)
    size = longest.type.size if longest and longest.type else TEXT_SIZE
    return (longest.row if longest else 0), _STEP * size / TEXT_SIZE


def text_of(place: Place, contents: Mapping[str, Content]) -> str:
    """Give what stands in a cell: the sheet's words, or the layout's with what the sheet adds to them."""
    content = contents.get(place.slot)
    if place.is_legend:
        return f"{UNCHOSEN}{place.text}"
    if place.slot.endswith("__label"):
        return labelled(place.text, content.text if content else "")
    if place.slot:
        return content.text if content else ""
    return place.text


def _kept_under(block: Block, heights: Sequence[float], index: int, room: float) -> float:
    """Give the height of the low rows under the last one that grew, which stay on the page of its end.

    A page that ended among them would cut the text beside them through a line.
    """
    grows = max((row for row, one in enumerate(block.rows) if one.most == inf), default=-1)
    under = sum(heights[index + 1 :])
    return under if index == grows and under < room / 3 else 0.0


def _seam(block: Block, heights: Sequence[float], index: int, first: int, room: float) -> int:
    """Find the row above which a page that has no more room for row `index` ends.

    Between two rows a text beside them would be cut through a line: it moves as a whole while that leaves no
    large part of the page empty. Otherwise a mark stays in one piece, under the heading of its target; row 0
    is the border of the block.
    """
    is_beside = index >= first > 0 and sum(heights[first - 1 : index]) < room / 2
    row = first - 1 if is_beside else index
    while any(_joins(place, row, len(block.rows)) for place in block.places):
        row -= 1
    return row


def _joins(place: Place, row: int, rows: int) -> bool:
    """Tell whether a place holds the rows on both sides of an edge together: it spans it, or heads below."""
    if place.slot.endswith("__label") and place.end == row:
        return True
    return not place.is_long and place.rows < rows and place.row < row < place.end


def _end_of_line(above: float, left: float, step: float) -> float:
    """Give the height at which a row is divided: no more than is left on the page, and at the end of a line.

    `above` is what the text has had already. Nothing at all when not even three lines would go there.
    """
    lines = (above + left - _PIXEL - _ABOVE_TEXT) // step
    cut = round((lines * step + _ABOVE_TEXT) / _PIXEL) * _PIXEL - above
    return cut if cut > _LEAST else 0.0


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
        if place.type:
            needed = place.needs or place.type.height(text_of(place, contents), width_of(place, columns))
            _grow(block, place, heights, needed)
    return [ceil(height / _PIXEL) * _PIXEL for height in heights]


def width_of(place: Place, columns: tuple[int, ...]) -> int:
    """Give the pixels between which a place's text is set."""
    return sum(columns[place.column : place.column + place.columns]) - place.indent


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
