"""The sheet 判定根拠: what each mark rests on as a flat table, one row for each target and phase."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal, InvalidOperation

from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from initiatives.models import Event
from initiatives.xlsx.characters import holdable
from reviews.evidence import Evidence, TargetEvidence
from reviews.sheet import Sheet
from wardplan.era import wareki, wareki_moment

from .beside import BODY, HEAD, Pen, column_width, fit_beside, set_paper, set_widths

TITLE = "判定根拠"

# Heading and the pixels that it takes at most: a column is no wider than what stands in it.
COLUMNS = {
    "番号": 60,
    "取組項目": 120,
    "担当課": 80,
    "段階": 92,
    "状態": 92,
    "目標": 210,
    "目標値": 100,
    "実績": 80,
    "実績(単位つき)": 80,
    "時点": 110,
    "出典": 130,
    "補足": 130,
    "資料の保管場所": 110,
    "数値からの判定(参考)の計算": 190,
    "数値からの判定(参考)": 90,
    "選んだ判定": 90,
    "判定と異なる評価とした理由": 200,
    "何が変わったか": 180,
    "提出": 140,
    "承認": 140,
    "文書番号": 100,
}

SIZE = 9
"""Points."""
_HEAD = replace(HEAD, size=SIZE)
_TEXT = replace(BODY, size=SIZE)
_NUMBER = replace(BODY, size=SIZE, across="right")

Row = tuple[str | Decimal, ...]


def basis_rows(sheets: Sequence[Sheet]) -> list[Row]:
    """Write the rows of all sheets, as far as each may be read. Asks no query.

    `sheets` come from `with_evidence`. A phase without targets has one row, so that its marks are not lost.
    """
    return [row for sheet in sheets for row in _rows_of(sheet)]


def fill_basis(page: Worksheet, rows: Sequence[Row], at: datetime.datetime) -> None:
    """Write the table under its heading row, on as few pages beside each other as can be read.

    A column that is blank in every row is there but hidden: most marks have no reason, no note, no number of
    a document, and a table of two rows would take two pages for them.
    """
    pen = Pen(page)
    columns = [[row[column] for row in rows] for column in range(len(COLUMNS))]
    widths = [
        most if _is_blank(cells) else column_width(heading, cells, most, SIZE)
        for (heading, most), cells in zip(COLUMNS.items(), columns, strict=True)
    ]
    set_widths(page, widths)
    pen.row(1, list(COLUMNS), [_HEAD] * len(COLUMNS), widths)
    for number, row in enumerate(rows, 2):
        looks = [_NUMBER if isinstance(cell, Decimal) else _TEXT for cell in row]
        pen.row(number, row, looks, widths)
    shown = 0
    for number, (cells, width) in enumerate(zip(columns, widths, strict=True), 1):
        if _is_blank(cells):
            page.column_dimensions[get_column_letter(number)].hidden = True
        else:
            shown += width
    page.freeze_panes = "C2"
    set_paper(page, at, landscape=True, head=1)
    page.print_title_cols = "A:B"
    fit_beside(page, shown, SIZE)


def _is_blank(cells: Iterable[str | Decimal]) -> bool:
    return all(cell == "" for cell in cells)


def _rows_of(sheet: Sheet) -> Iterator[Row]:
    for block in sheet.blocks:
        evidence = block.evidence
        if evidence is None:
            continue
        for target in evidence.targets or (None,):
            yield _row(sheet, evidence, target)


def _row(sheet: Sheet, evidence: Evidence, target: TargetEvidence | None) -> Row:
    marks = evidence.marks_of(target.key if target else "")
    turns = [turn for turn in evidence.turns if not target or turn["target"] in ("", target.key)]
    about = (sheet.number, sheet.title, sheet.section, evidence.phase.label, evidence.status_label)
    figure: tuple[str | Decimal, ...] = ("",) * 8
    if target:
        figure = (
            target.heading,
            target.goal,
            _number(target.value),
            target.figure or "未判明",
            wareki(target.as_of) if target.as_of else "",
            target.source,
            target.note,
            target.kept_at,
        )
    return tuple(
        holdable(cell)[0] if isinstance(cell, str) else cell
        for cell in (
            *about,
            *figure,
            target.working if target else "",
            _lines(mark["proposed_words"] for mark in marks),
            _lines(mark["chosen_words"] for mark in marks),
            _lines(mark["reason"] for mark in marks),
            _lines(turn["change"] for turn in turns),
            _signed(evidence.submitted),
            _signed(evidence.approved),
            evidence.document,
        )
    )


def _number(value: str) -> str | Decimal:
    """Give a figure as a number, so that the table can be counted with; blank when it is not known."""
    try:
        return Decimal(value) if value else ""
    except InvalidOperation:
        return ""


def _lines(words: Iterable[str]) -> str:
    return "\n".join(dict.fromkeys(word for word in words if word))


def _signed(event: Event | None) -> str:
    """Say by which post and when; names stay in the history."""
    return f"{event.by_post} {wareki_moment(event.at)}".strip() if event else ""
