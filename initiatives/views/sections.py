"""Sections of a whole plan at once (機構改革): choose, look at what would change, then do it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from wardplan.accounts.models import Section, User
from wardplan.fiscal_year import FiscalYear

from .. import permissions, workflow
from ..models import Initiative, YearPlan
from ..refusals import ChangedMeanwhile, NotAllowed
from .posted import posted_version


@dataclass(frozen=True)
class Change:
    """A sheet that gets another section."""

    initiative: Initiative
    section: Section


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def plan_sections(request: HttpRequest, ward: str, year: FiscalYear) -> HttpResponse:
    assert isinstance(request.user, User)
    plan = _find(request.user, ward, year)
    if not permissions.can_confirm(request.user, plan):
        raise NotAllowed("担当課は、取りまとめ担当が変えます。")
    initiatives = list(plan.initiatives.select_related("section").order_by("position", "number"))
    offered = {str(row.pk): row for row in plan.ward.sections.standing(timezone.localdate())}
    changes = chosen_changes(request.POST, initiatives, offered)
    if request.method == "POST" and changes and "apply" in request.POST:
        _apply(request, plan, changes)
        messages.success(request, f"{len(changes)}件の担当課を変えました。")
        return redirect("reviews:year", ward, year)
    if request.method == "POST" and not changes:
        messages.info(request, "変わる担当課はありません。新しい担当課を選んでください。")
    chosen = {change.initiative.pk: change.section.pk for change in changes}
    context = {
        "plan": plan,
        "offered": list(offered.values()),
        "in_use": _in_use(initiatives),
        "changes": changes,
        "rows": [
            {
                "initiative": row,
                "field": field_of(row),
                "chosen": chosen.get(row.pk, row.section_id),
                "ended": row.section is not None and str(row.section_id) not in offered,
            }
            for row in initiatives
        ],
    }
    return render(request, "initiatives/plan_sections.html", context)


def field_of(initiative: Initiative) -> str:
    return f"section_{initiative.number}"


def chosen_changes(
    posted: Mapping[str, str], initiatives: list[Initiative], offered: Mapping[str, Section]
) -> list[Change]:
    """Read which sheets get which section: a sheet's own choice counts before "A課 → B課".

    What is not offered (another ward's, an ended section) is no choice.
    """
    moved, to = posted.get("from", ""), offered.get(posted.get("to", ""))
    changes = []
    for initiative in initiatives:
        section = offered.get(posted.get(field_of(initiative), ""))
        if (section is None or section.pk == initiative.section_id) and to and moved == _key(initiative):
            section = to
        if section is not None and section.pk != initiative.section_id:
            changes.append(Change(initiative, section))
    return changes


def _key(initiative: Initiative) -> str:
    return str(initiative.section_id or "none")


def _in_use(initiatives: list[Initiative]) -> list[tuple[str, str, int]]:
    """List the sections that sheets have now, ended ones too, with the number of their sheets."""
    found: dict[str, tuple[str, int]] = {}
    for row in initiatives:
        name = row.section.name if row.section else "未定"
        found[_key(row)] = (name, found.get(_key(row), (name, 0))[1] + 1)
    return [(key, name, count) for key, (name, count) in found.items()]


@transaction.atomic
def _apply(request: HttpRequest, plan: YearPlan, changes: list[Change]) -> None:
    assert isinstance(request.user, User)
    standing = YearPlan.objects.select_for_update(no_key=True).get(pk=plan.pk)
    if posted_version(request) != standing.version:
        raise ChangedMeanwhile("他の方が先に計画を変更しました。いまの担当課を確かめてください。")
    at = timezone.now()
    for change in changes:
        workflow.assign_section(change.initiative, by=request.user, at=at, section=change.section)


def _find(user: User, ward: str, year: FiscalYear) -> YearPlan:
    plan = (
        YearPlan.objects.visible_to(user)
        .filter(ward__slug=ward, fiscal_year=year)
        .select_related("ward")
        .first()
    )
    if plan is None:
        raise Http404
    return plan
