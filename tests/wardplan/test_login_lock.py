from datetime import timedelta

import pytest
from axes.models import AccessAttempt
from django.contrib.auth import authenticate, get_user_model
from django.test import RequestFactory

pytestmark = pytest.mark.django_db

PASSWORD = "桜の咲くころに会いましょう"


@pytest.fixture(autouse=True)
def clock(time_machine):
    time_machine.move_to("2020-10-01T09:00:00+09:00", tick=False)
    return time_machine


@pytest.fixture(autouse=True)
def people():
    for name in ("hayashi", "mori"):
        get_user_model().objects.create_user(name, name=name, password=PASSWORD)


def log_in(username, password=PASSWORD, address="192.0.2.1"):
    """Return the user as the log-in page would, or None."""
    fields = {"username": username, "password": password}
    request = RequestFactory().post("/accounts/login/", fields, REMOTE_ADDR=address)
    return authenticate(request, **fields)


def fail(*spellings):
    for spelling in spellings:
        assert log_in(spelling, "wrong") is None


def test_fifth_failure_locks_the_name():
    fail(*["hayashi"] * 4)
    assert log_in("hayashi").username == "hayashi"
    fail(*["mori"] * 5)
    assert log_in("mori") is None


def test_other_spellings_buy_no_further_tries():
    fail("hayashi", "HAYASHI", "ｈａｙａｓｈｉ", "Ｈayashi", " hayashi")
    assert log_in("hayashi") is None
    assert AccessAttempt.objects.get().username == "hayashi"


def test_lock_holds_from_every_address_and_for_nobody_else():
    fail(*["hayashi"] * 5)
    assert log_in("hayashi", address="192.0.2.2") is None
    assert log_in("mori", address="192.0.2.1").username == "mori"


def test_lock_ends_after_half_an_hour_even_if_somebody_keeps_trying(clock):
    fail(*["hayashi"] * 5)
    clock.shift(timedelta(minutes=29))
    fail("hayashi")
    clock.shift(timedelta(minutes=2))
    assert log_in("hayashi").username == "hayashi"


def test_long_name_is_no_server_error():
    fail("\ufdfa" * 150)
    assert len(AccessAttempt.objects.get().username) == 255
