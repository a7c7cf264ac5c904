"""The sheet 目次: where every 取組項目 stands, with a link to its form."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from openpyxl.worksheet.worksheet import Worksheet

from initiatives.form import FormPhase, OfficialForm
from reviews.models import Review
from reviews.sheet import PhaseBlock, Sheet
from wardplan.era import wareki_moment

from .beside import BODY, HEAD, LINK, MIDDLE, PLAIN, TITLE, Look, Pen, set_paper, set_widths

NAME = "目次"
NOT_SHOWN = "提出後"
"""Stands for marks that the reader of the file may not know yet."""
NOT_CHOSEN = "—"
_SMALL = Look(size=9, framed=False, wraps=False)
_SMALL_LINK = Look(size=9, framed=False, wraps=False, link=True)
_HOW = "番号を押すと、そのシートが開きます。"


@dataclass(frozen=True)
class Entry:
    """A form as 目次 lists it: `standing` has status and marks by phase, `sheet` is where it stands.

    `file` is the name of another workbook that holds it; empty for the same one.
    """

    ward: str
    number: str
    title: str
    section: str
    standing: Mapping[str, tuple[str, str]]
    sheet: str
    file: str = ""


def entries_of(sheets: Sequence[Sheet], titles: Sequence[str], file: str = "") -> list[Entry]:
    """Say of each form where it stands; `titles` are those of the sheets in the file."""
    return [
        Entry(
            sheet.ward_name,
            sheet.number,
            sheet.title,
            sheet.section,
            {block.phase.key: _standing(block) for block in sheet.blocks},
            title,
            file,
        )
        for sheet, title in zip(sheets, titles, strict=True)
    ]


def fill_front_page(
    page: Worksheet,
    entries: Sequence[Entry],
    forms: Sequence[OfficialForm],
    *,
    heading: str,
    others: Mapping[str, str],
    at: datetime.datetime,
) -> None:
    """List the forms: number, title, section, and each phase's status and marks.

    `forms` are the editions in use, whose marks are explained; `others` says what the pages beside the forms
    hold. With forms in files of several wards, the ward stands in front.
    """
    pen = Pen(page)
    # Wards may use different editions in one year.
    phases = list({phase.key: phase for form in forms for phase in form.phases}.values())
    by_ward = any(entry.file for entry in entries)
    columns = {
        **({"区": 80} if by_ward else {}),
        "番号": 60,
        forms[0].label("item"): 240,
        "担当課": 120,
        **{f"{phase.label}\n{what}": width for phase in phases for what, width in _BESIDE_PHASE.items()},
    }
    widths = list(columns.values())
    set_widths(page, widths)
    pen.put(1, 1, heading, TITLE)
    page.row_dimensions[1].height = 28
    how = "番号を押すと、同じフォルダーにある区のファイルが開きます。" if by_ward else _HOW
    pen.put(2, 1, f"{len(entries)}件。{how}", PLAIN)
    pen.put(3, 1, f"出力 {wareki_moment(at)}", PLAIN)
    row = head = 5
    pen.row(head, list(columns), [HEAD] * len(columns), widths)
    looks = [*([BODY] if by_ward else []), LINK, BODY, BODY, *[MIDDLE] * (2 * len(phases))]
    for row, entry in enumerate(entries, head + 1):
        standing = [words for phase in phases for words in entry.standing.get(phase.key, ("", ""))]
        ward = [entry.ward] if by_ward else []
        pen.row(row, [*ward, entry.number, entry.title, entry.section, *standing], looks, widths)
        pen.link(row, 1 + by_ward, entry.sheet, entry.file)
    if not entries:
        row += 1
        pen.put(row, 1, f"{forms[0].label('item')}がありません。", PLAIN)
    row += 1
    for line in _legend(phases, entries):
        row += 1
        pen.put(row, 1, line, _SMALL)
    row += 1
    for title, holds in others.items():
        row += 1
        pen.put(row, 1, title, _SMALL_LINK)
        pen.link(row, 1, title)
        pen.put(row, 3, holds, _SMALL)
    page.freeze_panes = f"A{head + 1}"
    set_paper(page, at, landscape=sum(widths) > _PORTRAIT, head=head)


_BESIDE_PHASE = {"状態": 110, "判定": 90}
_PORTRAIT = 1000
"""Pixels that an upright page holds before its writing becomes too small to read."""


def _standing(block: PhaseBlock) -> tuple[str, str]:
    if not block.readable and block.status != Review.Status.NOT_STARTED:
        return block.status_label, NOT_SHOWN if block.marks else ""
    marks = [answer.chosen.symbol if answer.chosen else NOT_CHOSEN for answer in block.marks]
    return block.status_label, " ".join(marks)


def _legend(phases: Sequence[FormPhase], entries: Sequence[Entry]) -> list[str]:
    """Explain the symbols: in the order in which they stand, one line for each question."""
    lines = [
        f"{phase.label} {question.label}: {'  '.join(mark.legend for mark in question.marks)}"
        for phase in phases
        for question in phase.questions
        if question.marks
    ]
    if any(marks == NOT_SHOWN for entry in entries for _, marks in entry.standing.values()):
        lines.append(f"「{NOT_SHOWN}」は、課長承認待ちになると表示される判定です。")
    return lines
