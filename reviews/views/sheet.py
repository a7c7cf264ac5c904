"""The sheet as the official form, with its status and the verbs that the reader may press; and as Excel."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from initiatives.form import OfficialForm, read_form
from initiatives.models import Event, Initiative, PlanPhase, Target, YearPlan
from initiatives.permissions import can_confirm, can_resolve
from initiatives.refusal_pages import refusal_page
from initiatives.refusals import Refused
from wardplan.accounts.models import User
from wardplan.fiscal_year import FiscalYear

from .. import keeping, permissions, rules
from ..case import Case, case_of
from ..evidence import Evidence, evidence_of, with_basis, with_evidence
from ..forms import DecisionForm
from ..handover import read_holders
from ..last_year import LastYear, read_last_year
from ..models import Review
from ..plan_reports import cells_of
from ..repetition import repeated_since
from ..sheet import PhaseBlock, read_sheet, with_everything
from ..windows import Window, deadline
from ..workbook.file_names import FileName, sheet_filename
from ..workbook.writer import XLSX, write_sheet
from .case import signed_in

# The verbs of the status rows, in the order in which their buttons stand.
BUTTONS = {
    "approve": "承認する",
    "return": "差し戻す",
    "withdraw": "引き戻して直す",
    "reopen": "承認を取り消す",
    "extend": "個別延長をする",
    "publish": "公表する",
    "correct": "訂正を始める",
}


@dataclass(frozen=True)
class Step:
    """One step of the status flow: 担当が提出 → 課長が承認 → 公表."""

    label: str
    state: str  # done, now, todo
    who: str = ""
    at: datetime.datetime | None = None


@dataclass(frozen=True)
class StatusRow:
    """One phase's row above the form: where it is, and what the reader may do with it."""

    block: PhaseBlock
    window: Window
    due: datetime.datetime | None
    opens_at: datetime.datetime | None
    steps: tuple[Step, ...]
    late: bool
    returned: Event | None
    write_label: str
    verbs: tuple[dict[str, Any], ...]
    own_submission: bool
    evidence: Evidence | None = None
    plan_phase: PlanPhase | None = None
    repeated: tuple[str, ...] = ()
    correcting: bool = False
    """Published before and not again yet: the public still sees the last revision."""
    holder: str = ""
    """Who has it inside the section, for readers who may know."""
    may_read_notes: bool = False
    is_main: bool = False


@never_cache
@require_safe
@login_required
def sheet(request: HttpRequest, ward: str, year: FiscalYear, number: str) -> HttpResponse:
    user = signed_in(request)
    found = find_sheet(user, ward, year, number)
    kept = keeping.take_decision(request.session, found, user)
    return _page(request, found) if kept is None else _with_kept_words(request, found, *kept)


def _with_kept_words(
    request: HttpRequest, found: Initiative, phase: str, verb: str, fields: dict[str, str]
) -> HttpResponse:
    """Put words whose sender had to log in first back into their fields, on the sheet as it is now."""
    decision = DecisionForm(verb, case_of(found, phase), fields)
    try:
        rules.check(verb, decision.case, signed_in(request), timezone.now())
    except Refused as refused:
        back = request.get_full_path()
        return refusal_page(request, refused, kept=decision.typed_text(), back=back)
    messages.warning(
        request,
        "ログインが切れて送れなかった文を、欄に戻しました。いまの内容を確かめて、もう一度押してください。",
    )
    return _page(request, found, decision=decision)


def sheet_page(
    request: HttpRequest, initiative: Initiative, *, decision: DecisionForm, status: int
) -> HttpResponse:
    """Show the sheet again with a verb's small form open and its errors beside the fields."""
    found = with_everything(Initiative.objects.filter(pk=initiative.pk)).get()
    return _page(request, found, decision=decision, status=status)


def find_sheet(user: User, ward: str, year: FiscalYear, number: str) -> Initiative:
    found = (
        with_everything(Initiative.objects.visible_to(user))
        .filter(plan__ward__slug=ward, plan__fiscal_year=year, number=number)
        .select_related("continues__plan__ward")
        .first()
    )
    if found is None:
        raise Http404
    return found


def _page(
    request: HttpRequest,
    initiative: Initiative,
    *,
    decision: DecisionForm | None = None,
    status: int = 200,
) -> HttpResponse:
    user, now = signed_in(request), timezone.now()
    form = read_form(initiative.plan.edition)
    found = read_sheet(initiative, form, user)
    phases = {phase.phase: phase for phase in PlanPhase.objects.filter(plan=initiative.plan)}
    events = list(with_basis(Event.objects.filter(initiative=initiative)).order_by("pk"))
    last_year = read_last_year(initiative, form, user)
    holders = _holders(initiative, user, now)
    context = {
        "sheet": found,
        "rows": _with_main_row(
            _status_row(
                initiative,
                form,
                block,
                phases.get(block.phase.key),
                [event for event in events if event.phase == block.phase.key],
                user,
                now,
                decision,
                last_year,
                holders.get((initiative.pk, block.phase.key), ""),
            )
            for block in found.blocks
        ),
        "decision": decision,
        "now": now,
        "last_year": last_year,
        "may_confirm_cells": can_confirm(user, initiative.plan)
        and initiative.plan.status == YearPlan.Status.DRAFT,
        "may_resolve": can_resolve(user, initiative),
        "public_revision": getattr(initiative, "public_revision", None),
        "report_cells": cells_of(found) if permissions.can_report_mistake(user, initiative.plan) else [],
        "may_see_history": permissions.can_see_history(user, initiative),
    }
    return render(request, "reviews/sheet_detail.html", context, status=status)


def _with_main_row(rows: Iterable[StatusRow]) -> list[StatusRow]:
    """Mark the first row in which the reader has something to do: a page has one solid button."""
    found = list(rows)
    for place, row in enumerate(found):
        approving = any(verb["verb"] == "approve" for verb in row.verbs)
        if approving or (row.write_label and row.block.status != Review.Status.SUBMITTED):
            found[place] = replace(row, is_main=True)
            break
    return found


def _status_row(
    initiative: Initiative,
    form: OfficialForm,
    block: PhaseBlock,
    plan_phase: PlanPhase | None,
    events: list[Event],
    user: User,
    now: datetime.datetime,
    decision: DecisionForm | None,
    last_year: LastYear | None,
    holder: str,
) -> StatusRow:
    review = block.review or Review(initiative=initiative, phase=block.phase.key)
    review.initiative = initiative
    case = Case(initiative, plan_phase, form, block.phase, review)
    case.targets = [one for one in initiative.targets.all() if one.scope == Target.Scope.ANNUAL]
    submitted = _last(events, "submit")
    back = _last(events, *rules.REOPENING)
    extended = review.is_extended(now)
    return StatusRow(
        block=block,
        window=case.window(now),
        due=deadline(plan_phase, review),
        opens_at=plan_phase.opens_at if plan_phase else None,
        steps=_steps(block.status, events),
        late=bool(submitted and submitted.late and not extended and block.status != Review.Status.RETURNED),
        returned=back if block.status == Review.Status.RETURNED else None,
        write_label=_write_label(case, user, now),
        verbs=tuple(_verbs(case, user, now, decision)),
        own_submission=(
            block.status == Review.Status.SUBMITTED
            and permissions.can_decide(user, initiative)
            and permissions.is_own_submission(user, review)
        ),
        evidence=evidence_of(block.phase, block.status, events) if block.readable else None,
        plan_phase=plan_phase,
        repeated=repeated_since(last_year, block) if permissions.can_write(user, initiative) else (),
        holder=holder,
        may_read_notes=permissions.can_read_notes(user, initiative)
        and initiative.plan.status != YearPlan.Status.DRAFT,
        correcting=block.status != Review.Status.PUBLISHED and _last(events, "publish") is not None,
    )


def _holders(initiative: Initiative, user: User, now: datetime.datetime) -> dict[tuple[int, str], str]:
    """Name who has the sheet inside the section; a query only where it was handed to somebody."""
    if not permissions.can_read_notes(user, initiative):
        return {}
    handed = any(review.held_by_id for review in initiative.reviews.all())
    return read_holders([initiative.pk], timezone.localdate(now)) if handed else {}


def _last(events: list[Event], *verbs: str) -> Event | None:
    return next((event for event in reversed(events) if event.verb in verbs), None)


def _steps(status: str, events: list[Event]) -> tuple[Step, ...]:
    """Tell the way of a review: which step is done, by whom and when, and where it is now."""
    order = [("submit", "担当が提出"), ("approve", "課長が承認"), ("publish", "公表")]
    reached = {"submitted": 1, "approved": 2, "published": 3}.get(status, 0)
    steps = []
    for place, (verb, label) in enumerate(order):
        event = _last(events, verb) if place < reached else None
        state = "done" if place < reached else "now" if place == reached else "todo"
        who = f"{event.by_post} {event.by_name}".strip() if event else ""
        steps.append(Step(label, state, who, event.at if event else None))
    return tuple(steps)


def _write_label(case: Case, user: User, now: datetime.datetime) -> str:
    """Word the link to the form for what the person would do there; empty when it cannot be written."""
    if not rules.may("save", case, user, now):
        return ""
    if rules.is_mending("save", case.review):
        return "字句を直す"
    if not permissions.can_submit(user, case.initiative):
        return "代わりに入力する"
    words = {
        Review.Status.NOT_STARTED: "書き始める",
        Review.Status.DRAFT: "続きを書く",
        Review.Status.RETURNED: "直して再提出する",
    }
    return words[Review.Status(case.review.status)]


def _verbs(case: Case, user: User, now: datetime.datetime, decision: DecisionForm | None) -> Any:
    """Give each verb that the person may press its own small form."""
    for verb, label in BUTTONS.items():
        if not rules.may(verb, case, user, now):
            continue
        with_words = verb in rules.NEEDS_REASON
        open_form = (
            decision
            if decision
            and (decision.verb, decision.case.review.phase)
            == (
                verb,
                case.review.phase,
            )
            else None
        )
        yield {
            "verb": verb,
            "label": label,
            "url_name": f"reviews:{verb}",
            "form": open_form or (DecisionForm(verb, case) if with_words else None),
            "open": open_form is not None,
            "opened_by": keeping.opened_by(case, user),
        }


@require_safe
@login_required
def sheet_workbook(request: HttpRequest, ward: str, year: FiscalYear, number: str) -> HttpResponse:
    user = signed_in(request)
    initiative = find_sheet(user, ward, year, number)
    found = read_sheet(initiative, read_form(initiative.plan.edition), user)
    (found,) = with_evidence([found])
    return _download(write_sheet(found, at=timezone.now()), sheet_filename(found))


def _download(content: bytes, name: FileName) -> HttpResponse:
    return HttpResponse(content, content_type=XLSX, headers={"Content-Disposition": name.header})
