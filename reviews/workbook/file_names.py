"""Names of workbooks and of the sheets in them: readable in Japanese, safe for every program."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import NamedTuple
from urllib.parse import quote

from initiatives.models import YearPlan
from reviews.sheet import Sheet
from wardplan.accounts.models import Section
from wardplan.fiscal_year import FiscalYear
from wardplan.text import strip_bidi

LONGEST_TITLE = 31
"""Characters, as Excel counts them: a character outside the first 65,536 counts two."""

_NOT_IN_TITLES = re.compile(r"[\[\]:*?/\\\x00-\x1f\x7f\ufffe\uffff\ud800-\udfff]")
_NOT_IN_FILE_NAMES = re.compile(r'[\\/:*?"<>|\x00-\x1f\x7f\ud800-\udfff]')


class FileName(NamedTuple):
    """A download's name: in ASCII for old programs, and in full."""

    ascii: str
    full: str

    @property
    def header(self) -> str:
        """Write the Content-Disposition header."""
        return f"attachment; filename=\"{self.ascii}\"; filename*=UTF-8''{quote(self.full, safe='')}"


def sheet_filename(sheet: Sheet) -> FileName:
    """Name one sheet's workbook: 見本区_令和2年度_1_人と人とのつながりづくり.xlsx."""
    parts = (sheet.ward_name, sheet.fiscal_year.label, sheet.number, sheet.title)
    return FileName(f"{sheet.ward}-{sheet.fiscal_year:d}-{sheet.number}.xlsx", _full(*parts))


def workbook_filename(plan: YearPlan) -> FileName:
    """Name the year's workbook: 見本区_令和2年度_取組項目.xlsx."""
    year = FiscalYear(plan.fiscal_year)
    return FileName(f"{plan.ward.slug}-{year:d}.xlsx", _full(plan.ward.name, year.label, "取組項目"))


def section_filename(plan: YearPlan, section: Section) -> FileName:
    """Name one section's workbook: 見本区_令和2年度_市民協働課_取組項目.xlsx."""
    year = FiscalYear(plan.fiscal_year)
    full = _full(plan.ward.name, year.label, section.name, "取組項目")
    return FileName(f"{plan.ward.slug}-{year:d}-section{section.pk}.xlsx", full)


def wards_filename(year: FiscalYear, wards: int) -> FileName:
    """Name the file that holds a workbook for each ward: 24区_令和2年度_取組項目.zip."""
    return FileName(f"wards-{year:d}.zip", _full(f"{wards}区", year.label, "取組項目", ending="zip"))


def _full(*parts: str, ending: str = "xlsx") -> str:
    """Join the parts; direction marks go, and what Windows refuses in a name becomes a blank."""
    name = _NOT_IN_FILE_NAMES.sub(" ", strip_bidi("_".join(parts)))
    return f"{name[:80].strip(' .')}.{ending}"


def sheet_title(text: str, taken: Collection[str]) -> str:
    """Make a sheet's title that Excel takes, unlike every one of `taken` (lower case).

    At most 31 characters, none of []:*?/\\, no ' at an end, not "History" (Excel's own). A title that is
    taken, in upper or lower case, gets (2), (3) …
    """
    title = _NOT_IN_TITLES.sub(" ", strip_bidi(text)).strip(" '") or "シート"
    title = _shortened(title, LONGEST_TITLE)
    number = 1
    unique = f"{title}_" if title.lower() == "history" else title
    while unique.lower() in taken:
        number += 1
        ending = f"({number})"
        unique = _shortened(title, LONGEST_TITLE - len(ending)) + ending
    return unique


def _shortened(title: str, longest: int) -> str:
    while len(title.encode("utf-16-le")) > 2 * longest:
        title = title[:-1]
    return title.strip(" '")
