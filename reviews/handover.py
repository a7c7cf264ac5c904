"""Handover notes (引継ぎメモ) beside a sheet: who writes and withdraws them, and which of them stand.

A note changes nothing of the review: it has no version and makes no event, but it names who and when, and
nothing is ever deleted. Handing a sheet to a colleague is a verb of `workflow`.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable

from django.db import transaction
from django.db.models import QuerySet

from initiatives.models import Initiative, YearPlan
from initiatives.refusals import ChangedMeanwhile, Incomplete, NotAllowed, TransitionNotAllowed
from wardplan.accounts.models import Membership, User
from wardplan.era import short_moment
from wardplan.text import is_blank, length

from . import permissions
from .case import Case, open_case
from .models import Note, Review
from .rules import TRANSITIONS

NOTE_LIMIT = 2000  # characters


@transaction.atomic
def write_note(initiative: Initiative, phase: str, *, by: User, at: datetime.datetime, text: str) -> Note:
    """Keep a handover note beside a sheet's phase for those who come next.

    The same note sent twice by the same person is one. Raises Incomplete for a note that says nothing or
    too much, TransitionNotAllowed while the plan is a draft.
    """
    case = open_case(initiative, phase, by)
    _check(case, by)
    if found := note_problems(text):
        raise Incomplete(found)
    Initiative.objects.select_for_update(no_key=True).filter(pk=initiative.pk).order_by("pk").first()
    return _standing(case).filter(by=by, text=text).first() or add_note(case, by=by, at=at, text=text)


@transaction.atomic
def replace_note(note: Note, *, by: User, at: datetime.datetime, text: str) -> Note:
    """Put a new note in the place of one that stands; the old one stays in the history.

    Raises ChangedMeanwhile when somebody else took it back before.
    """
    case = open_case(note.initiative, note.phase, by)
    _check(case, by)
    if found := note_problems(text):
        raise Incomplete(found)
    standing = _lock(note)
    same = standing if standing.withdrawn_at is None else _standing(case).filter(by=by).first()
    if same is not None and same.text == text:
        return same
    _take_back(standing, by=by, at=at)
    return add_note(case, by=by, at=at, text=text)


@transaction.atomic
def withdraw_note(note: Note, *, by: User, at: datetime.datetime) -> Note:
    """Take a note back that is not needed any more; it stays in the history.

    Raises ChangedMeanwhile when somebody else did before; the own second click is answered like the first.
    """
    _check(open_case(note.initiative, note.phase, by), by)
    standing = _lock(note)
    if standing.withdrawn_by is not None and standing.withdrawn_by == by:
        return standing
    return _take_back(standing, by=by, at=at)


def add_note(case: Case, *, by: User, at: datetime.datetime, text: str, version: int | None = None) -> Note:
    """Write the row; called by verbs that have made their checks. `version` is the one it was written at."""
    return Note.objects.create(
        initiative=case.initiative,
        phase=case.review.phase,
        version=case.review.version if version is None else version,
        kind=Note.Kind.HANDOVER,
        text=text,
        by=by,
        at=at,
    )


def note_problems(text: str) -> dict[str, str]:
    """Say what a note still needs: field name -> sentence. Forms and verbs ask the same function."""
    if is_blank(text):
        return {"text": "引継ぎメモを書いてください。"}
    if length(text) > NOTE_LIMIT:
        return {"text": f"引継ぎメモは{NOTE_LIMIT:,}字以内で書いてください。いま{length(text):,}字です。"}
    return {}


def handover_problems(case: Case, *, by: User, to: User, text: str) -> dict[str, str]:
    """Say what a handover still needs. A note goes with it, except when somebody takes a sheet over."""
    found = {} if to == by and is_blank(text) else note_problems(text)
    if not permissions.can_receive(to, case.initiative):
        found["to"] = "担当課の職員から選んでください。"
    elif case.review.held_by_id == to.pk and to != by:
        found["to"] = f"このシートは、すでに{to.name}さんの手元にあります。"
    return found


def colleagues(initiative: Initiative, on: datetime.date) -> QuerySet[User]:
    """List who works in the sheet's section on a day, standing deputies of other sections left out."""
    there = Membership.objects.valid_on(on).filter(section=initiative.section_id, acting=False)
    return User.objects.filter(is_active=True, pk__in=there.values("user")).order_by("name", "pk")


def read_notes(initiatives: Iterable[int]) -> dict[int, list[Note]]:
    """Read the handover notes that stand, by sheet, newest first; one query.

    For the section and the admin only: the caller has asked `permissions.can_read_notes`.
    """
    notes = Note.objects.standing().filter(initiative__in=list(initiatives), kind=Note.Kind.HANDOVER)
    found: dict[int, list[Note]] = {}
    for note in notes.select_related("by").order_by("-at", "-pk"):
        found.setdefault(note.initiative_id, []).append(note)
    return found


def read_holders(initiatives: Iterable[int], on: datetime.date) -> dict[tuple[int, str], str]:
    """Name who was handed the sheets that are being written, by sheet and phase; one query.

    Whoever is not in the section any more holds nothing. For the section and the admin only.
    """
    handed = Review.objects.filter(initiative__in=list(initiatives), held_by__isnull=False)
    being_written = handed.filter(status__in=TRANSITIONS["hand_over"]).with_holder(on)
    return {
        (one.initiative_id, one.phase): one.holder_name
        for one in being_written.defer("answers")
        if one.holder_name
    }


def _check(case: Case, by: User) -> None:
    if not permissions.can_hand_over(by, case.initiative):
        raise NotAllowed("引継ぎメモを書けるのは、担当課の職員です。")
    if case.plan.status == YearPlan.Status.DRAFT:
        raise TransitionNotAllowed("計画が案のあいだは、引継ぎメモを書けません。確定の後に書いてください。")


def _standing(case: Case) -> QuerySet[Note]:
    return Note.objects.standing().filter(
        initiative=case.initiative, phase=case.review.phase, kind=Note.Kind.HANDOVER
    )


def _lock(note: Note) -> Note:
    """Read a note as it is now, so that two people who change it take turns."""
    rows = Note.objects.select_related("withdrawn_by").select_for_update(of=("self",), no_key=True)
    return rows.get(pk=note.pk, kind=Note.Kind.HANDOVER)


def _take_back(note: Note, *, by: User, at: datetime.datetime) -> Note:
    if note.withdrawn_at is not None and note.withdrawn_by is not None:
        raise ChangedMeanwhile(
            f"{note.withdrawn_by.name}さんが{short_moment(note.withdrawn_at)}にこのメモを取り下げました。"
        )
    note.withdrawn_by, note.withdrawn_at = by, at
    note.save(update_fields=["withdrawn_by", "withdrawn_at"])
    return note
