"""The manager's queue: what waits for approval, what changed in it, and the decisions beside it."""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from initiatives.form import OfficialForm, read_form
from initiatives.models import Event, Initiative, PlanPhase, Target, YearPlan
from initiatives.models.plan import NUMBER
from initiatives.refusal_pages import note
from initiatives.refusals import NotAllowed, Refused
from initiatives.views.posted import as_version
from wardplan.accounts.models import User
from wardplan.fiscal_year import FiscalYear

from .. import keeping, permissions, rules, workflow
from ..answers import Answers
from ..case import Case
from ..changes import Change, count_changes, read_changes
from ..comments import place_of, read_comments
from ..deputies import read_deciders
from ..evidence import Evidence, evidence_of, with_basis
from ..forms import DecisionForm
from ..last_year import LastYear, read_last_years
from ..models import Review
from ..progress import chosen_marks, is_forcing
from ..repetition import repeated_since
from ..sheet import Sheet, read_sheet, with_everything
from ..windows import deadline
from .case import find_initiative, signed_in

TICKED = re.compile(
    rf"(?P<ward>[a-z][a-z0-9]*)/(?P<year>[0-9]{{4}})/(?P<number>{NUMBER})/(?P<phase>[a-z-]+):(?P<version>.*)"
)


@dataclass(frozen=True)
class Waiting:
    """One submitted review as a row: who handed it in, what is new, and what the reader may do with it."""

    case: Case
    due: datetime.datetime | None
    submitted: Event | None
    returned: Event | None
    """The decision that this submission answers, mostly a return; None for a first submission."""
    before: Answers | None
    """What the sheet said at that decision."""
    marks: list[tuple[str, bool]]
    may_approve: bool
    evidence: Evidence | None = None
    """What the marks rest on, as it was kept when the sheet was submitted or mended."""
    decider: tuple[str, str, bool] | None = None
    """Post, name and whether a deputy: who decides on the reader's own submission."""

    @property
    def order(self) -> tuple[Any, ...]:
        initiative = self.case.initiative
        return (self.due is None, self.due, initiative.plan.fiscal_year, initiative.position)

    @property
    def key(self) -> str:
        """Name the row in an address and in a ticked box: mihon/2020/1/midyear."""
        return key_of(self.case)

    @property
    def ticked(self) -> str:
        """Name the row with the version that the reader saw."""
        return f"{self.key}:{self.case.review.version:d}"

    @property
    def heading(self) -> str:
        initiative = self.case.initiative
        item = self.case.form.label("item")
        return f"{item}{initiative.number} {initiative.title}({self.case.phase.label})"

    @property
    def changed(self) -> int | None:
        """Count the fields that changed since the decision; None for a first submission."""
        return None if self.before is None else count_changes(self.before, self.case.review.answers)


@dataclass(frozen=True)
class Unfolded:
    """A row with everything a decision needs: the differences, the comments and last year's text."""

    row: Waiting
    sheet: Sheet
    changes: list[Change]
    last_year: LastYear | None
    form: DecisionForm
    repeated: tuple[str, ...] = ()
    """Sentences that stood in the same field last year."""

    @property
    def shown(self) -> list[Change]:
        """List what stands open: the changed fields; of a first submission all that is filled in."""
        if self.row.before is None:
            return [one for one in self.changes if one.now or one.field.question.on_paper]
        return [one for one in self.changes if one.is_changed]

    @property
    def unchanged(self) -> list[Change]:
        shown = self.shown
        return [one for one in self.changes if one not in shown]

    @property
    def all(self) -> list[tuple[Change, None]]:
        """List every field in form order, for paper: nothing can be written there."""
        return [(one, None) for one in self.changes if one.before or one.now or one.field.question.on_paper]

    @property
    def inputs(self) -> dict[str, Any]:
        """Give the input for a comment on each field, by the field's name."""
        prefix = rules.COMMENT_PREFIX
        return {field.name.removeprefix(prefix): field for field in self.form.comment_inputs}

    @property
    def changes_with_inputs(self) -> list[tuple[Change, Any]]:
        return [(one, self.inputs.get(one.field.name)) for one in self.shown]

    @property
    def unchanged_with_inputs(self) -> list[tuple[Change, Any]]:
        return [(one, self.inputs.get(one.field.name)) for one in self.unchanged]


@never_cache
@require_safe
@login_required
def queue(request: HttpRequest) -> HttpResponse:
    user, now = manager_of(request), timezone.now()
    waiting = read_queue(user, now)
    open_row = _to_open(request.GET.get("open"), waiting)
    request.navigation_counts = {"queue": len(waiting)}  # type: ignore[attr-defined]
    phases = dict.fromkeys((row.case.plan.fiscal_year, row.case.phase.label) for row in waiting)
    context = {
        "title": "課長承認待ち",
        "waiting": waiting,
        "sections": dict.fromkeys(row.case.initiative.section.name for row in waiting),  # type: ignore[union-attr]
        "phases": phases,
        "plans": dict.fromkeys(
            (row.case.plan.ward.slug, row.case.plan.fiscal_year, _differences_label(row.case.plan, waiting))
            for row in waiting
        ),
        "may_tick": any(row.may_approve for row in waiting),
        "ticked": request.GET.getlist("chosen"),
        "opened": unfold([open_row], user)[0] if open_row else None,
        "opened_by": keeping.opened_by(open_row.case, user) if open_row else "",
        "next_url": _after(open_row, waiting),
        "may_name_deputy": bool(permissions.deputised_sections(user)),
    }
    return render(request, "reviews/queue.html", context)


@never_cache
@require_safe
@login_required
def queue_print(request: HttpRequest) -> HttpResponse:
    user, now = manager_of(request), timezone.now()
    waiting = read_queue(user, now)
    context = {"title": "課長承認待ちの印刷", "now": now, "unfolded": unfold(waiting, user)}
    return render(request, "reviews/queue_print.html", context)


@never_cache
@require_POST
@login_required
def approve_chosen(request: HttpRequest) -> HttpResponse:
    """Approve each ticked sheet at the version that was on the screen; tell by name what was refused."""
    user, now = manager_of(request), timezone.now()
    approved, refused = 0, []
    for version, initiative, phase in _chosen(request, user):
        try:
            workflow.approve(initiative, phase, by=user, at=now, version=version)
            approved += 1
        except Refused as refusal:
            note(request, refusal)
            item = initiative.plan.edition.item
            refused.append(f"{item}{initiative.number} {initiative.title}: {refusal.sentence}")
    if approved:
        messages.success(request, f"{approved}件を承認しました。")
    for sentence in refused:
        messages.warning(request, f"承認しませんでした。{sentence}")
    if not approved and not refused:
        messages.info(request, "承認するシートを選んでください。")
    return redirect("reviews:queue")


def _differences_label(plan: YearPlan, waiting: list[Waiting]) -> str:
    """Name the link to a plan's differences; the year, only when the queue has more than one."""
    several = len({row.case.plan.pk for row in waiting}) > 1
    return f"判定と異なる評価({plan.fiscal_year})" if several else "判定と異なる評価"


def manager_of(request: HttpRequest) -> User:
    """Give the person of the request; 403 for who decides nowhere."""
    user = signed_in(request)
    if not user.roles().manager_of:
        raise NotAllowed("課長承認待ちを見られるのは、担当課の課長(承認者)です。")
    return user


def _to_open(wanted: str | None, waiting: list[Waiting]) -> Waiting | None:
    """Choose the row that stands open: the one asked for, none for an empty wish, else the first."""
    if wanted == "":
        return None
    open_to_decide = [row for row in waiting if row.may_approve]
    first = next(iter(open_to_decide), None)
    return next((row for row in open_to_decide if row.key == wanted), first)


def _after(row: Waiting | None, waiting: list[Waiting]) -> str:
    """Give the address of the queue with the next row to decide open; after the last one, the first."""
    left = [one for one in waiting if one.may_approve and one is not row]
    if row is None or not left:
        return reverse("reviews:queue")
    place = waiting.index(row)
    following = next((one for one in left if waiting.index(one) > place), left[0])
    return queue_url(following.case)


def key_of(case: Case) -> str:
    plan = case.plan
    return f"{plan.ward.slug}/{plan.fiscal_year:d}/{case.initiative.number}/{case.phase.slug}"


def queue_url(case: Case) -> str:
    """Give the address of the queue with one sheet unfolded."""
    return f"{reverse('reviews:queue')}?{urlencode({'open': key_of(case)}, safe='/')}"


def _chosen(request: HttpRequest, user: User) -> list[tuple[int | None, Initiative, str]]:
    """Find the ticked sheets; 404, before anything is done, for what this person may not know of."""
    found = []
    for ticked in request.POST.getlist("chosen"):
        match = TICKED.fullmatch(ticked)
        if match is None:
            raise Http404
        try:
            year = FiscalYear(int(match["year"]))
        except ValueError as error:
            raise Http404 from error
        initiative = find_initiative(user, match["ward"], year, match["number"])
        found.append((as_version(match["version"]), initiative, match["phase"].replace("-", "_")))
    return found


# ---- reading: a constant number of queries ---------------------------------------------------------------


def read_queue(user: User, now: datetime.datetime) -> list[Waiting]:
    """Read everything that waits in the person's sections, earliest due date first; no text is compared."""
    initiatives = Initiative.objects.visible_to(user).of_sections(user.roles().manager_of)
    reviews = list(
        Review.objects.awaiting_decision()
        .filter(initiative__in=initiatives)
        .select_related("initiative__plan__ward", "initiative__plan__edition", "initiative__section")
    )
    editions = {review.initiative.plan.edition_id: review.initiative.plan.edition for review in reviews}
    forms = {pk: read_form(edition) for pk, edition in editions.items()}
    plans = {review.initiative.plan_id for review in reviews}
    phases = {(phase.plan_id, phase.phase): phase for phase in PlanPhase.objects.filter(plan__in=plans)}
    events = read_events(reviews)
    own = [review for review in reviews if permissions.is_own_submission(user, review)]
    deciders = read_deciders({review.initiative.section_id for review in own}, user, now) if own else {}
    waiting = [
        read_row(review, forms, phases, events, deciders, user, now)
        for review in reviews
        if review.phase in forms[review.initiative.plan.edition_id].by_phase
    ]
    return sorted(waiting, key=lambda row: row.order)


def read_events(reviews: list[Review]) -> dict[tuple[int | None, str], list[Event]]:
    """Read the submissions and returns of these sheets, oldest first; of the last return also the text.

    What was mended while it waited is told as well: with it goes the basis of what is then said.
    """
    found: dict[tuple[int | None, str], list[Event]] = {}
    sheets = {review.initiative_id for review in reviews}
    events = Event.objects.filter(initiative__in=sheets, verb__in=["submit", "save", *rules.REOPENING])
    events = events.exclude(~Q(to_status=Review.Status.SUBMITTED), verb="save")
    for event in with_basis(events).order_by("version"):
        found.setdefault((event.initiative_id, event.phase), []).append(event)
    returns = {back.pk: back for told in found.values() if (back := _last_return(told)) is not None}
    for pk, content in Event.objects.filter(pk__in=returns).values_list("pk", "content"):
        returns[pk].content = content
    return found


def _last_return(events: list[Event]) -> Event | None:
    return next((event for event in reversed(events) if event.verb in rules.REOPENING), None)


def read_row(
    review: Review,
    forms: dict[int, OfficialForm],
    phases: dict[tuple[int, str], PlanPhase],
    events: dict[tuple[int | None, str], list[Event]],
    deciders: dict[int | None, tuple[str, str, bool]],
    user: User,
    now: datetime.datetime,
) -> Waiting:
    initiative = review.initiative
    form = forms[initiative.plan.edition_id]
    plan_phase = phases.get((initiative.plan_id, review.phase))
    case = Case(initiative, plan_phase, form, form.by_phase[review.phase], review)
    told = events.get((initiative.pk, review.phase), [])
    returned = _last_return(told)
    return Waiting(
        case=case,
        due=deadline(plan_phase, review),
        submitted=next((event for event in reversed(told) if event.verb == "submit"), None),
        returned=returned,
        before=(returned.content.get("answers") or {}) if returned else None,
        marks=[
            (mark.symbol, is_forcing(mark)) if mark else ("", False)
            for _, mark in chosen_marks(case.phase, review.answers)
        ],
        may_approve=rules.may("approve", case, user, now),
        evidence=evidence_of(case.phase, review.status, told),
        decider=deciders.get(initiative.section_id),
    )


def unfold(rows: list[Waiting], user: User) -> list[Unfolded]:
    """Read what a decision on these rows needs: as many queries for all of them as for one."""
    pks = {row.case.initiative.pk for row in rows}
    forms = {row.case.plan.edition_id: row.case.form for row in rows}
    complete = {one.pk: one for one in with_everything(Initiative.objects.filter(pk__in=pks))}
    last_years = read_last_years(complete.values(), forms, user)
    comments = read_comments(row.returned for row in rows if row.returned)
    unfolded = []
    for row in rows:
        initiative = complete[row.case.initiative.pk]
        sheet = read_sheet(initiative, row.case.form, user)
        last_year = last_years.get(initiative.pk)
        row.case.targets = [one for one in initiative.targets.all() if one.scope == Target.Scope.ANNUAL]
        changes = read_changes(
            row.case.phase,
            sheet.annual_targets,
            row.case.review.answers,
            row.before,
            comments=comments.get(place_of(row.returned), []) if row.returned else [],
            last_year=last_year.block(row.case.phase.key) if last_year else None,
            marks=row.evidence.marks if row.evidence else (),
        )
        form = DecisionForm("return", row.case)
        repeated = repeated_since(last_year, sheet.block(row.case.phase.key))
        unfolded.append(Unfolded(row, sheet, changes, last_year, form, repeated))
    return unfolded
