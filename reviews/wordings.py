"""How others worded the same field (他の課・他の年度の書き方): examples beside a field, newest first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import models
from django.db.models import F, Q, QuerySet, Value
from django.db.models.fields.json import KeyTextTransform

from initiatives.form import FormQuestion
from initiatives.models import YearPlan
from wardplan.accounts.models import User
from wardplan.fiscal_year import FiscalYear
from wardplan.text import is_blank

from . import permissions
from .case import Case
from .models import Review

Status = Review.Status
LIMIT = 20
"""How many examples a page shows; words to search for lead to the others."""
LONGEST_SEARCH = 100  # characters


@dataclass(frozen=True)
class Wording:
    """One example: what a sheet says in the field, and which sheet that is.

    `ward_name` is empty for the own ward; `is_own` says that it is this very sheet, a year before.
    """

    ward: str
    ward_name: str
    fiscal_year: FiscalYear
    number: str
    title: str
    section: str
    status_label: str
    text: str
    is_own: bool


def search_words(typed: str) -> list[str]:
    """Split what was typed to search for; NUL, which no database takes, and what is too long fall away."""
    return typed.replace("\x00", "")[:LONGEST_SEARCH].split()


def find_question(case: Case, key: str) -> FormQuestion | None:
    """Find a text of the phase that stands once on the sheet; the others are too short to learn from."""
    question = case.phase.question(key)
    return question if question and question.kind == "text" and not question.per_target else None


def read_wordings(case: Case, question: FormQuestion, user: User, words: Iterable[str] = ()) -> list[Wording]:
    """Read what other sheets, and this one in other years, say in a field; one query.

    Only what the person may read, and of another ward only what is public: `permissions.can_quote`. Every
    one of `words` stands in the text. Newest year first, there the own ward first.
    """
    plan = case.plan
    reviews = (
        _quotable(plan)
        .filter(phase=case.phase.key, answers__has_key=question.key)
        .exclude(initiative=case.initiative)
        .annotate(its_text=KeyTextTransform(question.key, "answers"))
    )
    for word in words:
        reviews = reviews.filter(its_text__icontains=word)
    found = reviews.select_related("initiative__plan__ward", "initiative__section").order_by(
        F("initiative__plan__fiscal_year").desc(),
        models.Case(models.When(initiative__plan__ward=plan.ward_id, then=Value(0)), default=Value(1)),
        "initiative__plan__ward",
        "initiative__position",
        "pk",
    )
    return [
        _wording(review, text, case)
        for review in found[:LIMIT]
        if isinstance(text := review.answers.get(question.key), str)
        and not is_blank(text)
        and permissions.can_quote(user, review, plan)
    ]


def _quotable(plan: YearPlan) -> QuerySet[Review]:
    """Keep the reviews that `permissions.can_quote` lets through, so that a page's limit counts those."""
    its = "initiative__plan__"
    own = {f"{its}ward": plan.ward_id}
    public = Q(status=Status.PUBLISHED, **{f"{its}status": YearPlan.Status.PUBLISHED}) & ~Q(**own)
    this_year = Q(
        **own,
        **{f"{its}fiscal_year": plan.fiscal_year},
        status__in=[Status.SUBMITTED, Status.APPROVED, Status.PUBLISHED],
    )
    other_years = Q(**own, status__in=[Status.APPROVED, Status.PUBLISHED])
    return Review.objects.filter(public | this_year | other_years)


def _wording(review: Review, text: str, case: Case) -> Wording:
    initiative = review.initiative
    its = initiative.plan
    return Wording(
        ward=its.ward.slug,
        ward_name=its.ward.name if its.ward_id != case.plan.ward_id else "",
        fiscal_year=FiscalYear(its.fiscal_year),
        number=initiative.number,
        title=initiative.title,
        section=initiative.section.name if initiative.section else "",
        status_label=review.get_status_display(),
        text=text,
        is_own=initiative.pk == case.initiative.continues_id,
    )
