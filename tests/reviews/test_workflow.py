"""Every verb in every state, what it writes, what it refuses, and that a refusal changes nothing."""

import datetime
import hashlib
import json
from decimal import Decimal

import pytest

from initiatives.models import Event, Measurement, PublishedSheet
from initiatives.refusals import (
    ChangedMeanwhile,
    Incomplete,
    NotAllowed,
    Refused,
    TransitionNotAllowed,
    WindowClosed,
)
from initiatives.workflow import fingerprint, record, record_measurement
from reviews import rules, workflow
from reviews.case import open_case
from reviews.models import Review
from reviews.windows import end_of
from tests.cast import EARLIER, JST, NOW, STATES, difference, hold, newcomer, scratch, snapshot

REASON = "改善策を具体的に書いてください。"
UNTIL = datetime.date(2020, 10, 31)
DAY = datetime.timedelta(days=1)

VERBS = {
    "save": workflow.save,
    "import": workflow.import_answers,
    "submit": workflow.submit,
    "withdraw": workflow.withdraw,
    "approve": workflow.approve,
    "return": workflow.send_back,
    "reopen": workflow.reopen,
    "extend": workflow.extend,
    "publish": workflow.publish,
    "correct": workflow.correct,
}
# What the office agreed on: verb -> state -> state.
AGREED = {
    "save": {"not_started": "draft", "draft": "draft", "returned": "returned", "submitted": "submitted"},
    "import": {"not_started": "draft", "draft": "draft", "returned": "returned"},
    "submit": {"not_started": "submitted", "draft": "submitted", "returned": "submitted"},
    "withdraw": {"submitted": "draft"},
    "approve": {"submitted": "approved"},
    "return": {"submitted": "returned"},
    "reopen": {"approved": "returned"},
    "extend": {"not_started": "not_started", "draft": "draft", "returned": "returned"},
    "publish": {"approved": "published"},
    "correct": {"published": "returned"},
}
DOES = {
    "save": "staff",
    "import": "staff",
    "submit": "staff",
    "withdraw": "staff",
    "approve": "manager",
    "return": "manager",
    "reopen": "manager",
    "extend": "admin",
    "publish": "admin",
    "correct": "admin",
}


def act(cast, verb, by=None, *, version, phase="midyear", at=NOW, answers=None, **more):
    """Carry a verb out as the person who usually does it, with everything that it asks for."""
    by = by or getattr(cast, DOES[verb])
    if verb in ("save", "import", "submit"):
        more["answers"] = cast.answers(phase, issues="別の課題。") if answers is None else answers
    elif verb in ("return", "reopen", "extend", "correct"):
        more = {"reason": REASON, **more}
        if verb == "extend":
            more.setdefault("until", UNTIL)
    return VERBS[verb](cast.initiative, phase, by=by, at=at, version=version, **more)


def refused(kind, *arguments, **more):
    """Act, expect a refusal that changes nothing, and hand it back."""
    before = snapshot()
    with pytest.raises(kind) as caught:
        act(*arguments, **more)
    assert difference(before, snapshot()) == {}
    return caught.value


# ---- state × verb --------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_in_every_state(cast, verb, state):
    if verb == "extend":
        cast.set_window("midyear", "closed")
    review = cast.review_in(state)
    by = cast.manager if (verb, state) == ("save", "submitted") else None
    if state in AGREED[verb]:
        event = act(cast, verb, by, version=review.version)
        now = cast.review()
        assert (event.from_status, event.to_status) == (state, AGREED[verb][state])
        assert (
            (now.status, now.version)
            == (event.to_status, event.version)
            == (AGREED[verb][state], review.version + 1)
        )
        assert event.content["answers"] == now.answers
    else:
        sentence = refused(TransitionNotAllowed, cast, verb, by, version=review.version).sentence
        assert sentence == rules.STATE_SENTENCES[state]


@pytest.mark.parametrize("before", ["not_started", "draft", "returned"])
def test_withdraw_goes_back_to_where_it_was_submitted_from(cast, before):
    version = cast.review_in(before).version
    submitted = act(cast, "submit", version=version)
    withdrawn = act(cast, "withdraw", version=submitted.version)
    review = cast.review()
    assert withdrawn.to_status == review.status == ("returned" if before == "returned" else "draft")
    assert review.answers == cast.answers(issues="別の課題。")
    assert review.submitted_by is None


def test_withdraw_asks_the_last_submission_only(cast):
    version = cast.review_in("returned").version
    act(cast, "submit", version=version)
    act(cast, "withdraw", version=version + 1)
    act(cast, "submit", version=version + 2)
    assert act(cast, "withdraw", version=version + 3).to_status == "returned"


def test_people_of_a_review_come_and_go_with_its_state(cast):
    act(cast, "submit", version=0)
    assert (cast.review().submitted_by, cast.review().approved_by) == (cast.staff, None)
    act(cast, "approve", version=1)
    assert (cast.review().submitted_by, cast.review().approved_by) == (cast.staff, cast.manager)
    act(cast, "reopen", version=2)
    assert (cast.review().submitted_by, cast.review().approved_by) == (None, None)
    act(cast, "submit", cast.manager, version=3)
    act(cast, "approve", cast.second_manager, version=4)
    act(cast, "publish", version=5)
    act(cast, "correct", version=6)
    assert (cast.review().submitted_by, cast.review().approved_by) == (None, None)


def test_unfinished_answers_are_saved_and_not_submitted(cast):
    act(cast, "save", version=0, answers={"outlook": 2})
    assert cast.review().answers == {"outlook": 2}
    refusal = refused(Incomplete, cast, "submit", version=1, answers={"outlook": 2})
    assert refusal.problems == {
        "implementation": "取組内容の実施見込みを選んでください。",
        "issues": "②を選んだときは、課題と改善策を記入してください。",
    }


def test_text_over_the_limit_stays_a_draft(cast):
    long = cast.answers(issues="字" * 4001)
    act(cast, "save", version=0, answers=long)
    assert cast.review().answers["issues"] == "字" * 4001
    refusal = refused(Incomplete, cast, "submit", version=1, answers=long)
    assert refusal.problems == {
        "issues": "課題と改善策は4,000字以内で書いてください。いま4,001字で、1字多くなっています。"
    }
    act(cast, "submit", version=1, answers=cast.answers(issues="字" * 4000))
    assert cast.review().answers["issues"] == "字" * 4000


def test_answers_to_questions_that_the_form_lacks_are_not_kept(cast):
    forged = cast.answers(status="approved", figure={"a1": {"value": "9"}}, submitted_by=1)
    act(cast, "save", version=0, answers=forged)
    assert cast.review().answers == cast.answers()


def test_answers_for_targets_that_the_sheet_lacks_are_not_kept(cast):
    answers = cast.answers(
        "self_evaluation", figure={"a1": {"value": "9"}, "p1": {"value": "1"}, "z9": {"value": "1"}}
    )
    act(cast, "save", phase="self_evaluation", version=0, answers=answers)
    assert cast.review("self_evaluation").answers["figure"] == {"a1": {"value": "9"}}


def test_phases_are_kept_apart(cast):
    act(cast, "submit", version=0)
    act(cast, "save", phase="self_evaluation", version=0)
    assert cast.review().status == "submitted"
    assert cast.review("self_evaluation").status == "draft"
    assert [event.version for event in cast.events("self_evaluation")] == [1]


# ---- the record ----------------------------------------------------------------------------------------


def test_event_tells_who_did_what_in_which_post(cast):
    event = act(cast, "submit", version=0)
    stored = Event.objects.get(pk=event.pk)
    assert (stored.ward, int(stored.fiscal_year)) == (cast.ward, 2020)
    assert (stored.initiative, stored.phase, stored.version) == (cast.initiative, "midyear", 1)
    assert (stored.verb, stored.from_status, stored.to_status) == ("submit", "not_started", "submitted")
    assert (stored.by, stored.by_name, stored.by_post) == (cast.staff, "担当 太郎", "市民協働課 担当者")
    assert (stored.at, stored.reason, stored.late, stored.on_behalf) == (NOW, "", False, False)
    assert stored.content == {"answers": cast.answers(issues="別の課題。"), "until": None}
    assert stored.fingerprint == fingerprint("submit", 0, cast.answers(issues="別の課題。"))


def test_name_and_post_stay_as_they_were(cast):
    act(cast, "submit", version=0)
    cast.staff.name = "旧姓 花子"
    cast.staff.save()
    cast.staff.memberships.update(section=cast.other_section)
    [event] = cast.events()
    assert (event.by_name, event.by_post) == ("担当 太郎", "市民協働課 担当者")


@pytest.mark.parametrize("verb", ["save", "import"])
def test_admin_fills_in_on_behalf_and_the_record_says_so(cast, verb):
    event = act(cast, verb, cast.admin, version=0)
    assert (event.on_behalf, event.by_post) == (True, "取りまとめ担当")


@pytest.mark.parametrize(
    ("verb", "state", "to"),
    [
        ("approve", "submitted", "approved"),
        ("return", "submitted", "returned"),
        ("reopen", "approved", "returned"),
    ],
)
def test_deputy_decides_on_behalf_and_the_record_says_so(cast, verb, state, to):
    version = cast.review_in(state).version
    event = act(cast, verb, cast.deputy, version=version)
    assert (event.on_behalf, event.by_post, event.to_status) == (True, "市民協働課長代理", to)


def test_manager_in_the_own_right_is_nobodys_deputy(cast):
    hold(cast.deputy, cast.section, "manager", starts_on=NOW.date())
    version = cast.review_in("submitted").version
    event = act(cast, "approve", cast.deputy, version=version)
    assert (event.on_behalf, event.by_post) == (False, "市民協働課長")


def test_post_is_the_one_that_gives_the_right(cast):
    """A 係長 who stands in for the manager submits as staff and decides as deputy."""
    hold(cast.second_staff, cast.section, "manager", acting=True)
    hold(cast.staff, cast.section, "admin")
    assert act(cast, "save", cast.second_staff, version=0).by_post == "市民協働課 担当者"
    assert act(cast, "submit", cast.staff, version=1).by_post == "市民協働課 担当者"
    approved = act(cast, "approve", cast.second_staff, version=2)
    assert (approved.by_post, approved.on_behalf) == ("市民協働課長代理", True)
    assert act(cast, "publish", cast.staff, version=3).by_post == "取りまとめ担当"
    assert act(cast, "correct", cast.staff, version=4).by_post == "取りまとめ担当"


def test_admin_of_another_section_acts_as_admin(cast):
    hold(cast.staff_other_section, cast.section, "admin")
    event = act(cast, "save", cast.staff_other_section, version=0)
    assert (event.by_post, event.on_behalf) == ("取りまとめ担当", True)
    version = cast.review_in("approved").version
    assert act(cast, "reopen", cast.staff_other_section, version=version).by_post == "取りまとめ担当"


def test_mender_acts_as_manager(cast):
    hold(cast.second_staff, cast.section, "manager", acting=True)
    cast.review_in("submitted")
    assert act(cast, "save", cast.second_staff, version=2).by_post == "市民協働課長代理"


@pytest.mark.parametrize(("window", "late"), [("open", False), ("overdue", True)])
@pytest.mark.parametrize("verb", ["save", "import", "submit", "withdraw"])
def test_what_writes_text_after_the_due_date_is_marked_late(cast, verb, window, late):
    cast.set_window("midyear", window)
    version = cast.review_in("submitted" if verb == "withdraw" else "draft").version
    assert act(cast, verb, version=version).late is late


@pytest.mark.parametrize(
    ("verb", "state"),
    [("approve", "submitted"), ("return", "submitted"), ("reopen", "approved"), ("publish", "approved")],
)
def test_decisions_are_never_late(cast, verb, state):
    cast.set_window("midyear", "overdue")
    assert act(cast, verb, version=cast.review_in(state).version).late is False


def test_mending_is_a_part_of_deciding_and_no_window_binds_it(cast):
    cast.set_window("midyear", "closed")
    cast.review_in("submitted")
    event = act(cast, "save", cast.manager, version=2)
    assert (event.from_status, event.to_status, event.late) == ("submitted", "submitted", False)
    assert cast.review().submitted_by == cast.staff


# ---- repeats and versions ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("verb", "state"),
    [
        ("save", "not_started"),
        ("save", "draft"),
        ("import", "draft"),
        ("submit", "not_started"),
        ("submit", "returned"),
        ("withdraw", "submitted"),
        ("approve", "submitted"),
        ("return", "submitted"),
        ("reopen", "approved"),
        ("publish", "approved"),
        ("correct", "published"),
    ],
)
def test_repeat_is_answered_like_the_first(cast, verb, state):
    version = cast.review_in(state).version
    first = act(cast, verb, version=version)
    after = snapshot()
    again = act(cast, verb, version=version, at=NOW + datetime.timedelta(seconds=2))
    assert again.pk == first.pk
    assert difference(after, snapshot()) == {}


def test_repeat_after_the_closing_is_still_a_repeat(cast):
    first = act(cast, "submit", version=0)
    cast.set_window("midyear", "closed")
    assert act(cast, "submit", version=0).pk == first.pk


def test_same_content_from_another_version_is_no_repeat(cast):
    cast.review_in("submitted")
    act(cast, "return", version=2)
    act(cast, "submit", version=3, answers=cast.answers())
    assert act(cast, "return", version=4).version == 5


def test_same_request_of_another_person_is_no_repeat(cast):
    cast.review_in("submitted")
    act(cast, "approve", version=2)
    refused(TransitionNotAllowed, cast, "approve", cast.second_manager, version=2)


def test_repeat_with_other_words_is_no_repeat(cast):
    cast.review_in("submitted")
    act(cast, "return", version=2)
    refused(TransitionNotAllowed, cast, "return", version=2, reason="別の理由です。")


def test_repeat_of_what_is_no_longer_last_is_refused(cast):
    act(cast, "submit", version=0)
    act(cast, "withdraw", version=1)
    assert act(cast, "submit", version=2).version == 3
    act(cast, "return", version=3)
    refused(TransitionNotAllowed, cast, "approve", version=1)


@pytest.mark.parametrize("version", [None, 0, 1, 3, 99, -1])
def test_decision_on_another_version_is_refused(cast, version):
    cast.review_in("submitted")
    refusal = refused(ChangedMeanwhile, cast, "approve", version=version)
    assert refusal.sentence == "市民協働課 担当者 担当 太郎 さんが9月22日(火)12:00に提出をしました。"


@pytest.mark.parametrize("version", [None, 3, 99, -1])
def test_answers_from_a_version_that_never_was_are_refused(cast, version):
    cast.review_in("draft")
    for verb in ("save", "import", "submit"):
        refusal = refused(ChangedMeanwhile, cast, verb, version=version)
        assert refusal.sentence == "画面が古くなっています。開き直して、いまの内容を確かめてください。"


def test_form_error_is_told_before_a_stale_version(cast):
    cast.review_in("draft")
    refused(Incomplete, cast, "submit", version=99, answers={})
    cast.review_in("submitted")
    refused(Incomplete, cast, "return", version=99, reason="\u3000")


# ---- saving beside each other --------------------------------------------------------------------------


@pytest.mark.parametrize("version", [0, 1])
@pytest.mark.parametrize("tail", ["", "\n", "\n\n"], ids=repr)
def test_save_that_changes_nothing_writes_nothing(cast, version, tail):
    cast.review_in("draft")
    before = snapshot()
    same = cast.answers(issues=cast.answers()["issues"] + tail)
    assert act(cast, "save", cast.second_staff, version=version, answers=same) is None
    assert act(cast, "import", cast.second_staff, version=version, answers=same) is None
    assert difference(before, snapshot()) == {}


def test_empty_first_save_writes_nothing(cast):
    assert act(cast, "save", version=0, answers={}) is None
    assert act(cast, "save", version=0, answers={"issues": "\n"}) is None
    assert not Review.objects.exists()


def test_stale_save_of_other_fields_merges(cast):
    cast.review_in("draft")
    act(cast, "save", version=1, answers=cast.answers(issues="太郎の課題。"))
    event = act(cast, "save", cast.second_staff, version=1, answers=cast.answers(outlook=1))
    expected = cast.answers(outlook=1, issues="太郎の課題。")
    assert (event.version, cast.review().answers, event.content["answers"]) == (3, expected, expected)


def test_stale_first_saves_of_other_fields_merge(cast):
    act(cast, "save", version=0, answers={"issues": "太郎の課題。"})
    act(cast, "save", cast.second_staff, version=0, answers={"outlook": 2})
    assert cast.review().answers == {"issues": "太郎の課題。", "outlook": 2}


def test_save_on_what_was_seen_merges_what_came_first(cast):
    cast.review_in("draft")
    seen = open_case(cast.initiative, "midyear", cast.second_staff)
    act(cast, "save", version=1, answers=cast.answers(issues="太郎の課題。"))
    event = act(cast, "save", cast.second_staff, version=1, answers=cast.answers(outlook=1), seen=seen)
    expected = cast.answers(outlook=1, issues="太郎の課題。")
    assert (event.version, cast.review().answers, event.content["answers"]) == (3, expected, expected)


def test_save_on_what_was_seen_is_refused_after_a_decision(cast):
    cast.review_in("draft")
    seen = open_case(cast.initiative, "midyear", cast.staff)
    act(cast, "submit", version=1)
    refusal = refused(ChangedMeanwhile, cast, "save", cast.second_staff, version=1, seen=seen)
    assert "直すときは、先に引き戻してください。" in refusal.sentence


def test_save_on_what_was_seen_reads_nothing_again(cast, django_assert_num_queries):
    cast.review_in("draft")
    seen = open_case(cast.initiative, "midyear", cast.staff)
    assert seen.target_keys and cast.staff.roles()
    with django_assert_num_queries(4):  # a save point, the row, its event, the save point
        act(cast, "save", version=1, seen=seen)


@pytest.mark.parametrize("verb", ["save", "import", "submit"])
def test_stale_save_of_the_same_field_shows_both_texts(cast, verb):
    cast.review_in("draft")
    act(cast, "save", version=1, answers=cast.answers(issues="太郎の課題。", implementation=2))
    mine = cast.answers(issues="次郎の課題。")
    refusal = refused(workflow.Conflict, cast, verb, cast.second_staff, version=1, answers=mine)
    [conflict] = refusal.conflicts
    assert (conflict.name, conflict.mine, conflict.theirs) == ("issues", "次郎の課題。", "太郎の課題。")
    assert conflict.base == cast.answers()["issues"]
    assert refusal.theirs.by_name == "担当 太郎"
    assert refusal.merged == cast.answers(issues="次郎の課題。", implementation=2)
    assert refusal.sentence == "同じシートを、担当 太郎さんが先に保存しました。"


def test_stale_submit_is_refused_because_the_text_was_not_seen(cast):
    cast.review_in("draft")
    act(cast, "save", version=1, answers=cast.answers(issues="太郎の課題。"))
    refusal = refused(
        workflow.Conflict, cast, "submit", cast.second_staff, version=1, answers=cast.answers(outlook=1)
    )
    assert refusal.conflicts == []
    assert refusal.merged == cast.answers(outlook=1, issues="太郎の課題。")


def test_stale_submit_of_what_stands_there_anyway_is_taken(cast):
    cast.review_in("draft")
    both = cast.answers(issues="同じ課題。")
    act(cast, "save", version=1, answers=both)
    assert act(cast, "submit", cast.second_staff, version=1, answers=both).to_status == "submitted"


def test_save_after_the_decision_is_refused_and_names_the_state(cast):
    cast.review_in("draft")
    act(cast, "submit", version=1)
    act(cast, "approve", version=2)
    refusal = refused(ChangedMeanwhile, cast, "save", cast.second_staff, version=1)
    assert refusal.sentence == (
        "市民協働課長 課長 一郎 さんが9月25日(金)10:00に承認をしました。"
        "このシートは課長承認済です。直すときは、課長に承認取消しを依頼してください。"
    )


# ---- the manager mends ---------------------------------------------------------------------------------


def test_mended_text_is_on_record_and_the_submitter_stays(cast):
    cast.review_in("submitted")
    event = act(cast, "save", cast.manager, version=2, answers=cast.answers(issues="二字直した。"))
    assert [e.content["answers"]["issues"] for e in cast.events()[-2:]] == [
        cast.answers()["issues"],
        "二字直した。",
    ]
    assert (event.by, cast.review().submitted_by) == (cast.manager, cast.staff)
    assert act(cast, "approve", version=3).content["answers"]["issues"] == "二字直した。"


def test_mended_text_must_stay_complete(cast):
    cast.review_in("submitted")
    refusal = refused(
        Incomplete, cast, "save", cast.manager, version=2, answers=cast.answers(issues="\u200b")
    )
    assert refusal.problems == {"issues": "②を選んだときは、課題と改善策を記入してください。"}


def test_two_halves_that_are_incomplete_together_are_refused(cast):
    """Each mend is complete by itself: one takes ② away, the other the text that ② demands."""
    cast.review_in("submitted", answers=cast.answers(outlook=1))
    act(cast, "save", cast.manager, version=2, answers=cast.answers(outlook=2))
    stale = cast.answers(outlook=1, issues=None)
    refusal = refused(Incomplete, cast, "save", cast.second_manager, version=2, answers=stale)
    assert list(refusal.problems) == ["issues"]


@pytest.mark.parametrize("word", ["staff", "second_staff", "admin"])
def test_nobody_else_writes_what_waits_for_approval(cast, word):
    cast.review_in("submitted")
    refused(TransitionNotAllowed, cast, "save", getattr(cast, word), version=2)


def test_file_never_changes_what_waits_for_approval(cast):
    cast.review_in("submitted")
    refused(TransitionNotAllowed, cast, "import", cast.manager, version=2)


def test_mender_may_approve_and_the_submitter_may_not(cast):
    cast.review_in("submitted", submitted_by=cast.manager)
    refused(NotAllowed, cast, "approve", cast.manager, version=2)
    act(cast, "save", cast.second_manager, version=2)
    refused(NotAllowed, cast, "approve", cast.manager, version=3)
    assert act(cast, "approve", cast.second_manager, version=3).to_status == "approved"


# ---- reasons and dates ---------------------------------------------------------------------------------

NEEDS_REASON = [
    ("return", "submitted", "差戻しの理由を書いてください。"),
    ("reopen", "approved", "承認取消しの理由を書いてください。"),
    ("extend", "draft", "個別延長の理由を書いてください。"),
    ("correct", "published", "訂正の理由を書いてください。"),
]


@pytest.mark.parametrize(("verb", "state", "sentence"), NEEDS_REASON)
@pytest.mark.parametrize("reason", ["", " \n", "\u3000\u200b"], ids=ascii)
def test_reason_is_needed_and_must_be_visible(cast, verb, state, sentence, reason):
    cast.set_window("midyear", "closed")
    version = cast.review_in(state).version
    refusal = refused(Incomplete, cast, verb, version=version, reason=reason, until=UNTIL)
    assert refusal.problems == {"reason": sentence}


@pytest.mark.parametrize(("verb", "state", "_"), NEEDS_REASON)
def test_reason_is_kept_as_written(cast, verb, state, _):
    cast.set_window("midyear", "closed")
    version = cast.review_in(state).version
    reason = "①の件数が資料と\n合いません。"
    assert act(cast, verb, version=version, reason=reason, until=UNTIL).reason == reason
    assert cast.events()[-1].content["until"] == "2020-10-31"


def test_reason_has_a_limit(cast):
    cast.review_in("submitted")
    refusal = refused(Incomplete, cast, "return", version=2, reason="字" * 1001)
    assert refusal.problems == {"reason": "理由は1,000字以内で書いてください。いま1,001字です。"}
    assert act(cast, "return", version=2, reason="字" * 1000).to_status == "returned"


@pytest.mark.parametrize(
    ("until", "sentence"),
    [
        (None, "受付が終了しているため、いつまで書けるようにするか、日付を入れてください。"),
        (NOW.date() - DAY, "今日以後の日付を入れてください。"),
        (NOW.date() + 367 * DAY, "1年以内の日付を入れてください。"),
    ],
)
@pytest.mark.parametrize(("verb", "state", "_"), NEEDS_REASON)
def test_closed_window_needs_a_date_that_can_be(cast, verb, state, _, until, sentence):
    cast.set_window("midyear", "closed")
    version = cast.review_in(state).version
    refusal = refused(Incomplete, cast, verb, version=version, until=until)
    assert refusal.problems == {"until": sentence}


@pytest.mark.parametrize("days", [0, 1, 366])
def test_date_opens_that_one_sheet_until_the_end_of_the_day(cast, clock, days):
    cast.set_window("midyear", "closed")
    cast.review_in("submitted")
    until = NOW.date() + days * DAY
    act(cast, "return", version=2, until=until)
    assert cast.review().open_until == end_of(until)
    last = end_of(until)
    clock.move_to(last)
    assert act(cast, "save", version=3, at=last).late is False
    clock.move_to(last + DAY)
    refused(WindowClosed, cast, "submit", version=4, at=last + DAY)


@pytest.mark.parametrize("state", ["not_started", "draft", "returned"])
def test_extension_lets_a_closed_sheet_be_submitted_on_time(cast, state):
    cast.set_window("midyear", "closed")
    version = cast.review_in(state).version
    refused(WindowClosed, cast, "submit", version=version)
    extended = act(cast, "extend", version=version)
    assert (extended.from_status, extended.to_status) == (state, state)
    submitted = act(cast, "submit", version=version + 1)
    assert (submitted.late, submitted.to_status) == (False, "submitted")


def test_extension_that_has_run_out_can_be_given_again(cast, clock):
    cast.set_window("midyear", "closed")
    cast.review_in("draft")
    act(cast, "extend", version=1, until=NOW.date())
    later = NOW + DAY
    clock.move_to(later)
    refused(WindowClosed, cast, "save", version=2, at=later)
    act(cast, "extend", version=2, at=later, until=later.date())
    assert act(cast, "save", version=3, at=later).version == 4


@pytest.mark.parametrize("window", ["before_open", "open", "overdue"])
def test_there_is_nothing_to_extend_until_the_phase_closes(cast, window):
    cast.set_window("midyear", window)
    cast.review_in("draft")
    refused(WindowClosed, cast, "extend", version=1)


def test_open_window_needs_no_date_and_keeps_none(cast):
    cast.review_in("submitted")
    act(cast, "return", version=2, until=UNTIL)
    assert cast.review().open_until is None


# ---- figures -------------------------------------------------------------------------------------------


def approve_figure(cast, value, initiative=None, by=None, **more):
    """Submit and approve a self-evaluation with a figure for a1; give the year's current measurement."""
    initiative = initiative or cast.initiative
    answers = cast.answers("self_evaluation", figure={"a1": {"value": value, **more}})
    cast.review_in("submitted", "self_evaluation", initiative=initiative, answers=answers)
    by = by or cast.manager
    workflow.approve(initiative, "self_evaluation", by=by, at=NOW, version=2)
    return Measurement.objects.current().get(
        indicator=cast.shared_indicator, ward=cast.ward, fiscal_year=2020
    )


def test_approved_figure_becomes_the_years_measurement(cast):
    figure = approve_figure(
        cast, "９", as_of="2021-03-31", source="市民協働課調べ", note="速報", evidence="文書第5号"
    )
    assert (figure.value, figure.as_of, figure.source) == (
        Decimal(9),
        datetime.date(2021, 3, 31),
        "市民協働課調べ",
    )
    assert (figure.note, figure.evidence, figure.by, figure.at) == ("速報", "文書第5号", cast.manager, NOW)
    assert (figure.initiative, figure.reason) == (cast.initiative, "")


def test_zero_is_a_figure_and_a_blank_is_none(cast):
    assert approve_figure(cast, "0").value == 0
    answers = cast.answers("self_evaluation", figure=None)
    Measurement.objects.all().delete()
    cast.review_in("submitted", "self_evaluation", answers=answers)
    act(cast, "approve", phase="self_evaluation", version=2)
    assert not Measurement.objects.exists()


def test_figure_is_written_on_approval_and_not_before(cast):
    before = Measurement.objects.count()
    act(cast, "submit", phase="self_evaluation", version=0, answers=cast.answers("self_evaluation"))
    assert Measurement.objects.count() == before
    act(cast, "approve", phase="self_evaluation", version=1)
    assert Measurement.objects.count() == before + 1


def test_same_figure_again_writes_nothing(cast):
    first = approve_figure(cast, "9")
    assert approve_figure(cast, "9.0").pk == first.pk
    assert approve_figure(cast, "9", cast.other_initiative, cast.manager_other_section).pk == first.pk


def test_own_correction_supersedes_the_figure(cast):
    first = approve_figure(cast, "9")
    second = approve_figure(cast, "10")
    first.refresh_from_db()
    assert (second.value, second.reason, first.superseded_at) == (Decimal(10), "自己評価の訂正", NOW)
    assert second.superseded_at is None


def test_other_figure_of_another_sheet_is_an_error_that_names_it(cast):
    approve_figure(cast, "9", cast.other_initiative, cast.manager_other_section)
    answers = cast.answers("self_evaluation", figure={"a1": {"value": "10"}})
    cast.review_in("submitted", "self_evaluation", answers=answers)
    refusal = refused(TransitionNotAllowed, cast, "approve", phase="self_evaluation", version=2)
    assert refusal.sentence == (
        "「連携した取組の件数」の令和2年度の実績は、取組項目2では9件です。"
        "このシートの10件とどちらが正しいか確かめてください。"
    )
    assert cast.review("self_evaluation").status == "submitted"


def test_other_figure_of_the_admin_is_an_error_that_says_so(cast):
    record_measurement(
        cast.plan, cast.shared_indicator, by=cast.admin, at=EARLIER, fiscal_year=2020, value=Decimal(8)
    )
    cast.review_in("submitted", "self_evaluation")
    refusal = refused(TransitionNotAllowed, cast, "approve", phase="self_evaluation", version=2)
    assert "指標の実績では8件です" in refusal.sentence


def test_figure_of_another_ward_is_not_in_the_way(cast):
    Measurement.objects.create(
        indicator=cast.shared_indicator, ward=cast.neighbour, fiscal_year=2020, value=3, at=EARLIER
    )
    assert approve_figure(cast, "9").value == 9


# ---- publication ---------------------------------------------------------------------------------------


def publish_all(cast):
    """Take a midyear review from nothing to published; give the first revision."""
    act(cast, "submit", version=0, answers=cast.answers())
    act(cast, "approve", version=1)
    act(cast, "publish", version=2)
    return PublishedSheet.objects.get(initiative=cast.initiative)


def test_publication_holds_the_approved_text_with_its_digest(cast):
    sheet = publish_all(cast)
    content = json.loads(sheet.content)
    assert content["parts"].keys() == {"midyear"}
    part = content["parts"]["midyear"]
    assert (part["answers"], part["approved_by_post"]) == (cast.answers(), "市民協働課長")
    assert datetime.datetime.fromisoformat(part["approved_at"]) == NOW
    assert (content["ward"], content["fiscal_year"], content["edition"]) == ("mihon", 2020, "r2")
    assert (content["number"], content["title"]) == ("1", "人と人とのつながりづくり")
    assert (sheet.revision, sheet.reason, sheet.at) == (1, "", NOW)
    assert sheet.sha256 == hashlib.sha256(sheet.content.encode()).hexdigest()
    assert sheet.content == json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def test_publication_names_no_person(cast):
    sheet = publish_all(cast)
    assert not [person.name for person in cast.people.values() if person.name in sheet.content]


def test_publication_copies_the_approval_and_not_the_live_row(cast):
    act(cast, "submit", version=0, answers=cast.answers())
    act(cast, "approve", version=1)
    Review.objects.update(answers={"issues": "後から変わった行"})
    cast.initiative.title = "後から変わった題名"
    cast.initiative.save()
    act(cast, "publish", version=2)
    sheet = PublishedSheet.objects.get()
    assert "後から変わった" not in sheet.content


def test_correction_is_a_new_revision_with_its_reason(cast):
    first = publish_all(cast)
    act(cast, "correct", version=3, reason="件数に誤りがあったため")
    assert PublishedSheet.objects.count() == 1
    act(cast, "submit", version=4, answers=cast.answers(issues="正しい課題。"))
    act(cast, "approve", version=5)
    act(cast, "publish", version=6)
    second = PublishedSheet.objects.get(revision=2)
    assert second.reason == "件数に誤りがあったため"
    assert json.loads(second.content)["parts"]["midyear"]["answers"]["issues"] == "正しい課題。"
    assert PublishedSheet.objects.get(revision=1).content == first.content


def test_first_publication_of_another_part_is_no_revision_of_the_first(cast):
    publish_all(cast)
    answers = cast.answers("self_evaluation")
    act(cast, "submit", phase="self_evaluation", version=0, answers=answers)
    act(cast, "approve", phase="self_evaluation", version=1)
    act(cast, "publish", phase="self_evaluation", version=2)
    second = PublishedSheet.objects.get(revision=2)
    assert second.reason == ""
    assert json.loads(second.content)["parts"].keys() == {"midyear", "self_evaluation"}


def test_reopened_review_is_published_as_approved_last(cast):
    act(cast, "submit", version=0, answers=cast.answers())
    act(cast, "approve", version=1)
    act(cast, "reopen", version=2)
    act(cast, "submit", version=3, answers=cast.answers(issues="二度目。"))
    act(cast, "approve", cast.second_manager, version=4)
    act(cast, "publish", version=5)
    assert "二度目。" in PublishedSheet.objects.get().content


# ---- the door itself -----------------------------------------------------------------------------------


def event_for(cast, review, to_status):
    return Event(
        ward=cast.ward,
        fiscal_year=2020,
        initiative=cast.initiative,
        phase=review.phase,
        verb="return",
        to_status=to_status,
        by=cast.manager,
        by_name=cast.manager.name,
        at=NOW,
    )


def test_door_lets_one_through_for_each_version(cast):
    review = cast.review_in("submitted")
    stale = cast.review()
    assert record(review, event_for(cast, review, "returned"), submitted_by=None).version == 3
    before = snapshot()
    with pytest.raises(ChangedMeanwhile), scratch():
        record(stale, event_for(cast, stale, "returned"), submitted_by=None)
    assert difference(before, snapshot()) == {}
    assert (review.status, review.version, review.submitted_by) == ("returned", 3, None)


def test_door_refuses_another_status_at_the_same_version(cast):
    review = cast.review_in("submitted")
    review.status = "draft"
    with pytest.raises(ChangedMeanwhile):
        record(review, event_for(cast, review, "submitted"))
    assert cast.review().status == "submitted"


@pytest.mark.parametrize("state", STATES)
def test_refusals_speak_in_sentences(cast, state):
    version = cast.review_in(state).version
    for verb in VERBS:
        with scratch():
            try:
                act(cast, verb, cast.staff, version=version, answers={})
            except Incomplete as refusal:
                assert all(sentence.endswith("。") for sentence in refusal.problems.values())
            except Refused as refusal:
                assert refusal.sentence.endswith("。")


def test_unknown_person_of_the_ward_is_told_who_may(cast):
    viewer = hold(newcomer(), cast.section, "viewer")
    cast.review_in("submitted")
    assert refused(NotAllowed, cast, "approve", viewer, version=2).sentence == (
        "承認ができるのは、担当課の課長(承認者)です。"
    )


def test_year_of_an_event_is_the_plans_and_not_the_clocks(cast, clock):
    """The self-evaluation of 令和2年度 is written in April 令和3年."""
    spring = datetime.datetime(2021, 4, 20, 10, 0, tzinfo=JST)
    clock.move_to(spring)
    cast.plan.phases.update(opens_at=NOW, due_at=spring + DAY, closes_at=spring + 9 * DAY)
    for person in cast.people.values():
        person.forget_roles()
    event = act(cast, "submit", phase="self_evaluation", version=0, at=spring)
    assert (int(event.fiscal_year), event.late) == (2020, False)
