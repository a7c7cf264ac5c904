"""Faults put in on purpose. After each, what was acknowledged is stored and what was not is still there."""

import pytest
from django.db import connection
from django.test import Client

from initiatives.models import Event
from reviews.models import Review
from tests.faults.typed import FORM


@pytest.fixture
def log_in():
    """Give a client that is logged in; a server error is a page to it, not an exception."""

    def log_in(user, **options):
        client = Client(raise_request_exception=False, **options)
        client.force_login(user)
        client.get(FORM)  # writes that the session was used, which happens once a minute
        return client

    return log_in


@pytest.fixture
def sound():
    """Check that state, record and version of every review agree, and that the database is whole."""

    def sound():
        for review in Review.objects.all():
            events = list(
                Event.objects.filter(initiative=review.initiative, phase=review.phase).order_by("version")
            )
            assert [event.version for event in events] == list(range(1, review.version + 1))
            for before, after in zip(events, events[1:], strict=False):
                assert before.to_status == after.from_status
            if events:
                assert (events[-1].to_status, events[-1].content["answers"]) == (
                    review.status,
                    review.answers,
                )
        connection.check_constraints()
        if connection.vendor == "sqlite":
            with connection.cursor() as cursor:
                assert cursor.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
                assert cursor.execute("PRAGMA foreign_key_check").fetchall() == []

    return sound
