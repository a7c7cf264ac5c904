import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviews.repetition import marked_parts, same_sentences

LAST = "清掃活動を12か所で行った。\n・区ホームページを活用し、参加を呼びかけた。なし。"


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("", []),
        ("今年度は新しく始めた取組がある。", []),
        (
            "○区ホームページを活用し、 参加を\u3000呼びかけた。",
            ["○区ホームページを活用し、 参加を\u3000呼びかけた。"],
        ),
        ("子ども食堂を始めた。清掃活動を12か所で行った。", ["清掃活動を12か所で行った。"]),
        ("清掃活動を13か所で行った。", []),
        ("清掃活動を12か所で行った。\n清掃活動を12か所で行った。", ["清掃活動を12か所で行った。"]),
        ("なし。", []),
        ("清掃活動を12か所で行った", []),
    ],
)
def test_only_whole_sentences_of_last_year_are_named(text, same):
    assert same_sentences(text, LAST) == same


def test_last_years_text_is_marked_where_it_is_repeated():
    assert marked_parts(LAST, ["区ホームページを活用し、参加を呼びかけた。"]) == [
        ("清掃活動を12か所で行った。", False),
        ("\n", False),
        ("・区ホームページを活用し、参加を呼びかけた。", True),
        ("なし。", False),
    ]


@given(st.text(alphabet="あい。\n・ 　！x"), st.text(alphabet="あい。\n・ 　！x"))
def test_marking_never_changes_the_text(text, other):
    assert "".join(piece for piece, _ in marked_parts(text, same_sentences(other, text))) == text


def test_every_sentence_of_a_copied_text_is_named():
    assert same_sentences(LAST, LAST) == [
        "清掃活動を12か所で行った。",
        "・区ホームページを活用し、参加を呼びかけた。",
    ]
