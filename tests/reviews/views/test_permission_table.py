"""tests/data/permissions.csv over HTTP: each row builds the state, acts as a browser does, and compares."""

import io
import zipfile
from typing import Any

import pytest
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.http import HttpResponse
from django.test import Client

from initiatives.models import Event
from tests.cast import Cast, scratch, snapshot
from tests.permission_table import PLAN_CASES, REVIEW_CASES, Case, Row

UNTIL = "令和2年10月30日"
SECRET = "この文はまだ見せません。"
READING = {"view", "export", "history", "public"}
WRITING = {"save", "submit"}
DECIDING = {"withdraw", "approve", "return", "reopen", "extend", "publish", "correct"}
CASES = [case for case in REVIEW_CASES if case.action in READING | WRITING | DECIDING]


def address(case: Case | Row, ending: str = "") -> str:
    return f"/mihon/2020/1/{case.phase.replace('_', '-')}/{ending}"


def typed(cast: Cast, case: Case | Row) -> dict[str, Any]:
    """Fill the form in as a person would: complete, and different from what stands there."""
    if case.phase == "midyear":
        return {"implementation": "1", "outlook": "2", "issues": SECRET}
    return {"results": SECRET, "achievement": "1", "issues": "次年度も続ける。"}


def build(cast: Cast, case: Case, submitted_by: Any = None) -> int:
    field = "issues" if case.phase == "midyear" else "results"
    cast.set_window(case.phase, case.window)
    answers = cast.answers(case.phase, **{field: "既に書かれていた文です。"})
    review = cast.review_in(case.state, case.phase, answers=answers, submitted_by=submitted_by)
    return review.version


def client_of(cast: Cast, actor: str) -> Client:
    """Open a browser with the session that a log-in leaves; thousands of log-ins would take a minute."""
    client = Client()
    if actor != "anonymous":
        user = cast.actor(actor)
        session = SessionStore()
        session[SESSION_KEY] = str(user.pk)
        session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
        session[HASH_SESSION_KEY] = user.get_session_auth_hash()
        session.save()
        client.cookies["sessionid"] = session.session_key
    return client


def send(cast: Cast, row: Row, version: int, **extra: str) -> HttpResponse:
    client = client_of(cast, row.actor)
    if row.action in WRITING:
        ending = "submit/" if row.action == "submit" else ""
        return client.post(address(row, ending), {**typed(cast, row), "version": version, **extra})
    return client.post(
        address(row, f"{row.action}/"), {"version": version, "reason": "理由を書きます。", **extra}
    )


def read(cast: Cast, row: Row) -> str:
    """Open the page or the file of a row and say how much of the review it shows."""
    client = client_of(cast, row.actor)
    addresses = {
        "view": "/mihon/2020/1/",
        "export": "/mihon/2020/1/sheet.xlsx",
        "history": "/mihon/2020/1/history/",
        "public": "/public/mihon/2020/1/",
    }
    response = client.get(addresses[row.action])
    if response.status_code == 302:
        assert response["Location"].startswith("/accounts/login/")
        return "login"
    if response.status_code != 200 or row.action == "history":
        return str(response.status_code)
    if row.action == "export":
        # The parts as they are: loading each workbook would take most of the table's time.
        with zipfile.ZipFile(io.BytesIO(response.content)) as parts:
            text = "".join(parts.read(name).decode() for name in parts.namelist() if name.endswith(".xml"))
    elif row.action == "public":
        text = response.content.decode()
    else:
        text = response.content.decode() + client.get(address(row)).content.decode()
    if row.state == "not_started":
        return row.expected  # there is no text that could be shown or hidden
    return "200" if "既に書かれていた文です。" in text else "status_only"


def answer_of(response: HttpResponse) -> str:
    text = response.content.decode()
    if response.status_code == 302:
        location = response["Location"]
        return "login" if location.startswith("/accounts/login/") else "ok"
    if response.status_code == 200 and "利用者ID" in text:
        return "login_text_kept" if SECRET in text else "login page without the text"
    if response.status_code == 409:
        return "409_text_kept" if SECRET in text else "409"
    return str(response.status_code)


def accepted(row: Row, before: Any, events: int) -> str:
    if snapshot() == before:
        return "accepted, but nothing was written"
    if Event.objects.count() != events + 1:
        return f"{Event.objects.count() - events} events"
    return "ok_late" if Event.objects.latest("pk").late else "ok"


def check_row(cast: Cast, row: Row, version: int, before: Any) -> str:
    """Act in the state that was built; `before` are all rows as they stand there."""
    if row.action in READING:
        return read(cast, row)
    if row.expected == "ok_with_new_date":
        without = send(cast, row, version)
        if without.status_code != 200 or "日付を入れてください" not in without.content.decode():
            return f"without a date: {without.status_code}"
        if snapshot() != before:
            return "without a date something was written"
    events = Event.objects.count()
    extra = {"until": UNTIL} if row.expected == "ok_with_new_date" else {}
    answer = answer_of(send(cast, row, version, **extra))
    if answer == "ok":
        answer = accepted(row, before, events)
        return "ok_with_new_date" if row.expected == "ok_with_new_date" and answer == "ok" else answer
    return answer if snapshot() == before else f"{answer}, but something was written"


def same_answer(row: Row, answer: str) -> bool:
    # The text that was typed is handed back with every 409; where the row asks for it, it is demanded.
    return answer == row.expected or (row.expected == "409" and answer == "409_text_kept")


def check_case(cast: Cast, case: Case, rows: list[Row], submitted_by: Any = None) -> list[str]:
    """Build a case's state once, and let everybody act in it as if nobody had before."""
    wrong = []
    with scratch():
        version = build(cast, case, submitted_by)
        before = None if case.action in READING else snapshot()
        for row in rows:
            with scratch():
                answer = check_row(cast, row, version, before)
            if not same_answer(row, answer):
                wrong.append(row.wrong(answer))
    return wrong


@pytest.mark.django_db
@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_row_over_http(world: Cast, case: Case) -> None:
    own = [row for row in case.rows if row.expected == "ok_if_not_own_submission"]
    wrong = check_case(world, case, [row._replace(expected="ok") if row in own else row for row in case.rows])
    for row in own:
        wrong += check_case(world, case, [row._replace(expected="403")], world.actor(row.actor))
    assert wrong == []


@pytest.mark.django_db
@pytest.mark.parametrize("case", [case for case in PLAN_CASES if case.action == "public"], ids=str)
def test_every_public_row_of_the_plan_over_http(world: Cast, case: Case) -> None:
    wrong = []
    with scratch():
        world.plan_in(case.state)
        for row in case.rows:
            response = client_of(world, row.actor).get("/public/mihon/2020/1/")
            shows = world.initiative.activities.lstrip("・") in response.content.decode()
            if str(response.status_code) != row.expected or shows != (row.expected == "200"):
                wrong.append(row.wrong(response.status_code))
    assert wrong == []
