"""Two people at the same moment, in two threads with a connection each, on whatever database runs."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from initiatives import workflow as plan_workflow
from initiatives.models import Event, Measurement, PublishedSheet
from initiatives.refusals import ChangedMeanwhile, Refused, TransitionNotAllowed
from reviews import workflow
from reviews.case import open_case
from reviews.models import Review
from reviews.rules import VERB_WORDS
from reviews.workflow import Conflict
from tests.cast import NOW, hold, newcomer

ROUNDS = range(20)
DECISIONS = range(200)
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def together():
    """Let two people act at once; give what each got back, an event or a refusal.

    Each sits in a thread of his or her own, whose connection stays open from round to round.
    """
    desks = [ThreadPoolExecutor(1), ThreadPoolExecutor(1)]
    start = Barrier(2)

    def run(act):
        start.wait()
        try:
            return act()
        except Refused as refusal:
            return refusal

    def together(one, other):
        answers = [desk.submit(run, act) for desk, act in zip(desks, (one, other), strict=True)]
        return [answer.result() for answer in answers]

    yield together
    for desk in desks:
        desk.submit(lambda: connection.close()).result()
        desk.shutdown()


def winner_and_loser(answers):
    won = [answer for answer in answers if isinstance(answer, Event)]
    lost = [answer for answer in answers if isinstance(answer, TransitionNotAllowed)]
    assert (len(won), len(lost)) == (1, 1), answers
    return won[0], lost[0]


VERBS = {
    "approve": workflow.approve,
    "return": workflow.send_back,
    "withdraw": workflow.withdraw,
    "reopen": workflow.reopen,
    "publish": workflow.publish,
}
WITH_REASON = ("return", "reopen")


def decide(verb, cast, by, phase="midyear"):
    """Give an act: somebody decides on the version that everybody has on the screen."""
    version = cast.review(phase).version
    words = {"reason": f"{by.name}の理由。"} if verb in WITH_REASON else {}
    return lambda: VERBS[verb](cast.initiative, phase, by=by, at=NOW, version=version, **words)


POSTS = {"withdraw": "市民協働課 担当者", "publish": "取りまとめ担当"}


@pytest.mark.parametrize(
    ("state", "one", "other"),
    [
        ("submitted", ("approve", "manager"), ("return", "second_manager")),
        ("submitted", ("approve", "manager"), ("withdraw", "staff")),
        ("submitted", ("return", "manager"), ("return", "second_manager")),
        ("approved", ("reopen", "manager"), ("publish", "admin")),
    ],
    ids=lambda value: value if isinstance(value, str) else value[0],
)
def test_two_decide_at_once_and_one_wins(cast, together, state, one, other):
    people = [cast.actor(word) for _, word in (one, other)]
    for _ in DECISIONS:
        PublishedSheet.objects.all().delete()
        before = cast.review_in(state)
        won, lost = winner_and_loser(
            together(*(decide(verb, cast, by) for (verb, _), by in zip((one, other), people, strict=True)))
        )
        review, events = cast.review(), cast.events()
        assert (review.status, review.version) == (won.to_status, before.version + 1)
        assert [event.version for event in events] == list(range(1, review.version + 1))
        assert (events[-1].pk, events[-1].verb, events[-1].by) == (won.pk, won.verb, won.by)
        assert (review.approved_by is not None) == (won.to_status in ("approved", "published"))
        assert PublishedSheet.objects.count() == (won.verb == "publish")
        assert isinstance(lost, ChangedMeanwhile)
        post = POSTS.get(won.verb, "市民協働課長")
        assert lost.sentence.startswith(
            f"{post} {won.by_name} さんが9月25日(金)10:00に{VERB_WORDS[won.verb]}をしました。"
        )


def test_two_managers_approve_at_once_and_the_figure_is_written_once(cast, together):
    for _ in ROUNDS:
        Measurement.objects.filter(initiative=cast.initiative).delete()
        cast.review_in("submitted", "self_evaluation")
        people = (cast.manager, cast.second_manager)
        winner_and_loser(together(*(decide("approve", cast, by, "self_evaluation") for by in people)))
        assert Measurement.objects.filter(initiative=cast.initiative).count() == 1
        assert len(cast.events("self_evaluation")) == 3


@pytest.fixture(params=["read again", "as seen"])
def save(request, cast):
    """Give the act of saving; the browser's form has read the sheet a moment before."""

    def save(by, answers, version=0):
        seen = open_case(cast.initiative, "midyear", by) if request.param == "as seen" else None
        return lambda: workflow.save(
            cast.initiative, "midyear", by=by, at=NOW, version=version, answers=answers, seen=seen
        )

    return save


def test_two_first_saves_of_different_fields_both_stay(cast, together, save):
    for _ in ROUNDS:
        cast.review_in("not_started")
        answers = together(
            save(cast.staff, {"outlook": 2}), save(cast.second_staff, {"issues": "次郎の課題。"})
        )
        assert all(isinstance(answer, Event) for answer in answers), answers
        assert Review.objects.get().answers == {"outlook": 2, "issues": "次郎の課題。"}
        assert [event.version for event in cast.events()] == [1, 2]


def test_two_first_saves_of_the_same_field_are_a_conflict(cast, together, save):
    for _ in ROUNDS:
        cast.review_in("not_started")
        won, lost = winner_and_loser(
            together(
                save(cast.staff, {"issues": "太郎の課題。"}),
                save(cast.second_staff, {"issues": "次郎の課題。"}),
            )
        )
        assert isinstance(lost, Conflict)
        [conflict] = lost.conflicts
        assert {conflict.mine, conflict.theirs} == {"太郎の課題。", "次郎の課題。"}
        assert conflict.theirs == Review.objects.get().answers["issues"] == won.content["answers"]["issues"]
        assert len(cast.events()) == 1


def test_two_later_saves_of_different_fields_both_stay(cast, together, save):
    for _ in ROUNDS:
        cast.review_in("draft")
        answers = together(
            save(cast.staff, cast.answers(outlook=1), version=1),
            save(cast.second_staff, cast.answers(issues="次郎の課題。"), version=1),
        )
        assert all(isinstance(answer, Event) for answer in answers), answers
        assert cast.review().answers == cast.answers(outlook=1, issues="次郎の課題。")


@pytest.mark.parametrize("state", ["not_started", "draft"])
def test_double_submit_is_one_submission_and_both_get_the_same_answer(cast, together, state):
    for _ in ROUNDS:
        version = cast.review_in(state).version
        one, other = together(
            *[
                lambda version=version: workflow.submit(
                    cast.initiative,
                    "midyear",
                    by=cast.staff,
                    at=NOW,
                    version=version,
                    answers=cast.answers(issues="二度押した。"),
                )
            ]
            * 2
        )
        assert isinstance(one, Event) and isinstance(other, Event), (one, other)
        assert one.pk == other.pk
        assert [event.verb for event in cast.events()][version:] == ["submit"]


def test_double_save_is_one_and_both_get_the_same_answer(cast, together, save):
    for _ in ROUNDS:
        cast.review_in("not_started")
        one, other = together(*(save(cast.staff, {"issues": "二度押した。"}) for _ in range(2)))
        assert isinstance(one, Event) and isinstance(other, Event), (one, other)
        assert [event.pk for event in cast.events()] == [one.pk] == [other.pk]


def test_save_and_approval_at_once_leave_what_the_manager_saw(cast, together, save):
    for _ in ROUNDS:
        cast.review_in("submitted")
        mended = cast.answers(issues="二字直した。")
        won, lost = winner_and_loser(
            together(decide("approve", cast, cast.manager), save(cast.second_manager, mended, version=2))
        )
        expected = cast.answers() if won.verb == "approve" else mended
        assert cast.review().answers == expected == won.content["answers"]


def test_plan_and_review_published_at_once_are_two_revisions(cast, together):
    for _ in ROUNDS:
        PublishedSheet.objects.all().delete()
        cast.plan_in("confirmed")
        cast.review_in("approved")
        answers = together(
            lambda: plan_workflow.publish(cast.plan, by=cast.admin, at=NOW, version=1),
            lambda: workflow.publish(cast.initiative, "midyear", by=cast.admin, at=NOW, version=3),
        )
        assert all(isinstance(answer, Event) for answer in answers), answers
        sheets = PublishedSheet.objects.filter(initiative=cast.initiative)
        assert sorted(sheets.values_list("revision", flat=True)) == [1, 2]
        last = sheets.get(revision=2).content
        assert '"plan"' in last and '"midyear"' in last


def test_two_admins_publish_the_plan_at_once_and_one_wins(cast, together):
    admins = [cast.admin, hold(newcomer(), cast.section, "admin")]
    for _ in ROUNDS:
        PublishedSheet.objects.all().delete()
        cast.plan_in("confirmed")
        winner_and_loser(
            together(
                *(lambda by=by: plan_workflow.publish(cast.plan, by=by, at=NOW, version=1) for by in admins)
            )
        )
        assert PublishedSheet.objects.count() == 2
        assert len(cast.plan_events()) == 2


def test_two_first_figures_at_once_are_one_current_figure(cast, together):
    for _ in ROUNDS:
        Measurement.objects.filter(fiscal_year=2020).delete()
        cast.plan_in("confirmed")
        answers = together(
            *(
                lambda by=by: plan_workflow.record_measurement(
                    cast.plan, cast.own_indicator, by=by, at=NOW, fiscal_year=2020, value=6
                )
                for by in (cast.staff, cast.admin)
            )
        )
        assert all(isinstance(answer, Event) for answer in answers), answers
        current = Measurement.objects.current().filter(indicator=cast.own_indicator, fiscal_year=2020)
        assert [figure.value for figure in current] == [6]


def test_two_sheets_with_one_indicator_approved_at_once_are_one_figure(cast, together):
    for _ in ROUNDS:
        Measurement.objects.filter(fiscal_year=2020).delete()
        answers = cast.answers("self_evaluation", figure={"a1": {"value": "10"}})
        cast.review_in("submitted", "self_evaluation")
        cast.review_in("submitted", "self_evaluation", initiative=cast.other_initiative, answers=answers)
        won, lost = winner_and_loser(
            together(
                decide("approve", cast, cast.manager, "self_evaluation"),
                lambda: workflow.approve(
                    cast.other_initiative,
                    "self_evaluation",
                    by=cast.manager_other_section,
                    at=NOW,
                    version=2,
                ),
            )
        )
        assert f"取組項目{won.initiative.number}では" in lost.sentence
        [figure] = Measurement.objects.current().filter(indicator=cast.shared_indicator, fiscal_year=2020)
        assert figure.initiative == won.initiative
