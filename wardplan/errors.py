"""Say what happened, whether the text is safe, and what to do next: every error page of the site.

The pages must not need what has just failed. 400, 500 and 503 are therefore rendered without the request,
so that no context processor runs and nothing touches the database or the session.
"""

import logging
import sys
from urllib.parse import urlsplit

from django.db import InterfaceError, OperationalError
from django.http import HttpResponse
from django.middleware.csrf import REASON_NO_CSRF_COOKIE, get_token
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme

logger = logging.getLogger(__name__)

DATABASE_IS_AWAY = (OperationalError, InterfaceError)
HOME = ("最初の画面へ戻る", "/")
# What a page carries for itself, and what is chosen; by the last part of its name: t1-direction is chosen.
NOT_WRITTEN_BY_HAND = {
    *("csrfmiddlewaretoken", "next", "opened", "opened_by", "reading", "seen", "username", "version"),
    *("change_unit", "comparator", "direction", "kind", "scope"),
}


class DatabaseUnavailable:
    """Answer 503 with the typed text when the database cannot be reached, instead of a bare 500."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.get_response(request)

    def process_exception(self, request, exception):
        if isinstance(exception, DATABASE_IS_AWAY):
            return service_unavailable(request, exception)
        return None


def bad_request(request, exception=None):
    return _without_request(400, "内容を受け取れませんでした", actions=[HOME])


def permission_denied(request, exception=None):
    return forbidden(request, str(exception or ""))


def forbidden(request, sentence="", *, kept=None, next_step="", actions=()):
    """Answer 403 to somebody who may see a page but not do this; `sentence` says why."""
    context = {
        "code": 403,
        "title": "この操作はできません",
        "happened": sentence,
        "kept": kept,
        "next_step": next_step,
        "actions": list(actions) or [HOME],
    }
    return render(request, "errors/403.html", context, status=403)


def page_not_found(request, exception=None):
    context = {"code": 404, "title": "ページが見つかりません", "actions": [HOME]}
    return render(request, "errors/404.html", context, status=404)


def method_not_allowed(request, allowed):
    """Answer 405 to somebody who opened the address of a button; `allowed` are the methods it takes."""
    context = {"code": 405, "title": "この画面は、直接は開けません", "actions": [HOME]}
    response = render(request, "errors/405.html", context, status=405)
    response["Allow"] = allowed
    return response


def conflict(
    request, *, title, happened, your_action, next_step, kept=None, kept_label="書いた内容", actions=()
):
    """Answer 409 to somebody who came too late.

    `happened` says who did what and when, `your_action` what was therefore not done. `kept` maps labels to
    what was typed, and is shown back to be read and copied.
    """
    context = {
        "code": 409,
        "title": title,
        "happened": happened,
        "your_action": your_action,
        "next_step": next_step,
        "kept": kept,
        "kept_label": kept_label,
        "actions": list(actions) or [HOME],
    }
    return render(request, "errors/409.html", context, status=409)


def server_error(request):
    # A failure outside the views (saving the session, say) never reaches process_exception.
    exception = sys.exc_info()[1]
    if isinstance(exception, DATABASE_IS_AWAY):
        return service_unavailable(request, exception)
    return _without_request(
        500,
        "画面を表示できませんでした",
        kept=_typed(request),
        at=timezone.localtime(),
        actions=[HOME],
    )


def is_full(exception):
    """Tell whether the database took nothing because its disk is full."""
    code = getattr(exception.__cause__, "pgcode", None)
    return code == "53100" or "database or disk is full" in str(exception)


def service_unavailable(request, exception=None):
    if exception is not None and is_full(exception):
        logger.critical("The disk of the database is full: %s", exception)
        return _without_request(507, "保存できません(空き容量)", kept=_typed(request), actions=[HOME])
    logger.error("The database cannot be reached: %s", exception)
    response = _without_request(503, "いまは受け付けられません", kept=_typed(request), actions=[HOME])
    response["Retry-After"] = "60"
    return response


def csrf_failure(request, reason=""):
    # Text that another site sent must not be shown as if it had been written here. A missing cookie is
    # no proof of that by itself; an Origin header has been checked before Django looks for the cookie.
    typed_here = reason.startswith("CSRF token") or (
        reason == REASON_NO_CSRF_COOKIE and "Origin" in request.headers
    )
    # One click sends the same again with a token that fits: a log-in in another tab had changed it. Not for
    # a password, and only where the browser has said by itself that the form is ours.
    again = (
        typed_here and "Origin" in request.headers and "password" not in request.POST and not request.FILES
    )
    context = {
        "code": 403,
        "title": "この画面からは送れませんでした",
        "typed_here": typed_here,
        "again": _sent_fields(request) if again else None,
        "again_url": request.path,
        "csrf_token": get_token(request) if again else "",
        "kept": written_by_hand(request) if typed_here else None,
        "actions": [] if again else [("画面を開き直す", page_before(request) or "/"), HOME],
    }
    return HttpResponse(render_to_string("errors/csrf.html", context), status=403)


def _without_request(code, title, **context):
    html = render_to_string(f"errors/{code}.html", {"code": code, "title": title, **context})
    return HttpResponse(html, status=code)


def _typed(request):
    # Set by the CSRF check once it is satisfied: before that, the text may come from another site.
    return written_by_hand(request) if getattr(request, "csrf_processing_done", False) else None


def written_by_hand(request):
    """Take the texts from a POST, with a label each."""
    texts = [
        value
        for name, value in request.POST.items()
        if name.rpartition("-")[2] not in NOT_WRITTEN_BY_HAND
        and "password" not in name
        and len(value.strip()) > 1
    ]
    return {f"書いた文 {position}": text for position, text in enumerate(texts, start=1)}


def _sent_fields(request):
    return [
        (name, value)
        for name, values in request.POST.lists()
        if name != "csrfmiddlewaretoken"
        for value in values
    ]


def page_before(request):
    """Give the path of our page that a form stood on, as the browser names it; blank when it does not."""
    page = request.headers.get("Referer", "")
    if url_has_allowed_host_and_scheme(page, {request.get_host()}, require_https=request.is_secure()):
        return urlsplit(page)._replace(scheme="", netloc="", fragment="").geturl()
    return ""
