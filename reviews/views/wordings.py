"""How others worded the same field: a page of its own, and what the form's folded panel fetches."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from wardplan.fiscal_year import FiscalYear

from ..wordings import LIMIT, LONGEST_SEARCH, find_question, read_wordings, search_words
from .case import find_case, signed_in


@never_cache
@require_safe
@login_required
def wordings(
    request: HttpRequest, ward: str, year: FiscalYear, number: str, phase: str, key: str
) -> HttpResponse:
    user = signed_in(request)
    case = find_case(user, ward, year, number, phase)
    question = find_question(case, key)
    if question is None:
        raise Http404
    words = search_words(request.GET.get("words", ""))
    context = {
        "title": f"他の課・他の年度の書き方 {question.label}",
        "case": case,
        "question": question,
        "item": case.form.label("item"),
        "wordings": read_wordings(case, question, user, words),
        "words": " ".join(words),
        "limit": LIMIT,
        "longest": LONGEST_SEARCH,
        "own_ward": case.plan.ward.slug,
    }
    return render(request, "reviews/wordings.html", context)
