import datetime

import pytest
from django.db import IntegrityError, transaction

from initiatives.models import YearPlan
from initiatives.refusals import (
    ChangedMeanwhile,
    Incomplete,
    NotAllowed,
    NotVisible,
    TransitionNotAllowed,
    WindowClosed,
)
from reviews import workflow
from reviews.handover import colleagues, read_notes, replace_note, withdraw_note, write_note
from reviews.models import Note, Review
from tests.cast import NOW, STATES, difference, hold, newcomer, snapshot
from wardplan.accounts.models import Membership, User

TEXT = "数値は9月末に市民局から届く。\n照会先は企画係。"
TODAY = NOW.date()


def write(cast, *, by=None, text=TEXT, initiative=None, at=NOW):
    return write_note(initiative or cast.initiative, "midyear", by=by or cast.staff, at=at, text=text)


def hand_over(cast, *, by=None, to=None, text=TEXT, version=None, at=NOW):
    version = cast.review().version if version is None else version
    return workflow.hand_over(
        cast.initiative,
        "midyear",
        by=by or cast.staff,
        at=at,
        version=version,
        to=to or cast.second_staff,
        text=text,
    )


def standing(cast):
    return [note.text for note in read_notes([cast.initiative.pk]).get(cast.initiative.pk, [])]


# ---- notes -----------------------------------------------------------------------------------------------


def test_note_keeps_text_who_and_when_and_changes_nothing_else(cast):
    cast.review_in("draft")
    before = snapshot()
    note = write(cast)
    assert difference(before, snapshot()) == {"Note": (1, 0, 0)}
    assert (note.text, note.by, note.at, note.version, note.kind) == (TEXT, cast.staff, NOW, 1, "handover")


def test_same_note_sent_twice_is_one(cast):
    assert write(cast) == write(cast)
    assert standing(cast) == [TEXT]


def test_replaced_note_stays_in_the_record(cast):
    note = write(cast)
    newer = replace_note(note, by=cast.second_staff, at=NOW, text="あたらしいメモ")
    assert replace_note(note, by=cast.second_staff, at=NOW, text="あたらしいメモ") == newer
    assert standing(cast) == ["あたらしいメモ"]
    note.refresh_from_db()
    assert (note.text, note.withdrawn_by, note.withdrawn_at) == (TEXT, cast.second_staff, NOW)
    assert Note.objects.count() == 2


def test_withdrawn_note_stays_in_the_record(cast):
    note = write(cast)
    assert withdraw_note(note, by=cast.staff, at=NOW) == withdraw_note(note, by=cast.staff, at=NOW)
    assert standing(cast) == []
    assert Note.objects.get().withdrawn_by == cast.staff


def test_note_that_somebody_took_back_cannot_be_changed(cast):
    note = write(cast)
    withdraw_note(note, by=cast.second_staff, at=NOW)
    for act in (
        lambda: withdraw_note(note, by=cast.staff, at=NOW),
        lambda: replace_note(note, by=cast.staff, at=NOW, text="直した"),
    ):
        with pytest.raises(ChangedMeanwhile, match=r"担当 次郎さんが9月25日\(金\)10:00に"):
            act()
    assert Note.objects.count() == 1


@pytest.mark.parametrize("text", ["", "　\n\u200b", "あ" * 2001])
def test_note_must_say_something_and_not_too_much(cast, text):
    with pytest.raises(Incomplete) as refused:
        write(cast, text=text)
    assert list(refused.value.problems) == ["text"]
    assert Note.objects.count() == 0


@pytest.mark.parametrize(
    ("who", "refusal"),
    [
        ("viewer", NotAllowed),
        ("admin", NotAllowed),
        ("staff_other_section", NotAllowed),
        ("manager_other_section", NotAllowed),
        ("other_ward", NotVisible),
    ],
)
def test_only_the_section_keeps_notes_and_hands_over(cast, who, refusal):
    cast.review_in("draft")
    note = write(cast)
    before = snapshot()
    by = cast.actor(who)
    for act in (
        lambda: write(cast, by=by, text="ほか"),
        lambda: replace_note(note, by=by, at=NOW, text="ほか"),
        lambda: withdraw_note(note, by=by, at=NOW),
        lambda: hand_over(cast, by=by),
    ):
        with pytest.raises(refusal):
            act()
    assert difference(before, snapshot()) == {}


def test_draft_plan_takes_no_notes_and_no_handover(cast):
    cast.plan_in("draft")
    with pytest.raises(TransitionNotAllowed, match="案のあいだ"):
        write(cast)
    with pytest.raises(WindowClosed, match="案のあいだ"):
        hand_over(cast, version=0)
    assert YearPlan.objects.get(pk=cast.plan.pk).status == "draft"
    assert (Note.objects.count(), Review.objects.count()) == (0, 0)


def test_withdrawal_names_person_and_moment_or_neither(cast):
    note = write(cast)
    with pytest.raises(IntegrityError), transaction.atomic():
        Note.objects.filter(pk=note.pk).update(withdrawn_at=NOW)


# ---- handing over ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", STATES)
def test_sheet_changes_hands_while_the_section_writes_it(cast, status):
    review = cast.review_in(status)
    if status in ("not_started", "draft", "returned"):
        event = hand_over(cast, version=review.version)
        assert (event.verb, event.from_status, event.to_status) == ("hand_over", status, status)
        assert event.content["held_by"] == "担当 次郎"
        now = cast.review()
        assert (now.status, now.version, now.held_by) == (status, review.version + 1, cast.second_staff)
        assert now.answers == review.answers
        assert Note.objects.get().version == now.version
    else:
        before = snapshot()
        with pytest.raises(TransitionNotAllowed):
            hand_over(cast, version=review.version)
        assert difference(before, snapshot()) == {}


def test_double_click_hands_over_once(cast):
    cast.review_in("draft")
    assert hand_over(cast, version=1) == hand_over(cast, version=1)
    assert (cast.review().version, Note.objects.count()) == (2, 1)


def test_sheet_is_taken_over_without_a_note(cast):
    cast.review_in("draft")
    hand_over(cast)
    hand_over(cast, by=cast.staff, to=cast.staff, text="")
    assert cast.review().held_by == cast.staff
    assert Note.objects.count() == 1


@pytest.mark.parametrize(
    ("to", "text", "field"),
    [
        ("staff_other_section", TEXT, "to"),
        ("admin", TEXT, "to"),
        ("other_ward", TEXT, "to"),
        ("second_staff", "", "text"),
    ],
)
def test_handover_needs_a_colleague_and_a_note(cast, to, text, field):
    cast.review_in("draft")
    before = snapshot()
    with pytest.raises(Incomplete) as refused:
        hand_over(cast, to=cast.actor(to), text=text)
    assert list(refused.value.problems) == [field]
    assert difference(before, snapshot()) == {}


def test_handover_of_what_changed_meanwhile_is_refused(cast):
    cast.review_in("draft")
    workflow.save(
        cast.initiative,
        "midyear",
        by=cast.second_staff,
        at=NOW,
        version=1,
        answers=cast.answers(issues="新しい文"),
    )
    with pytest.raises(ChangedMeanwhile, match="担当 次郎"):
        hand_over(cast, version=1)
    assert (cast.review().held_by, Note.objects.count()) == (None, 0)


def test_colleague_with_the_form_open_saves_all_the_same(cast):
    cast.review_in("draft")
    hand_over(cast)
    workflow.submit(cast.initiative, "midyear", by=cast.staff, at=NOW, version=1, answers=cast.answers())
    assert cast.review().status == "submitted"


def test_who_left_the_section_holds_nothing(cast):
    cast.review_in("draft")
    hand_over(cast)
    day = datetime.timedelta(days=1)
    Membership.objects.filter(user=cast.second_staff).update(ends_on=TODAY)
    reviews = Review.objects.all()
    assert [one.holder_name for one in reviews.with_holder(TODAY)] == ["担当 次郎"]
    assert [one.holder_name for one in reviews.with_holder(TODAY + day)] == [None]
    User.objects.filter(pk=cast.second_staff.pk).update(is_active=False)
    assert [one.holder_name for one in reviews.with_holder(TODAY)] == [None]


def test_colleagues_are_the_sections_people_of_today(cast):
    gone = hold(newcomer(), cast.section, "staff", ends_on=TODAY - datetime.timedelta(days=1))
    found = list(colleagues(cast.initiative, TODAY))
    assert set(found) == {cast.staff, cast.second_staff, cast.manager, cast.second_manager}
    assert gone not in found
