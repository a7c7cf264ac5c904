"""Fiscal years inside running text: 令和2年度, R2, H32, 元年度, 29年度, 2020年度, 前年度, 令和3～5年度."""

from __future__ import annotations

import re
from dataclasses import dataclass

from initiatives.wording.structure import UnreadableWording
from wardplan.era import ERA_SIGNS, ERAS
from wardplan.fiscal_year import FiscalYear
from wardplan.numbers import half_width
from wardplan.text import quote

NEAR = 14
"""Years around the plan's year within which a year without era is one of a single era only."""

TILDE = "~〜\\-−‐–"

_ERA = "令和|平成|昭和|[㋿㍻㍼]|(?<![A-Za-z0-9])[RHSrhs]"
_NUMBER = "元|[0-9]{1,2}"
_RELATIVE = {"一昨年度": -2, "前々年度": -2, "前年度": -1, "昨年度": -1, "前年": -1, "今年度": 0, "本年度": 0,
             "当年度": 0}  # fmt: skip
_YEAR = re.compile(
    # The first character decides quickly that most places of a text hold no year.
    rf"(?=[令平昭㋿㍻㍼RHSrhs0-9元前昨一今本当])(?:"
    rf"(?P<era>{_ERA}) *(?P<number>{_NUMBER})(?![0-9A-Za-z]|\.[0-9]| *年(?!度))(?: *年度)?"
    rf"|(?<![0-9.,])(?P<western>(?:19|20)[0-9]{{2}})(?: *年度|(?= *[{TILDE}] *(?:19|20)?[0-9]{{2}} *年度))"
    rf"|(?<![0-9.,])(?P<short>{_NUMBER})(?: *年度|(?= *[{TILDE}] *[0-9]{{1,2}} *年度))"
    rf"|(?P<relative>{'|'.join(_RELATIVE)}))"
    rf"(?: *(?:[{TILDE}]|から) *(?:(?:(?P<until_era>{_ERA}) *)?(?P<until_number>{_NUMBER})"
    rf"|(?P<until_western>(?:19|20)[0-9]{{2}}))(?: *年度|(?<=[RHSrhs][0-9元])|(?<=[RHSrhs][0-9]{{2}}))"
    rf"(?: *まで)?)?"
)
_BRACKET = re.compile(r"【([^【】]{1,40})】")
_YEAR_WORDS = re.compile(r" *(?:の?目標値?|末|まで|末まで)? *")
_CALENDAR_YEAR = re.compile(rf" *(?:(?:{_ERA}) *(?:{_NUMBER})|[0-9]{{4}}) *年 *")
_WESTERN_ALONE = re.compile(r" *((?:19|20)[0-9]{2}) *")
NO_YEAR = "年度不明"

_IMPOSSIBLE_YEAR = re.compile(r"(?<![0-9])[0-9]{3,}(?= *年度)")
_YEARS_IN_A_ROW = re.compile(r"(?<![0-9])[0-9]{1,2} *年度 *[0-9]{1,2} *年度")
_FIGURES_IN_A_ROW = re.compile(r"(?<![0-9.])[0-9]+\.([0-9]+)\.[0-9]+ *([%％割件人回]?)")


@dataclass(frozen=True)
class Mention:
    """A year in a text. `until` is the end of a span; `offset` counts from the target's year (前年度 is -1).

    `year` is None when it could not be settled: a year without era that is too far from the plan's.
    """

    start: int
    end: int
    text: str
    year: FiscalYear | None
    until: FiscalYear | None = None
    inferred: bool = False
    offset: int | None = None

    @property
    def last(self) -> FiscalYear | None:
        return self.until or self.year


def plain(source: str) -> str:
    """Give the same number of characters, half-width and on one line, so that places stay comparable."""
    text = half_width(source)
    return re.sub(r"\s", " ", text)


def find_mentions(text: str, plan: FiscalYear) -> list[Mention]:
    """Find the fiscal years that a plain text names, in order.

    Raises UnreadableWording for a year that does not exist (令和0年度, 令和90年度).
    """
    return [_mention(found, plan) for found in _YEAR.finditer(text)]


def find_brackets(text: str, plan: FiscalYear) -> list[Mention]:
    """Find the years in 【 】 that open a promise; 【成果指標】 and the like are words of the heading."""
    brackets = []
    for found in _BRACKET.finditer(text):
        year = _year_in_bracket(found[1], plan)
        if year is not None:
            brackets.append(
                Mention(
                    found.start(), found.end(), found[0], year.year, year.until, year.inferred, year.offset
                )
            )
    return brackets


def nearest_year(number: str, plan: FiscalYear) -> FiscalYear | None:
    """Settle a year without era by the plan's year: in 2020, 29 is 平成29年度. None when far off."""
    count = 1 if number == "元" else int(number)
    if count < 1:
        raise UnreadableWording("0年度はありません。1年目は「元年度」と入力してください。")
    for era in ERAS:
        year = era.starts_on.year + count - 1
        if abs(year - int(plan)) <= NEAR:
            return FiscalYear(year)
    return None


def refuse_damaged(text: str, source: str) -> None:
    """Refuse text in which figures and years ran together, as they do when a table is copied from a PDF.

    「29 年度 3030 年度 30年度 3030.5達成」 cannot be told apart by anybody. Raises UnreadableWording.
    """
    damaged = _IMPOSSIBLE_YEAR.search(text)
    while damaged and re.fullmatch("(?:19|20)[0-9]{2}", damaged[0]):
        damaged = _IMPOSSIBLE_YEAR.search(text, damaged.end())
    damaged = damaged or _YEARS_IN_A_ROW.search(text) or _run_together_figures(text)
    if damaged:
        found = source[damaged.start() : damaged.end() + 3].strip()
        raise UnreadableWording(
            f"{quote(found)}の数字がつながっていて、年度と数値を分けられません。"
            f"元の文書を見て入力し直してください(読み取った文: {quote_source(source)})。",
            source,
        )


def quote_source(source: str) -> str:
    """Put a line between 「」 for a message, long enough to be found again in its document."""
    line = source.strip()
    return f"「{line}」" if len(line) <= 80 else f"「{line[:80]}…」"


def _run_together_figures(text: str) -> re.Match[str] | None:
    # 2020.9.30 and R2.4.1 are dates; 41.643.3% is two figures.
    return next(
        (found for found in _FIGURES_IN_A_ROW.finditer(text) if found[2] or int(found[1][:3]) > 12), None
    )


def _year_in_bracket(content: str, plan: FiscalYear) -> Mention | None:
    if content.strip() == NO_YEAR or _CALENDAR_YEAR.fullmatch(content):
        return Mention(0, len(content), content, None)
    if alone := _WESTERN_ALONE.fullmatch(content):
        return Mention(0, len(content), content, FiscalYear(int(alone[1])))
    start = len(content) - len(content.lstrip(" "))
    found = _YEAR.match(content, start)
    if found is None or not _YEAR_WORDS.fullmatch(content, found.end()):
        return None
    return _mention(found, plan)


def _mention(found: re.Match[str], plan: FiscalYear) -> Mention:
    try:
        return _settled(found, plan)
    except UnreadableWording:
        raise
    except ValueError as error:
        raise UnreadableWording(f"{quote(found[0])}: {error}") from error


def _settled(found: re.Match[str], plan: FiscalYear) -> Mention:
    inferred = False
    year: FiscalYear | None
    offset = None
    if found["relative"]:
        offset = _RELATIVE[found["relative"]]
        year = FiscalYear(plan + offset)
    elif found["era"]:
        year = _era_year(found["era"], found["number"])
    elif found["western"]:
        year = FiscalYear(int(found["western"]))
    else:
        year, inferred = nearest_year(found["short"], plan), True

    until = None
    if found["until_western"]:
        until = FiscalYear(int(found["until_western"]))
    elif found["until_number"]:
        until = _end_of_span(found, year, plan)
        inferred = inferred or (until is not None and not found["until_era"] and not found["era"])
    return Mention(found.start(), found.end(), found[0], year, until, inferred, offset)


def _end_of_span(found: re.Match[str], year: FiscalYear | None, plan: FiscalYear) -> FiscalYear | None:
    number = found["until_number"]
    if found["until_era"]:
        return _era_year(found["until_era"], number)
    if found["western"]:
        # 2021～23年度
        return FiscalYear(int(found["western"][:2] + f"{number:0>2}"))
    if found["era"]:
        same_era = _era_year(found["era"], number)
        if year is not None and same_era >= year:
            return same_era
    return nearest_year(number, plan)


def _era_year(era: str, number: str) -> FiscalYear:
    return FiscalYear.parse(f"{era.translate(ERA_SIGNS)}{number}年度")
