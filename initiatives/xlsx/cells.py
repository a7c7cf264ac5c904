"""What stands in the cells of a workbook, character by character.

openpyxl is not asked: it takes every x005F_ out of shared strings, so that a text that says _x000D_ comes
back as a newline, builds an object for every cell, and stops at the first rule of a chart it does not know.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from .characters import unescape
from .gate import NotOurs, Package, local
from .shown import BUILT_IN, GENERAL

_REFERENCE = re.compile(
    r"(?:(?P<sheet>'(?:[^']|'')+'|[^'!]+)!)?\$?(?P<column>[A-Z]{1,3})\$?(?P<row>[0-9]{1,7})"
)

TEXT, NUMBER, TRUTH, DAY, ERROR, FORMULA = "text", "number", "truth", "day", "error", "formula"

STAMP, FOR_READING = "stamp", "for_reading"
"""Names in the workbooks that are written here: a form's stamp, and a page that is not taken back."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell that is not blank: its kind, what is stored in it, and the code of its number format."""

    address: str
    kind: str
    value: str
    format: str = GENERAL


@dataclass(frozen=True)
class Page:
    """A sheet of the workbook, with the names that belong to it; a hidden one nobody sees in Excel."""

    title: str
    part: str
    names: dict[str, str] = field(default_factory=dict)
    is_hidden: bool = False


@dataclass
class Book:
    """A workbook: its sheets in order, and what their cells refer to."""

    package: Package
    pages: list[Page]
    strings: list[str]
    formats: list[str]
    since_1904: bool = False

    def cells(self, page: Page) -> Iterator[Cell]:
        """Give every cell of a sheet that is not blank, row by row."""
        yield from _read_cells(self, page)


def read_book(package: Package) -> Book:
    """Read the sheets, names, shared strings and number formats of a package."""
    targets = _relations(package)
    pages: list[Page] = []
    names: list[tuple[int, str, str]] = []
    since_1904 = False
    scope, name = -1, ""
    words: list[str] = []

    def start(element: str, attributes: dict[str, str]) -> None:
        nonlocal scope, name, words, since_1904
        kind = local(element)
        if kind == "sheet":
            relation = next((value for key, value in attributes.items() if local(key) == "id"), "")
            _, part = targets.get(relation, ("", ""))
            is_hidden = attributes.get("state", "visible") != "visible"
            part = part if part in package.parts else ""
            pages.append(Page(attributes.get("name", ""), part, is_hidden=is_hidden))
        elif kind == "definedName":
            scope = int(attributes.get("localSheetId", "-1"))
            name, words = attributes.get("name", ""), []
        elif kind == "workbookPr":
            since_1904 = attributes.get("date1904") in ("1", "true")

    def end(element: str) -> None:
        nonlocal name
        if name and local(element) == "definedName":
            names.append((scope, name, "".join(words)))
            name = ""

    package.parse(package.workbook, start, end, lambda text: words.append(text))
    for number, found, reference in names:
        if 0 <= number < len(pages):
            pages[number].names[found] = reference
    parts = {kind.rpartition("/")[2]: part for kind, part in targets.values() if part in package.parts}
    return Book(
        package,
        pages,
        read_strings(package, parts["sharedStrings"]) if "sharedStrings" in parts else [],
        _read_formats(package, parts["styles"]) if "styles" in parts else [],
        since_1904,
    )


def place_of(reference: str) -> tuple[str, str] | None:
    """Read where a name points to: (sheet's title or "", address); None for a cell that is gone (#REF!)."""
    found = _REFERENCE.match(reference)
    if found is None:
        return None
    title = found["sheet"] or ""
    if title.startswith("'"):
        title = title[1:-1].replace("''", "'")
    return title, f"{found['column']}{found['row']}"


def _relations(package: Package) -> dict[str, tuple[str, str]]:
    """Map each relation of the workbook to its type and the part that it names."""
    folder, file = posixpath.split(package.workbook)
    part = f"{folder}/_rels/{file}.rels".lstrip("/")
    found: dict[str, tuple[str, str]] = {}

    def start(element: str, attributes: dict[str, str]) -> None:
        if local(element) == "Relationship":
            target = posixpath.normpath(posixpath.join("/", folder, attributes.get("Target", "")))
            found[attributes.get("Id", "")] = (attributes.get("Type", ""), target.lstrip("/").lower())

    if part in package.parts:
        package.parse(part, start)
    return found


class _Texts:
    """Collects the text of one string: every run's, but not the readings above the characters (furigana)."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.reading = False
        self.open = False

    def start(self, kind: str) -> None:
        if kind == "rPh":
            self.reading = True
        elif kind == "t":
            self.open = not self.reading

    def end(self, kind: str) -> None:
        if kind == "rPh":
            self.reading = False
        elif kind == "t":
            self.open = False

    def add(self, text: str) -> None:
        if self.open:
            self.parts.append(text)

    def take(self) -> str:
        text = "".join(self.parts)
        self.parts = []
        return unescape(text)


def read_strings(package: Package, part: str) -> list[str]:
    """Read the texts that cells share, by their place in the file."""
    texts, strings = _Texts(), []

    def end(element: str) -> None:
        kind = local(element)
        texts.end(kind)
        if kind == "si":
            strings.append(texts.take())

    package.parse(part, lambda element, _: texts.start(local(element)), end, texts.add)
    return strings


def _read_formats(package: Package, part: str) -> list[str]:
    """List the number format of each cell style, by its place in the file."""
    codes: dict[str, str] = {}
    numbers: list[str] = []
    inside = False

    def start(element: str, attributes: dict[str, str]) -> None:
        nonlocal inside
        kind = local(element)
        if kind == "cellXfs":
            inside = True
        elif kind == "numFmt":
            codes[attributes.get("numFmtId", "")] = attributes.get("formatCode", GENERAL)
        elif kind == "xf" and inside:
            numbers.append(attributes.get("numFmtId", "0"))

    def end(element: str) -> None:
        nonlocal inside
        if local(element) == "cellXfs":
            inside = False

    package.parse(part, start, end)
    return [codes.get(number) or BUILT_IN.get(number, GENERAL) for number in numbers]


_KINDS = {"b": TRUTH, "e": ERROR, "d": DAY, "s": TEXT, "str": TEXT, "inlineStr": TEXT}


class _CellReader:
    """Puts cells together from what expat tells, for one sheet."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self.texts = _Texts()
        self.cells: list[Cell] = []
        self.row = self.column = 0
        self.attributes: dict[str, str] | None = None
        self.value: list[str] = []
        self.in_value = self.has_formula = False

    def start(self, element: str, attributes: dict[str, str]) -> None:
        kind = local(element)
        if kind == "row":
            self.row = int(attributes.get("r", self.row + 1))
            self.column = 0
        elif kind == "c":
            self.attributes, self.value, self.has_formula = attributes, [], False
            self.column += 1
            if found := re.match("[A-Z]+", attributes.get("r", "")):
                self.column = _number_of(found[0])
        elif self.attributes is not None:
            self.in_value = kind == "v"
            self.has_formula = self.has_formula or kind == "f"
            self.texts.start(kind)

    def text(self, text: str) -> None:
        if self.in_value:
            self.value.append(text)
        else:
            self.texts.add(text)

    def end(self, element: str) -> None:
        kind = local(element)
        if self.attributes is None:
            return
        if kind != "c":
            self.in_value = False
            self.texts.end(kind)
            return
        self.finish(self.attributes)
        self.attributes = None

    def finish(self, attributes: dict[str, str]) -> None:
        stored = attributes.get("t", "n")
        kind = _KINDS.get(stored, NUMBER)
        value, inline = "".join(self.value), self.texts.take()
        if stored == "s" and value:
            value = self.book.strings[int(value)]
        elif stored == "inlineStr":
            value = inline
        elif stored == "str":
            value = unescape(value)
        if self.has_formula:
            kind = ERROR if kind == ERROR else FORMULA
        elif not value:
            return
        style = int(attributes.get("s", 0))
        formats = self.book.formats
        code = formats[style] if style < len(formats) else GENERAL
        address = attributes.get("r") or f"{_letters_of(self.column)}{self.row}"
        self.cells.append(Cell(address, kind, value, code))


def _read_cells(book: Book, page: Page) -> list[Cell]:
    reader = _CellReader(book)
    if page.part:
        try:
            book.package.parse(page.part, reader.start, reader.end, reader.text)
        except IndexError as error:
            raise NotOurs(
                "ファイルが壊れていて読み取れません。Excelで開けるか確かめ、保存し直してください。"
            ) from error
    return reader.cells


def _number_of(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


def _letters_of(number: int) -> str:
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
