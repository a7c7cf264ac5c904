"""Fetch what an address names, for somebody who may know of it."""

from __future__ import annotations

from django.db.models import QuerySet
from django.http import Http404, HttpRequest

from initiatives.models import Initiative
from wardplan.accounts.models import User
from wardplan.fiscal_year import FiscalYear

from ..case import Case, case_of
from ..sheet import with_everything


def signed_in(request: HttpRequest) -> User:
    """Give the person of a request that `login_required` has let through."""
    assert isinstance(request.user, User)
    return request.user


def find_initiative(user: User, ward: str, year: FiscalYear, number: str) -> Initiative:
    """Find the sheet that an address names; 404 when it does not exist for this person."""
    found = (
        _named(user, ward, year, number)
        .select_related("plan__ward", "plan__edition", "section", "continues__plan")
        .order_by("pk")
        .first()
    )
    if found is None:
        raise Http404
    return found


def _named(user: User, ward: str, year: FiscalYear, number: str) -> QuerySet[Initiative]:
    return Initiative.objects.visible_to(user).filter(
        plan__ward__slug=ward, plan__fiscal_year=year, number=number
    )


def find_case(user: User, ward: str, year: FiscalYear, number: str, phase: str) -> Case:
    """Find the review that an address names; 404 also for a phase that the edition lacks."""
    found = _named(user, ward, year, number).select_related("plan__ward", "plan__edition", "section")
    initiative = found.order_by("pk").first()
    if initiative is None:
        raise Http404
    return case_of(initiative, phase.replace("-", "_"))


def find_whole_case(user: User, ward: str, year: FiscalYear, number: str, phase: str) -> Case:
    """Find the review that an address names with its whole sheet, for pages that show both: read once."""
    found = with_everything(_named(user, ward, year, number)).order_by("pk").first()
    if found is None:
        raise Http404
    return case_of(found, phase.replace("-", "_"), whole=True)
