import datetime

from axes.models import AccessAttempt, AccessLog
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.core.management import call_command

from reviews.models import UnsavedText
from tests.cast import NOW

MONTH = datetime.timedelta(days=30)
MINUTE = datetime.timedelta(minutes=1)


def log_in_at(clock, moment):
    clock.move_to(moment)
    AccessLog.objects.create(username="staff", session_hash=str(moment))
    AccessAttempt.objects.create(username=str(moment), failures_since_start=1)


def session(seconds):
    store = SessionStore()
    store.set_expiry(seconds)
    store.save()
    return store.session_key


def test_only_what_is_over_goes(cast, clock, capsys):
    log_in_at(clock, NOW - MONTH - MINUTE)
    UnsavedText.objects.create(
        user=cast.staff,
        initiative=cast.initiative,
        phase="midyear",
        at=NOW - MONTH,
        fields={},
        base_version=0,
    )
    session(60)
    open_one = session(40 * 24 * 3600)
    log_in_at(clock, NOW - MONTH + MINUTE)
    clock.move_to(NOW)
    fresh = UnsavedText.objects.create(
        user=cast.staff,
        initiative=cast.initiative,
        phase="midyear",
        page="b",
        at=NOW - MINUTE,
        fields={},
        base_version=0,
    )

    call_command("prune")

    assert capsys.readouterr().out == "ログインの記録2件と、書きかけ1件を消しました。\n"
    for log in (AccessLog, AccessAttempt):
        assert [row.attempt_time for row in log.objects.all()] == [NOW - MONTH + MINUTE]
    assert list(UnsavedText.objects.all()) == [fresh]
    assert set(Session.objects.values_list("pk", flat=True)) == {open_one}
