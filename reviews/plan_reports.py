"""Mistakes in the plan's text: whoever reads one tells the admin, who answers when it is put right."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from django.db import transaction
from django.db.models import F, OuterRef, Subquery

from initiatives.models import Initiative
from initiatives.refusals import ChangedMeanwhile, Incomplete, LoginNeeded, NotAllowed, NotVisible
from wardplan.accounts.models import User
from wardplan.era import short_moment
from wardplan.text import is_blank, length

from . import permissions
from .models import PlanReport
from .sheet import Sheet

TEXT_LIMIT = 1000  # characters
TOLD_FOR = datetime.timedelta(days=30)
"""How long the answer stands among the work of who asked."""
OTHER = "other"


@dataclass(frozen=True)
class Cell:
    """One place of the plan on a sheet: its key, its name on the form, and what it says."""

    key: str
    label: str
    text: str


def cells_of(sheet: Sheet) -> list[Cell]:
    """List the places of a sheet's plan that may hold a mistake, in the order of the form."""
    labels, initiative = sheet.labels, sheet.initiative
    found = [
        Cell("title", "取組項目名", sheet.title),
        Cell("purpose", labels["purpose"], initiative.purpose),
        Cell("overview", labels["overview"], initiative.overview),
        Cell("activities", labels["activities"], initiative.activities),
    ]
    for scope, lines in (("policy", sheet.policy_targets), ("annual", sheet.annual_targets)):
        for place, line in enumerate(lines, start=1):
            text = f"{line.heading}\n{line.wording}{line.quote_text()}".strip()
            found.append(Cell(f"targets.{line.key}", f"{labels[scope]} 目標{place}", text))
    return [*(cell for cell in found if cell.text), Cell(OTHER, "そのほか", "")]


@transaction.atomic
def report_mistake(sheet: Sheet, *, by: User, at: datetime.datetime, cell: str, text: str = "") -> PlanReport:
    """Tell the admin of a mistake in a cell of the plan; the text may stay blank, the cell is quoted.

    The same report sent twice is one while nobody has answered. Raises Incomplete for a cell that the sheet
    does not have.
    """
    plan = sheet.initiative.plan
    if not by.is_authenticated:
        raise LoginNeeded("ログインしてください。")
    if plan.ward_id not in by.roles().wards:
        raise NotVisible("取組項目が見つかりません。")
    if not permissions.can_report_mistake(by, plan):
        raise NotAllowed("計画の誤りを知らせられるのは、この区の職員です。")
    quoted = next((one for one in cells_of(sheet) if one.key == cell), None)
    found = {}
    if quoted is None:
        found["cell"] = "どこが誤っているかを選んでください。"
    if length(text) > TEXT_LIMIT:
        found["text"] = f"{TEXT_LIMIT:,}字以内で書いてください。いま{length(text):,}字です。"
    if found or quoted is None:
        raise Incomplete(found)
    place = {"ward_id": plan.ward_id, "fiscal_year": plan.fiscal_year, "number": sheet.number}
    Initiative.objects.select_for_update(no_key=True).filter(pk=sheet.initiative.pk).order_by("pk").first()
    repeated = PlanReport.objects.waiting().filter(**place, by=by, cell=cell, text=text).first()
    return repeated or PlanReport.objects.create(
        **place, cell=cell, label=quoted.label[:120], quoted=quoted.text, text=text, by=by, at=at
    )


@transaction.atomic
def answer_report(report: PlanReport, *, by: User, at: datetime.datetime, text: str) -> PlanReport:
    """Say what became of a report; with that it is done.

    Raises NotAllowed for all but the ward's admin, Incomplete without an answer, ChangedMeanwhile when
    another admin has answered before.
    """
    if not permissions.can_answer_reports(by, report.ward_id):
        raise NotAllowed("計画の誤りの連絡に回答できるのは、取りまとめ担当です。")
    if is_blank(text):
        raise Incomplete({"text": "回答を書いてください。例: 直しました。"})
    if length(text) > TEXT_LIMIT:
        raise Incomplete(
            {"text": f"回答は{TEXT_LIMIT:,}字以内で書いてください。いま{length(text):,}字です。"}
        )
    rows = PlanReport.objects.select_related("answered_by").select_for_update(of=("self",), no_key=True)
    found = rows.get(pk=report.pk)
    if found.answered_by is not None and found.answered_at is not None:
        if found.answered_by == by and found.answer == text:
            return found
        raise ChangedMeanwhile(
            f"{found.answered_by.name}さんが{short_moment(found.answered_at)}に回答しました。"
        )
    found.answer, found.answered_by, found.answered_at = text, by, at
    found.save(update_fields=["answer", "answered_by", "answered_at"])
    return found


def read_reports_to_answer(user: User) -> list[PlanReport]:
    """List the reports that wait in the person's wards, oldest first; no query for who answers none.

    Each knows its sheet as it is now: `sheet_pk`, and `plan_status`, which says where it is put right.
    """
    wards = user.roles().admin_of
    if not wards:
        return []
    sheet = Initiative.objects.filter(
        plan__ward=OuterRef("ward"), plan__fiscal_year=OuterRef("fiscal_year"), number=OuterRef("number")
    )
    reports = PlanReport.objects.waiting().filter(ward__in=wards).select_related("ward", "by")
    return list(
        reports.annotate(
            sheet_pk=Subquery(sheet.values("pk")[:1]),
            plan_status=Subquery(sheet.values("plan__status")[:1]),
        ).order_by("at", "pk")
    )


def read_answered_reports(user: User, now: datetime.datetime) -> list[PlanReport]:
    """List the answers to what the person reported lately, newest first; one query."""
    answered = PlanReport.objects.filter(by=user, answered_at__gt=now - TOLD_FOR)
    return list(answered.select_related("ward", "answered_by").order_by("-answered_at", "-pk"))


def read_reports_of(sheet: Sheet, user: User) -> list[PlanReport]:
    """List a sheet's reports, newest first: all for the section and the admin, the own for anybody else."""
    plan = sheet.initiative.plan
    reports = PlanReport.objects.filter(
        ward=plan.ward_id, fiscal_year=plan.fiscal_year, number=sheet.number
    ).select_related("by", "answered_by")
    if not permissions.can_read_notes(user, sheet.initiative):
        reports = reports.filter(by=user)
    return list(reports.order_by(F("answered_at").desc(nulls_first=True), "-at", "-pk"))
