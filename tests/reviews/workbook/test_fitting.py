import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviews.workbook.fitting import height_for, lines_needed, text_width

# 38 ems of 14 pixels each fit into 552 pixels: 6 pixels and one em stay free.
WIDTH = 552


@pytest.mark.parametrize(
    ("text", "ems"),
    [
        ("", 0),
        ("令和2年度", 4.5),
        ("①②", 2),
        ("ｶﾞ", 1),
        ("𠮟😀", 2),
        ("か\u3099", 1),
        ("ぜ" + "\u0301" * 200, 1),
    ],
)
def test_text_width_counts_ems(text, ems):
    assert text_width(text) == ems


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", 1),
        ("あ" * 38, 1),
        ("あ" * 39, 2),
        ("あ" * 77, 3),
        ("a" * 76, 1),
        ("a" * 77, 2),
        ("一\n二\n\n四", 4),
        ("最後の改行\n", 2),
        # 行頭禁則: the 38th character goes down with the mark that may not begin a line.
        ("あ" * 38 + "。", 2),
        ("あ" * 37 + "い。" + "う" * 36, 2),
        ("あ" * 37 + "い。" + "う" * 37, 3),
        # 行末禁則: 「 does not stay behind.
        ("あ" * 37 + "「い」" + "う" * 35, 2),
        ("あ" * 37 + "「い」" + "う" * 36, 3),
        # A word goes down whole; one that is longer than a line is broken.
        ("あ" * 36 + "Python" + "い" * 35, 2),
        ("あ" * 36 + "Python" + "い" * 36, 3),
        ("https://" + "a" * 5000, 66),
        ("。" * 5000, 132),
    ],
)
def test_lines_needed_wraps_as_excel_does(text, lines):
    assert lines_needed(text, WIDTH, 10.5) == lines


def test_lines_needed_counts_the_font_size():
    assert lines_needed("あ" * 44, WIDTH, 9) == 1
    assert lines_needed("あ" * 44, WIDTH, 12) == 2


def test_lines_needed_survives_a_column_narrower_than_a_character():
    assert lines_needed("あい", 5, 10.5) == 2


@given(st.text(max_size=300))
def test_lines_needed_never_leaves_out_a_character(text):
    lines = lines_needed(text, WIDTH, 10.5)
    assert lines * 38 >= sum(text_width(paragraph) for paragraph in text.split("\n"))
    assert lines >= text.count("\n") + 1


def test_height_for_is_lines_and_air():
    assert height_for("一行", WIDTH, 10.5) == pytest.approx(17.65)
    assert height_for("一\n二\n三", WIDTH, 10.5) == pytest.approx(3 * 13.65 + 4)
