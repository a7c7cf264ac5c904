"""Write sheets as an Excel workbook: the forms from stencils, what stands beside them by openpyxl."""

from __future__ import annotations

import datetime
import io
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from openpyxl import Workbook
from openpyxl.cell.cell import Cell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.styles.cell_style import StyleArray
from openpyxl.utils import get_column_letter, quote_sheetname
from openpyxl.workbook.defined_name import DefinedName, DefinedNameDict
from openpyxl.worksheet.worksheet import Worksheet
from openpyxl.writer.excel import ExcelWriter
from openpyxl.xml.functions import Element

from initiatives.xlsx.characters import LONGEST_TEXT, REPLACEMENT, escape, holdable, units
from reviews.sheet import Sheet
from wardplan.era import to_jst, wareki_moment

from . import basis, names, stamp
from .basis import basis_rows, fill_basis
from .contents import Content, Run, contents_of
from .file_names import sheet_title
from .fitting import FONT, height_for
from .layout import Layout, Place
from .layout_file import layout_for
from .pages import arrange
from .stencil import Stencil, Stood, Words, adopt

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SCALE = 90
TEXT_SIZE = 10.5

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
    layout: Layout | None = None,
) -> bytes:
    """Write a workbook with a sheet for each 取組項目, in its edition's layout or in another `layout`.

    Asks no query, but the first one in a process of a layout that is an edition's own.

    Nothing is lost on the way: characters that no Excel file can hold become U+FFFD, and the rest of a text
    that is longer than a cell goes to a last sheet, which lists both. `front` and `back` are pages before
    and after the forms, for reading only: a returned file is read without them.
    """
    book = _Book(at, layout)
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


# --- styles of the tables beside the forms ---------------------------------------------------------------

_GRAY = PatternFill("solid", fgColor="F2F2F2")
_LINE = Side("thin")


class _Tables:
    """Styles of one workbook's tables, made once each and shared by all cells."""

    def __init__(self, book: Workbook) -> None:
        self._maker = Worksheet(book)

    @cached_property
    def head(self) -> StyleArray:
        return self._style(Alignment(horizontal="center", vertical="center", wrap_text=True), bold=True)

    @cached_property
    def body(self) -> StyleArray:
        return self._style(Alignment(horizontal="left", vertical="top", wrap_text=True))

    @cached_property
    def bare(self) -> StyleArray:
        return self._style(None)

    def _style(self, alignment: Alignment | None, *, bold: bool = False) -> StyleArray:
        cell = Cell(self._maker, 1, 1)
        cell.font = Font(name=FONT, size=TEXT_SIZE, bold=bold)
        if alignment:
            cell.border = Border(top=_LINE, right=_LINE, bottom=_LINE, left=_LINE)
            cell.alignment = alignment
        if bold:
            cell.fill = _GRAY
        return cell._style


# --- the workbook ----------------------------------------------------------------------------------------


class _Archive(ZipFile):
    """A zip file whose entries all carry one date, so that the same sheets give the same bytes."""

    def __init__(self, target: io.BytesIO, at: datetime.datetime) -> None:
        super().__init__(target, "w", ZIP_DEFLATED)
        self._date = at.timetuple()[:6]

    def writestr(self, name: Any, content: Any, *args: Any, **kwargs: Any) -> None:  # type: ignore[override]
        # The third level packs nearly as well as the usual sixth, in half the time.
        super().writestr(self._entry(name), content, ZIP_DEFLATED, 3)

    def write(self, filename: Any, arcname: Any = None, *args: Any, **kwargs: Any) -> None:
        # Piece by piece: the data of 24 wards is 30 MB of XML.
        entry = self._entry(arcname)
        entry._compresslevel = 3  # type: ignore[attr-defined]
        with open(filename, "rb") as file, self.open(entry, "w") as packed:
            shutil.copyfileobj(file, packed)

    def _entry(self, name: str) -> ZipInfo:
        entry = ZipInfo(name, self._date)
        entry.compress_type = ZIP_DEFLATED
        entry.external_attr = 0o600 << 16
        return entry


@dataclass(frozen=True)
class _Notice:
    """Something about a cell that the reader of the file has to know, and the text that had no room in it."""

    sheet: str
    cell: str
    message: str
    rest: str = ""
    name: str = ""


class _Writer(ExcelWriter):
    """openpyxl's writer for all of a workbook but its forms, whose sheets are in the archive already."""

    def __init__(self, book: Workbook, archive: _Archive, forms: Sequence[str]) -> None:
        super().__init__(book, archive)
        others = [page.title for page in book.worksheets if page.title not in set(forms)]
        self.forms = len(forms)
        self.numbers = {title: number for number, title in enumerate([*forms, *others], 1)}

    def write_worksheet(self, page: Worksheet) -> None:
        page._id = self.numbers[page.title]
        if page._id > self.forms:
            super().write_worksheet(page)
        else:
            self.manifest.append(page)


class _Name(DefinedName):
    """A name of a form's cell, without openpyxl's checks of every attribute: a year has hundreds of them."""

    def __init__(self, name: str, reference: str) -> None:
        self.__dict__.update(name=name, attr_text=reference, localSheetId=None)

    def to_tree(self, *args: Any, **kwargs: Any) -> Element:
        tree = Element("definedName", name=self.name, localSheetId=str(self.localSheetId))
        tree.text = self.attr_text
        return tree


class _FormPage(Worksheet):
    """What the workbook has to know of a form: title, place in the archive, names. Its cells are stamped."""

    auto_filter = None
    print_area = ""
    print_titles = ""
    sheet_state = "visible"

    def __init__(self, book: Workbook, title: str, number: int) -> None:
        self._parent = book
        self._WorkbookChild__title = title
        self._id = number
        self.defined_names = DefinedNameDict()
        self._rels: list[Any] = []
        self._charts: list[Any] = []
        self._comments: list[Any] = []
        self._tables: dict[str, Any] = {}
        self._pivots: list[Any] = []
        self.legacy_drawing = None
        self._drawing = None


class _Book:
    def __init__(self, at: datetime.datetime, layout: Layout | None = None) -> None:
        self.at = to_jst(at)
        self.layout = layout
        self.book = Workbook()
        self.book.remove(self.book.active)
        self.tables = _Tables(self.book)
        self.titles: set[str] = {_NOTICE_TITLE, basis.TITLE}
        self.forms: list[str] = []
        self.notices: list[_Notice] = []
        self.styles: dict[int, list[int]] = {}
        self.stencils: dict[int, Stencil] = {}
        self.content = io.BytesIO()
        self.archive = _Archive(self.content, self.at)

    def add(self, sheet: Sheet) -> None:
        """Add one 取組項目: cells, merges, heights, names, stamp and how it is printed.

        Its XML goes to the archive at once, so that the memory of a year of all wards stays small.
        """
        title = sheet_title(f"{sheet.number} {sheet.title}", self.titles)
        self.titles.add(title.lower())
        self.forms.append(title)
        contents = contents_of(sheet)
        stencil = self.stencil(sheet)
        pages = arrange(stencil.layout, contents)
        standing = stencil.places(pages)
        words = self.words(title, standing, contents)

        page = _FormPage(self.book, title, len(self.forms))
        self.book._sheets.append(page)
        self.archive.writestr(page.path[1:], stencil.sheet(pages, standing, words, self.footer(sheet)))
        quoted = quote_sheetname(title)
        for stood in standing:
            if stood.place.name:
                page.defined_names.add(_Name(stood.place.name, f"{quoted}!${stood.left}${stood.top}"))
        page.defined_names.add(_Name(stamp.NAME, stamp.write_stamp(stamp_of(sheet, contents, self.at))))
        page.print_area = f"{quoted}!$A$1:${stencil.letters[-1]}${len(pages.rows)}"
        if stencil.layout.head.rows:
            page.print_titles = f"{quoted}!$1:${len(stencil.layout.head.rows)}"

    def stencil(self, sheet: Sheet) -> Stencil:
        """Make a form ready once for all sheets that share it."""
        targets = tuple(line.key for line in sheet.annual_targets)
        layout = self.layout.for_targets(targets) if self.layout else layout_for(sheet.form, targets)
        if id(layout) not in self.stencils:
            looks = layout.looks
            if id(looks) not in self.styles:
                self.styles[id(looks)] = adopt(self.book, looks)
            self.stencils[id(layout)] = Stencil(layout, self.styles[id(looks)])
        return self.stencils[id(layout)]

    def words(
        self, title: str, standing: Sequence[Stood], contents: Mapping[str, Content]
    ) -> dict[str, Words]:
        """Make what the sheet says fit for cells, by name."""
        words = {}
        for stood in standing:
            content = contents.get(stood.place.slot)
            if content is not None:
                runs = self.writable(title, stood.cell, stood.place, content.runs)
                quoted = stood.place.is_long and bool(runs) and _NEEDS_QUOTE.match(runs[0].text) is not None
                words[stood.place.slot] = Words(runs, quoted, content.chosen)
        return words

    def footer(self, sheet: Sheet) -> str:
        states = "・".join(
            f"{block.phase.label}: {block.status_label}" for block in sheet.blocks if block.on_paper
        )
        return f"{states}  出力 {wareki_moment(self.at)}".replace("&", "&&")

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

    def add_for_reading(self, title: str) -> Worksheet:
        """Add a page beside the forms, which nobody takes back."""
        page = self.book.create_sheet(title)
        _mark_for_reading(page)
        return page

    def add_basis(self, rows: Sequence[basis.Row]) -> None:
        """Add the table of what the marks rest on, after the forms; nothing when there is nothing to say."""
        if not rows:
            return
        fill_basis(self.add_for_reading(basis.TITLE), rows, self.at)

    def add_notices(self) -> None:
        """List on a last sheet what could not be written as it was; the rest of a long text stands there."""
        page = self.add_for_reading(_NOTICE_TITLE)
        widths = (200, 70, 300, 570)
        for number, pixels in enumerate(widths, 1):
            page.column_dimensions[get_column_letter(number)].width = _column_width(pixels)
        body = self.tables.body
        self.line(page, 1, ("シート", "セル", "お知らせ", "続きの文"), self.tables.head, widths)
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
            self.line(page, 1, ("この年度には取組項目がありません。",), self.tables.bare, (400,))
        properties = self.book.properties
        properties.creator = properties.lastModifiedBy = ""
        properties.created = properties.modified = self.at.astimezone(datetime.UTC).replace(tzinfo=None)
        _Writer(self.book, self.archive, self.forms).save()
        return self.content.getvalue()


def stamp_of(sheet: Sheet, contents: Mapping[str, Content], at: datetime.datetime) -> stamp.Stamp:
    """Say what a sheet was written from; a phase that the person may not read gives no version."""
    plan = [holdable(contents[slot].text)[0] for slot in (names.POLICY, names.ANNUAL)]
    return stamp.Stamp(
        edition=sheet.form.code,
        ward=sheet.ward,
        year=int(sheet.fiscal_year),
        number=sheet.number,
        versions={block.phase.key: block.version for block in sheet.blocks if block.readable},
        plan=tuple(stamp.print_of(text) for text in plan if units(text) <= LONGEST_TEXT),
        at=at.isoformat(timespec="minutes"),
    )


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
