"""Read returned forms: cells by their names, stamps, and what was typed in every spelling.

Nothing here asks the database. A sheet is first read as it stands (`read_workbook`); what its cells answer is
said once the form is known that it was written from (`Returned.given`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.core.signing import BadSignature

from initiatives.form import FormPhase, FormQuestion
from initiatives.xlsx import cells
from initiatives.xlsx.characters import holdable
from initiatives.xlsx.gate import AGAIN, NotOurs, open_package
from initiatives.xlsx.shown import exact, shown
from wardplan.numbers import format_number, read_number
from wardplan.text import clean_text, quote

from . import stamp
from .layout import answer_name

MISSING = "記入欄のセルが削除されています。書き出し直したファイルに記入してください。"


@dataclass(frozen=True)
class Problem:
    """Something that keeps a file from being taken over: sheet, cell, field, and what to do, in words.

    `name` is the field as programs call it: midyear.issues.
    """

    sheet: str
    cell: str
    field: str
    sentence: str
    name: str = ""


@dataclass(frozen=True)
class Filled:
    """A cell that can be filled in, as it was found: `text` as shown, `number` when a number is stored.

    `wrong` is a sentence when the cell holds what cannot be taken over; its value is not taken then.
    """

    cell: str
    text: str = ""
    number: str = ""
    wrong: str = ""


@dataclass(frozen=True)
class Given:
    """What a returned form has for a question."""

    question: FormQuestion
    target: str
    filled: Filled

    @property
    def name(self) -> str:
        return f"{self.question.key}_{self.target}" if self.target else self.question.key

    def says(self, written: str) -> bool:
        """Tell whether the cell still says what was written into it, trailing white space aside.

        An editor of workbooks drops and adds white space at the end at will.
        """
        return self.filled.text.rstrip() == clean_text(holdable(written)[0]).text.rstrip()


@dataclass
class Returned:
    """One sheet of a returned workbook: its title, its stamp, and its cells by name.

    `stamp` is None when the sheet is one of ours and has none, or one that was changed. `lost` are names
    whose cells are gone. `plan_changed` says that a text of the plan stands in no cell as it was written.
    """

    title: str
    stamp: stamp.Stamp | None
    filled: dict[str, Filled] = field(default_factory=dict)
    lost: tuple[str, ...] = ()
    plan_changed: bool = False

    def given(self, phase: FormPhase, targets: Iterable[str]) -> Iterator[Given]:
        """Give the answer of each question that is on paper, in form order.

        A target that the plan got after the export has no cell, and that is nobody's mistake.
        """
        keys = list(targets)
        for question in phase.questions:
            if not question.on_paper:
                continue
            for target in keys if question.per_target else [""]:
                name = answer_name(question, target)
                if name in self.filled:
                    yield Given(question, target, self.filled[name])
                elif not target or name in self.lost:
                    yield Given(question, target, Filled("", wrong=MISSING))


@dataclass
class Reading:
    """What a workbook holds: the forms, other sheets that were not read, and what is wrong with it."""

    sheets: list[Returned]
    others: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def read_workbook(content: bytes) -> Reading:
    """Read every form in a workbook. Raises NotOurs for a file that is none."""
    book = cells.read_book(open_package(content))
    reading = Reading([])
    places = {page.title: _places(page) for page in book.pages}
    wanted: dict[str, set[str]] = {}
    for found in places.values():
        for title, address in filter(None, found.values()):
            wanted.setdefault(title, set()).add(address)
    values, texts = _read_cells(book, places, wanted)
    for page in book.pages:
        if stamp.NAME not in page.names and not places[page.title]:
            if stamp.FOR_READING not in page.names:
                reading.others.append(page.title)
            continue
        reading.sheets.append(_returned(page, places[page.title], values, texts[page.title], reading))
    if not reading.sheets:
        raise NotOurs(f"取組項目のシートではありません。このサイトから書き出した{AGAIN}")
    return reading


def _places(page: cells.Page) -> dict[str, tuple[str, str] | None]:
    """Say where each cell that can be filled in stands; None for one that is gone."""
    found: dict[str, tuple[str, str] | None] = {}
    for name, reference in page.names.items():
        if name in (stamp.NAME, stamp.FOR_READING) or name.startswith("_xlnm"):
            continue
        place = cells.place_of(reference)
        found[name] = (place[0] or page.title, place[1]) if place else None
    return found


def _read_cells(
    book: cells.Book, places: dict[str, Any], wanted: dict[str, set[str]]
) -> tuple[dict[tuple[str, str], Filled], dict[str, frozenset[str]]]:
    """Read what the names point to, and the prints of all texts, a sheet at a time."""
    values: dict[tuple[str, str], Filled] = {}
    texts: dict[str, frozenset[str]] = {}
    for page in book.pages:
        mine = wanted.get(page.title, set())
        prints = set()
        stamped = stamp.NAME in page.names
        for cell in book.cells(page) if mine or stamped else ():
            if cell.address in mine:
                values[page.title, cell.address] = fill(cell, book.since_1904)
            elif stamped and cell.kind == cells.TEXT:
                prints.add(stamp.print_of(cell.value))
        texts[page.title] = frozenset(prints)
    return values, texts


def fill(cell: cells.Cell, since_1904: bool = False) -> Filled:
    """Turn a cell into what a person reads in it; formulas and errors are never taken for their value."""
    if cell.kind == cells.FORMULA:
        sentence = "数式が入っています。数式ではなく、計算結果を値として貼り付けてください。"
        return Filled(cell.address, wrong=sentence)
    if cell.kind == cells.ERROR:
        sentence = f"エラー({cell.value or '#VALUE!'})になっています。文か値を入れ直してください。"
        return Filled(cell.address, wrong=sentence)
    if cell.kind == cells.TRUTH:
        return Filled(cell.address, "TRUE" if cell.value == "1" else "FALSE")
    if cell.kind == cells.NUMBER:
        try:
            percent = "%" in cell.format
            number = exact(cell.value) * (100 if percent else 1)
            return Filled(cell.address, shown(cell.value, cell.format, since_1904), format_number(number))
        except (ValueError, ArithmeticError):
            return Filled(cell.address, wrong="数値が壊れています。入れ直してください。")
    try:
        return Filled(cell.address, clean_text(cell.value).text)
    except ValidationError as error:
        return Filled(cell.address, wrong=" ".join(error.messages))


def _returned(
    page: cells.Page,
    places: dict[str, tuple[str, str] | None],
    values: dict[tuple[str, str], Filled],
    texts: frozenset[str],
    reading: Reading,
) -> Returned:
    found = Returned(page.title, _stamp(page, reading))
    found.plan_changed = found.stamp is not None and not texts.issuperset(found.stamp.plan)
    found.lost = tuple(name for name, place in places.items() if place is None)
    for name, place in places.items():
        if "__" not in name and place is not None:
            first = values.get(place, Filled(place[1]))
            found.filled[name] = _joined(name, first, places, values)
    return found


def _stamp(page: cells.Page, reading: Reading) -> stamp.Stamp | None:
    written = page.names.get(stamp.NAME)
    try:
        return stamp.read_stamp(written or "")
    except BadSignature:
        what = "書き換えられています" if written else "ありません"
        sentence = f"シートの出どころを示す情報が{what}。書き出し直したファイルに記入してください。"
        reading.problems.append(Problem(page.title, "", "", sentence))
        return None


def _joined(
    name: str,
    first: Filled,
    places: dict[str, tuple[str, str] | None],
    values: dict[tuple[str, str], Filled],
) -> Filled:
    """Join a text with what the writer had to go on with elsewhere, in the order of the numbers."""
    text, number = first.text, 2
    while (part := f"{name}__{number}") in places:
        place = places[part]
        if place is None:
            return Filled(first.cell, wrong="続きの文のセルが削除されています。書き出し直してください。")
        more = values.get(place, Filled(place[1]))
        if more.wrong:
            return more
        text += more.text
        number += 1
    return Filled(first.cell, text, "" if number > 2 else first.number, first.wrong)


def figure_of(filled: Filled, unit: str) -> str:
    """Read a figure; 0.433 shown as 43.3%, "43.3%" and 43.3 are the same.

    Raises ValueError with a sentence.
    """
    if filled.number:
        return format_number(Decimal(filled.number))
    number = read_number(filled.text, unit)
    return "" if number is None else format_number(number)


def mark_sentence(question: FormQuestion, typed: str) -> str:
    """Say which marks can be chosen: 「③」は選べません。①か②を入れてください。"""
    symbols = "か".join(mark.symbol for mark in question.marks if mark.on_paper)
    return f"{quote(typed)}は選べません。{symbols}を入れてください。"
