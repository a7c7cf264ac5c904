"""Where a whole ward stands: sections × phases with the counts of every status, and what waits longest."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db.models import F, OuterRef, Subquery
from django.utils import timezone

from initiatives.form import FormPhase, OfficialForm
from initiatives.models import Event, Initiative, YearPlan

from . import rules
from .models import Review
from .progress import TO_SUBMIT, Bar, Year
from .windows import Window, deadline, window

Status = Review.Status
LATE = "late"

# In the order of the way a sheet goes; 期限後 stands apart, because it comes on top of a status.
COUNTED = (
    (Status.NOT_STARTED, "未入力"),
    (Status.DRAFT, "作成中"),
    (Status.RETURNED, "差戻し"),
    (Status.SUBMITTED, "課長承認待ち"),
    (Status.APPROVED, "承認"),
    (Status.PUBLISHED, "公表"),
)
ITS_PHASE = {"initiative": OuterRef("pk"), "phase": OuterRef("reviews__phase")}


def submitted_late() -> Subquery:
    """Tell of an initiative's review, joined, whether its last submission was marked 期限後."""
    submissions = Event.objects.filter(**ITS_PHASE, verb="submit").order_by("-version")
    return Subquery(submissions.values("late")[:1])


@dataclass(frozen=True)
class Standing:
    """One sheet in one phase, as far as the whole ward's progress needs it."""

    initiative: int
    number: str
    title: str
    section: int | None
    section_name: str
    phase: str
    status: str = Status.NOT_STARTED
    version: int = 0
    open_until: datetime.datetime | None = None
    submitted_late: bool = False
    since: datetime.datetime | None = None
    """Since when it waits with the manager, or with the section after a return."""
    last_at: datetime.datetime | None = None
    last_verb: str = ""

    def window(self, year: Year, at: datetime.datetime) -> Window:
        return window(year.plan, year.phases.get(self.phase), Review(open_until=self.open_until), at)

    def is_late(self, year: Year, at: datetime.datetime) -> bool:
        return is_late(self.status, self.submitted_late, self.open_until, year, self.phase, at)

    @property
    def last_words(self) -> str:
        return rules.VERB_WORDS.get(self.last_verb, "")

    @property
    def waits(self) -> bool:
        return self.status in (Status.SUBMITTED, Status.RETURNED) and self.since is not None

    @property
    def holder(self) -> str:
        return "課長" if self.status == Status.SUBMITTED else "担当"


def is_late(
    status: str,
    was_late: bool,
    open_until: datetime.datetime | None,
    year: Year,
    phase: str,
    at: datetime.datetime,
) -> bool:
    """Tell whether a sheet is 期限後: still to be submitted after its own deadline, or submitted late.

    A 個別延長 moves the deadline, so that the mark goes away with it.
    """
    if status not in TO_SUBMIT:
        return was_late
    due = deadline(year.phases.get(phase), Review(open_until=open_until))
    return due is not None and at > due and year.plan.status != YearPlan.Status.DRAFT


@dataclass(frozen=True)
class Waiting:
    """The sheet that has waited longest in a section: who holds it, and for how many calendar days."""

    standing: Standing
    days: int
    worst: bool = False


@dataclass
class Cell:
    """One section in one phase."""

    standings: list[Standing] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    waiting: Waiting | None = None


@dataclass
class SectionRow:
    """One section with all phases, by key."""

    section: int | None
    name: str
    cells: dict[str, Cell]
    is_total: bool = False

    def bar(self, phase: str) -> Bar:
        counts = {status: count for status, count in self.cells[phase].counts.items() if status != LATE}
        return Bar(self.section, self.name, counts)


@dataclass(frozen=True)
class Overview:
    """The whole ward: a row for each section, the sums, and every sheet in every phase."""

    rows: list[SectionRow]
    total: SectionRow
    standings: list[Standing]


def read_standings(year: Year, form: OfficialForm) -> list[Standing]:
    """Read every sheet of a plan in every phase of its form, sections in their order: one query."""
    handed = Event.objects.filter(**ITS_PHASE, verb__in=["submit", *rules.REOPENING]).order_by("-version")
    last = Event.objects.filter(**ITS_PHASE).order_by("-version")
    rows = (
        Initiative.objects.filter(plan=year.plan)
        .annotate(
            was_late=submitted_late(),
            since=Subquery(handed.values("at")[:1]),
            last_at=Subquery(last.values("at")[:1]),
            last_verb=Subquery(last.values("verb")[:1]),
        )
        .order_by(F("section__order").asc(nulls_last=True), "section__name", "position", "number")
        .values_list(
            *("pk", "number", "title", "section_id", "section__name", "reviews__phase", "reviews__status"),
            *("reviews__version", "reviews__open_until", "was_late", "since", "last_at", "last_verb"),
        )
    )
    sheets: dict[int, tuple[str, str, int | None, str]] = {}
    reviews: dict[tuple[int, str], Standing] = {}
    for pk, number, title, section, name, phase, status, version, until, late, *told in rows:
        sheets[pk] = (number, title, section, name or "担当課未定")
        if phase:
            reviews[pk, phase] = Standing(
                pk, *sheets[pk], phase, status, version, until, bool(late), told[0], told[1], told[2] or ""
            )
    return [
        reviews.get((pk, phase.key)) or Standing(pk, *sheet, phase.key)
        for phase in form.phases
        for pk, sheet in sheets.items()
    ]


def build_overview(
    year: Year, form: OfficialForm, standings: list[Standing], at: datetime.datetime
) -> Overview:
    """Count statuses and late ones by section and phase, and find the longest waits."""
    rows: dict[int | None, SectionRow] = {}
    total = _row(None, "計", form.phases, is_total=True)
    for standing in standings:
        row = rows.get(standing.section)
        if row is None:
            row = rows[standing.section] = _row(standing.section, standing.section_name, form.phases)
        for cells in (row.cells, total.cells):
            _count(cells[standing.phase], standing, standing.is_late(year, at))
    for phase in form.phases:
        _find_waits([row.cells[phase.key] for row in rows.values()], at)
    return Overview(list(rows.values()), total, standings)


def _row(
    section: int | None, name: str, phases: Iterable[FormPhase], *, is_total: bool = False
) -> SectionRow:
    return SectionRow(section, name, {phase.key: Cell() for phase in phases}, is_total)


def _count(cell: Cell, standing: Standing, late: bool) -> None:
    cell.standings.append(standing)
    cell.counts[standing.status] = cell.counts.get(standing.status, 0) + 1
    if late:
        cell.counts[LATE] = cell.counts.get(LATE, 0) + 1


def _find_waits(cells: list[Cell], at: datetime.datetime) -> None:
    """Find in each section the sheet that waits longest; the longest of all stand out."""
    longest = [
        (cell, min(waiting, key=lambda one: one.since or at))
        for cell in cells
        if (waiting := [one for one in cell.standings if one.waits])
    ]
    today = timezone.localdate(at)
    days = [(today - timezone.localdate(one.since)).days for _, one in longest]
    for (cell, one), waited in zip(longest, days, strict=True):
        cell.waiting = Waiting(one, waited, worst=waited == max(days))
