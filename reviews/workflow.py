"""The verbs of a review: one plain function each, all through the one door.

Order of checks: log-in, visible at all (404), allowed (403), repeat, state (409), four eyes (403),
window (409), content, version (409). A refused verb raises a `Refused` and changes nothing.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone

from initiatives import publication
from initiatives.models import (
    Event,
    Initiative,
    Measurement,
)
from initiatives.refusals import (
    ChangedMeanwhile,
    Incomplete,
    Refused,
    TransitionNotAllowed,
)
from initiatives.workflow import fingerprint, lock_figures, post_of, record
from wardplan.accounts.models import Membership, User
from wardplan.era import short_moment
from wardplan.numbers import read_number, with_unit
from wardplan.text import is_blank

from . import permissions
from .answers import Answers, Difference, assemble, fields_of, merge, unchanged
from .basis import has_basis
from .case import Case, open_case
from .handover import add_note, handover_problems
from .models import Note, Review, UnsavedText
from .rules import (
    TRANSITIONS,
    check_person,
    check_state,
    check_window,
    decision_problems,
    is_bound_by_window,
    is_mending,
    until_needed,
    words_of,
)
from .windows import Window, end_of

Status = Review.Status

# A save keeps these as they are typed, complete or not.
NEVER_CHECKED = (Status.NOT_STARTED, Status.DRAFT, Status.RETURNED)


class Conflict(ChangedMeanwhile):
    """Two people changed the same field: `conflicts` shows both texts, `theirs` is the event that won."""

    def __init__(self, conflicts: list[Difference], merged: Answers, theirs: Event | None) -> None:
        name = theirs.by_name if theirs else "他の方"
        super().__init__(f"同じシートを、{name}さんが先に保存しました。")
        self.conflicts = conflicts
        self.merged = merged
        self.theirs = theirs


def _open_in_turn(initiative: Initiative, phase: str, by: User) -> Case:
    """Read the case for a verb once nobody else is in the middle of one on the same sheet.

    Without the lock PostgreSQL shows both of two simultaneous requests the state before either: a double
    click would be refused instead of recognised, and saves of different fields would not merge. SQLite knows
    one writer at a time anyway.
    """
    row = Initiative.objects.select_for_update(no_key=True).filter(pk=initiative.pk)
    list(row.order_by().values_list("pk"))
    return open_case(initiative, phase, by)


# ---- the verbs -----------------------------------------------------------------------------------------


def save(
    initiative: Initiative,
    phase: str,
    *,
    by: User,
    at: datetime.datetime,
    version: int | None,
    answers: Answers,
    page: str | None = None,
    seen: Case | None = None,
) -> Event | None:
    """Keep the answers as they are, complete or not (一時保存); a manager mends a submitted sheet.

    A stale save merges with what others saved meanwhile; a save that changes nothing writes nothing and
    returns None. A mended sheet must stay complete. Raises Conflict when both changed the same field.

    `page` names the opened page that the answers were typed on: its unsaved text goes together with the save.
    `seen` is the case as the caller has read it in this request. A draft is saved on it without reading it
    again, since at the deadline everybody saves at once; where somebody else came first, as the door finds
    out, the save is done again on what stands now. What must be complete is always read again.
    """
    if seen is not None and seen.review.status in NEVER_CHECKED:
        try:
            with transaction.atomic():
                return _write("save", seen, by=by, at=at, version=version, answers=answers, page=page)
        except ChangedMeanwhile:
            pass
    with transaction.atomic():
        case = _open_in_turn(initiative, phase, by)
        return _write("save", case, by=by, at=at, version=version, answers=answers, page=page)


@transaction.atomic
def import_answers(
    initiative: Initiative,
    phase: str,
    *,
    by: User,
    at: datetime.datetime,
    version: int | None,
    answers: Answers,
) -> Event | None:
    """Keep answers that came back in an Excel form; as `save`, but never on a submitted sheet."""
    case = _open_in_turn(initiative, phase, by)
    return _write("import", case, by=by, at=at, version=version, answers=answers)


@transaction.atomic
def submit(
    initiative: Initiative,
    phase: str,
    *,
    by: User,
    at: datetime.datetime,
    version: int | None,
    answers: Answers,
    page: str | None = None,
) -> Event | None:
    """Save the answers and hand the sheet to the manager, at once.

    The edition's rules must be met. Raises Incomplete with a sentence per field; Conflict when others
    changed anything since the person opened the form: nobody submits text that he or she has not seen.
    `page` as for `save`.
    """
    case = _open_in_turn(initiative, phase, by)
    return _write("submit", case, by=by, at=at, version=version, answers=answers, page=page)


def _write(
    verb: str,
    case: Case,
    *,
    by: User,
    at: datetime.datetime,
    version: int | None,
    answers: Answers,
    page: str | None = None,
) -> Event | None:
    """Take the answers, and drop what was kept of them unsaved: no text goes without a save."""
    event = _take(verb, case, by=by, at=at, version=version, answers=answers)
    if page is not None:
        UnsavedText.objects.of_page(by, case.review, page).delete()
    return event


def _take(
    verb: str, case: Case, *, by: User, at: datetime.datetime, version: int | None, answers: Answers
) -> Event | None:
    check_person(verb, case, by)
    answers = assemble({field: field.of(answers) for field in fields_of(case.phase, case.target_keys)})
    request = fingerprint(verb, version, answers)
    if repeated := _repeated(case, by, request, version):
        return repeated
    _check_state_now(verb, case, by, version)
    check_window(verb, case, at)
    must_be_complete = verb == "submit" or case.review.status == Status.SUBMITTED
    if must_be_complete and (found := case.problems(answers)):
        raise Incomplete(found)
    merged = _merged(case, version, answers)
    if verb == "submit" and not unchanged(merged, answers):
        raise Conflict([], merged, _last_event(case.review))
    if must_be_complete and (found := case.problems(merged)):
        raise Incomplete(found)
    if verb != "submit" and unchanged(merged, case.review.answers):
        return None
    changes: dict[str, Any] = {"answers": merged}
    if verb == "submit":
        changes["submitted_by"] = by
    return _record(verb, case, by, at, request, **changes)


def _check_state_now(verb: str, case: Case, by: User, version: int | None) -> None:
    """Refuse a verb for the state; who looks at an old version is also told who changed it and when.

    Raises ChangedMeanwhile then: of two people who decide at once, the loser learns what the winner did.
    """
    try:
        check_state(verb, case, by)
    except TransitionNotAllowed as refusal:
        if version is None or not 0 <= version < case.review.version:
            raise
        changed = _changed_by(_last_event(case.review)).sentence
        raise ChangedMeanwhile(f"{changed}{refusal.sentence}") from refusal


def _merged(case: Case, version: int | None, answers: Answers) -> Answers:
    """Merge the answers into what stands, from the version the person had before him or her.

    Raises ChangedMeanwhile for a version that never was, Conflict when a field was changed on both sides.
    """
    if version == case.review.version:
        return answers
    base = _answers_at(case.review, version)
    merged, conflicts = merge(base, answers, case.review.answers)
    if conflicts:
        raise Conflict(conflicts, merged, _last_event(case.review))
    return merged


def _answers_at(review: Review, version: int | None) -> Answers:
    if version is None:
        raise _changed_by(None)
    if version == 0:
        return {}
    event = Event.objects.filter(initiative=review.initiative, phase=review.phase, version=version).first()
    if event is None:
        raise _changed_by(None)
    return event.content.get("answers", {})


def _last_event(review: Review) -> Event | None:
    return Event.objects.filter(
        initiative=review.initiative, phase=review.phase, version=review.version
    ).first()


def _repeated(case: Case, by: User, request: str, version: int | None) -> Event | None:
    """Find out whether the very same request was the last thing accepted (double click, retry).

    Who works on the version that stands now repeats nothing, and nothing is read.
    """
    last = _last_event(case.review) if version != case.review.version else None
    return last if last and last.by_id == by.pk and last.fingerprint == request else None


@transaction.atomic
def withdraw(
    initiative: Initiative, phase: str, *, by: User, at: datetime.datetime, version: int | None
) -> Event:
    """Take a submitted sheet back to the state it was submitted from, before the manager decides."""
    return _act("withdraw", initiative, phase, by=by, at=at, version=version)


@transaction.atomic
def approve(
    initiative: Initiative, phase: str, *, by: User, at: datetime.datetime, version: int | None
) -> Event:
    """Approve the submitted text at the version that the manager saw (not a 決裁).

    Figures that are the year's actual become the indicators' measurements. Raises TransitionNotAllowed,
    naming the figure, when another figure already stands for that indicator and year.
    """
    return _act("approve", initiative, phase, by=by, at=at, version=version)


@transaction.atomic
def send_back(
    initiative: Initiative,
    phase: str,
    *,
    by: User,
    at: datetime.datetime,
    version: int | None,
    reason: str,
    until: datetime.date | None = None,
    comments: Mapping[str, str] | None = None,
) -> Event:
    """Return a submitted sheet with a reason; in a closed window, with a date to write until.

    `comments` are texts on single fields, by the name of the field; blank ones are left out. They become
    notes of the version that the return makes, which the section and the admin read.
    """
    written = {name: text for name, text in (comments or {}).items() if not is_blank(text)}
    return _act(
        "return",
        initiative,
        phase,
        by=by,
        at=at,
        version=version,
        reason=reason,
        until=until,
        comments=written,
    )


@transaction.atomic
def reopen(
    initiative: Initiative,
    phase: str,
    *,
    by: User,
    at: datetime.datetime,
    version: int | None,
    reason: str,
    until: datetime.date | None = None,
) -> Event:
    """Take an approval back (承認取消し) with a reason; in a closed window, with a date to write until."""
    return _act("reopen", initiative, phase, by=by, at=at, version=version, reason=reason, until=until)


@transaction.atomic
def extend(
    initiative: Initiative,
    phase: str,
    *,
    by: User,
    at: datetime.datetime,
    version: int | None,
    reason: str,
    until: datetime.date | None,
) -> Event:
    """Let one sheet of a closed phase be written until a date (個別延長); it is not late until then."""
    return _act("extend", initiative, phase, by=by, at=at, version=version, reason=reason, until=until)


@transaction.atomic
def hand_over(
    initiative: Initiative,
    phase: str,
    *,
    by: User,
    at: datetime.datetime,
    version: int | None,
    to: User,
    text: str = "",
) -> Event:
    """Put a sheet that is being written into a colleague's hands, with a handover note.

    Everybody of the section may still write it; it says who is at it. Who takes a sheet over (`to` is `by`)
    needs no note. Raises Incomplete with a sentence per field.
    """
    case = _open_in_turn(initiative, phase, by)
    check_person("hand_over", case, by)
    request = fingerprint("hand_over", version, [to.pk, text])
    if repeated := _repeated(case, by, request, version):
        return repeated
    _check_state_now("hand_over", case, by, version)
    check_window("hand_over", case, at)
    if found := handover_problems(case, by=by, to=to, text=text):
        raise Incomplete(found)
    if version != case.review.version:
        raise _changed_by(_last_event(case.review))
    event = _record("hand_over", case, by, at, request, held_by=to)
    if not is_blank(text):
        add_note(case, by=by, at=at, text=text, version=event.version)
    return event


@transaction.atomic
def publish(
    initiative: Initiative, phase: str, *, by: User, at: datetime.datetime, version: int | None
) -> Event:
    """Publish an approved review: the sheet's next public revision holds the text that was approved."""
    return _act("publish", initiative, phase, by=by, at=at, version=version)


@transaction.atomic
def publish_together(
    chosen: Iterable[tuple[Initiative, int | None]], phase: str, *, by: User, at: datetime.datetime
) -> tuple[list[Event], list[tuple[Initiative, Refused]]]:
    """Publish several approved reviews of a phase in one step, each with its own event.

    `chosen` are sheets with the versions that the person saw. What is refused is left as it was and given
    back with its reason; the others are published all the same. Anything else that goes wrong undoes all.
    """
    published, refused = [], []
    for initiative, version in chosen:
        try:
            published.append(publish(initiative, phase, by=by, at=at, version=version))
        except Refused as refusal:
            refused.append((initiative, refusal))
    return published, refused


@transaction.atomic
def correct(
    initiative: Initiative,
    phase: str,
    *,
    by: User,
    at: datetime.datetime,
    version: int | None,
    reason: str,
    until: datetime.date | None = None,
) -> Event:
    """Start a correction of a published review (訂正); the public keeps the last revision until the next."""
    return _act("correct", initiative, phase, by=by, at=at, version=version, reason=reason, until=until)


def _act(
    verb: str,
    initiative: Initiative,
    phase: str,
    *,
    by: User,
    at: datetime.datetime,
    version: int | None,
    reason: str = "",
    until: datetime.date | None = None,
    comments: Mapping[str, str] | None = None,
) -> Event:
    """Carry out a verb that brings no answers: checks in their order, then one write."""
    case = _open_in_turn(initiative, phase, by)
    check_person(verb, case, by)
    request = fingerprint(verb, version, [reason, until, comments])
    if repeated := _repeated(case, by, request, version):
        return repeated
    _check_state_now(verb, case, by, version)
    check_window(verb, case, at)
    changes: dict[str, Any] = {}
    if found := decision_problems(verb, case, at, reason=reason, until=until, comments=comments):
        raise Incomplete(found)
    if version != case.review.version:
        raise _changed_by(_last_event(case.review))
    to_status = TRANSITIONS[verb][case.review.status]
    if until_needed(verb, case, at) and until is not None:
        changes["open_until"] = end_of(until)
    if verb == "approve":
        changes["approved_by"] = by
    elif verb == "withdraw":
        to_status = _submitted_from(case.review)
        changes["submitted_by"] = None
    elif to_status == Status.RETURNED and verb != "extend":
        changes["submitted_by"] = changes["approved_by"] = None
    event = _record(verb, case, by, at, request, to_status=to_status, reason=reason, **changes)
    # After the door: of two people who decide together, only the winner comes as far as this.
    if verb == "approve":
        _record_figures(case, by, at)
    elif verb == "publish":
        _publish(case, at)
    elif comments:
        _comment(event, comments)
    return event


def _comment(returned: Event, comments: Mapping[str, str]) -> None:
    """Keep the comments of a return beside the version that it made."""
    Note.objects.bulk_create(
        Note(
            initiative=returned.initiative,
            phase=returned.phase,
            version=returned.version,
            kind=Note.Kind.COMMENT,
            field=name,
            text=text,
            by=returned.by,
            at=returned.at,
        )
        for name, text in comments.items()
    )


def _changed_by(event: Event | None) -> ChangedMeanwhile:
    if event is None:
        return ChangedMeanwhile("画面が古くなっています。開き直して、いまの内容を確かめてください。")
    words = words_of(event)
    return ChangedMeanwhile(
        f"{event.by_post} {event.by_name} さんが{short_moment(event.at)}に{words}をしました。".strip()
    )


def _submitted_from(review: Review) -> str:
    """Tell from which state a review was submitted. 未入力 becomes 作成中: by now there is text to keep."""
    submitted = (
        Event.objects.filter(initiative=review.initiative, phase=review.phase, verb="submit")
        .order_by("-version")
        .first()
    )
    return Status.RETURNED if submitted and submitted.from_status == Status.RETURNED else Status.DRAFT


def _record(
    verb: str,
    case: Case,
    by: User,
    at: datetime.datetime,
    request: str,
    *,
    to_status: str = "",
    reason: str = "",
    **changes: Any,
) -> Event:
    """Hand the change to the one door, with the event that tells of it."""
    review, initiative = case.review, case.initiative
    late = is_bound_by_window(verb, review) and case.window(at) == Window.OVERDUE
    becomes = to_status or TRANSITIONS[verb][review.status]
    answers = changes.get("answers", review.answers)
    content = {"answers": answers, "until": _day(changes.get("open_until"))}
    if becomes in (Status.SUBMITTED, Status.APPROVED) and has_basis(case.phase):
        # As it was on that day: a figure corrected later does not change what the mark rested on.
        content["basis"] = case.basis(answers).content()
    if held_by := changes.get("held_by"):
        content["held_by"] = held_by.name
    event = Event(
        ward_id=case.plan.ward_id,
        fiscal_year=case.plan.fiscal_year,
        initiative=initiative,
        phase=review.phase,
        verb=verb,
        to_status=becomes,
        by=by,
        by_name=by.name,
        by_post=post_of(by, case.plan.ward_id, _acting_role(verb, case, by), initiative.section_id),
        at=at,
        reason=reason,
        late=late,
        on_behalf=_on_behalf(verb, case, by),
        content=content,
        fingerprint=request,
    )
    return record(review, event, **changes)


def _acting_role(verb: str, case: Case, by: User) -> str:
    """Name the role that allows a person this act, for those who hold several."""
    if verb in ("extend", "publish", "correct"):
        return Membership.Role.ADMIN
    deciding = verb in ("approve", "return", "reopen") or is_mending(verb, case.review)
    if deciding and permissions.is_manager_of(by, case.initiative):
        return Membership.Role.MANAGER
    if verb != "reopen" and permissions.belongs_to_section(by, case.initiative):
        return Membership.Role.STAFF
    return Membership.Role.ADMIN


def _day(moment: datetime.datetime | None) -> str | None:
    return timezone.localdate(moment).isoformat() if moment else None


def _on_behalf(verb: str, case: Case, by: User) -> bool:
    """Tell whether somebody acts for another: the admin who fills in, the deputy who decides (代理)."""
    if verb in ("save", "import") and not permissions.belongs_to_section(by, case.initiative):
        return True
    deciding = verb in ("approve", "return", "reopen") or is_mending(verb, case.review)
    return deciding and by.roles().acts_only_as_deputy(case.initiative.section_id)


def _record_figures(case: Case, by: User, at: datetime.datetime) -> None:
    """Write the approved figures that are the year's actual as measurements of their indicators.

    The same figure again writes nothing. A different one that this sheet wrote before is superseded (it was
    corrected here); one from elsewhere is an error that names it: one indicator has one figure a year.
    """
    targets = {target.key: target for target in case.targets}
    lock_figures(*(target.indicator_id for target in case.targets))
    for field in fields_of(case.phase, targets):
        figure = field.of(case.review.answers)
        if not field.question.final or not figure or not figure.get("value"):
            continue
        target = targets[field.target]
        value = read_number(figure["value"])
        if value is None:
            continue
        ward = case.plan.ward_id
        current = (
            Measurement.objects.current()
            .filter(indicator=target.indicator, ward=ward, fiscal_year=target.fiscal_year)
            .select_related("initiative")
            .first()
        )
        if current is not None and current.value == value:
            continue
        if current is not None and current.initiative_id != case.initiative.pk:
            where = f"取組項目{current.initiative.number}" if current.initiative else "指標の実績"
            stands = with_unit(current.value, target.indicator.unit)
            raise TransitionNotAllowed(
                f"「{target.indicator.name}」の{target.fiscal_year}の実績は、{where}では{stands}です。"
                f"このシートの{with_unit(value, target.indicator.unit)}とどちらが正しいか確かめてください。"
            )
        if current is not None:
            Measurement.objects.filter(pk=current.pk).update(superseded_at=at)
        Measurement.objects.create(
            indicator=target.indicator,
            ward_id=ward,
            fiscal_year=target.fiscal_year,
            value=value,
            as_of=figure.get("as_of"),
            source=figure.get("source", ""),
            note=figure.get("note", ""),
            evidence=figure.get("evidence", ""),
            initiative=case.initiative,
            by=by,
            at=at,
            reason="自己評価の訂正" if current is not None else "",
        )


def _publish(case: Case, at: datetime.datetime) -> None:
    """Make the public revision from the approval event and, for a 改訂, the reason of the correction."""
    events = Event.objects.filter(initiative=case.initiative, phase=case.review.phase)
    approved = events.filter(verb="approve").latest("version")
    corrected = events.filter(verb="correct").order_by("-version").first()
    items = publication.approved_plan(case.plan).content["initiatives"]
    publication.publish_part(
        case.initiative,
        part=case.review.phase,
        content={
            "answers": approved.content["answers"],
            "approved_at": approved.at.isoformat(),
            "approved_by_post": approved.by_post,
            "as_of": case.plan_phase.as_of.isoformat() if case.plan_phase and case.plan_phase.as_of else None,
            **({"basis": approved.content["basis"]} if "basis" in approved.content else {}),
        },
        item=next(item for item in items if item["number"] == case.initiative.number),
        reason=corrected.reason if corrected else "",
        at=at,
    )
