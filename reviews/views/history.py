"""The history of a sheet: every accepted change, newest first, with the text as it was then."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from initiatives.form import FormPhase, read_form
from initiatives.models import Event, Initiative
from initiatives.refusals import NotAllowed
from wardplan.era import wareki
from wardplan.fiscal_year import FiscalYear

from .. import permissions
from ..models import Review
from ..sheet import Answered, TargetLine, read_answers, read_sheet, with_everything
from ..workflow import words_of
from .case import find_initiative, signed_in

DEPUTY_WORDS = {"save": "代理入力", "import": "代理入力"}


@dataclass(frozen=True)
class Entry:
    """One accepted change in words."""

    event: Event
    phase: str
    what: str
    from_status: str
    to_status: str
    deputy: str
    until: str
    answered: list[Answered]


@never_cache
@require_safe
@login_required
def history(request: HttpRequest, ward: str, year: FiscalYear, number: str) -> HttpResponse:
    user = signed_in(request)
    initiative = find_initiative(user, ward, year, number)
    if not permissions.can_see_history(user, initiative):
        raise NotAllowed("履歴を見られるのは、担当課の職員と取りまとめ担当です。")
    form = read_form(initiative.plan.edition)
    complete = with_everything(Initiative.objects.filter(pk=initiative.pk)).get()
    sheet = read_sheet(complete, form, user)
    events = Event.objects.filter(initiative=initiative).order_by("-at", "-pk")
    context = {
        "title": f"{form.label('item')}{initiative.number} 履歴",
        "initiative": initiative,
        "item": form.label("item"),
        "entries": [entry(event, form.by_phase.get(event.phase), sheet.annual_targets) for event in events],
    }
    return render(request, "reviews/history.html", context)


def entry(event: Event, phase: FormPhase | None, targets: tuple[TargetLine, ...]) -> Entry:
    answers = event.content.get("answers")
    until = event.content.get("until")
    return Entry(
        event=event,
        phase=phase.label if phase else "",
        what=words_of(event),
        from_status=status_label(event.from_status),
        to_status=status_label(event.to_status),
        deputy=DEPUTY_WORDS.get(event.verb, "代理承認") if event.on_behalf else "",
        until=wareki(datetime.date.fromisoformat(until)) if until else "",
        answered=read_answers(phase, answers, targets) if phase and answers else [],
    )


def status_label(status: str) -> Any:
    known = dict(Review.Status.choices)
    return known.get(status, status)
