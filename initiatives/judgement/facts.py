"""What a judgement needs to know of a target, and what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from wardplan.fiscal_year import FiscalYear

Outcome = Literal["met", "not_met", "unknown"]
Figures = Mapping[FiscalYear, Decimal | None]

LABELS: dict[Outcome, str] = {"met": "達成", "not_met": "未達成", "unknown": "判定できません"}


@dataclass(frozen=True)
class TargetFacts:
    """The numbers of a confirmed target; the words are those that Target and Indicator store.

    `resolved_value` is the dated number of a relative target, None until a person has set it. `changed_in`
    is the newest year, up to the target's, from which the indicator's definition is another one.
    """

    kind: str
    fiscal_year: FiscalYear
    comparator: str = ""
    direction: str = ""
    value: Decimal | None = None
    value_max: Decimal | None = None
    unit: str = ""
    from_fiscal_year: FiscalYear | None = None
    base_fiscal_year: FiscalYear | None = None
    change: Decimal | None = None
    change_unit: str = ""
    resolved_value: Decimal | None = None
    milestone: str = ""
    changed_in: FiscalYear | None = None


@dataclass(frozen=True)
class Judgement:
    """An outcome with its working in words, for the screen and for the record.

    `compared_value` is the target's number (6.3 for 7件×0.9), `actual` the figure that was compared with it
    (the sum of a cumulative target), `difference` is actual − compared_value. `rate` is the rate of
    achievement in %, one decimal; None where it means nothing (0, fewer is better, percentages).
    """

    outcome: Outcome
    working: str
    rate: Decimal | None = None
    difference: Decimal | None = None
    compared_value: Decimal | None = None
    actual: Decimal | None = None

    @property
    def label(self) -> str:
        """The outcome in the screens' words."""
        return LABELS[self.outcome]


def facts_of(target: Any) -> TargetFacts:
    """Take the facts of a Target row whose indicator is loaded. Reads attributes and never queries.

    `resolved_value` and `changed_in` are taken where the caller has annotated them (`with_facts`).
    """
    return TargetFacts(
        kind=target.kind,
        fiscal_year=target.fiscal_year,
        comparator=target.comparator,
        direction=target.indicator.direction,
        value=target.value,
        value_max=target.value_max,
        unit=target.indicator.unit,
        from_fiscal_year=target.from_fiscal_year,
        base_fiscal_year=target.base_fiscal_year,
        change=target.change,
        change_unit=target.change_unit,
        resolved_value=getattr(target, "resolved_value", None),
        milestone=target.milestone,
        changed_in=getattr(target, "changed_in", None),
    )
