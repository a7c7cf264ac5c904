"""All marks of a year that differ from what the figures say, with their reasons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from initiatives.form import read_form
from initiatives.models import Initiative, YearPlan
from initiatives.refusals import NotAllowed
from wardplan.fiscal_year import FiscalYear

from .. import permissions
from ..evidence import ON_RECORD, Evidence, evidence_of, read_evidence_events
from ..models import Review
from .case import signed_in


@dataclass(frozen=True)
class DifferingSheet:
    """One sheet in one phase with a mark that differs from the proposal, or turns the phase before."""

    initiative: Initiative
    evidence: Evidence

    @property
    def marks(self) -> list[Mapping[str, Any]]:
        return self.evidence.differing


@never_cache
@require_safe
@login_required
def differences(request: HttpRequest, ward: str, year: FiscalYear) -> HttpResponse:
    user = signed_in(request)
    plan = (
        YearPlan.objects.visible_to(user)
        .filter(ward__slug=ward, fiscal_year=year)
        .select_related("ward", "edition")
        .first()
    )
    if plan is None:
        raise Http404
    if not permissions.can_see_differences(user, plan):
        raise NotAllowed("判定と異なる評価の一覧を見られるのは、課長(承認者)と取りまとめ担当です。")
    found = read_differences(plan)
    context = {
        "plan": plan,
        "differing": [one for one in found if one.marks],
        "turned": [one for one in found if one.evidence.turns],
    }
    return render(request, "reviews/differences.html", context)


def read_differences(plan: YearPlan) -> list[DifferingSheet]:
    """Read what is on record for every submitted review of the plan, with a constant number of queries."""
    form = read_form(plan.edition)
    reviews = (
        Review.objects.filter(initiative__plan=plan, status__in=ON_RECORD)
        .select_related("initiative__section")
        .order_by("initiative__position", "initiative__number")
        .defer("answers")
    )
    found = list(reviews)
    events = read_evidence_events(review.initiative for review in found)
    order = {phase.key: place for place, phase in enumerate(form.phases)}
    sheets = []
    for review in sorted(found, key=lambda one: (one.initiative.position, order.get(one.phase, 0))):
        phase = form.by_phase.get(review.phase)
        told = events.get((review.initiative_id, review.phase), [])
        evidence = evidence_of(phase, review.status, told) if phase else None
        if evidence and (evidence.differing or evidence.turns):
            sheets.append(DifferingSheet(review.initiative, evidence))
    return sheets
