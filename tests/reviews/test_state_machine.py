"""Any people, any verbs, in any order, while windows, time, sections and the plan move: what always holds.

Every rule tries one verb. A refused one must change nothing; an accepted one must write one event. The
invariants are the promises to the office; at the end of every example the sheet still finds its way out.
"""

import datetime
import json

import pytest
import time_machine
from django.db import transaction
from django.db.models import Q
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from initiatives import publication
from initiatives import workflow as plan_workflow
from initiatives.models import Event, PlanPhase, PublishedSheet, YearPlan
from initiatives.refusals import Refused
from initiatives.roll_over import roll_over
from reviews import rules, workflow
from reviews.case import open_case
from reviews.models import Review
from reviews.windows import Window
from tests.cast import ANSWERS, NOW, PHASES, WINDOW_MOMENTS, WINDOWS, build_cast, difference, snapshot
from wardplan.text import is_blank

ACTS = {
    "save": workflow.save,
    "import": workflow.import_answers,
    "submit": workflow.submit,
    "withdraw": workflow.withdraw,
    "approve": workflow.approve,
    "return": workflow.send_back,
    "reopen": workflow.reopen,
    "extend": workflow.extend,
    "hand_over": workflow.hand_over,
    "publish": workflow.publish,
    "correct": workflow.correct,
}
WRITING = ("save", "import", "submit")
REASON = "根拠を書いてください。"
FORCING = {"midyear": "outlook", "self_evaluation": "achievement"}
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
people = st.sampled_from(EVERYBODY)
admins = st.sampled_from((*EVERYBODY, *["admin"] * 20))
phases = st.sampled_from(PHASES)
texts = st.sampled_from(["課題。", "別の課題。", "別の課題。\n", "\u3000", "\u200b", "字" * 4001])
marks = st.sampled_from([1, 2])
figures = st.sampled_from([{}, {"a1": {"value": "9"}}, {"a1": {"value": "5"}}, {"a1": {"value": "約5"}}])
anything = {
    "midyear": st.fixed_dictionaries(
        {}, optional={"implementation": marks, "outlook": marks, "issues": texts}
    ),
    "self_evaluation": st.fixed_dictionaries(
        {}, optional={"figure": figures, "results": texts, "achievement": marks, "issues": texts}
    ),
}
complete = {
    "midyear": st.sampled_from(
        [
            {"implementation": 1, "outlook": 1},
            {"implementation": 2, "outlook": 2, "issues": "課題と改善策。"},
            {"implementation": 1, "outlook": 2, "issues": "二字直した。"},
        ]
    ),
    "self_evaluation": st.sampled_from(
        [
            ANSWERS["self_evaluation"],
            {
                "figure": {"a1": {"value": "5", "as_of": "2021-03-31"}},
                "results": "5件にとどまった。",
                "achievement": 2,
                "issues": "次年度は秋から始める。",
            },
        ]
    ),
}


steps_back = st.sampled_from([0, 0, 0, 0, 1, 2])
reasons = st.sampled_from([REASON, REASON, "\u3000"])
days = st.one_of(st.none(), st.integers(-1, 40))


class OneSheet(RuleBasedStateMachine):
    """One sheet through its life, in both phases."""

    @initialize(status=st.sampled_from(["confirmed", "confirmed", "published", "draft"]))
    def begin(self, status):
        self.moment = NOW
        self.clock = time_machine.travel(NOW, tick=False)
        self.traveller = self.clock.start()
        self.transaction = transaction.atomic()
        self.transaction.__enter__()
        self.cast = build_cast()
        self.cast.plan_in(status)
        self.public, self.is_checked, self.is_carried_over = {}, False, False

    def teardown(self):
        if hasattr(self, "transaction"):
            try:
                self.walk_out()
            finally:
                transaction.set_rollback(True)
                self.transaction.__exit__(None, None, None)
                self.clock.stop()

    # ---- what can happen to a review

    @rule(data=st.data(), phase=phases, verb=st.sampled_from(list(ACTS)), word=people, back=steps_back)
    def anybody_tries_anything(self, data, phase, verb, word, back):
        more = {}
        if verb in WRITING:
            more["answers"] = data.draw(st.one_of(anything[phase], complete[phase]))
        if verb in rules.NEEDS_REASON:
            more = {"reason": data.draw(reasons), "until": self.day(data.draw(days))}
        if verb == "hand_over":
            more = {"to": self.cast.actor(data.draw(people)), "text": data.draw(reasons)}
        self.act(verb, word, phase, back, **more)

    @rule(data=st.data(), phase=phases, steps=st.integers(1, 5))
    def people_do_what_is_allowed(self, data, phase, steps):
        """What the pages offer is accepted when it is filled in: so examples come far."""
        for _ in range(steps):
            self.somebody_goes_on(data, phase)
            self.promises_hold()

    def somebody_goes_on(self, data, phase):
        case, able = self.case(phase), self.able(phase)
        if not able:
            return
        verb = data.draw(st.sampled_from(sorted(able)))
        word = data.draw(st.sampled_from(able[verb]))
        if verb in WRITING:
            answers = data.draw(complete[phase])
            event = self.act(verb, word, phase, 0, answers=answers)
            if verb == "submit":
                assert (event is not None) == (not case.problems(answers))
            return
        if verb == "hand_over":
            to = self.cast.actor(self.of_section("staff"))
            self.act(verb, word, phase, 0, to=to, text=REASON)  # refused when it lies there already
            return
        more = {"reason": REASON, "until": self.day(5)} if verb in rules.NEEDS_REASON else {}
        assert self.act(verb, word, phase, 0, **more) is not None, f"{word} was offered {verb}"

    # ---- what can happen around it

    @rule(data=st.data(), phase=phases, word=admins, back=steps_back)
    def the_world_moves(self, data, phase, word, back):
        what = data.draw(st.sampled_from(["time", "window", "window", "section", "plan", "next year"]))
        if what == "time":
            self.moment += datetime.timedelta(hours=data.draw(st.sampled_from([1, 24, 24 * 3])))
            self.traveller.move_to(self.moment)
            self.is_checked = False
        elif what == "window":
            self.move_window(data.draw(st.sampled_from(("open", "open", *WINDOWS))), phase)
        elif what == "section":
            self.move_section(word, data.draw(st.sampled_from(["section", "other_section"])))
        elif what == "plan":
            self.change_plan(data.draw(st.sampled_from(["confirm", "publish", "new_version"])), word, back)
        elif not self.is_carried_over:
            self.carry_over(word)

    def move_window(self, window, phase):
        moments = [moment + (self.moment - NOW) for moment in WINDOW_MOMENTS[window]]
        row = dict(zip(("opens_at", "due_at", "closes_at"), moments, strict=True))
        PlanPhase.objects.filter(plan=self.cast.plan, phase=phase).update(**row)
        self.is_checked = False

    def change_plan(self, verb, word, back):
        plan, more = self.plan(), {}
        if verb == "new_version":
            more = {"content": self.cast.plan_content(), "reason": REASON}
            more["content"]["initiatives"][0]["title"] = f"題名{plan.version}"
        act = getattr(plan_workflow, verb)
        self.attempt(
            verb, lambda by: act(plan, by=by, at=self.moment, version=plan.version - back, **more), word
        )

    def move_section(self, word, name):
        section = getattr(self.cast, name)
        act = plan_workflow.assign_section
        self.attempt(
            "assign_section",
            lambda by: act(self.cast.initiative, by=by, at=self.moment, section=section),
            word,
        )
        self.cast.initiative.refresh_from_db()

    def carry_over(self, word):
        before = snapshot()
        try:
            roll_over(self.plan(), by=self.cast.actor(word), at=self.moment)
        except Refused:
            assert not difference(before, snapshot())
            return
        self.is_carried_over, self.is_checked, after = True, False, snapshot()
        for kept in ("Review", "PublishedSheet", "Measurement", "UnsavedText", "Note"):
            assert after[kept] == before[kept], f"the roll-over changed {kept}"
        assert after["YearPlan"][self.cast.plan.pk] == before["YearPlan"][self.cast.plan.pk]

    # ---- acting

    def plan(self):
        return YearPlan.objects.get(pk=self.cast.plan.pk)

    def review(self, phase):
        found = Review.objects.filter(initiative=self.cast.initiative, phase=phase).first()
        return found or Review(initiative=self.cast.initiative, phase=phase)

    def window(self, phase):
        return self.case(phase).window(self.moment)

    def case(self, phase):
        return open_case(self.cast.initiative, phase, self.cast.admin)

    def events(self, phase):
        return list(Event.objects.filter(initiative=self.cast.initiative, phase=phase).order_by("version"))

    def day(self, days):
        return None if days is None else self.moment.date() + datetime.timedelta(days=days)

    def of_section(self, role):
        """Name a person of the section that has the sheet now."""
        return role if self.cast.initiative.section == self.cast.section else f"{role}_other_section"

    def decider(self, phase):
        """Name a manager who did not submit; nothing when the section has none."""
        words = [self.of_section("manager")]
        words += ["second_manager"] if words == ["manager"] else []
        own = self.review(phase).submitted_by
        return next((word for word in words if self.cast.actor(word) != own), "")

    def able(self, phase):
        """List who may do what now: {verb: words for people}."""
        case, found = self.case(phase), {}
        for word in EVERYBODY:
            person = self.cast.actor(word)
            for verb in ACTS:
                if word != "other_ward" and rules.may(verb, case, person, self.moment):
                    found.setdefault(verb, []).append(word)
        return found

    def act(self, verb, word, phase, back, **more):
        """Try a review's verb with the version of some steps ago; give its event when it wrote one."""
        was = self.review(phase)
        version = max(was.version - back, 0)
        event = self.attempt(
            verb,
            lambda by: ACTS[verb](
                self.cast.initiative, phase, by=by, at=self.moment, version=version, **more
            ),
            word,
        )
        if event is not None:
            assert (event.from_status, event.version) == (was.status, was.version + 1)
            if verb == "approve":
                assert event.content["answers"] == was.answers, "approved something else than was seen"
            if verb in WRITING and event.to_status == "submitted":
                assert self.case(phase).problems(event.content["answers"]) == {}
        return event

    def attempt(self, verb, act, word):
        """Try something; give its event when it wrote one."""
        before, by = snapshot(), self.cast.actor(word)
        try:
            event = act(by)
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
        self.is_checked = False
        return event

    def walk_out(self):
        """Bring the sheet out, from wherever it stands, by what its people may do."""
        if self.plan().status == "draft":
            self.change_plan("confirm", "admin", 0)
        for phase in PHASES:
            for _ in range(6):
                review = self.review(phase)
                if review.status == "published":
                    break
                self.one_step_out(phase, review)
            assert self.review(phase).status == "published", f"stuck in {review.status}"

    def one_step_out(self, phase, review):
        answers = {
            "midyear": {"implementation": 1, "outlook": 1},
            "self_evaluation": ANSWERS["self_evaluation"],
        }
        now = self.window(phase)
        if review.status == "approved":
            self.act("publish", "admin", phase, 0)
        elif review.status == "submitted" and self.decider(phase):
            self.act("approve", self.decider(phase), phase, 0)
        elif review.status == "submitted":
            # The section's only manager wrote it: back to the staff, who hands it in again.
            word = self.of_section("manager")
            self.act("return", word, phase, 0, reason=REASON, until=self.day(3))
        elif now == Window.BEFORE_OPEN:
            self.move_window("open", phase)
        elif now == Window.CLOSED:
            self.act("extend", "admin", phase, 0, reason=REASON, until=self.day(3))
        else:
            self.act("submit", self.of_section("staff"), phase, 0, answers=answers[phase])

    # ---- what must hold

    @invariant()
    def promises_hold(self):
        # After a refusal every row is what it was, and was looked at then.
        if not self.is_checked:
            self.events_chain_up_to_the_version()
            self.nobody_approves_the_own_submission()
            self.who_waits_names_a_submitter_and_who_is_done_an_approver()
            self.second_mark_comes_with_issues_out_of_the_section()
            self.published_sheets_never_change()
            self.public_sees_what_was_approved_and_published_and_nothing_else()
            self.no_state_is_a_dead_end()
            self.is_checked = True

    def events_chain_up_to_the_version(self):
        for phase in PHASES:
            review, events = self.review(phase), self.events(phase)
            assert review.answers == (events[-1].content["answers"] if events else {})
            self.chains(review, events, "not_started")
        plan = self.plan()
        events = Event.objects.filter(ward=plan.ward, fiscal_year=plan.fiscal_year, initiative=None)
        self.chains(plan, list(events.order_by("version")), "draft")

    def chains(self, row, events, first):
        assert [event.version for event in events] == list(range(1, row.version + 1))
        states = [first, *(event.to_status for event in events)]
        assert [event.from_status for event in events] == states[:-1]
        assert row.status == states[-1]

    def nobody_approves_the_own_submission(self):
        for phase in PHASES:
            review = self.review(phase)
            assert review.approved_by is None or review.approved_by != review.submitted_by
            last = {}
            for event in self.events(phase):
                last[event.verb] = event.by
                assert event.verb != "approve" or event.by != last["submit"]

    def who_waits_names_a_submitter_and_who_is_done_an_approver(self):
        for phase in PHASES:
            review = self.review(phase)
            waits, done = review.status == "submitted", review.status in ("approved", "published")
            assert (review.submitted_by is not None) == (waits or done)
            assert (review.approved_by is not None) == done

    def second_mark_comes_with_issues_out_of_the_section(self):
        for phase in PHASES:
            for event in self.events(phase):
                if event.to_status in ("submitted", "approved", "published"):
                    answers = event.content["answers"]
                    assert answers[FORCING[phase]] == 1 or not is_blank(answers["issues"])

    def published_sheets_never_change(self):
        now = {
            sheet.pk: (sheet.revision, sheet.content, sheet.sha256, sheet.reason) for sheet in self.sheets()
        }
        assert {pk: now.get(pk) for pk in self.public} == self.public
        assert [sheet.revision for sheet in self.sheets()] == list(range(1, len(now) + 1))
        ours = Q(initiative=None, ward=self.cast.ward, fiscal_year=2020) | Q(initiative=self.cast.initiative)
        assert len(now) == Event.objects.filter(ours, verb="publish").count()
        self.public = now

    def public_sees_what_was_approved_and_published_and_nothing_else(self):
        newest = self.sheets().last()
        parts = json.loads(newest.content)["parts"] if newest else {}
        for phase in PHASES:
            events = self.events(phase)
            out = [place for place, event in enumerate(events) if event.verb == "publish"]
            if not out:
                assert phase not in parts
                continue
            approved = [event for event in events[: out[-1]] if event.verb == "approve"][-1]
            assert parts[phase]["answers"] == approved.content["answers"]
            assert publication.public_part(self.cast.initiative, phase) == parts[phase]

    def sheets(self):
        return PublishedSheet.objects.filter(initiative=self.cast.initiative).order_by("revision")

    def no_state_is_a_dead_end(self):
        for phase in PHASES:
            case = self.case(phase)
            if case.window(self.moment) == Window.BEFORE_OPEN and not case.review.is_readable_by_all:
                continue  # it opens by itself
            able = self.able(phase).keys() - {"hand_over"}  # which leads nowhere by itself
            assert able, f"{case.review.status} in {case.window(self.moment)} is a dead end"


@pytest.mark.django_db
def test_one_sheet_through_its_life():
    run_state_machine_as_test(
        OneSheet,
        settings=settings(
            max_examples=15,
            stateful_step_count=30,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_every_verb_takes_part():
    assert ACTS.keys() == rules.TRANSITIONS.keys()
