"""The form of one phase: show it, save it, submit it."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from initiatives.models import Event, Initiative
from initiatives.refusal_pages import note, refusal_page
from initiatives.refusals import Incomplete, NotAllowed, Refused, TransitionNotAllowed
from initiatives.views.posted import as_version, posted_version
from wardplan.accounts.models import User
from wardplan.accounts.views import login_in_place
from wardplan.era import clock_time
from wardplan.fiscal_year import FiscalYear
from wardplan.text import REMOVED_NOTICE

from .. import keeping, permissions, rules, workflow
from ..answers import unchanged
from ..case import Case, open_case
from ..comments import labels_of, read_comments
from ..form_layout import Beside
from ..forms import ReviewForm
from ..last_year import read_last_year
from ..models import Review, UnsavedText
from ..others import read_others
from ..sheet import Sheet, read_sheet, with_everything
from ..windows import deadline
from ..workbook.capacity import capacities
from ..workflow import Conflict
from .case import find_case, find_whole_case, signed_in
from .conflict import conflict_page, names_by_field, resolve_choices
from .queue import queue_url
from .restore import differing_fields


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def review(request: HttpRequest, ward: str, year: FiscalYear, number: str, phase: str) -> HttpResponse:
    if request.method == "POST":
        return _write(request, "save", ward, year, number, phase)
    return _show(request, ward=ward, year=year, number=number, phase=phase)


@never_cache
@require_POST
def submit(request: HttpRequest, ward: str, year: FiscalYear, number: str, phase: str) -> HttpResponse:
    return _write(request, "submit", ward, year, number, phase)


@login_required
def _show(request: HttpRequest, ward: str, year: FiscalYear, number: str, phase: str) -> HttpResponse:
    user = signed_in(request)
    case = find_whole_case(user, ward, year, number, phase)
    handed_over = keeping.take_from_session(request.session, case, user)
    if handed_over is False:
        messages.warning(
            request,
            "別の利用者です。この画面で書かれた文は、書いた人がログインすると続きから書けます。",
        )
    if not rules.may("save", case, user, timezone.now()):
        return read_only_page(request, case)
    unsaved = keeping.unsaved_text(case, user)
    if unsaved and not differing_fields(case, unsaved.fields):
        unsaved = None
    restoring = unsaved is not None and (handed_over is True or "restore" in request.GET)
    form = ReviewForm(case, typed=unsaved.fields if restoring and unsaved else None)
    version = unsaved.base_version if restoring and unsaved else case.review.version
    return form_page(request, case, form, version=version, unsaved=unsaved, restoring=restoring)


def _write(
    request: HttpRequest, verb: str, ward: str, year: FiscalYear, number: str, phase: str
) -> HttpResponse:
    user, at = request.user, timezone.now()
    version = posted_version(request)
    if not isinstance(user, User):
        will_come_back = keeping.keep_in_session(request, _typed_at(request))
        form_url = reverse("reviews:review", args=[ward, year, number, phase])
        return login_in_place(request, form_url, will_come_back=will_come_back)
    case = find_case(user, ward, year, number, phase)
    opener = keeping.opener(request)
    if opener is not None and opener[0] != user.pk:
        keeping.keep_for(
            opener[0],
            case,
            _typed_at(request) or 0,
            keeping.typed_fields(request),
            page=keeping.page_of(request),
            left=UnsavedText.Left.ANOTHER_PERSON,
        )
        return refusal_page(request, _ANOTHER_PERSON, back=sheet_url(case))

    mending = rules.is_mending(verb, case.review)
    data, version = resolve_choices(request.POST, version, names_by_field(case))
    form = ReviewForm(case, data, complete=verb == "submit" or mending)
    if any(len(request.POST.getlist(name)) > 1 for name in form.fields):
        raise SuspiciousOperation("A field was sent twice.")
    try:
        if not form.is_valid():
            rules.check(verb, case, user, at)
            return _refused_by_form(request, verb, case, form, version)
        act = workflow.submit if verb == "submit" else partial(workflow.save, seen=case)
        event = act(
            case.initiative,
            case.review.phase,
            by=user,
            at=at,
            version=version,
            answers=form.answers(),
            page=keeping.page_of(request),
        )
    except Incomplete as incomplete:
        form.add_problems(incomplete.problems)
        return _refused_by_form(request, verb, case, form, version)
    except Conflict as conflict:
        note(request, conflict)
        return conflict_page(request, case, form, conflict, verb, version)
    except Refused as refused:
        return refusal_page(request, refused, kept=form.typed_text(), back=sheet_url(case))
    _tell(request, verb, form, event)
    if mending:
        answer = redirect(queue_url(case))
    elif verb == "submit":
        answer = redirect(sheet_url(case))
    else:
        answer = redirect("reviews:review", ward, year, number, phase)
    # For the browser, which may still hold a copy of what it could not send before.
    answer.set_cookie(
        "saved_form",
        f"{_copy_name(case, user)}:{keeping.page_of(request)}",
        max_age=3600,
        samesite="Lax",
        secure=settings.HTTPS,
    )
    return answer


_ANOTHER_PERSON = TransitionNotAllowed(
    "別の利用者です。この画面を開いた人とログインしている人が違うため、保存しませんでした。"
    "書かれた文は、書いた人がログインすると続きから書けます。"
)


def _tell(request: HttpRequest, verb: str, form: ReviewForm, event: Event | None) -> None:
    """Say what happened, and softly what a reader will miss."""
    if event is None:
        messages.info(request, "変わったところはありません。保存済みの内容のままです。")
    elif event.from_status == Review.Status.SUBMITTED:
        messages.success(request, "字句を直しました。承認はまだしていません。")
    elif verb == "submit":
        late = "期限後の提出として受け付けました。" if event.late else ""
        messages.success(request, f"課長へ提出しました。{late}")
    else:
        messages.success(request, f"{clock_time(event.at)}に一時保存しました。提出はまだしていません。")
    if form.removed():
        messages.warning(request, REMOVED_NOTICE)
    for hint in form.hints():
        messages.warning(request, hint)


def _refused_by_form(
    request: HttpRequest, verb: str, case: Case, form: ReviewForm, version: int | None
) -> HttpResponse:
    """Show the errors beside the fields; what was typed is kept as a draft if it can be read, or unsaved."""
    saved = kept = ""
    fresh = ReviewForm(case, form.data)
    user = signed_in(request)
    if fresh.is_valid() and not rules.is_mending("save", case.review):
        try:
            workflow.save(
                case.initiative,
                case.review.phase,
                by=user,
                at=timezone.now(),
                version=version,
                answers=fresh.answers(),
                page=keeping.page_of(request),
            )
            case = open_case(case.initiative, case.review.phase, user)
            version = case.review.version
            saved = f"{clock_time(timezone.now())}に一時保存しました。"
            if not unchanged(case.review.answers, fresh.answers()):
                # The form must show what its version stands for, or the next save would undo the others'.
                form = ReviewForm(case, dict(ReviewForm(case).as_inputs()), complete=form.complete)
                saved += "ほかの方が先に保存した欄も、取り込みました。"
        except Refused as refused:
            note(request, refused)
    typed_at = _typed_at(request)
    if not saved and typed_at is not None and typed_at <= case.review.version:
        typed = keeping.typed_fields(request)
        fields = {name: typed[name] for name in form.fields if name in typed}
        keeping.keep_for(user.pk, case, typed_at, fields, page=keeping.page_of(request))
        kept = "書きかけとして残しました。"
    links = form.error_links()
    what = "提出" if verb == "submit" else "保存"
    todo = f"{len(links)}か所を直してください。" if links else f"確かめて、もう一度{what}してください。"
    errors: dict[str, object] = {
        "heading": f"{what}できませんでした。{todo}",
        "errors": links,
        "note": f"書いた内容は消えていません。{saved or kept}",
        "saved": bool(saved),
    }
    return form_page(request, case, form, version=version, error_summary=errors)


def _typed_at(request: HttpRequest) -> int | None:
    """Read the version that text was typed at; on the page of a conflict, so that it is asked again."""
    return as_version(request.POST.get("base_version", "")) or posted_version(request)


def _copy_name(case: Case, user: User) -> str:
    """Name a person's form, for the copies that the browser keeps of what it could not send."""
    return f"{user.pk}-{case.initiative.pk}-{case.review.phase}"


def sheet_url(case: Case) -> str:
    plan = case.plan
    return reverse("reviews:sheet", args=[plan.ward.slug, plan.fiscal_year, case.initiative.number])


def sheet_of(case: Case, user: User) -> Sheet:
    """Read the whole sheet beside the form: the plan, and what the other phases say."""
    initiative = case.initiative
    if not case.whole:
        initiative = with_everything(Initiative.objects.filter(pk=initiative.pk)).get()
    return read_sheet(initiative, case.form, user)


def form_page(
    request: HttpRequest,
    case: Case,
    form: ReviewForm,
    *,
    version: int | None,
    unsaved: UnsavedText | None = None,
    restoring: bool = False,
    error_summary: dict[str, object] | None = None,
) -> HttpResponse:
    user = signed_in(request)
    now = timezone.now()
    page = (unsaved.page if unsaved and restoring else keeping.page_of(request)) or keeping.new_page()
    sheet = sheet_of(case, user)
    show_capacity(form, sheet)
    last_year = read_last_year(case.initiative, case.form, user)
    events = Event.objects.filter(initiative=case.initiative, phase=case.review.phase).defer("content")
    last = events.exclude(verb="hand_over").order_by("-version").first()
    returned = None
    if case.review.status == Review.Status.RETURNED:
        returned = events.filter(verb__in=rules.REOPENING).order_by("-version").first()
        show_comments(form, returned)
    last_year_block = last_year.block(case.phase.key) if last_year else None
    form.set_beside(
        Beside(
            case.basis(form.current_answers()),
            last_year.fiscal_year if last_year else None,
            last_year_block.texts if last_year_block else {},
        ),
        {line.key: line for line in sheet.annual_targets},
    )
    context = {
        "case": case,
        "sheet": sheet,
        "form": form,
        "version": version if version is not None else "",
        "opened_by": keeping.opened_by(case, user, page),
        "copy_name": _copy_name(case, user),
        "page": page,
        "due": deadline(case.plan_phase, case.review),
        "now": now,
        "window": case.window(now),
        "last_year": last_year,
        "last_year_block": last_year_block,
        "other_blocks": [block for block in sheet.blocks if block.phase.key != case.phase.key],
        "mending": rules.is_mending("save", case.review),
        "may_submit": rules.may("submit", case, user, now),
        "returned": returned,
        "others": read_others(case, user, now, last),
        "saved_at": last.at if last and last.verb in ("save", "import") else None,
        "unsaved": unsaved,
        "restoring": restoring,
        "error_summary": error_summary,
        "sheet_url": sheet_url(case),
    }
    return render(request, "reviews/review_form.html", context)


def show_capacity(form: ReviewForm, sheet: Sheet) -> None:
    """Say beside each text field whether the printed sheet still fits its page."""
    texts = {name: str(form[name].value() or "") for name in form.fields}
    for name, capacity in capacities(sheet, form.case.phase.key, texts).items():
        form.fields[name].fit = capacity.words  # type: ignore[attr-defined]


def show_comments(form: ReviewForm, returned: Event | None) -> None:
    """Hang what the manager wrote to single fields beside these fields."""
    for comments in read_comments([returned] if returned else []).values():
        for comment in comments:
            if comment.field in form.fields:
                form.fields[comment.field].comment = comment  # type: ignore[attr-defined]


def read_only_page(request: HttpRequest, case: Case) -> HttpResponse:
    """Show what the review says to somebody who cannot write it now, and why that is so."""
    user = signed_in(request)
    sheet = sheet_of(case, user)
    block = sheet.block(case.phase.key)
    try:
        rules.check("save", case, user, timezone.now())
        why = ""
    except NotAllowed:
        why = ""
    except Refused as refused:
        why = refused.sentence
    unsaved = keeping.unsaved_text(case, user)
    context = {
        "case": case,
        "sheet": sheet,
        "said": block,  # inside a template's block, `block` is that block
        "unsaved": unsaved,
        "kept": ReviewForm(case, unsaved.fields).typed_text() if unsaved else {},
        "why": why,
        "copy_name": _copy_name(case, user),
        "returned": _returned(case, user),
        "sheet_url": sheet_url(case),
    }
    return render(request, "reviews/review_detail.html", context)


def _returned(case: Case, user: User) -> dict[str, Any] | None:
    """Give why a sheet came back, with the comments to single fields, for those who may read them."""
    if case.review.status != Review.Status.RETURNED or not permissions.can_read_notes(user, case.initiative):
        return None
    events = Event.objects.filter(initiative=case.initiative, phase=case.review.phase).defer("content")
    event = events.filter(verb__in=rules.REOPENING).order_by("-version").first()
    labels = labels_of(case.phase, case.target_keys)
    written = read_comments([event] if event else []).values()
    comments = [(labels.get(one.field, ""), one) for found in written for one in found]
    return {"event": event, "comments": comments}
