import io
from decimal import Decimal

import pytest
from openpyxl import Workbook, load_workbook

from reviews.workbook.basis import COLUMNS, fill_basis
from reviews.workbook.fitting import lines_needed
from tests.reviews.workbook.samples import AT, LONG_HEADING

MIDYEAR = {
    "番号": "1",
    "取組項目": "人と人とのつながりづくり",
    "担当課": "市民協働課",
    "段階": "中間振り返り",
    "状態": "課長承認済",
    "目標": LONG_HEADING,
    "目標値": "41.6%以上",
    "実績": Decimal("42.3"),
    "実績(単位つき)": "42.3%",
    "時点": "令和2年8月31日",
    "出典": "=事業報告書(上半期)",
    "選んだ判定": "②達成できない見込み",
    "提出": "市民協働課 担当者 令和2年9月25日(金)10:00",
    "承認": "市民協働課長 令和2年9月25日(金)14:32",
}
EVALUATION = {
    **MIDYEAR,
    "段階": "自己評価",
    "数値からの判定(参考)の計算": "41.6%以上に対し42.3%: 達成(0.7ポイント上回る)",
    "数値からの判定(参考)": "①目標達成",
    "判定と異なる評価とした理由": "件数は目標を上回ったが、新たな連携は1件にとどまったため。" * 3,
    "何が変わったか": "下半期に連携先が1社増えた。",
}


def page_of(*records):
    book = Workbook()
    fill_basis(book.active, [tuple(record.get(heading, "") for heading in COLUMNS) for record in records], AT)
    saved = io.BytesIO()
    book.save(saved)
    return load_workbook(saved).active


def hidden(page):
    return {cell.value for cell in page[1] if page.column_dimensions[cell.column_letter].hidden}


@pytest.mark.parametrize(("records", "pages"), [((MIDYEAR, MIDYEAR), 1), ((MIDYEAR, EVALUATION), 2)])
def test_table_is_printed_on_as_few_pages_beside_each_other_as_can_be_read(records, pages):
    page = page_of(*records)
    assert page.sheet_properties.pageSetUpPr.fitToPage
    assert (page.page_setup.orientation, page.page_setup.fitToWidth) == ("landscape", pages)
    assert page.page_setup.fitToHeight == 0
    assert (page.print_title_rows, page.print_title_cols) == ("$1:$1", "$A:$B")
    shown = set().union(*records)
    assert [cell.value for cell in page[1]] == list(COLUMNS) and hidden(page) == set(COLUMNS) - shown
    width = sum(
        page.column_dimensions[cell.column_letter].width * 7 for cell in page[1] if cell.value in shown
    )
    # Six points or more on paper: A4 landscape holds 1032 pixels between the margins.
    assert 9 * min(1, 1032 * pages / width) >= 6


def test_rows_hold_every_line_of_their_texts():
    page = page_of(MIDYEAR, EVALUATION)
    for row in page.iter_rows(min_row=2):
        high = page.row_dimensions[row[0].row].height
        for cell in row:
            width = page.column_dimensions[cell.column_letter].width * 7
            assert high >= lines_needed(str(cell.value or ""), width, 9) * 9 * 1.25, cell.coordinate


def test_long_target_takes_few_lines():
    page = page_of(MIDYEAR)
    column = list(COLUMNS).index("目標")
    width = page.column_dimensions[page[1][column].column_letter].width * 7
    assert lines_needed(LONG_HEADING, width, 9) <= 6


def test_figures_are_numbers_and_texts_stay_texts():
    cells = {head.value: cell for head, cell in zip(*page_of(MIDYEAR).iter_rows(), strict=True)}
    assert cells["実績"].value == 42.3
    assert (cells["出典"].value, cells["出典"].data_type) == ("=事業報告書(上半期)", "s")
    assert cells["出典"].quotePrefix
