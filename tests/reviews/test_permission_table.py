"""Every review row of the permission table, at the verbs."""

import datetime
from collections import Counter

import pytest

from initiatives import publication
from initiatives.models import Event
from initiatives.refusals import (
    ChangedMeanwhile,
    Incomplete,
    LoginNeeded,
    NotAllowed,
    NotVisible,
    Refused,
    TransitionNotAllowed,
    WindowClosed,
)
from reviews import permissions, rules, workflow
from reviews.case import open_case
from reviews.windows import end_of
from tests.cast import ACTORS, NOW, PHASES, STATES, WINDOWS, difference, scratch, snapshot
from tests.permission_table import REVIEW_CASES, ROWS, Case, Row

UNTIL = datetime.date(2020, 10, 31)
REASON = "改善策を具体的に書いてください。"


# ---- the acts of the table -----------------------------------------------------------------------------


def with_answers(verb):
    def act(cast, review, by):
        answers = cast.answers(review.phase, issues="別の課題と、その改善策。")
        return verb(cast.initiative, review.phase, by=by, at=NOW, version=review.version, answers=answers)

    return act


def without_answers(verb):
    def act(cast, review, by, **more):
        return verb(cast.initiative, review.phase, by=by, at=NOW, version=review.version, **more)

    return act


def with_reason(verb):
    def act(cast, review, by, until=None):
        return without_answers(verb)(cast, review, by, reason=REASON, until=until)

    return act


VERBS = {
    "save": with_answers(workflow.save),
    "import": with_answers(workflow.import_answers),
    "submit": with_answers(workflow.submit),
    "withdraw": without_answers(workflow.withdraw),
    "approve": without_answers(workflow.approve),
    "return": with_reason(workflow.send_back),
    "reopen": with_reason(workflow.reopen),
    "extend": with_reason(workflow.extend),
    "publish": without_answers(workflow.publish),
    "correct": with_reason(workflow.correct),
}
REFUSALS = {
    "login": LoginNeeded,
    "login_text_kept": LoginNeeded,
    "404": NotVisible,
    "403": NotAllowed,
    "409": TransitionNotAllowed,
    "409_text_kept": WindowClosed,
}


def read(action, cast, phase, by) -> str:
    """Answer the rows that only look, in the words of the table."""
    if action == "public":
        return "200" if publication.public_part(cast.initiative, phase) else "404"
    try:
        case = open_case(cast.initiative, phase, by)
    except LoginNeeded:
        return "login"
    except NotVisible:
        return "404"
    if action == "history":
        return "200" if permissions.can_see_history(by, case.initiative) else "403"
    return "200" if permissions.can_read(by, case.review) else "status_only"


def attempt(act, *arguments, **more):
    try:
        return act(*arguments, **more)
    except Refused as refusal:
        return refusal


def why_not_refused(answer, expected: str, before: dict) -> str:
    """Say what is wrong with a refusal; nothing when it is the expected one and left every row alone."""
    if not isinstance(answer, REFUSALS[expected]) or isinstance(answer, ChangedMeanwhile):
        return repr(answer)
    if not answer.sentence.endswith("。"):
        return f"no sentence: {answer.sentence}"
    return str(difference(before, snapshot()) or "")


def why_not_accepted(event, row: Row, cast, before: dict) -> str:
    """Say what is wrong with an accepted act; nothing when it left exactly one event that tells of it."""
    if not isinstance(event, Event):
        return repr(event)
    after = snapshot()
    added = after["Event"].keys() - before["Event"].keys()
    if added != {event.pk} or difference(before, after)["Event"] != (1, 0, 0):
        return f"events added: {added}"
    review = cast.review(row.phase)
    told = (event.verb, event.by, event.from_status, event.to_status, event.version, event.late)
    expected = (
        row.action,
        cast.actor(row.actor),
        row.state,
        review.status,
        review.version,
        row.expected == "ok_late",
    )
    return "" if told == expected else f"{told} instead of {expected}"


def try_row(row: Row, cast, review, before: dict) -> str:
    """Let one actor act, and say what is wrong with the answer."""
    by, act = cast.actor(row.actor), VERBS[row.action]
    if row.expected in REFUSALS:
        return why_not_refused(attempt(act, cast, review, by), row.expected, before)
    if row.expected != "ok_with_new_date":
        return why_not_accepted(attempt(act, cast, review, by), row, cast, before)
    dateless = attempt(act, cast, review, by)
    if not isinstance(dateless, Incomplete) or list(dateless.problems) != ["until"]:
        return f"without a date: {dateless!r}"
    if changed := difference(before, snapshot()):
        return f"without a date it changed {changed}"
    wrong = why_not_accepted(attempt(act, cast, review, by, until=UNTIL), row, cast, before)
    if not wrong and cast.review(row.phase).open_until != end_of(UNTIL):
        return f"open until {cast.review(row.phase).open_until}"
    return wrong


def try_own_submission(row: Row, cast) -> str:
    """Let the actor act on what he or she submitted: four eyes refuse it with 403."""
    review = cast.review_in(row.state, row.phase, submitted_by=cast.actor(row.actor))
    before = snapshot()
    answer = attempt(VERBS[row.action], cast, review, cast.actor(row.actor))
    return why_not_refused(answer, "403", before)


@pytest.mark.django_db
@pytest.mark.parametrize("case", REVIEW_CASES, ids=str)
def test_permission_table(world, case: Case):
    wrong = []
    with scratch():
        world.set_window(case.phase, case.window)
        review = world.review_in(case.state, case.phase)
        before = snapshot()
        for row in case.rows:
            if row.action not in VERBS:
                answer = read(row.action, world, row.phase, world.actor(row.actor))
                wrong += [row.wrong(answer)] if answer != row.expected else []
                continue
            with scratch():
                if answer := try_row(row, world, review, before):
                    wrong.append(row.wrong(answer))
            if row.expected == "ok_if_not_own_submission":
                with scratch():
                    if answer := try_own_submission(row, world):
                        wrong.append(row.wrong(f"on the own submission: {answer}"))
        assert not difference(before, snapshot())
    assert not wrong, "\n" + "\n".join(wrong)


def test_permission_table_is_whole():
    every = Counter(
        (phase, window, state, actor)
        for phase in PHASES
        for window in WINDOWS
        for state in STATES
        for actor in ACTORS
    )
    for action in {row.action for case in REVIEW_CASES for row in case.rows}:
        rows = [row for case in REVIEW_CASES for row in case.rows if row.action == action]
        assert Counter((row.phase, row.window, row.state, row.actor) for row in rows) == every, action
    assert len(ROWS) == 5616


@pytest.mark.django_db
@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("word", ACTORS[1:])
def test_buttons_are_the_verbs_that_pass(world, state, word):
    by = world.actor(word)
    with scratch():
        review = world.review_in(state)
        try:
            case = open_case(world.initiative, "midyear", by)
        except NotVisible:
            assert word == "other_ward"
            return
        offered = {verb for verb in VERBS if rules.may(verb, case, by, NOW)}
        passed = set()
        for verb, act in VERBS.items():
            with scratch():
                answer = attempt(act, world, review, by)
                passed |= {verb} if isinstance(answer, Event) else set()
    assert offered == passed
