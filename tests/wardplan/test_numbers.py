from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wardplan.numbers import format_number, half_width, read_number, with_unit

figures = st.decimals(min_value=-99_999_999_999, max_value=99_999_999_999, places=4, allow_nan=False)


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("43.3", "43.3"),
        ("４３．３％", "43.3"),
        (" 43.3 % ", "43.3"),
        ("　８　", "8"),
        ("1,200", "1200"),
        ("１，２００", "1200"),
        ("1,234,567.5", "1234567.5"),
        ("0", "0"),
        ("007", "7"),
        ("43.30000", "43.3"),
        ("99999999999.9999", "99999999999.9999"),
        ("+5", "5"),
    ],
)
def test_read_number(typed, number):
    assert read_number(typed) == Decimal(number)
    assert str(read_number(typed)) == number


@pytest.mark.parametrize("typed", ["-5", "－5", "▲5", "△5", "−5", "▲ ５", "‐5", "ー５"])
def test_read_number_knows_every_minus(typed):
    assert read_number(typed) == -5


def test_read_number_has_no_negative_zero():
    assert str(read_number("-0.0")) == str(read_number("▲0")) == "0"


@pytest.mark.parametrize("typed", [None, "", " ", "　", "\u200b", "\ufeff\n"])
def test_blank_is_not_known_yet_and_never_zero(typed):
    assert read_number(typed) is None


@pytest.mark.parametrize("typed", ["-", "－", "―", "—", "ー", "--", " − "])
def test_a_lone_dash_is_neither_blank_nor_zero(typed):
    with pytest.raises(ValueError) as refusal:
        read_number(typed)
    assert "まだ分からないときは空欄に、実績がないときは0にしてください(例: 43.3)。" in str(refusal.value)


@pytest.mark.parametrize(
    "typed",
    ["NaN", "nan", "Infinity", "-inf", "1e400", "1e9999999", "1E2", "1_000", "٣", "²", "八", "約8", "8件",
     "43.3%以上", "1,2", "12,34", "1,2000", ".5", "5.", "4 3", "1.2.3", "--5", "5-", "0x1F", "８，", "%", "①",
     "½", "<script>"],
)  # fmt: skip
def test_read_number_refuses_with_an_example(typed):
    with pytest.raises(ValueError) as refusal:
        read_number(typed)
    assert str(refusal.value) == f"「{typed}」は数値として読み取れません。数字で入力してください(例: 43.3)。"


@pytest.mark.parametrize("typed", ["100000000000", "1.00001", "9" * 100_000])
def test_read_number_refuses_more_than_15_digits_and_4_places(typed):
    with pytest.raises(ValueError) as refusal:
        read_number(typed)
    assert str(refusal.value) == "整数部分は11桁、小数部分は4桁までで入力してください(例: 43.3)。"


def test_read_number_drops_the_unit_it_is_told():
    assert read_number("８件", "件") == read_number("8 件", "件") == read_number("8", "件") == 8
    assert read_number("1,200人", "人") == 1200
    assert read_number("43.3％", "％") == Decimal("43.3")
    with pytest.raises(ValueError):
        read_number("8人", "件")
    with pytest.raises(ValueError):
        read_number("件", "件")


@pytest.mark.parametrize(
    ("number", "written"),
    [("43.3", "43.3"), ("43.30", "43.3"), ("100", "100"), ("1E+2", "100"), ("-0", "0"), ("0.0000", "0"),
     ("-5", "-5"), ("0.0001", "0.0001"), ("12345678901.5", "12345678901.5")],
)  # fmt: skip
def test_format_number(number, written):
    assert format_number(Decimal(number)) == written


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_format_number_refuses_what_is_no_figure(number):
    with pytest.raises(ValueError):
        format_number(Decimal(number))


def test_with_unit():
    assert with_unit(Decimal("43.3"), "%") == "43.3%"
    assert with_unit(Decimal("8.0000"), "件") == "8件"
    assert with_unit(Decimal(1200), "人") == "1,200人"
    assert with_unit(Decimal(1200), "人", thousands=False) == "1200人"
    assert with_unit(Decimal("-1234567.5"), "円") == "-1,234,567.5円"


def test_half_width_leaves_everything_but_ascii_copies():
    assert half_width("４３．３％　Ｒ２（水）") == "43.3% R2(水)"
    assert half_width("②㍻神ｶﾞ²٣〜―") == "②㍻神ｶﾞ²٣〜―"


@given(figures)
def test_read_number_reads_what_is_written(number):
    assert read_number(format_number(number)) == number
    assert read_number(format_number(number, thousands=True)) == number
    assert read_number(with_unit(number, "件"), "件") == number


@given(st.text(max_size=30))
def test_read_number_answers_with_a_number_or_a_sentence(typed):
    try:
        number = read_number(typed)
    except ValueError as refusal:
        assert "(例: 43.3)。" in str(refusal)
    else:
        assert number is None or number.is_finite()
