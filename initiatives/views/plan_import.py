"""Taking a plan in: choose or paste, look at what was read and correct it, save. Nothing is kept between."""

from __future__ import annotations

import re
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from wardplan.accounts.models import User, Ward
from wardplan.fiscal_year import FiscalYear
from wardplan.text import is_blank

from .. import loading, workflow
from ..corrections import Sheets, is_correctable, pack, unpack
from ..models import Indicator, Target, YearPlan
from ..models.edition import ITEM
from ..permissions import can_administer, can_view_plan
from ..plan_file import DocumentReading, PlanErrors, Problem
from ..refusal_pages import note
from ..refusals import Incomplete, NotAllowed, Refused, TransitionNotAllowed
from .posted import as_version, posted_version

LARGEST_FILE = 5 * 1024 * 1024


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def plan_import(request: HttpRequest, ward: str, year: FiscalYear) -> HttpResponse:
    office, plan = _find(request, ward, year)
    if request.method != "POST":
        return _start(request, office, year, plan)
    if "reading" not in request.POST:
        try:
            reading = loading.read_for(office, year, *_given(request))
        except PlanErrors as errors:
            return _start(request, office, year, plan, errors)
        of_year = loading.year_of(reading)
        if of_year not in (None, year):
            return _start(request, office, year, plan, of_year=of_year)
        return _preview(request, office, year, reading, _first_to_see(reading))

    try:
        reading = unpack(request.POST["reading"], office, year)
    except PlanErrors as errors:
        return _start(request, office, year, plan, errors)
    opened = _correct(request, office, year, reading)
    if request.POST.get("act") == "save":
        return _save(request, office, year, reading, opened)
    wanted = as_version(request.POST.get("open", ""))
    return _preview(request, office, year, reading, opened if wanted is None else wanted)


@never_cache
@require_POST
@login_required
def plan_new_version(request: HttpRequest, ward: str, year: FiscalYear) -> HttpResponse:
    office, plan = _find(request, ward, year)
    if plan is None:
        raise Http404
    assert isinstance(request.user, User)
    workflow.check_plan("new_version", plan, request.user)
    try:
        reading = loading.read_for(office, year, *_given(request, "content"))
    except PlanErrors as errors:
        return _start(request, office, year, plan, errors)
    return _save(request, office, year, reading, _first_to_see(reading))


# --- fetch -----------------------------------------------------------------------------------------------


def _find(request: HttpRequest, slug: str, year: FiscalYear) -> tuple[Ward, YearPlan | None]:
    """Find the ward, and its plan if there is one; a viewer learns nothing of plans that are not fixed."""
    user = request.user
    assert isinstance(user, User)
    ward = Ward.objects.filter(slug=slug, pk__in=user.roles().wards).first()
    if ward is None:
        raise Http404
    plan = loading.find_plan(ward, year)
    if not can_view_plan(user, plan or YearPlan(ward=ward, fiscal_year=year)):
        raise Http404
    if not can_administer(user, ward.pk):
        raise NotAllowed("計画の取込は、取りまとめ担当が行います。")
    return ward, plan


def _given(request: HttpRequest, words: str = "text") -> tuple[str, bytes | str]:
    """Give the name and content of what was chosen or pasted. Raises PlanErrors for neither, or both."""
    file, text = request.FILES.get("file"), request.POST.get(words, "")
    if file is not None and not is_blank(text):
        raise _refused("ファイルと貼り付けた文の両方があります。どちらか一方にしてください。")
    if file is None:
        if is_blank(text):
            raise _refused("ファイルを選ぶか、文を貼り付けてください。")
        return "", text.replace("\r\n", "\n")
    if (file.size or 0) > LARGEST_FILE:
        raise _refused("ファイルが大きすぎます。5MBまでのファイルにしてください。")
    return file.name or "", file.read()


def _refused(sentence: str) -> PlanErrors:
    return PlanErrors([Problem("", sentence)])


def _indicators(ward: Ward) -> dict[str, Indicator]:
    found: dict[str, Indicator] = {}
    for row in Indicator.objects.usable_in(ward):
        if row.ward_id is not None or row.name not in found:
            found[row.name] = row
    return found


# --- correct and save ------------------------------------------------------------------------------------


def _correct(request: HttpRequest, ward: Ward, year: FiscalYear, reading: DocumentReading) -> int:
    """Take over what was typed into the open sheet, and what is to be added; give the sheet to show next."""
    opened = as_version(request.POST.get("opened", ""))
    if opened is None or not is_correctable(reading.content):
        return 0
    sheets = Sheets(reading, _indicators(ward))
    added = request.POST.get("add", "")
    if opened >= len(sheets.initiatives):
        return sheets.add_sheet() if added == "sheet" else 0
    looked_at = {as_version(value) for value in request.POST.getlist("sure")} - {None}
    # By their places in the list, so before corrections shorten it.
    sheets.settle({index for index in looked_at if index is not None})
    sheets.correct(opened, {name: str(value) for name, value in request.POST.items()})
    if added == "sheet" and sheets.takes_more_sheets():
        return sheets.add_sheet()
    if (
        added in Target.Scope.values
        and opened < len(sheets.initiatives)
        and sheets.takes_more_targets(opened)
    ):
        sheets.add_targets(opened, added, _line_to_add(request), year)
    return min(opened, max(len(sheets.initiatives) - 1, 0))


def _line_to_add(request: HttpRequest) -> str:
    return request.POST.get("add_line", "").replace("\r\n", "\n")


def _first_to_see(reading: DocumentReading) -> int:
    """Open the first sheet with something that could not be read, or else with something uncertain."""
    places = [row.place for row in reading.problems] + [row.place for row in reading.unsure]
    found = re.match(r"initiatives\[(\d+)\]", next((row for row in places if row.startswith("init")), ""))
    return int(found[1]) if found else 0


def _save(
    request: HttpRequest, ward: Ward, year: FiscalYear, reading: DocumentReading, opened: int
) -> HttpResponse:
    assert isinstance(request.user, User)
    if not is_blank(_line_to_add(request)):
        problems = {"add_line": "まだ加えていない目標の文があります。目標を加えるか、文を消してください。"}
        return _preview(request, ward, year, reading, opened, problems)
    try:
        loading.check(reading, ward, year)
        loaded = loading.load(
            ward,
            year,
            reading.content,
            by=request.user,
            at=timezone.now(),
            version=posted_version(request) if "version" in request.POST else -1,
            reason=request.POST.get("reason", ""),
        )
    except PlanErrors:
        return _preview(request, ward, year, reading, opened, is_refused=True)
    except loading.Fixed:
        problems = {"reason": "計画を変更する理由を書いてください。"}
        return _preview(request, ward, year, reading, opened, problems)
    except Incomplete as incomplete:
        return _preview(request, ward, year, reading, opened, incomplete.problems)
    except TransitionNotAllowed as refused:
        note(request, refused)
        return _preview(request, ward, year, reading, opened, {"": refused.sentence}, status=409)
    if not loaded.changes:
        messages.info(request, "計画は、取り込んだ内容と同じです。何も変えていません。")
    elif loaded.plan.status == YearPlan.Status.DRAFT:
        words = f"計画の案に写しました({len(loaded.changes)}か所)。確かめてから確定してください。"
        messages.success(request, words)
    else:
        messages.success(request, f"計画を変更しました({len(loaded.changes)}か所)。")
    return redirect("reviews:year", ward.slug, year)


# --- pages -----------------------------------------------------------------------------------------------


def _start(
    request: HttpRequest,
    ward: Ward,
    year: FiscalYear,
    plan: YearPlan | None,
    errors: PlanErrors | None = None,
    of_year: FiscalYear | None = None,
) -> HttpResponse:
    """Ask for a file or a text. `of_year` is the other year that what was given is of: nothing fits here."""
    if of_year is not None:
        errors = _refused(f"{of_year}の計画です。{year}の計画には取り込めません。")
    at = "id_file" if of_year is None else ""
    context = {
        "title": "計画の取込",
        "ward": ward,
        "year": year,
        "plan": plan,
        "item": _item(year, plan),
        "new_years": _years_without_plan(ward, year),
        "of_year": of_year,
        "missing_form": _missing_form(ward, of_year) if of_year else "",
        "errors": [(at, sentence) for sentence in (errors.messages if errors else [])],
        "text": request.POST.get("text", request.POST.get("content", "")),
        "reason": request.POST.get("reason", ""),
    }
    return render(request, "initiatives/plan_import.html", context)


def _item(year: FiscalYear, plan: YearPlan | None, edition: object = None) -> str:
    """Give the word for one sheet in the form that the year is read by."""
    try:
        return loading.find_edition(edition, year, plan).item
    except loading.NoEdition:
        return ITEM


def _missing_form(ward: Ward, year: FiscalYear) -> str:
    """Say why no plan of a year can be loaded; nothing when it can be."""
    try:
        loading.find_edition(None, year, loading.find_plan(ward, year))
    except loading.NoEdition as refused:
        return refused.sentence
    return ""


def _years_without_plan(ward: Ward, year: FiscalYear) -> list[FiscalYear]:
    """Give the other years that a first plan is likely loaded for; no list leads to a year without one."""
    known = set(YearPlan.objects.filter(ward=ward).values_list("fiscal_year", flat=True))
    this_year = FiscalYear.today()
    wanted = {this_year, this_year + 1, max(known, default=this_year) + 1} - known - {year}
    return [FiscalYear(one) for one in sorted(wanted) if one <= FiscalYear.LAST]


def _preview(
    request: HttpRequest,
    ward: Ward,
    year: FiscalYear,
    reading: DocumentReading,
    opened: int,
    refusals: dict[str, str] | None = None,
    *,
    is_refused: bool = False,
    status: int = 200,
) -> HttpResponse:
    """Show what was read, what would change, and one sheet to correct; nothing is saved."""
    if not is_correctable(reading.content):
        return _start(request, ward, year, loading.find_plan(ward, year), _faults_of(reading, ward, year))
    faults, changes, refused = _looked_through(reading, ward, year)
    plan = loading.find_plan(ward, year)
    item = _item(year, plan, reading.content.get("edition"))
    sheets = Sheets(reading, _indicators(ward), item)
    count = len(sheets.initiatives)
    opened = min(opened, max(count - 1, 0))
    records = []
    if count:
        names = list(ward.sections.values_list("name", flat=True))
        records = sheets.open(opened, names, [*reading.problems, *faults])
    fields = {shown.path: f"id_{shown.name}" for record in records for shown in record.fields}
    summary = [
        (_field_of(fault.place, fields), f"{reading.named_place(fault.place)}: {fault.sentence}")
        for fault in [*reading.problems, *faults]
    ]
    summary += [
        (f"id_{name}" if name in ("reason", "add_line") else "", words)
        for name, words in (refusals or {}).items()
    ]
    summary += [("", refused)] if refused else []
    context = {
        "title": "計画の取込",
        "ward": ward,
        "year": year,
        "plan": plan,
        "is_confirmed": plan is not None and plan.status != YearPlan.Status.DRAFT,
        "item": item,
        "version": plan.version if plan else workflow.last_version(ward.pk, year),
        "reading": reading,
        "carried": pack(reading, ward, year),
        "rows": [_row(reading, sheets, index, [*reading.problems, *faults]) for index in range(count)],
        "opened": opened,
        "sheet": records[0] if records else None,
        "targets": records[1:],
        "takes_more_targets": bool(count) and sheets.takes_more_targets(opened),
        "takes_more_sheets": sheets.takes_more_sheets(),
        "add_line": "" if request.POST.get("add") in Target.Scope.values else _line_to_add(request),
        "add_line_error": (refusals or {}).get("add_line", ""),
        "source": reading.sources[opened] if opened < len(reading.sources) else "",
        "summary": summary,
        "is_refused": is_refused or bool(refusals),
        "changes": [] if reading.problems else changes,
        "is_same": not summary and not changes,
        "reason": request.POST.get("reason", ""),
        "reason_error": (refusals or {}).get("reason", ""),
    }
    return render(request, "initiatives/plan_import_preview.html", context, status=status)


def _looked_through(
    reading: DocumentReading, ward: Ward, year: FiscalYear
) -> tuple[list[Problem], list[str], str]:
    """Give the faults with their places in the content, or else what would change, or why nothing can."""
    try:
        return [], loading.preview(ward, year, reading.content).changes, ""
    except PlanErrors as errors:
        return reading.news(errors), [], ""
    except Refused as refused:
        return [], [], refused.sentence


def _faults_of(reading: DocumentReading, ward: Ward, year: FiscalYear) -> PlanErrors:
    try:
        loading.check(reading, ward, year)
    except PlanErrors as errors:
        return errors
    return _refused("計画ファイルとして読み取れません。")


def _field_of(path: str, fields: dict[str, str]) -> str:
    return next((name for at, name in fields.items() if path == at or path.startswith(f"{at}[")), "")


def _row(reading: DocumentReading, sheets: Sheets, index: int, faults: list[Problem]) -> dict[str, Any]:
    place, record = f"initiatives[{index}]", sheets.initiatives[index]
    return {
        "index": index,
        "number": record.get("number") or "",
        "title": record.get("title") or "",
        "section": record.get("section") or "",
        "targets": [
            f"{target.get('heading') or target.get('indicator') or ''} {target.get('wording') or ''}"
            for target in record.get("targets", [])
        ],
        "place": reading.place_of(place),
        "faults": sum(row.place == place or row.place.startswith(f"{place}.") for row in faults),
        "doubts": sum(row.place == place or row.place.startswith(f"{place}.") for row in reading.unsure),
    }
