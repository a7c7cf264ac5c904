"""Next year's draft out of this year's plan: preview, carry over, and confirm what was carried."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from wardplan import errors
from wardplan.accounts.models import User
from wardplan.fiscal_year import FiscalYear

from .. import permissions, workflow
from ..models import Initiative, YearPlan
from ..plan_file import PlanErrors
from ..refusal_pages import note
from ..refusals import NotAllowed, TransitionNotAllowed
from ..roll_over import RolledOver, following, roll_over


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def plan_roll_over(request: HttpRequest, ward: str, year: FiscalYear) -> HttpResponse:
    user = _signed_in(request)
    plan = YearPlan.objects.visible_to(user).filter(ward__slug=ward, fiscal_year=year).first()
    if plan is None:
        raise Http404
    if not permissions.can_confirm(user, plan):
        raise NotAllowed("次の年度への引継ぎは、取りまとめ担当が行います。")
    context = {"ward": plan.ward, "plan": plan, "year": year}
    try:
        context["next_year"] = following(year)
        done = roll_over(plan, by=user, at=timezone.now(), dry_run=request.method != "POST")
    except PlanErrors as faults:
        return render(request, "initiatives/plan_roll_over.html", {**context, "errors": faults.messages})
    except TransitionNotAllowed as refused:
        return _refuse(request, plan, refused, context.get("next_year"))
    if request.method == "POST":
        _tell(request, done)
        return redirect("reviews:year", ward, done.fiscal_year)
    return render(request, "initiatives/plan_roll_over.html", {**context, "found": done, "rows": _rows(done)})


def _refuse(
    request: HttpRequest, plan: YearPlan, refused: TransitionNotAllowed, next_year: FiscalYear | None
) -> HttpResponse:
    """Say why nothing is carried over, and lead to the plan that is there; it is visible to its admin."""
    note(request, refused)
    if next_year is None:
        next_step = "いまの年度の計画に戻ってください。"
        actions = [(f"{plan.fiscal_year}の計画に戻る", plan.fiscal_year)]
    else:
        next_step = (
            f"{next_year}の計画を開いて確かめてください。"
            "内容を変えるときは、その画面の「計画を取り込む」から、理由を書いて変更します。"
        )
        actions = [
            (f"{next_year}の計画を開く", next_year),
            (f"{plan.fiscal_year}の計画に戻る", plan.fiscal_year),
        ]
    return errors.conflict(
        request,
        title="引き継げません",
        happened=refused.sentence,
        your_action="引継ぎは行われませんでした。どの年度の計画も変わっていません。",
        next_step=next_step,
        actions=[(words, reverse("reviews:year", args=[plan.ward.slug, year])) for words, year in actions],
    )


def _rows(found: RolledOver) -> list[dict[str, object]]:
    return [
        {"item": item, "dropped": found.dropped.get(item["number"], []), "cells": len(item["unconfirmed"])}
        for item in found.carried
    ]


def _tell(request: HttpRequest, done: RolledOver) -> None:
    if done.nothing_to_do:
        found = "引き継ぐものはありません" if done.left_alone else "すでに引き継がれています"
        messages.info(request, f"{done.fiscal_year}の案へは、{found}。今回は何も変えていません。")
        return
    messages.success(
        request,
        f"{done.fiscal_year}の案へ{len(done.carried)}件を引き継ぎました。"
        "引き継いだ欄は未確認です。シートを開いて確かめてください。",
    )


@require_POST
@login_required
def confirm_cells(request: HttpRequest, ward: str, year: FiscalYear) -> HttpResponse:
    user = _signed_in(request)
    initiative = (
        Initiative.objects.visible_to(user)
        .filter(plan__ward__slug=ward, plan__fiscal_year=year, number=request.POST.get("number", ""))
        .select_related("plan")
        .first()
    )
    if initiative is None:
        raise Http404
    cells = request.POST.getlist("cells")
    event = workflow.confirm_cells(initiative, by=user, at=timezone.now(), cells=cells)
    if event is not None:
        messages.success(request, "確認済みにしました。")
    elif not cells:
        messages.error(request, "確かめた欄を選んでください。まだ何も変えていません。")
    else:
        messages.info(request, "選んだ欄は、すでに確認済みです。")
    return redirect("reviews:sheet", ward, year, initiative.number)


def _signed_in(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user
