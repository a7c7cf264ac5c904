"""A plan in an Excel workbook (our own form, or an office's in the same layout) into rows of cells.

Nothing of the plan is understood here: each page's cells become the rows that a text document has, in which
the printed words of the form tell the pieces apart. Every line keeps the name of its sheet and cell.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby

from django.core.exceptions import ValidationError

from initiatives.refusals import Refused
from initiatives.xlsx.cells import (
    ERROR,
    FOR_READING,
    FORMULA,
    NUMBER,
    STAMP,
    TRUTH,
    Book,
    Cell,
    Page,
    read_book,
)
from initiatives.xlsx.characters import LONGEST_TEXT, units
from initiatives.xlsx.gate import open_package
from initiatives.xlsx.shown import shown
from wardplan.numbers import half_width
from wardplan.text import clean_text, quote

from .cells import Line, Row, read_cells
from .printed_words import PrintedWords
from .problems import PlanErrors, Problem

_ADDRESS = re.compile(r"([A-Z]+)([0-9]+)")
# What our own form prints beyond the plan's words: a gap for a figure, the number of a relative target.
_GAP = re.compile(r"(年度(?:末|の)?(?:実績値?|数値)?\s*[:：]?\s*)[_＿]{2,}")
_RESOLVED = re.compile(r"(?<=.) \(目標値: [^()]*\)\Z")


@dataclass
class Pages:
    """A workbook as pages of rows. `names` are the sheets' and cells' names by line number.

    `doubts` and `faults` are sentences about lines, by line number; `notes` tells what was left out.
    """

    pages: list[list[Row]] = field(default_factory=list)
    names: dict[int, str] = field(default_factory=dict)
    doubts: dict[int, str] = field(default_factory=dict)
    faults: dict[int, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def read_pages(content: bytes, words: PrintedWords) -> Pages:
    """Read the pages of a workbook that hold the form; the others are named in the notes.

    Raises PlanErrors for what is no workbook (or a dangerous one), and when no page holds the form.
    """
    try:
        book = read_book(open_package(content))
        return _Reader(book, words).read()
    except Refused as refused:
        raise PlanErrors([Problem("", refused.sentence)]) from refused


class _Reader:
    def __init__(self, book: Book, words: PrintedWords) -> None:
        self.book, self.words = book, words
        self.found = Pages()
        self.tags = self.removed = self.lines = 0

    def read(self) -> Pages:
        problems: list[Problem] = []
        hidden, others = [], []
        for page in self.book.pages:
            if page.is_hidden:
                hidden.append(quote(page.title))
                continue
            rows = [] if FOR_READING in page.names else list(self.rows(page))
            labelled = [row for row in rows if self.words.has_heading(row)]
            if labelled and any(self.words.head.fullmatch(half_width(row.text)) for row in rows):
                self.found.pages.append(rows)
            elif any(self.words.names_column(row) for row in labelled):
                sentence = (
                    f"計画の欄がありますが、「{self.words.item}1 【…】」のような見出しがありません。"
                    "見出しを書き入れてください。"
                )
                problems.append(Problem(self.found.names[labelled[0].number], sentence))
            else:
                others.append(quote(page.title))
        if problems:
            raise PlanErrors(problems)
        if not self.found.pages:
            self.refuse_without_forms([*others, *hidden])
        self.note(hidden, others)
        return self.found

    def refuse_without_forms(self, titles: list[str]) -> None:
        sentence = (
            f"計画の様式のシートがありません(シート: {'、'.join(titles[:10]) or 'なし'})。"
            f"「{self.words.item}1 【…】」の見出しと「{next(iter(self.words.columns))}」などの欄がある"
            "Excelファイルを選んでください。"
        )
        raise PlanErrors([Problem("", sentence)])

    def note(self, hidden: list[str], others: list[str]) -> None:
        notes = self.found.notes
        if others:
            notes.append(f"計画の様式ではないシート{'、'.join(others)}は取り込みませんでした。")
        if hidden:
            notes.append(f"表示されていないシート{'、'.join(hidden)}は取り込みませんでした。")
        if self.tags:
            notes.append(f"HTMLのタグ{self.tags}個を取り除きました。")
        if self.removed:
            notes.append(f"制御文字{self.removed}個を取り除きました。")

    # --- a page's cells to rows --------------------------------------------------------------------------

    def rows(self, page: Page) -> Iterator[Row]:
        """Give a page's rows; form title and heading get rows of their own, wherever they stand in theirs."""
        for _number, cells in groupby(self.book.cells(page), key=lambda cell: _place(cell.address)[1]):
            row = Row([], [])
            for cell in cells:
                if lines := self.cell_lines(page, cell):
                    row.cells.append(lines)
                    row.columns.append(_place(cell.address)[0])
            if row.lines:
                yield from self.parted(row)

    def parted(self, row: Row) -> Iterator[Row]:
        for index in range(len(row.cells)):
            if self.words.is_title(row.part(index, index + 1)):
                yield from _parts(row, index, index + 1)
                return
            for end in range(min(index + 3, len(row.cells)), index, -1):
                head = self.words.head.fullmatch(half_width(row.part(index, end).text))
                # 取組項目1 | 題名 are two cells; a third one belongs to the heading only by its 【】.
                if head and (head["title"] or head["square"] or end <= index + 2):
                    yield from _parts(row, index, end)
                    return
        yield row

    def cell_lines(self, page: Page, cell: Cell) -> list[Line]:
        """Cut a cell into lines as a reader sees them; a label written downwards becomes one line."""
        name = f"シート{quote(page.title)}の{cell.address}"
        text = self.text_of(cell, name)
        if not text.strip() and cell.kind != ERROR:
            return []
        if self.words.is_label(text):
            text = re.sub(r"\s", "", text)
        read = read_cells(text, tabs_part=False)
        self.tags += read.tags
        parts = [(line, piece) for row in read.rows for line in row.lines for piece in self.pieces(line.text)]
        lines = []
        for line, piece in parts:
            self.lines += 1
            self.found.names[self.lines] = f"{name}の{line.number}行目" if len(parts) > 1 else name
            lines.append(Line(self.without_prints(piece, page), self.lines))
        if lines:
            self.judge(cell, lines[0])
        return [line for line in lines if line.text]

    def pieces(self, text: str) -> list[str]:
        """Part a line at the tabs that a heading stands behind; another tab is part of the text."""
        pieces: list[str] = []
        for part in text.split("\t"):
            if not pieces or self.words.marker.match(half_width(part.strip())):
                pieces.append(part)
            else:
                pieces[-1] += f"\t{part}"
        return [piece.strip() for piece in pieces if piece.strip()]

    def without_prints(self, text: str, page: Page) -> str:
        text = _GAP.sub(r"\1", text)
        return _RESOLVED.sub("", text) if STAMP in page.names else text

    def text_of(self, cell: Cell, name: str) -> str:
        if cell.kind == ERROR:
            return cell.value or "#VALUE!"
        if cell.kind == TRUTH:
            return "TRUE" if cell.value == "1" else "FALSE"
        if cell.kind in (NUMBER, FORMULA):
            try:
                return shown(cell.value, cell.format, self.book.since_1904)
            except (ValueError, ArithmeticError):
                pass
        try:
            text, removed = clean_text(cell.value)
        except ValidationError as error:
            raise PlanErrors([Problem(name, " ".join(error.messages))]) from error
        self.removed += removed
        return text

    def judge(self, cell: Cell, line: Line) -> None:
        if cell.kind == ERROR:
            sentence = f"セルがエラー({line.text})になっています。文か値を入れ直してください。"
            self.found.faults[line.number] = sentence
        elif cell.kind == FORMULA:
            self.found.doubts[line.number] = (
                f"数式の計算結果{quote(line.text)}を読み取りました。正しいか確かめてください。"
            )
        elif units(cell.value) >= LONGEST_TEXT - 1:
            self.found.doubts[line.number] = (
                f"1つのセルに入る上限の{LONGEST_TEXT:,}字があります。続きが切れていないか確かめてください。"
            )


def _place(address: str) -> tuple[int, int]:
    """Give column and row of an address as numbers: C2 is (3, 2)."""
    found = _ADDRESS.fullmatch(address)
    if found is None:
        return 0, 0
    column = 0
    for letter in found[1]:
        column = column * 26 + ord(letter) - 64
    return column, int(found[2])


def _parts(row: Row, start: int, end: int) -> Iterator[Row]:
    """Part a row: what stands before the cells from start to end, these, and what follows."""
    for part in (row.part(start, end), row.part(0, start), row.part(end, len(row.cells))):
        if part.lines:
            yield part
