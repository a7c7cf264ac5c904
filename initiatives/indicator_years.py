"""An indicator through the years in one ward: figures, promises and where both are quoted.

`read_history` reads with four queries, however many years and sheets there are.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from django.db.models import Count, OuterRef, Prefetch, Q, QuerySet, Subquery

from wardplan.accounts.models import User, Ward
from wardplan.fiscal_year import FiscalYear
from wardplan.numbers import with_unit

from . import permissions
from .chart import YearFigures, difference
from .judgement import Judgement, change_caution, facts_of, judge
from .models import Baseline, Indicator, IndicatorChange, Measurement, Target, YearPlan

UNKNOWN = "未判明"
UNRESOLVED = "未確定"


@dataclass(frozen=True)
class Promise:
    """What one target promises of a year: its words, its number as far as there is one, and the outcome."""

    target: Target
    words: str
    value: Decimal | None
    unresolved: bool
    resolved: str
    judgement: Judgement

    @property
    def met(self) -> bool | None:
        """Say whether it was kept; None where nobody can say."""
        return {"met": True, "not_met": False}.get(self.judgement.outcome)

    @property
    def working(self) -> str:
        """Give the working where the figures beside it do not speak for themselves."""
        if self.judgement.outcome != "unknown" and self.target.kind == Target.Kind.ABSOLUTE:
            return change_caution(facts_of(self.target))
        return self.judgement.working


@dataclass(frozen=True)
class Year:
    """One year of the table: its figure (None: 未判明) and the promises made for it, most often one."""

    fiscal_year: FiscalYear
    measurement: Measurement | None
    promises: tuple[Promise, ...]

    @property
    def value(self) -> Decimal | None:
        return self.measurement.value if self.measurement else None

    def gap(self, promise: Promise) -> str:
        """Write how far the figure lies from a promised number; nothing where one of them is missing."""
        if self.value is None or promise.value is None:
            return ""
        return difference(self.value, promise.value)


@dataclass(frozen=True)
class Row:
    """A line of the table: a year with one of its promises; `first` is False for a further promise."""

    year: FiscalYear
    first: bool
    measurement: Measurement | None
    figure: str
    goal: str = ""
    number: str = ""
    unresolved: bool = False
    gap: str = ""
    met: bool | None = None
    working: str = ""
    changes: tuple[Footnote, ...] = ()


@dataclass(frozen=True)
class Footnote:
    """A year from which the figures mean something else: ※1, with what changed, why, and who said so."""

    mark: str
    change: IndicatorChange

    @property
    def year(self) -> FiscalYear:
        assert self.change.fiscal_year is not None
        return FiscalYear(self.change.fiscal_year)


@dataclass(frozen=True)
class Correction:
    """A figure that another one took the place of, with who did it, when and why."""

    year: FiscalYear
    before: str
    after: str
    by: User | None
    at: datetime.datetime
    reason: str


@dataclass(frozen=True)
class Quote:
    """A sheet that quotes the indicator: with which target, and which past years beside it ("" unknown)."""

    target: Target
    resolved: str
    unresolved: bool
    past: tuple[tuple[FiscalYear, str], ...]

    @property
    def place(self) -> str:
        return "方針の目標" if self.target.scope == Target.Scope.POLICY else "当年度の目標"


@dataclass(frozen=True)
class History:
    """Everything an indicator's page says. Years, changes, corrections and quotes stand newest first."""

    indicator: Indicator
    years: tuple[Year, ...]
    corrections: tuple[Correction, ...]
    quotes: tuple[Quote, ...]
    changes: tuple[IndicatorChange, ...]
    may_enter: bool
    may_describe: bool

    @property
    def on_chart(self) -> list[YearFigures]:
        return figures_on_chart(self.years)

    @property
    def rows(self) -> list[Row]:
        return [
            replace(row, changes=tuple(note for note in self.footnotes if note.year == row.year))
            if row.first
            else row
            for year in self.years
            for row in _rows(year, self.indicator.unit)
        ]

    @property
    def footnotes(self) -> list[Footnote]:
        """List the years from which the definition is another one, oldest first; one year has one mark."""
        dated = sorted(
            (one for one in self.changes if one.breaks),
            key=lambda one: (one.fiscal_year, one.at),
        )
        marks = {
            year: f"※{place}"
            for place, year in enumerate(dict.fromkeys(one.fiscal_year for one in dated), start=1)
        }
        return [Footnote(marks[one.fiscal_year], one) for one in dated]

    @property
    def breaks(self) -> dict[FiscalYear, str]:
        """Give the mark of each year at which a chart breaks."""
        return {note.year: note.mark for note in self.footnotes}

    @property
    def direction_confirmed(self) -> IndicatorChange | None:
        """Give the record of who last confirmed the direction that stands now; None when nobody did."""
        last = next((one for one in self.changes if one.kind == IndicatorChange.Kind.DIRECTION), None)
        return last if last and last.after.get("direction") == self.indicator.direction else None

    @property
    def sheets(self) -> int:
        return len({quote.target.initiative_id for quote in self.quotes})


def figures_on_chart(years: Iterable[Year]) -> list[YearFigures]:
    """Say what a chart draws of each year: its figure, and the first of its promises."""
    return [
        YearFigures(
            year.fiscal_year,
            target=promise.value if promise else None,
            actual=year.value,
            met=promise.met if promise and promise.target.kind != Target.Kind.CUMULATIVE else None,
        )
        for year in years
        for promise in [year.promises[0] if year.promises else None]
    ]


@dataclass(frozen=True)
class Listed:
    """An indicator in the list, with its newest figure ("" is 未判明) and the number of its sheets."""

    indicator: Indicator
    newest: str
    newest_year: FiscalYear | None
    sheets: int


def list_indicators(ward: Ward, user: User, words: str = "") -> list[Listed]:
    """List what a ward measures, with its newest figure and the number of its sheets that quote it.

    City-wide indicators are listed when they are of use to the ward: all of them.
    """
    newest = (
        Measurement.objects.current().filter(indicator=OuterRef("pk"), ward=ward).order_by("-fiscal_year")
    )
    visible = YearPlan.objects.visible_to(user).filter(ward=ward)
    found = (
        Indicator.objects.usable_in(ward)
        .annotate(
            newest_value=Subquery(newest.values("value")[:1]),
            newest_year=Subquery(newest.values("fiscal_year")[:1]),
            sheets=Count(
                "targets__initiative", filter=Q(targets__initiative__plan__in=visible), distinct=True
            ),
        )
        .order_by("name")
    )
    for word in words.split():
        found = found.filter(
            Q(name__icontains=word) | Q(definition__icontains=word) | Q(source__icontains=word)
        )
    return [
        Listed(
            indicator=one,
            newest=with_unit(one.newest_value, one.unit) if one.newest_value is not None else "",
            newest_year=FiscalYear(one.newest_year) if one.newest_year else None,
            sheets=one.sheets,
        )
        for one in found
    ]


def read_history(indicator: Indicator, ward: Ward, user: User) -> History:
    """Read an indicator's figures and promises of one ward, as far as this person may know its plans."""
    measurements = list(
        Measurement.objects.filter(indicator=indicator, ward=ward).select_related("by").order_by("-at", "-pk")
    )
    current = {one.fiscal_year: one for one in measurements if one.superseded_at is None}
    targets = list(
        read_targets([indicator.pk], ward, user).prefetch_related(
            Prefetch("baselines", Baseline.objects.order_by("position", "-fiscal_year"))
        )
    )
    quoted = {baseline.fiscal_year for target in targets for baseline in target.baselines.all()}
    values = {year: one.value for year, one in current.items()}
    return History(
        indicator=indicator,
        years=build_years(indicator, current, targets, quoted),
        corrections=tuple(_corrections(measurements, indicator.unit)),
        quotes=tuple(_quote(target, indicator, values) for target in targets),
        changes=tuple(read_changes(indicator, ward)),
        may_describe=permissions.can_administer(user, ward.pk),
        may_enter=permissions.can_administer(user, ward.pk)
        or any(permissions.belongs_to_section(user, target.initiative) for target in targets),
    )


def read_changes(indicator: Indicator, ward: Ward) -> QuerySet[IndicatorChange]:
    """Read the dated changes that hold in a ward, newest first."""
    return indicator.changes.of_ward(ward).select_related("by", "withdrawn_by").order_by("-at", "-pk")


def read_measurements(
    indicators: Collection[int], wards: Collection[int]
) -> dict[tuple[int, int], dict[int, Measurement]]:
    """Read the current figures of many indicators, by (ward, indicator) and year: one query."""
    found: dict[tuple[int, int], dict[int, Measurement]] = {}
    for one in Measurement.objects.current().filter(indicator__in=indicators, ward__in=wards):
        found.setdefault((one.ward_id, one.indicator_id), {})[one.fiscal_year] = one
    return found


def read_many(
    indicators: Collection[int],
    ward: Ward,
    user: User,
    measured: Mapping[tuple[int, int], Mapping[int, Measurement]],
) -> list[tuple[Indicator, tuple[Year, ...]]]:
    """Read the years of many indicators of one ward, in the order of their names: one query.

    `measured` comes from `read_measurements`. An indicator without a target is left out, and so are years
    that are only quoted: they have no number.
    """
    targets: dict[Indicator, list[Target]] = {}
    for target in read_targets(indicators, ward, user):
        targets.setdefault(target.indicator, []).append(target)
    return [
        (indicator, build_years(indicator, measured.get((ward.pk, indicator.pk), {}), targets[indicator]))
        for indicator in sorted(targets, key=lambda one: (one.name, one.pk))
    ]


def build_years(
    indicator: Indicator,
    current: Mapping[int, Measurement],
    targets: list[Target],
    quoted: Collection[int] = (),
) -> tuple[Year, ...]:
    """Put together each year that is measured, promised or quoted, newest first. Asks no query."""
    values = {FiscalYear(year): one.value for year, one in current.items()}
    years = {
        *current,
        *(target.fiscal_year for target in targets),
        *(target.base_fiscal_year for target in targets if target.base_fiscal_year),
        *quoted,
    }
    return tuple(
        Year(
            fiscal_year=FiscalYear(year),
            measurement=current.get(year),
            promises=tuple(_promise(target, indicator, values) for target in promised_for(year, targets)),
        )
        for year in sorted(years, reverse=True)
    )


def read_targets(indicators: Collection[int], ward: Ward, user: User) -> QuerySet[Target]:
    """Read the targets on indicators, newest plan first, with the numbers that relative ones got."""
    return (
        Target.objects.with_facts()
        .filter(
            indicator__in=indicators,
            initiative__plan__in=YearPlan.objects.visible_to(user).filter(ward=ward),
        )
        .select_related("indicator", "initiative__plan__edition")
        .order_by("-initiative__plan__fiscal_year", "initiative__position", "scope", "position", "pk")
    )


def promised_for(year: int, targets: Iterable[Target]) -> list[Target]:
    """Choose what was promised for a year: the year's own plan says it, or else the newest plan.

    In the year's own plan the annual targets count before the policy's. Equal promises are told once.
    """
    meant = [target for target in targets if target.fiscal_year == year]
    own = [target for target in meant if target.initiative.plan.fiscal_year == year]
    if not own and meant:
        newest = max(target.initiative.plan.fiscal_year for target in meant)
        own = [target for target in meant if target.initiative.plan.fiscal_year == newest]
    annual = [target for target in own if target.scope == Target.Scope.ANNUAL]
    told: dict[tuple[object, ...], Target] = {}
    for target in annual or own:
        told.setdefault((target.promise, target.kind, target.value, target.resolved_value), target)  # type: ignore[attr-defined]
    return list(told.values())


def _promise(target: Target, indicator: Indicator, values: Mapping[FiscalYear, Decimal]) -> Promise:
    """Tell what a target promises as a number, and what the figures make of it.

    A sum over several years is no number of one year, so it has none beside its year's figure; of a range
    it is the end that was missed.
    """
    judgement = judge(facts_of(target), values)
    resolved = target.resolved_value  # type: ignore[attr-defined]
    value = {
        Target.Kind.ABSOLUTE: target.value,
        Target.Kind.RELATIVE: resolved,
        Target.Kind.RANGE: judgement.compared_value,
    }.get(Target.Kind(target.kind))
    return Promise(
        target=target,
        words=target.promise,
        value=value,
        unresolved=target.kind == Target.Kind.RELATIVE and resolved is None,
        resolved=with_unit(resolved, indicator.unit) if resolved is not None else "",
        judgement=judgement,
    )


def _rows(year: Year, unit: str) -> list[Row]:
    figure = with_unit(year.value, unit) if year.value is not None else ""
    if not year.promises:
        return [Row(year.fiscal_year, True, year.measurement, figure)]
    return [
        Row(
            year=year.fiscal_year,
            first=place == 0,
            measurement=year.measurement,
            figure=figure,
            goal=promise.words,
            number=promise.resolved,
            unresolved=promise.unresolved,
            gap=year.gap(promise),
            met=promise.met,
            working=promise.working if year.value is not None else "",
        )
        for place, promise in enumerate(year.promises)
    ]


def _corrections(measurements: Iterable[Measurement], unit: str) -> list[Correction]:
    """Pair each superseded figure with the one that took its place; newest first, as they come."""
    followed: dict[int, Measurement] = {}
    found = []
    for one in measurements:
        after = followed.get(one.fiscal_year)
        if after is not None:
            found.append(
                Correction(
                    year=FiscalYear(one.fiscal_year),
                    before=with_unit(one.value, unit),
                    after=with_unit(after.value, unit),
                    by=after.by,
                    at=after.at,
                    reason=after.reason,
                )
            )
        followed[one.fiscal_year] = one
    return found


def _quote(target: Target, indicator: Indicator, values: Mapping[FiscalYear, Decimal]) -> Quote:
    resolved = target.resolved_value  # type: ignore[attr-defined]
    quoted = [FiscalYear(baseline.fiscal_year) for baseline in target.baselines.all()]
    return Quote(
        target=target,
        resolved=with_unit(resolved, indicator.unit) if resolved is not None else "",
        unresolved=target.kind == Target.Kind.RELATIVE and resolved is None,
        past=tuple(
            (year, with_unit(values[year], indicator.unit) if year in values else "") for year in quoted
        ),
    )
