"""Any people, any verbs, in any order, while windows and time move: what must hold after every step.

Every rule tries one verb. A refused one must change nothing; an accepted one must write one event. The
invariants are the promises to the office.
"""

import datetime

import pytest
import time_machine
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from initiatives.models import Event, PublishedSheet
from initiatives.refusals import Refused
from reviews import rules, workflow
from reviews.case import open_case
from reviews.models import Review
from reviews.windows import Window
from tests.cast import NOW, WINDOWS, build_cast, difference, snapshot

PHASE = "midyear"
WRITABLE = ("not_started", "draft", "returned")
WAY_BACK = {
    "submitted": ("return", workflow.send_back, "manager"),
    "approved": ("reopen", workflow.reopen, "admin"),
    "published": ("correct", workflow.correct, "admin"),
}
EVERYBODY = (
    "viewer",
    "staff",
    "second_staff",
    "staff_other_section",
    "manager",
    "second_manager",
    "deputy",
    "manager_other_section",
    "other_ward",
    "admin",
)
# Those who may do something come up more often than those who never may.
people = st.sampled_from(EVERYBODY + 3 * ("staff", "second_staff", "manager", "second_manager", "admin"))
answers = st.fixed_dictionaries(
    {},
    optional={
        "implementation": st.sampled_from([1, 2]),
        "outlook": st.sampled_from([1, 2]),
        "issues": st.sampled_from(["課題。", "別の課題。", "別の課題。\n", "\u3000", "\u200b", "字" * 4001]),
    },
)
complete = st.sampled_from(
    [
        {"implementation": 1, "outlook": 1},
        {"implementation": 2, "outlook": 2, "issues": "課題と改善策。"},
        {"implementation": 1, "outlook": 2, "issues": "二字直した。"},
    ]
)
steps_back = st.sampled_from([0, 0, 0, 0, 1, 2])
reasons = st.sampled_from(["根拠を書いてください。", "根拠を書いてください。", "\u3000"])
days = st.one_of(st.none(), st.integers(-1, 40))


class OneSheet(RuleBasedStateMachine):
    """One sheet's midyear review through its life."""

    @initialize()
    def begin(self):
        self.moment = NOW
        self.clock = time_machine.travel(NOW, tick=False)
        self.traveller = self.clock.start()
        self.transaction = transaction.atomic()
        self.transaction.__enter__()
        self.cast = build_cast()
        self.public = {}

    def teardown(self):
        if hasattr(self, "transaction"):
            transaction.set_rollback(True)
            self.transaction.__exit__(None, None, None)
            self.clock.stop()

    # ---- what can happen

    @rule(word=people, typed=st.one_of(answers, complete), back=steps_back)
    def save(self, word, typed, back):
        self.attempt("save", workflow.save, word, back, answers=typed)

    @rule(word=people, typed=st.one_of(answers, complete), back=steps_back)
    def import_file(self, word, typed, back):
        self.attempt("import", workflow.import_answers, word, back, answers=typed)

    @rule(word=people, typed=st.one_of(complete, complete, answers), back=steps_back)
    def submit(self, word, typed, back):
        self.attempt("submit", workflow.submit, word, back, answers=typed)

    @rule(word=people, back=steps_back)
    def withdraw(self, word, back):
        self.attempt("withdraw", workflow.withdraw, word, back)

    @rule(word=people, back=steps_back)
    def approve(self, word, back):
        seen = self.review().answers
        event = self.attempt("approve", workflow.approve, word, back)
        if event is not None:
            assert event.content["answers"] == seen, "approved something else than the manager saw"

    @rule(word=people, back=steps_back, reason=reasons, until=days)
    def send_back(self, word, back, reason, until):
        self.attempt("return", workflow.send_back, word, back, reason=reason, until=self.day(until))

    @rule(word=people, back=steps_back, reason=reasons, until=days)
    def reopen(self, word, back, reason, until):
        self.attempt("reopen", workflow.reopen, word, back, reason=reason, until=self.day(until))

    @rule(word=people, back=steps_back, reason=reasons, until=days)
    def extend(self, word, back, reason, until):
        self.attempt("extend", workflow.extend, word, back, reason=reason, until=self.day(until))

    @rule(word=people, back=steps_back)
    def publish(self, word, back):
        self.attempt("publish", workflow.publish, word, back)

    @rule(word=people, back=steps_back, reason=reasons, until=days)
    def correct(self, word, back, reason, until):
        self.attempt("correct", workflow.correct, word, back, reason=reason, until=self.day(until))

    # The usual ways, so that many examples come to an approval, a publication and a return.
    @precondition(lambda self: self.review().status in WRITABLE and self.window() == "open")
    @rule(typed=complete)
    def staff_submit(self, typed):
        assert self.attempt("submit", workflow.submit, "staff", 0, answers=typed) is not None

    @precondition(lambda self: self.review().status == "submitted")
    @rule()
    def manager_approves(self):
        word = "second_manager" if self.review().submitted_by == self.cast.manager else "manager"
        assert self.attempt("approve", workflow.approve, word, 0) is not None

    @precondition(lambda self: self.review().status == "approved")
    @rule()
    def admin_publishes(self):
        assert self.attempt("publish", workflow.publish, "admin", 0) is not None

    @precondition(lambda self: self.review().status in WAY_BACK)
    @rule()
    def it_goes_back(self):
        verb, act, word = WAY_BACK[self.review().status]
        assert (
            self.attempt(verb, act, word, 0, reason="根拠を書いてください。", until=self.day(5)) is not None
        )

    @rule(window=st.sampled_from(("open", "open", *WINDOWS)))
    def move_window(self, window):
        self.cast.set_window(PHASE, window)

    @rule(hours=st.sampled_from([1, 24, 24 * 7]))
    def let_time_pass(self, hours):
        self.moment += datetime.timedelta(hours=hours)
        self.traveller.move_to(self.moment)

    # ---- acting

    def review(self):
        found = Review.objects.filter(initiative=self.cast.initiative, phase=PHASE).first()
        return found or Review(initiative=self.cast.initiative, phase=PHASE)

    def window(self):
        return self.case().window(self.moment)

    def case(self):
        return open_case(self.cast.initiative, PHASE, self.cast.admin)

    def day(self, days):
        return None if days is None else self.moment.date() + datetime.timedelta(days=days)

    def attempt(self, verb, act, word, back, **more):
        """Try a verb with the version of some steps ago; give its event when it wrote one."""
        before, was = snapshot(), self.review()
        by, version = self.cast.actor(word), max(was.version - back, 0)
        try:
            event = act(self.cast.initiative, PHASE, by=by, at=self.moment, version=version, **more)
        except Refused as refusal:
            assert not difference(before, snapshot()), f"{verb} was refused and changed something"
            assert refusal.sentence.endswith("。")
            return None
        after = snapshot()
        if event is None or event.pk in before["Event"]:
            assert not difference(before, after), f"{verb} wrote no event and changed something"
            return None
        assert difference(before, after)["Event"] == (1, 0, 0)
        assert (event.verb, event.by, event.at) == (verb, by, self.moment)
        assert (event.from_status, event.version) == (was.status, was.version + 1)
        return event

    # ---- what must hold

    @invariant()
    def events_chain_up_to_the_version(self):
        review, events = self.review(), list(Event.objects.filter(phase=PHASE).order_by("version"))
        assert [event.version for event in events] == list(range(1, review.version + 1))
        states = ["not_started", *(event.to_status for event in events)]
        assert [event.from_status for event in events] == states[:-1]
        assert review.status == states[-1]
        assert review.answers == (events[-1].content["answers"] if events else {})

    @invariant()
    def nobody_approves_the_own_submission(self):
        review = self.review()
        assert review.approved_by is None or review.approved_by != review.submitted_by
        last = {}
        for event in Event.objects.filter(phase=PHASE).order_by("version"):
            last[event.verb] = event.by
            assert event.verb != "approve" or event.by != last["submit"]

    @invariant()
    def who_waits_names_a_submitter_and_who_is_done_an_approver(self):
        review = self.review()
        waits, done = review.status == "submitted", review.status in ("approved", "published")
        assert (review.submitted_by is not None) == (waits or done)
        assert (review.approved_by is not None) == done

    @invariant()
    def what_left_the_section_is_complete(self):
        review = self.review()
        if review.status in ("submitted", "approved", "published"):
            assert self.case().problems(review.answers) == {}
            assert review.answers["outlook"] == 1 or review.answers["issues"].strip("\u3000\u200b\n")

    @invariant()
    def published_sheets_never_change(self):
        now = {
            sheet.pk: (sheet.revision, sheet.content, sheet.sha256, sheet.reason) for sheet in self.sheets()
        }
        assert {pk: now.get(pk) for pk in self.public} == self.public
        assert [sheet.revision for sheet in self.sheets()] == list(range(1, len(now) + 1))
        assert len(now) == Event.objects.filter(phase=PHASE, verb="publish").count()
        self.public = now

    def sheets(self):
        return PublishedSheet.objects.filter(initiative=self.cast.initiative).order_by("revision")

    @invariant()
    def no_state_is_a_dead_end(self):
        case = self.case()
        if case.window(self.moment) == Window.BEFORE_OPEN and not case.review.is_readable_by_all:
            return  # it opens by itself
        able = {
            verb
            for verb in rules.TRANSITIONS
            if verb != "hand_over"  # another pair of hands is no way out
            for person in (self.cast.staff, self.cast.manager, self.cast.second_manager, self.cast.admin)
            if rules.may(verb, case, person, self.moment)
        }
        assert able, f"{case.review.status} in {case.window(self.moment)} is a dead end"


@pytest.mark.django_db
def test_one_sheet_through_its_life():
    run_state_machine_as_test(
        OneSheet,
        settings=settings(
            max_examples=15,
            stateful_step_count=25,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
