from hypothesis import given
from hypothesis import strategies as st

from reviews.differences import Piece, difference, tokens

TEXTS = st.text(alphabet="区役所のを月日年度令和元123.%(iv)\n、。", max_size=60)


def shown(old: str, new: str) -> list[tuple[str, str]]:
    return [(piece.kind, piece.text) for piece in difference(old, new)]


def test_difference_names_what_was_put_in_and_taken_out():
    assert shown("第2回以降はオンラインの活用を検討する。", "第2回はオンラインで開催する。") == [
        ("equal", "第2回"),
        ("deleted", "以降"),
        ("equal", "はオンライン"),
        ("deleted", "の活用を検討"),
        ("inserted", "で開催"),
        ("equal", "する。"),
    ]


def test_difference_cuts_no_number_no_date_and_no_symbol():
    assert shown("件数は12件", "件数は13件") == [
        ("equal", "件数は"),
        ("deleted", "12"),
        ("inserted", "13"),
        ("equal", "件"),
    ]
    assert ("inserted", "9月24日") in shown("9月2日に行う", "9月24日に行う")
    assert ("deleted", "(i)") in shown("(i)実施", "(ii)実施")
    assert tokens("令和2年9月30日に43.3%") == ["令和2年9月30日", "に", "43.3%"]


def test_difference_joins_islands_of_one_or_two_characters():
    assert shown("春の祭り", "秋の市場") == [("deleted", "春の祭り"), ("inserted", "秋の市場")]


def test_equal_texts_have_one_equal_piece():
    assert difference("同じ", "同じ") == [Piece("equal", "同じ")]
    assert difference("", "") == []


@given(TEXTS, TEXTS)
def test_difference_gives_both_texts_back(old: str, new: str):
    pieces = difference(old, new)
    assert "".join(piece.text for piece in pieces if piece.kind != "inserted") == old
    assert "".join(piece.text for piece in pieces if piece.kind != "deleted") == new
