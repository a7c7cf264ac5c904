"""Keep what was typed when it could not be saved: a session that ended, another person at the same PC."""

from __future__ import annotations

import datetime
from typing import Any

from django.contrib.sessions.backends.base import SessionBase
from django.core import signing
from django.http import HttpRequest
from django.utils import timezone

from wardplan.accounts.models import User

from .models import UnsavedText
from .workflow import Case

SALT = "reviews.opened_by"
SESSION_KEY = "kept_text"
NOT_TYPED = ("csrfmiddlewaretoken", "opened_by", "version")


def opened_by(case: Case, user: User) -> str:
    """Sign who opened this form, so that text sent without a session finds its writer again."""
    return signing.dumps([user.pk, case.initiative.pk, case.review.phase], salt=SALT, compress=True)


def opener(request: HttpRequest) -> tuple[int, int, str] | None:
    """Read who opened the form that was sent; None when it does not say, or the signature is not ours."""
    try:
        user, initiative, phase = signing.loads(
            request.POST.get("opened_by", ""), salt=SALT, max_age=datetime.timedelta(days=7)
        )
    except (signing.BadSignature, ValueError):
        return None
    return user, initiative, phase


def typed_fields(request: HttpRequest) -> dict[str, str]:
    """Take what was typed from a POST, by input name, as it came; NUL, which no database keeps, as U+FFFD.

    On the page of a conflict the own text stands in `mine-…`: that is what was typed there.
    """
    fields = {
        name.replace("\x00", "\ufffd"): str(value).replace("\x00", "\ufffd")
        for name, value in request.POST.items()
        if name not in NOT_TYPED
    }
    return fields | {
        name.removeprefix("mine-"): value for name, value in fields.items() if name.startswith("mine-")
    }


def keep_in_session(request: HttpRequest, version: int | None) -> bool:
    """Keep text that was sent without a log-in until its writer has logged in; False when it is not kept.

    Only for a form that we signed: nobody else can fill the session table.
    """
    found = opener(request)
    if found is not None:
        request.session[SESSION_KEY] = {
            "opener": found,
            "version": version or 0,
            "fields": typed_fields(request),
        }
    return found is not None


def take_from_session(session: SessionBase, case: Case, user: User) -> bool | None:
    """Hand kept text to its writer as unsaved text: True; False when somebody else is at the PC now.

    None when nothing was kept for this form. Another person never gets the text: it is offered to the
    writer at the next log-in, and leaves this session.
    """
    kept = session.get(SESSION_KEY)
    if not kept or kept["opener"][1:] != [case.initiative.pk, case.review.phase]:
        return None
    del session[SESSION_KEY]
    keep_for(kept["opener"][0], case, kept["version"], kept["fields"])
    return kept["opener"][0] == user.pk


def keep_for(user_id: int, case: Case, version: int, fields: dict[str, Any]) -> None:
    """Store what a person typed as his or her unsaved text of this form; it makes no event and no version."""
    if User.objects.filter(pk=user_id).exists():
        UnsavedText.objects.update_or_create(
            user_id=user_id,
            initiative=case.initiative,
            phase=case.review.phase,
            defaults={"base_version": version, "fields": fields, "at": timezone.now()},
        )


def unsaved_text(case: Case, user: User) -> UnsavedText | None:
    """Find what this person typed into this form without saving it."""
    return UnsavedText.objects.filter(user=user, initiative=case.initiative, phase=case.review.phase).first()


def forget(case: Case, user: User) -> None:
    """Drop the person's unsaved text of a form, once a save holds it."""
    UnsavedText.objects.filter(user=user, initiative=case.initiative, phase=case.review.phase).delete()
