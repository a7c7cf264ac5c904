"""The content of a plan file against its forms, itself and what the ward has. Nothing is written here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from initiatives.models import FormEdition, Indicator, Initiative, Measurement
from wardplan.accounts.models import Section, Ward
from wardplan.fiscal_year import FiscalYear
from wardplan.numbers import with_unit
from wardplan.text import quote

from .forms import (
    BaselineForm,
    IndicatorForm,
    InitiativeForm,
    MeasurementForm,
    PlanForm,
    RecordForm,
    TargetForm,
)
from .limits import too_much
from .problems import PlanErrors, Problem

Record = dict[str, Any]
Figure = tuple[str, int]  # an indicator's name and a fiscal year


@dataclass
class PlanRecords:
    """A plan file that was checked: typed values, and the rows that it refers to.

    `indicators` and `figures` hold what the file gives; `known_indicators` the rows that exist already.
    """

    indicators: dict[str, Record] = field(default_factory=dict)
    figures: dict[Figure, Record] = field(default_factory=dict)
    initiatives: list[Record] = field(default_factory=list)
    known_indicators: dict[str, Indicator] = field(default_factory=dict)
    known_figures: dict[Figure, Measurement] = field(default_factory=dict)


def check_plan(content: Any, ward: Ward, fiscal_year: FiscalYear, edition: FormEdition) -> PlanRecords:
    """Check a plan file's content as the plan of this ward and year. Raises PlanErrors with every fault."""
    check = _Check(ward, FiscalYear(fiscal_year), edition)
    if isinstance(content, dict):
        check.problems = too_much(content)
        if not check.problems:
            check.plan(content)
    else:
        check.report("", "計画ファイルではありません。全体を{ }で囲んだJSONにしてください。")
    if check.problems:
        raise PlanErrors(check.problems)
    return check.records


class _Check:
    """One check of one file: walks through the records and collects what is wrong with them."""

    def __init__(self, ward: Ward, fiscal_year: FiscalYear, edition: FormEdition) -> None:
        self.ward, self.fiscal_year, self.edition = ward, fiscal_year, edition
        self.problems: list[Problem] = []
        self.records = PlanRecords()
        self.units: dict[str, str] = {}
        self.sections: dict[str, Section] = {row.name: row for row in ward.sections.all()}
        self.last_year = {
            row.number: row
            for row in Initiative.objects.filter(plan__ward=ward, plan__fiscal_year=int(fiscal_year) - 1)
        }

    def report(self, place: str, sentence: str, about: str = "") -> None:
        self.problems.append(Problem(place, f"{about}: {sentence}" if about else sentence))

    def form(self, form: RecordForm, place: str, about: str = "") -> Record:
        """Give a form's clean values; report its errors, each at its own key."""
        for name, errors in form.errors.items():
            at = place if name == "__all__" else f"{place}.{name}".lstrip(".")
            for sentence in errors:
                self.report(at, str(sentence), about)
        return form.cleaned_data

    def each(
        self, record: Record, key: str, place: str = "", about: str = ""
    ) -> Iterator[tuple[str, Record]]:
        """List the records under a key with their places; report what is no list or no record."""
        found, place = record.get(key, []), f"{place}.{key}".lstrip(".")
        if not isinstance(found, list):
            self.report(place, "[ ]で囲んだ一覧にしてください。", about)
            return
        for index, item in enumerate(found):
            if isinstance(item, dict):
                yield f"{place}[{index}]", item
            else:
                self.report(f"{place}[{index}]", "{ }で囲んだ項目にしてください。", about)

    # --- the plan ----------------------------------------------------------------------------------------

    def plan(self, content: Record) -> None:
        given = self.form(PlanForm(content), "")
        if given.get("ward", self.ward.slug) != self.ward.slug:
            self.report(
                "ward", f"{quote(given['ward'])}の計画です。{self.ward}({self.ward.slug})には取り込めません。"
            )
        if given.get("fiscal_year", self.fiscal_year) != self.fiscal_year:
            self.report(
                "fiscal_year",
                f"{given['fiscal_year']}の計画です。{self.fiscal_year}の計画には取り込めません。",
            )
        if given.get("edition") and given["edition"] != self.edition.code:
            self.report("edition", f"様式の版が違います。この計画の様式は{self.edition.code}です。")
        if not isinstance(content.get("initiatives"), list):
            self.report("initiatives", "取組項目の一覧がありません。")
            content = {**content, "initiatives": []}
        self.indicators(content)
        self.measurements(content)
        numbers: set[Any] = set()
        for place, record in self.each(content, "initiatives"):
            self.initiative(place, record, numbers)
        self.compare_with_known_figures()

    # --- indicators and their figures --------------------------------------------------------------------

    def indicators(self, content: Record) -> None:
        places = {}
        for place, record in self.each(content, "indicators"):
            form = IndicatorForm(record)
            name = self.form(form, place).get("name")
            if name in self.records.indicators:
                self.report(f"{place}.name", f"指標{quote(name)}が2回あります。1つにまとめてください。")
            elif name:
                self.records.indicators[name], places[name] = form.given(), place
        self.find_known_indicators(content)
        for name, given in self.records.indicators.items():
            self.indicator(name, given, places[name])

    def find_known_indicators(self, content: Record) -> None:
        """Find the ward's indicator of a name, or else the city-wide one; one query."""
        for row in Indicator.objects.usable_in(self.ward):
            given = self.records.indicators.get(row.name, {})
            if row.ward_id is None:
                if given.get("city_wide") or row.name not in self.records.known_indicators:
                    self.records.known_indicators[row.name] = row
            elif not given.get("city_wide"):
                self.records.known_indicators[row.name] = row
        for name, row in self.records.known_indicators.items():
            self.units[name] = row.unit
        for name, given in self.records.indicators.items():
            self.units[name] = given.get("unit", self.units.get(name, ""))

    def indicator(self, name: str, given: Record, place: str) -> None:
        known = self.records.known_indicators.get(name)
        if given.get("city_wide") and known is None:
            self.report(f"{place}.name", f"全区共通の指標に{quote(name)}はありません。先に登録してください。")
        if known is None or known.ward_id is not None:
            return
        for key in ("unit", "direction", "definition", "source", "contact", "arrives"):
            if given.get(key) and given[key] != getattr(known, key):
                self.report(
                    f"{place}.{key}",
                    f"{quote(name)}は全区共通の指標のため、計画ファイルからは変えられません。"
                    f"登録済みの「{getattr(known, key)}」にしてください。",
                )

    def measurements(self, content: Record) -> None:
        for place, record in self.each(content, "measurements"):
            form = MeasurementForm(record, self.unit_of(record))
            given = self.form(form, place)
            name, year = given.get("indicator"), given.get("fiscal_year")
            if name and name not in self.units and name not in self.named_by_targets(content):
                self.report(
                    f"{place}.indicator", f"指標{quote(name)}がありません。指標名を確かめてください。"
                )
            elif name and year and (name, int(year)) in self.records.figures:
                self.report(place, f"指標{quote(name)}の{year}の実績が2回あります。1つにまとめてください。")
            elif name and year and given.get("value") is not None:
                self.records.figures[name, int(year)] = {**form.given(), "place": f"{place}.value"}

    def named_by_targets(self, content: Record) -> set[Any]:
        return {
            target["indicator"]
            for initiative in content["initiatives"]
            if isinstance(initiative, dict) and isinstance(initiative.get("targets"), list)
            for target in initiative["targets"]
            if isinstance(target, dict) and isinstance(target.get("indicator"), str)
        }

    def unit_of(self, record: Record) -> str:
        """Give the unit that may stand behind the figures of a record: its indicator's, or its own."""
        name, own = record.get("indicator"), record.get("unit")
        known = self.units.get(name, "") if isinstance(name, str) else ""
        return known or (own if isinstance(own, str) else "")

    def compare_with_known_figures(self) -> None:
        """Refuse a figure where another one stands already: it may be quoted on other sheets; one query."""
        known = {row.pk: row.name for row in self.records.known_indicators.values()}
        rows = Measurement.objects.current().filter(ward=self.ward, indicator__in=known)
        for row in rows.select_related("initiative__plan"):
            self.records.known_figures[known[row.indicator_id], int(row.fiscal_year)] = row
        for (name, year), given in self.records.figures.items():
            row = self.records.known_figures.get((name, year))
            if row is None or row.value == given["value"]:
                continue
            unit = self.units.get(name, "")
            approved = f"(取組項目{row.initiative.number}で承認)" if row.initiative else ""
            self.report(
                given["place"],
                f"指標{quote(name)}の{FiscalYear(year)}の実績は、すでに{with_unit(row.value, unit)}と"
                f"入力されています{approved}。{with_unit(given['value'], unit)}に直すときは、"
                "先に実績を訂正してください。",
            )

    # --- sheets ------------------------------------------------------------------------------------------

    def initiative(self, place: str, record: Record, numbers: set[Any]) -> None:
        form = InitiativeForm(record)
        about = (
            f"取組項目{form['number'].data}" if "number" not in form.errors else "番号の分からない取組項目"
        )
        given = self.form(form, place, about)
        number, section, continues = (given.get(key) for key in ("number", "section", "continues"))
        if number and number in numbers:
            self.report(f"{place}.number", f"番号{quote(number)}が2回あります。番号を直してください。", about)
        numbers.add(number)
        if section and section not in self.sections:
            known = "、".join(self.sections) or "まだ1つもありません"
            self.report(
                f"{place}.section", f"担当課{quote(section)}はこの区にありません(登録済み: {known})。", about
            )
        if continues and continues not in self.last_year:
            self.report(f"{place}.continues", f"前年度に取組項目{quote(continues)}はありません。", about)
        given["section"] = self.sections.get(section or "")
        given["continues"] = self.last_year.get(continues or "")
        if "unconfirmed" not in record:
            # Nothing is said about it: what waits for a person goes on waiting.
            del given["unconfirmed"]
        given["targets"] = []
        keys: set[Any] = set()
        for target_place, target in self.each(record, "targets", place, about):
            given["targets"].append(self.target(target_place, target, about, keys))
        self.records.initiatives.append(given)

    def target(self, place: str, record: Record, about: str, keys: set[Any]) -> Record:
        unit = self.unit_of(record)
        form = TargetForm(record, self.fiscal_year, unit)
        if "key" not in form.errors:
            about = f"{about}の目標{form['key'].data}"
        given = self.form(form, place, about)
        key, name = given.get("key"), given.get("indicator")
        if key and key in keys:
            self.report(f"{place}.key", f"キー{quote(key)}が2回あります。キーを直してください。", about)
        keys.add(key)
        if name:
            self.agree_with_indicator(place, record, given, about)
        given["baselines"] = []
        years: set[int] = set()
        for baseline_place, baseline in self.each(record, "baselines", place, about):
            found = self.form(BaselineForm(baseline, unit), baseline_place, about)
            year = found.get("fiscal_year")
            if year in years:
                self.report(f"{baseline_place}.fiscal_year", f"{year}の過年度実績が2回あります。", about)
            elif year:
                years.add(year)
                given["baselines"].append(year)
                if name and found.get("value") is not None:
                    self.quote_figure(name, year, found["value"], f"{baseline_place}.value", about)
        return given

    def agree_with_indicator(self, place: str, record: Record, given: Record, about: str) -> None:
        """Compare unit and direction that a target repeats; an indicator that is nowhere takes them over."""
        name = given["indicator"]
        known = self.records.known_indicators.get(name)
        listed = self.records.indicators.get(name)
        if known is None and listed is None:
            listed = self.records.indicators[name] = {"name": name}
        for key in ("unit", "direction"):
            if key not in given or record.get(key) is None:
                continue
            stated = (listed or {}).get(key, getattr(known, key, None))
            if stated is None and listed is not None:
                listed[key] = given[key]
                self.units[name] = listed.get("unit", "")
            elif given[key] != stated:
                label = {"unit": "単位", "direction": "よい方向"}[key]
                self.report(
                    f"{place}.{key}",
                    f"{label}が指標の「{stated}」と違います。どちらかを直してください。",
                    about,
                )

    def quote_figure(self, name: str, year: FiscalYear, value: Decimal, place: str, about: str) -> None:
        """Take a quoted figure as the indicator's, unless the file says another one elsewhere."""
        stated = self.records.figures.setdefault(
            (name, int(year)), {"value": value, "place": place, "quoted": True}
        )
        if stated["value"] != value:
            unit = self.units.get(name, "")
            self.report(
                place,
                f"{year}の実績が、ファイルのほかの所では{with_unit(stated['value'], unit)}です"
                f"({stated['place']})。どちらかを直してください。",
                about,
            )
