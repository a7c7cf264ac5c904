"""Where a year's sheets stand: which phase counts now, who has each sheet, how far each section is."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from django.db.models import F

from initiatives.form import FormMark, FormPhase, OfficialForm
from initiatives.models import PlanPhase, YearPlan
from wardplan.accounts.models import User

from .models import Review
from .windows import Window, window

Status = Review.Status

NOBODY = "—"
COORDINATOR = "取りまとめ担当"
# 公表済 looks like approved in a bar: it tells what the section still owes.
BAR_ORDER = (
    Status.PUBLISHED,
    Status.APPROVED,
    Status.SUBMITTED,
    Status.DRAFT,
    Status.RETURNED,
    Status.NOT_STARTED,
)
TO_SUBMIT = (Status.NOT_STARTED, Status.DRAFT, Status.RETURNED)


@dataclass(frozen=True)
class Year:
    """One ward's plan of a year with the windows of its phases."""

    plan: YearPlan
    phases: dict[str, PlanPhase] = field(default_factory=dict, hash=False)

    def window(self, phase: str, at: datetime.datetime) -> Window:
        return window(self.plan, self.phases.get(phase), None, at)

    def is_running(self, at: datetime.datetime) -> bool:
        """Tell whether any phase takes reviews at this moment."""
        return any(self.window(phase, at) in (Window.OPEN, Window.OVERDUE) for phase in self.phases)


def read_years(user: User, **only: object) -> list[Year]:
    """Read the plans that a person may know of, oldest first, with their phases: one query.

    A LEFT JOIN, because a plan without phases is a plan too and lists may cost three queries.
    """
    columns = (
        *("phase", "opens_at", "due_at", "closes_at", "as_of"),
        *("stage", "decided_on", "decided_by_post", "document_number"),
    )
    rows = (
        YearPlan.objects.visible_to(user)
        .filter(**only)
        .select_related("ward", "edition")
        .annotate(**{f"its_{name}": F(f"phases__{name}") for name in columns})
        .order_by("fiscal_year", "ward", "phases__pk")
    )
    years: dict[int, Year] = {}
    for row in rows:
        year = years.setdefault(row.pk, Year(row))
        if row.its_phase:
            found = {name: getattr(row, f"its_{name}") for name in columns}
            year.phases[row.its_phase] = PlanPhase(plan=year.plan, **found)
    return list(years.values())


def current_phase(year: Year, form: OfficialForm, at: datetime.datetime) -> FormPhase | None:
    """Choose the phase that the ward works on: the open one that is due first, else the one that ran late,
    else the next one to open, else the last.

    None for an edition without questions.
    """
    by_window: dict[Window, list[FormPhase]] = {}
    for phase in form.phases:
        by_window.setdefault(year.window(phase.key, at), []).append(phase)
    if opened := by_window.get(Window.OPEN):
        return min(opened, key=lambda phase: _moment(year, phase.key, "due_at"))
    if late := by_window.get(Window.OVERDUE):
        return late[-1]
    if ahead := by_window.get(Window.BEFORE_OPEN):
        return min(ahead, key=lambda phase: _moment(year, phase.key, "opens_at"))
    return form.phases[-1] if form.phases else None


def _moment(year: Year, phase: str, name: str) -> tuple[bool, datetime.datetime | None]:
    """Sort by a moment that may be missing; missing ones come last."""
    found = getattr(year.phases.get(phase), name, None)
    return (found is None, found or datetime.datetime.max)


def holder(status: str, section: str, person: str = "") -> str:
    """Name who has a sheet now (いまの手元): the section, its manager, the coordinator, or nobody.

    `person` is who it was handed to inside the section, for readers who may know.
    """
    if status == Status.SUBMITTED:
        return f"{section}長"
    if status == Status.APPROVED:
        return COORDINATOR
    return NOBODY if status == Status.PUBLISHED else person or section or NOBODY


def is_forcing(mark: FormMark) -> bool:
    """Tell whether a mark asks for words besides: lists frame it."""
    return bool(mark.requires or mark.advises)


def chosen_marks(phase: FormPhase, answers: Mapping[str, object]) -> list[tuple[str, FormMark | None]]:
    """List (question key, chosen mark) in form order; None where nothing is chosen yet.

    A question per target gives one entry for each target that is answered.
    """
    found = []
    for question in phase.questions:
        if question.kind != "mark":
            continue
        answer = answers.get(question.key)
        given = [answer]
        if question.per_target:
            given = list(answer.values()) if isinstance(answer, dict) else []
        found += [(question.key, question.mark(position)) for position in given]
    return found


@dataclass(frozen=True)
class Segment:
    """A part of a bar, in percent, written without a language's decimal comma."""

    status: str
    start: str
    width: str


@dataclass(frozen=True)
class Bar:
    """One section's progress in one phase. `title` says the picture in words."""

    section: int | None
    name: str
    counts: Mapping[str, int]

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    @property
    def approved(self) -> int:
        return self.counts.get(Status.PUBLISHED, 0) + self.counts.get(Status.APPROVED, 0)

    @property
    def title(self) -> str:
        told = [f"{status.label}{self.counts[status]}" for status in BAR_ORDER if self.counts.get(status)]
        return f"{self.name} {self.total}件: {'、'.join(told)}"

    @property
    def segments(self) -> list[Segment]:
        found, start = [], 0.0
        for status in BAR_ORDER:
            width = 100 * self.counts.get(status, 0) / self.total
            if width:
                found.append(Segment(status, f"{start:.2f}", f"{width:.2f}"))
            start += width
        return found


@dataclass(frozen=True)
class Progress:
    """How far a ward is in one phase: a bar for each section, and the sums for the legend."""

    bars: list[Bar]
    legend: list[tuple[str, str, int]]


def read_progress(states: Iterable[tuple[int | None, str, str]]) -> Progress:
    """Count (section id, section name, status) of sheets, sections in the order in which they come."""
    counts: dict[int | None, Counter[str]] = {}
    names: dict[int | None, str] = {}
    for section, name, status in states:
        names.setdefault(section, name or "担当課未定")
        counts.setdefault(section, Counter())[status] += 1
    total: Counter[str] = sum(counts.values(), Counter())
    return Progress(
        bars=[Bar(section, names[section], counted) for section, counted in counts.items()],
        legend=_legend(total),
    )


def _legend(total: Mapping[str, int]) -> list[tuple[str, str, int]]:
    """Name the fillings of the bars; approved and published share one, and the word only when needed."""
    published = total.get(Status.PUBLISHED, 0)
    label = "課長承認済・公表済" if published else Status.APPROVED.label
    solid = (Status.APPROVED, label, published + total.get(Status.APPROVED, 0))
    return [solid, *((status, status.label, total.get(status, 0)) for status in BAR_ORDER[2:])]
