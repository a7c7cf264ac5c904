"""This desk: one page for everybody who is new in a section."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from initiatives.form import read_form
from initiatives.models import YearPlan
from initiatives.refusals import NotAllowed
from wardplan.accounts.models import Section, User
from wardplan.fiscal_year import FiscalYear

from .. import permissions
from ..desk import own_desks, read_desk, read_initiatives, sections_after, sections_before, year_of_desk
from .case import signed_in

REFUSED = "この席の仕事を見られるのは、担当課の職員と取りまとめ担当です。"


@never_cache
@require_safe
@login_required
def section_desk(request: HttpRequest, ward: str, section: int) -> HttpResponse:
    """Lead from the head of every page to the desk of the year that runs; without a plan say what comes."""
    user = signed_in(request)
    found = _find_section(user, ward, section)
    year = year_of_desk(found, user, FiscalYear.today())
    if year is None and not permissions.can_see_desk(user, found):
        raise Http404
    if year is None:
        return render(
            request,
            "reviews/desk_without_plan.html",
            {"title": f"この席の仕事 {found.name}", "section": found},
        )
    return redirect("reviews:desk", ward, year, section)


@never_cache
@require_safe
@login_required
def desk(request: HttpRequest, ward: str, year: FiscalYear, section: int) -> HttpResponse:
    user, now = signed_in(request), timezone.now()
    found = _find_section(user, ward, section)
    plans = YearPlan.objects.visible_to(user).filter(ward=found.ward_id, fiscal_year=year)
    plan = plans.select_related("ward", "edition").first()
    if plan is None:
        raise Http404
    initiatives = read_initiatives(plan, found, user)
    if not initiatives and not permissions.can_see_desk(user, found):
        raise NotAllowed(REFUSED)
    form = read_form(plan.edition)
    sheets = read_desk(initiatives, form, user, now)
    context: dict[str, Any] = {
        "title": f"この席の仕事 {found.name}",
        "plan": plan,
        "section": found,
        "item": form.label("item"),
        "phases": form.phases,
        "sheets": sheets,
        "years": [*sections_after(initiatives, user), *sections_before(sheets, found)],
        "others": [one for one in own_desks(user) if one.section_id != found.pk],
        "taken_over": not permissions.can_see_desk(user, found),
        "may_write_notes": found.pk in user.roles().sections and plan.status != YearPlan.Status.DRAFT,
        "texts_open": request.GET.get("texts") == "open",
        "now": now,
    }
    return render(request, "reviews/desk.html", context)


def _find_section(user: User, ward: str, pk: int) -> Section:
    wanted = Section.objects.select_related("ward").filter(ward__slug=ward, ward__in=user.roles().wards)
    found = wanted.filter(pk=pk).first() if pk < 2**63 else None
    if found is None:
        raise Http404
    return found
