"""Tell the admin of a mistake in the plan; and the admin's answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from initiatives.form import read_form
from initiatives.forms import FormWithLinks
from initiatives.models import YearPlan
from initiatives.refusal_pages import note, refusal_page
from initiatives.refusals import Incomplete, NotAllowed, Refused
from wardplan.fiscal_year import FiscalYear
from wardplan.text import SheetTextField

from .. import permissions
from ..models import PlanReport
from ..plan_reports import answer_report, cells_of, read_reports_of, report_mistake
from ..sheet import Sheet, read_sheet
from .case import signed_in
from .sheet import find_sheet


class ReportForm(FormWithLinks):
    """Where in the plan the mistake is, and what is wrong there."""

    cell = forms.CharField(label="誤りのある欄", required=False)
    text = SheetTextField(
        label="どう誤っているか",
        required=False,
        help_text="選んだ欄の文も一緒に送ります。空のままでも知らせられます。",
    )


class AnswerForm(FormWithLinks):
    """What became of a report."""

    text = SheetTextField(label="回答", required=False, help_text="例: 直しました。")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def reports(request: HttpRequest, ward: str, year: FiscalYear, number: str) -> HttpResponse:
    user = signed_in(request)
    sheet = _find(request, ward, year, number)
    if request.method != "POST":
        return _page(request, sheet, ReportForm(initial={"cell": request.GET.get("cell", "activities")}))
    form = ReportForm(request.POST)
    if not form.is_valid():
        return _page(request, sheet, form)
    try:
        report_mistake(
            sheet,
            by=user,
            at=timezone.now(),
            cell=form.cleaned_data["cell"],
            text=form.cleaned_data["text"],
        )
    except Incomplete as incomplete:
        _add_errors(request, form, incomplete)
        return _page(request, sheet, form)
    messages.success(request, "取りまとめ担当に知らせました。回答は「やること」に出ます。")
    return redirect("reviews:plan_reports", ward, year, number)


@never_cache
@require_POST
@login_required
def answer(request: HttpRequest, ward: str, year: FiscalYear, number: str, pk: int) -> HttpResponse:
    user = signed_in(request)
    sheet = _find(request, ward, year, number)
    if not permissions.can_answer_reports(user, sheet.initiative.plan.ward_id):
        raise NotAllowed("計画の誤りの連絡に回答できるのは、取りまとめ担当です。")
    rows = PlanReport.objects.filter(ward=sheet.initiative.plan.ward_id, fiscal_year=year, number=number)
    report = rows.filter(pk=pk).first() if pk < 2**63 else None
    if report is None:
        raise Http404
    form = AnswerForm(request.POST, auto_id=f"id_report_{report.pk}_%s")
    here = reverse("reviews:plan_reports", args=[ward, year, number])
    try:
        if not form.is_valid():
            return _page(request, sheet, answering=(report, form))
        answer_report(report, by=user, at=timezone.now(), text=form.cleaned_data["text"])
    except Incomplete as incomplete:
        _add_errors(request, form, incomplete)
        return _page(request, sheet, answering=(report, form))
    except Refused as refused:
        typed = str(form.data.get("text") or "")
        return refusal_page(request, refused, kept={"回答": typed} if typed else None, back=here)
    messages.success(request, "回答しました。知らせた人の「やること」に出ます。")
    return redirect(here)


def correction_url(plan: YearPlan, initiative: int) -> str:
    """Say where the plan is put right: a draft's sheet in the admin site, a confirmed one by a new plan."""
    if plan.status == YearPlan.Status.DRAFT:
        return reverse("admin:initiatives_initiative_change", args=[initiative])
    return reverse("initiatives:plan_import", args=[plan.ward.slug, plan.fiscal_year])


def _find(request: HttpRequest, ward: str, year: FiscalYear, number: str) -> Sheet:
    user = signed_in(request)
    initiative = find_sheet(user, ward, year, number)
    return read_sheet(initiative, read_form(initiative.plan.edition), user)


def _add_errors(request: HttpRequest, form: FormWithLinks, incomplete: Incomplete) -> None:
    note(request, incomplete)
    for name, sentence in incomplete.problems.items():
        form.add_error(name, sentence)


def _page(
    request: HttpRequest,
    sheet: Sheet,
    form: ReportForm | None = None,
    *,
    answering: tuple[PlanReport, AnswerForm] | None = None,
) -> HttpResponse:
    user = signed_in(request)
    plan = sheet.initiative.plan
    wrong, wrong_form = answering or (None, None)
    answers = permissions.can_answer_reports(user, plan.ward_id)
    context: Mapping[str, Any] = {
        "title": f"計画の誤り {sheet.labels['item']}{sheet.number}",
        "sheet": sheet,
        "form": form or ReportForm(initial={"cell": "activities"}),
        "wrong": wrong_form or form,
        "cells": cells_of(sheet),
        "reports": [
            (one, wrong_form if one == wrong else AnswerForm(auto_id=f"id_report_{one.pk}_%s"))
            for one in read_reports_of(sheet, user)
        ],
        "answers": answers,
        "correction": correction_url(plan, sheet.initiative.pk) if answers else "",
    }
    return render(request, "reviews/plan_reports.html", context)
