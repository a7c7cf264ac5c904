"""Workbooks as they come back: written by the site, changed by somebody in Excel.

content = exported(cast.staff, cast.plan)
content = filled(content, "1", midyear_outlook="2", midyear_issues="…")
"""

import io
import re
import zipfile
from collections.abc import Callable
from typing import Any

from django.utils import timezone
from openpyxl import Workbook, load_workbook
from openpyxl.cell import Cell
from openpyxl.worksheet.worksheet import Worksheet

from initiatives.form import read_form
from initiatives.models import FormEdition, Initiative
from reviews.sheet import read_sheets, with_everything
from reviews.workbook.writer import write_workbook


def exported(by, plan) -> bytes:
    """Write the plan's sheets as a person gets them."""
    initiatives = with_everything(Initiative.objects.filter(plan=plan)).order_by("position", "number")
    edition = FormEdition.objects.get(pk=plan.edition_id)
    sheets = read_sheets(initiatives, read_form(edition), by)
    return write_workbook(sheets, at=timezone.now())


def page_of(book: Workbook, number: str) -> Worksheet:
    return next(page for page in book if page.title.split(" ")[0] == number)


def cell_of(page: Worksheet, name: str) -> Cell:
    return page[page.defined_names[name].attr_text.rpartition("!")[2].replace("$", "")]


def changed(content: bytes, change: Callable[[Workbook], Any]) -> bytes:
    """Open a workbook, let it be changed, and save it."""
    book = load_workbook(io.BytesIO(content))
    change(book)
    saved = io.BytesIO()
    book.save(saved)
    return saved.getvalue()


def filled(content: bytes, number: str, **values: Any) -> bytes:
    """Fill cells of one sheet in by their names."""

    def fill(book: Workbook) -> None:
        page = page_of(book, number)
        for name, value in values.items():
            cell_of(page, name).value = value

    return changed(content, fill)


def addressed(content: bytes, number: str, name: str) -> str:
    return cell_of(page_of(load_workbook(io.BytesIO(content)), number), name).coordinate


def rezipped(content: bytes, change: Callable[[dict[str, bytes]], Any]) -> bytes:
    """Change the parts of a package as bytes; `change` gets them by name."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    change(parts)
    saved = io.BytesIO()
    with zipfile.ZipFile(saved, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return saved.getvalue()


def patched(content: bytes, part: str, pattern: str, becomes: str) -> bytes:
    """Replace the first match of a pattern in one part's XML."""

    def patch(parts: dict[str, bytes]) -> None:
        text, count = re.subn(pattern, lambda _: becomes, parts[part].decode(), count=1, flags=re.DOTALL)
        assert count == 1, pattern
        parts[part] = text.encode()

    return rezipped(content, patch)
