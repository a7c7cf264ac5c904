"""The sheet 判定根拠: what each mark rests on as a flat table, one row for each target and phase."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal, InvalidOperation

from initiatives.models import Event
from initiatives.xlsx.characters import holdable
from reviews.evidence import Evidence, TargetEvidence
from reviews.sheet import Sheet
from wardplan.era import wareki, wareki_moment

TITLE = "判定根拠"

# Heading and width in pixels.
COLUMNS = {
    "番号": 50,
    "取組項目": 180,
    "担当課": 110,
    "段階": 100,
    "状態": 90,
    "目標": 260,
    "目標値": 130,
    "実績": 80,
    "実績(単位つき)": 90,
    "時点": 120,
    "出典": 180,
    "補足": 150,
    "資料の保管場所": 150,
    "数値からの判定(参考)の計算": 260,
    "数値からの判定(参考)": 160,
    "選んだ判定": 160,
    "判定と異なる評価とした理由": 260,
    "何が変わったか": 220,
    "提出": 200,
    "承認": 200,
    "文書番号": 140,
}

Row = tuple[str | Decimal, ...]


def basis_rows(sheets: Sequence[Sheet]) -> list[Row]:
    """Write the rows of all sheets, as far as each may be read. Asks no query.

    `sheets` come from `with_evidence`. A phase without targets has one row, so that its marks are not lost.
    """
    return [row for sheet in sheets for row in _rows_of(sheet)]


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
