"""Who else has a form open: other people who write at it, or saved it a moment ago."""

from __future__ import annotations

import datetime

from initiatives.models import Event
from wardplan.accounts.models import User
from wardplan.era import clock_time

from .case import Case
from .models import UnsavedText

RECENT = datetime.timedelta(minutes=15)


def read_others(case: Case, user: User, at: datetime.datetime, last: Event | None) -> list[str]:
    """Say in a sentence each who else is at the form; one query. `last` is the newest event of the review.

    Whoever types leaves unsaved text behind; that he or she does so is told, never what it says.
    """
    sentences = []
    saved_by = None
    if last and last.verb in ("save", "import") and last.by_id != user.pk and at - last.at < RECENT:
        saved_by = last.by_id
        sentences.append(f"{last.by_name}さんが{clock_time(last.at)}に保存しました。")
    since = at - RECENT
    if last and last.verb == "submit":
        since = max(since, last.at)  # what was left behind before is no longer being written
    texts = UnsavedText.objects.filter(
        initiative=case.initiative, phase=case.review.phase, at__gt=since
    ).exclude(user=user)
    writing = dict(texts.order_by("at").values_list("user_id", "user__name"))
    sentences += [f"{name}さんが書いています。" for pk, name in writing.items() if pk != saved_by]
    return sentences
