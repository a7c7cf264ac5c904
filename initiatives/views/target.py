"""The dated step that puts a number to a relative target, once its base year's figure is known."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from wardplan.accounts.models import User
from wardplan.fiscal_year import FiscalYear
from wardplan.numbers import format_number, with_unit

from .. import permissions, workflow
from ..forms import ResolutionForm
from ..judgement import change_caution, facts_of
from ..models import Initiative, Measurement, Target, TargetResolution
from ..proposal import Proposal, propose
from ..refusal_pages import note
from ..refusals import ChangedMeanwhile, NotAllowed


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def resolve(request: HttpRequest, ward: str, year: FiscalYear, number: str, key: str) -> HttpResponse:
    assert isinstance(request.user, User)
    user = request.user
    target, alike = _find(user, ward, year, number, key)
    initiative = target.initiative
    if not permissions.can_resolve(user, initiative):
        raise NotAllowed("目標値は、担当課と取りまとめ担当が確定します。")
    base = _base_value(target)
    proposal = propose(target, base) if base is not None else None
    unit = target.indicator.unit
    if request.method == "POST":
        form = ResolutionForm(unit, request.POST)
        if form.is_valid() and base is not None and _resolve(request, form, alike):
            messages.success(
                request, f"目標値を{with_unit(Decimal(form.cleaned_data['value']), unit)}に確定しました。"
            )
            return redirect("reviews:sheet", ward, year, number)
    else:
        form = ResolutionForm(unit, initial={"value": _first_value(proposal)})
    context = {
        "title": "目標値の確定",
        "ward": initiative.plan.ward,
        "year": year,
        "initiative": initiative,
        "target": target,
        "places": "、".join(one.get_scope_display() for one in alike) if len(alike) > 1 else "",
        "base": with_unit(base, unit) if base is not None else "",
        "base_value": format_number(base) if base is not None else "",
        "proposal": proposal,
        "caution": change_caution(facts_of(target)),
        "form": form,
        "earlier": _earlier(target),
    }
    return render(request, "initiatives/resolution_form.html", context)


def _find(user: User, ward: str, year: FiscalYear, number: str, key: str) -> tuple[Target, list[Target]]:
    """Find a relative target, and with it those of its sheet that promise the same in another place.

    The form prints one promise in 方針 and in 当年度; asking twice for its number would be one time too many.
    """
    targets = list(
        Target.objects.with_facts()
        .filter(
            initiative__in=Initiative.objects.visible_to(user).filter(
                plan__ward__slug=ward, plan__fiscal_year=year, number=number
            ),
            kind=Target.Kind.RELATIVE,
            base_fiscal_year__isnull=False,
        )
        .select_related("indicator", "initiative__plan__ward", "initiative__plan__edition")
        .order_by("-scope", "position", "pk")
    )
    asked = next((target for target in targets if target.key == key), None)
    if asked is None:
        raise Http404
    return asked, [target for target in targets if same_promise(target, asked)]


def same_promise(one: Target, other: Target) -> bool:
    """Tell whether two relative targets of a sheet ask for one number."""
    names = (
        "indicator_id",
        "fiscal_year",
        "base_fiscal_year",
        "change",
        "change_unit",
        "comparator",
    )
    return all(getattr(one, name) == getattr(other, name) for name in names)


def _base_value(target: Target) -> Decimal | None:
    return (
        Measurement.objects.current()
        .filter(
            indicator=target.indicator_id,
            ward=target.initiative.plan.ward_id,
            fiscal_year=target.base_fiscal_year,
        )
        .values_list("value", flat=True)
        .first()
    )


def _first_value(proposal: Proposal | None) -> str:
    return format_number(proposal.value) if proposal else ""


def _resolve(request: HttpRequest, form: ResolutionForm, targets: list[Target]) -> bool:
    """Put the number to each of the targets. Tells whether it was done, or what the form has to say."""
    assert isinstance(request.user, User)
    seen = form.base
    if seen is None:
        form.add_error("value", "基準年度の実績を確かめて、もう一度確定してください。")
        return False
    try:
        for target in targets:
            workflow.resolve(
                target,
                by=request.user,
                at=timezone.now(),
                value=Decimal(form.cleaned_data["value"]),
                base_value=seen,
            )
    except ChangedMeanwhile as changed:
        note(request, changed)
        form.add_error("value", f"{changed.sentence}目標値を直すか、そのまま確定し直してください。")
        return False
    return True


def _earlier(target: Target) -> list[dict[str, Any]]:
    """List the numbers that the target had so far, newest first."""
    unit = target.indicator.unit
    found = TargetResolution.objects.filter(target=target).select_related("by").order_by("-at", "-pk")
    return [
        {
            "value": with_unit(one.value, unit),
            "base": with_unit(one.base_value, unit),
            "by": one.by.name,
            "at": one.at,
        }
        for one in found
    ]
