"""What the marks of a sheet rest on, as a page of its own: the answer to who asks for the documents."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from initiatives.form import read_form
from initiatives.models import Initiative, PlanPhase, Target
from wardplan.accounts.models import User
from wardplan.fiscal_year import FiscalYear

from ..basis import has_basis
from ..case import Case
from ..evidence import Evidence, evidence_of, read_evidence, read_evidence_events
from ..sheet import PhaseBlock, Sheet, read_sheet, with_everything
from .case import signed_in


@dataclass(frozen=True)
class Part:
    """One phase's part of the page: what the reader may know of it."""

    block: PhaseBlock
    plan_phase: PlanPhase | None
    evidence: Evidence | None


@never_cache
@require_safe
@login_required
def basis(request: HttpRequest, ward: str, year: FiscalYear, number: str) -> HttpResponse:
    user = signed_in(request)
    found = (
        with_everything(Initiative.objects.visible_to(user))
        .filter(plan__ward__slug=ward, plan__fiscal_year=year, number=number)
        .first()
    )
    if found is None:
        raise Http404
    sheet = read_sheet(found, read_form(found.plan.edition), user)
    context = {"sheet": sheet, "parts": read_parts(sheet, user), "now": timezone.now()}
    return render(request, "reviews/basis.html", context)


def read_parts(sheet: Sheet, user: User) -> list[Part]:
    """Read each phase that has a basis: on record once it is submitted, before that as it would be now."""
    phases = {phase.phase: phase for phase in PlanPhase.objects.filter(plan=sheet.initiative.plan)}
    events = read_evidence_events([sheet.initiative])
    parts = []
    for block in sheet.blocks:
        if not has_basis(block.phase):
            continue
        plan_phase = phases.get(block.phase.key)
        told = events.get((sheet.initiative.pk, block.phase.key), [])
        evidence = evidence_of(block.phase, block.status, told) if block.readable else None
        if evidence is None and block.readable and block.review is not None:
            evidence = evidence_now(sheet, block, plan_phase)
        parts.append(Part(block, plan_phase, evidence))
    return parts


def evidence_now(sheet: Sheet, block: PhaseBlock, plan_phase: PlanPhase | None) -> Evidence:
    """Find what the marks would rest on if the sheet were submitted as it stands."""
    assert block.review is not None
    case = Case(sheet.initiative, plan_phase, sheet.form, block.phase, block.review)
    annual = [target for target in sheet.initiative.targets.all() if target.scope == Target.Scope.ANNUAL]
    case.targets = annual
    content = case.basis(block.review.answers).content()
    return read_evidence(block.phase, block.status, content, on_record=False)
