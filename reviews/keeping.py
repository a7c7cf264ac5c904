"""Keep what was typed when it could not be saved: a session that ended, another person at the same PC."""

from __future__ import annotations

import datetime
import secrets
from typing import Any

from django.contrib.sessions.backends.base import SessionBase
from django.core import signing
from django.http import HttpRequest
from django.utils import timezone

from initiatives.models import Initiative
from wardplan.accounts.models import User
from wardplan.era import to_jst
from wardplan.text import is_blank
from wardplan.working_days import is_working_day

from .case import Case
from .models import UnsavedText

SALT = "reviews.opened_by"
SESSION_KEY = "kept_text"
DECISION_KEY = "kept_decision"
NOTE_KEY = "kept_note"
NOT_TYPED = ("csrfmiddlewaretoken", "opened_by", "version", "next")


def opened_by(case: Case, user: User, page: str = "") -> str:
    """Sign who opened this form, so that text sent without a session finds its writer again.

    Each opened page has a name, or takes over that of the text it goes on with.
    """
    content = [user.pk, case.initiative.pk, case.review.phase, page or new_page()]
    return signing.dumps(content, salt=SALT, compress=True)


def new_page() -> str:
    """Name a page that is being opened, so that several of one form are told apart."""
    return secrets.token_urlsafe(9)


def opener(request: HttpRequest) -> tuple[int, int, str] | None:
    """Read who opened the form that was sent; None when it does not say, or the signature is not ours."""
    try:
        user, initiative, phase, *_ = _opened(request)
    except (signing.BadSignature, ValueError):
        return None
    return user, initiative, phase


def page_of(request: HttpRequest) -> str:
    """Name the opened page that a form was sent from; blank when it does not say."""
    try:
        _, _, _, page = _opened(request)
    except (signing.BadSignature, ValueError):
        return ""
    return page


def _opened(request: HttpRequest) -> list[Any]:
    return signing.loads(request.POST.get("opened_by", ""), salt=SALT, max_age=datetime.timedelta(days=7))


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
    """Keep text that was sent without a log-in for its writer; False when it is not kept.

    Only for a form that we signed: nobody else can fill the table. The text is stored at once, as a session
    ends after an hour, holds one text only and goes with the next log-out; the session just remembers that
    the form is to open with it.
    """
    found = opener(request)
    if found is None or not Initiative.objects.filter(pk=found[1]).exists():
        return False
    writer, initiative, phase = found
    _keep(
        {"user_id": writer, "initiative_id": initiative, "phase": phase, "page": page_of(request)},
        version=version or 0,
        fields=typed_fields(request),
        left=UnsavedText.Left.NO_SESSION,
        at=timezone.now(),
    )
    request.session[SESSION_KEY] = found
    return True


def take_from_session(session: SessionBase, case: Case, user: User) -> bool | None:
    """Tell whether this form was sent without a log-in by this person: True; by somebody else: False.

    None when it was not. Another person never gets the text: it is offered to the writer.
    """
    kept = session.get(SESSION_KEY)
    if not kept or list(kept[1:]) != [case.initiative.pk, case.review.phase]:
        return None
    del session[SESSION_KEY]
    return kept[0] == user.pk


def keep_decision(request: HttpRequest, verb: str) -> bool:
    """Keep the words of a verb that was sent without a log-in until its writer has logged in.

    False when there are none, or when the form is not one that we signed.
    """
    found, fields = opener(request), typed_fields(request)
    if found is None or not any(fields.values()):
        return False
    request.session[_decision_key(found[1])] = {"opener": found, "verb": verb, "fields": fields}
    return True


def take_decision(
    session: SessionBase, initiative: Initiative, user: User
) -> tuple[str, str, dict[str, str]] | None:
    """Hand the kept words of a verb to their writer: phase, verb and fields. Nobody else gets them."""
    kept = session.get(_decision_key(initiative.pk))
    if not kept or kept["opener"][0] != user.pk:
        return None
    del session[_decision_key(initiative.pk)]
    return kept["opener"][2], kept["verb"], kept["fields"]


def _decision_key(initiative: int) -> str:
    return f"{DECISION_KEY}-{initiative}"


def keep_note(request: HttpRequest) -> bool:
    """Keep a handover note that was sent without a log-in until its writer has logged in.

    False when nothing was written, or when the form is not one that we signed.
    """
    found, fields = opener(request), typed_fields(request)
    if found is None or is_blank(fields.get("text", "")):
        return False
    request.session[NOTE_KEY] = {"opener": found, "fields": fields}
    return True


def take_note(session: SessionBase, case: Case, user: User) -> dict[str, str] | None:
    """Hand a kept note to its writer, on the page of its sheet's phase. Nobody else gets it."""
    kept = session.get(NOTE_KEY)
    if not kept or kept["opener"] != [user.pk, case.initiative.pk, case.review.phase]:
        return None
    del session[NOTE_KEY]
    fields: dict[str, str] = kept["fields"]
    return fields


def keep_for(
    user_id: int,
    case: Case,
    version: int,
    fields: dict[str, Any],
    *,
    page: str = "",
    left: str = UnsavedText.Left.AUTOSAVE,
    at: datetime.datetime | None = None,
) -> None:
    """Store what a person typed as his or her unsaved text of this form; it makes no event and no version.

    `at` is when it was typed, now unless told; it never replaces a newer text of the same page.
    """
    _keep(
        {
            "user_id": user_id,
            "initiative_id": case.initiative.pk,
            "phase": case.review.phase,
            "page": page,
        },
        version=version,
        fields=fields,
        left=left,
        at=at or timezone.now(),
    )


def _keep(
    place: dict[str, Any], *, version: int, fields: dict[str, Any], left: str, at: datetime.datetime
) -> None:
    if not User.objects.filter(pk=place["user_id"]).exists():
        return
    if UnsavedText.objects.filter(**place, at__gt=at).exists():
        return
    UnsavedText.objects.update_or_create(
        **place, defaults={"base_version": version, "fields": fields, "at": at, "left": left}
    )


def kept_until(at: datetime.datetime) -> datetime.datetime:
    """Tell until when a text stays: a day, and over days off to the same time of the next working day.

    What was left on a Friday evening is still there on Monday morning.
    """
    until = to_jst(at) + datetime.timedelta(days=1)
    while not is_working_day(until):
        until += datetime.timedelta(days=1)
    return until


def unsaved_text(case: Case, user: User) -> UnsavedText | None:
    """Find what this person typed last into this form without saving it; None when its time is over."""
    newest = UnsavedText.objects.filter(user=user, initiative=case.initiative, phase=case.review.phase)
    found = newest.order_by("-at", "-pk").first()
    return found if found and timezone.now() <= kept_until(found.at) else None


def forget(case: Case, user: User, page: str = "") -> None:
    """Drop the unsaved text of one opened page: its writer wants it no more, or it says what stands."""
    UnsavedText.objects.of_page(user, case.review, page).delete()


def forget_the_old() -> int:
    """Drop everybody's unsaved texts whose time is over, and count them. Runs with each text that is kept."""
    now = timezone.now()
    a_day_ago = now - datetime.timedelta(days=1)
    old = UnsavedText.objects.filter(at__lt=a_day_ago).values_list("pk", "at")
    over = [key for key, at in old if now > kept_until(at)]
    if over:
        UnsavedText.objects.filter(pk__in=over).delete()
    return len(over)
