"""The page on which a manager names who approves in the own absence, and ends it."""

from __future__ import annotations

import datetime
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from initiatives.refusals import Incomplete, NotAllowed
from wardplan.accounts.models import Membership, Section, User
from wardplan.era import wareki

from .. import permissions
from ..deputies import candidates, end_deputy, name_deputy, read_deputies
from ..forms import DeputyForm
from .case import signed_in


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def deputies(request: HttpRequest) -> HttpResponse:
    user, today = signed_in(request), timezone.localdate()
    sections = _sections(user)
    if not sections:
        raise NotAllowed("代理承認者を決められるのは、課長(承認者)です。")
    section = _asked(request, sections)
    people = candidates(section, today).exclude(pk=user.pk)
    form = DeputyForm(people, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid() and _name(request, form, section, user, today):
        return redirect("reviews:deputies")
    context: dict[str, Any] = {
        "title": "代理承認者",
        "sections": sections,
        "section": section,
        "form": form,
        "deputies": [(one, _state(one, today)) for one in read_deputies([one.pk for one in sections], today)],
    }
    return render(request, "reviews/deputies.html", context)


@never_cache
@require_POST
@login_required
def end(request: HttpRequest, pk: int) -> HttpResponse:
    user, today = signed_in(request), timezone.localdate()
    found = Membership.objects.filter(pk=pk, acting=True, ward__in=user.roles().wards).first()
    if found is None:
        raise Http404
    name = found.user.name
    ended = end_deputy(found, by=user, on=today)
    done = "今日で終えます" if ended else "取りやめました"
    messages.success(request, f"{name}さんの代理承認を{done}。")
    return redirect("reviews:deputies")


def _sections(user: User) -> list[Section]:
    found = Section.objects.filter(pk__in=permissions.deputised_sections(user))
    return list(found.select_related("ward").order_by("ward", "order", "pk"))


def _asked(request: HttpRequest, sections: list[Section]) -> Section:
    """Find the section that the page is about; a manager of several chooses one."""
    wanted = request.POST.get("section") or request.GET.get("section") or str(sections[0].pk)
    section = next((one for one in sections if str(one.pk) == wanted), None)
    if section is None:
        raise Http404
    return section


def _name(request: HttpRequest, form: DeputyForm, section: Section, user: User, today: datetime.date) -> bool:
    """Name the deputy. Tells whether it was done, or what the form has to say."""
    deputy, (starts_on, ends_on) = form.cleaned_data["deputy"], form.days()
    try:
        name_deputy(section, deputy, by=user, on=today, starts_on=starts_on, ends_on=ends_on)
    except Incomplete as incomplete:
        for name, sentence in incomplete.problems.items():
            form.add_error(name, sentence)
        return False
    messages.success(
        request,
        f"{wareki(starts_on)}から{wareki(ends_on)}まで、{deputy.name}さんが{section.name}の承認を代理します。",
    )
    return True


def _state(deputy: Membership, today: datetime.date) -> str:
    if deputy.starts_on > today:
        return "before"
    return "ended" if deputy.ends_on is not None and deputy.ends_on < today else "now"
