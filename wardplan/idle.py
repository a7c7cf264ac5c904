"""End a session an hour after its last use, without a database write on every page."""

import time
from collections.abc import Callable

from django.contrib.auth import SESSION_KEY
from django.http import HttpRequest, HttpResponse

TOUCH_EVERY_SECONDS = 60


class IdleSession:
    """Touch the session of a logged-in user at most once a minute.

    A touch saves the session and thereby moves its end to SESSION_COOKIE_AGE from now.
    SESSION_SAVE_EVERY_REQUEST would take SQLite's one write lock on every GET.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        session = request.session
        # Pages that never asked who is there stay without a session query, and cacheable.
        if session.accessed and SESSION_KEY in session:
            now = int(time.time())
            if now - session.get("touched_at", 0) >= TOUCH_EVERY_SECONDS:
                session["touched_at"] = now
        return response
