import pytest
from django import forms
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from wardplan.text import (
    SheetTextField,
    clean_text,
    has_halfwidth_kana,
    is_blank,
    is_thin,
    length,
    quote,
    removed_characters,
    same_text,
    strip_bidi,
)

DAMAGED = (
    "壊れた文字が含まれているため、受け付けられません。"
    "貼り付け元で文字を確かめ、その部分を入力し直してください。"
)
# Surrogates cannot be typed, and NUL is refused: tested by name below.
typed_text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=200)


@pytest.mark.parametrize("newline", ["\r\n", "\r", "\n", "\x0b", "\x0c", "\x85", "\u2028", "\u2029"])
def test_clean_text_makes_every_newline_one_character(newline):
    assert clean_text(f"一{newline}二{newline}{newline}三") == ("一\n二\n\n三", 0)


@pytest.mark.parametrize("forbidden", [*map(chr, range(1, 9)), *map(chr, range(14, 32)), "\ufffe", "\uffff"])
def test_clean_text_removes_and_counts_what_xml_forbids(forbidden):
    assert clean_text(f"一{forbidden}二{forbidden}") == ("一二", 2)


@pytest.mark.parametrize("damage", ["\x00", "\ud800", "\udfff"])
def test_clean_text_refuses_damaged_characters(damage):
    with pytest.raises(ValidationError) as refusal:
        clean_text(f"一{damage}二")
    assert refusal.value.messages == [DAMAGED]


@pytest.mark.parametrize(
    "text",
    [
        "①②③ ⅰⅱ ㈱ ㎡ № ℡ ㋿",
        "葛\U000e0100 辻\U000e0100",
        "髙 﨑 神 德 𠮟 😀",
        "ｶﾞｷﾞ か\u3099",
        "〜 ～ ― — － − ‐",
        "表\t二列目\t　三列目　",
        "<script>alert(1)</script> {{7*7}} ]]> --><!-- &amp;",
        "_x000D_ =1+1 \u202e\u2066",
        "\u200b\ufeff\u2060\xa0\x7f",
        "ぜ" + "\u0301" * 200,
        "  前後の空白と改行は残る  \n\n",
    ],
)
def test_clean_text_changes_nothing_else(text):
    assert clean_text(text) == (text, 0)


@given(typed_text)
def test_clean_text_is_done_after_once(text):
    once = clean_text(text).text
    assert clean_text(once) == (once, 0)


@given(typed_text)
def test_clean_text_only_takes_out_what_it_counts(text):
    cleaned = clean_text(text)
    assert length(text) == len(cleaned.text) + cleaned.removed


def test_same_text_ignores_newlines_at_the_end_only():
    assert same_text("一\n二", "一\r\n二\r\n\r\n")
    assert same_text("", "\n")
    assert not same_text("一", "\n一")
    assert not same_text("一", "一 ")
    assert not same_text("①", "1")


@pytest.mark.parametrize(
    "text",
    ["", " ", "　", "\t\r\n", "\xa0", "\u200b", "\ufeff", "\u2060", "\u00ad", "\u200d", "\u202e", "\u3164",
     "\u2800", "\ufe0f", "\U000e0100", "\U000e0041", "\x01", " \u200b　\n"],
)  # fmt: skip
def test_is_blank_when_nothing_can_be_seen(text):
    assert is_blank(text)


@pytest.mark.parametrize("text", ["な", "―", ".", "①", "𠮟", "\ue000", "\u200ba", "か\u3099", "0"])
def test_is_not_blank_when_something_can(text):
    assert not is_blank(text)


@pytest.mark.parametrize(
    "text",
    ["なし", "特になし", "特になし。", "・なし", "　なし\n", "―", "－", "-", "ー", "……", "無", "該当なし"],
)
def test_is_thin(text):
    assert is_thin(text)


@pytest.mark.parametrize(
    "text", ["", "　", "なしの栽培", "課題なしとは言えない", "課題は特になし。今後も続ける。", "0", "－5"]
)
def test_is_not_thin(text):
    assert not is_thin(text)


def test_has_halfwidth_kana():
    assert has_halfwidth_kana("ｶﾞｷﾞ")
    assert not has_halfwidth_kana("ガギ abc １２３")


def test_length_counts_code_points_and_one_for_a_newline():
    assert length("一\r\n二\n") == 4
    assert length("𠮟😀") == 2
    assert length("葛\U000e0100") == 2


def test_strip_bidi():
    assert strip_bidi("報告\u202efdp\u202c.exe\u2066\u2067\u2068\u2069") == "報告fdp.exe"
    assert strip_bidi("人と人とのつながりづくり") == "人と人とのつながりづくり"


def test_quote_shows_no_more_than_the_beginning():
    assert quote(" 八　") == "「八」"
    assert quote("あ" * 20) == "「" + "あ" * 20 + "」"
    assert quote("あ" * 21) == "「" + "あ" * 20 + "…」"


class SheetForm(forms.Form):
    issues = SheetTextField(limit=10)
    results = SheetTextField(required=False)


def test_field_keeps_the_text_as_typed():
    form = SheetForm({"issues": "　①ｶﾞ\t \r\n", "results": ""})
    assert form.is_valid()
    assert form.cleaned_data == {"issues": "　①ｶﾞ\t \n", "results": ""}


def test_field_counts_newlines_once_up_to_the_limit():
    assert SheetForm({"issues": "あ\r\n" * 5}).is_valid()


def test_field_refuses_one_over_the_limit_with_both_figures():
    form = SheetForm({"issues": "あ" * 11})
    assert form.errors == {"issues": ["11文字あります。10文字以内にしてください(1文字超過)。"]}
    assert "あ" * 11 in str(form["issues"])


def test_field_has_an_end_by_default():
    assert SheetForm({"issues": "あ", "results": "あ" * 200_000}).is_valid()
    assert SheetForm({"issues": "あ", "results": "あ" * 200_001}).errors == {
        "results": ["200,001文字あります。200,000文字以内にしてください(1文字超過)。"]
    }


@pytest.mark.parametrize("blank", ["", "　", "\u200b", "\ufeff\u2060\r\n"])
def test_field_wants_something_visible_when_required(blank):
    assert SheetForm({"issues": blank}).errors == {"issues": ["記入してください。"]}


@pytest.mark.parametrize("damage", ["\x00", "\ud800"])
def test_field_refuses_damaged_characters(damage):
    form = SheetForm({"issues": f"一{damage}"})
    assert form.errors == {"issues": [DAMAGED]}
    assert removed_characters(form) == {}


def test_removed_characters_names_the_fields_that_lost_some():
    form = SheetForm({"issues": "一\x01二\ufffe", "results": "三\x0c"})
    assert form.is_valid()
    assert form.cleaned_data["issues"] == "一二"
    assert removed_characters(form) == {"issues": 2}
    assert removed_characters(SheetForm()) == {}


def test_field_renders_a_textarea_without_maxlength():
    html = str(SheetForm()["issues"])
    assert html.startswith("<textarea") and "maxlength" not in html


def test_field_sees_no_change_in_newlines():
    same = SheetForm({"issues": "一\r\n二\r\n"}, initial={"issues": "一\n二", "results": ""})
    assert same.changed_data == []
    other = SheetForm({"issues": "一\r\n2"}, initial={"issues": "一\n二"})
    assert other.changed_data == ["issues"]
