"""The official form as plain values: what an edition asks, read once and used by every screen and file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from .models import FormEdition, FormLayout, Question

# The words of a place on the form, unless the edition has its own.
LABELS = {
    "item": "取組項目",
    "plan": "計画",
    "plan.policy": "取組の方針・目標内容",
    "plan.annual": "当年度の取組内容",
    "plan.purpose": "(趣旨・目的)",
    "plan.overview": "(取組の概要)",
    "plan.activities": "(取組の内容)",
    "plan.targets": "(目標)",
    "phase.midyear": "中間振り返り",
    "phase.self_evaluation": "自己評価",
}


@dataclass(frozen=True)
class FormMark:
    """A possible answer of the form, as printed: symbol ① and label 達成見込み."""

    position: int
    symbol: str
    label: str
    meaning: str = ""
    requires: str = ""
    advises: str = ""
    on_paper: bool = True

    def __str__(self) -> str:
        return f"{self.symbol}{self.label}"

    @property
    def legend(self) -> str:
        """Write the answer as the form prints it: ①:達成見込み, but (i)実施見込み."""
        colon = "" if self.symbol.endswith((")", "）")) or not self.label else ":"
        return f"{self.symbol}{colon}{self.label}"


@dataclass(frozen=True)
class FormQuestion:
    """One field of the form with the answers it allows."""

    phase: str
    key: str
    label: str
    kind: str
    scope: str = Question.Scope.SHEET
    note: str = ""
    hint: str = ""
    limit: int | None = None
    column: str = Question.Column.LEFT
    on_paper: bool = True
    required: bool = False
    required_when: str = ""
    combine: str = ""
    guide: str = ""
    final: bool = False
    marks: tuple[FormMark, ...] = ()

    @property
    def name(self) -> str:
        """Name the field in files and messages to programs: midyear.issues."""
        return f"{self.phase}.{self.key}"

    @property
    def per_target(self) -> bool:
        return self.scope == Question.Scope.TARGET

    def mark(self, position: object) -> FormMark | None:
        return next((mark for mark in self.marks if mark.position == position), None)

    def mark_meaning(self, meaning: str) -> FormMark | None:
        """Find the first answer that means met or not_met; None when the edition has none."""
        return next((mark for mark in self.marks if meaning and mark.meaning == meaning), None)

    @property
    def has_meaning(self) -> bool:
        return any(mark.meaning for mark in self.marks)


@dataclass(frozen=True)
class FormPhase:
    """One phase of the form: its key, its printed name and its questions in order."""

    key: str
    label: str
    questions: tuple[FormQuestion, ...]

    @property
    def slug(self) -> str:
        """Give the phase's part of an address: self-evaluation."""
        return self.key.replace("_", "-")

    def question(self, key: str) -> FormQuestion | None:
        return next((question for question in self.questions if question.key == key), None)

    @property
    def figure(self) -> FormQuestion | None:
        """Give the question that asks for each target's figure; the first one, when there are several."""
        return next((one for one in self.questions if one.kind == "figure" and one.per_target), None)


@dataclass(frozen=True)
class OfficialForm:
    """An edition's whole form. `phases` stand in the order of their first question.

    `layout` is the digest of the edition's own Excel layout; blank means the one drawn from the questions.
    """

    code: str
    title: str
    labels: dict[str, str] = field(hash=False)
    phases: tuple[FormPhase, ...]
    layout: str = ""

    def label(self, place: str) -> str:
        return self.labels.get(place) or LABELS.get(place, place)

    @cached_property
    def by_phase(self) -> dict[str, FormPhase]:
        return {phase.key: phase for phase in self.phases}

    def phase_before(self, key: str) -> FormPhase | None:
        """Give the nearest phase before this one that has a mark with a meaning; None when there is none."""
        found = None
        for phase in self.phases:
            if phase.key == key:
                return found
            if any(question.has_meaning for question in phase.questions):
                found = phase
        return None

    def phase_at(self, slug: str) -> FormPhase | None:
        """Find a phase by its part of an address; None for a phase that this edition lacks."""
        return next((phase for phase in self.phases if phase.slug == slug), None)


def read_form(edition: FormEdition) -> OfficialForm:
    """Give an edition's form. No query, unless this process sees this revision of it for the first time."""
    questions, layout = _read(edition.pk, edition.revision)
    return build_form(edition, questions, layout)


@lru_cache(maxsize=64)
def _read(edition: int, revision: UUID) -> tuple[tuple[FormQuestion, ...], str]:
    """Read an edition's questions with their marks, and which layout counts, with two queries.

    Kept, because every page needs them and they change once a year: the revision changes with them.
    """
    questions: dict[int, FormQuestion] = {}
    marks: dict[int, list[FormMark]] = {}
    for row in _rows(edition):
        questions[row[0]] = FormQuestion(*row[1:16])
        if row[16] is not None:
            marks.setdefault(row[0], []).append(FormMark(*row[16:]))
    newest = (
        FormLayout.objects.filter(edition=edition).order_by("-pk").values_list("digest", flat=True).first()
    )
    return tuple(replace(one, marks=tuple(marks.get(pk, ()))) for pk, one in questions.items()), newest or ""


def _rows(edition: int) -> QuerySet[Question, tuple[Any, ...]]:
    return (
        Question.objects.filter(edition=edition)
        .order_by("position", "marks__position")
        .values_list(
            "pk",
            "phase",
            "key",
            "label",
            "kind",
            "scope",
            "note",
            "hint",
            "limit",
            "column",
            "on_paper",
            "required",
            "required_when",
            "combine",
            "guide",
            "final",
            "marks__position",
            "marks__symbol",
            "marks__label",
            "marks__meaning",
            "marks__requires",
            "marks__advises",
            "marks__on_paper",
        )
    )


def build_form(edition: FormEdition, questions: Iterable[FormQuestion], layout: str = "") -> OfficialForm:
    """Group questions into phases, in the order in which the phases first appear."""
    phases: dict[str, list[FormQuestion]] = {}
    for question in questions:
        phases.setdefault(question.phase, []).append(question)
    labels = dict(edition.labels)
    return OfficialForm(
        code=edition.code,
        title=edition.title,
        labels=labels,
        phases=tuple(
            FormPhase(key, labels.get(f"phase.{key}") or LABELS.get(f"phase.{key}", key), tuple(found))
            for key, found in phases.items()
        ),
        layout=layout,
    )
