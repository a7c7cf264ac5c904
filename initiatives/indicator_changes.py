"""The dated record of what an indicator means and which way is good: who said so, when, from which year."""

from __future__ import annotations

import datetime
from collections.abc import Mapping

from wardplan.accounts.models import User, Ward

from .models import Indicator, IndicatorChange

Kind = IndicatorChange.Kind
FIELDS: dict[str, tuple[str, ...]] = {
    Kind.DEFINITION: ("definition", "source"),
    Kind.DIRECTION: ("direction",),
}


def standing_words(indicator: Indicator) -> dict[str, str]:
    """Give the fields whose changes are kept, as they stand now."""
    return {name: getattr(indicator, name) for names in FIELDS.values() for name in names}


def keep_changes(
    indicator: Indicator, before: Mapping[str, str], *, by: User | None, at: datetime.datetime
) -> None:
    """Put on record what somebody changed in an indicator's words elsewhere: by a plan file, or as its owner.

    `before` comes from `standing_words`. Words that were empty are a beginning, not a change; a direction
    that was empty was confirmed. Nothing here says from which year figures differ: only a person knows.
    """
    for kind, names in FIELDS.items():
        changed = [name for name in names if getattr(indicator, name) != before[name]]
        if kind == Kind.DEFINITION:
            changed = [name for name in changed if before[name]]
        if changed:
            write_change(indicator, kind, changed, before, by=by, at=at, ward=indicator.ward)


def write_change(
    indicator: Indicator,
    kind: str,
    changed: list[str],
    before: Mapping[str, str],
    *,
    by: User | None,
    at: datetime.datetime,
    ward: Ward | None,
    fiscal_year: int | None = None,
    what: str = "",
    reason: str = "",
) -> IndicatorChange:
    """Write one row of the record, with the old and new words of what changed."""
    return IndicatorChange.objects.create(
        indicator=indicator,
        ward=ward,
        kind=kind,
        fiscal_year=fiscal_year,
        before={name: before[name] for name in changed},
        after={name: getattr(indicator, name) for name in changed},
        what=what,
        reason=reason,
        by=by,
        at=at,
    )
