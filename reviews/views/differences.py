"""What has to be looked at in a year's figures: marks that differ from them, figures that do not agree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from initiatives.form import OfficialForm, read_form
from initiatives.models import Initiative, YearPlan
from initiatives.permissions import can_administer
from initiatives.refusals import NotAllowed
from wardplan.fiscal_year import FiscalYear

from .. import permissions
from ..evidence import ON_RECORD, Evidence, evidence_of, read_evidence_events
from ..figures import FiguresToCheck, read_contradictions, read_ward_figures
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
    form = read_form(plan.edition)
    found = read_differences(plan, form)
    administers = can_administer(user, plan.ward_id)
    context = {
        "plan": plan,
        "item": form.label("item"),
        "contradictions": read_contradictions(plan, form, user),
        "figures": read_ward_figures(plan, FiscalYear.today()) if administers else FiguresToCheck(),
        "differing": [one for one in found if one.marks],
        "turned": [one for one in found if one.evidence.turns],
    }
    return render(request, "reviews/differences.html", context)


def read_differences(plan: YearPlan, form: OfficialForm) -> list[DifferingSheet]:
    """Read what is on record for every submitted review of the plan, with a constant number of queries."""
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
