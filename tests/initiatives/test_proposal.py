from decimal import Decimal

import pytest

from initiatives.models import Indicator, Target
from initiatives.proposal import propose


def relative(change, unit_of_change, unit="件"):
    return Target(
        indicator=Indicator(unit=unit),
        kind="relative",
        change=None if change is None else Decimal(change),
        change_unit=unit_of_change,
    )


@pytest.mark.parametrize(
    ("target", "base", "value", "working"),
    [
        (relative("-10", "percent"), "7", "6.3", "7件×0.9=6.3件"),
        (relative("20", "percent"), "1200", "1440", "1,200件×1.2=1,440件"),
        (relative("-100", "percent"), "7", "0", "7件×0=0件"),
        (relative("-2", "point", "%"), "38.6", "36.6", "38.6%−2ポイント=36.6%"),
        (relative("0.5", "point", "%"), "38.6", "39.1", "38.6%+0.5ポイント=39.1%"),
        (relative("-2", "absolute"), "7", "5", "7件−2件=5件"),
        (relative("-2", "absolute"), "-1", "-3", "−1件−2件=−3件"),
        (relative("-33.3333", "percent"), "1.2345", "0.823", "1.2345件×0.666667≒0.823件"),
    ],
)
def test_proposal_shows_its_working(target, base, value, working):
    proposal = propose(target, Decimal(base))
    assert (proposal.value, proposal.working) == (Decimal(value), working)


@pytest.mark.parametrize(
    ("target", "base"),
    [
        (relative(None, "percent"), 7),
        (relative("-10", ""), 7),
        (relative("-10", "percent"), 0),  # 10% of nothing: whoever means 0 types it
        (relative("-2", "point"), 7),
    ],
)
def test_nothing_is_proposed_that_does_not_follow(target, base):
    assert propose(target, Decimal(base)) is None
