"""Unsaved text beside what is saved: which fields differ, since when, and which one to go on with."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from initiatives.models import Event
from wardplan.fiscal_year import FiscalYear
from wardplan.text import length, same_text

from .. import keeping, rules
from ..case import Case
from ..differences import difference
from ..forms import ReviewForm
from .case import find_case, signed_in


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def restore(request: HttpRequest, ward: str, year: FiscalYear, number: str, phase: str) -> HttpResponse:
    user = signed_in(request)
    case = find_case(user, ward, year, number, phase)
    unsaved = keeping.unsaved_text(case, user)
    if unsaved is None or not rules.may("save", case, user, timezone.now()):
        return redirect("reviews:review", ward, year, number, phase)
    if request.method == "POST":
        keeping.forget(case, user, unsaved.page)
        messages.success(request, "書きかけを消しました。保存済みの内容はそのままです。")
        return redirect("reviews:review", ward, year, number, phase)
    since = Event.objects.filter(
        initiative=case.initiative, phase=case.review.phase, version__gt=unsaved.base_version
    )
    last = (
        Event.objects.filter(initiative=case.initiative, phase=case.review.phase, version=case.review.version)
        .defer("content")
        .first()
    )
    context = {
        "case": case,
        "unsaved": unsaved,
        "fields": [_compared(*field) for field in differing_fields(case, unsaved.fields)],
        "changed_by": since.defer("content").order_by("-version").first(),
        "saved": last,
        "kept_until": keeping.kept_until(unsaved.at),
        "form_args": [ward, year, number, phase],
    }
    return render(request, "reviews/restore.html", context)


def differing_fields(case: Case, typed: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """List (label, typed, saved) of the fields in which typed text differs from what is saved."""
    mine = ReviewForm(case, typed).typed_text()
    saved = ReviewForm(case, dict(ReviewForm(case).as_inputs())).typed_text()
    labels = list(dict.fromkeys((*mine, *saved)))
    texts = [(label, mine.get(label, ""), saved.get(label, "")) for label in labels]
    return [(label, one, other) for label, one, other in texts if not _same(one, other)]


def _same(one: str, other: str) -> bool:
    try:
        return same_text(one, other)
    except ValidationError:
        # Damaged characters cannot have been saved.
        return False


def _compared(label: str, mine: str, saved: str) -> dict[str, Any]:
    mine = re.sub("\r\n|\r", "\n", mine)
    return {
        "label": label,
        "saved": saved,
        "pieces": difference(saved, mine),
        "mine_length": length(mine),
        "saved_length": length(saved),
    }
