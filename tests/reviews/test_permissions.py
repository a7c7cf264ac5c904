"""Who may do what with a review, beyond the table: dates of memberships, four eyes, superusers."""

import datetime

import pytest

from initiatives.refusals import NotAllowed, NotVisible
from reviews import permissions, workflow
from reviews.case import open_case
from tests.cast import NOW, hold, newcomer


def save(cast, by):
    return workflow.save(
        cast.initiative, "midyear", by=by, at=NOW, version=0, answers=cast.answers("midyear")
    )


def test_superuser_bypasses_nothing(cast):
    operator = newcomer(is_superuser=True)
    with pytest.raises(NotVisible):
        save(cast, operator)
    hold(operator, cast.section, "viewer")
    with pytest.raises(NotAllowed):
        save(cast, operator)
    cast.review_in("submitted")
    with pytest.raises(NotAllowed):
        workflow.approve(cast.initiative, "midyear", by=operator, at=NOW, version=2)


def test_deactivated_user_sees_nothing(cast):
    cast.staff.is_active = False
    with pytest.raises(NotVisible):
        save(cast, cast.staff)


TODAY = NOW.date()
DAY = datetime.timedelta(days=1)


@pytest.mark.parametrize(
    ("starts_on", "ends_on", "valid"),
    [
        (TODAY - DAY, None, True),
        (TODAY, TODAY, True),
        (TODAY - DAY, TODAY - DAY, False),
        (TODAY + DAY, None, False),
    ],
    ids=["since yesterday", "today only", "until yesterday", "from tomorrow"],
)
def test_membership_counts_on_its_days(cast, starts_on, ends_on, valid):
    person = hold(newcomer(), cast.section, "staff", starts_on=starts_on, ends_on=ends_on)
    if valid:
        assert save(cast, person).by == person
    else:
        with pytest.raises(NotVisible):
            save(cast, person)


def test_membership_begins_at_midnight_in_japan(cast, clock):
    person = hold(newcomer(), cast.section, "staff", starts_on=datetime.date(2020, 10, 1))
    clock.move_to(datetime.datetime(2020, 9, 30, 14, 59, 59, tzinfo=datetime.UTC))
    with pytest.raises(NotVisible):
        save(cast, person)
    clock.move_to(datetime.datetime(2020, 9, 30, 15, 0, 0, tzinfo=datetime.UTC))
    assert save(cast, person).by_post == "市民協働課 担当者"


def test_sheet_belongs_to_the_section_when_people_move(cast):
    cast.review_in("submitted")
    mover, successor = cast.staff, newcomer()
    mover.memberships.update(section=cast.other_section)
    mover.forget_roles()
    hold(successor, cast.section, "staff")
    with pytest.raises(NotAllowed):
        workflow.withdraw(cast.initiative, "midyear", by=mover, at=NOW, version=2)
    event = workflow.withdraw(cast.initiative, "midyear", by=successor, at=NOW, version=2)
    assert event.to_status == "draft"
    assert [event.by_name for event in cast.events()] == ["担当 太郎", "担当 太郎", "新人 六郎"]


def test_rights_are_the_union_of_memberships(cast):
    hold(cast.admin, cast.section, "staff")
    review = cast.review_in("draft")
    submitted = workflow.submit(
        cast.initiative, "midyear", by=cast.admin, at=NOW, version=review.version, answers=review.answers
    )
    assert submitted.on_behalf is False
    with pytest.raises(NotAllowed):
        workflow.approve(cast.initiative, "midyear", by=cast.admin, at=NOW, version=3)


def test_submitter_may_return_but_neither_approve_nor_mend(cast):
    cast.review_in("submitted", submitted_by=cast.manager)
    sentence = "自分が提出したシートは、自分では承認できません。代理の承認者に依頼してください。"
    own = {"by": cast.manager, "at": NOW, "version": 2}
    with pytest.raises(NotAllowed, match=sentence):
        workflow.approve(cast.initiative, "midyear", **own)
    with pytest.raises(NotAllowed, match=sentence):
        workflow.save(cast.initiative, "midyear", answers=cast.answers(issues="直した。"), **own)
    returned = workflow.send_back(cast.initiative, "midyear", reason="出し直します。", **own)
    assert returned.to_status == "returned"


def test_phase_that_the_edition_lacks_does_not_exist(cast):
    with pytest.raises(NotVisible):
        open_case(cast.initiative, "final", cast.admin)


def test_sheet_without_a_section_is_nobodys(cast):
    cast.initiative.section = None
    cast.initiative.save()
    for person in (cast.staff, cast.manager):
        with pytest.raises(NotAllowed):
            save(cast, person)
        assert not permissions.can_see_history(person, cast.initiative)
