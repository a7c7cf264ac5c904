"""Refuse what is no returned form before anything of it is opened: each kind with a sentence and a way out.

Nothing here trusts the file: sizes are summed before unpacking, every XML part is parsed once by expat,
which builds no tree, and a document type ends the parsing where it begins, in whatever encoding it hides.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from xml.parsers import expat
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo
from zlib import error as ZlibError

from ..refusals import Refused

MEGABYTE = 1024 * 1024
LARGEST_FILE = 10 * MEGABYTE
MOST_UNPACKED = 24 * MEGABYTE
"""A year of 100 sheets with every text at its limit takes about 9 MB."""
MOST_PARTS = 1_000
MOST_TIMES = 300
"""How many times its packed size a part may have; ordinary sheets have 5 to 40."""
MOST_SHEETS = 110
"""A hundred forms, and the pages that stand beside them."""
MOST_ROWS = 5_000
"""In one sheet: a form with every text at its limit has about 200."""
MOST_ELEMENTS = 500_000

_CHUNK = MEGABYTE
"""Of a part at a time: expat looks again at a token that is not whole yet with every chunk."""
_OLE = b"\xd0\xcf\x11\xe0"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_ENDINGS = (".xml", ".rels", ".vml")
_AREA = re.compile(r"([A-Z]{1,3})([0-9]{1,7}):([A-Z]{1,3})([0-9]{1,7})\Z")

_WORKBOOK = "spreadsheetml.sheet.main+xml"
_TYPES = "[content_types].xml"
_LIGHT = ("c", "v", "f", "is", "si", "t", "r", "rPr", "rFont", "sz", "b")

AGAIN = "Excelファイル(.xlsx)を選んでください。"


class NotOurs(Refused):
    """The file is no form that was written here, or holds what no form holds."""

    code = 200


@dataclass
class Package:
    """An .xlsx file that passed the gate.

    `elements` counts what its XML holds; `weight` estimates what an editor of workbooks makes of that, which
    builds an object for every merge, rule and name, and a cell for every place of a merged area.
    """

    archive: ZipFile
    parts: dict[str, ZipInfo]
    workbook: str = ""
    elements: int = 0
    weight: int = 0

    def parse(
        self,
        name: str,
        start: Callable[[str, dict[str, str]], Any] | None = None,
        end: Callable[[str], Any] | None = None,
        text: Callable[[str], Any] | None = None,
    ) -> None:
        """Parse a part from its beginning to its end; names come as "namespace local".

        Raises NotOurs for a document type, and for what is no XML.
        """
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = _refuse_document_type
        parser.EntityDeclHandler = _refuse_document_type
        if start is not None:
            parser.StartElementHandler = start
        if end is not None:
            parser.EndElementHandler = end
        if text is not None:
            parser.CharacterDataHandler = text
        try:
            with self.archive.open(self.parts[name]) as part:
                while chunk := part.read(_CHUNK):
                    parser.Parse(chunk, False)
            parser.Parse(b"", True)
        except (expat.ExpatError, BadZipFile, ZlibError, EOFError, NotImplementedError, ValueError) as error:
            raise _broken() from error


def open_package(content: bytes) -> Package:
    """Open an uploaded file as a package, or raise NotOurs with what it is and what to do."""
    _refuse_other_kinds(content)
    try:
        archive = ZipFile(io.BytesIO(content))
    except (BadZipFile, ValueError, NotImplementedError, OverflowError) as error:
        raise _broken() from error
    _refuse_bombs(archive.infolist(), len(content))
    package = Package(archive, {entry.filename.lower(): entry for entry in archive.infolist()})
    if len(package.parts) != len(archive.infolist()):
        raise _broken()
    _read_types(package)
    _refuse_links(package)
    for name in package.parts:
        if name.endswith(_ENDINGS):
            _look_through(package, name)
    return package


def local(name: str) -> str:
    """Give an element's or attribute's name without its namespace: strict and usual files differ there."""
    return name.rpartition(" ")[2]


def _refuse_other_kinds(content: bytes) -> None:
    if len(content) > LARGEST_FILE:
        raise NotOurs("ファイルが大きすぎます。10MBまでです。画像などを取り除くか、シートを分けてください。")
    if not content:
        raise NotOurs(f"ファイルに何も入っていません。{AGAIN}")
    if content.startswith(_OLE):
        if _ENCRYPTED in content:
            raise NotOurs(
                "パスワードのかかったファイルです。Excelで開いてパスワードを外し、.xlsxで保存してください。"
            )
        raise NotOurs("古い形式(.xls)のファイルです。Excelで開き、.xlsxで保存してください。")
    if content.startswith(b"%PDF"):
        raise NotOurs(f"PDFは読み取れません。{AGAIN}")
    if not content.startswith(b"PK\x03\x04"):
        if _is_text(content[:4096]):
            raise NotOurs(f"CSVなどの文字だけのファイルです。{AGAIN}")
        raise NotOurs(f"Excelのファイル(.xlsx)ではありません。{AGAIN}")


def _is_text(beginning: bytes) -> bool:
    return not re.search(rb"[\x00-\x08\x0e-\x1a]", beginning.removeprefix(b"\xff\xfe").replace(b"\0", b""))


def _refuse_bombs(entries: list[ZipInfo], packed: int) -> None:
    """Add up what the file would unpack to; Python reads no more of a part than its entry says."""
    too_much = NotOurs(
        "中身が大きすぎるため、開きません。画像などを除き、必要な文だけのファイルにしてください。"
    )
    if len(entries) > MOST_PARTS or sum(entry.file_size for entry in entries) > MOST_UNPACKED:
        raise too_much
    for entry in entries:
        if entry.flag_bits & 1:
            raise NotOurs("パスワードのかかったファイルです。パスワードを外して保存し直してください。")
        if entry.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
            raise _broken()
        if entry.file_size > MEGABYTE and entry.file_size > MOST_TIMES * max(entry.compress_size, 1):
            raise too_much
    if sum(entry.compress_size for entry in entries) > packed:
        raise too_much  # entries that share their bytes


def _read_types(package: Package) -> None:
    """Find the workbook by its content type; refuse macros, and what is no workbook at all."""
    if _TYPES not in package.parts:
        raise NotOurs(f"中身がExcelのファイルではありません。{AGAIN}")
    kinds: dict[str, str] = {}

    def start(name: str, attributes: dict[str, str]) -> None:
        if local(name) == "Override":
            part = attributes.get("PartName", "").lstrip("/").lower()
            kinds[attributes.get("ContentType", "")] = part
        elif local(name) == "Default" and attributes.get("ContentType", "").endswith(_WORKBOOK):
            kinds[attributes["ContentType"]] = "xl/workbook.xml"

    package.parse(_TYPES, start)
    macros = ("vbaproject.bin", "macrosheets/")
    if any("macroenabled" in kind.lower() for kind in kinds) or any(
        macro in name for name in package.parts for macro in macros
    ):
        raise NotOurs("マクロの入ったファイル(.xlsm)です。マクロのない.xlsxで保存し直してください。")
    package.workbook = next((part for kind, part in kinds.items() if kind.endswith(_WORKBOOK)), "")
    if package.workbook not in package.parts:
        other = any("wordprocessingml" in kind or "presentationml" in kind for kind in kinds)
        what = "WordやPowerPoint" if other else "別の種類"
        raise NotOurs(f"中身が{what}のファイルです。{AGAIN}")


def _refuse_links(package: Package) -> None:
    """Refuse what would fetch from elsewhere; addresses that Excel made clickable in a text are none."""
    refused = NotOurs(
        "ほかのファイルへのリンクが入っています。リンクを解除し、値だけにして保存し直してください。"
    )
    if any("externallinks/" in name for name in package.parts):
        raise refused

    def start(name: str, attributes: dict[str, str]) -> None:
        external = attributes.get("TargetMode", "").lower() == "external"
        if external and not attributes.get("Type", "").endswith("/hyperlink"):
            raise refused

    for name in package.parts:
        if name.endswith(".rels"):
            package.parse(name, start)


def _look_through(package: Package, name: str) -> None:
    """Parse a part once and count: what is no XML, has a document type or far too much in it is refused."""
    counts: dict[str, int] = {}
    area = 0

    def start(element: str, attributes: dict[str, str]) -> None:
        nonlocal area
        package.elements += 1
        if package.elements > MOST_ELEMENTS:
            raise NotOurs("中身が多すぎるため、開きません。必要な文だけのファイルにしてください。")
        counts[element] = counts.get(element, 0) + 1
        if "ref" in attributes and element.endswith(("mergeCell", "hyperlink")):
            area += _area(attributes["ref"])

    package.parse(name, start)
    found: dict[str, int] = {}
    for element, count in counts.items():
        found[local(element)] = found.get(local(element), 0) + count
    if found.get("row", 0) > MOST_ROWS:
        raise NotOurs(
            f"1枚のシートに{found['row']:,}行あります。{MOST_ROWS:,}行までです。"
            "使っていない行を削除して保存し直してください。"
        )
    if found.get("sheet", 0) > MOST_SHEETS:
        raise NotOurs(
            f"シートが{found['sheet']:,}枚あります。{MOST_SHEETS}枚までです。ファイルを分けてください。"
        )
    light = sum(found.get(kind, 0) for kind in _LIGHT)
    package.weight += light + 10 * (sum(found.values()) - light) + area


def _area(reference: str) -> int:
    corners = _AREA.match(reference.replace("$", ""))
    if corners is None:
        return 0
    columns = abs(_column(corners[3]) - _column(corners[1])) + 1
    return columns * (abs(int(corners[4]) - int(corners[2])) + 1)


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


def _refuse_document_type(*declared: object) -> None:
    raise NotOurs(
        "Excelのファイルにはない宣言(DTD)が入っているため、開きません。"
        "Excelで開き、別の名前を付けて.xlsxで保存し直してください。"
    )


def _broken() -> NotOurs:
    return NotOurs("ファイルが壊れていて読み取れません。Excelで開けるか確かめ、保存し直してください。")
