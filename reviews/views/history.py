"""The history of a sheet: every accepted change, newest first, and the sheet as it was at each of them."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, replace
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from initiatives.form import FormPhase, OfficialForm, read_form
from initiatives.models import Event, Initiative
from initiatives.refusals import NotAllowed
from wardplan.era import wareki, wareki_moment
from wardplan.fiscal_year import FiscalYear

from .. import permissions
from ..comments import Comment, labels_of
from ..models import Note, Review
from ..public_sheet import PublicPlan, read_plan
from ..rules import words_of
from ..sheet import Answered, Sheet, TargetLine, read_answers, read_sheet, with_everything
from .case import find_initiative, signed_in


@dataclass(frozen=True)
class Entry:
    """One accepted change in words."""

    event: Event
    phase: str
    slug: str
    what: str
    from_status: str
    to_status: str
    deputy: str
    until: str
    answered: list[Answered]
    comments: tuple[tuple[str, Comment], ...] = ()
    """What was written to single fields with a return, each with the field's name."""
    handed_to: str = ""
    note: str = ""
    """What was written for the colleague who got the sheet."""

    @property
    def at(self) -> datetime.datetime:
        return self.event.at


@dataclass(frozen=True)
class NoteEntry:
    """A handover note that was written, or taken back."""

    note: Note
    what: str
    phase: str
    by: str
    at: datetime.datetime


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
    events = list(Event.objects.filter(initiative=initiative).order_by("-at", "-pk"))
    notes = list(Note.objects.filter(initiative=initiative).select_related("by", "withdrawn_by"))
    entries: list[Entry | NoteEntry] = [
        with_notes(entry(event, form.by_phase.get(event.phase), sheet.annual_targets), notes, form, sheet)
        for event in events
    ]
    context = {
        "title": f"{form.label('item')}{initiative.number} 履歴",
        "initiative": initiative,
        "item": form.label("item"),
        "texts_open": request.GET.get("texts") == "open",
        # Sorting keeps the order of what happened in one moment.
        "entries": sorted(
            [*entries, *note_entries(events, notes, form)], key=lambda one: one.at, reverse=True
        ),
    }
    return render(request, "reviews/history.html", context)


@never_cache
@require_safe
@login_required
def moment(
    request: HttpRequest, ward: str, year: FiscalYear, number: str, phase: str, version: int
) -> HttpResponse:
    """Show the whole sheet as it was right after one change, on the official form."""
    user = signed_in(request)
    initiative = find_initiative(user, ward, year, number)
    if not permissions.can_see_history(user, initiative):
        raise NotAllowed("履歴を見られるのは、担当課の職員と取りまとめ担当です。")
    form = read_form(initiative.plan.edition)
    form_phase = form.phase_at(phase)
    events = list(Event.objects.filter(initiative=initiative).order_by("at", "pk"))
    place = next(
        (
            place
            for place, event in enumerate(events)
            if form_phase and (event.phase, event.version) == (form_phase.key, version)
        ),
        None,
    )
    if place is None:
        raise Http404
    event = events[place]
    complete = with_everything(Initiative.objects.filter(pk=initiative.pk)).get()
    sheet = as_it_was(read_sheet(complete, form, user), events[: place + 1], plan_at(initiative, event))
    context = {
        "title": f"{form.label('item')}{initiative.number} {wareki_moment(event.at)}の内容",
        "initiative": initiative,
        "item": form.label("item"),
        "sheet": sheet,
        "entry": entry(event, form_phase, sheet.annual_targets),
        "now": timezone.now(),
    }
    return render(request, "reviews/history_moment.html", context)


def plan_at(initiative: Initiative, event: Event) -> PublicPlan | None:
    """Find the plan's text as it stood at an event; None when the record does not go back so far."""
    written = Event.objects.filter(
        ward=initiative.plan.ward_id,
        fiscal_year=initiative.plan.fiscal_year,
        initiative=None,
        verb__in=["confirm", "new_version"],
        at__lte=event.at,
    )
    newest = written.order_by("-version").first()
    items = newest.content["initiatives"] if newest else []
    item = next((item for item in items if item["number"] == initiative.number), None)
    return read_plan(item) if item else None


def as_it_was(sheet: Sheet, events: list[Event], plan: PublicPlan | None) -> Sheet:
    """Put a sheet back to where these events led: each phase's text and status, and the plan of then."""
    newest = {event.phase: event for event in events}
    annual = plan.annual_targets if plan else sheet.annual_targets
    blocks = []
    for block in sheet.blocks:
        event = newest.get(block.phase.key)
        answers = event.content.get("answers", {}) if event else {}
        blocks.append(
            replace(
                block,
                status=event.to_status if event else Review.Status.NOT_STARTED,
                version=event.version if event else 0,
                readable=True,
                answered=tuple(read_answers(block.phase, answers, annual)),
                review=None,
            )
        )
    then = replace(sheet, blocks=tuple(blocks), unconfirmed=())
    if plan is None:
        return then
    return replace(
        then,
        purpose=plan.purpose,
        overview=plan.overview,
        activities=plan.activities,
        policy_targets=plan.policy_targets,
        annual_targets=plan.annual_targets,
    )


def entry(event: Event, phase: FormPhase | None, targets: tuple[TargetLine, ...]) -> Entry:
    answers = event.content.get("answers")
    until = event.content.get("until")
    return Entry(
        event=event,
        phase=phase.label if phase else "",
        slug=phase.slug if phase else "",
        what=words_of(event),
        from_status=status_label(event.from_status),
        to_status=status_label(event.to_status),
        deputy=_deputy_words(event) if event.on_behalf else "",
        until=wareki(datetime.date.fromisoformat(until)) if until else "",
        answered=read_answers(phase, answers, targets) if phase and answers else [],
    )


def _deputy_words(event: Event) -> str:
    """Name what was done in another's place: the admin fills in, the deputy decides and mends."""
    filled_in = event.verb in ("save", "import") and event.from_status != Review.Status.SUBMITTED
    return "代理入力" if filled_in else "代理承認"


def with_notes(told: Entry, notes: list[Note], form: OfficialForm, sheet: Sheet) -> Entry:
    """Hang the comments of a return, or the note of a handover, on what came with them."""
    event = told.event
    phase = form.by_phase.get(event.phase)
    labels = labels_of(phase, [line.key for line in sheet.annual_targets]) if phase else {}
    beside = [note for note in notes if (note.phase, note.version) == (event.phase, event.version)]
    comments = tuple(
        (labels.get(note.field, ""), Comment(note.field, note.text, note.by.name, note.at))
        for note in beside
        if note.kind == Note.Kind.COMMENT
    )
    held_by = event.content.get("held_by", "") if event.verb == "hand_over" else ""
    text = next((note.text for note in beside if _came_with(note, event)), "")
    return replace(told, comments=comments, handed_to=held_by, note=text)


def note_entries(events: list[Event], notes: list[Note], form: OfficialForm) -> list[NoteEntry]:
    """List the handover notes that were written by themselves, and those that were taken back."""
    found = []
    for note in notes:
        if note.kind != Note.Kind.HANDOVER:
            continue
        phase = form.by_phase.get(note.phase)
        label = phase.label if phase else ""
        if not any(_came_with(note, event) for event in events):
            found.append(NoteEntry(note, "引継ぎメモ", label, note.by.name, note.at))
        if note.withdrawn_at is not None and note.withdrawn_by is not None:
            found.append(
                NoteEntry(note, "引継ぎメモの取下げ", label, note.withdrawn_by.name, note.withdrawn_at)
            )
    return found


def _came_with(note: Note, event: Event) -> bool:
    return (
        note.kind == Note.Kind.HANDOVER
        and event.verb == "hand_over"
        and (note.phase, note.version, note.at, note.by_id)
        == (event.phase, event.version, event.at, event.by_id)
    )


def status_label(status: str) -> Any:
    known = dict(Review.Status.choices)
    return known.get(status, status)
