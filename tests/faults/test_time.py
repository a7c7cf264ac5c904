"""The second before a deadline, the second after it, and the night to the new fiscal year."""

import datetime
import os
import time

import pytest

from initiatives.models import PlanPhase
from tests.cast import JST, WINDOW_MOMENTS, snapshot
from tests.faults.typed import COMPLETE, FORM, SUBMIT, handed_back
from tests.pages import Page, send
from wardplan.fiscal_year import FiscalYear

SECOND = datetime.timedelta(seconds=1)
OPENS, DUE, CLOSES = WINDOW_MOMENTS["open"]


# ---- C15 -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("moment", "code", "late"),
    [
        (OPENS - SECOND, 409, None),
        (OPENS, 302, False),
        (DUE - SECOND, 302, False),
        (DUE, 302, False),
        (DUE + SECOND, 302, True),
        (CLOSES, 302, True),
        (CLOSES + SECOND, 409, None),
    ],
)
def test_deadline_is_kept_to_the_second(cast, log_in, clock, sound, moment, code, late):
    clock.move_to(moment)
    client = log_in(cast.staff)
    before = snapshot()
    answer = send(client, SUBMIT, version=0, **COMPLETE)
    assert answer.status_code == code
    if late is None:
        assert handed_back(answer)
        assert snapshot() == before
    else:
        [event] = cast.events()
        assert (event.verb, event.late) == ("submit", late)
    sound()


def test_page_opened_in_time_and_sent_late_counts_as_late(cast, log_in, clock):
    clock.move_to(DUE - 30 * SECOND)
    client = log_in(cast.staff)
    typed = Page(client.get(FORM)).typed | COMPLETE
    clock.move_to(DUE + SECOND)
    send(client, SUBMIT, **typed)
    assert cast.events()[0].late


def test_clock_that_steps_back_an_hour_breaks_nothing(cast, log_in, clock, sound):
    client = log_in(cast.staff)
    send(client, FORM, version=0, **COMPLETE)
    clock.shift(datetime.timedelta(hours=-1))
    assert send(client, FORM, version=1, **COMPLETE | {"outlook": 1}).status_code == 302
    assert send(client, SUBMIT, version=2, **COMPLETE | {"outlook": 1}).status_code == 302
    assert [event.version for event in cast.events()] == [1, 2, 3]
    sound()


# ---- C16 -------------------------------------------------------------------------------------------------


@pytest.fixture
def server_in_utc(monkeypatch):
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()
    assert os.environ["TZ"] == "Asia/Tokyo"


LAST_SECOND = datetime.datetime(2021, 3, 31, 14, 59, 59, tzinfo=datetime.UTC)


def test_new_year_begins_at_midnight_in_japan(cast, log_in, clock, server_in_utc, sound):
    due = datetime.datetime(2021, 5, 31, 17, 15, tzinfo=JST)
    PlanPhase.objects.filter(plan=cast.plan, phase="self_evaluation").update(due_at=due, closes_at=due)
    address = "/mihon/2020/1/self-evaluation/"
    for moment, year in ((LAST_SECOND, 2020), (LAST_SECOND + SECOND, 2021)):
        clock.move_to(moment)
        assert FiscalYear.today() == FiscalYear.of(moment) == year
        client = log_in(cast.staff)
        page = Page(client.get(address))
        assert "提出期限 令和3年5月31日(月)17:15" in page.text
        work = Page(client.get("/"))
        assert work.html.count(f'href="{address}"') == 1
    send(client, address, version=0, results="4月に書いた。")
    [event] = cast.events("self_evaluation")
    assert (event.fiscal_year, event.late) == (2020, False)
    assert "4月1日(木)0:00 保存済み" in Page(client.get(address)).text
    sound()
