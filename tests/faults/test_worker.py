"""A worker of a real server is killed before and after the commit of a save (C1, C2)."""

import http.client
import os
import select
import signal
import socket
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote, urlencode, urlsplit

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.utils import timezone

from initiatives.models import PlanPhase
from tests.cast import snapshot
from tests.faults.typed import COMPLETE, FORM

pytestmark = pytest.mark.django_db(transaction=True)
ROOT = Path(__file__).parents[2]
TOKEN = "x" * 32


def url_of_the_database():
    """Name the database of this test for another process."""
    settings = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{settings['NAME']}"
    host = quote(settings["HOST"], safe="") or "localhost"
    return f"postgresql://{settings['USER']}@{host}/{settings['NAME']}"


@pytest.fixture
def server(tmp_path, cast):
    """Run the site with one worker on a port of its own; give (port, file that says where to stop, pipe)."""
    # The server's clock runs as it does; the cast's windows and session are stretched to it.
    PlanPhase.objects.filter(plan=cast.plan).update(due_at=None, closes_at=None)
    pipe, hold_at = tmp_path / "pipe", tmp_path / "hold"
    os.mkfifo(pipe)
    listening = socket.create_server(("127.0.0.1", 0))
    process = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "--config", "/dev/null", "--workers", "1", "--no-control-socket"]
        + ["--bind", f"fd://{listening.fileno()}", "--graceful-timeout", "1", "tests.faults.held_site"],
        cwd=ROOT,
        env={
            **os.environ,
            "DATABASE_URL": url_of_the_database(),
            "HOLD_AT": str(hold_at),
            "HOLD_PIPE": str(pipe),
            "PYTHONPATH": str(ROOT),
        },
        pass_fds=[listening.fileno()],
        stderr=subprocess.DEVNULL,
    )
    yield listening.getsockname()[1], hold_at, pipe
    process.terminate()
    process.wait(10)
    listening.close()


def open_save(port, cast, version, **fields):
    """Send a save and give the connection, whose answer has not been read."""
    client = Client()
    client.force_login(cast.staff)
    Session.objects.update(expire_date=timezone.now().replace(year=2100))
    body = urlencode({"csrfmiddlewaretoken": TOKEN, "version": version, **fields})
    connected = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    cookie = f"sessionid={client.cookies['sessionid'].value}; csrftoken={TOKEN}"
    headers = {"Cookie": cookie, "Content-Type": "application/x-www-form-urlencoded"}
    connected.request("POST", FORM, body, headers)
    return connected


def stopped_worker(pipe):
    """Wait until a worker says that it has stopped."""
    end = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        ready, _, _ = select.select([end], [], [], 30)
        assert ready, "no worker has come to the place where it should stop"
        return int(os.read(end, 20))
    finally:
        os.close(end)


@pytest.mark.parametrize("place", ["before", "after"])
def test_worker_killed_around_the_commit(cast, server, sound, place):
    port, hold_at, pipe = server
    before = snapshot()
    hold_at.write_text(place)
    first = open_save(port, cast, 0, **COMPLETE)
    worker = stopped_worker(pipe)
    os.kill(worker, signal.SIGKILL)
    with pytest.raises((http.client.HTTPException, ConnectionError)):
        first.getresponse()
    if place == "before":
        assert snapshot() == before
    else:
        assert [event.verb for event in cast.events()] == ["save"]
    sound()

    # Whoever saw no answer sends the same again, to the worker that has taken over.
    answer = open_save(port, cast, 0, **COMPLETE).getresponse()
    assert (answer.status, urlsplit(answer.headers["Location"]).path) == (302, FORM)
    assert [event.verb for event in cast.events()] == ["save"]
    assert (cast.review().version, cast.review().answers) == (1, COMPLETE)
    sound()
