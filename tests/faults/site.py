"""The site as it really runs, with one worker that a test may stop, kill, let go on or reload."""

import http.client
import os
import select
import signal
import socket
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote, urlencode

from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.utils import timezone

from initiatives.models import PlanPhase

ROOT = Path(__file__).parents[2]
TOKEN = "x" * 32


def url_of_the_database():
    """Name the database of this test for another process."""
    settings = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{settings['NAME']}"
    host = quote(settings["HOST"], safe="") or "localhost"
    return f"postgresql://{settings['USER']}@{host}/{settings['NAME']}"


def stretch_to_the_servers_clock(cast):
    """Give staff a session, and the windows no end: the server's clock runs as it does. Give the cookie."""
    PlanPhase.objects.filter(plan=cast.plan).update(due_at=None, closes_at=None)
    client = Client()
    client.force_login(cast.staff)
    Session.objects.update(expire_date=timezone.now().replace(year=2100))
    return client.cookies["sessionid"].value


class Site:
    """gunicorn with tests.faults.held_site on a port of its own, on the database that the URL names."""

    def __init__(self, folder, url, session, *options):
        self.hold_at, self.pipe, self.session = folder / "hold", folder / "pipe", session
        os.mkfifo(self.pipe)
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "--config", "/dev/null", "--workers", "1"]
            + ["--no-control-socket", "--bind", f"fd://{self.listening.fileno()}"]
            + [*options, "tests.faults.held_site"],
            cwd=ROOT,
            env={
                **os.environ,
                "DATABASE_URL": url,
                "HOLD_AT": str(self.hold_at),
                "HOLD_PIPE": str(self.pipe),
                "PYTHONPATH": str(ROOT),
            },
            pass_fds=[self.listening.fileno()],
            stderr=subprocess.DEVNULL,
        )

    def send(self, address, **fields):
        """Send a form, or ask for a page without any fields; give the connection with the answer to come."""
        connected = http.client.HTTPConnection("127.0.0.1", self.listening.getsockname()[1], timeout=30)
        headers = {"Cookie": f"sessionid={self.session}; csrftoken={TOKEN}"}
        if not fields:
            connected.request("GET", address, headers=headers)
            return connected
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        connected.request("POST", address, urlencode({"csrfmiddlewaretoken": TOKEN, **fields}), headers)
        return connected

    def answer(self, address, **fields):
        """Send it and read the answer: (status, text)."""
        return read(self.send(address, **fields))

    def hold(self, place):
        """Let the next save stop before or after its commit."""
        self.hold_at.write_text(place)

    def stopped_worker(self):
        """Wait until a worker has stopped; give its process id."""
        end = os.open(self.pipe, os.O_RDONLY | os.O_NONBLOCK)
        try:
            ready, _, _ = select.select([end], [], [], 30)
            assert ready, "no worker has come to the place where it should stop"
            return int(os.read(end, 20))
        finally:
            os.close(end)

    def go_on(self, worker):
        os.kill(worker, signal.SIGUSR1)

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.listening.close()


def read(connected):
    """Read the answer of a connection: (status, text)."""
    answer = connected.getresponse()
    return answer.status, answer.read().decode()
