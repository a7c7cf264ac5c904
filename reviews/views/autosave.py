"""What is typed is kept on the way, as the writer's unsaved text. Answers scripts, in JSON."""

from __future__ import annotations

import datetime

from django.http import Http404, HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from initiatives.refusal_pages import note
from initiatives.refusals import ChangedMeanwhile, Refused, TransitionNotAllowed
from initiatives.views.posted import posted_version
from wardplan.accounts.models import User
from wardplan.era import clock_time
from wardplan.fiscal_year import FiscalYear

from .. import keeping, rules
from ..case import Case
from ..forms import ReviewForm
from ..workbook.capacity import capacities
from .case import find_whole_case
from .restore import differing_fields
from .review import sheet_of

LOGGED_OUT = "ログインが切れました。「一時保存」を押してログインすると、続きから書けます。"
NOT_FOUND = "このシートが見つかりません。文をコピーして手元に控えてください。"
ANOTHER_PERSON = TransitionNotAllowed(
    "別の利用者です。この画面を開いた人とログインしている人が違うため、残していません。"
)
NO_VERSION = ChangedMeanwhile("画面が古くなっています。文をコピーしてから、開き直してください。")


@never_cache
@require_POST
def autosave(request: HttpRequest, ward: str, year: FiscalYear, number: str, phase: str) -> JsonResponse:
    user, now = request.user, timezone.now()
    if not isinstance(user, User):
        return _refused(401, LOGGED_OUT)
    try:
        case = find_whole_case(user, ward, year, number, phase)
        rules.check("save", case, user, now)
        version = _check_page(request, case, user)
    except Http404:
        return _refused(404, NOT_FOUND)
    except Refused as refused:
        note(request, refused)
        return _refused(refused.code, refused.sentence if refused.code != 404 else NOT_FOUND)
    keeping.forget_the_old()
    typed = keeping.typed_fields(request)
    fields = {name: typed[name] for name in ReviewForm(case).fields if name in typed}
    page = keeping.page_of(request)
    differs = bool(differing_fields(case, fields))
    if differs:
        keeping.keep_for(user.pk, case, version, fields, page=page, at=now - _age(request))
    else:
        keeping.forget(case, user, page)
    return JsonResponse({"saved_at": clock_time(now), "differs": differs, "fits": fits(case, user, fields)})


def _check_page(request: HttpRequest, case: Case, user: User) -> int:
    """Give the version that the page was opened at; refuse a page that somebody else opened."""
    opener, version = keeping.opener(request), posted_version(request)
    if opener is not None and opener[0] != user.pk:
        raise ANOTHER_PERSON
    if version is None or version > case.review.version:
        raise NO_VERSION
    return version


def _age(request: HttpRequest) -> datetime.timedelta:
    """Read how long ago a text was typed that the browser could not send at once."""
    sent = request.POST.get("age", "")
    seconds = int(sent) if sent.isascii() and sent.isdigit() and len(sent) < 7 else 0
    return datetime.timedelta(seconds=seconds)


def fits(case: Case, user: User, texts: dict[str, str]) -> dict[str, str]:
    """Say for each text field, in words, whether the printed sheet fits its page."""
    measured = capacities(sheet_of(case, user), case.phase.key, texts)
    return {name: capacity.words for name, capacity in measured.items()}


def _refused(code: int, sentence: str) -> JsonResponse:
    return JsonResponse({"refused": sentence}, status=code)
