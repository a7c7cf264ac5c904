"""What two contents of a plan differ in, in words for the person who decides."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from django.db.models import Field, Model

from initiatives.models import Indicator, Initiative, Measurement, Target, YearPlan
from initiatives.unconfirmed import cell_label
from wardplan.fiscal_year import FiscalYear, FiscalYearField

Record = dict[str, Any]

# Targets have lines of their own; unit and direction are the indicator's, which a target only repeats.
NAMED_ELSEWHERE = ("targets", "unit", "direction")


def differences(before: Record, after: Record, registered: Record) -> list[str]:
    """List what changes between two contents as `plan_content` gives them, one sentence each.

    `registered` is what the ward had before: an indicator or figure that a plan begins to quote is not new
    for that, and one that it no longer quotes is not gone.
    """
    return [
        *_values(YearPlan, "計画", before, after, but=("indicators", "measurements", "initiatives")),
        *_registers(Indicator, registered["indicators"], after["indicators"], _indicator),
        *_registers(Measurement, registered["measurements"], after["measurements"], _figure),
        *_initiatives(before, after),
    ]


def _registers(
    model: type[Model], before: list[Record], after: list[Record], about: Callable[[Record], str]
) -> Iterator[str]:
    """Compare what the plan quotes with what the ward had; its words name it."""
    known = {about(row): row for row in before}
    for row in after:
        if about(row) in known:
            yield from _values(model, about(row), known[about(row)], row)
        else:
            yield f"{about(row)}: 加わります"


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


def _indicator(row: Record) -> str:
    return f"指標「{row['name']}」"


def _figure(row: Record) -> str:
    return f"「{row['indicator']}」の{FiscalYear(row['fiscal_year'])}の実績{row['value']}"


def _records(
    model: type[Model],
    before: list[Record],
    after: list[Record],
    about: Callable[[Record], str],
    by: str,
) -> Iterator[str]:
    """Compare two lists of records that are the same one when `by` is equal."""
    old, new = ({row[by]: row for row in rows} for rows in (before, after))
    for key in [key for key in old if key not in new]:
        yield f"{about(old[key])}: なくなります"
    for key, row in new.items():
        if key in old:
            yield from _values(model, about(old[key]), old[key], row, but=(*NAMED_ELSEWHERE, by))
        else:
            yield f"{about(row)}: 加わります"
    kept = [key for key in old if key in new]
    if kept != [key for key in new if key in old]:
        yield f"{'、'.join(about(new[key]) for key in new)}: 並び順が変わります"


def _values(
    model: type[Model], about: str, before: Record, after: Record, but: tuple[str, ...] = ()
) -> Iterator[str]:
    """Compare two records key by key, in the words that the pages have for fields and their choices."""
    fields = {field.name: field for field in model._meta.concrete_fields}
    labels = {**{name: field.verbose_name for name, field in fields.items()}, "baselines": "過年度実績"}
    for key in dict.fromkeys([*before, *after]):
        was, becomes = before.get(key), after.get(key)
        if key == "unconfirmed":
            was, becomes = ([cell_label(cell) for cell in cells or []] for cells in (was, becomes))
        elif key in fields:
            was, becomes = (_in_words(fields[key], value) for value in (was, becomes))
        if key not in but and was != becomes:
            yield f"{about}の{labels.get(key, key)}: {_shown(was)} → {_shown(becomes)}"


def _in_words(field: Field[Any, Any], value: Any) -> Any:
    if isinstance(field, FiscalYearField):
        return value and str(FiscalYear(value))
    return dict(field.flatchoices).get(value, value) if value else value


def _shown(value: Any) -> str:
    if value in (None, "", []):
        return "(なし)"
    if isinstance(value, list):
        return "、".join(_quoted(row) if isinstance(row, dict) else str(row) for row in value)
    return f"「{value}」"


def _quoted(baseline: Record) -> str:
    return f"{FiscalYear(baseline['fiscal_year'])} {baseline['value'] or '未判明'}"
