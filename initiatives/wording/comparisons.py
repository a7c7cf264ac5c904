"""Promises that name a base year or an amount of change: 10%減, 前年度実績以上, 2ポイント増, ▲5.0%."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal

from initiatives.wording.figures import COMPARATOR_WORD, POINT, Figure, comparator_at, comparator_of
from initiatives.wording.structure import Doubt
from initiatives.wording.surroundings import Promise, another_figure, is_about, proposed
from initiatives.wording.years import Mention
from wardplan.fiscal_year import FiscalYear
from wardplan.text import quote

DOWN_SIGNS = ("▲", "△", "-", "−", "‐", "–")

_UP = "増加|増やす|増|アップ|上昇|向上|引き?上げ|伸ばす|高める|拡大"
_DOWN = "減少|減らす|減|削減|縮減|低減|低下|ダウン|引き?下げ|下げる|抑制|短縮"
CHANGE = re.compile(
    r" *(?:(?P<amount>以上|以下|以内|未満|超) *)?(?:の|を|程度の|程度)?"
    rf"(?:(?P<up>{_UP})|(?P<down>{_DOWN})|(?P<either>改善))(?:させる|する|る)?"
)
# 2ポイント上回る is a change only beside a base year: 30%を上回る names a level.
_BEYOND_BASE = re.compile(r" *(?:(?P<amount>以上|超) *)?(?:(?P<up>上回る?)|(?P<down>下回る?))(?P<either>)")


def compared_with_base(masked: str, base: Mention, figures: list[Figure], year: FiscalYear | None) -> Promise:
    """Read a comparison with a base year. Its value stays empty: nobody knows the base figure yet."""
    doubts: list[Doubt] = []
    if base.offset is None:
        base_year = base.year
        if base.inferred:
            doubts.append(
                Doubt(
                    "base_fiscal_year",
                    f"基準年度の元号が書かれていません。{base_year}でよいか確かめてください。",
                )
            )
    else:
        base_year = FiscalYear(year + base.offset) if year is not None else None
        if base.text.endswith("前年"):
            doubts.append(
                Doubt("base_fiscal_year", "「前年」が年度のことか、暦の年のことか確かめてください。")
            )
    if base_year is None:
        doubts.append(Doubt("base_fiscal_year", "基準年度が分かりません。基準年度を入力してください。"))

    after = [figure for figure in figures if figure.start >= base.end]
    if after:
        promise = change_of(masked, after[-1], compared=True)
        if len(after) > 1:
            doubts.append(another_figure(masked, after[-2]))
    else:
        promise = _as_base(masked[base.end :])
    return replace(promise, base_fiscal_year=base_year, doubts=(*doubts, *promise.doubts))


def _as_base(rest: str) -> Promise:
    """Read a promise that names the base figure itself: 前年度実績以上, を上回る, と同水準, より増加."""
    same = Promise("relative", change=Decimal(0), change_unit="percent")
    words = COMPARATOR_WORD.findall(rest)
    if words:
        return replace(same, comparator=comparator_of(words[-1]))
    if trend := re.search(f"(?P<up>{_UP})|(?P<down>{_DOWN})", rest):
        proposed = "gt" if trend["up"] else "lt"
        doubt = Doubt(
            "comparator_proposed",
            f"{quote(trend[0])}を、基準年度を{'上回る' if trend['up'] else '下回る'}ことと読みました。",
        )
        return replace(same, comparator_proposed=proposed, doubts=(doubt,))
    doubt = Doubt(
        "comparator", "基準年度の実績とどう比べるかが書かれていません。以上・以下を選んでください。"
    )
    return replace(same, doubts=(doubt,))


def change_of(masked: str, figure: Figure, *, compared: bool) -> Promise:
    """Read 10%減, 2ポイント増, ▲5.0%, 3件以上増 and, when compared with a base year, 95%以下 and 2倍.

    以上 and 以下 of a decrease speak of its amount: 10%以上減 keeps the level at 0.9 of the base or less.
    """
    doubts: list[Doubt] = []
    promise = Promise("relative")
    amount = figure.value
    if figure.unit == POINT:
        promise = replace(promise, change_unit="point", unit="%")
    elif figure.unit == "%":
        promise = replace(promise, change_unit="percent")
    else:
        promise = replace(promise, change_unit="absolute", unit=figure.unit)

    change = CHANGE.match(masked, figure.end)
    if change is None and compared:
        change = _BEYOND_BASE.match(masked, figure.end)
    word = None
    end = figure.end
    if change is not None:
        end = change.end()
        word = change["amount"]
    signed_down = figure.sign in (*DOWN_SIGNS, "マイナス")
    if amount is None:
        doubts.append(Doubt("change", "増減の数値を読み取れません。増減を入力してください。"))
    elif change is not None and change["either"]:
        amount = None
        doubts.append(
            Doubt("change", "「改善」が増やすことか減らすことか分かりません。増減を入力してください。")
        )
    elif (change is not None and change["down"]) or signed_down:
        amount = -amount
    elif change is None and not figure.sign:
        amount, ratio_doubts, promise = _ratio(figure, amount, promise, compared)
        doubts += ratio_doubts

    after = comparator_at(masked, end)
    if word is None and after is not None:
        level = after[0]
        if change is None and figure.sign:
            level = _flipped(level) if signed_down else level
        promise = replace(promise, comparator=level)
    elif word is not None and amount is not None:
        level = comparator_of(word)
        if amount < 0:
            level = _flipped(level)
            doubts.append(
                Doubt(
                    "comparator",
                    f"{quote(masked[figure.start : end])}を、基準年度からの減少の大きさと読みました。",
                )
            )
        promise = replace(promise, comparator=level)
    if not promise.comparator and amount is not None and amount > 0:
        promise = replace(promise, comparator_proposed="ge")
        doubts.append(proposed("ge"))
    if is_about(masked, figure):
        doubts.append(Doubt("change", "おおよその増減です。増減としてよいか確かめてください。"))
    return replace(promise, change=amount, doubts=tuple(doubts))


def _ratio(
    figure: Figure, amount: Decimal, promise: Promise, compared: bool
) -> tuple[Decimal | None, list[Doubt], Promise]:
    """Read a share of the base figure: 前年度比105% is 5 more, 前年度の2倍 is 100 more."""
    if compared and figure.unit == "倍":
        return amount * 100 - 100, [], replace(promise, change_unit="percent", unit="")
    if compared and figure.unit == "%" and amount >= 50:
        return amount - 100, [], promise
    return (
        None,
        [Doubt("change", "増減か、基準年度に対する割合か分かりません。増減を入力してください。")],
        promise,
    )


def _flipped(comparator: str) -> str:
    return {"ge": "le", "le": "ge", "gt": "lt", "lt": "gt"}.get(comparator, comparator)
