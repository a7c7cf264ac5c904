"""What a ward measures: the list, one indicator through the years, and the form that enters a figure once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from wardplan.accounts.models import User, Ward
from wardplan.fiscal_year import FiscalYear
from wardplan.numbers import with_unit

from .. import permissions, workflow
from ..chart import MIDDLE, NARROW, WIDE, Chart, draw
from ..forms import DefinitionForm, DirectionForm, MeasurementForm, WithdrawalForm
from ..indicator_years import History, list_indicators, read_changes, read_history
from ..models import Indicator, IndicatorChange, Measurement, YearPlan
from ..refusal_pages import note
from ..refusals import Incomplete, NotAllowed


@never_cache
@require_safe
@login_required
def indicator_wards(request: HttpRequest) -> HttpResponse:
    """Lead to the indicators of one's ward; who holds roles in several chooses one."""
    wards = {row.ward_id: row.ward for row in _signed_in(request).roles().memberships}
    if not wards:
        return redirect("reviews:my_work")
    if len(wards) == 1:
        return redirect("initiatives:indicators", next(iter(wards.values())).slug)
    return render(request, "initiatives/indicator_wards.html", {"title": "指標", "wards": wards.values()})


@never_cache
@require_safe
@login_required
def indicators(request: HttpRequest, ward: str) -> HttpResponse:
    user, office = _signed_in(request), _find_ward(request, ward)
    words = request.GET.get("words", "").strip()
    rows = list_indicators(office, user, words)
    context = {"title": "指標", "ward": office, "rows": rows, "words": words}
    return render(request, "initiatives/indicator_list.html", context)


@never_cache
@require_safe
@login_required
def indicator(request: HttpRequest, ward: str, pk: int) -> HttpResponse:
    user, office = _signed_in(request), _find_ward(request, ward)
    found = _find_indicator(office, pk)
    history = read_history(found, office, user)
    context = {
        "title": found.name,
        "ward": office,
        "history": history,
        "indicator": found,
        "charts": _charts(history),
        "keepers": _keepers(found) if history.may_describe else [],
        "this_year": FiscalYear.today(),
    }
    return render(request, "initiatives/indicator_detail.html", context)


@never_cache
@require_safe
@login_required
def measurement_year(request: HttpRequest, ward: str, pk: int) -> HttpResponse:
    """Lead from a year as people write it (R1, 平成30年度) to the form of that year."""
    found = _find_indicator(_find_ward(request, ward), pk)
    typed = request.GET.get("year", "")
    try:
        year = FiscalYear.parse(typed)
    except ValueError as error:
        messages.error(request, str(error))
        return redirect("initiatives:indicator", ward, found.pk)
    if year > FiscalYear.today():
        messages.error(request, f"{year}はまだ始まっていません。実績は年度が始まってから入力できます。")
        return redirect("initiatives:indicator", ward, found.pk)
    return redirect("initiatives:measurement", ward, found.pk, year)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def measurement(request: HttpRequest, ward: str, pk: int, year: FiscalYear) -> HttpResponse:
    user, office = _signed_in(request), _find_ward(request, ward)
    found = _find_indicator(office, pk)
    if year > FiscalYear.today():
        raise Http404
    plan = _plan_for(user, office, found, year)
    standing = (
        Measurement.objects.current()
        .filter(indicator=found, ward=office, fiscal_year=year)
        .select_related("by")
        .first()
    )
    form = MeasurementForm(found, standing, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        if form.changes_nothing:
            messages.success(request, f"{year}の実績は、入力した内容のとおりです。")
            return redirect("initiatives:indicator", ward, found.pk)
        if _record(request, form, plan, found, year):
            return redirect("initiatives:indicator", ward, found.pk)
    context = {
        "title": f"{year}の実績",
        "ward": office,
        "indicator": found,
        "year": year,
        "form": form,
        "standing": standing,
        "standing_words": with_unit(standing.value, found.unit) if standing else "",
    }
    return render(request, "initiatives/measurement_form.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def definition(request: HttpRequest, ward: str, pk: int) -> HttpResponse:
    user, office = _signed_in(request), _find_ward(request, ward)
    found = _find_indicator(office, pk)
    plan = _plan_to_describe(user, office, found)
    changes = list(read_changes(found, office))
    form = _definition_form(user, plan, found, changes, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        workflow.change_definition(plan, found, by=user, at=timezone.now(), **form.values)
        messages.success(
            request, f"{form.cleaned_data['fiscal_year']}からの変更を記録しました。図の線はそこで切れます。"
        )
        return redirect("initiatives:indicator", ward, found.pk)
    return _definition_page(request, office, found, changes, form)


@never_cache
@require_POST
@login_required
def definition_withdraw(request: HttpRequest, ward: str, pk: int, change: int) -> HttpResponse:
    user, office = _signed_in(request), _find_ward(request, ward)
    found = _find_indicator(office, pk)
    changes = list(read_changes(found, office))
    row = next((one for one in changes if one.pk == change), None)
    if row is None:
        raise Http404
    plan = _plan_to_describe(user, office, found)
    form = WithdrawalForm(request.POST, auto_id=f"id_withdraw_{row.pk}_%s")
    if not form.is_valid():
        asked = _definition_form(user, plan, found, changes, None)
        return _definition_page(request, office, found, changes, asked, {row.pk: form})
    workflow.withdraw_definition(plan, row, by=user, at=timezone.now(), **form.cleaned_data)
    messages.success(request, "定義の変更の記録を取り消しました。取り消したことは記録に残ります。")
    return redirect("initiatives:indicator", ward, found.pk)


def _definition_form(
    user: User, plan: YearPlan, indicator: Indicator, changes: list[IndicatorChange], typed: Any
) -> DefinitionForm:
    may_rewrite = permissions.can_rewrite_indicator(user, plan, indicator)
    return DefinitionForm(indicator, changes[0] if changes else None, may_rewrite=may_rewrite, data=typed)


def _definition_page(
    request: HttpRequest,
    ward: Ward,
    indicator: Indicator,
    changes: list[IndicatorChange],
    form: DefinitionForm,
    withdrawals: Mapping[int, WithdrawalForm] | None = None,
) -> HttpResponse:
    filled = withdrawals or {}
    context = {
        "title": "定義・出典の変更",
        "ward": ward,
        "indicator": indicator,
        "form": form,
        "keepers": _keepers(indicator),
        "error_links": [link for one in (form, *filled.values()) for link in one.error_links()],
        "withdrawals": [
            (one, filled.get(one.pk) or WithdrawalForm(auto_id=f"id_withdraw_{one.pk}_%s"))
            for one in changes
            if one.breaks and one.ward_id == ward.pk
        ],
    }
    return render(request, "initiatives/definition_form.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def direction(request: HttpRequest, ward: str, pk: int) -> HttpResponse:
    user, office = _signed_in(request), _find_ward(request, ward)
    found = _find_indicator(office, pk)
    plan = _plan_to_describe(user, office, found)
    if not permissions.can_rewrite_indicator(user, plan, found):
        raise NotAllowed(
            "全区共通の指標のよい方向は、システムの管理者が確かめます。指標名と正しい方向を知らせてください。"
        )
    form = DirectionForm(request.POST or None, initial={"direction": found.direction})
    if request.method == "POST" and form.is_valid():
        try:
            workflow.confirm_direction(plan, found, by=user, at=timezone.now(), **form.cleaned_data)
        except Incomplete as incomplete:
            note(request, incomplete)
            for name, sentence in incomplete.problems.items():
                form.add_error(name, sentence)
        else:
            messages.success(request, "よい方向を確かめたことを記録しました。")
            return redirect("initiatives:indicator", ward, found.pk)
    context = {"title": "よい方向の確認", "ward": office, "indicator": found, "form": form}
    return render(request, "initiatives/direction_form.html", context)


def _plan_to_describe(user: User, ward: Ward, indicator: Indicator) -> YearPlan:
    """Choose the plan in whose record a change is entered: the newest that quotes the indicator, or any.

    Raises NotAllowed for whoever is not the ward's admin, and while the ward has no plan.
    """
    if not permissions.can_administer(user, ward.pk):
        raise NotAllowed("指標の定義とよい方向は、取りまとめ担当が記録します。")
    quoting = YearPlan.objects.filter(ward=ward, initiatives__targets__indicator=indicator)
    newest = quoting.order_by("-fiscal_year").first() or (
        YearPlan.objects.filter(ward=ward).order_by("-fiscal_year").first()
    )
    if newest is None:
        raise NotAllowed("計画がまだないため記録できません。先に計画を取り込んでください。")
    return newest


def _record(
    request: HttpRequest, form: MeasurementForm, plan: YearPlan, indicator: Indicator, year: FiscalYear
) -> bool:
    """Enter the figure; what the verb misses goes beside the fields. Tells whether it was entered."""
    if form.is_outrun:
        form.add_error(
            "value",
            "ほかの方が先に実績を入力しました。いまの実績を確かめ、直すときは訂正の理由を書いてください。",
        )
        return False
    try:
        workflow.record_measurement(
            plan,
            indicator,
            by=_signed_in(request),
            at=timezone.now(),
            fiscal_year=year,
            reason=form.cleaned_data.get("reason", ""),
            **form.figure,
        )
    except Incomplete as incomplete:
        note(request, incomplete)
        for name, sentence in incomplete.problems.items():
            form.add_error(name if name in form.fields else None, sentence)
        return False
    done = "訂正" if "reason" in form.fields else "入力"
    messages.success(
        request, f"{year}の実績を{done}しました。この値を引用しているすべてのシートに表示されます。"
    )
    return True


def _plan_for(user: User, ward: Ward, indicator: Indicator, year: FiscalYear) -> YearPlan:
    """Choose the plan in whose record a figure is entered: the year's own, else the newest that quotes it.

    A section whose sheet quotes the figure enters it even when the year's own plan does not know it.
    Raises NotAllowed when no plan of the ward gives the person that right.
    """
    plans = list(
        YearPlan.objects.visible_to(user).filter(ward=ward).select_related("ward").order_by("-fiscal_year")
    )
    quoting = set(
        YearPlan.objects.filter(ward=ward, initiatives__targets__indicator=indicator).values_list(
            "pk", flat=True
        )
    )
    plans.sort(key=lambda plan: (plan.fiscal_year != year, plan.pk not in quoting))
    for plan in plans:
        if permissions.can_record_measurement(user, plan, indicator):
            return plan
    raise NotAllowed("実績は、この指標をシートで使っている担当課と取りまとめ担当が入力します。")


def _charts(history: History) -> list[tuple[str, Chart]]:
    """Draw the history for the desk, for a window half as wide (or twice as large), and for the phone."""
    unit = history.indicator.unit
    figures, breaks = history.on_chart, history.breaks
    widths = [("wide", WIDE), ("middle", MIDDLE), ("narrow", NARROW)]
    drawn = [(name, draw(figures, unit, width, breaks)) for name, width in widths]
    return [(name, chart) for name, chart in drawn if chart is not None]


def _keepers(indicator: Indicator) -> list[str]:
    """Name who writes the words of a city-wide indicator, for whoever may not."""
    if indicator.ward_id is not None:
        return []
    operators = User.objects.filter(is_superuser=True, is_active=True).order_by("pk")
    return [name for name in operators.values_list("name", flat=True) if name]


def _signed_in(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user


def _find_ward(request: HttpRequest, slug: str) -> Ward:
    """Find a ward among those in which the person holds a role today; no query of its own."""
    for membership in _signed_in(request).roles().memberships:
        if membership.ward.slug == slug:
            return membership.ward
    raise Http404


def _find_indicator(ward: Ward, pk: int) -> Indicator:
    found = Indicator.objects.usable_in(ward).filter(pk=pk).first()
    if found is None:
        raise Http404
    return found
