"""The basis of marks as it is on record: what was proposed and chosen, by which post, when (判定根拠).

It comes from the events that submitted and approved a sheet, never from what stands in the database now.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from django.db.models import F, QuerySet

from initiatives.form import FormPhase
from initiatives.models import Event, Initiative, PlanPhase

from .models import Review

if TYPE_CHECKING:
    from .sheet import PhaseBlock, Sheet

ON_RECORD = (Review.Status.SUBMITTED, Review.Status.APPROVED, Review.Status.PUBLISHED)

OUTCOMES = {"met": "達成", "not_met": "未達成", "unknown": "判定できません"}


@dataclass(frozen=True)
class TargetEvidence:
    """One target's line: figure with where it comes from, and the working."""

    number: int
    key: str
    heading: str
    goal: str
    figure: str
    value: str
    as_of: datetime.date | None
    source: str
    note: str
    kept_at: str
    outcome: str
    working: str

    @property
    def outcome_words(self) -> str:
        return OUTCOMES.get(self.outcome, "")


@dataclass(frozen=True)
class Evidence:
    """What one phase's marks rested on. Not `on_record` yet while the sheet is still being written."""

    phase: FormPhase
    status: str
    targets: tuple[TargetEvidence, ...]
    marks: tuple[Mapping[str, Any], ...] = ()
    turns: tuple[Mapping[str, Any], ...] = ()
    submitted: Event | None = None
    approved: Event | None = None
    on_record: bool = True
    document: str = ""

    @property
    def status_label(self) -> str:
        return Review.Status(self.status).label

    @property
    def differing(self) -> list[Mapping[str, Any]]:
        return [mark for mark in self.marks if mark["differs"]]

    @property
    def has_figures(self) -> bool:
        return any(target.value for target in self.targets)

    @property
    def is_worth_a_page(self) -> bool:
        """Tell whether there is a figure or a proposal; without them the form itself says everything."""
        return self.has_figures or any(mark["rule"] for mark in self.marks)

    def marks_of(self, target: str) -> list[Mapping[str, Any]]:
        """List the marks that a target's line leads to: its own, and those that stand once."""
        return [mark for mark in self.marks if mark["target"] in ("", target)]


def with_evidence(sheets: Iterable[Sheet]) -> list[Sheet]:
    """Give each phase of these sheets what is on record about its marks: two queries.

    Where nothing is on record yet, a readable phase has its figures only: the table lacks no target, and
    nothing is judged that nobody has signed.
    """
    found = list(sheets)
    events = read_evidence_events(sheet.initiative for sheet in found)
    plans = {sheet.initiative.plan_id for sheet in found}
    phases = {(phase.plan_id, phase.phase): phase for phase in PlanPhase.objects.filter(plan__in=plans)}
    return [
        replace(
            sheet,
            blocks=tuple(
                replace(
                    block,
                    evidence=_evidence_of_block(
                        sheet,
                        block,
                        events.get((sheet.initiative.pk, block.phase.key), []),
                        phases.get((sheet.initiative.plan_id, block.phase.key)),
                    ),
                )
                for block in sheet.blocks
            ),
        )
        for sheet in found
    ]


def _evidence_of_block(
    sheet: Sheet, block: PhaseBlock, events: list[Event], plan_phase: PlanPhase | None
) -> Evidence | None:
    if not block.readable or block.review is None or block.phase.figure is None:
        return None
    evidence = evidence_of(block.phase, block.status, events) or _figures_only(sheet, block)
    return replace(evidence, document=plan_phase.document_number if plan_phase else "")


def _figures_only(sheet: Sheet, block: PhaseBlock) -> Evidence:
    goals = {line.key: line.promise for line in sheet.annual_targets}
    figures = [answer for answer in block.answered if answer.question == block.phase.figure]
    targets = [
        {
            "number": number,
            "target": answer.target,
            "heading": answer.heading,
            "goal": goals.get(answer.target, ""),
            "figure": dict(answer.figure),
            "figure_words": answer.text,
            "outcome": "",
            "working": "",
        }
        for number, answer in enumerate(figures, start=1)
    ]
    return read_evidence(block.phase, block.status, {"targets": targets}, on_record=False)


def with_basis(events: QuerySet[Event]) -> QuerySet[Event]:
    """Leave the events' content in the database, except for the basis."""
    return events.defer("content").annotate(basis=F("content__basis"))


def read_evidence_events(initiatives: Iterable[Initiative]) -> dict[tuple[int | None, str], list[Event]]:
    """Read what is on record about these initiatives' marks, oldest first: one query."""
    verbs = ("submit", "approve", "save")
    found: dict[tuple[int | None, str], list[Event]] = {}
    events = Event.objects.filter(initiative__in=list(initiatives), verb__in=verbs, to_status__in=ON_RECORD)
    for event in with_basis(events).order_by("version"):
        found.setdefault((event.initiative_id, event.phase), []).append(event)
    return found


def evidence_of(phase: FormPhase, status: str, events: Iterable[Event]) -> Evidence | None:
    """Put together what is on record for a phase; None unless the sheet is submitted and a basis was kept.

    `events` are the phase's own, oldest first, from `with_basis`. A mended sheet shows the mended basis.
    """
    if status not in ON_RECORD:
        return None
    told = [event for event in events if event.verb in ("submit", "approve", "save")]
    kept = [event for event in told if getattr(event, "basis", None)]
    if not kept:
        return None
    approved = status != Review.Status.SUBMITTED
    return read_evidence(
        phase,
        status,
        kept[-1].basis,  # type: ignore[attr-defined]
        submitted=_last(told, "submit"),
        approved=_last(told, "approve") if approved else None,
    )


def _last(events: list[Event], verb: str) -> Event | None:
    return next((event for event in reversed(events) if event.verb == verb), None)


def read_evidence(
    phase: FormPhase,
    status: str,
    basis: Mapping[str, Any],
    *,
    submitted: Event | None = None,
    approved: Event | None = None,
    on_record: bool = True,
) -> Evidence:
    """Read a basis as it was kept (`Basis.content`)."""
    return Evidence(
        phase=phase,
        status=status,
        targets=tuple(_target(target) for target in basis.get("targets", ())),
        marks=tuple(basis.get("marks", ())),
        turns=tuple(basis.get("turns", ())),
        submitted=submitted,
        approved=approved,
        on_record=on_record,
    )


def _target(kept: Mapping[str, Any]) -> TargetEvidence:
    figure = kept["figure"]
    return TargetEvidence(
        number=kept["number"],
        key=kept["target"],
        heading=kept["heading"],
        goal=kept["goal"],
        figure=kept["figure_words"],
        value=figure.get("value", ""),
        as_of=datetime.date.fromisoformat(figure["as_of"]) if figure.get("as_of") else None,
        source=figure.get("source", ""),
        note=figure.get("note", ""),
        kept_at=figure.get("evidence", ""),
        outcome=kept["outcome"],
        working=kept["working"],
    )
