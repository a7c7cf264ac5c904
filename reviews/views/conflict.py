"""The page for two people who changed the same field: both texts, and a choice."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse

from .. import keeping
from ..answers import Answers, Difference, every_field, pick, put, same
from ..forms import ReviewForm
from ..workflow import Case, Conflict
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
    inputs = _inputs(ReviewForm(case, answers=conflict.merged))
    clashing = [found.name for found in conflict.conflicts]
    context = {
        "case": case,
        "their_event": theirs,
        "conflicts": [_side_by_side(case, form, found, labels) for found in conflict.conflicts],
        "merged": _merged_fields(case, form, conflict, labels),
        "hidden": [item for item in inputs if not any(belongs(item[0], name) for name in clashing)],
        "version": theirs.version if theirs else case.review.version,
        "base_version": base if base is not None else "",
        "opened_by": keeping.opened_by(case, signed_in(request)),
        "form_url": reverse(
            "reviews:review", args=[plan.ward.slug, plan.fiscal_year, case.initiative.number, case.phase.slug]
        ),
        "verb": verb,
    }
    return render(request, "reviews/conflict.html", context, status=409)


def belongs(input_name: str, field_name: str) -> bool:
    """Tell whether an input is the field's own or one of its parts (figure_a1, figure_a1_source)."""
    return input_name == field_name or input_name.startswith(f"{field_name}_")


def resolve_choices(post: QueryDict, version: int | None) -> tuple[QueryDict, int | None]:
    """Put the chosen side of each conflict into its field, as if it had been typed.

    Where nothing was chosen, the own text goes again with the version both started from, so that the same
    question is asked once more and nothing is lost.
    """
    names = post.getlist("conflict")
    if not names:
        return post, version
    chosen = post.copy()
    for name in names:
        side = post.get(f"choice-{name}", "")
        if side not in SIDES:
            side = "mine"
            base = post.get("base_version", "")
            version = int(base) if base.isascii() and base.isdigit() else None
        for key in list(post):
            origin, _, input_name = key.partition("-")
            if origin == ("mine" if side == "both" else side) and belongs(input_name, name):
                chosen[input_name] = str(post[key])
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
        "mine": shown(case, found.key, found.mine),
        "theirs": shown(case, found.key, found.theirs),
        "base": shown(case, found.key, found.base),
        "both": isinstance(found.mine, str) and isinstance(found.theirs, str),
        "inputs": [
            (f"{side}-{name}", value)
            for side, answers in sides.items()
            for name, value in _inputs(ReviewForm(case, answers=answers))
            if belongs(name, found.name)
        ],
    }


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


def _inputs(form: ReviewForm) -> list[tuple[str, Any]]:
    """Write a form's answers as inputs to be sent again."""
    return [(name, value) for name in form.fields if (value := form[name].value()) not in (None, "")]
