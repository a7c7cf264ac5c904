"""Every plan row of the permission table, at the verbs."""

from decimal import Decimal

import pytest

from initiatives import permissions, publication, workflow
from initiatives.models import Event, Initiative, YearPlan
from initiatives.refusals import LoginNeeded, NotAllowed, NotVisible, Refused, TransitionNotAllowed
from tests.cast import NOW, difference, scratch, snapshot
from tests.permission_table import PLAN_CASES, Case, Row

VERBS = {
    "edit": lambda cast, by: workflow.edit(cast.plan, by=by, at=NOW),
    "confirm": lambda cast, by: workflow.confirm(cast.plan, by=by, at=NOW, version=cast.plan.version),
    "publish": lambda cast, by: workflow.publish(cast.plan, by=by, at=NOW, version=cast.plan.version),
    "new_version": lambda cast, by: workflow.new_version(
        cast.plan,
        by=by,
        at=NOW,
        version=cast.plan.version,
        content=cast.plan_content(),
        reason="目標を見直したため",
    ),
    "delete": lambda cast, by: workflow.delete(cast.plan, by=by, at=NOW, version=cast.plan.version),
    "assign_section": lambda cast, by: workflow.assign_section(
        cast.initiative, by=by, at=NOW, section=cast.other_section
    ),
    "record_measurement": lambda cast, by: workflow.record_measurement(
        cast.plan, cast.own_indicator, by=by, at=NOW, fiscal_year=2020, value=Decimal(6)
    ),
    "resolve": lambda cast, by: workflow.resolve(
        cast.relative_target, by=by, at=NOW, value=Decimal(9), base_value=Decimal(10)
    ),
}
REFUSALS = {"login": LoginNeeded, "404": NotVisible, "403": NotAllowed, "409": TransitionNotAllowed}


def read(action, cast, by) -> str:
    if action == "public":
        return "200" if publication.public_part(cast.initiative, publication.PLAN) else "404"
    if not by.is_authenticated:
        return "login"
    visible = YearPlan.objects.visible_to(by).filter(pk=cast.plan.pk).exists()
    assert permissions.can_view_plan(by, cast.plan) == visible
    assert Initiative.objects.visible_to(by).filter(pk=cast.initiative.pk).exists() == visible
    return "200" if visible else "404"


def try_row(row: Row, cast, before: dict) -> str:
    """Let one actor act, and say what is wrong with the answer."""
    by = cast.actor(row.actor)
    try:
        answer = VERBS[row.action](cast, by)
    except Refused as refusal:
        answer = refusal
    changed = difference(before, snapshot())
    if row.expected in REFUSALS:
        if type(answer) is not REFUSALS[row.expected]:
            return repr(answer)
        return str(changed or "")
    if not isinstance(answer, Event):
        return repr(answer)
    told = (answer.verb, answer.by, answer.from_status, answer.version)
    if told != (row.action, by, row.state, cast.plan.version + 1) or changed["Event"] != (1, 0, 0):
        return f"{told}, {changed}"
    return ""


@pytest.mark.django_db
@pytest.mark.parametrize("case", PLAN_CASES, ids=str)
def test_permission_table(world, case: Case):
    wrong = []
    with scratch():
        world.plan_in(case.state)
        before = snapshot()
        for row in case.rows:
            with scratch():
                if row.action in VERBS:
                    answer = try_row(row, world, before)
                else:
                    answer = read(row.action, world, world.actor(row.actor))
                    answer = "" if answer == row.expected else answer
            wrong += [row.wrong(answer)] if answer else []
    assert not wrong, "\n" + "\n".join(wrong)


def test_permission_table_names_every_verb():
    rows = [row for case in PLAN_CASES for row in case.rows]
    assert {row.action for row in rows} == {*VERBS, "view", "public"}
    assert len(rows) == 240
