import io
import re
import subprocess

import pytest
from openpyxl import load_workbook
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont

from initiatives.form import FormQuestion
from initiatives.xlsx.shown import shown
from reviews.returned_answers import read_answer
from reviews.workbook.reader import Filled, Given, read_workbook
from reviews.workbook.stamp import Stamp, write_stamp
from reviews.workbook.writer import write_sheet, write_workbook
from tests.reviews.workbook.returned import cell_of, changed, filled, patched, rezipped
from tests.reviews.workbook.samples import (
    ANSWERS,
    AT,
    EVALUATION_ISSUES,
    MIDYEAR_ISSUES,
    R2,
    R9,
    RESULTS,
    make_sheet,
)

SHEET = "xl/worksheets/sheet1.xml"
ALL_ANSWERS = {
    "midyear_implementation": "(i)",
    "midyear_outlook": "②",
    "midyear_issues": MIDYEAR_ISSUES,
    "self_evaluation_results": RESULTS,
    "self_evaluation_achievement": "②",
    "self_evaluation_issues": EVALUATION_ISSUES,
}
OUTLOOK = R2.by_phase["midyear"].question("outlook")
IMPLEMENTATION = R2.by_phase["midyear"].question("implementation")
PROGRESS = R9.by_phase["review"].question("progress")


@pytest.fixture(scope="module")
def ours():
    return write_sheet(make_sheet(ANSWERS), at=AT)


def texts(content, place=0):
    return {name: found.text for name, found in read_workbook(content).sheets[place].filled.items()}


def issues(content):
    return read_workbook(content).sheets[0].filled["midyear_issues"]


def first(book):
    return book.worksheets[0]


# ---- found by name, never by address -------------------------------------------------------------------


def test_file_says_what_was_written_and_where_it_came_from(ours):
    (sheet,) = read_workbook(ours).sheets
    assert {name: found.text for name, found in sheet.filled.items()} == ALL_ANSWERS
    assert (sheet.stamp.ward, sheet.stamp.year, sheet.stamp.number) == ("mihon", 2020, "1")
    assert not sheet.plan_changed and not sheet.lost


def test_renamed_sheet_and_other_properties_change_nothing(ours):
    def rename(book):
        first(book).title = "直した'シート'! 2"
        for name in first(book).defined_names.values():
            if name.name != "stamp":
                _, _, address = name.attr_text.rpartition("!")
                name.attr_text = f"'直した''シート''! 2'!{address}"
        book.create_sheet("前の紙", 0)
        book.properties.title = "別の題"

    content = changed(ours, rename)
    assert texts(content) == ALL_ANSWERS
    reading = read_workbook(content)
    assert reading.sheets[0].title == "直した'シート'! 2" and reading.others == ["前の紙"]


def test_sheets_that_were_written_for_reading_are_left_out_whatever_they_are_called():
    content = write_sheet(make_sheet({"midyear": {"issues": "使えない\x01文字"}}), at=AT)
    content = changed(content, lambda book: setattr(book["お知らせ"], "title", "控え"))
    reading = read_workbook(content)
    assert len(reading.sheets) == 1 and not reading.others


def test_moved_cells_are_found_where_their_names_point(ours):
    """As Excel does when rows and columns are inserted: cells move, and names follow."""

    def move(book):
        page = first(book)
        cell = cell_of(page, "midyear_issues")
        page["Z90"] = cell.value
        cell.value = None
        page.defined_names["midyear_issues"].attr_text = f"'{page.title}'!$Z$90:$AC$95"

    assert issues(changed(ours, move)).text == MIDYEAR_ISSUES
    assert issues(changed(ours, move)).cell == "Z90"


def test_deleted_cell_is_lost_and_named(ours):
    def delete(book):
        page = first(book)
        page.defined_names["midyear_issues"].attr_text = f"'{page.title}'!#REF!"
        del page.defined_names["self_evaluation_results"]

    (sheet,) = read_workbook(changed(ours, delete)).sheets
    assert sheet.lost == ("midyear_issues",)
    wrong = {
        given.question.name: given.filled.wrong for phase in R2.phases for given in sheet.given(phase, [])
    }
    assert wrong["midyear.issues"] == wrong["self_evaluation.results"] != ""
    assert "セルが削除されています" in wrong["midyear.issues"] and not wrong["midyear.outlook"]


def test_targets_cells_are_read_and_those_that_never_were_are_left_alone():
    answers = {"review": {"progress": 1, "mark": {"a1": 2}}}
    (sheet,) = read_workbook(write_sheet(make_sheet(answers, form=R9), at=AT)).sheets
    found = {
        given.name: given.filled.text for given in sheet.given(R9.by_phase["review"], ["a1", "a2", "a3"])
    }
    assert found == {"progress": "A", "mark_a1": "イ", "mark_a2": "", "summary": "", "next": ""}


# ---- the stamp -----------------------------------------------------------------------------------------


def with_stamp(content, text):
    def change(book):
        first(book).defined_names["stamp"].attr_text = text

    return changed(content, change)


@pytest.mark.parametrize("change", ["altered", "another", "gone"])
def test_stamp_that_is_not_ours_is_a_problem_of_its_sheet(ours, change):
    stamp = load_workbook(io.BytesIO(ours)).worksheets[0].defined_names["stamp"].attr_text
    if change == "gone":
        content = changed(ours, lambda book: first(book).defined_names.pop("stamp"))
    else:
        content = with_stamp(ours, stamp[:20] + "x" + stamp[21:] if change == "altered" else '"abc"')
    reading = read_workbook(content)
    assert reading.sheets[0].stamp is None
    (problem,) = reading.problems
    assert problem.sheet == reading.sheets[0].title
    assert ("ありません" if change == "gone" else "書き換えられています") in problem.sentence


def test_stamp_of_another_sheet_is_read_as_what_it_is(ours):
    other = Stamp("r2", "tonari", 2020, "1", {"midyear": 3})
    assert read_workbook(with_stamp(ours, write_stamp(other))).sheets[0].stamp == other


def test_changed_plan_is_told(ours):
    def change(book):
        for row in first(book).iter_rows():
            for cell in row:
                if isinstance(cell.value, str) and cell.value.startswith("(取組の内容)"):
                    cell.value += "を変えた。"

    assert read_workbook(changed(ours, change)).sheets[0].plan_changed


# ---- texts ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        '=HYPERLINK("http://example.jp","見る")',
        "@SUM(A1)",
        "+1",
        "-1",
        "\t=1+1",
        "#N/A",
        "TRUE",
        "0012",
        "1e5",
        "2026/3/31",
        "  前後の空白  ",
        "_x000D_ と _x005F_x000D_ と _x",
        "𠮟 😀 葛\U000e0100 か\u3099 ㍻ ﾊﾝｶｸ",
    ],
)
def test_text_comes_back_character_by_character(text):
    written = write_sheet(make_sheet({"midyear": {"issues": text}}), at=AT)
    assert issues(written).text == text
    assert issues(shared(written)).text == text


def shared(content):
    """Move the texts of cells into shared strings, as Excel saves them."""

    def change(parts):
        xml = parts[SHEET].decode()
        strings = []

        def move(found):
            strings.append(f"<si>{found[2]}</si>")
            head = found[1].replace('t="inlineStr"', 't="s"')
            return f"{head}<v>{len(strings) - 1}</v></c>"

        xml = re.sub(r'(<c [^>]*t="inlineStr"[^>]*>)<is>(.*?)</is></c>', move, xml, flags=re.DOTALL)
        namespace = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
        parts[SHEET] = xml.encode()
        parts["xl/sharedStrings.xml"] = f"<sst {namespace}>{''.join(strings)}</sst>".encode()
        relation = (
            '<Relationship Id="strings" Type="http://schemas.openxmlformats.org/officeDocument/2006/'
            'relationships/sharedStrings" Target="sharedStrings.xml"/></Relationships>'
        )
        kind = (
            '<Override PartName="/xl/sharedStrings.xml" ContentType="application/vnd.openxmlformats-'
            'officedocument.spreadsheetml.sharedStrings+xml"/></Types>'
        )
        types = parts["[Content_Types].xml"].decode()
        parts["[Content_Types].xml"] = types.replace("</Types>", kind).encode()
        name = "xl/_rels/workbook.xml.rels"
        parts[name] = parts[name].decode().replace("</Relationships>", relation).encode()

    return rezipped(content, change)


def test_inline_and_shared_strings_give_the_same(ours):
    assert texts(shared(ours)) == texts(ours) == ALL_ANSWERS


def test_furigana_is_dropped_and_runs_are_joined(ours):
    content = shared(write_sheet(make_sheet({"midyear": {"issues": "課題"}}), at=AT))
    runs = (
        '<si><r><t>課題</t></r><r><rPr><b/></rPr><t xml:space="preserve"> と_x000D_\n</t></r>'
        '<r><t>改善策</t></r><rPh sb="0" eb="2"><t>カダイ</t></rPh><phoneticPr fontId="1"/></si>'
    )
    content = patched(content, "xl/sharedStrings.xml", r"<si><t>課題</t></si>", runs)
    assert issues(content).text == "課題 と\n改善策"


def test_rich_text_that_was_typed_is_its_text(ours):
    rich = CellRichText("前", TextBlock(InlineFont(b=True), "太字"), "後")
    assert issues(filled(ours, "1", midyear_issues=rich)).text == "前太字後"


def test_newlines_of_every_program_are_one(ours):
    content = patched(ours, SHEET, MIDYEAR_ISSUES[:20], "一_x000D_\n二\r\n三_x000B_四")
    assert issues(content).text.startswith("一\n二\n三\n四")


def test_broken_characters_are_a_problem_of_the_cell(ours):
    content = patched(ours, SHEET, MIDYEAR_ISSUES[:20], "前_x0000_後")
    assert "壊れた文字" in issues(content).wrong and not issues(content).text


# ---- numbers, formulas, errors -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "code", "text"),
    [
        ("0.433", "0.0%", "43.3%"),
        ("0.43299999999999999", "0.0%", "43.3%"),
        ("43.3", "General", "43.3"),
        ("12", "@", "12"),
        ("1234567", "#,##0", "1,234,567"),
        ("8", '0"件"', "8件"),
        ("-5", "0.00", "-5.00"),
        ("100000", "0.00E+00", "1.00E+05"),
        ("44286", "yyyy/m/d", "2021/3/31"),
        ("44286", '[$-411]ggge"年"m"月"d"日"', "令和3年3月31日"),
        ("43585", "[$-411]ge.m.d", "H31.4.30"),
        ("44286.729166666664", "yyyy/m/d h:mm", "2021/3/31 17:30"),
        ("0.5", "h:mm", "12:00"),
        ("0.25", "# ?/?", "0.25"),
        ("1e300", "0.00", "1" + "0" * 300),
        ("44286", "m/d(aaa)", "3/31(水)"),
    ],
)
def test_numbers_are_shown_as_their_cells_show_them(value, code, text):
    assert shown(value, code) == text


def test_days_of_old_macs_count_from_1904():
    assert shown("42824", "yyyy/m/d", since_1904=True) == "2021/3/31"


@pytest.mark.parametrize(
    ("value", "code", "text", "number"),
    [
        (0.433, "0.0%", "43.3%", "43.3"),
        (43.3, "General", "43.3", "43.3"),
        (12, "General", "12", "12"),
        (True, "General", "TRUE", ""),
    ],
)
def test_number_typed_into_a_text_is_the_text_that_is_seen(ours, value, code, text, number):
    def change(book):
        cell = cell_of(first(book), "midyear_issues")
        cell.value, cell.number_format = value, code

    found = issues(changed(ours, change))
    assert (found.text, found.number, found.wrong) == (text, number, "")


@pytest.mark.parametrize("value", ["=B3&C3", "='[x.xlsx]S'!A1", "=1+1"])
def test_formula_is_refused_and_its_value_not_taken(ours, value):
    found = issues(filled(ours, "1", midyear_issues=value))
    assert found.text == "" and found.wrong.startswith("数式が入っています。")
    address = found.cell
    cached = patched(
        filled(ours, "1", midyear_issues="=1+1"),
        SHEET,
        r"<f>1\+1</f><v ?/>|<f>1\+1</f><v></v>",
        "<f>1+1</f><v>2</v>",
    )
    assert issues(cached) == Filled(address, wrong=found.wrong)


@pytest.mark.parametrize("value", ["#N/A", "#REF!"])
def test_error_cell_is_refused(ours, value):
    assert issues(filled(ours, "1", midyear_issues=value)).wrong == (
        f"エラー({value})になっています。文か値を入れ直してください。"
    )


# ---- marks ---------------------------------------------------------------------------------------------


def mark_of(question, typed):
    return read_answer(Given(question, "", Filled("D10", typed)), None, "")


@pytest.mark.parametrize(
    "typed",
    [
        "②",
        "2",
        "２",
        "②:達成できない見込み",
        "②達成できない見込み",
        "(ii)",
        "ⅱ",
        " ② ",
        "（ii）",
        "達成できない見込み",
    ],
)
def test_mark_is_understood_in_every_spelling(typed):
    assert mark_of(OUTLOOK, typed) == 2


@pytest.mark.parametrize("typed", ["(i)", "ⅰ", "①", "1", "１", "実施見込み"])
def test_roman_marks_are_understood_as_well(typed):
    assert mark_of(IMPLEMENTATION, typed) == 1


def test_number_cell_is_a_mark(ours):
    found = read_workbook(filled(ours, "1", midyear_outlook=1)).sheets[0].filled["midyear_outlook"]
    assert mark_of(OUTLOOK, found.text) == 1


def test_blank_mark_is_none_and_another_one_says_which_there_are():
    assert mark_of(OUTLOOK, "  ") is None
    with pytest.raises(ValueError, match="「③」は選べません。①か②を入れてください。"):
        mark_of(OUTLOOK, "③")


def test_mark_that_is_not_on_paper_is_meant_by_its_words_only():
    assert mark_of(PROGRESS, "対象外") == mark_of(PROGRESS, "-") == 4
    with pytest.raises(ValueError, match="「④」は選べません。AかBかCを入れてください。"):
        mark_of(PROGRESS, "④")


def test_mark_that_is_not_on_paper_stays_when_its_blank_cell_was_not_touched():
    blank = Given(PROGRESS, "", Filled("D10", ""))
    assert read_answer(blank, 4, "") == 4
    assert read_answer(Given(PROGRESS, "", Filled("D10", "A")), 4, "") == 1


# ---- figures ------------------------------------------------------------------------------------------


FIGURE = FormQuestion("review", "figure", "実績値", "figure", scope="target")


@pytest.mark.parametrize(
    "filled_in",
    [
        Filled("D10", "43.3%", "43.3"),  # 0.433 with the format 0.0%
        Filled("D10", "43.3%"),
        Filled("D10", "４３．３％"),
        Filled("D10", "43.3", "43.3"),
    ],
)
def test_figure_is_understood_in_every_spelling_and_keeps_its_source(filled_in):
    was = {"value": "41", "source": "区民アンケート"}
    figure = read_answer(Given(FIGURE, "a1", filled_in), was, "%")
    assert figure == {"value": "43.3", "source": "区民アンケート"}
    assert read_answer(Given(FIGURE, "a1", Filled("D10", "41%")), was, "%") == was
    assert read_answer(Given(FIGURE, "a1", Filled("D10", "")), was, "%") == {"source": "区民アンケート"}


def test_words_are_no_figure():
    with pytest.raises(ValueError, match="数値として読み取れません"):
        read_answer(Given(FIGURE, "a1", Filled("D10", "約40")), None, "%")


# ---- another program -----------------------------------------------------------------------------------


@pytest.mark.libreoffice
def test_file_saved_by_libreoffice_says_the_same(tmp_path):
    texts_of_sheets = [
        ANSWERS,
        {
            "midyear": {"issues": "=1+1\n  前後の空白  \n\n_x000D_ 0012 #N/A"},
            "self_evaluation": {"results": "'引用"},
        },
        {
            "midyear": {"issues": "長い文。\n" * 900, "outlook": 1},
            "self_evaluation": {"results": "😀𠮟葛\U000e0100 \t終"},
        },
        {},
    ]
    sheets = [
        make_sheet(answers, number=str(number), title=f"題{number}")
        for number, answers in enumerate(texts_of_sheets, 1)
    ]
    (tmp_path / "in.xlsx").write_bytes(write_workbook(sheets, at=AT))
    subprocess.run(
        [
            "soffice",
            f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}",
            "--headless",
            "--convert-to",
            "xlsx",
            "--outdir",
            tmp_path / "direct",
            tmp_path / "in.xlsx",
        ],
        check=True,
        capture_output=True,
        timeout=180,
    )
    before = read_workbook((tmp_path / "in.xlsx").read_bytes())
    after = read_workbook((tmp_path / "direct" / "in.xlsx").read_bytes())
    assert not after.problems
    for one, other in zip(before.sheets, after.sheets, strict=True):
        assert other.stamp == one.stamp and not other.plan_changed
        for name, found in one.filled.items():
            assert other.filled[name].text.rstrip() == found.text.rstrip(), name
            assert not other.filled[name].wrong
