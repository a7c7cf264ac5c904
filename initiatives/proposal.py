"""The number that a relative target leads to: a proposal with its working, which a person confirms."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from wardplan.numbers import DECIMAL_PLACES, format_number, with_unit

from .models import Target

MINUS = "−"


@dataclass(frozen=True)
class Proposal:
    """A computed target value and how it came about: 7件×0.9=6.3件."""

    value: Decimal
    working: str


def propose(target: Target, base_value: Decimal) -> Proposal | None:
    """Compute a relative target's number from its base year's figure; None when the change is not known.

    Percent multiplies (10%減 is ×0.9); points and plain numbers are added. Nothing is rounded to whole
    pieces: whether 6.3件 means 6 is for the section to say. Only what is beyond the decimals that can be
    kept is rounded, and then the working says ≒.
    """
    if target.change is None or not target.change_unit:
        return None
    unit = target.indicator.unit
    if target.change_unit == Target.ChangeUnit.PERCENT:
        factor = (100 + target.change) / 100
        exact = base_value * factor
        step = f"×{_signed(factor)}"
    else:
        added = "ポイント" if target.change_unit == Target.ChangeUnit.POINT else unit
        exact = base_value + target.change
        step = f"{'+' if target.change >= 0 else MINUS}{with_unit(abs(target.change), added)}"
    value = exact.quantize(Decimal(1).scaleb(-DECIMAL_PLACES), ROUND_HALF_UP)
    equal = "=" if value == exact else "≒"
    return Proposal(value, f"{_signed(base_value)}{unit}{step}{equal}{_signed(value)}{unit}")


def _signed(number: Decimal) -> str:
    return format_number(number, thousands=True).replace("-", MINUS)
