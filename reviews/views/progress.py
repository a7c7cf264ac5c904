"""進行管理: where the whole ward stands, and what the admin does about it."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from initiatives import workflow as plan_workflow
from initiatives.form import FormPhase, OfficialForm, read_form
from initiatives.forms import DecisionRecordForm, FormWithLinks, WindowForm
from initiatives.models import Event, Initiative, PlanPhase, YearPlan
from initiatives.permissions import can_administer
from initiatives.refusal_pages import note
from initiatives.refusals import Incomplete, NotAllowed
from initiatives.views.posted import as_version, posted_version
from wardplan.accounts.models import User, Ward
from wardplan.era import wareki_moment, wareki_with_weekday
from wardplan.fiscal_year import FiscalYear
from wardplan.working_days import time_left

from .. import workflow
from ..models import Review
from ..overview import (
    COUNTED,
    LATE,
    Cell,
    Overview,
    SectionRow,
    Standing,
    build_overview,
    read_standings,
)
from ..progress import TO_SUBMIT, Year, current_phase, read_years
from ..windows import Window
from .case import signed_in

Status = Review.Status
# Columns that stand for every phase, empty or not; the phase that counts now shows all.
ALWAYS = (Status.PUBLISHED, LATE)
TITLE_BESIDE = 10
LEGEND = (
    (Status.APPROVED, "承認・公表"),
    (Status.SUBMITTED, "課長承認待ち"),
    (Status.DRAFT, "作成中"),
    (Status.RETURNED, "差戻し"),
    (Status.NOT_STARTED, "未入力"),
)


@dataclass(frozen=True)
class PhaseColumns:
    """A phase's part of the table: which statuses have a column."""

    phase: FormPhase
    words: tuple[str, ...]
    """Where its window stands, in pieces between which a line may break."""
    columns: list[tuple[str, str]]
    is_current: bool

    @property
    def width(self) -> int:
        return len(self.columns) + (2 if self.is_current else 0)


@never_cache
@require_safe
@login_required
def ward_progress(request: HttpRequest, ward: str) -> HttpResponse:
    """Lead to the year that is worked on: the oldest with a phase open, else this fiscal year's.

    An admin of a ward without any plan is led to where the first one comes in.
    """
    now = timezone.now()
    years = read_years(signed_in(request), ward__slug=ward)
    if not years:
        if not Ward.objects.filter(pk__in=signed_in(request).roles().admin_of, slug=ward).exists():
            raise Http404
        messages.info(request, "計画は、まだありません。ここから取り込めます。")
        return redirect("initiatives:plan_import", ward, FiscalYear.of(now))
    running = next((year for year in years if year.is_running(now)), None)
    this_year = next((year for year in years if year.plan.fiscal_year == FiscalYear.of(now)), years[-1])
    return redirect("reviews:progress", ward, (running or this_year).plan.fiscal_year)


@never_cache
@require_safe
@login_required
def progress(request: HttpRequest, ward: str, year: FiscalYear) -> HttpResponse:
    return _page(request, *_find(request, ward, year))


def _find(request: HttpRequest, ward: str, year: FiscalYear) -> tuple[Year, list[Year]]:
    """Find the plan, for its admin: 404 for who may not know of it, 403 for the others."""
    user = signed_in(request)
    years = read_years(user, ward__slug=ward)
    here = next((found for found in years if found.plan.fiscal_year == year), None)
    if here is None:
        raise Http404
    if not can_administer(user, here.plan.ward_id):
        raise NotAllowed("進行管理を見られるのは、取りまとめ担当です。")
    return here, years


def _page(
    request: HttpRequest, here: Year, years: list[Year], *, wrong: FormWithLinks | None = None
) -> HttpResponse:
    """Show the page; `wrong` is a form that was refused, which stands open again."""
    now = timezone.now()
    form = read_form(here.plan.edition)
    found = build_overview(here, form, read_standings(here, form), now)
    current = current_phase(here, form, now)
    columns = [_columns(phase, here, found.total, current, now) for phase in form.phases]
    context = {
        "title": "進行管理",
        "plan": here.plan,
        "years": [other.plan for other in years],
        "now": now,
        "columns": columns,
        "current": current,
        "rows": [_row(row, columns, here, now) for row in found.rows],
        "total": _row(found.total, columns, here, now),
        "legend": LEGEND,
        "publishable": _publishable(form, found, here),
        "phases": [_phase_box(phase, here, now, wrong) for phase in form.phases],
        "wrong": wrong,
        "stranded": [_stranded(one, form, here) for one in found.standings if _is_stranded(one, here, now)],
        "is_public": here.plan.status == YearPlan.Status.PUBLISHED
        or any(one.status == Status.PUBLISHED for one in found.standings),
    }
    return render(request, "reviews/progress.html", context)


# ---- the table -------------------------------------------------------------------------------------------


def _columns(
    phase: FormPhase, here: Year, total: SectionRow, current: FormPhase | None, now: datetime.datetime
) -> PhaseColumns:
    """Spread the phase that counts now into every status; of the others what is not zero everywhere."""
    counts = total.cells[phase.key].counts
    columns = [
        (status, label)
        for status, label in (*COUNTED, (LATE, "期限後"))
        if phase is current or status in ALWAYS or counts.get(status)
    ]
    words = _window_words(here, phase, now, brief=phase is not current)
    return PhaseColumns(phase, words, columns, phase is current)


def _window_words(here: Year, phase: FormPhase, now: datetime.datetime, *, brief: bool) -> tuple[str, ...]:
    row = here.phases.get(phase.key)
    found = here.window(phase.key, now)
    if row is None or found == Window.BEFORE_OPEN:
        return ("開始前", f"{wareki_moment(row.opens_at)}から") if row and row.opens_at else ("開始前",)
    if found == Window.CLOSED:
        return ("受付終了", wareki_with_weekday(row.closes_at)) if row.closes_at else ("受付終了",)
    if row.due_at is None:
        return ("受付中",)
    words = ("受付中", "提出期限", wareki_moment(row.due_at))
    return words if brief else (*words, time_left(now, row.due_at))


def _row(row: SectionRow, columns: list[PhaseColumns], here: Year, now: datetime.datetime) -> dict[str, Any]:
    return {
        "name": row.name,
        "phases": [
            {
                "phase": own.phase.label,
                "numbers": [_number(row, own.phase, status, label, here) for status, label in own.columns],
                "bar": row.bar(own.phase.key) if own.is_current else None,
                "waiting": _waiting(row.cells[own.phase.key], here),
                "is_current": own.is_current,
            }
            for own in columns
        ],
    }


def _number(row: SectionRow, phase: FormPhase, status: str, label: str, here: Year) -> dict[str, Any]:
    wanted = {"phase": phase.key, "status": status}
    if not row.is_total:
        wanted["section"] = str(row.section or 0)
    return {
        "label": label,
        "count": row.cells[phase.key].counts.get(status, 0),
        "url": f"{_year_url(here)}?{urlencode(wanted)}",
        "late": status == LATE,
    }


def _waiting(cell: Cell, here: Year) -> dict[str, Any] | None:
    if cell.waiting is None:
        return None
    one = cell.waiting.standing
    short = one.title if len(one.title) <= TITLE_BESIDE else f"{one.title[:TITLE_BESIDE]}…"
    return {
        "holder": one.holder,
        "days": cell.waiting.days,
        "number": one.number,
        "title": one.title,
        "short": short,
        "worst": cell.waiting.worst,
        "url": _sheet_url(here, one),
    }


def _year_url(here: Year) -> str:
    return reverse("reviews:year", args=[here.plan.ward.slug, here.plan.fiscal_year])


def _sheet_url(here: Year, one: Standing) -> str:
    return reverse("reviews:sheet", args=[here.plan.ward.slug, here.plan.fiscal_year, one.number])


# ---- the boxes -------------------------------------------------------------------------------------------


def _publishable(form: OfficialForm, found: Overview, here: Year) -> list[dict[str, Any]]:
    """List the phases with something to publish, each with the sheets and versions that are approved."""
    boxes = []
    for phase in form.phases:
        approved = [one for one in found.standings if (one.phase, one.status) == (phase.key, Status.APPROVED)]
        if approved:
            wanted = urlencode({"phase": phase.key, "status": Status.APPROVED})
            boxes.append({"phase": phase, "sheets": approved, "url": f"{_year_url(here)}?{wanted}"})
    return boxes


def _phase_box(
    phase: FormPhase, here: Year, now: datetime.datetime, wrong: FormWithLinks | None
) -> dict[str, Any]:
    row = here.phases.get(phase.key)
    if row is None:
        return {"phase": phase, "row": None}
    words = {
        Window.BEFORE_OPEN: "開始前",
        Window.OPEN: "受付中",
        Window.OVERDUE: "受付中(期限後)",
        Window.CLOSED: "受付終了",
    }
    standing = words[here.window(phase.key, now)]
    forms: dict[str, FormWithLinks] = {
        "window_form": WindowForm(row),
        "decision_form": DecisionRecordForm(row),
    }
    opened = ""
    for name, one in forms.items():
        if isinstance(wrong, type(one)) and wrong.row.phase == row.phase:  # type: ignore[attr-defined]
            forms[name], opened = wrong, name
    return {
        "phase": phase,
        "row": row,
        "words": standing,
        "stage": standing if row.stage == PlanPhase.Stage.COLLECTING else row.get_stage_display(),
        "opened": opened,
        **forms,
    }


def _is_stranded(one: Standing, here: Year, now: datetime.datetime) -> bool:
    return one.status in TO_SUBMIT and one.window(here, now) == Window.CLOSED


def _stranded(one: Standing, form: OfficialForm, here: Year) -> dict[str, Any]:
    return {
        "standing": one,
        "phase": form.by_phase[one.phase],
        "label": Status(one.status).label,
        "url": _sheet_url(here, one),
    }


# ---- the acts --------------------------------------------------------------------------------------------


@never_cache
@require_POST
@login_required
def window(request: HttpRequest, ward: str, year: FiscalYear) -> HttpResponse:
    return _change(
        request,
        ward,
        year,
        WindowForm,
        plan_workflow.set_window,
        "受付期間を変えました。担当課の「やること」にも、この期限が出ます。",
    )


@never_cache
@require_POST
@login_required
def decision(request: HttpRequest, ward: str, year: FiscalYear) -> HttpResponse:
    return _change(
        request, ward, year, DecisionRecordForm, plan_workflow.record_decision, "決裁の記録を残しました。"
    )


def _change(
    request: HttpRequest,
    ward: str,
    year: FiscalYear,
    form_class: type[WindowForm] | type[DecisionRecordForm],
    verb: Callable[..., Event],
    done: str,
) -> HttpResponse:
    """Change one phase: the form says what is wrong beside its fields, the verb decides."""
    here, years = _find(request, ward, year)
    row = here.phases.get(request.POST.get("phase", ""))
    if row is None:
        raise Http404
    form = form_class(row, request.POST)
    if form.is_valid():
        try:
            verb(
                here.plan,
                row.phase,
                by=signed_in(request),
                at=timezone.now(),
                version=posted_version(request),
                **form.values,
            )
        except Incomplete as incomplete:
            note(request, incomplete)
            for name, sentence in incomplete.problems.items():
                form.add_error(name, sentence)
        else:
            messages.success(request, done)
            return redirect("reviews:progress", ward, year)
    return _page(request, here, years, wrong=form)


@never_cache
@require_POST
@login_required
def publish_approved(request: HttpRequest, ward: str, year: FiscalYear) -> HttpResponse:
    """Publish the approved sheets of a phase that were on the screen, at the versions that were seen."""
    user = signed_in(request)
    here, _ = _find(request, ward, year)
    phase = request.POST.get("phase", "")
    chosen = _chosen(request, user, here)
    published, refused = workflow.publish_together(chosen, phase, by=user, at=timezone.now())
    if published:
        messages.success(request, f"{len(published)}件を公表しました。")
    for initiative, refusal in refused:
        note(request, refusal)
        messages.warning(
            request,
            f"{initiative.plan.edition.item}{initiative.number} {initiative.title}は公表しませんでした。"
            f"{refusal.sentence}",
        )
    if not chosen:
        messages.info(request, "公表できるシートがありません。")
    return redirect("reviews:progress", ward, year)


def _chosen(request: HttpRequest, user: User, here: Year) -> list[tuple[Initiative, int | None]]:
    """Find the sheets that the form names as number:version; 404 when one is not this plan's."""
    versions = {}
    for sent in request.POST.getlist("sheet"):
        number, _, version = sent.partition(":")
        versions[number] = as_version(version)
    sheets = Initiative.objects.visible_to(user).filter(plan=here.plan, number__in=versions)
    found = list(sheets.order_by("position", "number"))
    if len(found) != len(versions):
        raise Http404
    return [(initiative, versions[initiative.number]) for initiative in found]
