"""Take sheets out as Excel: choose what, and download it."""

from __future__ import annotations

import tempfile
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.db.models import Count
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from initiatives.models import YearPlan
from initiatives.permissions import can_export_wards
from initiatives.refusals import NotAllowed
from wardplan.accounts.models import User
from wardplan.fiscal_year import FiscalYear

from ..export_form import WARDS, YEAR, ExportForm
from ..exporting import Export, write_export, write_wards
from ..workbook.file_names import FileName, section_filename, wards_filename, workbook_filename
from ..workbook.writer import XLSX
from .case import signed_in

TOKEN_COOKIE = "export"
TOKEN_SECONDS = 120
# What a download holds in memory before it goes to a temporary file.
MOST_IN_MEMORY = 16 * 1024 * 1024


@never_cache
@require_safe
@login_required
def export(request: HttpRequest, ward: str, year: FiscalYear) -> HttpResponse:
    user = signed_in(request)
    plan = _find(user, ward, year)
    form = _form(user, plan, initial={"what": _wanted(request, user, plan), "charts": True})
    return _page(request, plan, form)


@never_cache
@require_safe
@login_required
def export_file(request: HttpRequest, ward: str, year: FiscalYear) -> HttpResponseBase:
    user = signed_in(request)
    plan = _find(user, ward, year)
    if request.GET.get("what") == WARDS and not can_export_wards(user):
        raise NotAllowed("すべての区をまとめて書き出せるのは、取りまとめ担当です。")
    form = _form(user, plan, request.GET)
    if not form.is_valid():
        return _page(request, plan, form)
    chosen = {"with_cover": form.cleaned_data["cover"], "with_charts": form.cleaned_data["charts"]}
    response: HttpResponseBase
    if form.of_all_wards:
        response = _wards_response(user, year, **chosen)
    else:
        response = _book_response(user, Export(plan, form.section, **chosen))
    _tell_that_it_came(response, form.cleaned_data["token"])
    return response


@never_cache
@require_safe
@login_required
def year_workbook(request: HttpRequest, ward: str, year: FiscalYear) -> HttpResponse:
    user = signed_in(request)
    return _book_response(user, Export(_find(user, ward, year)))


# ---- fetch ---------------------------------------------------------------------------------------------


def _find(user: User, ward: str, year: FiscalYear) -> YearPlan:
    plan = (
        YearPlan.objects.visible_to(user)
        .filter(ward__slug=ward, fiscal_year=year)
        .select_related("ward", "edition")
        .first()
    )
    if plan is None:
        raise Http404
    return plan


def _form(user: User, plan: YearPlan, data: Any = None, initial: dict[str, Any] | None = None) -> ExportForm:
    in_plan = plan.ward.sections.filter(initiatives__plan=plan).annotate(sheets=Count("initiatives"))
    wards = _plans(user, plan.fiscal_year).count() if can_export_wards(user) else 0
    return ExportForm(
        data,
        initial=initial,
        sections=[(section, section.sheets) for section in in_plan],
        sheets=plan.initiatives.count(),
        wards=wards,
    )


def _plans(user: User, year: int) -> Any:
    """Give the year's plans of every ward in which the person takes part, wards in their order."""
    plans = YearPlan.objects.visible_to(user).filter(fiscal_year=year)
    return plans.select_related("ward", "edition").order_by("ward__code", "ward__slug")


def _wanted(request: HttpRequest, user: User, plan: YearPlan) -> str:
    """Choose beforehand what the list was filtered by, or else the own section when it is the only one."""
    mine = set(plan.initiatives.values_list("section", flat=True).distinct())
    asked = request.GET.get("section", "")
    if asked.isascii() and asked.isdigit():
        return asked if int(asked) in mine else YEAR
    own = user.roles().sections & mine
    return str(next(iter(own))) if len(own) == 1 else YEAR


# ---- pages and files -------------------------------------------------------------------------------------


def _page(request: HttpRequest, plan: YearPlan, form: ExportForm) -> HttpResponse:
    context = {
        "title": "Excelで書き出す",
        "plan": plan,
        "form": form,
        "errors": [
            (f"id_{name}_0" if name == "what" else f"id_{name}", sentence)
            for name, sentences in form.errors.items()
            for sentence in sentences
        ],
        "offers_wards": any(value == WARDS for value, _ in form.fields["what"].choices),  # type: ignore[attr-defined]
    }
    return render(request, "reviews/export.html", context)


def _book_response(user: User, export: Export) -> HttpResponse:
    content = write_export(export, by=user, at=timezone.now()).content
    name = section_filename(export.plan, export.section) if export.section else workbook_filename(export.plan)
    return HttpResponse(content, content_type=XLSX, headers={"Content-Disposition": name.header})


def _wards_response(user: User, year: FiscalYear, **chosen: bool) -> FileResponse:
    plans = list(_plans(user, year))
    file = tempfile.SpooledTemporaryFile(MOST_IN_MEMORY)  # noqa: SIM115 - the response closes it
    write_wards(plans, file, by=user, at=timezone.now(), **chosen)
    length = file.tell()
    file.seek(0)
    name: FileName = wards_filename(year, len(plans))
    return FileResponse(
        file,
        content_type="application/zip",
        headers={"Content-Disposition": name.header, "Content-Length": str(length)},
    )


def _tell_that_it_came(response: HttpResponseBase, token: str) -> None:
    """Send the page's token back as a cookie: a script cannot see a download, but it can see that."""
    if token:
        response.set_cookie(
            TOKEN_COOKIE,
            token,
            max_age=TOKEN_SECONDS,
            secure=settings.SESSION_COOKIE_SECURE,
            samesite="Lax",
        )
