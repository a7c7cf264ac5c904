"""Handing a sheet on: the notes beside it, and whose hands it is in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from initiatives.models import YearPlan
from initiatives.refusal_pages import note as log
from initiatives.refusal_pages import refusal_page
from initiatives.refusals import Incomplete, NotAllowed, Refused
from initiatives.views.posted import posted_version
from wardplan.accounts.views import login_in_place
from wardplan.fiscal_year import FiscalYear
from wardplan.text import is_blank

from .. import keeping, permissions, rules, workflow
from ..case import Case
from ..handover import colleagues, read_notes, replace_note, withdraw_note, write_note
from ..handover_forms import HandoverForm, NoteForm
from ..models import Note, Review
from .case import find_case, signed_in
from .restore import differing_fields


def log_in_first(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Ask for the log-in before a page of the handover, and keep the note that was sent without one."""

    @wraps(view)
    def asked(request: HttpRequest, ward: str, year: FiscalYear, number: str, phase: str, **more: int) -> Any:
        if request.user.is_authenticated:
            return view(request, ward, year, number, phase, **more)
        page = reverse("reviews:handover", args=[ward, year, number, phase])
        if request.method == "POST" and keeping.keep_note(request):
            return login_in_place(request, page, will_come_back=True)
        return redirect_to_login(page)

    return asked


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@log_in_first
def handover(request: HttpRequest, ward: str, year: FiscalYear, number: str, phase: str) -> HttpResponse:
    user = signed_in(request)
    case = find_case(user, ward, year, number, phase)
    if not permissions.can_read_notes(user, case.initiative):
        raise NotAllowed("引継ぎメモを見られるのは、担当課の職員と取りまとめ担当です。")
    if request.method != "POST":
        kept = keeping.take_note(request.session, case, user)
        if kept is None:
            return _page(request, case)
        messages.warning(
            request, "ログインが切れて送れなかった引継ぎメモを、下の欄に戻しました。まだ残していません。"
        )
        return _page(request, case, form=_form(request, case, kept))
    if not permissions.can_hand_over(user, case.initiative):
        raise NotAllowed("引継ぎメモを書けるのは、担当課の職員です。")
    form = _form(request, case)
    if not form.is_valid():
        return _page(request, case, form=form)
    to, text = form.cleaned_data["to"], form.cleaned_data["text"]
    try:
        if to is None:
            write_note(case.initiative, case.review.phase, by=user, at=timezone.now(), text=text)
            messages.success(request, "引継ぎメモを残しました。")
            return redirect(_url(case))
        workflow.hand_over(
            case.initiative,
            case.review.phase,
            by=user,
            at=timezone.now(),
            version=posted_version(request),
            to=to,
            text=text,
        )
    except Incomplete as incomplete:
        _show(request, incomplete, form)
        return _page(request, case, form=form)
    except Refused as refused:
        return refusal_page(request, refused, kept=form.typed_text(), back=_url(case))
    messages.success(request, f"{to.name}さんに渡しました。{to.name}さんの「やること」にメモが出ます。")
    return redirect(_url(case))


@never_cache
@require_POST
@log_in_first
def take_over(request: HttpRequest, ward: str, year: FiscalYear, number: str, phase: str) -> HttpResponse:
    """Take a sheet into the own hands. That needs no note; one that was typed is kept."""
    user = signed_in(request)
    case = find_case(user, ward, year, number, phase)
    if not permissions.can_hand_over(user, case.initiative):
        raise NotAllowed("シートを引き取れるのは、担当課の職員です。")
    form = _form(request, case)
    if not form.is_valid():
        return _page(request, case, form=form)
    text = form.cleaned_data["text"]
    try:
        workflow.hand_over(
            case.initiative,
            case.review.phase,
            by=user,
            at=timezone.now(),
            version=posted_version(request),
            to=user,
            text=text,
        )
    except Incomplete as incomplete:
        _show(request, incomplete, form)
        return _page(request, case, form=form)
    except Refused as refused:
        return refusal_page(request, refused, kept=form.typed_text(), back=_sheet_url(case))
    kept = "" if is_blank(text) else "書いたメモも残しました。"
    messages.success(request, f"引き取りました。いまの手元はあなたです。{kept}")
    return redirect(_url(case))


@never_cache
@require_POST
@log_in_first
def replace(
    request: HttpRequest, ward: str, year: FiscalYear, number: str, phase: str, pk: int
) -> HttpResponse:
    user = signed_in(request)
    case, note = _find_note(request, ward, year, number, phase, pk)
    form = NoteForm(request.POST, auto_id=f"id_note_{note.pk}_%s")
    try:
        if not form.is_valid():
            return _page(request, case, replacing=(note, form))
        replace_note(note, by=user, at=timezone.now(), text=form.cleaned_data["text"])
    except Incomplete as incomplete:
        _show(request, incomplete, form)
        return _page(request, case, replacing=(note, form))
    except Refused as refused:
        return refusal_page(request, refused, kept=form.typed_text(), back=_url(case))
    messages.success(request, "引継ぎメモを書き換えました。前のメモは履歴に残ります。")
    return redirect(_url(case))


@never_cache
@require_POST
@log_in_first
def withdraw(
    request: HttpRequest, ward: str, year: FiscalYear, number: str, phase: str, pk: int
) -> HttpResponse:
    """Take a note back, and give back on the page what was being typed beside it."""
    user = signed_in(request)
    case, note = _find_note(request, ward, year, number, phase, pk)
    form = _form(request, case)
    try:
        withdraw_note(note, by=user, at=timezone.now())
    except Refused as refused:
        return refusal_page(request, refused, kept=form.typed_text(), back=_url(case))
    messages.success(request, "引継ぎメモを取り下げました。履歴には残ります。")
    if is_blank(form.data.get("text", "")):
        return redirect(_url(case))
    messages.info(request, "書きかけの引継ぎメモは、下の欄にあります。まだ残していません。")
    return _page(request, case, form=form)


def _find_note(
    request: HttpRequest, ward: str, year: FiscalYear, number: str, phase: str, pk: int
) -> tuple[Case, Note]:
    """Find a note of the sheet that the address names; who may not change any is told before."""
    case = find_case(signed_in(request), ward, year, number, phase)
    if not permissions.can_hand_over(signed_in(request), case.initiative):
        raise NotAllowed("引継ぎメモを書けるのは、担当課の職員です。")
    notes = Note.objects.filter(
        initiative=case.initiative, phase=case.review.phase, kind=Note.Kind.HANDOVER
    ).select_related("initiative")
    note = notes.filter(pk=pk).first() if pk < 2**63 else None
    if note is None:
        raise Http404
    return case, note


def _show(request: HttpRequest, incomplete: Incomplete, form: NoteForm) -> None:
    """Write beside each field what the verb found missing."""
    log(request, incomplete)
    for name, sentence in incomplete.problems.items():
        form.add_error(name, sentence)


def _form(request: HttpRequest, case: Case, typed: Mapping[str, Any] | None = None) -> HandoverForm:
    others = colleagues(case.initiative, timezone.localdate()).exclude(pk=signed_in(request).pk)
    return HandoverForm(others, request.POST if request.method == "POST" else typed)


def _page(
    request: HttpRequest,
    case: Case,
    *,
    form: HandoverForm | None = None,
    replacing: tuple[Note, NoteForm] | None = None,
) -> HttpResponse:
    user, now = signed_in(request), timezone.now()
    standing = [
        one
        for one in read_notes([case.initiative.pk]).get(case.initiative.pk, [])
        if one.phase == case.review.phase
    ]
    wrong, wrong_form = replacing or (None, None)
    may_hand_over = rules.may("hand_over", case, user, now)
    if form is None:
        others = colleagues(case.initiative, timezone.localdate(now)).exclude(pk=user.pk)
        form = HandoverForm(others)
    holder = Review.objects.with_holder(timezone.localdate(now)).filter(pk=case.review.pk).first()
    context: dict[str, Any] = {
        "title": f"引継ぎ {case.form.label('item')}{case.initiative.number}",
        "case": case,
        "item": case.form.label("item"),
        "notes": [
            (
                one,
                wrong_form
                if one == wrong
                else NoteForm(initial={"text": one.text}, auto_id=f"id_note_{one.pk}_%s"),
            )
            for one in standing
        ],
        "form": form,
        "wrong": wrong_form or form,
        "may_write": permissions.can_hand_over(user, case.initiative)
        and case.plan.status != YearPlan.Status.DRAFT,
        "may_hand_over": may_hand_over,
        "holder": holder.holder_name if holder and may_hand_over else "",
        "opened_by": keeping.opened_by(case, user),
        "holds": case.review.held_by_id == user.pk,
        "unsaved": _unsaved(case, request) if may_hand_over else None,
        "args": [case.plan.ward.slug, case.plan.fiscal_year, case.initiative.number, case.phase.slug],
    }
    return render(request, "reviews/handover.html", context)


def _unsaved(case: Case, request: HttpRequest) -> Any:
    """Find what the person typed and did not save: whoever gets the sheet would not see it."""
    found = keeping.unsaved_text(case, signed_in(request))
    return found if found and differing_fields(case, found.fields) else None


def _url(case: Case) -> str:
    plan = case.plan
    return reverse(
        "reviews:handover",
        args=[plan.ward.slug, plan.fiscal_year, case.initiative.number, case.phase.slug],
    )


def _sheet_url(case: Case) -> str:
    return reverse("reviews:sheet", args=[case.plan.ward.slug, case.plan.fiscal_year, case.initiative.number])
