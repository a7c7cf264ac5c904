"""What citizens see, without logging in: the published revisions of a year's sheets and of one sheet.

Rendered without the request, so that no page depends on who asks and each can be kept by a cache.
"""

from __future__ import annotations

import json
from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.views.decorators.cache import cache_control
from django.views.decorators.http import conditional_page, require_safe

from initiatives.form import OfficialForm, read_form
from initiatives.models import FormEdition, PublishedSheet
from wardplan.fiscal_year import FiscalYear

from ..public_sheet import read_public, read_revisions

PLACES = ("purpose", "overview", "activities", "targets", "policy", "annual")

# A browser asks each time, so that who has just published sees it; the digest of the page saves sending it
# again. A proxy answers for a minute.
for_citizens = cache_control(public=True, max_age=0, s_maxage=60)


@require_safe
@for_citizens
def ward(request: HttpRequest, ward: str) -> HttpResponse:
    """Lead to the newest year: an address that the office can print, and that stays."""
    newest = _years(ward).first()
    if newest is None:
        raise Http404
    return redirect("public:year", ward, newest)


@require_safe
@conditional_page
@for_citizens
def year(request: HttpRequest, ward: str, year: FiscalYear) -> HttpResponse:
    newest = PublishedSheet.objects.filter(initiative=OuterRef("initiative")).order_by("-revision")
    rows = list(
        _published(ward, year)
        .filter(revision=Subquery(newest.values("revision")[:1]))
        .order_by("initiative__position", "initiative__number")
    )
    if not rows:
        raise Http404
    form = _form_of(rows[0])
    sheets = [read_public(row, form) for row in rows]
    context = {
        "title": f"{year} 取組と評価",
        "ward": rows[0].initiative.plan.ward,
        "fiscal_year": year,
        "years": _years(ward),
        "form": form,
        "item": form.label("item"),
        "phases": [
            phase for phase in form.phases if any(phase in [p.phase for p in s.phases] for s in sheets)
        ],
        "sheets": sheets,
    }
    return _page("public/year.html", context)


@require_safe
@conditional_page
@for_citizens
def sheet(request: HttpRequest, ward: str, year: FiscalYear, number: str) -> HttpResponse:
    rows = list(_published(ward, year).filter(initiative__number=number).order_by("revision"))
    if not rows:
        raise Http404
    row = _revision(rows, request.GET.get("revision"))
    form = _form_of(row)
    found = read_public(row, form)
    context = {
        "title": f"{year} {form.label('item')}{found.number} {found.title}",
        "ward": row.initiative.plan.ward,
        "fiscal_year": year,
        "form": form,
        "item": form.label("item"),
        "labels": {place: form.label(f"plan.{place}") for place in PLACES},
        "sheet": found,
        "newest": rows[-1].revision,
        "revisions": read_revisions(rows, form),
    }
    return _page("public/sheet.html", context)


def _years(ward: str) -> QuerySet[PublishedSheet, int]:
    """List the years of which something is public, the newest first."""
    return (
        PublishedSheet.objects.filter(initiative__plan__ward__slug=ward)
        .order_by("-initiative__plan__fiscal_year")
        .values_list("initiative__plan__fiscal_year", flat=True)
        .distinct()
    )


def _published(ward: str, year: FiscalYear) -> QuerySet[PublishedSheet]:
    return PublishedSheet.objects.filter(
        initiative__plan__ward__slug=ward, initiative__plan__fiscal_year=year
    ).select_related("initiative__plan__ward")


def _revision(rows: list[PublishedSheet], wanted: str | None) -> PublishedSheet:
    """Choose the revision that the address asks for, else the newest; what is no revision does not exist."""
    if wanted is None:
        return rows[-1]
    found = next((row for row in rows if str(row.revision) == wanted), None)
    if found is None:
        raise Http404
    return found


def _form_of(row: PublishedSheet) -> OfficialForm:
    """Read the form of the edition that the content names."""
    return read_form(FormEdition.objects.get_by_natural_key(json.loads(row.content)["edition"]))


def _page(template: str, context: dict[str, Any]) -> HttpResponse:
    return HttpResponse(render_to_string(template, context))
