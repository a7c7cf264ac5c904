"""Answer refused acts with the page that fits their code, and note them in the log."""

from __future__ import annotations

import logging
from collections.abc import Callable
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect

from wardplan import errors
from wardplan.accounts.views import login_in_place

from .refusals import LoginNeeded, NotAllowed, NotVisible, Refused

logger = logging.getLogger("wardplan.refused")


class RefusalPages:
    """Turn a Refused that a view lets through into its page: 302, 403, 404 or 409; 405 gets a page, too.

    Refusals go to the log, never into a table: nothing changed, and a table would grow with every mistake.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        # Whoever reloads the address of a button would get an empty page.
        if isinstance(response, HttpResponseNotAllowed) and not response.content:
            return errors.method_not_allowed(request, response["Allow"])
        if request.method == "POST" and _asks_for_log_in(request, response):
            return _log_in_first(request)
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        return refusal_page(request, exception) if isinstance(exception, Refused) else None


def _asks_for_log_in(request: HttpRequest, response: HttpResponse) -> bool:
    """Tell whether a view sends to the log-in and then back to the address that was sent to."""
    to = response.get("Location", "")
    return to.startswith(settings.LOGIN_URL) and to == _log_in_at(request.get_full_path())


def _log_in_first(request: HttpRequest) -> HttpResponse:
    """Lead to the log-in, and on to the page that was sent from: a button's own address shows nothing.

    A form at its own address, as of a plan document or a definition, is answered in place with what was
    written by hand: it took longer than pressing a button.
    """
    page = errors.page_before(request) or request.get_full_path()
    at_its_own_address = urlsplit(errors.page_before(request)).path == request.path
    if at_its_own_address and errors.written_by_hand(request):
        return login_in_place(request, page)
    return redirect(_log_in_at(page))


def _log_in_at(page: str) -> str:
    return redirect_to_login(page)["Location"]


def note(request: HttpRequest, refused: Refused) -> None:
    """Write one line about a refused act: code, who, where, why. Never what was typed."""
    logger.info("%s %s %s: %s", refused.code, request.user, request.path, refused.sentence)


def refusal_page(
    request: HttpRequest, refused: Refused, *, kept: dict[str, str] | None = None, back: str = ""
) -> HttpResponse:
    """Show why an act was refused, what was typed, and where to go on. `back` is the sheet's address."""
    note(request, refused)
    if isinstance(refused, LoginNeeded):
        return redirect_to_login(request.get_full_path())
    if isinstance(refused, NotVisible):
        return errors.page_not_found(request, refused)
    actions = [("いまのシートを見る", back)] if back else []
    if isinstance(refused, NotAllowed):
        return errors.forbidden(request, refused.sentence, kept=kept, actions=actions)
    return errors.conflict(
        request,
        title="この操作は行われませんでした",
        happened=refused.sentence,
        your_action="行われませんでした。シートは何も変わっていません。",
        next_step="いまのシートを見て、必要なら操作し直してください。",
        kept=kept,
        kept_label=next(iter(kept)) if kept and len(kept) == 1 else "書いた内容",
        actions=[*actions, errors.HOME],
    )
