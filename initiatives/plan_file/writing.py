"""A plan as the content of a plan file."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django.db.models import Prefetch

from initiatives.models import Baseline, Indicator, Initiative, Measurement, Target, YearPlan
from wardplan.accounts.models import Ward
from wardplan.numbers import format_number


def plan_content(plan: YearPlan) -> dict[str, Any]:
    """Give the whole plan as plain values, as `dump_plan` prints it and events keep it.

    Reading it back changes nothing. Figures are text, so that no program rounds them; years are western
    numbers. Indicators stand in the order in which the sheets name them. Four queries, whatever
    the size; ward and edition not counted.
    """
    targets_in_order = Target.objects.order_by("-scope", "position", "pk").select_related("indicator")
    initiatives = list(
        plan.initiatives.order_by("position", "number")
        .select_related("section", "continues")
        .prefetch_related(
            Prefetch("targets", targets_in_order),
            Prefetch("targets__baselines", Baseline.objects.order_by("position", "-fiscal_year")),
        )
    )
    targets = [target for initiative in initiatives for target in initiative.targets.all()]
    indicators = {target.indicator_id: target.indicator for target in targets}
    measurements = Measurement.objects.current().filter(ward=plan.ward_id, indicator__in=indicators)
    figures = {(row.indicator_id, int(row.fiscal_year)): row for row in measurements}
    order = {indicator: place for place, indicator in enumerate(indicators)}
    return {
        "ward": plan.ward.slug,
        "fiscal_year": int(plan.fiscal_year),
        "edition": plan.edition.code,
        "indicators": [_indicator(indicator) for indicator in indicators.values()],
        "measurements": [
            _measurement(indicators[indicator], figures[indicator, year])
            for indicator, year in sorted(figures, key=lambda figure: (order[figure[0]], figure[1]))
        ],
        "initiatives": [_initiative(initiative, figures) for initiative in initiatives],
    }


def registered(ward: Ward) -> dict[str, Any]:
    """Give the indicators that a ward may quote and their current figures, as `plan_content` does.

    They are there whether a plan quotes them or not. Of a name that is both the ward's and city-wide, the
    ward's. Two queries.
    """
    indicators: dict[str, Indicator] = {}
    for row in Indicator.objects.usable_in(ward):
        if row.ward_id is not None or row.name not in indicators:
            indicators[row.name] = row
    names = {row.pk: row for row in indicators.values()}
    measurements = Measurement.objects.current().filter(ward=ward, indicator__in=names)
    return {
        "indicators": [_indicator(row) for row in indicators.values()],
        "measurements": [_measurement(names[row.indicator_id], row) for row in measurements],
    }


def number_text(number: Decimal | None) -> str | None:
    """Write a figure as a plan file holds it; None for one that is not known."""
    return None if number is None else format_number(number)


def _filled(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Keep the keys that apply: neither None nor empty."""
    return {key: value for key, value in pairs if value not in (None, "", [])}


def _indicator(indicator: Indicator) -> dict[str, Any]:
    return {
        "name": indicator.name,
        **({"city_wide": True} if indicator.ward_id is None else {}),
        "unit": indicator.unit,
        "direction": indicator.direction,
        "definition": indicator.definition,
        "source": indicator.source,
        **_filled([("contact", indicator.contact), ("arrives", indicator.arrives)]),
    }


def _measurement(indicator: Indicator, measurement: Measurement) -> dict[str, Any]:
    return {
        "indicator": indicator.name,
        "fiscal_year": int(measurement.fiscal_year),
        "value": number_text(measurement.value),
        "as_of": measurement.as_of.isoformat() if measurement.as_of else None,
        "source": measurement.source,
        "note": measurement.note,
    }


def _initiative(initiative: Initiative, figures: dict[tuple[int, int], Measurement]) -> dict[str, Any]:
    return {
        "number": initiative.number,
        "title": initiative.title,
        "section": initiative.section.name if initiative.section else None,
        **_filled(
            [
                ("continues", initiative.continues and initiative.continues.number),
                ("unconfirmed", initiative.unconfirmed),
            ]
        ),
        "purpose": initiative.purpose,
        "overview": initiative.overview,
        "activities": initiative.activities,
        "targets": [_target(target, figures) for target in initiative.targets.all()],
    }


def _target(target: Target, figures: dict[tuple[int, int], Measurement]) -> dict[str, Any]:
    def figure(year: int) -> str | None:
        measurement = figures.get((target.indicator_id, year))
        return number_text(measurement.value) if measurement else None

    return {
        "key": target.key,
        "scope": target.scope,
        "indicator": target.indicator.name,
        "unit": target.indicator.unit,
        "direction": target.indicator.direction,
        "heading": target.heading,
        "fiscal_year": int(target.fiscal_year),
        "kind": target.kind,
        "comparator": target.comparator,
        **_filled(
            [
                ("value", number_text(target.value)),
                ("value_max", number_text(target.value_max)),
                ("from_fiscal_year", target.from_fiscal_year and int(target.from_fiscal_year)),
                ("change", number_text(target.change)),
                ("change_unit", target.change_unit),
                ("base_fiscal_year", target.base_fiscal_year and int(target.base_fiscal_year)),
                ("milestone", target.milestone),
            ]
        ),
        "wording": target.wording,
        **_filled([("quote", target.quote)]),
        "baselines": [
            {"fiscal_year": int(row.fiscal_year), "value": figure(int(row.fiscal_year))}
            for row in target.baselines.all()
        ],
    }
