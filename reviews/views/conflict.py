"""The page for two people who changed the same field: both texts, and a choice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse

from initiatives.views.posted import as_version

from .. import keeping
from ..answers import Answers, Difference, every_field, fields_of, pick, put, same
from ..case import Case
from ..differences import Piece, difference
from ..forms import ReviewForm, input_names
from ..workflow import Conflict
from .case import signed_in

SIDES = ("mine", "theirs", "both")


def conflict_page(
    request: HttpRequest, case: Case, form: ReviewForm, conflict: Conflict, verb: str, base: int | None
) -> HttpResponse:
    """Answer 409 with what each side wrote. What was typed is in the page and goes on from here.

    The page holds a form of its own at the version that stands now: every field as merged, and for each
    conflict both sides' inputs and a choice, with nothing chosen. `base` is the version both started from.
    """
    plan = case.plan
    labels = field_labels(case)
    theirs = conflict.theirs
    inputs = names_by_field(case)
    clashing = {name for found in conflict.conflicts for name in inputs.get(found.name, [])}
    merged = ReviewForm(case, answers=conflict.merged)
    context = {
        "case": case,
        "their_event": theirs,
        "own": theirs is not None and theirs.by_id == signed_in(request).pk,
        "conflicts": [_side_by_side(case, form, found, labels) for found in conflict.conflicts],
        "marked": any(_has_base(found) for found in conflict.conflicts),
        "merged": _merged_fields(case, form, conflict, labels),
        "hidden": [(name, value) for name, value in merged.as_inputs() if name not in clashing],
        "version": theirs.version if theirs else case.review.version,
        "base_version": base if base is not None else "",
        "opened_by": keeping.opened_by(case, signed_in(request), keeping.page_of(request)),
        "form_url": reverse(
            "reviews:review", args=[plan.ward.slug, plan.fiscal_year, case.initiative.number, case.phase.slug]
        ),
        "verb": verb,
    }
    return render(request, "reviews/conflict.html", context, status=409)


def names_by_field(case: Case) -> dict[str, list[str]]:
    """Name the inputs of every field: figure_a1 has figure_a1 and figure_a1_source, issues only issues."""
    keys = [target.key for target in case.targets]
    return {field.name: input_names(field) for field in fields_of(case.phase, keys)}


def resolve_choices(
    post: QueryDict, version: int | None, inputs: Mapping[str, list[str]]
) -> tuple[QueryDict, int | None]:
    """Put the chosen side of each conflict into its field, as if it had been typed.

    Where nothing was chosen, the own text goes again with the version both started from, so that the same
    question is asked once more and nothing is lost. `inputs` are the inputs of every field.
    """
    names = [name for name in post.getlist("conflict") if name in inputs]
    if not names:
        return post, version
    chosen = post.copy()
    for name in names:
        side = post.get(f"choice-{name}", "")
        if side not in SIDES:
            side = "mine"
            version = as_version(post.get("base_version", ""))
        for input_name in inputs[name]:
            chosen[input_name] = str(post.get(f"{'mine' if side == 'both' else side}-{input_name}", ""))
        if side == "both":
            chosen[name] = f"{post.get(f'mine-{name}', '')}\n{post.get(f'theirs-{name}', '')}"
    return chosen, version


def field_labels(case: Case) -> dict[tuple[str, str], str]:
    """Name every field in words: by question and target key."""
    headings = {target.key: target.heading or target.indicator.name for target in case.targets}
    labels = {}
    for question in case.phase.questions:
        labels[(question.key, "")] = question.label
        for key, heading in headings.items():
            labels[(question.key, key)] = f"{question.label}({heading})"
    return labels


def shown(case: Case, key: str, answer: Any) -> str:
    """Write an answer for reading: a mark with its words, a figure with its source, a text as it is."""
    question = case.phase.question(key)
    if question is not None and question.kind == "mark":
        mark = question.mark(answer)
        return str(mark) if mark else "(選択なし)"
    if isinstance(answer, dict):
        return " ".join(str(part) for part in answer.values()) or "(空欄)"
    return str(answer) if answer else "(空欄)"


def _side_by_side(
    case: Case, form: ReviewForm, found: Difference, labels: dict[tuple[str, str], str]
) -> dict[str, Any]:
    sides: dict[str, Answers] = {"mine": {}, "theirs": {}}
    put(sides["mine"], found.key, found.target, found.mine)
    put(sides["theirs"], found.key, found.target, found.theirs)
    return {
        "name": found.name,
        "label": labels.get((found.key, found.target), found.name),
        "mine": _beside_base(case, found, found.mine),
        "theirs": _beside_base(case, found, found.theirs),
        "both": isinstance(found.mine, str) and isinstance(found.theirs, str),
        "inputs": [
            (f"{side}-{name}", value)
            for side, answers in sides.items()
            for name, value in ReviewForm(case, answers=answers).as_inputs()
        ],
    }


def _has_base(found: Difference) -> bool:
    return all(isinstance(text, str) and text for text in (found.base, found.mine, found.theirs))


def _beside_base(case: Case, found: Difference, answer: Any) -> list[Piece]:
    """Mark what one side changed in the text that both started from; what is no text stands as it is."""
    if _has_base(found):
        return difference(found.base, answer)
    return [Piece("equal", shown(case, found.key, answer))]


def _merged_fields(
    case: Case, form: ReviewForm, conflict: Conflict, labels: dict[tuple[str, str], str]
) -> list[dict[str, str]]:
    """List the fields that only the other side changed: they are taken over without asking."""
    clashing = {(found.key, found.target) for found in conflict.conflicts}
    typed = form.answers()
    return [
        {
            "label": labels.get(cell, cell[0]),
            "before": shown(case, cell[0], pick(typed, *cell)),
            "after": shown(case, cell[0], pick(conflict.merged, *cell)),
        }
        for cell in every_field(typed, conflict.merged)
        if cell not in clashing and not same(pick(typed, *cell), pick(conflict.merged, *cell))
    ]
