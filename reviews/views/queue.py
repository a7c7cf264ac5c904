"""The manager's queue: what waits for approval, with its whole text and the two decisions beside it."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.decorators import login_required
from django.db.models import Exists, OuterRef
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from initiatives.form import OfficialForm, read_form
from initiatives.models import Event, Initiative, PlanPhase
from initiatives.refusals import NotAllowed
from wardplan.accounts.models import User

from .. import permissions, workflow
from ..forms import DecisionForm
from ..models import Review
from ..progress import chosen_marks, is_forcing
from ..sheet import PhaseBlock, read_sheet, with_everything
from ..windows import deadline
from ..workflow import Case
from .case import signed_in

Status = Review.Status


@dataclass(frozen=True)
class Waiting:
    """One submitted review: who handed it in, what it says, and what the reader may do with it."""

    case: Case
    block: PhaseBlock
    due: datetime.datetime | None
    submitted: Event | None
    returned: Event | None
    """The return that this submission answers; None for a first submission."""
    marks: list[tuple[str, bool]]
    may_approve: bool
    may_mend: bool
    form: DecisionForm

    @property
    def order(self) -> tuple[Any, ...]:
        initiative = self.case.initiative
        return (self.due is None, self.due, initiative.plan.fiscal_year, initiative.position)


@never_cache
@require_safe
@login_required
def queue(request: HttpRequest) -> HttpResponse:
    user, now = signed_in(request), timezone.now()
    if not user.roles().manager_of:
        raise NotAllowed("課長承認待ちを見られるのは、担当課の課長(承認者)です。")
    waiting = sorted(read_queue(user, now), key=lambda found: found.order)
    request.navigation_counts = {"queue": len(waiting)}  # type: ignore[attr-defined]
    context = {
        "title": "課長承認待ち",
        "waiting": waiting,
        "sections": dict.fromkeys(found.case.initiative.section.name for found in waiting),  # type: ignore[union-attr]
        "opened": next((found for found in waiting if found.may_approve), None),
    }
    return render(request, "reviews/queue.html", context)


def read_queue(user: User, now: datetime.datetime) -> list[Waiting]:
    """Read everything that waits in the person's sections with a constant number of queries."""
    submitted = Review.objects.awaiting_decision().filter(initiative=OuterRef("pk"))
    found = Initiative.objects.visible_to(user).of_sections(user.roles().manager_of)
    initiatives = list(with_everything(found).filter(Exists(submitted)))
    plans = {initiative.plan_id for initiative in initiatives}
    editions = {initiative.plan.edition_id: initiative.plan.edition for initiative in initiatives}
    forms = {pk: read_form(edition) for pk, edition in editions.items()}
    phases = {(phase.plan_id, phase.phase): phase for phase in PlanPhase.objects.filter(plan__in=plans)}
    events = read_events(initiatives)
    return [
        waiting(initiative, forms[initiative.plan.edition_id], block, phases, events, user, now)
        for initiative in initiatives
        for block in read_sheet(initiative, forms[initiative.plan.edition_id], user).blocks
        if block.status == Status.SUBMITTED
    ]


def read_events(initiatives: list[Initiative]) -> dict[tuple[int | None, str], list[Event]]:
    """Read the submissions and returns of these sheets, oldest first."""
    found: dict[tuple[int | None, str], list[Event]] = {}
    events = Event.objects.filter(initiative__in=initiatives, verb__in=["submit", *workflow.REOPENING])
    for event in events.defer("content").order_by("version"):
        found.setdefault((event.initiative_id, event.phase), []).append(event)
    return found


def waiting(
    initiative: Initiative,
    form: OfficialForm,
    block: PhaseBlock,
    phases: dict[tuple[int, str], PlanPhase],
    events: dict[tuple[int | None, str], list[Event]],
    user: User,
    now: datetime.datetime,
) -> Waiting:
    review = block.review
    assert review is not None  # a submitted review has its row
    review.initiative = initiative
    plan_phase = phases.get((initiative.plan_id, block.phase.key))
    case = Case(initiative, plan_phase, form, block.phase, review)
    told = events.get((initiative.pk, block.phase.key), [])
    decision = DecisionForm("return", case)
    decision.auto_id = f"id_{initiative.pk}_{block.phase.key}_return_%s"
    return Waiting(
        case=case,
        block=block,
        due=deadline(plan_phase, review),
        submitted=next((event for event in reversed(told) if event.verb == "submit"), None),
        returned=next((event for event in reversed(told) if event.verb != "submit"), None),
        marks=[
            (mark.symbol, is_forcing(mark)) if mark else ("", False)
            for _, mark in chosen_marks(block.phase, review.answers)
        ],
        may_approve=workflow.may("approve", case, user, now),
        may_mend=not permissions.is_own_submission(user, review),
        form=decision,
    )
