"""Fetch what an address names, for somebody who may know of it."""

from __future__ import annotations

from functools import cache

from django.db.models import QuerySet
from django.http import Http404, HttpRequest

from initiatives.models import Initiative
from initiatives.permissions import can_view_plan
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
    return _one(_sheets().select_related("section", "continues__plan"), user, ward, year, number)


@cache
def _sheets() -> QuerySet[Initiative]:
    """Describe the rows once: putting a query together takes as long as asking it."""
    return Initiative.objects.select_related("plan__edition")


def _one(sheets: QuerySet[Initiative], user: User, ward: str, year: FiscalYear, number: str) -> Initiative:
    """Find the one sheet that an address names; who may know of it is asked of the row that was found.

    Its ward is one of the person's own, which the roles hold already, or there is nothing to find.
    """
    own = next((row.ward for row in user.roles().memberships if row.ward.slug == ward), None)
    if own is None:
        raise Http404
    found = next(iter(sheets.filter(plan__ward=own, plan__fiscal_year=year, number=number).order_by()), None)
    if found is None or not can_view_plan(user, found.plan):
        raise Http404
    found.plan.ward = own
    return found


def find_case(user: User, ward: str, year: FiscalYear, number: str, phase: str) -> Case:
    """Find the review that an address names; 404 also for a phase that the edition lacks."""
    return case_of(_one(_sheets(), user, ward, year, number), phase.replace("-", "_"))


def find_whole_case(user: User, ward: str, year: FiscalYear, number: str, phase: str) -> Case:
    """Find the review that an address names with its whole sheet, for pages that show both: read once."""
    found = _one(with_everything(Initiative.objects.all()), user, ward, year, number)
    return case_of(found, phase.replace("-", "_"), whole=True)
