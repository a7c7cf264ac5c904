"""This desk (この席の仕事): all that somebody who is new in a section needs to go on with its sheets.

For each sheet of the year: where it is, last year's sheet and what came back then and why, the handover
notes, the issues that are still open, and where each figure comes from.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Exists, OuterRef
from django.utils import timezone

from initiatives.form import OfficialForm
from initiatives.models import Event, Initiative, PlanPhase, YearPlan
from wardplan.accounts.models import Membership, Section, User
from wardplan.fiscal_year import FiscalYear

from . import permissions, rules
from .comments import Comment, labels_of, place_of, read_comments
from .handover import read_holders, read_notes
from .last_year import LastYear, read_last_years
from .models import Note, Review
from .progress import holder
from .sheet import PhaseBlock, Sheet, read_sheet, with_everything
from .windows import Window, deadline, window


@dataclass(frozen=True)
class Standing:
    """One phase of a sheet: where it is, who has it, until when."""

    block: PhaseBlock
    holder: str
    due: datetime.datetime | None
    opens_at: datetime.datetime | None
    window: Window


@dataclass(frozen=True)
class Returned:
    """A return of last year: its reason, and the comments to single fields, each with the field's name."""

    event: Event
    what: str
    phase: str
    comments: tuple[tuple[str, Comment], ...]


@dataclass(frozen=True)
class FigureSource:
    """Where an indicator's figure comes from, whom to ask for it and when it arrives."""

    indicator: int
    name: str
    source: str
    contact: str
    arrives: str
    last_source: str = ""
    """What last year's evaluation named as source, where the indicator itself names none."""


@dataclass(frozen=True)
class NoteOf:
    """A handover note with the phase and, for last year's, the year it was written to."""

    note: Note
    place: str


@dataclass(frozen=True)
class DeskSheet:
    """One sheet of the desk."""

    sheet: Sheet
    standings: tuple[Standing, ...]
    notes: tuple[NoteOf, ...]
    figures: tuple[FigureSource, ...]
    last_year: LastYear | None = None
    returned: tuple[Returned, ...] = ()

    @property
    def last_section(self) -> str:
        """Name last year's section when it was another one (機構改革)."""
        before = self.last_year.sheet.section if self.last_year else ""
        return before if before != self.sheet.section else ""

    @property
    def last_blocks(self) -> list[PhaseBlock]:
        """Give what last year's sheet says, phase by phase, as far as it was written and may be read."""
        blocks = self.last_year.sheet.blocks if self.last_year else ()
        return [block for block in blocks if block.readable and block.version]


def own_desks(user: User) -> list[Membership]:
    """List the person's sections, each once, for the links to their desks; no query of its own."""
    held = {row.section_id: row for row in reversed(user.roles().memberships) if row.section_id}
    return list(reversed(held.values()))


def read_initiatives(plan: YearPlan, section: Section, user: User) -> list[Initiative]:
    """Read the section's sheets of a plan that the person may see at this desk.

    Its own people and the admin see all. Who took sheets over from a section that is gone sees those.
    """
    sheets = Initiative.objects.filter(plan=plan, section=section)
    if not permissions.can_see_desk(user, section):
        taken_over = Initiative.objects.filter(continues=OuterRef("pk"), section__in=user.roles().sections)
        sheets = sheets.filter(Exists(taken_over))
    return list(with_everything(sheets).order_by("position", "number"))


def read_desk(
    initiatives: list[Initiative], form: OfficialForm, user: User, now: datetime.datetime
) -> list[DeskSheet]:
    """Read the sheets of a desk with everything beside them: as many queries for thirty as for one.

    `initiatives` come from `read_initiatives` and are of one plan, `form` is that plan's.
    """
    if not initiatives:
        return []
    phases = {row.phase: row for row in PlanPhase.objects.filter(plan=initiatives[0].plan_id)}
    last_years = read_last_years(initiatives, {initiatives[0].plan.edition_id: form}, user)
    earlier = [last.sheet.initiative.pk for last in last_years.values()]
    here = [initiative.pk for initiative in initiatives]
    holders = read_holders(here, timezone.localdate(now))
    notes = read_notes([*here, *earlier])
    returned = _read_returned(last_years.values())
    return [
        _desk_sheet(
            read_sheet(initiative, form, user), phases, last_years.get(initiative.pk), holders, notes,
            returned, now,
        )
        for initiative in initiatives
    ]  # fmt: skip


def _desk_sheet(
    sheet: Sheet,
    phases: dict[str, PlanPhase],
    last_year: LastYear | None,
    holders: dict[tuple[int, str], str],
    notes: dict[int, list[Note]],
    returned: dict[int, list[Returned]],
    now: datetime.datetime,
) -> DeskSheet:
    initiative = sheet.initiative
    before = last_year.sheet.initiative.pk if last_year else 0
    written = [_note_of(note, sheet) for note in notes.get(initiative.pk, [])]
    if last_year:
        written += [_note_of(note, last_year.sheet) for note in notes.get(before, [])]
    return DeskSheet(
        sheet=sheet,
        standings=tuple(
            _standing(sheet, block, phases.get(block.phase.key), holders, now) for block in sheet.blocks
        ),
        notes=tuple(written),
        figures=tuple(_figures(sheet, last_year)),
        last_year=last_year,
        returned=tuple(returned.get(before, [])),
    )


def _standing(
    sheet: Sheet,
    block: PhaseBlock,
    phase: PlanPhase | None,
    holders: dict[tuple[int, str], str],
    now: datetime.datetime,
) -> Standing:
    person = holders.get((sheet.initiative.pk, block.phase.key), "")
    return Standing(
        block=block,
        holder=holder(block.status, sheet.section, f"{person}さん" if person else ""),
        due=deadline(phase, block.review),
        opens_at=phase.opens_at if phase else None,
        window=window(sheet.initiative.plan, phase, block.review or Review(), now),
    )


def _note_of(note: Note, sheet: Sheet) -> NoteOf:
    block = sheet.block(note.phase)
    label = block.phase.label if block else ""
    return NoteOf(note, f"{sheet.fiscal_year} {label}".strip())


def _figures(sheet: Sheet, last_year: LastYear | None) -> list[FigureSource]:
    """List the indicators of a sheet's targets, each once, in the order of the form."""
    named = _sources_of(last_year)
    found: dict[int, FigureSource] = {}
    for target in sheet.initiative.targets.all():
        one = target.indicator
        found.setdefault(
            one.pk,
            FigureSource(one.pk, one.name, one.source, one.contact, one.arrives, named.get(one.pk, "")),
        )
    return list(found.values())


def _sources_of(last_year: LastYear | None) -> dict[int, str]:
    """Read what last year's answers named as the source of each figure, by indicator."""
    if last_year is None:
        return {}
    indicators = {line.key: line.indicator for line in last_year.sheet.annual_targets}
    return {
        indicators[one.target]: one.figure["source"]
        for block in last_year.sheet.blocks
        for one in block.answered
        if one.target in indicators and one.figure.get("source")
    }


def _read_returned(last_years: Iterable[LastYear]) -> dict[int, list[Returned]]:
    """Read the returns of these sheets with their comments, oldest first, by sheet; two queries at most.

    For those who may read this year's notes: `permissions.can_read_notes` says why last year's, too.
    """
    sheets = {last.sheet.initiative.pk: last.sheet for last in last_years}
    events = list(
        Event.objects.filter(initiative__in=sheets, verb__in=rules.REOPENING)
        .defer("content")
        .order_by("at", "pk")
    )
    comments = read_comments(event for event in events if event.verb == "return")
    found: dict[int, list[Returned]] = {}
    for event in events:
        assert event.initiative_id is not None
        sheet = sheets[event.initiative_id]
        phase = sheet.form.by_phase.get(event.phase)
        labels = labels_of(phase, [line.key for line in sheet.annual_targets]) if phase else {}
        found.setdefault(event.initiative_id, []).append(
            Returned(
                event,
                rules.words_of(event),
                phase.label if phase else "",
                tuple((labels.get(one.field, ""), one) for one in comments.get(place_of(event), [])),
            )
        )
    return found


def sections_before(sheets: Iterable[DeskSheet], section: Section) -> list[tuple[FiscalYear, Section]]:
    """List the desks of last year that these sheets came from: this section's, and others' (機構改革)."""
    found: dict[tuple[FiscalYear, int], Section] = {}
    for one in sheets:
        before = one.last_year.sheet.initiative.section if one.last_year else None
        if before is not None and one.last_year:
            found.setdefault((one.last_year.fiscal_year, before.pk), before)
    ordered = sorted(found.items(), key=lambda row: (row[1].pk != section.pk, row[1].order))
    return [(year, before) for (year, _), before in ordered]


def sections_after(initiatives: Iterable[Initiative], user: User) -> list[tuple[FiscalYear, Section]]:
    """List the desks at which these sheets are gone on with next year, as far as the person may see them."""
    following = Initiative.objects.visible_to(user).filter(
        continues__in=[initiative.pk for initiative in initiatives], section__isnull=False
    )
    found: dict[tuple[FiscalYear, int], Section] = {}
    for one in following.select_related("plan", "section").order_by("section__order", "pk"):
        if one.section and permissions.can_see_desk(user, one.section):
            found.setdefault((FiscalYear(one.plan.fiscal_year), one.section.pk), one.section)
    return [(year, section) for (year, _), section in found.items()]


def year_of_desk(section: Section, user: User, today: FiscalYear) -> FiscalYear | None:
    """Choose the year that a desk opens with: the current one's plan, else the newest; one query.

    A plan that is still a draft comes last: nobody works with it yet.
    """
    plans = YearPlan.objects.visible_to(user).filter(ward=section.ward_id)
    years = [
        (status != YearPlan.Status.DRAFT, year) for status, year in plans.values_list("status", "fiscal_year")
    ]
    if not years:
        return None
    now_or_before = [row for row in years if row[1] <= today and row[0]]
    return FiscalYear(max(now_or_before or years)[1])
