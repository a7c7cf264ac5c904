"""Answer refused acts with the page that fits their code, and note them in the log."""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect

from wardplan import errors

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
        if request.method == "POST" and response.get("Location") == _log_in_at(request.get_full_path()):
            # Back to where the button stood: its own address shows nothing after the log-in.
            return redirect(_log_in_at(errors.page_before(request) or request.get_full_path()))
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        return refusal_page(request, exception) if isinstance(exception, Refused) else None


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
