"""A plan document (text or HTML, as the ward office publishes it) to the content of a plan file.

The documents of this family print the same form and lay it out as they please: sheet after sheet, each
with 取組項目1 【…】, a plan of two columns and the empty reviews. What tells the pieces apart are the printed
words of the form, not their places. Nothing is guessed: what is not certain stays empty, and is named.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError

from initiatives.form import OfficialForm
from initiatives.models import Indicator, Initiative, Target
from initiatives.wording import UnreadableWording, read_targets, survey_of
from initiatives.wording.years import plain, quote_source, refuse_damaged
from wardplan.fiscal_year import FiscalYear
from wardplan.numbers import half_width
from wardplan.text import clean_text, quote

from .cells import Line, Row, read_cells
from .printed_words import PrintedWords
from .problems import PlanErrors, Problem
from .target_lines import BULLETS, bullets, target_doubt, target_lines, target_record
from .workbooks import Pages, read_pages

Record = dict[str, Any]

LONGEST = 2_000_000
"""Characters; the four sheets of the seed have 5,000, a book of 24 wards some 1,000,000."""

_ENDS = tuple("。.)）」』】!?！？:：")
_SECTION = re.compile(
    r"担当(?:課|部署|所属)名?\s*[:：]?\s*[(（【]?"
    r"([^\s、,()（）【】:：]{1,30}[課室所](?:[(（][^\s()（）]{1,30}[)）])?)"
)
_HEAD_YEAR = re.compile(r"((?:令和|平成|昭和|[㋿㍻㍼])\s*(?:元|[0-9]{1,3})\s*年度)(?!以降)")
_IN_QUOTES = re.compile(r"「[^「」]*」")

ASK_DIRECTION = "多いほどよいか、少ないほどよいかを確かめて、よい方向を選んでください。"
LABELS_OF_FIELDS = {
    field.name: str(field.verbose_name)
    for model in (Indicator, Target, Initiative)
    for field in model._meta.concrete_fields
} | {"baselines": "過年度実績", "name": "指標名"}


class Place(NamedTuple):
    """Where a piece stands in the document: the line, and the sheet that it is part of (both from 1).

    In a workbook `cell` names sheet and cell, for the line is counted through all of them.
    """

    line: int
    sheet: int
    cell: str = ""

    def __str__(self) -> str:
        if self.cell:
            return self.cell
        return f"{self.line}行目({self.sheet}枚目)" if self.sheet else f"{self.line}行目"


class Unsure(NamedTuple):
    """What a person has to look at: the record in the content (initiatives[0]), its field, and why.

    `is_left_out` is said of words of the document that no field has taken.
    """

    place: str
    field: str
    sentence: str
    is_left_out: bool = False

    @property
    def path(self) -> str:
        return f"{self.place}.{self.field}" if self.field else self.place


@dataclass
class DocumentReading:
    """What a document says, and where. `content` is not checked yet; `check_plan` does that.

    `problems` are lines that cannot be read at all; with any, the document is refused as a whole. `places`
    maps a record's place in the content to its place in the document, `sources` holds each sheet's text
    without tags, `heads` what stands above the sheets (it may name another ward), `notes` what was left out,
    `names` a workbook's sheets and cells by line, `years` the fiscal years that the document is of by its own
    words.
    """

    content: Record
    unsure: list[Unsure] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    places: dict[str, Place] = field(default_factory=dict)
    sources: list[str] = field(default_factory=list)
    heads: list[Line] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    names: dict[int, str] = field(default_factory=dict)
    years: set[FiscalYear] = field(default_factory=set)

    @property
    def is_document(self) -> bool:
        """Tell a plan document from a plan file, which says everything itself."""
        return bool(self.sources)

    def place(self, line: int, sheet: int = 0) -> Place:
        """Make the place of a line; sheet 0 is none."""
        return Place(line, sheet, self.names.get(line, ""))

    def place_of(self, path: str) -> Place | None:
        """Find where in the document a place of the content comes from: its own record's, or the sheet's."""
        while path and path not in self.places:
            path = path[: max(path.rfind("."), path.rfind("["), 0)]
        return self.places.get(path)

    def name_of(self, row: Unsure) -> str:
        """Name a doubt's record and its place for a reader: 取組項目1の目標p1 10行目(1枚目)."""
        indexes = [int(index) for index in re.findall(r"\[([0-9]+)\]", row.place)]
        initiative = self.content["initiatives"][indexes[0]]
        name = f"取組項目{initiative['number']}"
        if len(indexes) > 1:
            name += f"の目標{initiative['targets'][indexes[1]]['key']}"
        return f"{name} {self.place_of(row.place) or ''}".rstrip()

    def named_place(self, path: str) -> str:
        """Name a place of the content for a reader, with its field: 20行目(2枚目)の取組項目名."""
        place = self.place_of(path)
        label = LABELS_OF_FIELDS.get(path.rsplit(".", 1)[-1], "")
        if place is None:
            return path
        return f"{place}の{label}" if label else str(place)

    def news(self, errors: PlanErrors) -> list[Problem]:
        """Give the check's faults but for those in records that could not be read: these are known."""
        known = [problem.place for problem in self.problems]
        return [
            problem
            for problem in errors.problems
            if not any(problem.place == place or problem.place.startswith(f"{place}.") for place in known)
        ]

    def explain(self, errors: PlanErrors) -> PlanErrors:
        """Add the check's faults to the reading's own, each with its line instead of its place in JSON."""
        found = [*self.problems, *self.news(errors)]
        return PlanErrors([Problem(self.named_place(place), sentence) for place, sentence in found])


def read_document(
    text: str, fiscal_year: FiscalYear | int, form: OfficialForm | None = None
) -> DocumentReading:
    """Read a plan document as the plan of a year, printed on `form` (by default with the usual words).

    Texts are kept word for word: tags go, each bullet gets a line of its own, nothing else changes. Printed
    legends (①:達成見込み) and whatever the reviews hold are no part of a plan. Raises PlanErrors when the
    text holds no sheet of the form at all.
    """
    return _Document(FiscalYear(int(fiscal_year)), PrintedWords(form)).read(text)


def read_workbook(
    content: bytes, fiscal_year: FiscalYear | int, form: OfficialForm | None = None
) -> DocumentReading:
    """Read an Excel workbook with the form on its pages, as `read_document` reads a text.

    Cells are told apart by the printed words and by their columns, never by address, so an office's own file
    is read like one that was written here. Raises PlanErrors for what is no workbook or holds no form.
    """
    words = PrintedWords(form)
    return _Document(FiscalYear(int(fiscal_year)), words).read_pages(read_pages(content, words))


@dataclass
class _Sheet:
    """One sheet while it is read. `parts` are the lines of a part: (scope, field) to lines."""

    index: int
    record: Record
    parts: dict[tuple[str, str], list[Line]] = field(default_factory=dict)
    source: list[str] = field(default_factory=list)
    reviews: list[Line] = field(default_factory=list)
    columns: dict[int, str] = field(default_factory=dict)
    scope: str = ""
    fields: dict[str, str] = field(default_factory=dict)  # scope to the part of it that was read last
    in_reviews: bool = False

    @property
    def place(self) -> str:
        return f"initiatives[{self.index}]"


class _Document:
    def __init__(self, fiscal_year: FiscalYear, words: PrintedWords) -> None:
        self.fiscal_year, self.words = fiscal_year, words
        self.reading = DocumentReading({"fiscal_year": int(fiscal_year)})
        self.sheet: _Sheet | None = None
        self.sheets: list[_Sheet] = []
        self.printed = words.printed_in_reviews()
        self.stated_years: list[tuple[FiscalYear, str]] = []
        self.next_section = ""
        self.doubtful: dict[int, str] = {}
        self.faulty: dict[int, str] = {}

    # --- text to sheets ----------------------------------------------------------------------------------

    def read(self, text: str) -> DocumentReading:
        cells = read_cells(self.clean(text))
        self.take_rows(cells.rows)
        if not self.sheets:
            self.refuse_without_sheets(cells.rows)
        if cells.tags:
            self.reading.notes.append(f"HTMLのタグ{cells.tags}個を取り除きました。")
        return self.finish()

    def read_pages(self, found: Pages) -> DocumentReading:
        self.reading.names, self.reading.notes = found.names, found.notes
        self.doubtful, self.faulty = found.doubts, found.faults
        for rows in found.pages:
            self.sheet, self.next_section = None, ""
            self.take_rows(rows)
        return self.finish()

    def take_rows(self, rows: list[Row]) -> None:
        for row in rows:
            if self.words.is_title(row):
                self.sheet = None
            elif head := self.words.head.fullmatch(half_width(row.text)):
                self.open_sheet(row, head)
            elif self.sheet is None:
                self.head_line(row)
            else:
                self.take_row(self.sheet, row)

    def finish(self) -> DocumentReading:
        for sheet in self.sheets:
            self.close(sheet)
        self.agree_on_year()
        self.list_indicators()
        self.note_answers()
        self.reading.sources = ["\n".join(sheet.source) for sheet in self.sheets]
        return self.reading

    def clean(self, text: str) -> str:
        if len(text) > LONGEST:
            sentence = f"{len(text):,}文字あります。{LONGEST:,}文字までの文書に分けてください。"
            raise PlanErrors([Problem("", sentence)])
        try:
            cleaned, removed = clean_text(text.removeprefix("\ufeff"))
        except ValidationError as error:
            found = re.search("[\x00\ud800-\udfff]", text)
            line = text.count("\n", 0, found.start()) + 1 if found else 1
            raise PlanErrors([Problem(f"{line}行目", " ".join(error.messages))]) from error
        if removed:
            self.reading.notes.append(f"制御文字{removed}個を取り除きました。")
        return cleaned

    def refuse_without_sheets(self, rows: list[Row]) -> None:
        if not rows:
            raise PlanErrors([Problem("", "ファイルに文がありません。計画の文書を選び直してください。")])
        problems = []
        for row in rows:
            try:
                refuse_damaged(plain(row.text), row.text)
            except UnreadableWording as error:
                problems.append(Problem(f"{row.number}行目", error.sentence))
        sentence = (
            f"「{self.words.item}1」のような見出しがないため、計画の文書として読み取れません"
            f"(読み取った文: {quote_source(rows[0].text)})。文書全体を選び直してください。"
        )
        raise PlanErrors(problems or [Problem(f"{rows[0].number}行目", sentence)])

    def head_line(self, row: Row) -> None:
        """Keep what stands above a sheet; a year there must be the plan's.

        On a page of a workbook the section may stand above the heading; in a text that would be another's.
        """
        if row.columns and (section := _SECTION.search(row.text)):
            self.next_section = section[1]
        self.reading.heads += row.lines
        self.check_head_year(row.lines)

    def check_head_year(self, lines: list[Line]) -> None:
        for line in lines:
            for found in _HEAD_YEAR.findall(_IN_QUOTES.sub("", half_width(line.text))):
                try:
                    year = FiscalYear.parse(found)
                except ValueError as error:
                    self.refuse_line(line, str(error))
                    continue
                self.reading.years.add(year)
                if year != self.fiscal_year:
                    sentence = f"{year}の文書です。{self.fiscal_year}の計画には取り込めません。"
                    self.refuse_line(line, f"{sentence}(読み取った文: {quote_source(line.text)})")

    def refuse_line(self, line: Line, sentence: str) -> None:
        """Refuse the document for a line that is part of no record."""
        place = f"line[{line.number}]"
        self.reading.places[place] = self.reading.place(line.number)
        self.reading.problems.append(Problem(place, sentence))

    def open_sheet(self, row: Row, head: re.Match[str]) -> None:
        number = re.sub("[−‐–ー.]", "-", head["number"] or "")
        record = {"number": number, "title": ""}
        self.sheet = _Sheet(len(self.sheets), record)
        self.sheets.append(self.sheet)
        self.reading.places[self.sheet.place] = self.reading.place(row.number, len(self.sheets))
        self.sheet.source.append(row.text)
        self.look_at(row)
        if self.next_section:
            record["section"], self.next_section = self.next_section, ""
        given = next((name for name in ("title", "square", "loose") if head[name]), "")
        if given:
            record["title"] = row.text[head.start(given) : head.end(given)].strip()
        if given == "loose":
            self.doubt(
                "title", f"【】のない{quote(record['title'])}を題名と読みました。題名を確かめてください。"
            )

    def doubt(self, name: str, sentence: str, place: str = "", *, is_left_out: bool = False) -> None:
        assert self.sheet is not None
        self.reading.unsure.append(Unsure(place or self.sheet.place, name, sentence, is_left_out))

    # --- rows to parts -----------------------------------------------------------------------------------

    def take_row(self, sheet: _Sheet, row: Row) -> None:
        sheet.source += [line.text for line in row.lines]
        if self.words.phase_of(row):
            sheet.in_reviews = True
        opens_plan = self.words.names_column(row) if row.columns else self.words.has_heading(row)
        if sheet.in_reviews and not opens_plan:
            if not self.is_row_label(row.lines):
                sheet.reviews += row.lines
            return
        sheet.in_reviews = False
        self.look_at(row)
        if not sheet.fields and not sheet.columns and self.take_head_row(sheet, row):
            return
        for index, cell in row.placed:
            if cell and not (
                len(cell) <= 2 and self.words.bare("".join(line.text for line in cell)) == self.words.plan
            ):
                of_several = bool(row.columns) or len(row.cells) > 1
                self.take_cell(sheet, index, cell, of_several=of_several)

    def look_at(self, row: Row) -> None:
        """Say of a plan's cells in a workbook what is doubtful or wrong about them (formulas, errors)."""
        for line in row.lines:
            if line.number in self.faulty:
                self.refuse_line(line, self.faulty[line.number])
            if line.number in self.doubtful:
                self.doubt("", f"{self.where(line)}: {self.doubtful[line.number]}")

    def is_row_label(self, lines: list[Line]) -> bool:
        return self.words.bare("".join(line.text for line in lines)) == self.words.plan

    def take_head_row(self, sheet: _Sheet, row: Row) -> bool:
        """Read what stands between 取組項目1 and the plan: 【title】, the section. False for the plan."""
        words = row.text
        titled = re.fullmatch(r"[【\[［]([^【】\[\]［］]+)[】\]］]", words)
        if titled and not sheet.record["title"]:
            sheet.record["title"] = titled[1].strip()
            return True
        if self.words.has_heading(row) or self.is_row_label(row.lines):
            return False
        if section := _SECTION.search(words):
            sheet.record["section"] = section[1]
            if row.columns:
                self.reading.heads += row.lines
                self.check_head_year(row.lines)
            return True
        self.check_head_year(row.lines)
        if _HEAD_YEAR.search(half_width(words)) and len(words) < 40:
            self.reading.heads += row.lines
            return True
        return False

    def take_cell(self, sheet: _Sheet, index: int, cell: list[Line], of_several: bool) -> None:
        """Cut a cell at its headings. 趣旨・目的 and 取組の概要 are the policy's, 取組の内容 is the year's.

        目標 stands in both columns: it belongs to the column that the cell is, by its other headings, by its
        place in the row, or else to the one that was read last.
        """
        pieces = [piece for line in cell for piece in self.cut(line)]
        scopes = {self.scope_of(name) for name, _line in pieces if name} - {""}
        if len(scopes) == 1:
            sheet.scope = scopes.pop()
        elif not scopes and of_several and (nearest := [at for at in sheet.columns if at <= index]):
            sheet.scope = sheet.columns[max(nearest)]
        for name, line in pieces:
            if name in ("policy", "annual"):
                sheet.scope = name
                sheet.columns.setdefault(index, name)
                sheet.fields.pop(name, None)
            elif name:
                sheet.scope = self.scope_of(name) or sheet.scope
                sheet.fields[sheet.scope] = name
                sheet.parts.setdefault((sheet.scope, name), [])
            if line.text:
                self.put(sheet, line)

    def scope_of(self, name: str) -> str:
        scopes = {"purpose": "policy", "overview": "policy", "activities": "annual"}
        return scopes.get(name, name if name in ("policy", "annual") else "")

    def cut(self, line: Line) -> list[tuple[str, Line]]:
        """Cut a line at its headings: (what the heading opens, or "", and the text behind it)."""
        pieces, opened, start = [], "", 0
        for found in self.words.marker.finditer(half_width(line.text)):
            if text := line.text[start : found.start()].strip():
                pieces.append((opened, Line(text, line.number)))
            elif opened:
                pieces.append((opened, Line("", line.number)))
            if found["column"]:
                opened = self.words.columns[found["column"]]
            else:
                opened = self.words.fields[found["field"] or found["alone"]]
            start = found.end()
        pieces.append((opened, Line(line.text[start:].strip(), line.number)))
        return pieces

    def put(self, sheet: _Sheet, line: Line) -> None:
        part = sheet.fields.get(sheet.scope)
        if part is None:
            sentence = f"{self.left_out(line)}。どの欄の文か分かりません。"
            self.doubt("", sentence, is_left_out=True)
        else:
            sheet.parts[sheet.scope, part].append(line)

    # --- parts to records --------------------------------------------------------------------------------

    def close(self, sheet: _Sheet) -> None:
        self.sheet = sheet
        for scope, name in [("policy", "purpose"), ("policy", "overview"), ("annual", "activities")]:
            lines = bullets(sheet.parts.get((scope, name), []))
            sheet.record[name] = "\n".join(line.text for line in lines)
            self.refuse_damage(sheet, name, lines)
            for before, after in zip(lines, lines[1:], strict=False):
                if after.text[0] not in BULLETS and not before.text.endswith(_ENDS):
                    words = f"{quote(after.text)}の前で文が改行されています。つながりを確かめてください。"
                    self.doubt(name, words)
        sheet.record["targets"] = []
        for (scope, name), lines in sheet.parts.items():
            if name == "targets":
                self.read_targets(sheet, scope, lines)
        sheet.record["targets"].sort(key=lambda target: ["policy", "annual", ""].index(target["scope"]))
        self.number_targets(sheet)
        self.doubt_doubles(sheet)
        if not sheet.record["targets"]:
            self.doubt("", "目標が見当たりません。元の文書を確かめてください。")
        self.reading.content.setdefault("initiatives", []).append(sheet.record)

    def refuse_damage(self, sheet: _Sheet, name: str, lines: list[Line]) -> None:
        place = f"{sheet.place}.{name}"
        for line in lines:
            try:
                refuse_damaged(plain(line.text), line.text)
            except UnreadableWording as error:
                self.reading.places.setdefault(place, self.reading.place(line.number, sheet.index + 1))
                self.reading.problems.append(Problem(place, error.sentence))

    def read_targets(self, sheet: _Sheet, scope: str, lines: list[Line]) -> None:
        for line, joined in target_lines(lines):
            try:
                readings = read_targets(line.text, self.fiscal_year)
            except UnreadableWording as error:
                record = self.add_target(sheet, scope, line, {"wording": line.text})
                self.reading.problems.append(Problem(record["#"], error.sentence))
                continue
            for reading in readings:
                record = self.add_target(sheet, scope, line, target_record(reading))
                for doubt in reading.unsure:
                    self.doubt(*target_doubt(doubt), place=record["#"])
                if joined:
                    self.doubt(
                        "wording", "改行された行をつなぎました。つながりを確かめてください。", record["#"]
                    )
                if not scope:
                    words = "方針の目標か当年度の目標か分かりません。欄を選んでください。"
                    self.doubt("scope", words, record["#"])
                if scope == "annual" and reading.fiscal_year and not reading.fiscal_year_inferred:
                    self.stated_years.append((reading.fiscal_year, record["#"]))

    def add_target(self, sheet: _Sheet, scope: str, line: Line, given: Record) -> Record:
        # Until the targets are in order, a record is told by the order in which it was read.
        place = f"{sheet.place}.read[{len(sheet.record['targets'])}]"
        self.reading.places[place] = self.reading.place(line.number, sheet.index + 1)
        record = {"#": place, "key": "", "scope": scope, **given}
        sheet.record["targets"].append(record)
        return record

    def number_targets(self, sheet: _Sheet) -> None:
        """Give targets their keys (p1, a1) and everything said about them its place in the content."""
        places, counts = {}, dict.fromkeys(["policy", "annual", ""], 0)
        for index, target in enumerate(sheet.record["targets"]):
            counts[target["scope"]] += 1
            target["key"] = f"{(target['scope'] or 'target')[0]}{counts[target['scope']]}"
            places[target.pop("#")] = f"{sheet.place}.targets[{index}]"
        reading = self.reading
        reading.places = {places.get(place, place): found for place, found in reading.places.items()}
        reading.unsure = [row._replace(place=places.get(row.place, row.place)) for row in reading.unsure]
        reading.problems = [row._replace(place=places.get(row.place, row.place)) for row in reading.problems]
        self.stated_years = [(year, places.get(place, place)) for year, place in self.stated_years]

    def doubt_doubles(self, sheet: _Sheet) -> None:
        """Ask about two targets for one indicator and year in a column: most often one was read twice."""
        seen: dict[tuple[str, str, int], str] = {}
        for index, target in enumerate(sheet.record["targets"]):
            name, year = target.get("indicator"), target.get("fiscal_year")
            if not name or not year:
                continue
            first = seen.setdefault((target["scope"], name, year), target["key"])
            if first != target["key"]:
                sentence = (
                    f"目標{first}と同じ指標、同じ年度の目標です。二重に読み取っていないか確かめてください。"
                )
                self.doubt("indicator", sentence, f"{sheet.place}.targets[{index}]")

    def is_answer(self, line: Line) -> bool:
        """Tell whether a line of the reviews holds more than their printed words."""
        left = self.words.bare(re.sub(r"※\S*", "", half_width(line.text)))
        for words in self.printed:
            left = left.replace(words, "")
        return bool(left.strip(":;|/・、,。-"))

    # --- the document as a whole -------------------------------------------------------------------------

    def agree_on_year(self) -> None:
        """Refuse a document of another year: none of its yearly targets is this year's."""
        others = [(year, place) for year, place in self.stated_years if year != self.fiscal_year]
        if others and len(others) == len(self.stated_years):
            year, place = others[0]
            self.reading.years |= {other for other, _place in others}
            sentence = (
                f"当年度の目標が{year}のものです。"
                f"{self.fiscal_year}の計画には取り込めません。年度を確かめてください。"
            )
            # Said of the line and not of the target: correcting one target makes no document of this year.
            line = f"line[{self.reading.places[place].line}]"
            self.reading.places[line] = self.reading.places[place]
            self.reading.problems.append(Problem(line, sentence))
            return
        for year, place in others:
            words = f"当年度の目標ですが、{year}と書かれています。年度を確かめてください。"
            self.reading.unsure.append(Unsure(place, "fiscal_year", words))

    def note_answers(self) -> None:
        """Say what the reviews hold besides their printed words: a plan does not take it in.

        A note and no doubt: the reviews have a way in of their own, and nothing of the plan depends on it.
        """
        if not self.printed:
            return
        found = {
            sheet.record["number"]: answers
            for sheet in self.sheets
            if (answers := [line for line in sheet.reviews if self.is_answer(line)])
        }
        lines = [line for answers in found.values() for line in answers]
        if lines:
            self.reading.notes.append(
                f"{self.words.item}{'、'.join(found)}で、計画の欄の外(振り返りや評価など)に書かれた{len(lines)}行は"
                "取り込みませんでした。"
                f"(はじめの行: {self.where(lines[0])}の{quote_source(lines[0].text)})"
            )

    def list_indicators(self) -> None:
        """List the indicators once each; whether more or fewer is better is asked at the first target."""
        indicators: dict[str, Record] = {}
        asked = {row.place: row for row in self.reading.unsure if row.field == "direction"}
        unsure = [row for row in self.reading.unsure if row.field != "direction"]
        for sheet in self.sheets:
            for index, target in enumerate(sheet.record["targets"]):
                name, place = target.get("indicator", ""), f"{sheet.place}.targets[{index}]"
                if not name:
                    continue
                if name not in indicators:
                    indicators[name] = {"name": name, "unit": ""}
                    unsure.append(asked.get(place) or Unsure(place, "direction", ASK_DIRECTION))
                known = indicators[name]
                known["unit"] = known["unit"] or target.get("unit", "")
                if source := survey_of(target["heading"]):
                    known["source"] = source
        self.reading.unsure = unsure
        self.reading.content = {
            "fiscal_year": int(self.fiscal_year),
            "indicators": list(indicators.values()),
            "initiatives": self.reading.content.get("initiatives", []),
        }

    def where(self, line: Line) -> str:
        return str(self.reading.place(line.number))

    def left_out(self, line: Line) -> str:
        return f"{self.where(line)}の{quote_source(line.text)}は取り込みませんでした"
