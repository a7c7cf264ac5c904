"""What the pages beside the forms share: looks, cells whose text stays text, paper.

Such a page is plain: readable without colour, printed on A4, and never merged.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import ceil
from urllib.parse import quote

from openpyxl.cell.cell import Cell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.styles.cell_style import StyleArray
from openpyxl.utils import get_column_letter, quote_sheetname
from openpyxl.worksheet.hyperlink import Hyperlink
from openpyxl.worksheet.worksheet import Worksheet

from initiatives.xlsx.characters import escape, holdable
from wardplan.era import wareki_moment

from .fitting import FONT, TALLEST_ROW, height_for, text_width

Value = str | int | Decimal | datetime.date | None

_PAPER = 1032
"""Pixels that A4 landscape holds between its margins at full size."""
_SMALLEST = 6
"""Points: letters are printed no smaller."""
_NARROWEST = 44
_LOOKS_LIKE_FORMULA = re.compile(r"[=+\-@'\t]")
_LINE = Side("thin")


@dataclass(frozen=True)
class Look:
    """How a cell looks. `size` in points; `link` underlines, so that a link is seen on paper as well."""

    size: float = 10.5
    bold: bool = False
    link: bool = False
    framed: bool = True
    gray: bool = False
    across: str = "left"
    wraps: bool = True
    number_format: str = "General"


PLAIN = Look(framed=False, wraps=False)
TITLE = Look(size=16, bold=True, framed=False, wraps=False)
HEAD = Look(bold=True, gray=True, across="center")
BODY = Look()
MIDDLE = Look(across="center")
LINK = Look(link=True, across="center")
AMOUNT = Look(across="right", wraps=False, number_format="#,##0.####")


class Pen:
    """Write one page's cells. Each look becomes a style once: fonts for each cell take ten times as long."""

    def __init__(self, page: Worksheet) -> None:
        self.page = page
        self._styles: dict[tuple[Look, bool], StyleArray] = {}

    def put(self, row: int, column: int, value: Value, look: Look = BODY) -> Cell:
        """Write a cell. Text is never taken for a formula or a number, now or when somebody edits it."""
        text = isinstance(value, str)
        quoted = text and _LOOKS_LIKE_FORMULA.match(str(value)) is not None
        cell = self.page._cells[row, column] = Cell(self.page, row, column)
        # Shared: the constructor would make a copy for each cell, half of what a cell weighs.
        cell._style = self._style(look, quoted)
        if text and value:
            cell.data_type = "s"
            cell._value = escape(holdable(str(value))[0])
        elif not text and value is not None:
            # Set as they are: `cell.value` would bring a format of its own for dates.
            cell.data_type = "d" if isinstance(value, datetime.date) else "n"
            cell._value = value
        return cell

    def row(self, row: int, values: Sequence[Value], looks: Sequence[Look], widths: Sequence[int]) -> None:
        """Write cells beside each other, in a row that is high enough for their texts. Widths in pixels."""
        heights = [20.0]
        for column, (value, look, width) in enumerate(zip(values, looks, widths, strict=True), 1):
            self.put(row, column, value, look)
            if isinstance(value, str) and look.wraps:
                heights.append(height_for(value, width, look.size))
        self.page.row_dimensions[row].height = min(max(heights), TALLEST_ROW)

    def link(self, row: int, column: int, title: str, file: str = "") -> None:
        """Lead from a cell to a sheet: of the same file, or of another one in the same folder."""
        reference = f"{get_column_letter(column)}{row}"
        place = f"{quote_sheetname(title)}!A1"
        link = Hyperlink(ref=reference, location=place, target=quote(file) or None)
        self.page._cells[row, column]._hyperlink = link
        self.page._hyperlinks.append(link)

    def _style(self, look: Look, quoted: bool) -> StyleArray:
        if (look, quoted) not in self._styles:
            cell = Cell(self.page, 1, 1)
            underline = "single" if look.link else None
            cell.font = Font(name=FONT, size=look.size, bold=look.bold, underline=underline)
            cell.alignment = Alignment(horizontal=look.across, vertical="center", wrap_text=look.wraps)
            cell.number_format = look.number_format
            if look.framed:
                cell.border = Border(top=_LINE, right=_LINE, bottom=_LINE, left=_LINE)
            if look.gray:
                cell.fill = PatternFill("solid", fgColor="F2F2F2")
            cell._style.quotePrefix = int(quoted)
            self._styles[look, quoted] = cell._style
        return self._styles[look, quoted]


def set_widths(page: Worksheet, widths: Sequence[int]) -> None:
    """Set the columns' widths, in pixels; Excel counts digits of 7 pixels."""
    for number, pixels in enumerate(widths, 1):
        page.column_dimensions[get_column_letter(number)].width = pixels / 7


def column_width(heading: str, cells: Iterable[Value], most: int, size: float) -> int:
    """Give a column, in pixels, what its longest line needs, and its heading three lines; `most` at most."""
    em = size * 4 / 3
    texts = {str(cell) for cell in cells if cell is not None}
    ems = max(text_width(heading) / 3, *(text_width(line) for text in texts for line in text.split("\n")), 0)
    # An em that counting lines keeps free, and the cell's own margins.
    return min(most, max(_NARROWEST, int((ems + 1) * em) + 8))


def fit_beside(page: Worksheet, width: int, size: float) -> None:
    """Print a wide table on as few pages beside each other as can be read. `width` in pixels."""
    page.page_setup.fitToWidth = max(1, ceil(width * _SMALLEST / size / _PAPER))


def set_paper(page: Worksheet, at: datetime.datetime, *, landscape: bool, head: int) -> None:
    """Print on A4, as wide as the paper, row `head` on every page, pages counted below."""
    page.sheet_view.showGridLines = False
    page.page_setup.orientation = "landscape" if landscape else "portrait"
    page.page_setup.paperSize = page.PAPERSIZE_A4
    page.sheet_properties.pageSetUpPr.fitToPage = True
    page.page_setup.fitToWidth, page.page_setup.fitToHeight = 1, 0
    margins = page.page_margins
    margins.left = margins.right = margins.top = 12 / 25.4
    margins.bottom = 15 / 25.4
    margins.header = margins.footer = 0.25
    page.print_options.horizontalCentered = True
    if head:
        page.print_title_rows = f"{head}:{head}"
    footer = page.oddFooter
    footer.left.text = f"出力 {wareki_moment(at)}"
    footer.right.text = "&P / &N ページ"
    for part in (footer.left, footer.right):
        part.font, part.size = FONT, 8
