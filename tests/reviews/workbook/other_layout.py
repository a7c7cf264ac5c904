"""Layouts as another office would make them in Excel: upright, in another order, in other fonts and words."""

import io

from openpyxl import Workbook
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.workbook.defined_name import DefinedName

LINE = Side("thin", color="FF006600")
GREEN = PatternFill("solid", fgColor="FFDDEEDD")
BLUE = PatternFill("solid", fgColor="FFE0F0FF")
WIDTHS = {"A": 16, "B": 34, "C": 9, "D": 44}
HEIGHTS = {1: 30, 2: 20, 4: 70, 6: 70, 9: 50}

# Area, words, name, points, bold, fill.
R2_CELLS = [
    ("A1:D1", "ここに題名", "heading", 14, True, None),
    ("A2:B2", "ここに表題", "title", 9, False, None),
    ("C2:D2", "", "about", 9, False, None),
    ("A3:D3", "今年度に行うこと", "", 11, True, GREEN),
    ("A4:D4", "", "plan_annual", 11, False, None),
    ("A5:D5", "めざすこと", "", 11, True, GREEN),
    ("A6:D6", "", "plan_policy", 11, False, None),
    ("A7:D7", "年度末の評価", "", 11, True, GREEN),
    ("A8:B8", "結果", "", 11, True, None),
    ("C8:D8", "課題と改善策(②のときは必須)", "", 11, True, None),
    ("A9:B9", "", "self_evaluation_results", 12, False, None),
    ("C9:D9", "", "self_evaluation_issues", 12, False, BLUE),
    ("A10:A11", "目標", "", 11, True, None),
    ("B10", "①:届いた", "self_evaluation_achievement__1", 11, False, None),
    ("B11", "②:届かなかった", "self_evaluation_achievement__2", 11, False, None),
    ("C10:C11", "", "self_evaluation_achievement", 14, True, BLUE),
    ("D10:D11", "", "", 11, False, None),
    ("A12:D12", "年度の途中", "", 11, True, GREEN),
    ("A13:A14", "取組", "", 11, True, None),
    ("B13", "(i)できそう", "midyear_implementation__1", 11, False, None),
    ("B14", "(ii)できそうにない", "midyear_implementation__2", 11, False, None),
    ("C13:C14", "", "midyear_implementation", 14, True, BLUE),
    ("D13:D16", "", "midyear_issues", 12, False, BLUE),
    ("A15:A16", "目標", "", 11, True, None),
    ("B15", "①:届きそう", "midyear_outlook__1", 11, False, None),
    ("B16", "②:届きそうにない", "midyear_outlook__2", 11, False, None),
    ("C15:C16", "", "midyear_outlook", 14, True, BLUE),
]

# With a mark and its heading for each target, in the rows 5 to 6.
R9_CELLS = [
    ("A1:D1", "", "heading", 14, True, None),
    ("A2:B2", "", "title", 9, False, None),
    ("C2:D2", "", "about", 9, False, None),
    ("A3:D3", "", "plan_policy", 11, False, None),
    ("A4:D4", "", "plan_annual", 11, False, None),
    ("A5:A6", "指標", "review_mark__target__label", 11, True, GREEN),
    ("B5", "ア:○", "review_mark__target__1", 11, False, None),
    ("B6", "イ:×", "review_mark__target__2", 11, False, None),
    ("C5:C6", "", "review_mark__target", 14, True, None),
    ("D5:D7", "", "review_summary", 11, False, None),
    ("A7:C7", "", "review_next", 11, False, None),
    ("A8", "進み方", "", 11, True, GREEN),
    ("B8", "A:順調 / 予定どおり", "review_progress__1", 11, False, None),
    ("C8", "B", "review_progress__2", 11, False, None),
    ("D8:D9", "", "review_progress", 11, False, None),
    ("A9:B9", "C:やめた", "review_progress__3", 11, False, None),
    ("C9", "", "", 11, False, None),
]


def make_layout(cells, *, font="ＭＳ 明朝", heights=HEIGHTS, region=""):
    """Make the file with openpyxl; every second name belongs to the book, as Excel does it by itself."""
    book = Workbook()
    page = book.active
    page.title = "様式 '令和9'"
    for number, (area, words, name, size, bold, fill) in enumerate(cells):
        first, _, last = area.partition(":")
        for row in page[f"{first}:{last or first}"]:
            for cell in row:
                cell.border = Border(top=LINE, right=LINE, bottom=LINE, left=LINE)
                cell.font = Font(name=font, size=size, bold=bold, color="FF333333")
                cell.alignment = Alignment(horizontal="left", vertical="top", wrap_text=True)
                if fill:
                    cell.fill = fill
        page[first] = words
        if last:
            page.merged_cells.add(area)
        if name:
            absolute = "".join(f"${part}" for part in (first[0], first[1:]))
            scope = page.defined_names if number % 2 else book.defined_names
            scope.add(DefinedName(name, attr_text=f"'様式 ''令和9'''!{absolute}"))
    if region:
        book.defined_names.add(DefinedName("review__targets", attr_text=f"'様式 ''令和9'''!{region}"))
    for letter, width in WIDTHS.items():
        page.column_dimensions[letter].width = width
    for row, height in heights.items():
        page.row_dimensions[row].height = height
    page.page_setup.orientation = "portrait"
    page.page_setup.paperSize = 9
    page.page_margins.left = page.page_margins.right = 0.5
    page.print_title_rows = "1:2"
    page.oddHeader.center.text = "取扱注意"
    page.oddFooter.right.text = "&P"
    saved = io.BytesIO()
    book.save(saved)
    return saved.getvalue()


R2_LAYOUT = make_layout(R2_CELLS)
R9_LAYOUT = make_layout(R9_CELLS, heights={3: 60, 4: 60, 7: 40}, region="$A$5:$C$6")
