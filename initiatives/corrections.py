"""A plan that was read but not saved: carried from page to page in the form itself, corrected sheet by sheet.

Nothing of it is kept on the server. What comes back is signed, and checked again like any file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.core import signing

from wardplan.accounts.models import Ward
from wardplan.fiscal_year import FiscalYear

from .models import Indicator, Target
from .models.edition import ITEM
from .plan_file import DocumentReading, Place, PlanErrors, Problem, Unsure
from .plan_file.documents import ASK_DIRECTION, LABELS_OF_FIELDS
from .plan_file.limits import MOST_INITIATIVES, MOST_TARGETS_OF_ONE, too_much
from .plan_file.target_lines import target_doubt, target_record
from .wording import UnreadableWording, read_targets

Record = dict[str, Any]

SALT = "initiatives.plan_import"
YEARS = ("fiscal_year", "from_fiscal_year", "base_fiscal_year")
SHEET_FIELDS = ("number", "title", "section", "purpose", "overview", "activities")
TARGET_FIELDS = (
    "scope", "indicator", "heading", "wording", "quote", "kind", "comparator", "value", "value_max", "unit",
    "direction", "fiscal_year", "from_fiscal_year", "base_fiscal_year", "change", "change_unit", "milestone",
    "baselines",
)  # fmt: skip
LONG = {"purpose", "overview", "activities", "baselines"}
WIDE = LONG | {"title", "scope", "indicator", "heading", "wording", "quote", "milestone"}
OF_THE_INDICATOR = ("unit", "direction")
CHOICES: dict[str, list[tuple[str, str]]] = {
    "scope": Target.Scope.choices,
    "kind": Target.Kind.choices,
    "comparator": [("", "書かれていない"), *Target.Comparator.choices],
    "change_unit": [("", "なし"), *Target.ChangeUnit.choices],
    "direction": [("", "まだ確かめていない"), *Indicator.Direction.choices],
}
_EMPTY_TARGET: Record = {"indicator": "", "heading": "", "kind": Target.Kind.ABSOLUTE.value, "comparator": ""}
HINTS = {"baselines": "1行に1年度、「平成30年度: 88」のように書きます。分からない実績は空けておきます。"}


# --- from page to page -----------------------------------------------------------------------------------


def pack(reading: DocumentReading, ward: Ward, fiscal_year: FiscalYear) -> str:
    """Write a reading as signed text for a hidden field; only for this ward's year."""
    carried = {
        "for": [ward.slug, int(fiscal_year)],
        "content": reading.content,
        "unsure": reading.unsure,
        "problems": reading.problems,
        "places": reading.places,
        "sources": reading.sources,
        "notes": reading.notes,
    }
    return signing.dumps(carried, salt=SALT, serializer=_Json, compress=True)


def unpack(carried: str, ward: Ward, fiscal_year: FiscalYear) -> DocumentReading:
    """Read what `pack` wrote. Raises PlanErrors when it was damaged or belongs to another plan."""
    try:
        found = signing.loads(carried, salt=SALT, serializer=_Json)
    except signing.BadSignature as error:
        sentence = "確認中の内容を受け取れませんでした。もう一度、ファイルを選ぶか、文を貼り付けてください。"
        raise PlanErrors([Problem("", sentence)]) from error
    if found["for"] != [ward.slug, int(fiscal_year)]:
        raise PlanErrors([Problem("", f"{ward}の{fiscal_year}の計画を確認している画面ではありません。")])
    return DocumentReading(
        content=found["content"],
        unsure=[Unsure(*row) for row in found["unsure"]],
        problems=[Problem(*row) for row in found["problems"]],
        places={path: Place(*place) for path, place in found["places"].items()},
        sources=found["sources"],
        notes=found["notes"],
    )


class _Json(signing.JSONSerializer):
    """JSON whose figures travel as text, so that none is rounded: a plan file's are Decimal."""

    def dumps(self, obj: Any) -> bytes:
        return json.dumps(obj, separators=(",", ":"), default=str).encode("utf-8", "surrogatepass")

    def loads(self, data: bytes) -> Any:
        return json.loads(data.decode("utf-8", "surrogatepass"))


def is_correctable(content: Record) -> bool:
    """Tell whether the content has the shape and size of a plan, so that it can be shown and corrected.

    10,000 targets make a page that no browser sends back.
    """
    if "initiatives" not in content or too_much(content):
        return False
    lists = [content.get(key, []) for key in ("indicators", "measurements", "initiatives")]
    if not all(is_list_of_records(found) for found in lists):
        return False
    targets = [row.get("targets", []) for row in content["initiatives"]]
    return all(is_list_of_records(found) for found in targets) and all(
        is_list_of_records(target.get("baselines", [])) for found in targets for target in found
    )


def is_list_of_records(found: Any) -> bool:
    return isinstance(found, list) and all(isinstance(row, dict) for row in found)


# --- what the page shows ---------------------------------------------------------------------------------


@dataclass
class CorrectedField:
    """One field of the open sheet, as the page shows it."""

    name: str
    label: str
    value: str
    path: str
    errors: list[str] = field(default_factory=list)
    doubts: list[tuple[int, str]] = field(default_factory=list)
    choices: list[tuple[str, str]] = field(default_factory=list)
    is_long: bool = False
    hint: str = ""

    @property
    def is_wide(self) -> bool:
        """Tell whether the field needs the whole width: for its own words, or for a sentence about it."""
        return self.name.rsplit("-", 1)[-1] in WIDE or bool(self.errors or self.doubts)

    @property
    def is_to_choose(self) -> bool:
        """Tell whether only a choice answers the doubt: no direction stands here that could be right."""
        return self.name.endswith("direction") and not self.value

    @property
    def is_listed(self) -> bool:
        """Tell whether the value is among the choices; one that is not is shown all the same."""
        return self.value in [value for value, _label in self.choices]


@dataclass
class CorrectedRecord:
    """The open sheet, or one target of it, with what is said of the record as a whole."""

    heading: str
    prefix: str
    fields: list[CorrectedField]
    errors: list[str] = field(default_factory=list)
    doubts: list[tuple[int, str]] = field(default_factory=list)


class Sheets:
    """The sheets of a reading for the page: what to show, and taking over what a person corrected."""

    def __init__(self, reading: DocumentReading, known: Mapping[str, Indicator], item: str = ITEM) -> None:
        self.reading, self.known, self.item = reading, known, item
        self.initiatives: list[Record] = reading.content.setdefault("initiatives", [])
        self.indicators: list[Record] = reading.content.setdefault("indicators", [])

    def open(self, index: int, sections: list[str], faults: list[Problem]) -> list[CorrectedRecord]:
        """Give the fields of a sheet and of each of its targets, each with its faults and doubts."""
        place, record = f"initiatives[{index}]", self.initiatives[index]
        heading = f"{self.item}{self._text(record, 'number')}"
        sheet = self._record(heading, place, "", record, SHEET_FIELDS, faults)
        for given in sheet.fields:
            if given.name == "section":
                names = [given.value] if given.value and given.value not in sections else []
                given.choices = [("", "あとで決める"), *((name, name) for name in [*sections, *names])]
        shown = [sheet]
        for position, target in enumerate(record.get("targets", [])):
            place_of_target = f"{place}.targets[{position}]"
            heading = f"目標{position + 1}"
            shown.append(
                self._record(heading, place_of_target, f"t{position}-", target, TARGET_FIELDS, faults)
            )
        return shown

    def _record(
        self,
        heading: str,
        place: str,
        prefix: str,
        record: Record,
        names: tuple[str, ...],
        faults: list[Problem],
    ) -> CorrectedRecord:
        shown = CorrectedRecord(heading, prefix, [])
        for name in names:
            path = f"{place}.{name}"
            shown.fields.append(
                CorrectedField(
                    name=prefix + name,
                    label=LABELS_OF_FIELDS.get(name, name),
                    value=self._text(record, name),
                    path=path,
                    errors=[words for at, words in faults if at == path or at.startswith(f"{path}[")],
                    doubts=self._doubts(path),
                    choices=CHOICES.get(name, []),
                    is_long=name in LONG,
                    hint=HINTS.get(name, ""),
                )
            )
        shown.errors = [words for at, words in faults if at in (place, f"{place}.targets", f"{place}.key")]
        shown.doubts = self._doubts(place)
        return shown

    def _doubts(self, path: str) -> list[tuple[int, str]]:
        return [(index, row.sentence) for index, row in enumerate(self.reading.unsure) if row.path == path]

    def _text(self, record: Record, name: str) -> str:
        """Write a value as its field shows it: years with their era, quoted years one a line."""
        value = record.get(name)
        if name == "baselines":
            rows = value if isinstance(value, list) else []
            lines = [f"{_year(row.get('fiscal_year'))}: {row.get('value') or ''}" for row in rows]
            return "\n".join(line.rstrip() for line in lines)
        if name in OF_THE_INDICATOR and not value:
            indicator = self._text(record, "indicator")
            listed = next((row for row in self.indicators if row.get("name") == indicator), {})
            value = listed.get(name) or getattr(self.known.get(indicator), name, "")
        if name in YEARS:
            return _year(value)
        return "" if value is None else str(value)

    # --- what a person corrected -------------------------------------------------------------------------

    def correct(self, index: int, typed: Mapping[str, str]) -> None:
        """Take over what was typed into the open sheet. What was not changed stays as it was read.

        A field that somebody changed is in doubt no longer; nor is a line that could not be read, once its
        record was put right by hand.
        """
        place, record = f"initiatives[{index}]", self.initiatives[index]
        records: list[tuple[str, str, Record, tuple[str, ...]]] = [(place, "", record, SHEET_FIELDS)]
        for position, target in enumerate(record.get("targets", [])):
            records.append((f"{place}.targets[{position}]", f"t{position}-", target, TARGET_FIELDS))
        # All as it was shown, first: two targets on one indicator show the same unit and direction.
        changed = [
            (at, found, name, words)
            for at, prefix, found, names in records
            for name in names
            if (words := typed.get(prefix + name)) is not None
            and (words := words.replace("\r\n", "\n")) != self._text(found, name)
        ]
        for at, found, name, words in changed:
            self._take(at, found, name, words)
        for position in reversed(range(len(record.get("targets", [])))):
            if typed.get(f"t{position}-leave_out"):
                del record["targets"][position]
                self._forget(f"{place}.targets", position)
        if typed.get("leave_out"):
            del self.initiatives[index]
            self._forget("initiatives", index)
            del self.reading.sources[index : index + 1]
        if self.reading.is_document:
            self._list_indicators()

    # --- what the document lacks, or what was read where nothing is ---------------------------------------

    def add_targets(self, index: int, scope: str, line: str, fiscal_year: FiscalYear) -> int:
        """Add the target that a line of the document says, or an empty one, to a sheet; give its position.

        A line may say several. One that cannot be read is kept as the wording, to be put right by hand.
        """
        place = f"initiatives[{index}].targets"
        targets = self.initiatives[index].setdefault("targets", [])
        first = len(targets)
        written = " ".join(line.split("\n")).strip()
        try:
            readings = read_targets(written, fiscal_year) if written else ()
        except UnreadableWording as error:
            self.reading.problems.append(Problem(f"{place}[{first}]", error.sentence))
            readings = ()
        for reading in readings:
            at = self._added(f"{place}[{len(targets)}]", "加えた目標")
            doubts = [Unsure(at, *target_doubt(doubt)) for doubt in reading.unsure]
            name = reading.subject
            if not self._direction(name):
                if not any(row.field == "direction" for row in doubts):
                    doubts.append(Unsure(at, "direction", ASK_DIRECTION))
            else:
                doubts = [row for row in doubts if row.field != "direction"]
            self.reading.unsure += doubts
            targets.append({"key": self._free_key(targets, scope), "scope": scope, **target_record(reading)})
        if not readings:
            self._added(f"{place}[{len(targets)}]", "加えた目標")
            targets.append({**_EMPTY_TARGET, "key": self._free_key(targets, scope), "scope": scope})
            targets[-1] |= {"fiscal_year": int(fiscal_year), "wording": written, "baselines": []}
        return first

    def add_sheet(self) -> int:
        """Add an empty sheet with the next number at the end, and give its place in the list."""
        numbers = [self._text(row, "number") for row in self.initiatives]
        number = max((int(text) for text in numbers if text.isascii() and text.isdigit()), default=0) + 1
        self._added(f"initiatives[{len(self.initiatives)}]", f"加えた{self.item}")
        self.initiatives.append({"number": str(number), "title": "", "targets": []})
        if self.reading.is_document:
            self.reading.sources.append("")
        return len(self.initiatives) - 1

    def takes_more_targets(self, index: int) -> bool:
        return len(self.initiatives[index].get("targets", [])) < MOST_TARGETS_OF_ONE

    def takes_more_sheets(self) -> bool:
        return len(self.initiatives) < MOST_INITIATIVES

    def _added(self, path: str, name: str) -> str:
        """Name a record that stands nowhere in the document, so that faults do not point to a line of it."""
        self.reading.places[path] = Place(0, 0, name)
        return path

    def _direction(self, indicator: str) -> str:
        """Give the direction that is known of an indicator: registered, or said elsewhere in the plan."""
        listed = next((row for row in self.indicators if row.get("name") == indicator), {})
        return str(listed.get("direction") or getattr(self.known.get(indicator), "direction", ""))

    @staticmethod
    def _free_key(targets: list[Record], scope: str) -> str:
        taken, number = {target.get("key") for target in targets}, 1
        while f"{scope[0]}{number}" in taken:
            number += 1
        return f"{scope[0]}{number}"

    def settle(self, looked_at: set[int]) -> None:
        """Drop the doubts (by their place in the list) that a person says to have looked at."""
        self.reading.unsure = [row for index, row in enumerate(self.reading.unsure) if index not in looked_at]

    def _take(self, place: str, record: Record, name: str, typed: str) -> None:
        if name == "baselines":
            record[name] = [_baseline(line) for line in typed.split("\n") if line.strip()]
        elif name in OF_THE_INDICATOR:
            self._tell_indicator(self._text(record, "indicator"), name, typed)
        else:
            if name == "indicator":
                record["unit"] = self._text(record, "unit")
            record[name] = typed
        reading = self.reading
        reading.unsure = [row for row in reading.unsure if row.path != f"{place}.{name}"]
        reading.problems = [row for row in reading.problems if row.place not in (place, f"{place}.{name}")]

    def _tell_indicator(self, indicator: str, name: str, typed: str) -> None:
        """Write unit or direction once, at the indicator: every target on it follows."""
        listed = next((row for row in self.indicators if row.get("name") == indicator), None)
        if listed is None:
            listed = {"name": indicator}
            self.indicators.append(listed)
        listed[name] = typed
        for index, initiative in enumerate(self.initiatives):
            for position, target in enumerate(initiative.get("targets", [])):
                if target.get("indicator") == indicator:
                    target.pop(name, None)
                    path = f"initiatives[{index}].targets[{position}].{name}"
                    self.reading.unsure = [row for row in self.reading.unsure if row.path != path]

    def _list_indicators(self) -> None:
        """Leave out the indicators that no target names any more: they came from the document's own lines."""
        named = {target.get("indicator") for row in self.initiatives for target in row.get("targets", [])}
        self.indicators[:] = [row for row in self.indicators if row.get("name") in named]

    def _forget(self, listing: str, gone: int) -> None:
        """Move what is said about the rows of a list one up, behind a row that was left out."""
        pattern = re.compile(rf"{re.escape(listing)}\[(\d+)\](.*)")

        def moved(path: str) -> str | None:
            found = pattern.fullmatch(path)
            if found is None or int(found[1]) < gone:
                return path
            return None if int(found[1]) == gone else f"{listing}[{int(found[1]) - 1}]{found[2]}"

        reading = self.reading
        reading.unsure = [row._replace(place=to) for row in reading.unsure if (to := moved(row.place))]
        reading.problems = [row._replace(place=to) for row in reading.problems if (to := moved(row.place))]
        reading.places = {to: place for path, place in reading.places.items() if (to := moved(path))}


def _year(value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        try:
            return FiscalYear(value).label
        except ValueError:
            pass
    return "" if value is None else str(value)


def _baseline(line: str) -> Record:
    year, _, value = line.replace("：", ":").partition(":")
    return {"fiscal_year": year.strip(), "value": value.strip() or None}
