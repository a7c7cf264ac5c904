"""My work: what a person has to write, until when, what came back and why, and who has the rest."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.decorators import login_required
from django.db.models import Exists, F, OuterRef, Prefetch, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from initiatives.form import OfficialForm, read_form
from initiatives.models import Event, Initiative, Target, YearPlan
from initiatives.permissions import can_administer
from wardplan.accounts.models import Membership, Roles, User
from wardplan.era import short_date, short_moment, to_jst, wareki_moment, wareki_with_weekday
from wardplan.fiscal_year import FiscalYear
from wardplan.working_days import time_left

from .. import permissions, rules
from ..case import Case, read_known_figures
from ..comments import Place, labels_of, place_of, read_comments
from ..deputies import decided_by_deputies
from ..desk import own_desks
from ..figures import read_figures
from ..models import Note, Review
from ..plan_reports import read_answered_reports, read_reports_to_answer
from ..progress import TO_SUBMIT, Progress, Year, current_phase, holder, read_progress, read_years
from ..windows import Window, deadline
from .case import signed_in

Status = Review.Status
DATES_AHEAD = 4


@dataclass
class Job:
    """One sheet in one phase, as the person meets it in the list."""

    case: Case
    due: datetime.datetime | None
    came: Event | None = None
    """What brought it into its state: the return, the submission, the approval."""
    saved: Event | None = None
    handed: Event | None = None
    """The last time that it was handed on inside the section."""
    note: str = ""
    holder: tuple[str, ...] = ()
    """Post and name, apart, so that a narrow cell breaks between them."""
    heading: str = ""
    can_be_written: bool = False
    can_be_withdrawn: bool = False
    commented: list[str] = field(default_factory=list)
    """The labels of the fields to which the manager wrote a comment."""
    handed_by: str = ""
    """Who put it into the reader's hands; `handover_note` is what was written with it."""
    handover_note: str = ""
    handed_to: str = ""
    """The colleague who has it."""

    @property
    def status(self) -> str:
        return self.case.review.status

    @property
    def since(self) -> str:
        """Say what brought it where it is: 9月23日(水)提出."""
        words = rules.VERB_WORDS
        return f"{short_date(self.came.at)}{words[self.came.verb]}" if self.came else ""


@dataclass
class Work:
    """Everything on the page."""

    returned: list[Job] = field(default_factory=list)
    to_write: list[Job] = field(default_factory=list)
    held_by_others: list[Job] = field(default_factory=list)
    to_decide: list[Job] = field(default_factory=list)

    @property
    def mine(self) -> list[Job]:
        return [job for job in self.returned if job.can_be_written] + self.to_write


@never_cache
@require_safe
@login_required
def my_work(request: HttpRequest) -> HttpResponse:
    user, now = signed_in(request), timezone.now()
    roles = user.roles()
    if not roles.memberships:
        return render(request, "reviews/my_work_without_role.html", {"title": "やること"})
    years = read_years(user)
    initiatives = read_initiatives(years, roles, now)
    forms = read_forms(years, initiatives, now)
    jobs = read_jobs(initiatives, years, forms, user, now)
    work = sort_jobs(jobs, user, now)
    note_drafts(work.to_write, user)
    note_comments(work.returned)
    note_handovers([*work.returned, *work.to_write], user)
    work.to_write.sort(key=lambda job: bool(job.handed_to))  # what a colleague has is not the next step
    reports = read_reports_to_answer(user)
    request.navigation_counts = {  # type: ignore[attr-defined]
        "my_work": len(work.returned) + len(work.to_write) + len(reports),
        "queue": len(work.to_decide),
    }
    dates = dates_ahead(years, forms, now)
    context = {
        "title": "やること",
        "today": wareki_with_weekday(now),
        "work": work,
        "writes": bool(roles.sections),
        "band": deadline_band(work, jobs, now),
        "tally": section_tally(work, jobs, years, forms, now),
        "next_date": dates[0] if dates else None,
        "dates": dates[:DATES_AHEAD],
        "decided_by_deputies": decided_by_deputies(user, now),
        "reports": reports,
        "answered_reports": read_answered_reports(user, now),
        "desks": own_desks(user),
        "figures": read_figures(planned(years, now), roles, FiscalYear.of(now)),
        "years": [year.plan for year in reversed(years)],
        "ward_progress": ward_progress(years, forms, user, now),
        "first_solid": first_solid(work),
    }
    return render(request, "reviews/my_work.html", context)


# ---- reading: a constant number of queries ---------------------------------------------------------------


def read_initiatives(years: list[Year], roles: Roles, now: datetime.datetime) -> list[Initiative]:
    """Read the own sections' sheets of running years, and older ones with something left to do."""
    plans = {year.plan.pk: year.plan for year in years if year.plan.status != year.plan.Status.DRAFT}
    running = [year.plan.pk for year in years if year.is_running(now)]
    unfinished = Review.objects.filter(initiative=OuterRef("pk")).filter(
        Q(status__in=[Status.SUBMITTED, Status.RETURNED]) | Q(open_until__gte=now)
    )
    annual = Target.objects.with_facts().filter(scope=Target.Scope.ANNUAL).select_related("indicator")
    initiatives = list(
        Initiative.objects.of_sections(roles.sections)
        .filter(plan__in=plans)
        .filter(Q(plan__in=running) | Exists(unfinished))
        .select_related("section")
        .prefetch_related(
            Prefetch("reviews", Review.objects.with_holder(timezone.localdate(now))),
            Prefetch("targets", annual.order_by("position", "pk"), to_attr="annual_targets"),
        )
        .defer("purpose", "overview", "activities")
        .order_by("plan__fiscal_year", "position", "number")
    )
    for initiative in initiatives:
        initiative.plan = plans[initiative.plan_id]
    return initiatives


def planned(years: list[Year], now: datetime.datetime) -> list[YearPlan]:
    """Keep the plans whose figures matter now: running ones, and from last year on every confirmed one.

    Relative targets get their numbers in April, when no phase is open yet.
    """
    since = FiscalYear.of(now).previous
    return [
        year.plan
        for year in years
        if year.plan.status != year.plan.Status.DRAFT
        and (year.plan.fiscal_year >= since or year.is_running(now))
    ]


def read_forms(
    years: list[Year], initiatives: list[Initiative], now: datetime.datetime
) -> dict[int, OfficialForm]:
    """Read the forms of the years that the page speaks of; most often that is one."""
    plans = {initiative.plan_id for initiative in initiatives}
    editions = {
        year.plan.edition_id: year.plan.edition
        for year in years
        if year.plan.pk in plans or year.is_running(now) or any(_moments(year, now))
    }
    return {pk: read_form(edition) for pk, edition in editions.items()}


def read_jobs(
    initiatives: list[Initiative],
    years: list[Year],
    forms: dict[int, OfficialForm],
    user: User,
    now: datetime.datetime,
) -> list[Job]:
    phases = {year.plan.pk: year.phases for year in years}
    events = read_events(initiatives)
    holders = read_holders(initiatives, user, now)
    many_years = len({initiative.plan_id for initiative in initiatives}) > 1
    jobs = []
    for initiative in initiatives:
        form = forms[initiative.plan.edition_id]
        reviews = {review.phase: review for review in initiative.reviews.all()}
        for phase in form.phases:
            review = reviews.get(phase.key) or Review(phase=phase.key)
            review.initiative = initiative
            plan_phase = phases[initiative.plan_id].get(phase.key)
            case = Case(initiative, plan_phase, form, phase, review)
            case.targets = initiative.annual_targets  # type: ignore[attr-defined]
            job = Job(case, deadline(plan_phase, review))
            job.heading = f"{form.label('item')}{initiative.number}・{phase.label}"
            if many_years:
                job.heading = f"{initiative.plan.fiscal_year} {job.heading}"
            job.came, job.saved, job.handed = _history(events.get((initiative.pk, phase.key), []))
            job.holder = (holder(review.status, section_name(initiative)),)
            if review.status == Status.SUBMITTED:
                job.holder = holders.get(initiative.section_id, job.holder)
            job.can_be_written = rules.may("submit", case, user, now)
            job.can_be_withdrawn = rules.may("withdraw", case, user, now)
            jobs.append(job)
    return jobs


def note_drafts(jobs: list[Job], user: User) -> None:
    """Say of each draft what is still missing; the figures that this depends on are read once for all."""
    drafts = [job for job in jobs if job.status == Status.DRAFT]
    read_known_figures(job.case for job in drafts)
    for job in drafts:
        job.note = note(job, user)


def note_comments(jobs: list[Job]) -> None:
    """Name the fields of the returned sheets to which the manager wrote something."""
    comments = read_comments(job.came for job in jobs if job.came)
    for job in jobs:
        keys = [target.key for target in job.case.initiative.annual_targets]  # type: ignore[attr-defined]
        labels = labels_of(job.case.phase, keys)
        written = comments.get(place_of(job.came), []) if job.came else []
        job.commented = [labels[comment.field] for comment in written if comment.field in labels]


def note_handovers(jobs: list[Job], user: User) -> None:
    """Say which sheets a colleague put into the reader's hands, with the note, and which a colleague has."""
    mine = []
    for job in jobs:
        review = job.case.review
        name = getattr(review, "holder_name", None) or ""
        if name and review.held_by_id != user.pk:
            job.handed_to = name
        elif name and job.handed and job.handed.by_id != user.pk:
            job.handed_by = job.handed.by_name
            mine.append(job)
    if not mine:
        return
    notes = Note.objects.standing().filter(
        kind=Note.Kind.HANDOVER, initiative__in=[job.case.initiative.pk for job in mine]
    )
    texts: dict[Place, str] = {(note.initiative_id, note.phase, note.version): note.text for note in notes}
    for job in mine:
        job.handover_note = texts.get(place_of(job.handed), "") if job.handed else ""


def section_name(initiative: Initiative) -> str:
    return initiative.section.name if initiative.section else ""


def read_events(initiatives: list[Initiative]) -> dict[tuple[int | None, str], list[Event]]:
    """Read, of each sheet's record, the newest event and those that handed it over; oldest first."""
    handed_over = ["submit", "approve", "hand_over", *rules.REOPENING]
    found: dict[tuple[int | None, str], list[Event]] = {}
    events = (
        Event.objects.filter(initiative__in=initiatives)
        .filter(
            Q(verb__in=handed_over)
            | Exists(
                Review.objects.filter(
                    initiative=OuterRef("initiative"), phase=OuterRef("phase"), version=OuterRef("version")
                )
            )
        )
        .defer("content")
        .order_by("version")
    )
    for event in events:
        found.setdefault((event.initiative_id, event.phase), []).append(event)
    return found


def _history(events: list[Event]) -> tuple[Event | None, Event | None, Event | None]:
    """Tell what brought it into its state, the last save after it, and the last handover in the section."""
    besides = ("save", "import", "withdraw", "extend", "hand_over")
    came = [event for event in events if event.verb not in besides]
    saves = [event for event in events if event.verb in ("save", "import", "withdraw")]
    handed = [event for event in events if event.verb == "hand_over"]
    return tuple(found[-1] if found else None for found in (came, saves, handed))  # type: ignore[return-value]


def read_holders(
    initiatives: list[Initiative], user: User, now: datetime.datetime
) -> dict[int | None, tuple[str, ...]]:
    """Name who decides in each section: its manager today, else the deputy; never the reader."""
    sections = {initiative.section_id for initiative in initiatives}
    managers = (
        Membership.objects.valid_on(timezone.localdate(now))
        .filter(section__in=sections, role=Membership.Role.MANAGER, user__is_active=True)
        .exclude(user=user)
        .select_related("user", "section")
        .order_by(F("acting").desc(), "-starts_on", "-pk")
    )
    return {manager.section_id: (manager.title, manager.user.name) for manager in managers}


# ---- sorting ---------------------------------------------------------------------------------------------


def sort_jobs(jobs: list[Job], user: User, now: datetime.datetime) -> Work:
    work = Work()
    for job in jobs:
        review, initiative = job.case.review, job.case.initiative
        if review.status == Status.RETURNED:
            work.returned.append(job)
        elif review.status in TO_SUBMIT:
            if job.can_be_written:
                work.to_write.append(job)
        elif review.status == Status.SUBMITTED:
            if permissions.can_decide(user, initiative):
                work.to_decide.append(job)
            if not rules.may("approve", job.case, user, now):
                work.held_by_others.append(job)
        elif review.status == Status.APPROVED:
            work.held_by_others.append(job)
    for jobs_to_do in (work.returned, work.to_write):
        jobs_to_do.sort(key=_urgency)
    return work


def _urgency(job: Job) -> tuple[Any, ...]:
    initiative = job.case.initiative
    phase = job.case.form.phases.index(job.case.phase)
    return (job.due is None, job.due, initiative.plan.fiscal_year, phase, initiative.position)


def first_solid(work: Work) -> str:
    """Choose where the page's one solid button stands: on what comes first."""
    if work.to_decide:
        return "to_decide"
    if any(job.can_be_written for job in work.returned):
        return "returned"
    return "to_write"


def note(job: Job, user: User) -> str:
    """Say when a draft was saved, by whom if it was somebody else, and what is still missing."""
    if job.status != Status.DRAFT:
        return ""
    missing = job.case.missing(job.case.review.answers)
    left = f"{'と'.join(missing)}が未記入です。" if missing else "必要な欄はすべて記入済みです。"
    if job.saved is None:
        return left
    who = "" if job.saved.by_id == user.pk else f"{job.saved.by_name}さんが"
    words = "引戻し" if job.saved.verb == "withdraw" else "保存"
    return f"{short_moment(job.saved.at)} {who}{words}。{left}"


# ---- beside the lists ------------------------------------------------------------------------------------


def deadline_band(work: Work, jobs: list[Job], now: datetime.datetime) -> dict[str, Any] | None:
    """Tell the nearest deadline among what the person has to write, and how much of it is left."""
    due = [job for job in work.mine if job.due]
    if not due:
        return None
    first = min(due, key=_urgency)
    beside = _beside(first, jobs)
    return {
        "label": f"{first.case.phase.label}の提出期限",
        "due": wareki_moment(first.due),  # type: ignore[arg-type]
        "left": time_left(now, first.due),  # type: ignore[arg-type]
        "late": now > first.due,  # type: ignore[operator]
        "sections": _sections(beside),
        "total": len(beside),
        "unsubmitted": sum(job.status in TO_SUBMIT for job in beside),
    }


def _beside(first: Job, jobs: Iterable[Job]) -> list[Job]:
    """Keep the jobs of the same year and phase."""
    return [
        job
        for job in jobs
        if job.case.phase == first.case.phase and job.case.initiative.plan_id == first.case.initiative.plan_id
    ]


def _sections(jobs: list[Job]) -> str:
    return "・".join(dict.fromkeys(section_name(job.case.initiative) for job in jobs))


def section_tally(
    work: Work, jobs: list[Job], years: list[Year], forms: dict[int, OfficialForm], now: datetime.datetime
) -> dict[str, Any] | None:
    """Count the own sections' sheets by state, in the phase of the deadline or the one that counts now."""
    current = {year.plan.pk: _current(year, forms, now) for year in years if year.is_running(now)}
    counted = [job for job in jobs if current.get(job.case.initiative.plan_id) == job.case.phase.key]
    first = min(work.mine, key=_urgency) if work.mine else counted[-1] if counted else None
    if first is None:
        return None
    beside = _beside(first, jobs)
    order = [Status.PUBLISHED, Status.APPROVED, Status.SUBMITTED, Status.DRAFT, Status.RETURNED]
    counts = [
        (status, status.label, sum(job.status == status for job in beside))
        for status in [*order, Status.NOT_STARTED]
    ]
    return {
        "sections": _sections(beside),
        "words": f"{first.case.initiative.plan.fiscal_year} {first.case.phase.label} {len(beside)}件",
        "counts": [row for row in counts if row[2]],
    }


def _current(year: Year, forms: dict[int, OfficialForm], now: datetime.datetime) -> str:
    found = current_phase(year, forms[year.plan.edition_id], now)
    return found.key if found else ""


def _moments(year: Year, now: datetime.datetime) -> list[tuple[datetime.datetime, str, str]]:
    """List (moment, phase, word) of what is still to come in a year."""
    if year.plan.status == year.plan.Status.DRAFT:
        return []
    return [
        (moment, key, word)
        for key, phase in year.phases.items()
        for moment, word in [(phase.opens_at, "受付開始"), (phase.due_at, "提出期限")]
        if moment and moment > now
    ]


def dates_ahead(
    years: list[Year], forms: dict[int, OfficialForm], now: datetime.datetime
) -> list[dict[str, str]]:
    found = []
    for year in years:
        for moment, key, word in _moments(year, now):
            phase = forms[year.plan.edition_id].by_phase.get(key)
            if phase:
                found.append((moment, year, f"{phase.label}の{word}", word == "提出期限"))
    several = len({year.plan.pk for _, year, _, _ in found}) > 1
    return [
        {
            "when": _day(moment, now, with_time),
            "what": f"{year.plan.fiscal_year} {words}" if several else words,
        }
        for moment, year, words, with_time in sorted(found, key=lambda row: row[0])
    ]


def _day(moment: datetime.datetime, now: datetime.datetime, with_time: bool) -> str:
    """Name a moment ahead; the era only when the calendar year is another."""
    if to_jst(moment).year != to_jst(now).year:
        return wareki_moment(moment) if with_time else wareki_with_weekday(moment)
    return short_moment(moment) if with_time else short_date(moment)


def ward_progress(
    years: list[Year], forms: dict[int, OfficialForm], user: User, now: datetime.datetime
) -> list[dict[str, Any]]:
    """Count, for the ward's admin, each section's sheets in each phase that takes reviews now."""
    running = [year for year in years if can_administer(user, year.plan.ward_id) and year.is_running(now)]
    if not running:
        return []
    sheets = (
        Initiative.objects.filter(plan__in=[year.plan.pk for year in running])
        .order_by("section__order", "section__pk", "pk")
        .values_list("plan_id", "pk", "section_id", "section__name", "reviews__phase", "reviews__status")
    )
    states: dict[int, dict[int, tuple[int | None, str, dict[str, str]]]] = {}
    for plan, sheet, section, name, phase, status in sheets:
        found = states.setdefault(plan, {}).setdefault(sheet, (section, name, {}))
        if phase:
            found[2][phase] = status
    return [
        {
            "year": year.plan,
            "heading": f"{year.plan.fiscal_year} {phase.label}",
            "due_at": wareki_moment(due) if due else "",
            "due_left": time_left(now, due) if due else "",
            "progress": _counted(states.get(year.plan.pk, {}).values(), phase.key),
        }
        for year in running
        for phase in forms[year.plan.edition_id].phases
        if year.window(phase.key, now) in (Window.OPEN, Window.OVERDUE)
        for due in [deadline(year.phases.get(phase.key))]
    ]


def _counted(sheets: Iterable[tuple[int | None, str, dict[str, str]]], phase: str) -> Progress:
    return read_progress((section, name, of.get(phase, Status.NOT_STARTED)) for section, name, of in sheets)
