"""The promise itself: what stands behind the year, without the quoted past years."""

from __future__ import annotations

import re
from dataclasses import replace

from initiatives.wording.comparisons import CHANGE, DOWN_SIGNS, change_of, compared_with_base
from initiatives.wording.figures import Figure, comparator_at, find_figures, range_before
from initiatives.wording.structure import Doubt
from initiatives.wording.surroundings import (
    Before,
    Promise,
    another_figure,
    is_about,
    left_over,
    proposed,
    whole_unit,
    words_before,
)
from initiatives.wording.years import Mention, find_mentions
from wardplan.fiscal_year import FiscalYear
from wardplan.text import quote

_SCALE_OF = {"千": 10**3, "万": 10**4, "億": 10**8}

# Each pattern is tried once at a given place or has a bounded length: no line can make them slow.
_NOTHING = re.compile(
    r"(?:\A|[ :])(?:[-−‐–ー―—─]+"
    r"|(?:未定|未設定|調整中|検討中|後日設定|今後設定|設定なし|なし|随時|適宜|必要に応じて)"
    r"(?:実施|開催|対応|設定)?(?:する)?(?:\([^()]{0,60}\))?)\Z"
)
BASE = re.compile(
    r"(?:末|の)*[^0-9、。:()%【】]{0,30}?(?:から|より|比(?!較)|に比べ|と比べ|と比較|に対し|並み?|水準|と同|を維持"
    r"|を(?:上|下)回|を超|以上|以下|未満|超|の(?= *(?:約? *[0-9]|半))|実績\Z)"
)
_OUTSIDE = re.compile(
    r"[^ 0-9、。:をがはの]{0,10}平均(?:値|点|水準)? *"
    r"(?=並み?|と同|以上|以下|未満|超|を(?:上|下)回|を超|を維持|より|と比べ|に比べ|の *[0-9]|を *[0-9]|との)"
)
_TREND = re.compile(
    r"(?:現状維持|現状の維持|維持|増加|減少|増|減|向上|上昇|低下|拡大|縮小|改善|短縮|削減|抑制|横ばい)"
    r"(?:傾向|させる|する|を(?:図る|めざす|目指す))?\Z"
)
_DONE = re.compile(
    r"(?:する|完了|策定|実施|開設|開始|設置|作成|公表|導入|改定|整備|終了|着手|構築|締結|制定|開催|確立|まで|までに|予定)\Z"
)
_ENUMERATED = re.compile(r"(?:以上|以下|以内|未満|超)? *[、,・]")
_LEFTOVER_BEFORE = re.compile(r"\A[ :、,=はをがにで目標値]*\Z")


def read_promise(
    body: str, plan: FiscalYear, year: FiscalYear | None, *, heading: str, span: bool = False
) -> Promise:
    """Read the plain text of one promise. `span` says that its year is a span of years (令和3～5年度).

    Tried in this order: nothing set, compared with outside, compared with a base year, a figure, a trend,
    a deed; the first that fits counts.
    """
    text = body.rstrip(" 、,。;")
    if not text.strip():
        return Promise("none", doubts=(Doubt("wording", "目標が書かれていません。目標を入力してください。"),))
    if nothing := _NOTHING.search(text, max(0, len(text) - 90)):
        return _named(Promise("none"), text, nothing.start(), heading)

    mentions = find_mentions(text, plan)
    masked = _masked(text, mentions)
    base = next((mention for mention in mentions if _is_base(text, mention)), None)
    figures = find_figures(masked)
    if base is None and (outside := _OUTSIDE.search(masked)):
        return _named(_outside(masked, outside, figures), text, outside.start(), heading)
    if base is not None:
        promise = compared_with_base(masked, base, figures, year)
        return _named(promise, text, base.start, heading)
    if figures:
        return _with_figure(text, masked, figures, heading, span)
    return _without_figure(text, masked, heading)


def _masked(text: str, mentions: list[Mention]) -> str:
    """Blank out years and remarks in brackets, so that their digits are nobody's figure; (延べ) stays."""
    masked = list(text)
    for mention in mentions:
        masked[mention.start : mention.end] = "\x01" * (mention.end - mention.start)
    for start, end in _remarks(text):
        if text[start:end] not in ("(延べ)", "(のべ)", "(延)"):
            masked[start:end] = " " * (end - start)
    return "".join(masked).rstrip(" 、,。;")


def _remarks(text: str) -> list[tuple[int, int]]:
    spans, depth, opening = [], 0, 0
    for found in re.finditer(r"[()]", text):
        if found[0] == "(":
            opening = found.start() if depth == 0 else opening
            depth += 1
        elif depth:
            depth -= 1
            if depth == 0:
                spans.append((opening, found.end()))
    return spans


def _is_base(text: str, mention: Mention) -> bool:
    return mention.offset in (-1, -2) or (
        mention.offset is None and BASE.match(text[mention.end : mention.end + 60]) is not None
    )


def _named(promise: Promise, text: str, name_end: int, heading: str) -> Promise:
    """Note the name that stands before the promise's own words, unless the heading is known already."""
    words = text[:name_end]
    if _LEFTOVER_BEFORE.match(words):
        return promise
    if heading:
        unread = Doubt("wording", f"{quote(words)}の部分は読み取っていません。目標の意味を確かめてください。")
        return replace(promise, doubts=(*promise.doubts, unread))
    return replace(promise, name=words.strip(), name_end=name_end)


def _outside(masked: str, outside: re.Match[str], figures: list[Figure]) -> Promise:
    word = comparator_at(masked, outside.end())
    doubts: tuple[Doubt, ...] = ()
    if any(figure.start >= outside.end() for figure in figures):
        doubts = (
            Doubt("wording", "平均などとの差の数値は読み取っていません。目標の意味を確かめてください。"),
        )
    return Promise("external", comparator=word[0] if word else "", doubts=doubts)


def _with_figure(text: str, masked: str, figures: list[Figure], heading: str, span: bool) -> Promise:
    figure = figures[-1]
    if figure.sign in (*DOWN_SIGNS, "+") or CHANGE.match(masked, figure.end):
        promise = change_of(masked, figure, compared=False)
        missing = Doubt("base_fiscal_year", "基準年度が書かれていません。基準年度を入力してください。")
        before = words_before(masked, figure.start)
        return _named(replace(promise, doubts=(*promise.doubts, missing)), text, before.start, heading)

    low = range_before(masked, figures)
    first = low[0] if low else figure
    before = words_before(masked, first.start)
    word = comparator_at(masked, figure.end)
    comparator = word[0] if word else before.comparator
    leftover = left_over(masked, word[1] if word else figure.end)
    if len(leftover) > 20 and not word:
        return _without_figure(text, masked, heading)

    doubts = list(_doubts_of(masked, figure, leftover, before))
    unit = whole_unit(figure, before, doubts)
    # Digits of a name (65歳以上の割合) are no figures of the promise; 会議3回、参加者100人 has two.
    others = [
        other
        for other in figures[:-1]
        if other.start < before.start and (heading or _ENUMERATED.match(masked, other.end))
    ]
    if others:
        doubts.append(another_figure(masked, others[-1]))
    value = -figure.value if figure.sign == "マイナス" and figure.value is not None else figure.value
    if value is None:
        doubts.append(Doubt("value", "数値を読み取れません。目標値を入力してください。"))
    promise = Promise("absolute", comparator, value=value, unit=unit)
    if low:
        promise = _range(masked, low, figure, promise, doubts)
    elif (before.summed and span) or before.over_years:
        promise = replace(promise, kind="cumulative")
    if promise.kind != "range" and not comparator and value is not None:
        promise = replace(promise, comparator_proposed="ge" if value else "le")
        doubts.append(proposed(promise.comparator_proposed))
    return _named(replace(promise, doubts=tuple(doubts)), text, before.start, heading)


def _range(
    masked: str, low: tuple[Figure, str], high: Figure, promise: Promise, doubts: list[Doubt]
) -> Promise:
    """Read 2～3回 and 5件以上10件以下. A range has no comparator but where one of its ends is strict."""
    first, between = low
    lowest = first.value
    shared = masked[first.number_end : high.start].strip(" ~〜-−‐–") == ""
    if lowest is not None and shared:
        # 3～4割 and 2～3万人 write the scale only once.
        if "割" in masked[high.number_end : high.end]:
            lowest *= 10
        scale = re.search("[千万億]\\Z", masked[high.start : high.number_end])
        if scale and not re.search("[千万億]", masked[first.start : first.number_end]):
            lowest *= _SCALE_OF[scale[0]]
    strict = [
        name
        for name in ("gt" if between in ("超", "を超え") else "", promise.comparator)
        if name in ("gt", "lt")
    ]
    if promise.comparator in ("ge", "gt") or len(strict) > 1:
        doubts.append(Doubt("comparator", "範囲の両端を含むかどうかを確かめてください。"))
        strict = []
    if lowest is None or promise.value is None or lowest > promise.value:
        doubts.append(Doubt("value", "範囲の下限と上限を読み取れません。2つの数値を入力してください。"))
        return replace(promise, kind="range", comparator="", value=None)
    return replace(
        promise, kind="range", comparator=strict[0] if strict else "", value=lowest, value_max=promise.value
    )


def _doubts_of(masked: str, figure: Figure, leftover: str, before: Before) -> list[Doubt]:
    doubts = []
    if before.about or is_about(masked, figure):
        doubts.append(Doubt("value", "おおよその数値です。目標値としてよいか確かめてください。"))
    if leftover:
        doubts.append(
            Doubt("wording", f"{quote(leftover)}の部分は読み取っていません。目標の意味を確かめてください。")
        )
    if figure.unit and not figure.unit_known:
        doubts.append(Doubt("unit", f"単位を{quote(figure.unit)}と読みました。単位を確かめてください。"))
    if figure.unit == "%" and figure.value is not None and figure.value > 100:
        doubts.append(Doubt("value", "100%を超える目標です。数値を確かめてください。"))
    return doubts


def _without_figure(text: str, masked: str, heading: str) -> Promise:
    if trend := _TREND.search(masked, max(0, len(masked) - 20)):
        return _named(Promise("direction"), text, trend.start(), heading)
    deed = text.strip()
    if _DONE.search(masked):
        return Promise("milestone", milestone=deed)
    doubt = Doubt("kind", "数値も時期も読み取れません。目標の種類を選んでください。")
    return Promise("none", doubts=(doubt,))
