"""The verbs that a page's small forms send: withdraw, approve, return, reopen, extend, publish, correct."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from initiatives.models import Event
from initiatives.refusal_pages import refusal_page
from initiatives.refusals import Incomplete, Refused, TransitionNotAllowed
from initiatives.views.posted import posted_version
from wardplan.accounts.models import User
from wardplan.accounts.views import login_in_place
from wardplan.fiscal_year import FiscalYear

from .. import keeping, rules, workflow
from ..case import Case
from ..forms import DecisionForm
from .case import find_case
from .review import sheet_url
from .sheet import sheet_page

VERBS: dict[str, Callable[..., Event]] = {
    "withdraw": workflow.withdraw,
    "approve": workflow.approve,
    "return": workflow.send_back,
    "reopen": workflow.reopen,
    "extend": workflow.extend,
    "publish": workflow.publish,
    "correct": workflow.correct,
}

DONE = {
    "withdraw": "引き戻しました。直してから、もう一度提出してください。",
    "approve": "承認しました。",
    "return": "差し戻しました。担当の「やること」に理由が出ます。",
    "reopen": "承認を取り消しました。担当が直せるようになりました。",
    "extend": "個別延長をしました。",
    "publish": "公表しました。",
    "correct": "訂正を始めました。次に公表するまで、いまの公表内容がそのまま見えます。",
}

_ANOTHER_PERSON = TransitionNotAllowed(
    "別の利用者です。この画面を開いた人とログインしている人が違うため、行いませんでした。"
    "画面を開いた人がログインし直してから、もう一度押してください。"
)


@never_cache
@require_POST
def decide(
    request: HttpRequest, ward: str, year: FiscalYear, number: str, phase: str, verb: str
) -> HttpResponse:
    user, at = request.user, timezone.now()
    if not isinstance(user, User):
        return _log_in_first(request, verb, reverse("reviews:sheet", args=[ward, year, number]))
    case = find_case(user, ward, year, number, phase)
    form = DecisionForm(verb, case, request.POST)
    opener = keeping.opener(request)
    if opener is not None and opener[0] != user.pk:
        return refusal_page(request, _ANOTHER_PERSON, kept=form.typed_text() or None, back=sheet_url(case))
    try:
        if not form.is_valid():
            rules.check(verb, case, user, at)
            return sheet_page(request, case.initiative, decision=form, status=200)
        VERBS[verb](
            case.initiative,
            case.review.phase,
            by=user,
            at=at,
            version=posted_version(request),
            **_words(verb, form),
        )
    except Incomplete as incomplete:
        for name, sentence in incomplete.problems.items():
            form.add_error(name if name in form.fields else None, sentence)
        return sheet_page(request, case.initiative, decision=form, status=200)
    except Refused as refused:
        return refusal_page(request, refused, kept=form.typed_text() or None, back=sheet_url(case))
    heading = f"{case.form.label('item')}{case.initiative.number}・{case.phase.label}"
    messages.success(request, f"{heading}を{DONE[verb]}" if verb == "approve" else DONE[verb])
    return redirect(_next(request, case))


def _log_in_first(request: HttpRequest, verb: str, sheet: str) -> HttpResponse:
    """Ask for the log-in, and lead to the sheet from there: the address of a button shows nothing.

    A reason that took long to write is kept for its writer, who finds it in its field again.
    """
    if keeping.keep_decision(request, verb):
        return login_in_place(request, sheet, will_come_back=True)
    return redirect_to_login(sheet)


def _words(verb: str, form: DecisionForm) -> dict[str, Any]:
    words: dict[str, Any] = {}
    if verb in rules.NEEDS_REASON:
        words = {"reason": form.cleaned_data["reason"], "until": form.until_day()}
    if verb == "return":
        words["comments"] = form.comments()
    return words


def _next(request: HttpRequest, case: Case) -> str:
    """Go back to where the button stood: the queue, or the sheet."""
    wanted = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure()):
        return wanted
    return sheet_url(case)
