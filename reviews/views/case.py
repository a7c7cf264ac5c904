"""Fetch what an address names, for somebody who may know of it."""

from __future__ import annotations

from django.http import Http404, HttpRequest

from initiatives.models import Initiative
from wardplan.accounts.models import User
from wardplan.fiscal_year import FiscalYear

from ..case import Case, open_case


def signed_in(request: HttpRequest) -> User:
    """Give the person of a request that `login_required` has let through."""
    assert isinstance(request.user, User)
    return request.user


def find_initiative(user: User, ward: str, year: FiscalYear, number: str) -> Initiative:
    """Find the sheet that an address names; 404 when it does not exist for this person."""
    found = (
        Initiative.objects.visible_to(user)
        .filter(plan__ward__slug=ward, plan__fiscal_year=year, number=number)
        .select_related("plan__ward", "plan__edition", "section", "continues__plan")
        .first()
    )
    if found is None:
        raise Http404
    return found


def find_case(user: User, ward: str, year: FiscalYear, number: str, phase: str) -> Case:
    """Find the review that an address names; 404 also for a phase that the edition lacks."""
    return open_case(find_initiative(user, ward, year, number), phase.replace("-", "_"), user)
