"""How a phase's form stands on the page: questions in a row, or numbered steps from the figures to the mark.

A phase that asks for the year's figures is filled in by steps: each target's result, the words, the mark with
the proposal above it. What else an edition asks falls into the same steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from crispy_forms.layout import LayoutObject
from django import forms
from django.template.loader import render_to_string

from initiatives.form import FormPhase
from initiatives.forms import FIGURE_PARTS
from initiatives.models import Target
from wardplan.fiscal_year import FiscalYear

from .answers import Field
from .basis import Basis
from .repetition import marked_parts, same_sentences

RESULTS = "目標ごとの実績"
MARKS = "判定"


@dataclass(frozen=True)
class Beside:
    """What stands beside a form's fields: the basis of its marks, and last year's texts by question."""

    basis: Basis
    last_year: FiscalYear | None = None
    last_texts: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class LastText:
    """Last year's text beside this year's, with the sentences that are still the same."""

    fiscal_year: FiscalYear
    repeated: tuple[str, ...]
    parts: tuple[tuple[str, bool], ...]


def last_text(beside: Beside, key: str, text: str) -> LastText | None:
    """Set last year's text beside what is written now; None when nothing was written then."""
    earlier = beside.last_texts.get(key)
    if not earlier or beside.last_year is None:
        return None
    repeated = tuple(same_sentences(text, earlier))
    return LastText(beside.last_year, repeated, tuple(marked_parts(earlier, repeated)))


def goes_by_steps(phase: FormPhase) -> bool:
    """Tell whether a phase asks for the year's figures, from which its marks follow."""
    return phase.figure is not None and phase.figure.final


def sentence_field(phase: FormPhase) -> str:
    """Name the text that takes a ready sentence: the required one on paper, else the first on paper."""
    texts = [
        question
        for question in phase.questions
        if question.kind == "text" and not question.per_target and question.on_paper
    ]
    return next((one.key for one in texts if one.required), texts[0].key if texts else "")


class Row(LayoutObject):
    """Lay one question out with the template of its kind, which gets the field alone.

    `labelled_above`: the heading of its step is the label.
    """

    def __init__(self, field: Field, *, labelled_above: bool = False) -> None:
        self.field = field
        self.labelled_above = labelled_above

    def render(self, form: Any, context: Any, template_pack: str = "", **kwargs: Any) -> str:
        form.rendered_fields.add(self.field.name)
        template = f"includes/field_{self.field.question.kind}.html"
        return render_to_string(
            template, {"field": form[self.field.name], "labelled_above": self.labelled_above}
        )


class TargetFigure(LayoutObject):
    """Lay out one target's card: promise, figure and sources, what follows, and its own questions."""

    def __init__(self, field: Field, target: Target, number: int, own: Sequence[Row] = ()) -> None:
        self.field = field
        self.target = target
        self.number = number
        self.own = own

    def render(self, form: Any, context: Any, template_pack: str = "", **kwargs: Any) -> str:
        name = self.field.name
        form.rendered_fields |= {name, *(f"{name}_{part}" for part in FIGURE_PARTS)}
        inputs = [form[name], *(form[f"{name}_{part}"] for part in FIGURE_PARTS)]
        in_use = any(one.value() or one.errors for one in inputs)
        beside: Beside | None = form.beside
        into = sentence_field(form.case.phase)
        return render_to_string(
            "includes/field_figure.html",
            {
                # A figure that is not the year's is a help, not a duty: it unfolds on demand.
                "folded": not self.field.question.final and not in_use,
                "question": self.field.question,
                "target": self.target,
                "number": self.number,
                "figure": inputs[0],
                "parts": inputs[1:],
                "result": beside.basis.target(self.target.key) if beside else None,
                "line": form.target_lines.get(self.target.key),
                "into": f"id_{into}" if into else "",
                "into_label": form.fields[into].label if into else "",
                "own": "".join(one.render(form, context, template_pack=template_pack) for one in self.own),
            },
        )


@dataclass
class Step(LayoutObject):
    """One numbered step: its title, its fields, and beside them the proposal or last year's text."""

    number: int
    title: str
    rows: list[LayoutObject] = field(default_factory=list)
    first: Field | None = None
    guide: str = ""

    @property
    def is_text(self) -> bool:
        """Tell whether the step is one text, whose label the step's heading is."""
        return self.first is not None and self.first.question.kind == "text"

    def render(self, form: forms.Form, context: Any, template_pack: str = "", **kwargs: Any) -> str:
        beside: Beside | None = form.beside  # type: ignore[attr-defined]
        question = self.first.question if self.first else None
        proposal = beside.basis.proposal(question, "") if beside and question else None
        rows = [row.render(form, context, template_pack=template_pack) for row in self.rows]
        return render_to_string(
            "includes/form_step.html",
            {
                "number": self.number,
                "title": self.title,
                "is_results": self.first is None,
                "labels": form[self.first.name] if self.first and self.is_text else None,
                "guide": self.guide,
                "proposal": proposal,
                "rows": rows,
                "first": rows[0] if rows else "",
                "others": rows[1:],
                "last": getattr(form.fields[self.first.name], "last_text", None) if self.first else None,
            },
        )


def rows_in_order(fields: Sequence[Field], targets: dict[str, Target]) -> list[LayoutObject]:
    """Lay the questions out one under the other, as the edition orders them."""
    numbers = {key: place for place, key in enumerate(targets, start=1)}
    return [
        TargetFigure(one, targets[one.target], numbers[one.target])
        if one.question.kind == "figure" and one.target
        else Row(one)
        for one in fields
    ]


def steps(fields: Sequence[Field], targets: dict[str, Target]) -> list[LayoutObject]:
    """Lay the questions out by steps: first what is asked of each target, then what stands once.

    A text that a mark may demand (why it differs, what changed) stands beside that mark.
    """
    results = Step(1, RESULTS)
    for number, (key, target) in enumerate(targets.items(), start=1):
        own = [one for one in fields if one.target == key]
        figure = next(one for one in own if one.question.kind == "figure")
        others = [Row(one) for one in own if one is not figure]
        results.rows.append(TargetFigure(figure, target, number, others))
        results.guide = figure.question.guide
    found = [results]
    for one in fields:
        if one.target:
            continue
        if one.question.required_when and found[-1].first and found[-1].first.question.kind == "mark":
            found[-1].rows.append(Row(one))
            continue
        title = MARKS if one.question.kind == "mark" else one.question.label
        step = Step(len(found) + 1, title, first=one)
        step.rows.append(Row(one, labelled_above=step.is_text))
        found.append(step)
    return list(found)
