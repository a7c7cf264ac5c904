"""What stands around a figure and belongs to it: 各校, 年, 合計, 延べ, 約, 最低 before it; 程度 behind it."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from decimal import Decimal

from initiatives.wording.figures import Figure
from initiatives.wording.structure import Doubt
from wardplan.fiscal_year import FiscalYear
from wardplan.text import quote

# Tried on the twelve characters before a figure, so that no line can make it slow.
_BEFORE = re.compile(
    r"(?:(?P<each>各[^ 0-9、。:をがはの]{1,4}?)(?:で|に|とも)?"
    r"|(?:1 *)?(?P<per>校|園|地域|地区|団体|か所|人|世帯|区)(?:あたり|当たり|につき)"
    r"|(?<![0-9])(?P<often>毎月|毎週|毎日|月|週|日)(?:に|あたり)?"
    r"|(?<![0-9])(?P<yearly>年間|毎年度?|各年度?|年)(?:で|に)?"
    r"|(?P<sum>合計で?|総計で?)|(?P<over>累計で?|累積で?|通算で?|[0-9]+(?:か年|年間)(?:で|の))"
    r"|(?P<people>延べ|のべ|延)|(?P<about>約|およそ|おおよそ|概ね|おおむね|ほぼ)"
    r"|(?P<least>最低でも|最低|少なくとも)|(?P<most>最大で?|最高で?|上限)) *\Z"
)
_ABOUT_AFTER = re.compile(r" *(?:程度|前後|くらい|ぐらい)")
_SUFFIX = re.compile(
    r"(?: *(?:を|に|の|と|へ|で|まで))?"
    r"(?: *(?:とする|にする|する|めざす|目指す|図る|達成|維持|確保|実施|開催|参加|向上|改善|増加|減少|削減|"
    r"短縮|抑制|開設|設置|作成|発行|配布|引き?上げ|引き?下げ|上げ|下げ|増やす|減らす)(?:する|させる|る)?)?"
)


@dataclass(frozen=True)
class Promise:
    """The fields of a promise. `name` is what it says before its figure; `name_end` the place behind it."""

    kind: str
    comparator: str = ""
    comparator_proposed: str = ""
    value: Decimal | None = None
    value_max: Decimal | None = None
    unit: str = ""
    base_fiscal_year: FiscalYear | None = None
    change: Decimal | None = None
    change_unit: str = ""
    milestone: str = ""
    doubts: tuple[Doubt, ...] = ()
    name: str = ""
    name_end: int = 0


@dataclass(frozen=True)
class Before:
    """The words right before a figure that belong to it, and where they begin."""

    start: int
    unit_per: str = ""
    yearly: bool = False
    summed: bool = False
    over_years: bool = False
    people: bool = False
    about: bool = False
    comparator: str = ""


def words_before(masked: str, end: int) -> Before:
    """Read the words right before a figure, from the figure outwards: 各校, 年, 合計, 延べ, 約, 最低."""
    found = Before(end)
    while word := _BEFORE.search(masked, max(0, found.start - 12), found.start):
        if word.start() == found.start:
            break
        if word["yearly"] == "年" and word.start() and masked[word.start() - 1] not in " (:、\x01":
            break
        found = replace(
            found,
            start=word.start(),
            unit_per=(word["each"] or "")[1:]
            or word["per"]
            or (word["often"] or "").removeprefix("毎")
            or found.unit_per,
            yearly=found.yearly or bool(word["yearly"]),
            summed=found.summed or bool(word["sum"]) or bool(word["over"]) or bool(word["people"]),
            over_years=found.over_years or bool(word["over"]),
            people=found.people or bool(word["people"]),
            about=found.about or bool(word["about"]),
            comparator="ge" if word["least"] else "le" if word["most"] else found.comparator,
        )
    return found


def whole_unit(figure: Figure, before: Before, doubts: list[Doubt]) -> str:
    unit = figure.unit
    if before.people and not unit.endswith("(延べ)"):
        unit = f"{unit}(延べ)"
    if before.unit_per:
        unit = f"{unit}/{before.unit_per}"
        if before.unit_per in ("月", "週", "日"):
            doubts.append(
                Doubt("unit", f"「{unit}」の目標です。年間の数値で比べるときは、目標値を直してください。")
            )
    return unit


def left_over(masked: str, end: int) -> str:
    if about := _ABOUT_AFTER.match(masked, end):
        end = about.end()
    suffix = _SUFFIX.match(masked, end)
    return masked[suffix.end() if suffix else end :].replace("\x01", "").strip(" 、,。;")


def is_about(masked: str, figure: Figure) -> bool:
    return words_before(masked, figure.start).about or bool(_ABOUT_AFTER.match(masked, figure.end))


def another_figure(masked: str, figure: Figure) -> Doubt:
    written = masked[figure.start : figure.end].strip()
    return Doubt(
        "value", f"ほかにも数値{quote(written)}があります。目標が2つのときは分けて入力してください。"
    )


def proposed(comparator: str) -> Doubt:
    meaning = "多いほどよい(以上)" if comparator == "ge" else "少ないほどよい(以下)"
    return Doubt(
        "comparator_proposed", f"以上・以下が書かれていません。{meaning}目標でよいか確かめてください。"
    )
