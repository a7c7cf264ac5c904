"""A checked plan file into the rows of a plan, and what that changes."""

from __future__ import annotations

import datetime
from typing import Any

from django.db import models, transaction
from django.db.models import ProtectedError
from django.utils import timezone

from initiatives.form import read_form
from initiatives.indicator_changes import keep_changes, standing_words
from initiatives.models import Baseline, Indicator, Initiative, Measurement, PlanPhase, Target, YearPlan
from initiatives.models.plan import sort_position
from initiatives.unconfirmed import unchanged_cells
from wardplan.accounts.models import User
from wardplan.fiscal_year import FiscalYear

from .checking import PlanRecords, Record, check_plan
from .differences import differences
from .problems import PlanErrors, Problem
from .writing import plan_content, registered

REASON = "計画ファイルの取込"


def apply_plan(plan: YearPlan, content: Any, *, by: User | None, at: datetime.datetime) -> None:
    """Make a plan's rows say what the content of a plan file says. Writes no status, version or event.

    Call it in the transaction of the act that it is part of. Rows are found by number, key and name and keep
    their primary keys; what the file no longer names is removed. Figures are entered, never taken away.
    Cells carried over from last year that the file leaves as they are go on waiting to be confirmed; a cell
    that it changes was looked at by whoever changed it.
    Raises PlanErrors with every fault; the caller's transaction must then be rolled back.
    """
    records = check_plan(content, plan.ward, FiscalYear(plan.fiscal_year), plan.edition)
    waiting = _waiting(plan)
    before = plan_content(plan) if waiting else {}
    indicators = _put_indicators(plan, records, by, at)
    _put_figures(plan, records, indicators, by, at)
    _put_initiatives(plan, records, indicators)
    if waiting:
        _keep_waiting(plan, records, waiting, before)
    phases = [phase.key for phase in read_form(plan.edition).phases]
    plan.phases.exclude(phase__in=phases).delete()
    for phase in phases:
        PlanPhase.objects.get_or_create(plan=plan, phase=phase)


def plan_changes(plan: YearPlan, content: Any) -> list[str]:
    """Say in Japanese, one line each, what applying a plan file would change; nothing when it is the same.

    The file is applied in a savepoint that is taken back, so the list is what really would happen.
    Raises PlanErrors.
    """
    with transaction.atomic():
        before, known = plan_content(plan), registered(plan.ward)
        apply_plan(plan, content, by=None, at=timezone.now())
        after = plan_content(plan)
        transaction.set_rollback(True)
    return differences(before, after, known)


def _waiting(plan: YearPlan) -> dict[str, list[str]]:
    """Give the unconfirmed cells of each sheet that has some, by number."""
    rows = plan.initiatives.values_list("number", "unconfirmed")
    return {number: cells for number, cells in rows if cells}


def _keep_waiting(
    plan: YearPlan, records: PlanRecords, waiting: dict[str, list[str]], before: Record
) -> None:
    """Take the cells that the file changed from those that wait; a file's own list stands as it is."""
    silent = {given["number"] for given in records.initiatives if "unconfirmed" not in given}
    old = {item["number"]: item for item in before["initiatives"]}
    for item in plan_content(plan)["initiatives"]:
        number = item["number"]
        if number in silent and number in waiting:
            left = unchanged_cells(waiting[number], old[number], item)
            plan.initiatives.filter(number=number).update(unconfirmed=left)


def _put(row: models.Model, values: Record) -> None:
    """Write a row's values unless it has them already."""
    if row.pk and all(getattr(row, name) == value for name, value in values.items()):
        return
    for name, value in values.items():
        setattr(row, name, value)
    row.save()


def _put_indicators(
    plan: YearPlan, records: PlanRecords, by: User | None, at: datetime.datetime
) -> dict[str, Indicator]:
    """Write the ward's own indicators. City-wide ones are shared: a ward's file leaves them as they are."""
    indicators = dict(records.known_indicators)
    for name, given in records.indicators.items():
        row = indicators.setdefault(name, Indicator(ward=plan.ward, name=name))
        if row.ward_id is not None:
            before = standing_words(row)
            _put(row, {key: value for key, value in given.items() if key != "city_wide"})
            keep_changes(row, before, by=by, at=at)
    return indicators


def _put_figures(
    plan: YearPlan,
    records: PlanRecords,
    indicators: dict[str, Indicator],
    by: User | None,
    at: datetime.datetime,
) -> None:
    """Enter the figures. An equal one with other words about it supersedes the standing one, on record."""
    for (name, year), given in records.figures.items():
        standing = records.known_figures.get((name, year))
        about = {key: given[key] for key in ("as_of", "source", "note") if key in given}
        if standing and all(getattr(standing, key) == value for key, value in about.items()):
            continue
        row = Measurement(
            indicator=indicators[name], ward=plan.ward, fiscal_year=year, value=given["value"], by=by, at=at
        )
        if standing:
            for key in ("as_of", "source", "note", "evidence", "initiative"):
                setattr(row, key, getattr(standing, key))
            row.reason = REASON
            Measurement.objects.filter(pk=standing.pk).update(superseded_at=at)
        for key, value in about.items():
            setattr(row, key, value)
        row.save(force_insert=True)


def _put_initiatives(plan: YearPlan, records: PlanRecords, indicators: dict[str, Indicator]) -> None:
    standing = {
        row.number: row
        for row in plan.initiatives.select_related("section", "continues").order_by("position")
    }
    problems = []
    for number, row in standing.items():
        if number not in {given["number"] for given in records.initiatives}:
            try:
                row.delete()
            except ProtectedError:
                sentence = f"取組項目{number}「{row.title}」には記録があるため、なくせません。"
                problems.append(Problem("initiatives", sentence))
    for given in records.initiatives:
        row = standing.get(given["number"]) or Initiative(plan=plan, number=given["number"])
        values = {key: value for key, value in given.items() if key != "targets"}
        _put(row, {**values, "position": sort_position(row.number)})
        problems += _put_targets(row, given["targets"], indicators)
    if problems:
        raise PlanErrors(problems)


def _put_targets(
    initiative: Initiative, targets: list[Record], indicators: dict[str, Indicator]
) -> list[Problem]:
    standing = {row.key: row for row in initiative.targets.select_related("indicator")}
    problems = []
    for key in standing.keys() - {given["key"] for given in targets}:
        try:
            standing[key].delete()
        except ProtectedError:
            sentence = f"取組項目{initiative.number}の目標{key}には確定した目標値があるため、なくせません。"
            problems.append(Problem("initiatives", sentence))
    positions = dict.fromkeys(Target.Scope.values, 0)
    for given in targets:
        positions[given["scope"]] += 1
        row = standing.get(given["key"]) or Target(initiative=initiative, key=given["key"])
        values = {key: value for key, value in given.items() if key not in ("unit", "direction", "baselines")}
        values["indicator"] = indicators[given["indicator"]]
        _put(row, {**values, "position": positions[given["scope"]]})
        _put_baselines(row, given["baselines"])
    return problems


def _put_baselines(target: Target, years: list[int]) -> None:
    standing = {int(row.fiscal_year): row for row in target.baselines.all()}
    for year in standing.keys() - set(years):
        standing[year].delete()
    for position, year in enumerate(years, start=1):
        row = standing.get(int(year)) or Baseline(target=target, fiscal_year=year)
        _put(row, {"position": position})
