"""People move on 1 April, managers are away at the deadline: no sheet is stuck, the history keeps names."""

import datetime

import pytest

from initiatives.models import PlanPhase
from tests.cast import JST, hold, newcomer
from tests.faults.typed import COMPLETE, FORM, SUBMIT
from tests.pages import Page, send
from wardplan.accounts.models import Membership, User

MOVE = datetime.datetime(2021, 4, 1, 9, 0, tzinfo=JST)
STATES = ("not_started", "draft", "submitted", "returned", "approved", "published")
SHEET = "/mihon/2020/1/"


# ---- C41 -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", STATES)
def test_sheet_stays_with_the_section_when_people_move(cast, log_in, clock, sound, state):
    cast.review_in(state)
    PlanPhase.objects.filter(plan=cast.plan).update(due_at=None, closes_at=None)
    Membership.objects.filter(user=cast.staff).update(ends_on=datetime.date(2021, 3, 31))
    hold(cast.staff, cast.other_section, "staff", starts_on=MOVE.date())
    successor = hold(newcomer(), cast.section, "staff", starts_on=MOVE.date())
    clock.move_to(MOVE)
    version = cast.review().version if state != "not_started" else 0
    verb = "withdraw" if state == "submitted" else "submit"
    works = 302 if state in ("not_started", "draft", "submitted", "returned") else 409

    gone = log_in(cast.staff)
    assert send(gone, f"{FORM}{verb}/", version=version, **COMPLETE).status_code == 403
    new = log_in(successor)
    assert new.get(FORM).status_code == new.get(SHEET).status_code == 200
    assert send(new, f"{FORM}{verb}/", version=version, **COMPLETE).status_code == works
    if version:
        assert "担当 太郎" in Page(new.get(f"{SHEET}history/")).text
        assert cast.events()[0].by_name == "担当 太郎"
    sound()


def test_who_left_keeps_the_name_in_the_history(cast, log_in, clock):
    cast.review_in("submitted")
    User.objects.filter(pk=cast.staff.pk).update(is_active=False)
    clock.move_to(MOVE)
    assert "担当 太郎" in Page(log_in(cast.second_staff).get(f"{SHEET}history/")).text
    assert log_in(cast.manager).get(FORM).status_code == 200


# ---- C42 -------------------------------------------------------------------------------------------------


def test_deputy_approves_while_the_managers_are_away(cast, log_in, sound):
    cast.review_in("submitted")
    User.objects.filter(pk__in=[cast.manager.pk, cast.second_manager.pk]).update(is_active=False)
    deputy = log_in(cast.deputy)
    assert send(deputy, f"{FORM}approve/", version=2).status_code == 302
    event = cast.events()[-1]
    assert (event.verb, event.by, cast.review().status) == ("approve", cast.deputy, "approved")
    assert "代理" in Page(log_in(cast.staff).get(f"{SHEET}history/")).text
    sound()


def test_without_any_manager_a_new_deputy_is_enough(cast, log_in, sound):
    people = [cast.manager, cast.second_manager, cast.deputy]
    Membership.objects.filter(user__in=people).update(ends_on=datetime.date(2020, 9, 24))
    staff = log_in(cast.staff)
    assert send(staff, SUBMIT, version=0, **COMPLETE).status_code == 302
    assert send(log_in(cast.manager), f"{FORM}approve/", version=1).status_code == 404
    stand_in = hold(newcomer(), cast.section, "manager", acting=True)
    assert send(log_in(stand_in), f"{FORM}approve/", version=1).status_code == 302
    assert cast.events()[-1].by_name == "新人 六郎"
    sound()
