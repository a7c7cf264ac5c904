"""A copy of an uploaded workbook with marks where something has to be put right."""

from __future__ import annotations

import io
import warnings
from collections.abc import Sequence
from zipfile import BadZipFile

from openpyxl.comments import Comment
from openpyxl.reader.excel import ExcelReader
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils.exceptions import IllegalCharacterError
from openpyxl.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet
from openpyxl.xml.constants import SHARED_STRINGS

from initiatives.xlsx.cells import read_strings
from initiatives.xlsx.characters import escape, holdable
from initiatives.xlsx.gate import NotOurs, Package, open_package

from .file_names import sheet_title
from .reader import Problem

HEAVIEST = 120_000
"""Of a package's weight: openpyxl takes about half a kilobyte for each unit, and has 60 MB to spend here."""

_MARK = PatternFill("solid", fgColor="FFC7CE")
_LIST = "直すところ"
# What openpyxl raises for a file that Excel may well open: it was written for files of its own kind.
_UNREADABLE = (ValueError, TypeError, LookupError, AttributeError, OSError, BadZipFile, IllegalCharacterError)


class _ExactReader(ExcelReader):
    """openpyxl's reader, which by itself takes every x005F_ out of shared strings."""

    def __init__(self, content: bytes, package: Package) -> None:
        super().__init__(io.BytesIO(content))
        self.exact = package

    def read_strings(self) -> None:
        part = self.package.find(SHARED_STRINGS)
        if part is not None:
            found = read_strings(self.exact, part.PartName.lstrip("/").lower())
            self.shared_strings = [escape(text) for text in found]


def mark(content: bytes, problems: Sequence[Problem]) -> bytes:
    """Mark the cells of problems with a colour and a comment, and list all of them on a first sheet.

    Raises NotOurs when the workbook is too heavy to be written again, or holds what openpyxl cannot read.
    """
    refused = NotOurs("このファイルには印を付けられません。画面の一覧を見ながら直してください。")
    package = open_package(content)
    if package.weight > HEAVIEST:
        raise refused
    reader = _ExactReader(content, package)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            reader.read()
    except _UNREADABLE as error:
        raise refused from error
    book = reader.wb
    pages = {page.title: page for page in book.worksheets}
    for problem in problems:
        if problem.cell and problem.sheet in pages:
            _mark_cell(pages[problem.sheet], problem)
    _add_list(book, problems)
    saved = io.BytesIO()
    try:
        book.save(saved)
    except _UNREADABLE as error:
        raise refused from error
    return saved.getvalue()


def _mark_cell(page: Worksheet, problem: Problem) -> None:
    cell = page[problem.cell]
    for merged in page.merged_cells.ranges:
        if problem.cell in merged:
            cell = page.cell(merged.min_row, merged.min_col)
    cell.fill = _MARK
    cell.comment = Comment(problem.sentence, "取組シート", height=120, width=320)


def _add_list(book: Workbook, problems: Sequence[Problem]) -> None:
    """List every problem on a sheet of its own, in front; the form's cells keep their places."""
    taken = {title.lower() for title in book.sheetnames}
    page = book.create_sheet(sheet_title(_LIST, taken), 0)
    book.active = 0
    page.append(["シート", "セル", "欄", "何が起きたか・どうするか"])
    for problem in problems:
        page.append([""] * 4)
        for column, text in enumerate((problem.sheet, problem.cell, problem.field, problem.sentence), 1):
            cell = page.cell(page.max_row, column)
            # As text, whatever it begins with.
            cell.data_type, cell._value = "s", escape(holdable(text)[0])
            cell.alignment = Alignment(wrap_text=True, vertical="top")
    for cell in page[1]:
        cell.font = Font(bold=True)
    for letter, width in zip("ABCD", (34, 8, 30, 80), strict=True):
        page.column_dimensions[letter].width = width
