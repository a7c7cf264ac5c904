"""The cells of a sheet that were carried over from last year and that nobody has confirmed yet.

A cell is named as in the plan file: `purpose`, `targets.a1.value`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from .models import Initiative

CELLS = ("title", "section", "purpose", "overview", "activities")

# What of a target is confirmed at once, and the fields that belong to it.
TARGET_CELLS = {
    "heading": ("heading",),
    "value": (
        "wording",
        "kind",
        "comparator",
        "fiscal_year",
        "from_fiscal_year",
        "value",
        "value_max",
        "change",
        "change_unit",
        "base_fiscal_year",
        "milestone",
        "indicator",
    ),
    "baselines": ("quote",),
}
TARGET_LABELS = {"heading": "の見出し", "value": "", "baselines": "の過年度実績"}


def cells_of(item: dict[str, Any]) -> list[str]:
    """List the filled cells of a sheet, given as a plan file holds it, in the order of the form."""
    cells = [cell for cell in CELLS if item.get(cell)]
    for target in item["targets"]:
        for cell, fields in TARGET_CELLS.items():
            if any(target.get(field) for field in fields):
                cells.append(target_cell(target["key"], cell))
    return cells


def unchanged_cells(cells: Iterable[str], before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """Give the cells that say the same in both contents of a sheet; one that is gone says nothing."""
    return [cell for cell in cells if _content(before, cell) == _content(after, cell) != ()]


def _content(item: dict[str, Any], cell: str) -> tuple[Any, ...]:
    if cell in CELLS:
        return (item.get(cell),)
    _table, _, rest = cell.partition(".")
    key, _, part = rest.partition(".")
    target = next((row for row in item["targets"] if row["key"] == key), None)
    if target is None or part not in TARGET_CELLS:
        return ()
    fields = (*TARGET_CELLS[part], "baselines") if part == "baselines" else TARGET_CELLS[part]
    return tuple(target.get(field) for field in fields)


def target_cell(key: str, cell: str) -> str:
    """Name a target's cell: targets.a1.value."""
    return f"targets.{key}.{cell}"


def target_cells_of(key: str, fields: Collection[str]) -> list[str]:
    """Name the cells that some of a target's fields belong to; fields that are not carried have none."""
    return [target_cell(key, cell) for cell, own in TARGET_CELLS.items() if not set(own).isdisjoint(fields)]


def cell_label(cell: str) -> str:
    """Name a cell for people: 趣旨・目的, 目標a1の過年度実績; what is not known stays as it is."""
    if cell in CELLS:
        return str(Initiative._meta.get_field(cell).verbose_name)  # type: ignore[union-attr]
    table, _, rest = cell.partition(".")
    key, _, part = rest.partition(".")
    if table != "targets" or part not in TARGET_LABELS:
        return cell
    return f"目標{key}{TARGET_LABELS[part]}"


def target_parts(unconfirmed: Iterable[str], key: str) -> frozenset[str]:
    """Give the unconfirmed parts of one target: heading, value, baselines."""
    start = f"targets.{key}."
    return frozenset(cell.removeprefix(start) for cell in unconfirmed if cell.startswith(start))


def confirm(initiative: Initiative, cells: Collection[str]) -> bool:
    """Take confirmed cells from a sheet's list and write it; False when none of them was waiting.

    Called by the verbs and the admin site, in the transaction of the act.
    """
    left = [cell for cell in initiative.unconfirmed if cell not in cells]
    if left == initiative.unconfirmed:
        return False
    initiative.unconfirmed = left
    initiative.save(update_fields=["unconfirmed"])
    return True
