"""Write sheets as an Excel workbook.

Style arrays are shared between cells and merged ranges are added as they are: `merge_cells()` and a style
object for each cell would take ten times as long.
"""

from __future__ import annotations

import datetime
import io
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from xml.etree.ElementTree import Element, SubElement
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from openpyxl import Workbook
from openpyxl.cell.cell import Cell
from openpyxl.cell.rich_text import CellRichText
from openpyxl.styles import Alignment, Border, Font, PatternFill, Protection, Side
from openpyxl.styles.cell_style import StyleArray
from openpyxl.utils import get_column_letter, quote_sheetname
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.pagebreak import Break
from openpyxl.worksheet.worksheet import Worksheet
from openpyxl.writer.excel import ExcelWriter

from initiatives.xlsx.characters import LONGEST_TEXT, REPLACEMENT, escape, holdable, units
from reviews.sheet import Sheet
from wardplan.era import to_jst, wareki_moment

from . import basis, stamp
from .basis import basis_rows
from .contents import Content, Run, contents_of, plain
from .file_names import sheet_title
from .fitting import height_for
from .layout import SCALE, TEXT_SIZE, Layout, Place, Style, build_layout
from .pages import Pages, arrange

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FONT = "BIZ UDゴシック"

# A cell that begins like this would become a formula when somebody edits it, or lose its first character.
_NEEDS_QUOTE = re.compile(r"[=+\-@'\t]")

_NOTICE_TITLE = "お知らせ"

ExtraPages = Mapping[str, Callable[[Worksheet, Sequence[str]], None]]
"""Pages beside the forms, by title: each is filled once the titles of the forms' sheets are known."""


def write_sheet(sheet: Sheet, *, at: datetime.datetime) -> bytes:
    """Write one 取組項目 as a workbook. `at` stands in the footer; the same input gives the same bytes."""
    return write_workbook([sheet], at=at)


def write_workbook(
    sheets: Sequence[Sheet],
    *,
    at: datetime.datetime,
    front: ExtraPages | None = None,
    back: ExtraPages | None = None,
) -> bytes:
    """Write a workbook with a sheet for each 取組項目. Asks no query.

    Nothing is lost on the way: characters that no Excel file can hold become U+FFFD, and the rest of a text
    that is longer than a cell goes to a last sheet, which lists both. `front` and `back` are pages before
    and after the forms, for reading only: a returned file is read without them.
    """
    book = _Book(at)
    extra = {**(front or {}), **(back or {})}
    book.titles |= {title.lower() for title in extra}
    for title in front or {}:
        book.add_for_reading(title)
    for sheet in sheets:
        book.add(sheet)
    book.add_basis(basis_rows(sheets))
    for title in back or {}:
        book.add_for_reading(title)
    for title, fill in extra.items():
        fill(book.book[title], book.forms)
    return book.save()


# --- styles ----------------------------------------------------------------------------------------------

_GRAY = PatternFill("solid", fgColor="F2F2F2")
# Pale enough to print as white: what can be filled in is seen on the screen, and by its frame on paper.
_OPEN_FILL = PatternFill("solid", fgColor="FFFBE6")
_CENTER = Alignment(horizontal="center", vertical="center", wrap_text=True)
_LEFT = Alignment(horizontal="left", vertical="center", wrap_text=True)
_RIGHT = Alignment(horizontal="right", vertical="center", wrap_text=True)
_BESIDE = Alignment(horizontal="left", vertical="center", wrap_text=True, indent=1)
_TEXT = Alignment(horizontal="left", vertical="top", wrap_text=True, indent=1)
_OPEN = Protection(locked=False)


@dataclass(frozen=True)
class _Look:
    size: float = TEXT_SIZE
    bold: bool = False
    alignment: Alignment | None = None
    fill: PatternFill | None = None
    is_open: bool = False


_LOOKS = {
    Style.TITLE: _Look(alignment=_LEFT),
    Style.ABOUT: _Look(alignment=_RIGHT),
    Style.HEADING: _Look(size=12, bold=True, alignment=_LEFT),
    Style.PHASE: _Look(bold=True, alignment=_CENTER, fill=_GRAY),
    Style.COLUMN: _Look(bold=True, alignment=_CENTER, fill=_GRAY),
    Style.PLAN: _Look(alignment=_TEXT),
    Style.QUESTION: _Look(alignment=_BESIDE),
    Style.TEXT: _Look(alignment=_TEXT, fill=_OPEN_FILL, is_open=True),
    Style.LABEL: _Look(bold=True, alignment=_BESIDE, fill=_GRAY),
    Style.LABEL_AIR: _Look(fill=_GRAY),
    Style.ENTRY: _Look(size=12, bold=True, alignment=_CENTER, fill=_OPEN_FILL, is_open=True),
    Style.LEGEND: _Look(alignment=_LEFT),
    Style.AIR: _Look(),
    Style.EMPTY: _Look(),
}
_NUMBER = _Look(alignment=Alignment(horizontal="right", vertical="top"))
_CHOSEN = _Look(bold=True, alignment=_LEFT)

_LINES = {" ": Side(), "-": Side("thin"), "=": Side("medium")}
_SIDES = "trbl"


class _Styles:
    """Style arrays of one workbook, made once each and shared by all cells."""

    def __init__(self, sheet: Worksheet) -> None:
        self._maker = sheet
        self._made: dict[tuple[int, str, bool], StyleArray] = {}

    def get(self, look: _Look, lines: str, quoted: bool = False) -> StyleArray:
        """Give the style of a cell; `lines` names the line at its top, right, bottom and left."""
        # By identity: looks are constants of this module, and to hash one takes longer than to write a cell.
        key = (id(look), lines, quoted)
        if key not in self._made:
            cell = Cell(self._maker, 1, 1)
            cell.font = Font(name=FONT, size=look.size, bold=look.bold)
            top, right, bottom, left = (_LINES[line] for line in lines)
            cell.border = Border(top=top, right=right, bottom=bottom, left=left)
            if look.alignment:
                cell.alignment = look.alignment
            if look.fill:
                cell.fill = look.fill
            if look.is_open:
                cell.protection = _OPEN
                # As text: 0012, 1e5, (1) and 2026/3/31 stay what was typed.
                cell.number_format = "@"
            cell._style.quotePrefix = int(quoted)
            self._made[key] = cell._style
        return self._made[key]


class _RichText(CellRichText):
    """Runs of text, some bold, written without an object for each font."""

    def __init__(self, runs: Sequence[Run], size: float) -> None:
        super().__init__()
        self.runs = runs
        self.size = size

    def __eq__(self, other: object) -> bool:
        return self is other

    def to_tree(self) -> Element:
        tree = Element("is")
        for text, bold in self.runs:
            run = SubElement(tree, "r")
            properties = SubElement(run, "rPr")
            SubElement(properties, "rFont", val=FONT)
            if bold:
                SubElement(properties, "b", val="1")
            SubElement(properties, "sz", val=f"{self.size:g}")
            part = SubElement(run, "t")
            part.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
            part.text = text
        return tree


# --- the workbook ----------------------------------------------------------------------------------------


class _Archive(ZipFile):
    """A zip file whose entries all carry one date, so that the same sheets give the same bytes."""

    def __init__(self, target: io.BytesIO, at: datetime.datetime) -> None:
        super().__init__(target, "w", ZIP_DEFLATED)
        self._date = at.timetuple()[:6]

    def writestr(self, name: Any, content: Any, *args: Any, **kwargs: Any) -> None:  # type: ignore[override]
        entry = ZipInfo(name, self._date)
        entry.compress_type = ZIP_DEFLATED
        entry.external_attr = 0o600 << 16
        super().writestr(entry, content, *args, **kwargs)

    def write(self, filename: Any, arcname: Any = None, *args: Any, **kwargs: Any) -> None:
        with open(filename, "rb") as file:
            self.writestr(arcname, file.read())


@dataclass(frozen=True)
class _Notice:
    """Something about a cell that the reader of the file has to know, and the text that had no room in it."""

    sheet: str
    cell: str
    message: str
    rest: str = ""
    name: str = ""


class _Book:
    def __init__(self, at: datetime.datetime) -> None:
        self.at = to_jst(at)
        self.book = Workbook()
        self.book.remove(self.book.active)
        self.book._fonts[0] = Font(name=FONT, size=TEXT_SIZE, family=3)
        self.styles = _Styles(Worksheet(self.book))
        self.titles: set[str] = {_NOTICE_TITLE, basis.TITLE}
        self.forms: list[str] = []
        self.notices: list[_Notice] = []
        self.layouts: dict[tuple[int, tuple[str, ...]], Layout] = {}

    def add(self, sheet: Sheet) -> None:
        """Add one 取組項目: cells, merges, heights, names, stamp and how it is printed."""
        title = sheet_title(f"{sheet.number} {sheet.title}", self.titles)
        self.titles.add(title.lower())
        self.forms.append(title)
        page = self.book.create_sheet(title)
        layout = self.layout(sheet)
        contents = contents_of(sheet)
        pages = arrange(layout, contents)
        self.fill(page, layout, contents, pages)
        self.set_up_page(page, layout, pages, sheet)
        written_from = stamp.write_stamp(stamp_of(sheet, contents, self.at))
        page.defined_names.add(DefinedName(stamp.NAME, attr_text=written_from))

    def layout(self, sheet: Sheet) -> Layout:
        """Lay a form out once for all sheets that share it."""
        targets = tuple(line.key for line in sheet.annual_targets)
        key = (id(sheet.form), targets)
        if key not in self.layouts:
            self.layouts[key] = build_layout(sheet.form, targets)
        return self.layouts[key]

    def fill(self, page: Worksheet, layout: Layout, contents: Mapping[str, Content], pages: Pages) -> None:
        """Write every place of the layout at the rows that it has on these pages."""
        first: dict[tuple[int, int], int] = {}
        last: dict[tuple[int, int], int] = {}
        for number, row in enumerate(pages.rows, 1):
            first.setdefault((row.block, row.row), number)
            last[row.block, row.row] = number
            page.row_dimensions[number].height = row.height
        # Ranges that are merged: a list of texts, in the order of the layout.
        merged: list[str] = []
        page.merged_cells = merged
        for number, block in enumerate((layout.head, *layout.blocks), -1):
            written = [row for row in range(len(block.rows)) if (number, row) in first]
            frame = None
            if block.framed:
                frame = (first[number, written[0]], last[number, written[-1]], layout.width)
            for place in block.places:
                rows = [row for row in written if place.row <= row < place.row + place.rows]
                if not rows:
                    continue
                top, bottom = first[number, rows[0]], last[number, rows[-1]]
                content = contents.get(place.slot) or plain(_upright(place))
                for start, end in self.stretches(place, top, bottom, pages):
                    self.put(page, place, content, start, end, frame, merged)

    def stretches(self, place: Place, top: int, bottom: int, pages: Pages) -> list[tuple[int, int]]:
        """Divide a phase's name at page breaks, so that it stands on each page; all else stays one cell."""
        breaks = [row for row in pages.breaks if top <= row < bottom] if place.style is Style.PHASE else []
        starts = [top, *(row + 1 for row in breaks)]
        return list(zip(starts, [*breaks, bottom], strict=True))

    def put(
        self,
        page: Worksheet,
        place: Place,
        content: Content,
        top: int,
        bottom: int,
        frame: tuple[int, int, int] | None,
        merged: list[str],
    ) -> None:
        """Write a place: its text into the first cell, its lines around the edge of all of them."""
        left, right = place.column + 1, place.column + place.columns
        look = _CHOSEN if content.chosen else _LOOKS[place.style]
        address = f"{get_column_letter(left)}{top}"
        runs = self.writable(page.title, address, place, content.runs)
        text = "".join(run.text for run in runs)
        quoted = place.style is Style.TEXT and _NEEDS_QUOTE.match(text) is not None
        around = {
            "t": _line(place, "t", content.chosen, frame is not None and top == frame[0]),
            "r": _line(place, "r", content.chosen, frame is not None and right == frame[2]),
            "b": _line(place, "b", content.chosen, frame is not None and bottom == frame[1]),
            "l": _line(place, "l", content.chosen, frame is not None and left == 1),
        }
        cells = page._cells
        for row in range(top, bottom + 1):
            for column in range(left, right + 1):
                lines = (
                    (around["t"] if row == top else " ")
                    + (around["r"] if column == right else " ")
                    + (around["b"] if row == bottom else " ")
                    + (around["l"] if column == left else " ")
                )
                cells[row, column] = Cell(page, row, column, None, self.styles.get(look, lines, quoted))
        if text:
            cell = cells[top, left]
            cell.data_type = "s"
            rich = any(run.bold for run in runs)
            cell._value = _RichText(runs, place.size) if rich else text
        if (top, left) != (bottom, right):
            merged.append(f"{address}:{get_column_letter(right)}{bottom}")
        if place.name:
            reference = f"{quote_sheetname(page.title)}!${get_column_letter(left)}${top}"
            page.defined_names.add(DefinedName(place.name, attr_text=reference))
        if place.symbols:
            self.offer(page, address, place.symbols, place.hint)

    def offer(self, page: Worksheet, address: str, symbols: Sequence[str], hint: str) -> None:
        """Offer a mark's answers as a list, with a hint beside the cell.

        Other spellings (2, ii) may be typed, so nothing is refused.
        """
        words = ",".join(symbols)
        if '"' in words or len(words) > 200 or any("," in symbol for symbol in symbols):
            return
        page.add_data_validation(
            DataValidation(
                type="list",
                formula1=f'"{words}"',
                allow_blank=True,
                showErrorMessage=False,
                showInputMessage=True,
                prompt=f"{'、'.join(symbols)} から選んでください。{hint}"[:255],
                sqref=address,
            )
        )

    def writable(self, title: str, address: str, place: Place, runs: Sequence[Run]) -> tuple[Run, ...]:
        """Make a cell's text one that Excel can hold, and note what had to be done for it."""
        held = [(*holdable(text), bold) for text, bold in runs]
        clean = [Run(text, bold) for text, _, bold in held]
        replaced = sum(count for _, count, _ in held)
        if replaced:
            message = f"Excelで使えない文字{replaced}個を「{REPLACEMENT}」に置き換えました。"
            self.notices.append(_Notice(title, address, message))
        if sum(len(text) for text, _ in clean) * 2 > LONGEST_TEXT:
            clean, rest = _divided(clean)
            if rest:
                message = f"1つのセルに入りきらないため、{len(rest):,}字をこのシートに続けて書きました。"
                self.notices.append(_Notice(title, address, message, rest, place.name))
        return tuple(Run(escape(text), bold) for text, bold in clean)

    def set_up_page(self, page: Worksheet, layout: Layout, pages: Pages, sheet: Sheet) -> None:
        """Print on A4 landscape, the head on every page, pages counted below."""
        for number, pixels in enumerate(layout.columns, 1):
            page.column_dimensions[get_column_letter(number)].width = _column_width(pixels)
        page.sheet_view.showGridLines = False
        _protect(page)
        _paper(page)
        last = len(pages.rows)
        page.print_area = f"A1:{get_column_letter(layout.width)}{last}"
        page.print_title_rows = f"1:{len(layout.head.rows)}"
        if pages.breaks:
            page.page_setup.scale = SCALE
            for row in pages.breaks:
                page.row_breaks.append(Break(id=row))
        else:
            page.sheet_properties.pageSetUpPr.fitToPage = True
            page.page_setup.fitToWidth = page.page_setup.fitToHeight = 1
        states = "・".join(
            f"{block.phase.label}: {block.status_label}" for block in sheet.blocks if block.on_paper
        )
        _footer(page, f"{states}  出力 {wareki_moment(self.at)}")

    def add_for_reading(self, title: str) -> Worksheet:
        """Add a page beside the forms, which nobody takes back."""
        page = self.book.create_sheet(title)
        _mark_for_reading(page)
        return page

    def add_basis(self, rows: Sequence[basis.Row]) -> None:
        """Add the table of what the marks rest on, after the forms; nothing when there is nothing to say."""
        if not rows:
            return
        page = self.add_for_reading(basis.TITLE)
        widths = tuple(basis.COLUMNS.values())
        for number, pixels in enumerate(widths, 1):
            page.column_dimensions[get_column_letter(number)].width = _column_width(pixels)
        self.line(page, 1, tuple(basis.COLUMNS), self.styles.get(_LOOKS[Style.COLUMN], "----"), widths)
        # Quoted, so that a text that begins like a formula stays text when somebody edits it.
        body = self.styles.get(_LOOKS[Style.PLAN], "----", quoted=True)
        number_style = self.styles.get(_NUMBER, "----")
        for row, cells in enumerate(rows, 2):
            self.line(page, row, ["" if isinstance(cell, Decimal) else cell for cell in cells], body, widths)
            for column, cell in enumerate(cells, 1):
                if isinstance(cell, Decimal):
                    page._cells[row, column] = Cell(page, row, column, cell, number_style)
        page.freeze_panes = "C2"
        _paper(page)
        page.print_title_rows = "1:1"
        page.sheet_properties.pageSetUpPr.fitToPage = True
        page.page_setup.fitToWidth, page.page_setup.fitToHeight = 1, 0
        _footer(page, f"出力 {wareki_moment(self.at)}")

    def add_notices(self) -> None:
        """List on a last sheet what could not be written as it was; the rest of a long text stands there."""
        page = self.add_for_reading(_NOTICE_TITLE)
        widths = (200, 70, 300, 570)
        for number, pixels in enumerate(widths, 1):
            page.column_dimensions[get_column_letter(number)].width = _column_width(pixels)
        head = self.styles.get(_LOOKS[Style.COLUMN], "----")
        body = self.styles.get(_LOOKS[Style.PLAN], "----")
        self.line(page, 1, ("シート", "セル", "お知らせ", "続きの文"), head, widths)
        row = 1
        for notice in self.notices:
            parts = _parts(notice.rest) if notice.rest else [""]
            for number, part in enumerate(parts, 2):
                row += 1
                self.line(page, row, (notice.sheet, notice.cell, notice.message, part), body, widths)
                if part and notice.name:
                    reference = f"{quote_sheetname(_NOTICE_TITLE)}!$D${row}"
                    origin = self.book[notice.sheet]
                    origin.defined_names.add(DefinedName(f"{notice.name}__{number}", attr_text=reference))
        _paper(page)
        page.page_setup.scale = SCALE
        _footer(page, f"出力 {wareki_moment(self.at)}")

    def line(
        self, page: Worksheet, row: int, texts: Sequence[str], style: StyleArray, widths: Sequence[int]
    ) -> None:
        heights = [height_for(text, width, TEXT_SIZE) for text, width in zip(texts, widths, strict=True)]
        page.row_dimensions[row].height = min(max(heights), 409)
        for column, text in enumerate(texts, 1):
            cell = page._cells[row, column] = Cell(page, row, column, None, style)
            if text:
                cell.data_type = "s"
                cell._value = escape(text)

    def save(self) -> bytes:
        if self.notices:
            self.add_notices()
        if not self.book.worksheets:
            page = self.book.create_sheet("取組項目なし")
            style = self.styles.get(_LOOKS[Style.AIR], "    ")
            self.line(page, 1, ("この年度には取組項目がありません。",), style, (400,))
        properties = self.book.properties
        properties.creator = properties.lastModifiedBy = ""
        properties.created = properties.modified = self.at.astimezone(datetime.UTC).replace(tzinfo=None)
        target = io.BytesIO()
        ExcelWriter(self.book, _Archive(target, self.at)).save()
        return target.getvalue()


def stamp_of(sheet: Sheet, contents: Mapping[str, Content], at: datetime.datetime) -> stamp.Stamp:
    """Say what a sheet was written from; a phase that the person may not read gives no version."""
    plan = [holdable(contents[slot].text)[0] for slot in ("plan.policy", "plan.annual")]
    return stamp.Stamp(
        edition=sheet.form.code,
        ward=sheet.ward,
        year=int(sheet.fiscal_year),
        number=sheet.number,
        versions={block.phase.key: block.version for block in sheet.blocks if block.readable},
        plan=tuple(stamp.print_of(text) for text in plan if units(text) <= LONGEST_TEXT),
        at=at.isoformat(timespec="minutes"),
    )


def _upright(place: Place) -> str:
    """Write a phase's name downwards, a character a line: rotated text is not drawn alike everywhere."""
    return "\n".join(place.text) if place.style is Style.PHASE else place.text


def _line(place: Place, side: str, chosen: bool, at_frame: bool) -> str:
    if chosen or at_frame:
        return "="
    return "-" if side in place.edges else " "


def _divided(runs: Sequence[Run]) -> tuple[list[Run], str]:
    """Divide a text into what one cell holds and the rest."""
    fitting: list[Run] = []
    room = LONGEST_TEXT
    for index, (text, bold) in enumerate(runs):
        if units(text) > room:
            head = _head(text, room)
            rest = text[len(head) :] + "".join(run.text for run in runs[index + 1 :])
            return [*fitting, Run(head, bold)], rest
        fitting.append(Run(text, bold))
        room -= units(text)
    return fitting, ""


def _head(text: str, units: int) -> str:
    """Take as many characters from the start as `units` allow; none is split."""
    return text.encode("utf-16-le")[: 2 * units].decode("utf-16-le", "ignore")


def _parts(text: str) -> list[str]:
    parts = []
    while text:
        parts.append(_head(text, LONGEST_TEXT))
        text = text[len(parts[-1]) :]
    return parts


def _column_width(pixels: int) -> float:
    """Turn pixels into Excel's unit: digits of the standard font, which are 7 pixels wide."""
    return pixels / 7


def _mark_for_reading(page: Worksheet) -> None:
    """Say that a sheet is no form, so that nobody is told that it was not taken back."""
    page.defined_names.add(DefinedName(stamp.FOR_READING, attr_text='"1"'))


def _protect(page: Worksheet) -> None:
    """Lock what is not to be filled in, against slips only: no password, and heights may be changed."""
    page.protection.sheet = True
    page.protection.formatRows = page.protection.formatColumns = page.protection.formatCells = False


def _paper(page: Worksheet) -> None:
    page.page_setup.orientation = "landscape"
    page.page_setup.paperSize = page.PAPERSIZE_A4
    margins = page.page_margins
    margins.left = margins.right = margins.top = 10 / 25.4
    margins.bottom = 14 / 25.4
    margins.header = margins.footer = 0.25
    page.print_options.horizontalCentered = True


def _footer(page: Worksheet, left: str) -> None:
    footer = page.oddFooter
    footer.left.text = left.replace("&", "&&")
    footer.right.text = "&P / &N ページ"
    for part in (footer.left, footer.right):
        part.font, part.size = FONT, 8
