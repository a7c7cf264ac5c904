import datetime

import pytest

from initiatives.refusals import Incomplete, NotAllowed, TransitionNotAllowed
from reviews import workflow
from reviews.deputies import decided_by_deputies, end_deputy, name_deputy, read_deciders
from tests.cast import NOW, hold, newcomer
from wardplan.accounts.models import Membership, User

TODAY = NOW.date()
DAY = datetime.timedelta(days=1)


def name(cast, deputy, *, by=None, first=0, last=10, section=None):
    return name_deputy(
        section or cast.section,
        deputy,
        by=by or cast.manager,
        on=TODAY,
        starts_on=TODAY + first * DAY,
        ends_on=TODAY + last * DAY,
    )


def test_deputy_approves_within_the_days_and_not_after(cast):
    named = name(cast, cast.staff_other_section)
    assert (named.role, named.acting, named.section, named.ward) == (
        "manager",
        True,
        cast.section,
        cast.ward,
    )
    deputy = User.objects.get(pk=cast.staff_other_section.pk)
    assert cast.section.pk in deputy.roles(TODAY + 10 * DAY).acting_for
    assert cast.section.pk not in deputy.roles(TODAY + 11 * DAY).manager_of
    review = cast.review_in("submitted")
    event = workflow.approve(cast.initiative, "midyear", by=deputy, at=NOW, version=review.version)
    assert event.on_behalf


def test_same_deputy_named_twice_is_one(cast):
    assert name(cast, cast.staff) == name(cast, cast.staff)
    assert Membership.objects.filter(user=cast.staff, acting=True).count() == 1


@pytest.mark.parametrize("who", ["deputy", "staff", "admin", "viewer", "manager_other_section", "other_ward"])
def test_only_the_sections_own_manager_names_a_deputy(cast, who):
    count = Membership.objects.count()
    with pytest.raises(NotAllowed):
        name(cast, cast.second_staff, by=cast.actor(who))
    assert Membership.objects.count() == count


@pytest.mark.parametrize(
    ("who", "days", "field", "words"),
    [
        ("manager", {}, "deputy", "自分以外の人を選んでください。"),
        ("other_ward", {}, "deputy", "この区で有効な利用者から選んでください。"),
        ("staff", {"first": -1}, "starts_on", "開始日は今日以後の日にしてください。"),
        ("staff", {"first": 5, "last": 4}, "ends_on", "終了日は開始日以後の日にしてください。"),
        ("staff", {"last": 367}, "ends_on", "1年以内の日にしてください。"),
        ("second_manager", {}, "deputy", "課長 二郎さんは、すでに令和2年4月10日から期限なしで承認できます。"),
    ],
)
def test_deputy_that_does_not_fit_is_refused(cast, who, days, field, words):
    count = Membership.objects.count()
    with pytest.raises(Incomplete) as refused:
        name(cast, cast.actor(who), **days)
    assert refused.value.problems[field] == words
    assert Membership.objects.count() == count


def test_deactivated_person_cannot_be_named(cast):
    gone = hold(newcomer(is_active=False), cast.section, "staff")
    with pytest.raises(Incomplete):
        name(cast, gone)


def test_overlapping_days_are_refused_and_adjoining_ones_accepted(cast):
    name(cast, cast.staff, last=10)
    with pytest.raises(Incomplete):
        name(cast, cast.staff, first=10, last=20)
    name(cast, cast.staff, first=11, last=20)
    assert Membership.objects.filter(user=cast.staff, acting=True).count() == 2


def test_ending_keeps_the_role_that_was_held_until_today(cast):
    named = name(cast, cast.staff)
    ended = end_deputy(named, by=cast.manager, on=TODAY)
    assert ended is not None and ended.ends_on == TODAY
    with pytest.raises(TransitionNotAllowed):
        end_deputy(named, by=cast.manager, on=TODAY + DAY)


def test_deputyship_that_has_not_begun_is_taken_back(cast):
    named = name(cast, cast.staff, first=1)
    assert end_deputy(named, by=cast.manager, on=TODAY) is None
    assert not Membership.objects.filter(user=cast.staff, acting=True).exists()
    with pytest.raises(TransitionNotAllowed):
        end_deputy(named, by=cast.manager, on=TODAY)


@pytest.mark.parametrize("who", ["deputy", "staff", "manager_other_section"])
def test_only_the_sections_own_manager_ends_a_deputyship(cast, who):
    named = Membership.objects.get(user=cast.deputy)
    with pytest.raises(NotAllowed):
        end_deputy(named, by=cast.actor(who), on=TODAY)
    named.refresh_from_db()
    assert named.ends_on is None


def test_deputy_comes_before_other_managers_but_never_the_reader(cast):
    sections = [cast.section.pk]
    assert read_deciders(sections, cast.manager, NOW) == {
        cast.section.pk: ("市民協働課長代理", "代理 三郎", True)
    }
    assert read_deciders(sections, cast.deputy, NOW)[cast.section.pk][2] is False


def test_what_a_deputy_approved_is_told_to_the_manager_for_thirty_days(cast):
    review = cast.review_in("submitted")
    workflow.approve(cast.initiative, "midyear", by=cast.deputy, at=NOW, version=review.version)
    assert [one.initiative for one in decided_by_deputies(cast.manager, NOW)] == [cast.initiative]
    assert decided_by_deputies(cast.manager, NOW + 30 * DAY) == []
    assert decided_by_deputies(cast.deputy, NOW) == []
    assert decided_by_deputies(cast.manager_other_section, NOW) == []
    assert decided_by_deputies(cast.staff, NOW) == []


def test_what_a_deputy_mends_and_returns_is_told_as_well(cast):
    review = cast.review_in("submitted")
    act = {"by": cast.deputy, "at": NOW}
    mended = workflow.save(
        cast.initiative,
        "midyear",
        version=review.version,
        answers=cast.answers(issues="字句を直した文"),
        **act,
    )
    returned = workflow.send_back(
        cast.initiative, "midyear", version=mended.version, reason="直してください。", **act
    )
    assert decided_by_deputies(cast.manager, NOW) == [returned, mended]
    assert mended.on_behalf


def test_what_managers_approve_themselves_is_no_news(cast):
    review = cast.review_in("submitted")
    workflow.approve(cast.initiative, "midyear", by=cast.second_manager, at=NOW, version=review.version)
    assert decided_by_deputies(cast.manager, NOW) == []
