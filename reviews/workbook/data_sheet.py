"""The sheets データ(目標) and データ(評価): one row a record, for programs and for counting.

They follow the state's rules for machine-readable tables: one heading row, one table a sheet, nothing
merged, no blank row, numbers as numbers with their unit beside them, years western and by era, the ward with
its code, and no symbols that only some machines know (a mark is its number and its words, not ①).
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from functools import cache

from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from initiatives.judgement import facts_of, judge
from initiatives.models import Measurement, Target
from initiatives.xlsx.characters import LONGEST_TEXT, units
from reviews.models import Review
from reviews.sheet import Answered, PhaseBlock, Sheet
from wardplan.fiscal_year import FiscalYear

from .beside import Look, Pen, Value, column_width, fit_beside, set_paper, set_widths
from .fitting import TALLEST_ROW, height_for

TARGETS = "データ(目標)"
ANSWERS = "データ(評価)"

Record = dict[str, Value]
Measured = Mapping[tuple[int, int], Mapping[int, Measurement]]

_SIZE = 9
_HEADING = Look(size=_SIZE, bold=True, framed=False)
_TEXT = Look(size=_SIZE, framed=False)
_NUMBER = Look(size=_SIZE, framed=False, across="right")
_DATE = Look(size=_SIZE, framed=False, across="right", number_format="yyyy-mm-dd")
_MOST = 110
_MOST_OF = {
    **{"取組項目名": 150, "指標名": 220, "目標の見出し": 220, "目標の原文": 180},
    **{"設問": 130, "数値の出典": 140, "実績の出典": 140, "設問ID": 200, "文": 480},
}
"""Pixels that a column takes at most."""

KINDS = {"mark": "選択", "figure": "数値", "text": "文"}
ANSWERED, NOT_ANSWERED, HIDDEN = "回答あり", "回答なし", "非公開"


def target_records(sheets: Iterable[Sheet], measured: Measured) -> list[Record]:
    """Write one record for each target of each 取組項目, with its year's figure. Asks no query.

    `measured` comes from `read_measurements`; 判定 is what the figures say, not what the section chose.
    """
    return [
        _target(sheet, target, measured.get((sheet.initiative.plan.ward_id, target.indicator_id), {}))
        for sheet in sheets
        for target in sheet.initiative.targets.all()
    ]


def answer_records(sheets: Iterable[Sheet]) -> list[Record]:
    """Write one record for each question of each phase of each 取組項目, by target where it asks so.

    A text that the reader may not know yet is said to be hidden, so that nobody counts it as missing.
    """
    return [
        _answer(sheet, block, answer)
        for sheet in sheets
        for block in sheet.blocks
        for answer in block.answered
    ]


def fill_data(
    page: Worksheet, records: Sequence[Record], columns: Sequence[str], at: datetime.datetime
) -> None:
    """Write the table: its headings in row 1, and a row for each record.

    On paper it has lines between its cells, which are none of its looks, and the number and name of the
    取組項目 on each of the pages that it fills beside each other. A text higher than a row can be is whole in
    its cell, and printed whole on its form.
    """
    pen = Pen(page)
    rows = [list(_cells(record, columns)) for record in records]
    longest = max(map(len, rows), default=len(columns))
    headings = [*columns, *(f"文の続き{number}" for number in range(1, 1 + longest - len(columns)))]
    widths = []
    for column, heading in enumerate(headings):
        cells = (row[column] for row in rows if column < len(row))
        widths.append(
            column_width(heading, cells, _MOST_OF.get(heading.partition("の続き")[0], _MOST), _SIZE)
        )
    set_widths(page, widths)
    pen.row(1, headings, [_HEADING] * len(headings), widths)
    # Most cells say what others in their column say as well.
    high_for = cache(lambda text, column: height_for(text, widths[column], _SIZE))
    for number, row in enumerate(rows, 2):
        high = 18.0
        for column, value in enumerate(row):
            if value is not None and value != "":
                pen.put(number, column + 1, value, _look(value))
                if isinstance(value, str):
                    high = max(high, high_for(value, column))
        page.row_dimensions[number].height = min(high, TALLEST_ROW)
    page.freeze_panes = "A2"
    set_paper(page, at, landscape=True, head=1)
    page.sheet_view.showGridLines = page.print_options.gridLines = True
    page.print_area = f"A1:{get_column_letter(len(headings))}{len(rows) + 1}"
    page.print_title_cols = "E:F"
    fit_beside(page, sum(widths), _SIZE)
    # Its columns may fill several pages; without their name nobody puts them together again.
    page.oddFooter.left.text = "&A"


def _look(value: Value) -> Look:
    if isinstance(value, str):
        return _TEXT
    return _DATE if isinstance(value, datetime.date) else _NUMBER


def _cells(record: Record, columns: Sequence[str]) -> Iterator[Value]:
    for column in columns:
        if column == "文":
            yield from _parts(str(record[column] or ""))
        else:
            yield record[column]


def _parts(text: str) -> list[str]:
    """Divide a text that is longer than a cell can hold; the rest goes into columns of its own."""
    parts: list[str] = []
    while units(text) > LONGEST_TEXT:
        parts.append(text.encode("utf-16-le")[: 2 * LONGEST_TEXT].decode("utf-16-le", "ignore"))
        text = text[len(parts[-1]) :]
    return [*parts, text]


def _about(sheet: Sheet) -> Record:
    """Say whose record it is; these columns are alike on both sheets, so that they can be joined."""
    return {
        "団体コード": sheet.initiative.plan.ward.code or "",
        "区": sheet.ward_name,
        "年度(西暦)": int(sheet.fiscal_year),
        "年度(和暦)": sheet.fiscal_year.label,
        "取組項目番号": sheet.number,
        "取組項目名": sheet.title,
        "担当課": sheet.section,
    }


def _target(sheet: Sheet, target: Target, measured: Mapping[int, Measurement]) -> Record:
    indicator = target.indicator
    measurement = measured.get(target.fiscal_year)
    values = {FiscalYear(year): one.value for year, one in measured.items()}
    judgement = judge(facts_of(target), values)
    return {
        **_about(sheet),
        "目標ID": target.key,
        "目標の欄": target.get_scope_display(),
        "目標の種類": target.get_kind_display(),
        "指標ID": indicator.pk,
        "指標名": indicator.name,
        "目標の見出し": target.heading,
        "目標の原文": target.wording,
        "よい方向": indicator.get_direction_display() if indicator.direction else "",
        **_year("目標年度", target.fiscal_year),
        **_year("合計の初年度", target.from_fiscal_year),
        "比べ方": target.get_comparator_display() if target.comparator else "",
        "目標値": target.value,
        "目標値の上限": target.value_max,
        "単位": indicator.unit,
        "増減": target.change,
        "増減の単位": target.get_change_unit_display() if target.change_unit else "",
        **_year("基準年度", target.base_fiscal_year),
        "基準年度の実績値": getattr(target, "base_figure", None),
        "確定した目標値": getattr(target, "resolved_value", None),
        "実績値": measurement.value if measurement else None,
        "実績の時点": measurement.as_of if measurement else None,
        "実績の出典": measurement.source if measurement else "",
        "実績の補足": measurement.note if measurement else "",
        "数値からの判定": "" if judgement.outcome == "unknown" else judgement.label,
    }


def _year(name: str, year: int | None) -> Record:
    return {
        f"{name}(西暦)": int(year) if year is not None else None,
        f"{name}(和暦)": FiscalYear(year).label if year is not None else "",
    }


def _answer(sheet: Sheet, block: PhaseBlock, answer: Answered) -> Record:
    question, chosen, figure = answer.question, answer.chosen, answer.figure
    unit = next((line.unit for line in sheet.annual_targets if line.key == answer.target), "")
    given = chosen or answer.text or figure.get("value")
    state = ANSWERED if given else NOT_ANSWERED
    # Of a sheet that nobody has begun there is nothing to hide.
    is_hidden = not block.readable and block.status != Review.Status.NOT_STARTED
    return {
        **_about(sheet),
        "段階": block.phase.label,
        "状態": block.status_label,
        "版": block.version,
        "設問": question.label,
        "回答の種類": KINDS.get(question.kind, question.kind),
        "目標ID": answer.target,
        "目標の見出し": answer.heading,
        "回答の有無": HIDDEN if is_hidden else state,
        "選択肢番号": chosen.position if chosen else None,
        "選択肢": chosen.label if chosen else "",
        "数値": _decimal(figure.get("value")),
        "単位": unit if question.kind == "figure" else "",
        "数値の時点": _date(figure.get("as_of")),
        "数値の出典": figure.get("source", ""),
        "設問ID": question.name,
        "文": answer.text if question.kind == "text" else "",
    }


def _decimal(value: str | None) -> Decimal | None:
    try:
        return Decimal(value) if value else None
    except InvalidOperation:
        return None


def _date(value: str | None) -> datetime.date | None:
    return datetime.date.fromisoformat(value) if value else None


_ABOUT_COLUMNS = ("団体コード", "区", "年度(西暦)", "年度(和暦)", "取組項目番号", "取組項目名", "担当課")
TARGET_COLUMNS = (
    *_ABOUT_COLUMNS,
    *("目標ID", "目標の欄", "目標の種類", "指標ID", "指標名", "目標の見出し", "目標の原文", "よい方向"),
    *("目標年度(西暦)", "目標年度(和暦)", "合計の初年度(西暦)", "合計の初年度(和暦)", "比べ方"),
    *("目標値", "目標値の上限", "単位", "増減", "増減の単位"),
    *("基準年度(西暦)", "基準年度(和暦)", "基準年度の実績値", "確定した目標値"),
    *("実績値", "実績の時点", "実績の出典", "実績の補足", "数値からの判定"),
)
ANSWER_COLUMNS = (
    *_ABOUT_COLUMNS,
    *("段階", "状態", "版", "設問", "回答の種類", "目標ID", "目標の見出し", "回答の有無"),
    *("選択肢番号", "選択肢", "数値", "単位", "数値の時点", "数値の出典", "設問ID", "文"),
)
