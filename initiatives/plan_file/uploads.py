"""A file or a pasted text of any kind that holds a plan: which kind it is, and reading it."""

from __future__ import annotations

from initiatives.form import OfficialForm
from wardplan.fiscal_year import FiscalYear
from wardplan.text import is_blank

from .documents import DocumentReading, read_document, read_workbook
from .problems import PlanErrors, Problem
from .reading import decode, read_plan_text

_ZIP, _OLD_OFFICE, _PDF = b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"%PDF"
_EXCEL = (".xlsx", ".xlsm", ".xls", ".xlsb")


def read_upload(
    name: str, given: bytes | str, fiscal_year: FiscalYear | int, form: OfficialForm | None = None
) -> DocumentReading:
    """Read a plan file (JSON) or a plan document (text, HTML, Excel), told apart by name and beginning.

    Text is UTF-8, with or without BOM. Raises PlanErrors for anything else, naming what it is and what to do.
    """
    if isinstance(given, bytes):
        if given.startswith((_ZIP, _OLD_OFFICE)):
            return read_workbook(given, fiscal_year, form)
        _refuse_other_kinds(name.lower(), given)
        given = decode(given)
    text = given.removeprefix("\ufeff")
    if is_blank(text):
        raise _refused("ファイルに何も書かれていません。計画の入ったファイルを選び直してください。")
    if name.lower().endswith(".json") or text.lstrip().startswith("{"):
        return DocumentReading(read_plan_text(text))
    return read_document(text, fiscal_year, form)


def _refuse_other_kinds(name: str, given: bytes) -> None:
    if given and name.endswith(_EXCEL):
        raise _refused("名前はExcelですが、Excelのファイルではありません。元のファイルを確かめてください。")
    if given.startswith(_PDF):
        raise _refused("PDFは読み取れません。元の文書の文をコピーして貼り付けてください。")


def _refused(sentence: str) -> PlanErrors:
    return PlanErrors([Problem("", sentence)])
