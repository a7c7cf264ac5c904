"""What a ward measures: the list, one indicator through the years, and the form that enters a figure once."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from wardplan.accounts.models import User, Ward
from wardplan.fiscal_year import FiscalYear
from wardplan.numbers import with_unit

from .. import permissions, workflow
from ..chart import Chart, draw
from ..forms import MeasurementForm
from ..indicator_years import History, list_indicators, read_history
from ..models import Indicator, Measurement, YearPlan
from ..refusal_pages import note
from ..refusals import Incomplete, NotAllowed


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
    messages.success(
        request, f"{year}の実績を入力しました。この値を引用しているすべてのシートに表示されます。"
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
    """Draw the history twice: for the desk, and as narrow as it goes for the phone."""
    unit = history.indicator.unit
    drawn = [("wide", draw(history.on_chart, unit)), ("phone", draw(history.on_chart, unit, None))]
    return [(name, chart) for name, chart in drawn if chart is not None]


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
