"""What two contents of a plan differ in, in words for the person who decides."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from django.db.models import Model

from initiatives.models import Indicator, Initiative, Measurement, Target, YearPlan
from initiatives.unconfirmed import cell_label
from wardplan.fiscal_year import FiscalYear

Record = dict[str, Any]


def differences(before: Record, after: Record) -> list[str]:
    """List what changes between two contents as `plan_content` gives them, one sentence each."""
    return [
        *_values(YearPlan, "計画", before, after, but=("indicators", "measurements", "initiatives")),
        *_records(Indicator, before["indicators"], after["indicators"], lambda row: f"指標「{row['name']}」"),
        *_records(Measurement, before["measurements"], after["measurements"], _figure),
        *_initiatives(before, after),
    ]


def _initiatives(before: Record, after: Record) -> Iterator[str]:
    def about(row: Record) -> str:
        return f"取組項目{row['number']}「{row['title']}」"

    yield from _records(Initiative, before["initiatives"], after["initiatives"], about, by="number")
    old = {row["number"]: row["targets"] for row in before["initiatives"]}
    for row in after["initiatives"]:
        place = f"取組項目{row['number']}の目標"
        yield from _records(
            Target,
            old.get(row["number"], row["targets"]),
            row["targets"],
            lambda target, place=place: f"{place}{target['key']}",  # type: ignore[misc]
            by="key",
        )


def _figure(row: Record) -> str:
    return f"「{row['indicator']}」の{FiscalYear(row['fiscal_year'])}の実績{row['value']}"


def _records(
    model: type[Model],
    before: list[Record],
    after: list[Record],
    about: Callable[[Record], str],
    by: str = "",
) -> Iterator[str]:
    """Compare two lists of records that are the same one when `by` (or their name) is equal."""

    def identity(row: Record) -> str:
        return row[by] if by else about(row)

    old, new = ({identity(row): row for row in rows} for rows in (before, after))
    for key in [key for key in old if key not in new]:
        yield f"{about(old[key])}: なくなります"
    for key, row in new.items():
        if key in old:
            yield from _values(model, about(old[key]), old[key], row, but=("targets", by))
        else:
            yield f"{about(row)}: 加わります"
    kept = [key for key in old if key in new]
    if kept != [key for key in new if key in old]:
        yield f"{'、'.join(about(new[key]) for key in new)}: 並び順が変わります"


def _values(
    model: type[Model], about: str, before: Record, after: Record, but: tuple[str, ...]
) -> Iterator[str]:
    """Compare two records key by key."""
    labels = {field.name: field.verbose_name for field in model._meta.concrete_fields}
    labels["baselines"] = "過年度実績"
    for key in dict.fromkeys([*before, *after]):
        was, becomes = before.get(key), after.get(key)
        if key == "unconfirmed":
            was, becomes = ([cell_label(cell) for cell in cells or []] for cells in (was, becomes))
        if key not in but and was != becomes:
            yield f"{about}の{labels.get(key, key)}: {_shown(was)} → {_shown(becomes)}"


def _shown(value: Any) -> str:
    if value in (None, "", []):
        return "(なし)"
    if isinstance(value, list):
        return "、".join(_quoted(row) if isinstance(row, dict) else str(row) for row in value)
    return f"「{value}」"


def _quoted(baseline: Record) -> str:
    return f"{FiscalYear(baseline['fiscal_year'])} {baseline['value'] or '未判明'}"
