"""Figures inside running text: ５０．５％, 1,200人(延べ), 1万2千人, 9割, 年3回, 各校1回, 30時間未満."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from initiatives.wording.years import TILDE
from wardplan.numbers import DECIMAL_PLACES, WHOLE_DIGITS, format_number, read_number

POINT = "ポイント"

_SCALES = {"千": 10**3, "万": 10**4, "億": 10**8}
_FIGURE = re.compile(
    # No blanks without a sign before them: a search that may begin at each blank of a long gap is slow.
    r"(?:(?P<sign>[▲△+]|マイナス|(?<![^ 、:(比をに])[-−‐–]) *)?"
    r"(?P<number>[0-9][0-9,.]*(?: ?[千万億](?:[0-9][0-9,.]*)?)*)"
)
_PIECE = re.compile(r"([0-9][0-9,.]*)? ?([千万億])?")
# 9月, 令和2年 and 3級 count nothing that could be reached; 30日以内, 5年以上 and 3か月 do.
_NO_FIGURE = re.compile(
    r" *(?:月|級|丁目|番|号|条|回目|年生|学年|区|次|年(?!間| *(?:以上|以下|以内|未満|超))|時(?!間)|者)"
)
_DAY_BEFORE = re.compile(r"月 *\Z")

_KNOWN_UNITS = (
    "% パーセント 割 ポイント pt pt. 件 人日 人 名 回 世帯 校 園 団体 か所 カ所 ヶ所 ヵ所 ケ所 箇所 か国 "
    "時間 分 秒 日間 日 週間 か月 カ月 ヶ月 年間 年 円 千円 万円 百万円 億円 台 組 班 社 店舗 店 冊 部 枚 "
    "点 位 倍 種類 種 項目 施設 地域 地区 町会 事業 講座 教室 本 個 棟 戸 頭 匹 歳 票 通 問 つ "
    "トン t kg g km m ㎡ ha kWh kL L"
)
KNOWN_UNIT = re.compile(
    "|".join(re.escape(unit) for unit in sorted(_KNOWN_UNITS.split(), key=len, reverse=True))
)
_UNKNOWN_UNIT = re.compile(r"[^\s0-9、。,.:()~【】をにはがのとへでもより以未超上下増減達維]{1,8}")
_TENTHS = re.compile(r"([0-9])分")
_TOTAL_OF_PEOPLE = re.compile(r" *\((?:延べ|のべ|延)\)")
_PER = re.compile(r" */ *(?P<each>校|園|地域|地区|団体|か所|月|週|日|人|世帯|年)")

_COMPARATORS = {
    word: comparator
    for comparator, words in {
        "ge": "以上 を下回らない",
        "le": "以下 以内 を上回らない を超えない",
        "gt": "超 超え 超える を超え を超える 上回る を上回る を上回り より多い より多く",
        "lt": "未満 下回る を下回る より少ない より少なく",
        "eq": "ちょうど と同じ と同数",
    }.items()
    for word in words.split()
}
COMPARATOR_WORD = re.compile("|".join(sorted(_COMPARATORS, key=len, reverse=True)))
_COMPARATOR = re.compile(f" *({COMPARATOR_WORD.pattern})")


@dataclass(frozen=True)
class Figure:
    """A number in a text with its unit. `value` is None when the digits make no number (12,34).

    `end` is behind the unit; `sign` is what stands before the number; `unit_known` says that the unit is one
    of the usual ones and not just the word that follows.
    """

    start: int
    number_end: int
    end: int
    sign: str
    value: Decimal | None
    unit: str
    unit_known: bool


def comparator_at(text: str, place: int) -> tuple[str, int] | None:
    """Give the comparator written at a place of the text, and where its word ends."""
    found = _COMPARATOR.match(text, place)
    return (_COMPARATORS[found[1]], found.end()) if found else None


def comparator_of(word: str) -> str:
    """Give the comparator that a word stands for: 以上 is ge."""
    return _COMPARATORS[word]


def find_figures(text: str) -> list[Figure]:
    """Find the numbers of a plain text that could be figures of a target; dates and 3級 are none."""
    figures: list[Figure] = []
    place = 0
    while found := _FIGURE.search(text, place):
        place = found.end()
        if not _NO_FIGURE.match(text, place) and not _is_date(text, found):
            figures.append(_figure(text, found))
            # The 5 of 9割5分 is no figure of its own.
            place = figures[-1].end
    return figures


def range_before(text: str, figures: list[Figure]) -> tuple[Figure, str] | None:
    """Give the lower end of a range that the last figure closes, and the words between: 2～3回.

    Between 「5件以上」 and 「10件以下」 nothing may stand but a comma.
    """
    if len(figures) < 2:
        return None
    low, high = figures[-2:]
    between = text[low.number_end : high.start]
    if len(between) > 30:
        return None
    if re.fullmatch(rf"[^0-9 ~]{{0,8}} *[{TILDE}] *", between):
        return low, "~"
    bounds = re.fullmatch(r"[^0-9 以超未を]{0,8} *(以上|超|を超え)(?:で?[、,])? *", between)
    if bounds:
        return low, bounds[1]
    return None


def _figure(text: str, found: re.Match[str]) -> Figure:
    value = _value(found["number"])
    end = found.end()
    unit, known = "", True
    if matched := KNOWN_UNIT.match(text, _skip(text, end)):
        unit, end = matched[0], matched.end()
    elif matched := _UNKNOWN_UNIT.match(text, end):
        unit, end, known = matched[0], matched.end(), False

    if unit == "割":
        unit = "%"
        if value is not None:
            value *= 10
            if tenths := _TENTHS.match(text, end):
                value, end = value + int(tenths[1]), tenths.end()
    elif unit == "パーセント":
        unit = "%"
    elif unit in ("pt", "pt."):
        unit = POINT
    if total := _TOTAL_OF_PEOPLE.match(text, end):
        unit, end = f"{unit}(延べ)", total.end()
    elif per := _PER.match(text, end):
        # A year's figure is what every target is: 3回/年 is 3回.
        unit, end = unit if per["each"] == "年" else f"{unit}/{per['each']}", per.end()
    return Figure(found.start(), found.end(), end, found["sign"] or "", value, unit, known)


def _skip(text: str, place: int) -> int:
    return place + 1 if text[place : place + 1] == " " else place


def _is_date(text: str, found: re.Match[str]) -> bool:
    """Tell the 30 of 9月30日, 2020.9.30 and R2.4.1 from figures."""
    if found["number"].count(".") > 1 or text[max(0, found.start("number") - 1)].upper() in "RHS":
        return True
    return text.startswith("日", found.end()) and bool(
        _DAY_BEFORE.search(text, max(0, found.start() - 3), found.start())
    )


def _value(written: str) -> Decimal | None:
    """Add up 1万2千 and 3億5千万; None when a piece is no number or the sum is too large to be stored."""
    if len(written) > 40:
        return None
    total = section = Decimal(0)
    for found in _PIECE.finditer(written):
        if not found[0].strip():
            continue
        try:
            number = read_number(found[1].rstrip(",.")) if found[1] else Decimal(1 if not section else 0)
        except ValueError:
            return None
        assert number is not None
        scale = found[2]
        if scale in ("万", "億"):
            total += (section + number) * _SCALES[scale]
            section = Decimal(0)
        else:
            section += number * (_SCALES[scale] if scale else 1)
    total += section
    plain = Decimal(format_number(total))
    if plain >= 10**WHOLE_DIGITS or plain != round(plain, DECIMAL_PLACES):
        return None
    return plain
