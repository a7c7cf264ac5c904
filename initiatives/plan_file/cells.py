"""A plan document's text into rows of cells, tags taken out, each line of text with its place."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field

_INLINE = "a|abbr|b|bdi|big|em|font|i|mark|s|small|span|strong|sub|sup|u|wbr"
_BLOCK = (
    "address|article|aside|blockquote|body|br|caption|center|col|colgroup|dd|details|div|dl|dt|figure|footer|form"
    "|h[1-6]|header|hr|html|img|input|li|link|main|meta|nav|ol|option|p|section|select|summary|svg|table|tbody|td"
    "|tfoot|th|thead|tr|ul"
)
_TOKEN = re.compile(
    rf"<(?P<close>/?)(?P<tag>{_INLINE}|{_BLOCK})(?=[\s/>])[^<>]*>"
    r"|(?P<unseen><!doctype[^<>]*>)|(?P<tab>\t)|(?P<newline>\n)|(?P<text>[^<\t\n]+|<)",
    re.IGNORECASE,
)
# What a browser does not show, by how it begins and ends.
_UNSEEN = re.compile(r"<!--|<(head|script|style|title)(?=[\s>])", re.IGNORECASE)
_IS_INLINE = re.compile(_INLINE)
_ENTITY = re.compile(r"&(?:[A-Za-z][A-Za-z0-9]{1,30}|#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6});")
_RULE = re.compile(r"[-=_+|―─\s]+")


@dataclass(frozen=True)
class Line:
    """One line of a cell: its text without tags, and the line of the file that it starts on (from 1)."""

    text: str
    number: int


@dataclass
class Row:
    """A row of a table, or a line of plain text: its cells, each a list of lines. Empty cells stay.

    A workbook's row has no empty cells, and `columns` says where its cells stand.
    """

    cells: list[list[Line]] = field(default_factory=lambda: [[]])
    columns: list[int] = field(default_factory=list)

    @property
    def lines(self) -> list[Line]:
        return [line for cell in self.cells for line in cell]

    @property
    def text(self) -> str:
        """Give the row on one line, as a reader takes it in."""
        return " ".join(line.text for line in self.lines)

    @property
    def number(self) -> int:
        return self.lines[0].number

    @property
    def placed(self) -> list[tuple[int, list[Line]]]:
        """Give each cell with the number of its column."""
        return list(zip(self.columns or range(len(self.cells)), self.cells, strict=True))

    def part(self, start: int, end: int) -> Row:
        return Row(self.cells[start:end], self.columns[start:end])


@dataclass
class Cells:
    """A document as rows, and how many tags were taken out of it."""

    rows: list[Row]
    tags: int


def read_cells(text: str, *, tabs_part: bool = True) -> Cells:
    """Cut a document into rows and cells.

    Cells are parted by tabs or are cells of an HTML table, where a newline in the source ends no row. A tag
    that stands for a block ends a line; one that only changes the look of words leaves them together. Tags
    that HTML does not know stay: they are text, or damage that the check names. Time in proportion to length.
    Without `tabs_part` a tab is text: what is read is itself a cell.
    """
    reader = _Reader(tabs_part)
    for token in _TOKEN.finditer(_without_unseen(text)):
        reader.take(token)
        reader.line += token[0].count("\n")
    reader.end_row()
    rows = [row for row in reader.rows if row.lines and not _RULE.fullmatch(row.text)]
    return Cells(rows, reader.tags)


def _without_unseen(text: str) -> str:
    """Take out comments and the head of a page; their newlines stay, so that line numbers hold."""
    kept, place = [], 0
    endless: set[str] = set()
    for found in _UNSEEN.finditer(text):
        end_mark = f"</{found[1].lower()}>" if found[1] else "-->"
        if found.start() < place or end_mark in endless:
            continue
        end = re.compile(re.escape(end_mark), re.IGNORECASE).search(text, found.end())
        if end is None:
            endless.add(end_mark)
            continue
        kept += [text[place : found.start()], "\n" * text.count("\n", found.start(), end.end())]
        place = end.end()
    return "".join([*kept, text[place:]])


class _Reader:
    def __init__(self, tabs_part: bool) -> None:
        self.tabs_part = tabs_part
        self.rows: list[Row] = []
        self.row = Row()
        self.words: list[str] = []
        self.started = self.line = 1
        self.in_table_row = False
        self.tags = 0

    def take(self, token: re.Match[str]) -> None:
        if token["text"]:
            self.say(token["text"])
        elif token["newline"]:
            if self.in_table_row:
                self.end_line()
            else:
                self.end_row()
        elif token["tab"]:
            if self.in_table_row:
                self.say(" ")
            elif self.tabs_part:
                self.next_cell()
            else:
                self.say("\t")
        elif token["tag"]:
            self.tags += 1
            self.take_tag(token["tag"].lower(), closing=bool(token["close"]))
        else:
            self.tags += 1

    def take_tag(self, tag: str, closing: bool) -> None:
        if _IS_INLINE.fullmatch(tag):
            return
        if tag in ("tr", "table"):
            self.end_row()
            self.in_table_row = tag == "tr" and not closing
        elif tag in ("td", "th"):
            if closing:
                self.next_cell()
        else:
            self.end_line()

    def say(self, words: str) -> None:
        if not self.words and not words.strip():
            return
        if not self.words:
            self.started = self.line
        self.words.append(words)

    def end_line(self) -> None:
        words = "".join(self.words).strip()
        if self.tags:
            words = _ENTITY.sub(lambda found: html.unescape(found[0]), words).strip()
        if words:
            self.row.cells[-1].append(Line(words, self.started))
        self.words = []

    def next_cell(self) -> None:
        self.end_line()
        self.row.cells.append([])

    def end_row(self) -> None:
        self.end_line()
        self.rows.append(self.row)
        self.row = Row()
