"""Let 500 people save at once and count what is refused, lost or overwritten, and how long they wait.

Starts gunicorn as it is configured, on a port of its own, with the database of DATABASE_URL, which has to be
empty (a SQLite file in a temporary folder unless told otherwise). Everybody is logged in beforehand. Of the
500, most save a sheet of their own; 20 pairs write to two fields of one sheet, and 10 pairs to one field, of
whom one must be told. Prints one line of JSON.
"""

from __future__ import annotations

import asyncio
import io
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

HERE = Path(__file__).resolve().parent.parent
FOLDER = tempfile.TemporaryDirectory(prefix="wardplan-load-")
LOG = Path(FOLDER.name) / "log"
os.environ.setdefault("DATABASE_URL", f"sqlite:///{FOLDER.name}/load.sqlite3")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "wardplan.settings")
sys.path.insert(0, str(HERE))

import django  # noqa: E402

django.setup()

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY  # noqa: E402
from django.contrib.sessions.backends.db import SessionStore  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402

from initiatives.models import Event, Initiative, YearPlan  # noqa: E402
from reviews.models import Review  # noqa: E402
from wardplan.accounts.models import Membership, User  # noqa: E402

CLIENTS = 500
MERGING = 20  # pairs that write to two fields of one sheet
CLASHING = 10  # pairs that write to the same field
PATIENCE = 60  # seconds
TOKEN = "x" * 32
TEXT = "地域活動協議会との連携件数は8月末現在で2件にとどまっている。下半期は回収ボックスを5か所に置く。\n" * 4


@dataclass
class Saving:
    """One person's save: what is sent, what was answered, and after how many seconds."""

    number: str
    field: str
    text: str
    cookie: str
    status: int = 0
    seconds: float = 0.0

    def request(self, port: int) -> bytes:
        body = urlencode({"version": "0", self.field: self.text}).encode()
        head = (
            f"POST /mihon/2020/{self.number}/self-evaluation/ HTTP/1.1\r\n"
            f"Host: localhost:{port}\r\nConnection: close\r\n"
            f"Cookie: csrftoken={TOKEN}; sessionid={self.cookie}\r\nX-CSRFToken: {TOKEN}\r\n"
            f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body


def prepare() -> list[Saving]:
    """Make sheets and people, all logged in, and say who is going to save what."""
    call_command("migrate", verbosity=0)
    call_command("load_demo", stdout=io.StringIO())
    plan = YearPlan.objects.get()
    section = plan.initiatives.order_by("pk")[0].section
    numbers = [str(number) for number in range(1001, 1001 + CLIENTS - MERGING - CLASHING)]
    sheets = [Initiative(plan=plan, number=number, title="負荷", section=section) for number in numbers]
    Initiative.objects.bulk_create(sheets)
    shared = numbers[: MERGING + CLASHING]
    asked = [(number, "results") for number in numbers]
    asked += [(number, "issues" if place < MERGING else "results") for place, number in enumerate(shared)]
    users = User.objects.bulk_create(
        User(username=f"load{place}", name=f"負荷{place}", password="!") for place in range(len(asked))
    )
    Membership.objects.bulk_create(
        Membership(user=user, ward=plan.ward, section=section, role="staff", starts_on="2019-04-01")
        for user in users
    )
    return [
        Saving(number, field, f"{user.username} {TEXT}", log_in(user))
        for user, (number, field) in zip(users, asked, strict=True)
    ]


def log_in(user: User) -> str:
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    # As for somebody who has just opened the form.
    session["touched_at"] = int(time.time())
    session.save()
    return str(session.session_key)


async def send(saving: Saving, port: int) -> None:
    start = time.perf_counter()
    try:
        async with asyncio.timeout(PATIENCE):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(saving.request(port))
            answer = await reader.read()
            writer.close()
            saving.status = int(answer.split(b" ", 2)[1])
    except (OSError, TimeoutError, IndexError):
        pass  # stays 0: refused
    saving.seconds = time.perf_counter() - start


async def send_all(savings: list[Saving], port: int) -> None:
    await asyncio.gather(*(send(saving, port) for saving in savings))


def serve(port: int) -> subprocess.Popen[bytes]:
    """Start the site as in production, and wait until both workers answer."""
    environment = os.environ | {"PORT": str(port)}
    with LOG.open("w") as log:
        server = subprocess.Popen([sys.executable, "-m", "gunicorn"], cwd=HERE, env=environment, stderr=log)
    page = f"GET /accounts/login/ HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n\r\n".encode()
    waited = time.perf_counter() + PATIENCE
    answered = 0
    while answered < 10 and time.perf_counter() < waited:
        try:
            with socket.create_connection(("127.0.0.1", port)) as opened:
                opened.sendall(page)
                answered += opened.recv(12) == b"HTTP/1.1 200"
        except ConnectionError:
            time.sleep(0.1)
    return server


def verdict(savings: list[Saving]) -> dict[str, float]:
    """Compare what was answered with what the database holds, to the letter."""
    answers = dict(Review.objects.values_list("initiative__number", "answers"))
    saved = [saving for saving in savings if saving.status == 302]
    told = [saving for saving in savings if saving.status == 409]
    waits = sorted(saving.seconds for saving in savings)
    events = Event.objects.filter(verb="save", initiative__number__in=answers).count()
    return {
        "refused": len(savings) - len(saved) - len(told),
        "lost": sum(answers.get(one.number, {}).get(one.field) != one.text for one in saved),
        "overwritten": abs(CLASHING - len(told)) + abs(events - len(saved)),
        "p50": waits[len(waits) // 2],
        "p99": waits[len(waits) * 99 // 100],
        "rate": len(savings) / waits[-1],
    }


def main() -> None:
    savings = prepare()
    connection.close()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = serve(port)
    try:
        asyncio.run(send_all(savings, port))
    finally:
        server.terminate()
        server.wait()
    found = verdict(savings)
    if found["refused"] or found["lost"] or found["overwritten"]:
        print(LOG.read_text(), file=sys.stderr)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
