"""Figures to see to (数値の確認): gaps that the own sheets quote, relative targets without their number."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery

from initiatives.form import FormPhase, OfficialForm
from initiatives.models import Baseline, Initiative, Measurement, Target, TargetResolution, YearPlan
from initiatives.models.edition import ITEM
from wardplan.accounts.models import Roles, User
from wardplan.fiscal_year import FiscalYear
from wardplan.numbers import with_unit

from . import permissions
from .answers import pick
from .basis import read_value
from .models import Review


@dataclass(frozen=True)
class UnknownFigure:
    """A past year's figure that sheets quote as a gap: entered once, it shows on all of them."""

    ward: str
    indicator: int
    name: str
    fiscal_year: FiscalYear
    sheets: int


@dataclass(frozen=True)
class OpenTarget:
    """A relative target that can get its number, or whose number was put from a figure corrected since."""

    ward: str
    fiscal_year: FiscalYear
    number: str
    key: str
    name: str
    wording: str
    base_year: FiscalYear
    base: str
    resolved: str = ""
    item: str = ITEM

    @property
    def stale(self) -> bool:
        return bool(self.resolved)


@dataclass(frozen=True)
class Contradiction:
    """A year's figure on a sheet that is not the one on record of its indicator."""

    initiative: Initiative
    phase: FormPhase
    status: str
    number: int
    name: str
    indicator: int
    fiscal_year: FiscalYear
    on_sheet: str
    on_record: str
    corrected: bool
    """The figure on record took the place of an earlier one."""

    @property
    def status_label(self) -> str:
        return Review.Status(self.status).label


@dataclass(frozen=True)
class FiguresToCheck:
    """Both lists, for one person."""

    unknown: tuple[UnknownFigure, ...] = ()
    targets: tuple[OpenTarget, ...] = ()

    def __len__(self) -> int:
        return len(self.unknown) + len(self.targets)


def read_figures(plans: Iterable[YearPlan], roles: Roles, today: FiscalYear) -> FiguresToCheck:
    """Read what the own sections' sheets of these plans wait for: two queries, none without a section.

    Figures of years that have not begun are not asked for.
    """
    plans = list(plans)
    if not roles.sections or not plans:
        return FiguresToCheck()
    return FiguresToCheck(_unknown(plans, roles.sections, today), _targets(plans, roles.sections))


def read_ward_figures(plan: YearPlan, today: FiscalYear) -> FiguresToCheck:
    """Read what all sections' sheets of a plan wait for, for its admin: two queries."""
    return FiguresToCheck(_unknown([plan], None, today), _targets([plan], None))


def _unknown(
    plans: list[YearPlan], own: frozenset[int] | None, today: FiscalYear
) -> tuple[UnknownFigure, ...]:
    """List the gaps of the own sections' sheets (None: of all), each with the number of sheets that show it.

    Sheets are counted in all of these plans.
    """
    known = Measurement.objects.current().filter(
        indicator=OuterRef("its_indicator"), ward=OuterRef("its_ward_id"), fiscal_year=OuterRef("its_year")
    )
    columns = ("its_indicator", "its_name", "its_ward", "its_year", "its_initiative", "its_section")

    def gaps(rows: QuerySet[Any], target: str, year: str) -> QuerySet[Any]:
        return (
            rows.annotate(
                its_indicator=F(f"{target}indicator"),
                its_name=F(f"{target}indicator__name"),
                its_ward=F(f"{target}initiative__plan__ward__slug"),
                its_ward_id=F(f"{target}initiative__plan__ward"),
                its_year=F(year),
                its_initiative=F(f"{target}initiative"),
                its_section=F(f"{target}initiative__section"),
            )
            .filter(~Exists(known), its_year__lte=int(today))
            .values_list(*columns)
        )

    quoted = gaps(Baseline.objects.filter(target__initiative__plan__in=plans), "target__", "fiscal_year")
    bases = Target.objects.filter(initiative__plan__in=plans, kind=Target.Kind.RELATIVE)
    found: dict[tuple[str, int, int], tuple[str, set[int], set[int]]] = {}
    for indicator, name, ward, year, initiative, section in quoted.order_by().union(
        gaps(bases, "", "base_fiscal_year").order_by(), all=True
    ):
        _, sheets, sections = found.setdefault((ward, indicator, year), (name, set(), set()))
        sheets.add(initiative)
        sections.add(section)
    return tuple(
        UnknownFigure(ward, indicator, name, FiscalYear(year), len(sheets))
        for (ward, indicator, year), (name, sheets, sections) in sorted(
            found.items(), key=lambda item: (-item[0][2], item[1][0])
        )
        if own is None or sections & own
    )


def _targets(plans: list[YearPlan], own: frozenset[int] | None) -> tuple[OpenTarget, ...]:
    """List the relative targets whose base year's figure is known, but not what it makes of them.

    Of the own sections' sheets; None: of all. A promise that stands on a sheet twice is listed once.
    """
    base = Measurement.objects.current().filter(
        indicator=OuterRef("indicator"),
        ward=OuterRef("initiative__plan__ward"),
        fiscal_year=OuterRef("base_fiscal_year"),
    )
    newest = TargetResolution.objects.filter(target=OuterRef("pk")).order_by("-at", "-pk")
    relative = Target.objects.filter(initiative__plan__in=plans, kind=Target.Kind.RELATIVE)
    if own is not None:
        relative = relative.filter(initiative__section__in=own)
    open_targets = (
        relative.annotate(
            base_figure=Subquery(base.values("value")[:1]),
            resolved_value=Subquery(newest.values("value")[:1]),
            resolved_base=Subquery(newest.values("base_value")[:1]),
        )
        .filter(base_figure__isnull=False)
        .filter(Q(resolved_base=None) | ~Q(resolved_base=F("base_figure")))
        .select_related("indicator", "initiative__plan__ward", "initiative__plan__edition")
        .order_by("initiative__plan__fiscal_year", "initiative__position", "-scope", "position", "pk")
    )
    told: dict[tuple[int, int, str], OpenTarget] = {}
    for target in open_targets:
        initiative, unit = target.initiative, target.indicator.unit
        resolved = target.resolved_value
        told.setdefault(
            (initiative.pk, target.indicator_id, target.wording),
            OpenTarget(
                ward=initiative.plan.ward.slug,
                fiscal_year=FiscalYear(initiative.plan.fiscal_year),
                number=initiative.number,
                key=target.key,
                name=target.heading or target.indicator.name,
                wording=target.wording,
                base_year=FiscalYear(target.base_fiscal_year),
                base=with_unit(target.base_figure, unit),
                resolved=with_unit(resolved, unit) if resolved is not None else "",
                item=initiative.plan.edition.item,
            ),
        )
    return tuple(told.values())


def read_contradictions(plan: YearPlan, form: OfficialForm, user: User) -> list[Contradiction]:
    """Read the years' figures on a plan's sheets that differ from those on record: three queries.

    Of sheets whose text the person may not read yet, none is told.
    """
    phases = [phase for phase in form.phases if phase.figure and phase.figure.final]
    reviews = {
        (review.initiative_id, review.phase): review
        for review in Review.objects.filter(
            initiative__plan=plan, phase__in=[phase.key for phase in phases]
        ).select_related("initiative__section", "initiative__plan")
    }
    if not reviews:
        return []
    targets = list(
        Target.objects.filter(initiative__plan=plan, scope=Target.Scope.ANNUAL)
        .select_related("indicator")
        .order_by("initiative__position", "position", "pk")
    )
    figures = Measurement.objects.current().filter(
        ward=plan.ward_id, indicator__in={target.indicator_id for target in targets}
    )
    known = {(row.indicator_id, int(row.fiscal_year)): row for row in figures}
    numbers: dict[int, int] = {}
    found = []
    for target in targets:
        numbers[target.initiative_id] = number = numbers.get(target.initiative_id, 0) + 1
        row = known.get((target.indicator_id, int(target.fiscal_year)))
        for phase in phases:
            review = reviews.get((target.initiative_id, phase.key))
            if review is None or row is None or not permissions.can_read(user, review):
                continue
            value = read_value(pick(review.answers, phase.figure.key, target.key) or {})  # type: ignore[union-attr]
            if value is not None and value != row.value:
                found.append(
                    Contradiction(
                        initiative=review.initiative,
                        phase=phase,
                        status=review.status,
                        number=number,
                        name=target.heading or target.indicator.name,
                        indicator=target.indicator_id,
                        fiscal_year=FiscalYear(target.fiscal_year),
                        on_sheet=with_unit(value, target.indicator.unit),
                        on_record=with_unit(row.value, target.indicator.unit),
                        corrected=bool(row.reason),
                    )
                )
    return found
