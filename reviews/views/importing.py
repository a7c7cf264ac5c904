"""Bring Excel files back: choose, look at what would change, apply. Nothing is kept on the server between."""

from __future__ import annotations

import base64
import binascii
import datetime
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.signing import BadSignature
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from initiatives.models import YearPlan
from initiatives.refusal_pages import note
from initiatives.refusals import NotAllowed, Refused
from initiatives.xlsx.gate import LARGEST_FILE, NotOurs
from wardplan.fiscal_year import FiscalYear

from .. import importing, permissions
from ..differences import Piece, difference
from ..import_preview import FieldChange, ImportPreview, preview
from ..workbook.marked import mark
from ..workbook.reader import Reading, read_workbook
from ..workbook.writer import XLSX
from .case import signed_in

LONGEST_PAYLOAD = 3 * 1024 * 1024
"""What a page carries: above it, the form that sends it back would be refused as too long."""
LARGEST_TO_MARK = 1024 * 1024
MOST_FIELDS = 900

# A difference of two texts of 4,000 characters takes 0.2 s; a page of 30 sheets must not take a minute.
COMPARED_ON_A_PAGE = 60_000_000
SHOWN_AROUND = 40


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def import_sheets(request: HttpRequest, ward: str, year: FiscalYear) -> HttpResponse:
    plan = _find(request, ward, year)
    if request.method != "POST":
        return _start(request, plan, [])
    try:
        reading, name, content = _read(request)
    except Unreadable as unreadable:
        return _start(request, plan, unreadable.sentences)
    found = preview(plan, reading, by=signed_in(request), at=timezone.now())
    return _preview(request, plan, reading, found, name, content, refusal=found.refusal)


@never_cache
@require_POST
@login_required
def import_apply(request: HttpRequest, ward: str, year: FiscalYear) -> HttpResponse:
    plan, user = _find(request, ward, year), signed_in(request)
    try:
        reading, name, seen = importing.unpack(request.POST.get("reading", ""), plan, user)
    except BadSignature:
        return _start(request, plan, ["確認の画面が古くなりました。ファイルを選び直してください。"])
    at = timezone.now()
    choices = {
        name.removeprefix("choice-"): value
        for name, value in request.POST.items()
        if name.startswith("choice-")
    }
    try:
        events = importing.apply(
            plan,
            reading,
            by=user,
            at=at,
            choices={key: str(value) for key, value in choices.items()},
            taken=set(request.POST.getlist("take")) if "offered" in request.POST else None,
            seen=seen,
            partial="partial" in request.POST,
        )
    except Refused as refused:
        found = refused.preview if isinstance(refused, importing.NotApplied) else None
        found = found or preview(plan, reading, by=user, at=at)
        return _preview(request, plan, reading, found, name, _carried(request), refusal=refused)
    if not events:
        messages.info(request, "変わったところはありません。何も変えていません。")
    else:
        late = "期限後の入力として受け付けました。" if any(event.late for event in events) else ""
        numbers = "、".join(dict.fromkeys(event.initiative.number for event in events if event.initiative))
        messages.success(
            request, f"取組項目{numbers}にExcelの内容を反映しました。提出はまだしていません。{late}"
        )
    return redirect("reviews:year", plan.ward.slug, plan.fiscal_year)


@never_cache
@require_POST
@login_required
def import_marked(request: HttpRequest, ward: str, year: FiscalYear) -> HttpResponse:
    plan = _find(request, ward, year)
    content = _carried(request)
    try:
        reading = read_workbook(content)
        found = preview(plan, reading, by=signed_in(request), at=timezone.now())
        marked = mark(content, found.problems)
    except NotOurs as refused:
        note(request, refused)
        return _start(request, plan, [refused.sentence])
    name = f"{plan.ward.slug}-{plan.fiscal_year:d}-marked.xlsx"
    return HttpResponse(
        marked, content_type=XLSX, headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


# ---- fetch ---------------------------------------------------------------------------------------------


class Unreadable(Exception):
    """No file, or files that are no returned forms: a sentence for each."""

    def __init__(self, sentences: list[str]) -> None:
        super().__init__(*sentences)
        self.sentences = sentences


def _find(request: HttpRequest, ward: str, year: FiscalYear) -> YearPlan:
    user = signed_in(request)
    plan = (
        YearPlan.objects.visible_to(user)
        .filter(ward__slug=ward, fiscal_year=year)
        .select_related("ward", "edition")
        .first()
    )
    if plan is None:
        raise Http404
    if not permissions.can_import(user, plan):
        raise NotAllowed("Excelからの取込ができるのは、担当課の職員と取りまとめ担当です。")
    return plan


def _read(request: HttpRequest) -> tuple[Reading, str, bytes]:
    """Read every file that was sent; several become one reading, each sheet with its file's name.

    Raises Unreadable with a sentence for each file that is none of ours.
    """
    files = request.FILES.getlist("file")
    if not files:
        raise Unreadable(["ファイルを選んでください。"])
    if sum(file.size or 0 for file in files) > LARGEST_FILE:
        raise Unreadable(
            ["ファイルが大きすぎます。合わせて10MBまでです。画像などを取り除くか、分けてください。"]
        )
    together, wrong, content = Reading([]), [], b""
    for file in files:
        name, content = file.name or "", file.read()
        try:
            reading = read_workbook(content)
        except NotOurs as refused:
            note(request, refused)
            wrong.append(f"{name}: {refused.sentence}" if len(files) > 1 else refused.sentence)
            continue
        before = f"{name} " if len(files) > 1 else ""
        for sheet in reading.sheets:
            sheet.title = before + sheet.title
        together.sheets += reading.sheets
        together.others += [before + title for title in reading.others]
        together.problems += [replace(row, sheet=before + row.sheet) for row in reading.problems]
    if wrong:
        raise Unreadable(wrong)
    one = len(files) == 1
    return together, files[0].name or "" if one else f"{len(files)}個のファイル", content if one else b""


def _carried(request: HttpRequest) -> bytes:
    """Take the file that the page carried along, to be marked."""
    try:
        return base64.b64decode(request.POST.get("file", ""), validate=True)
    except (binascii.Error, ValueError):
        return b""


# ---- pages ---------------------------------------------------------------------------------------------


def _start(request: HttpRequest, plan: YearPlan, sentences: list[str]) -> HttpResponse:
    context = {
        "title": "Excelの取込",
        "plan": plan,
        "errors": [("id_file", sentence) for sentence in sentences],
    }
    return render(request, "reviews/import_start.html", context)


def _preview(
    request: HttpRequest,
    plan: YearPlan,
    reading: Reading,
    found: ImportPreview,
    name: str,
    content: bytes,
    *,
    refusal: Refused | None,
) -> HttpResponse:
    """Show what would happen. With a refusal, the page carries its code and says why nothing happened."""
    if isinstance(refusal, NotAllowed):
        raise refusal
    packed = importing.pack(plan, reading, found, name, signed_in(request))
    if len(packed) > LONGEST_PAYLOAD or len(found.changes) + len(found.conflicts) > MOST_FIELDS:
        return _start(
            request, plan, ["一度に取り込むには多すぎます。シートをいくつかのファイルに分けてください。"]
        )
    if refusal is not None:
        note(request, refusal)
    cells = any(problem.cell for problem in found.problems)
    compare = _Comparer()
    context = {
        "title": "取込の確認",
        "plan": plan,
        "name": name,
        "sheets": len(reading.sheets),
        "exported_at": _exported_at(reading),
        "found": found,
        "refusal": refusal,
        "packed": packed,
        "to_mark": base64.b64encode(content).decode() if cells and len(content) <= LARGEST_TO_MARK else "",
        "refused": [change for phase in found.refused for change in _rows(phase.changes, compare)],
        "conflicts": list(_rows(found.conflicts, compare, request)),
        "changes": list(_rows(found.changes, compare, request)),
        "chosen": sum(change.key in _taken(request, found) for change in found.changes),
        "partial": "partial" in request.POST,
    }
    return render(
        request, "reviews/import_preview.html", context, status=refusal.code if refusal is not None else 200
    )


def _exported_at(reading: Reading) -> datetime.datetime | None:
    moments = {sheet.stamp.at for sheet in reading.sheets if sheet.stamp and sheet.stamp.at}
    return datetime.datetime.fromisoformat(moments.pop()) if len(moments) == 1 else None


def _taken(request: HttpRequest, found: ImportPreview) -> set[str]:
    """Keep the boxes as they were sent; at first all are ticked."""
    if "offered" in request.POST:
        return set(request.POST.getlist("take"))
    return {change.key for change in found.changes}


def _rows(
    changes: list[FieldChange], compare: _Comparer, request: HttpRequest | None = None
) -> Iterator[dict[str, Any]]:
    offered = request is not None and "offered" in request.POST
    for change in changes:
        base, mine, theirs = (change.words(answer) for answer in (change.base, change.mine, change.theirs))
        choice = str(request.POST.get(f"choice-{change.key}", "")) if request is not None else ""
        is_text = change.question.kind == "text"
        yield {
            "change": change,
            "is_text": is_text,
            "old": theirs,
            "new": mine,
            "theirs": theirs,
            "pieces": compare.shortened(theirs, mine) if is_text and theirs and mine else None,
            "mine_pieces": compare.pieces(base, mine),
            "theirs_pieces": compare.pieces(base, theirs),
            "choice": choice,
            "taken": not offered or (request is not None and change.key in request.POST.getlist("take")),
        }


class _Comparer:
    """Compares texts until a page has taken long enough; then a text is shown as taken out and put in."""

    def __init__(self) -> None:
        self.left = COMPARED_ON_A_PAGE

    def pieces(self, old: str, new: str) -> list[Piece]:
        """Compare two texts; lines that are alike at both ends need no comparing."""
        before, after = old.splitlines(keepends=True), new.splitlines(keepends=True)
        start = end = 0
        while start < min(len(before), len(after)) and before[start] == after[start]:
            start += 1
        while end < min(len(before), len(after)) - start and before[-1 - end] == after[-1 - end]:
            end += 1
        was, becomes = "".join(before[start : len(before) - end]), "".join(after[start : len(after) - end])
        self.left -= len(was) * len(becomes)
        if self.left > 0:
            middle = difference(was, becomes)
        else:
            middle = [Piece("deleted", was)] * bool(was) + [Piece("inserted", becomes)] * bool(becomes)
        head, tail = "".join(before[:start]), "".join(before[len(before) - end :])
        ends = [Piece("equal", head)] * bool(head), [Piece("equal", tail)] * bool(tail)
        return [*ends[0], *middle, *ends[1]]

    def shortened(self, old: str, new: str) -> list[Piece]:
        """Compare two texts and leave out of long equal stretches what is not beside a change."""
        found = self.pieces(old, new)
        last = len(found) - 1
        return [
            Piece("equal", _shortened(piece.text, place > 0, place < last))
            if piece.kind == "equal"
            else piece
            for place, piece in enumerate(found)
        ]


def _shortened(text: str, after_change: bool, before_change: bool) -> str:
    if len(text) <= 3 * SHOWN_AROUND:
        return text
    start = text[:SHOWN_AROUND] if after_change else ""
    end = text[-SHOWN_AROUND:] if before_change else ""
    return f"{start}…{end}"
