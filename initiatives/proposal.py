"""The number that a relative target leads to: a proposal with its working, which a person confirms."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from .judgement import derive, facts_of
from .models import Target


@dataclass(frozen=True)
class Proposal:
    """A computed target value, as it can be kept, and how it came about: 7件×0.9=6.3件."""

    value: Decimal
    working: str


def propose(target: Target, base_value: Decimal) -> Proposal | None:
    """Compute a relative target's number from its base year's figure; None when it leads to none.

    The step itself is the judgement's (`derive`), so that a number that was confirmed as proposed is judged
    with the same working.
    """
    derived = derive(facts_of(target), base_value)
    return None if derived.kept is None else Proposal(derived.kept, derived.working)
