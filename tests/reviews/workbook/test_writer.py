import io
import re
import zipfile
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook
from openpyxl.cell.rich_text import CellRichText

from initiatives.xlsx.characters import escape, unescape
from reviews.sheet import read_lines
from reviews.workbook.fitting import height_for
from reviews.workbook.layout import INDENT
from reviews.workbook.layout_file import layout_for
from reviews.workbook.stamp import Stamp, print_of, read_stamp
from reviews.workbook.writer import write_sheet, write_workbook
from tests.reviews.workbook.samples import (
    A1,
    A2,
    ACTIVITIES,
    ANSWERS,
    AT,
    EVALUATION_ISSUES,
    LONG_HEADING,
    MIDYEAR_ISSUES,
    NOTE,
    OVERVIEW,
    PURPOSE,
    R2,
    R2_NAMES,
    R9,
    RESULTS,
    block,
    make_sheet,
    target,
)


def read(content, **options):
    return load_workbook(io.BytesIO(content), **options)


def address_of(page, name):
    return page.defined_names[name].attr_text.rpartition("!")[2].replace("$", "")


def named_cell(page, name):
    return page[address_of(page, name)]


def texts_of(page):
    return [unescape(cell.value) for row in page for cell in row if isinstance(cell.value, str)]


def write_text(text):
    """Write a sheet with one text, and give the page and its cell as they are read back."""
    page = read(write_sheet(make_sheet({"midyear": {"issues": text}}), at=AT)).worksheets[0]
    return page, named_cell(page, "midyear_issues")


@pytest.fixture(scope="module")
def filled():
    return write_sheet(make_sheet(ANSWERS), at=AT)


@pytest.fixture
def page(filled):
    return read(filled).worksheets[0]


# --- what it says ----------------------------------------------------------------------------------------


def test_sheet_says_everything(page):
    texts = texts_of(page)
    assert "「令和2年度以降の市政改革計画」に基づく取組等" in texts
    assert "取組項目1 【人と人とのつながりづくり】" in texts
    assert "見本区 令和2年度  担当課 市民協働課" in texts
    assert {"取組の方針・目標内容", "当年度の取組内容", "計\n画", "自\n己\n評\n価"} <= set(texts)
    assert {"取組内容の実施見込み", "目標の達成見込み", "当年度の取組実績及び目標の達成状況"} <= set(texts)
    assert texts.count(f"課題と改善策 {NOTE}") == 2
    assert {MIDYEAR_ISSUES, RESULTS, EVALUATION_ISSUES} <= set(texts)
    assert (
        f"(趣旨・目的)\n{PURPOSE}\n(取組の概要)\n{OVERVIEW}\n(目標)\n"
        "○新たに地域活動協議会とNPO及び企業等とが連携した取組を行った件数\n　【令和2年度】 8件\n"
        "　(令和元年度実績: ______件 平成30年度実績: 8件)\n"
        "○令和3年度区民アンケート(市民局実施分)において、"
        "「身近な地域でのつながりに関して肯定的に感じている区民の割合」\n　【令和3年度】 43.3%以上\n"
        "　(令和元年度実績: ______% 平成30年度実績: 38.6%)"
    ) in texts
    assert any(text.startswith(f"(取組の内容)\n{ACTIVITIES}\n(目標)\n○") for text in texts)


def test_wording_and_labels_are_bold_and_the_rest_is_not(filled):
    page = read(filled, rich_text=True).worksheets[0]
    rich = [cell.value for row in page for cell in row if isinstance(cell.value, CellRichText)]
    plan = next(runs for runs in rich if "(趣旨" in runs[0].text)
    bold = [run.text.strip() for run in plan if run.font.b]
    assert bold == ["(趣旨・目的)", "(取組の概要)", "(目標)", "【令和2年度】 8件", "【令和3年度】 43.3%以上"]


def test_relative_target_keeps_its_wording_and_shows_its_number_once_set():
    wording = "【令和2年度】令和元年度件数の実績から10%減"
    waiting = target("a1", "件数", wording, ("(平成30年度7件)",), unresolved=True)
    resolved = replace(waiting, unresolved=False, resolved="5.4件")
    for line, written in ((waiting, f"　{wording}\n"), (resolved, f"　{wording} (目標値: 5.4件)\n")):
        page = read(write_sheet(make_sheet(annual_targets=(line,)), at=AT)).worksheets[0]
        assert any(f"○件数\n{written}　(平成30年度7件)" in text for text in texts_of(page))


@pytest.mark.parametrize("chosen", [1, 2])
def test_chosen_mark_is_framed_ticked_and_bold_and_its_symbol_stands_in_its_cell(chosen):
    page = read(write_sheet(make_sheet({"midyear": {"outlook": chosen}}), at=AT)).worksheets[0]
    cell = named_cell(page, "midyear_outlook")
    legends = [page.cell(cell.row + index, cell.column + 1) for index in (0, 1)]
    assert cell.value == "①②"[chosen - 1]
    assert [legend.value.strip(" 　✓") for legend in legends] == ["①:達成見込み", "②:達成できない見込み"]
    for position, legend in enumerate(legends, 1):
        sides = [getattr(legend.border, side) for side in ("left", "right", "top", "bottom")]
        framed = [side is not None and side.style == "medium" for side in sides]
        assert framed == [position == chosen] * 4
        assert legend.font.b == (position == chosen)
        assert ("✓" in legend.value) == (position == chosen)


def test_nothing_chosen_frames_nothing_and_leaves_the_cells_blank():
    page = read(write_sheet(make_sheet(), at=AT)).worksheets[0]
    assert not any("✓" in text for text in texts_of(page))
    assert [named_cell(page, name).value for name in sorted(R2_NAMES)] == [None] * 6
    assert {"①:達成見込み", "②:達成できない見込み"} <= {text.strip(" 　") for text in texts_of(page)}


def test_text_that_may_not_be_read_is_left_out_and_its_status_stands_there():
    midyear, evaluation = R2.phases
    blocks = (
        block(midyear, status="draft", version=4, readable=False),
        block(evaluation, ANSWERS["self_evaluation"]),
    )
    page = read(write_sheet(make_sheet(blocks=blocks), at=AT)).worksheets[0]
    assert named_cell(page, "midyear_issues").value == "作成中"
    assert MIDYEAR_ISSUES not in texts_of(page) and RESULTS in texts_of(page)
    assert read_stamp(page.defined_names["stamp"].attr_text).versions == {"self_evaluation": 3}


def test_another_edition_needs_no_code():
    answers = {
        "progress": 3,
        "mark": {"a1": 1, "a2": 2},
        "summary": "定性的な評価の文",
        "next": "来年度の文",
    }
    page = read(write_sheet(make_sheet({"review": answers}, form=R9), at=AT)).worksheets[0]
    values = {name: named_cell(page, name).value for name in page.defined_names if name.startswith("review")}
    assert values == {
        "review_progress": "C",
        "review_mark_a1": "ア",
        "review_mark_a2": "イ",
        "review_summary": "定性的な評価の文",
        "review_next": "来年度の文",
    }
    texts = texts_of(page)
    assert {"方\n針", "評\n価", "重点取組1 【人と人とのつながりづくり】", " ✓ C:取りやめた"} <= set(texts)
    assert texts.count("指標の評価") == 2 and {f"○{A1.heading}", f"○{A2.heading}"} <= set(texts)
    assert not any("対象外" in text for text in texts)


def test_answer_that_is_not_on_paper_prints_blank():
    page = read(write_sheet(make_sheet({"review": {"progress": 4}}, form=R9), at=AT)).worksheets[0]
    assert named_cell(page, "review_progress").value is None
    assert not any("✓" in text for text in texts_of(page))


# --- how it looks ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", [R2, R9])
def test_merged_cells_do_not_overlap_and_have_their_border_all_around(form):
    page = read(write_sheet(make_sheet(form=form), at=AT)).worksheets[0]
    cells = [cell for merged in page.merged_cells.ranges for row in merged.rows for cell in row]
    assert len(cells) == len(set(cells))
    # The frame of the whole form: from 計画 to the last row, in all nine columns.
    first, last = 4, page.max_row
    for column in range(1, 10):
        assert page.cell(first, column).border.top.style == "medium"
        assert page.cell(last, column).border.bottom.style == "medium"
    for row in range(first, last + 1):
        assert page.cell(row, 1).border.left.style == "medium"
        assert page.cell(row, 9).border.right.style == "medium"


def test_every_font_is_the_fixed_pitch_one(filled):
    styles = zipfile.ZipFile(io.BytesIO(filled)).read("xl/styles.xml").decode()
    fonts = re.search(r"<fonts.*?</fonts>", styles, re.DOTALL)[0]
    assert set(re.findall(r'<name val="([^"]*)"', fonts)) == {"BIZ UDゴシック"}


def test_rows_are_high_enough_for_every_text():
    texts = {
        "midyear": {"issues": MIDYEAR_ISSUES * 4},
        "self_evaluation": {"results": "短い", "issues": "行\n" * 60},
    }
    page = read(write_sheet(make_sheet(texts, title="長い題" * 30), at=AT)).worksheets[0]
    layout = layout_for(R2)
    merged = {page.cell(area.min_row, area.min_col): area for area in page.merged_cells.ranges}
    checked = 0
    for cell, area in merged.items():
        if isinstance(cell.value, str) and area.min_col > 1:
            width = sum(layout.columns[area.min_col - 1 : area.max_col])
            width -= INDENT if cell.alignment.indent else 0
            height = sum(page.row_dimensions[row].height for row in range(area.min_row, area.max_row + 1))
            assert height >= height_for(cell.value, width, cell.font.sz), cell.value
            checked += 1
    assert checked >= 12
    assert max(dimension.height for dimension in page.row_dimensions.values()) <= 409


def test_sheet_prints_on_a4_landscape_with_its_head_on_every_page(page):
    assert (page.page_setup.orientation, page.page_setup.paperSize) == ("landscape", 9)
    assert page.print_title_rows == "$1:$3"
    assert page.print_area == f"'1 人と人とのつながりづくり'!$A$1:$I${page.max_row}"
    assert page.oddFooter.right.text == "&P / &N ページ"
    assert page.oddFooter.left.text == (
        "中間振り返り: 課長承認済・自己評価: 課長承認済  出力 令和2年9月25日(金)14:32"
    )


def test_sheet_of_usual_length_is_fitted_to_one_page(page):
    assert page.sheet_properties.pageSetUpPr.fitToPage
    assert (page.page_setup.fitToWidth, page.page_setup.fitToHeight) == (1, 1)
    assert len(page.row_breaks.brk) == 0


def test_longer_sheet_breaks_before_a_block():
    answers = {"midyear": {"issues": MIDYEAR_ISSUES * 3}, "self_evaluation": {"results": RESULTS * 6}}
    page = read(write_sheet(make_sheet(answers), at=AT)).worksheets[0]
    assert not page.sheet_properties.pageSetUpPr.fitToPage
    starts = {page.cell(area.min_row, 1).value: area.min_row for area in page.merged_cells.ranges}
    assert [brk.id for brk in page.row_breaks.brk] == [starts["自\n己\n評\n価"] - 1]


def test_text_longer_than_a_page_stays_one_cell_and_the_phase_is_named_on_each_page():
    text = MIDYEAR_ISSUES * 20
    page, cell = write_text(text)
    area = next(area for area in page.merged_cells.ranges if cell.coordinate in area)
    breaks = [brk.id for brk in page.row_breaks.brk]
    inside = [row for row in breaks if area.min_row <= row < area.max_row]
    assert cell.value == text and len(inside) >= 2
    for row in inside:
        assert page.cell(row + 1, 1).value == "中\n間\n振\nり\n返\nり"


# --- names, stamp, input ---------------------------------------------------------------------------------


def test_names_belong_to_the_sheet_and_point_to_its_cells():
    book = read(write_workbook([make_sheet(ANSWERS), make_sheet(number="2", title="区政会議の開催")], at=AT))
    assert book.sheetnames == ["1 人と人とのつながりづくり", "2 区政会議の開催"]
    assert not book.defined_names
    for page in book:
        assert set(page.defined_names) == R2_NAMES | {"stamp"}
    assert named_cell(book.worksheets[0], "self_evaluation_results").value == RESULTS
    assert named_cell(book.worksheets[1], "self_evaluation_results").value is None


def test_stamp_says_what_the_sheet_was_written_from(page):
    stamp = read_stamp(page.defined_names["stamp"].attr_text)
    assert replace(stamp, plan=()) == Stamp(
        "r2", "mihon", 2020, "1", {"midyear": 3, "self_evaluation": 3}, at="2020-09-25T14:32+09:00"
    )
    texts = {print_of(text) for text in texts_of(page)}
    assert len(stamp.plan) == 2 and set(stamp.plan) <= texts


def test_marks_offer_their_symbols_and_refuse_no_other_spelling(page):
    offers = {str(offer.sqref): offer for offer in page.data_validations.dataValidation}
    for name, symbols in (
        ("midyear_implementation", '"(i),(ii)"'),
        ("midyear_outlook", '"①,②"'),
        ("self_evaluation_achievement", '"①,②"'),
    ):
        offer = offers.pop(named_cell(page, name).coordinate)
        assert (offer.type, offer.formula1, offer.allow_blank) == ("list", symbols, True)
        assert not offer.showErrorMessage
    assert not offers


def test_only_what_can_be_filled_in_is_unlocked(page):
    open_cells = {cell.coordinate for row in page for cell in row if not cell.protection.locked}
    starts = {named_cell(page, name).coordinate for name in R2_NAMES}
    areas = [area for area in page.merged_cells.ranges if area.start_cell.coordinate in starts]
    assert open_cells == {
        page.cell(*place).coordinate for area in areas for row in area.rows for place in row
    }


# --- text stays text -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        '=HYPERLINK("http://example.jp","見る")',
        "@SUM(A1)",
        "+1",
        "-1",
        "\t=1+1",
        "'引用",
        "#N/A",
        "TRUE",
        "0012",
        "2020-09-25",
        "<script>alert(1)</script> ]]> --><!-- &amp; {{7*7}}",
        "  前後の空白  ",
        "最後の改行\n",
        "_x000D_ と _x005F_ と _x",
        "𠮟 😀 葛\U000e0100 か\u3099 ぜ" + "\u0301" * 200,
        "\u200b\u202e\u2066\u00a0",
    ],
)
def test_text_is_written_as_text(text):
    content = write_sheet(
        make_sheet(
            {"midyear": {"issues": text}, "self_evaluation": {"results": text}},
            title=text[:40],
            section=text,
            purpose=read_lines(text),
        ),
        at=AT,
    )
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        xml = archive.read("xl/worksheets/sheet1.xml").decode()
    assert not re.search("<(f|v)[ >]", xml)  # no formula, and no value that is not text
    page = read(content).worksheets[0]
    for name in ("midyear_issues", "self_evaluation_results"):
        cell = named_cell(page, name)
        assert (unescape(cell.value), cell.data_type) == (text, "s")
        assert bool(cell.quotePrefix) == (text[0] in "=+-@\t'")


written_text = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters=[*map(chr, range(32)), "\ufffe", "\uffff"])
    | st.sampled_from("\n\t_x0D5F"),
    min_size=1,
    max_size=200,
).filter(str.strip)


@given(written_text)
@settings(max_examples=60, deadline=None)
def test_any_text_is_read_back_as_it_was(text):
    _, cell = write_text(text)
    assert unescape(cell.value) == text


@given(st.text(st.sampled_from("_x0D05Fあ\n"), max_size=40))
def test_escape_is_undone_by_unescape(text):
    assert unescape(escape(text)) == text


@pytest.mark.parametrize("character", ["\x00", "\x01", "\x0b", "\x0c", "\x1f", "\ufffe", "\uffff", "\ud800"])
def test_characters_that_no_file_can_hold_are_replaced_and_listed(character):
    content = write_sheet(make_sheet({"midyear": {"issues": f"前{character}後{character}"}}), at=AT)
    book = read(content)
    page, notices = book.worksheets
    cell = named_cell(page, "midyear_issues")
    assert cell.value == "前\ufffd後\ufffd"
    assert (notices.title, notices["A2"].value, notices["B2"].value) == (
        "お知らせ",
        page.title,
        cell.coordinate,
    )
    assert notices["C2"].value == "Excelで使えない文字2個を「\ufffd」に置き換えました。"


def test_carriage_returns_become_newlines():
    assert write_text("一\r\n二\r三")[1].value == "一\n二\n三"


@pytest.mark.parametrize("text", ["あ" * 32_768, "😀" * 20_000, "い" * 100_000])
def test_text_longer_than_a_cell_goes_on_in_the_last_sheet(text):
    book = read(write_sheet(make_sheet({"midyear": {"issues": text}}), at=AT))
    page, notices = book.worksheets
    parts = [named_cell(page, "midyear_issues").value]
    while (name := f"midyear_issues__{len(parts) + 1}") in page.defined_names:
        parts.append(notices[address_of(page, name)].value)
    assert "".join(parts) == text
    assert all(len(part.encode("utf-16-le")) // 2 <= 32_767 for part in parts)
    assert notices["C2"].value == (
        f"1つのセルに入りきらないため、{len(text) - len(parts[0]):,}字をこのシートに続けて書きました。"
    )


def test_text_that_just_fits_a_cell_needs_no_notice():
    text = "あ" * 32_767
    book = read(write_sheet(make_sheet({"midyear": {"issues": text}}), at=AT))
    assert len(book.worksheets) == 1
    assert named_cell(book.worksheets[0], "midyear_issues").value == text


# --- the workbook ----------------------------------------------------------------------------------------


def test_sheets_have_safe_titles_unlike_each_other():
    titles = ["総務課/企画[案]", "長" * 40, "長" * 40, "abc", "ABC", "お知らせ"]
    numbers = ["1", "2", "2", "3", "3", "お知らせ"]
    sheets = [make_sheet(number=number, title=title) for number, title in zip(numbers, titles, strict=True)]
    assert read(write_workbook(sheets, at=AT)).sheetnames == [
        "1 総務課 企画 案",
        "2 " + "長" * 29,
        "2 " + "長" * 26 + "(2)",
        "3 abc",
        "3 ABC(2)",
        "お知らせ お知らせ",
    ]


def test_year_without_items_says_so():
    book = read(write_workbook([], at=AT))
    assert book.worksheets[0]["A1"].value == "この年度には取組項目がありません。"


def test_same_sheets_give_the_same_bytes(filled):
    assert write_sheet(make_sheet(ANSWERS), at=AT) == filled
    properties = read(filled).properties
    assert (properties.created, properties.modified) == (AT.replace(tzinfo=None),) * 2


def test_long_heading_wraps_and_keeps_its_words():
    line = target("a1", LONG_HEADING, "【令和2年度】89%", ("(令和元年度: ", None, "%、平成30年度: 88%)"))
    page = read(write_sheet(make_sheet(annual_targets=(line,)), at=AT)).worksheets[0]
    assert any(
        f"○{LONG_HEADING}\n　【令和2年度】89%\n　(令和元年度: ______%、平成30年度: 88%)" in text
        for text in texts_of(page)
    )
