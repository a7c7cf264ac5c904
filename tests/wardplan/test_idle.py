from datetime import timedelta

import pytest
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.http import HttpResponse
from django.test import RequestFactory
from django.utils import timezone

from wardplan.idle import IdleSession

pytestmark = pytest.mark.django_db


@pytest.fixture
def clock(time_machine):
    time_machine.move_to("2020-10-01T09:00:00+09:00", tick=False)
    return time_machine


@pytest.fixture
def session_key(clock):
    session = SessionStore()
    session[SESSION_KEY] = "1"
    session["touched_at"] = int(timezone.now().timestamp())
    session.save()
    return session.session_key


def visit(session_key, view=lambda request: HttpResponse(request.session.get(SESSION_KEY))):
    """Answer a request as SessionMiddleware would, and save the session only if it was changed."""
    request = RequestFactory().get("/")
    request.session = SessionStore(session_key)
    IdleSession(view)(request)
    if request.session.modified:
        request.session.save()
    return request.session


def expiry(session_key):
    return Session.objects.get(session_key=session_key).expire_date


def test_a_second_page_within_a_minute_writes_nothing(clock, session_key):
    before = expiry(session_key)
    clock.shift(timedelta(seconds=59))
    assert not visit(session_key).modified
    assert expiry(session_key) == before


def test_a_page_after_a_minute_moves_the_end_along(clock, session_key):
    clock.shift(timedelta(seconds=60))
    visit(session_key)
    assert expiry(session_key) == timezone.now() + timedelta(minutes=60)


def test_an_idle_hour_ends_the_session(clock, session_key):
    clock.shift(timedelta(minutes=60))
    assert SESSION_KEY not in visit(session_key)


def test_a_page_that_never_asks_who_is_there_leaves_the_session_alone(clock, session_key):
    clock.shift(timedelta(minutes=5))
    session = visit(session_key, view=lambda request: HttpResponse())
    assert not session.accessed


def test_a_visitor_gets_no_session():
    assert not visit(None).modified
    assert not Session.objects.exists()
