from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from initiatives.models import YearPlan
from wardplan.accounts.models import Ward
from wardplan.fiscal_year import FiscalYear

from .case import signed_in


@require_safe
@login_required
def years(request: HttpRequest) -> HttpResponse:
    """Lead to the list that is most likely wanted: this fiscal year's, else the newest there is.

    An admin of a ward without any plan is led to where the first one comes in.
    """
    plans = list(
        YearPlan.objects.visible_to(signed_in(request)).select_related("ward").order_by("-fiscal_year")
    )
    if not plans:
        ward = Ward.objects.filter(pk__in=signed_in(request).roles().admin_of).first()
        if ward is not None:
            messages.info(request, "計画は、まだありません。ここから取り込めます。")
            return redirect("initiatives:plan_import", ward.slug, FiscalYear.today())
        messages.info(request, "見られる計画は、まだありません。")
        return redirect("reviews:my_work")
    this_year = FiscalYear.today()
    plan = next((plan for plan in plans if plan.fiscal_year == this_year), plans[0])
    return redirect("reviews:year", plan.ward.slug, plan.fiscal_year)
