"""Loading a plan from a file into a ward's year: the way that the command and the browser share.

A draft is replaced; a confirmed plan changes only by a new version with a reason. All or nothing.
"""

from __future__ import annotations

import datetime
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from wardplan.accounts.models import User, Ward
from wardplan.fiscal_year import FiscalYear
from wardplan.text import is_blank

from . import workflow
from .form import OfficialForm, read_form
from .models import FormEdition, YearPlan
from .plan_file import (
    DocumentReading,
    PlanErrors,
    apply_plan,
    differences,
    plan_changes,
    plan_content,
    read_upload,
    registered,
    settle,
)
from .refusals import ChangedMeanwhile, Refused, TransitionNotAllowed


class NoEdition(Refused):
    """There is no form for the year, or not the one that is asked for."""


class Fixed(TransitionNotAllowed):
    """A confirmed plan would change, and nobody gave a reason. `changes` says where."""

    def __init__(self, plan: YearPlan, changes: list[str]) -> None:
        super().__init__(f"{plan}の計画は確定しているため、読み込みません。")
        self.changes = changes


@dataclass
class Loaded:
    """What a load did, or would do: the plan, and what changes in it, one sentence each."""

    plan: YearPlan
    changes: list[str]


def find_plan(ward: Ward, fiscal_year: FiscalYear) -> YearPlan | None:
    return (
        YearPlan.objects.select_related("ward", "edition").filter(ward=ward, fiscal_year=fiscal_year).first()
    )


def find_edition(code: object, fiscal_year: FiscalYear, plan: YearPlan | None) -> FormEdition:
    """Give the edition of a code; without one the plan's, or the newest that is used by that year.

    Raises NoEdition.
    """
    if code:
        edition = FormEdition.objects.filter(code=str(code)).first()
        if edition is None:
            raise NoEdition(f"様式の版「{code}」は登録されていません。")
        return edition
    if plan is not None:
        return plan.edition
    editions = FormEdition.objects.filter(first_fiscal_year__lte=fiscal_year)
    edition = editions.order_by("first_fiscal_year").last()
    if edition is None:
        raise NoEdition(f"{fiscal_year}に使える様式の版がありません。先に様式を登録してください。")
    return edition


def read_for(
    ward: Ward, fiscal_year: FiscalYear, name: str, given: bytes | str, edition: str | None = None
) -> DocumentReading:
    """Read a file or a pasted text as the plan of a ward's year; its content is not checked yet.

    Raises PlanErrors for what is no plan at all, and NoEdition for a document without a form to read it by.
    """
    plan = find_plan(ward, fiscal_year)
    try:
        form = read_form(find_edition(edition, fiscal_year, plan))
    except NoEdition:
        # A plan file may name its own edition; the check tells what is wrong with it.
        form = None
    try:
        reading = read_upload(name, given, fiscal_year, form)
    except PlanErrors:
        other = _read_as_other_year(name, given, fiscal_year, form)
        if other is None:
            raise
        reading = other
    settle(reading, ward, plan)
    return reading


def _read_as_other_year(
    name: str, given: bytes | str, fiscal_year: FiscalYear, form: OfficialForm | None
) -> DocumentReading | None:
    """Read by the forms of other years what the year's own cannot; None unless it says it is of such a year.

    What is read so is refused for its year, in words that help more than those about missing headings.
    """
    for edition in FormEdition.objects.order_by("-first_fiscal_year"):
        if form is not None and edition.code == form.code:
            continue
        try:
            reading = read_upload(name, given, fiscal_year, read_form(edition))
        except PlanErrors:
            continue
        if reading.years and fiscal_year not in reading.years:
            return reading
    return None


def year_of(reading: DocumentReading) -> FiscalYear | None:
    """Give the fiscal year that a file is of by its own words; None when it names none, or several."""
    years = set(reading.years)
    if not reading.is_document:
        with suppress(ValueError):
            years = {FiscalYear.parse(reading.content.get("fiscal_year"))}
    return years.pop() if len(years) == 1 else None


@transaction.atomic
def preview(
    ward: Ward, fiscal_year: FiscalYear, content: dict[str, Any], edition: str | None = None
) -> Loaded:
    """Say what loading a content would change, whatever the plan's status. Writes nothing.

    Raises PlanErrors with every fault of the content.
    """
    plan, is_new = _find_or_make(ward, fiscal_year, content, edition)
    try:
        changes = plan_changes(plan, content)
    finally:
        transaction.set_rollback(True)
    return Loaded(plan, [*_made(plan, is_new), *changes])


@transaction.atomic
def load(
    ward: Ward,
    fiscal_year: FiscalYear,
    content: dict[str, Any],
    *,
    by: User | None,
    at: datetime.datetime,
    edition: str | None = None,
    version: int | None = None,
    reason: str = "",
) -> Loaded:
    """Make a ward's plan of a year say what the content says; the same content twice changes nothing.

    With a user the record names him or her; a new version of a confirmed plan needs one, and a reason.
    `version` is the one that the person saw: None takes the plan as it is now. Raises PlanErrors with every
    fault, Fixed for a confirmed plan without reason, ChangedMeanwhile, and what the plan's verbs raise.
    """
    plan, is_new = _find_or_make(ward, fiscal_year, content, edition)
    if version is not None and version != plan.version:
        raise ChangedMeanwhile("他の方が先に計画を変更しました。いまの内容を確かめてください。")
    if plan.status != YearPlan.Status.DRAFT:
        changes = plan_changes(plan, content)
        if changes:
            if by is None or is_blank(reason):
                raise Fixed(plan, changes)
            workflow.new_version(plan, by=by, at=at, version=plan.version, content=content, reason=reason)
        return Loaded(plan, changes)

    before, known = plan_content(plan), registered(plan.ward)
    apply_plan(plan, content, by=by, at=at)
    changes = [*_made(plan, is_new), *differences(before, plan_content(plan), known)]
    if changes and by is not None:
        workflow.edit(plan, by=by, at=at)
    return Loaded(plan, changes)


def check(
    reading: DocumentReading, ward: Ward, fiscal_year: FiscalYear, edition: str | None = None
) -> Loaded:
    """Preview a reading: like `preview`, with the document's own places. Raises PlanErrors.

    Of a document of another year only that is said: against this year's plan, all of it would be wrong.
    """
    if reading.is_document and year_of(reading) not in (None, fiscal_year):
        raise reading.explain(PlanErrors([]))
    try:
        found = preview(ward, fiscal_year, reading.content, edition)
    except PlanErrors as errors:
        raise reading.explain(errors) from errors
    if reading.problems:
        raise reading.explain(PlanErrors([]))
    return found


def _made(plan: YearPlan, is_new: bool) -> list[str]:
    return [f"{plan}: 計画を新しく作ります"] if is_new else []


def _find_or_make(
    ward: Ward, fiscal_year: FiscalYear, content: dict[str, Any], edition_code: str | None
) -> tuple[YearPlan, bool]:
    """Give the plan of the ward's year in the edition that is asked for, and whether it was made here."""
    standing = YearPlan.objects.select_for_update(of=("self",)).select_related("ward", "edition")
    plan = standing.filter(ward=ward, fiscal_year=fiscal_year).first()
    edition = find_edition(edition_code or content.get("edition"), fiscal_year, plan)
    if plan is None:
        version = workflow.last_version(ward.pk, fiscal_year)
        made = YearPlan.objects.create(ward=ward, fiscal_year=fiscal_year, edition=edition, version=version)
        return made, True
    if plan.status == YearPlan.Status.DRAFT and plan.edition != edition:
        plan.edition = edition
        plan.save(update_fields=["edition"])
    return plan, False
