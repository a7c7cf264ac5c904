"""The plan's own verbs as buttons: fetch, one verb, message, back to the list."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from wardplan.accounts.models import User
from wardplan.fiscal_year import FiscalYear

from .. import workflow
from ..models import Event, YearPlan
from ..refusal_pages import note
from ..refusals import Incomplete
from .posted import posted_version

MOST_NAMED = 3


@require_POST
@login_required
def plan_confirm(request: HttpRequest, ward: str, year: FiscalYear) -> HttpResponse:
    return _act(request, ward, year, workflow.confirm, _confirmed)


@require_POST
@login_required
def plan_publish(request: HttpRequest, ward: str, year: FiscalYear) -> HttpResponse:
    return _act(request, ward, year, workflow.publish, lambda plan: "計画を公表しました。")


def _confirmed(plan: YearPlan) -> str:
    if plan.phases.filter(opens_at__isnull=False).exists():
        return "計画を確定しました。受付期間になると、担当課が書けます。"
    return "計画を確定しました。受付期間がまだ決まっていません。「進行管理」で決めると、担当課が書けます。"


def _what_lacks(problems: dict[str, str]) -> str:
    """Say in one message what a plan still lacks: thirty sheets without a section are no thirty boxes."""
    sentences = list(problems.values())
    more = f"ほかに{len(sentences) - MOST_NAMED}件あります。" if len(sentences) > MOST_NAMED else ""
    where = "「担当課をまとめて変える」で決められます。" if any(map(_names_sheet, problems)) else ""
    return "".join([*sentences[:MOST_NAMED], more, where])


def _names_sheet(problem: str) -> bool:
    return problem.startswith("initiative_")


def _act(
    request: HttpRequest,
    ward: str,
    year: FiscalYear,
    verb: Callable[..., Event],
    done: Callable[[YearPlan], str],
) -> HttpResponse:
    assert isinstance(request.user, User)
    plan = YearPlan.objects.visible_to(request.user).filter(ward__slug=ward, fiscal_year=year).first()
    if plan is None:
        raise Http404
    try:
        verb(plan, by=request.user, at=timezone.now(), version=posted_version(request))
    except Incomplete as incomplete:
        note(request, incomplete)
        messages.error(request, _what_lacks(incomplete.problems))
    else:
        messages.success(request, done(plan))
    return redirect("reviews:year", ward, year)
