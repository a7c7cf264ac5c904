"""The year's list: where every sheet of a plan stands."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from django.contrib.auth.decorators import login_required
from django.db.models import F, Value
from django.db.models.fields.json import KeyTransform
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from initiatives.form import FormPhase, OfficialForm, read_form
from initiatives.models import Initiative, YearPlan
from initiatives.permissions import can_confirm
from wardplan.accounts.models import User
from wardplan.era import short_date, wareki_moment
from wardplan.fiscal_year import FiscalYear
from wardplan.numbers import half_width
from wardplan.working_days import time_left

from .. import permissions
from ..models import Review, holder_name
from ..overview import LATE, is_late, submitted_late
from ..progress import (
    NOBODY,
    TO_SUBMIT,
    Progress,
    Year,
    chosen_marks,
    current_phase,
    holder,
    is_forcing,
    read_progress,
    read_years,
)
from ..windows import Window, deadline, window
from .case import signed_in

Status = Review.Status
NOT_READABLE = mark_safe('<span class="visually-hidden">提出後に表示します</span>')
# As many as the switch has room for; the others are one more click away.
YEARS_BESIDE = 3


@dataclass
class Entry:
    """One sheet in one phase, as far as the reader may know it."""

    status: str = Status.NOT_STARTED
    open_until: datetime.datetime | None = None
    readable: bool = True
    marks: list[tuple[str, Any]] = field(default_factory=list)
    held_by: str = ""
    """Who was handed the sheet, for readers who may know."""
    was_late: bool = False
    """Only read when late sheets are asked for."""


@dataclass
class Item:
    """One sheet with its phases."""

    number: str
    title: str
    section_id: int | None
    section: str
    section_order: int
    unconfirmed: int = 0
    entries: dict[str, Entry] = field(default_factory=dict)


@never_cache
@require_safe
@login_required
def year(request: HttpRequest, ward: str, year: FiscalYear) -> HttpResponse:
    user, now = signed_in(request), timezone.now()
    years = read_years(user, ward__slug=ward)
    here = next((found for found in years if found.plan.fiscal_year == year), None)
    if here is None:
        raise Http404
    form = read_form(here.plan.edition)
    late = request.GET.get("status") == LATE
    items = read_items(here.plan, form, user, with_late=late)
    current = form.by_phase.get(request.GET.get("phase", "")) or current_phase(here, form, now)
    choices = filter_choices(form, items)
    chosen = read_filter(request, choices)
    shown = [item for item in items if keeps(chosen, item, current)]
    if late and current:
        shown = [item for item in shown if is_late_in(item.entries[current.key], here, current, now)]
    context = {
        "title": f"{here.plan.fiscal_year} {form.label('item')}一覧",
        "plan": here.plan,
        "form": form,
        "years": [found.plan for found in years if abs(found.plan.fiscal_year - year) < YEARS_BESIDE],
        "current": current,
        "due_at": due_words(here, current),
        "due_left": due_left(here, current, now),
        "progress": progress_of(items, current),
        "filter": chosen,
        "choices": choices,
        "items_total": len(items),
        "heads": [
            {"label": phase.label, "has_marks": has_marks(phase), "columns": 1 + has_marks(phase)}
            for phase in form.phases
        ],
        "rows": rows_of(shown, here, form, current, now),
        "mark_legend": mark_legend(form),
        "administers": can_confirm(user, here.plan),
        "may_see_differences": can_confirm(user, here.plan)
        or any(item.section_id in user.roles().manager_of for item in items),
        "may_import": can_confirm(user, here.plan)
        or any(item.section_id in user.roles().sections for item in items),
        "next_year": next_year(here, years),
    }
    return render(request, "reviews/initiative_list.html", context)


def next_year(here: Year, years: list[Year]) -> FiscalYear | None:
    """Give the year that this plan can be carried into: the next one, unless it is confirmed already."""
    if here.plan.status == YearPlan.Status.DRAFT or here.plan.fiscal_year >= FiscalYear.LAST:
        return None
    following = FiscalYear(here.plan.fiscal_year).next
    confirmed = (found.plan for found in years if found.plan.status != YearPlan.Status.DRAFT)
    return None if any(plan.fiscal_year == following for plan in confirmed) else following


# ---- reading ---------------------------------------------------------------------------------------------


def read_items(plan: YearPlan, form: OfficialForm, user: User, *, with_late: bool = False) -> list[Item]:
    """Read the plan's sheets with their reviews in one query; of the answers only the marks.

    Whether the last submission was late costs a look into the record for each sheet: read on demand.
    """
    keys = {q.key: None for phase in form.phases for q in phase.questions if q.kind == "mark"}
    rows = (
        Initiative.objects.filter(plan=plan)
        .order_by("position", "number")
        .annotate(was_late=submitted_late() if with_late else Value(False))
        .annotate(its_holder=holder_name("reviews__held_by", "section", timezone.localdate()))
        .annotate(**{f"mark_{key}": KeyTransform(key, "reviews__answers") for key in keys})
        .values_list(
            "number",
            "title",
            "section_id",
            "section__name",
            "section__order",
            "unconfirmed",
            "reviews__phase",
            "reviews__status",
            "reviews__open_until",
            "its_holder",
            "was_late",
            *(F(f"mark_{key}") for key in keys),
        )
    )

    @cache
    def readable(section: int | None, status: str) -> bool:
        # Asked once for each section and state, not once for each sheet.
        sheet = Initiative(plan=plan, section_id=section)
        return permissions.can_read(user, Review(initiative=sheet, status=status))

    items: dict[str, Item] = {}
    for (
        number,
        title,
        section_id,
        section,
        order,
        waiting,
        phase,
        status,
        open_until,
        held_by,
        was_late,
        *marks,
    ) in rows:
        item = items.setdefault(
            number, Item(number, title, section_id, section or "", order or 0, len(waiting))
        )
        if phase not in form.by_phase:
            continue
        entry = item.entries[phase] = Entry(status, open_until, readable(section_id, status))
        entry.was_late = bool(was_late)
        if held_by and permissions.can_read_notes(user, Initiative(plan=plan, section_id=section_id)):
            entry.held_by = held_by
        if entry.readable:
            answers = dict(zip(keys, marks, strict=True))
            entry.marks = chosen_marks(form.by_phase[phase], answers)
    for item in items.values():
        for key, form_phase in form.by_phase.items():
            item.entries.setdefault(key, Entry(marks=chosen_marks(form_phase, {})))
    return list(items.values())


def progress_of(items: list[Item], current: FormPhase | None) -> Progress | None:
    if current is None or not items:
        return None
    ordered = sorted(items, key=lambda item: item.section_order)
    return read_progress(
        (item.section_id, item.section, item.entries[current.key].status) for item in ordered
    )


# ---- filter ----------------------------------------------------------------------------------------------


def read_filter(request: HttpRequest, choices: dict[str, list[Any]]) -> dict[str, str]:
    """Take from the address what can be filtered by; a value that means nothing filters nothing."""
    known = {
        "section": [value for value, _ in choices["sections"]],
        "status": [value for value, _ in choices["statuses"]],
        "mark": [value for _, marks in choices["marks"] for value, _ in marks],
    }
    given = {name: request.GET.get(name, "") for name in known}
    chosen = {name: value if value in known[name] else "" for name, value in given.items()}
    return {**chosen, "words": request.GET.get("words", "").strip()[:100]}


def filter_choices(form: OfficialForm, items: list[Item]) -> dict[str, list[Any]]:
    ordered = sorted(items, key=lambda item: item.section_order)
    sections = {str(item.section_id or 0): item.section or "担当課未定" for item in ordered}
    marks = [
        (
            f"{phase.label} {question.label}",
            [(f"{question.name}.{mark.position}", str(mark)) for mark in question.marks],
        )
        for phase in form.phases
        for question in phase.questions
        if question.kind == "mark"
    ]
    return {
        "sections": list(sections.items()),
        "statuses": [*Status.choices, (LATE, "期限後")],
        "marks": marks,
    }


def keeps(chosen: dict[str, str], item: Item, current: FormPhase | None) -> bool:
    if chosen["section"] and chosen["section"] != str(item.section_id or 0):
        return False
    wanted = "" if chosen["status"] == LATE else chosen["status"]
    if wanted and current and wanted != item.entries[current.key].status:
        return False
    if chosen["mark"]:
        # Only what the list shows: a filter must not tell what the reader may not read yet.
        phase, key, position = chosen["mark"].split(".")
        if (key, int(position)) not in [(k, mark.position) for k, mark in item.entries[phase].marks if mark]:
            return False
    words = half_width(chosen["words"]).casefold().split()
    text = half_width(f"{item.number} {item.title}").casefold()
    return all(word in text for word in words)


def is_late_in(entry: Entry, here: Year, phase: FormPhase, now: datetime.datetime) -> bool:
    return is_late(entry.status, entry.was_late, entry.open_until, here, phase.key, now)


# ---- showing ---------------------------------------------------------------------------------------------


def rows_of(
    items: list[Item], here: Year, form: OfficialForm, current: FormPhase | None, now: datetime.datetime
) -> list[dict[str, Any]]:
    """Format the rows in Python: filters and includes in the template would cost more than all queries."""
    not_begun = {phase.key for phase in form.phases if here.window(phase.key, now) == Window.BEFORE_OPEN}

    @cache
    def due(status: str, open_until: datetime.datetime | None, phase: FormPhase | None) -> SafeString:
        # Most sheets share their state and have no extension.
        found = due_of(status, open_until, here, phase, now)
        if phase and phase is not current:
            found["words"] = f"{phase.label} {found['words']}"
        return render_to_string("reviews/includes/due_cell.html", found)

    rows = []
    for item in items:
        waiting = waiting_phase(item, form, current, not_begun)
        entry = item.entries[waiting.key] if waiting else Entry(Status.PUBLISHED)
        rows.append(
            {
                "number": item.number,
                "title": item.title,
                "unconfirmed": item.unconfirmed,
                "section": item.section or "未定",
                "phases": mark_safe(
                    "".join(
                        cells(item.entries[phase.key], phase, current, not_begun) for phase in form.phases
                    )
                ),
                "holder": holder(entry.status, item.section, entry.held_by),
                "due": due(entry.status, entry.open_until, waiting),
            }
        )
    return rows


def waiting_phase(
    item: Item, form: OfficialForm, current: FormPhase | None, not_begun: set[str]
) -> FormPhase | None:
    """Give the phase in which somebody has a sheet: the current one or, once it is over, another open one."""
    if current is None or item.entries[current.key].status != Status.PUBLISHED:
        return current
    waiting = (
        phase
        for phase in form.phases
        if phase.key not in not_begun and item.entries[phase.key].status != Status.PUBLISHED
    )
    return next(waiting, current)


def cells(entry: Entry, phase: FormPhase, current: FormPhase | None, not_begun: set[str]) -> SafeString:
    ahead = entry.status == Status.NOT_STARTED and phase.key in not_begun
    status = "before_open" if ahead else entry.status
    return phase_cells(status, chosen_symbols(entry, phase), phase is current)


@cache
def phase_cells(status: str, marks: SafeString | None, is_current: bool) -> SafeString:
    cells = {"badge": status_badge(status), "marks": marks, "is_current": is_current}
    return render_to_string("reviews/includes/phase_cells.html", cells)


def chosen_symbols(entry: Entry, phase: FormPhase) -> SafeString | None:
    """Show the chosen symbols; None for a phase that asks for none."""
    if not has_marks(phase):
        return None
    if not entry.readable:
        return NOT_READABLE
    if not entry.marks:
        return mark_cell("", False)
    shown = [
        mark_cell(mark.symbol, is_forcing(mark)) if mark else mark_cell("", False) for _, mark in entry.marks
    ]
    return mark_safe(" ".join(shown))


def has_marks(phase: FormPhase) -> bool:
    return any(question.kind == "mark" for question in phase.questions)


@cache
def status_badge(status: str) -> SafeString:
    label = "開始前" if status == "before_open" else Status(status).label
    return render_to_string("includes/status_badge.html", {"status": status, "label": label})


@cache
def mark_cell(symbol: str, forcing: bool) -> SafeString:
    return render_to_string("includes/mark.html", {"symbol": symbol, "forcing": forcing})


@cache
def late_flag(words: str) -> SafeString:
    return render_to_string("reviews/includes/late_flag.html", {"words": words})


def due_of(
    status: str,
    open_until: datetime.datetime | None,
    here: Year,
    current: FormPhase | None,
    now: datetime.datetime,
) -> dict[str, Any]:
    """Tell until when a sheet is to be submitted; a date of its own stands out, and so does a late one."""
    plan_phase = here.phases.get(current.key) if current else None
    review = Review(open_until=open_until)
    due = deadline(plan_phase, review)
    if due is None or status in (Status.APPROVED, Status.PUBLISHED):
        return {"words": NOBODY}
    to_submit = status in TO_SUBMIT
    own = plan_phase is None or due != plan_phase.due_at
    late = to_submit and now > due and here.plan.status != YearPlan.Status.DRAFT
    closed = to_submit and window(here.plan, plan_phase, review, now) == Window.CLOSED
    return {
        "words": short_date(due),
        "own": own,
        "left": time_left(now, due) if own and to_submit and not late else "",
        "flag": late_flag("受付終了" if closed else "期限後") if late else "",
    }


def due_words(here: Year, current: FormPhase | None) -> str:
    due = deadline(here.phases.get(current.key)) if current else None
    return wareki_moment(due) if due else ""


def due_left(here: Year, current: FormPhase | None, now: datetime.datetime) -> str:
    due = deadline(here.phases.get(current.key)) if current else None
    return time_left(now, due) if due and here.plan.status != YearPlan.Status.DRAFT else ""


def mark_legend(form: OfficialForm) -> dict[str, Any]:
    """Explain the symbols of the table, and which of them are framed."""
    marks: dict[str, dict[str, None]] = {}
    framed: dict[str, None] = {}
    for phase in form.phases:
        for question in phase.questions:
            for mark in question.marks:
                marks.setdefault(mark.symbol, {})[mark.label] = None
                asked = phase.question(mark.requires or mark.advises)
                if asked:
                    framed[asked.label] = None
    return {
        "marks": [f"{symbol}{'・'.join(labels)}" for symbol, labels in marks.items()],
        "framed": "・".join(framed),
    }
