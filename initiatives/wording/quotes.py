"""Past years quoted beside a target: (令和元年度実績: % 平成30年度実績: 38.6%)."""

from __future__ import annotations

import re

from initiatives.wording.figures import KNOWN_UNIT, find_figures
from initiatives.wording.structure import Baselines, UnreadableWording
from initiatives.wording.years import find_mentions, plain, quote_source, refuse_damaged
from wardplan.fiscal_year import FiscalYear

_LABEL = re.compile(
    r" *(?P<label>末?(?:の?(?:実績値?|現状値?|数値|値))?(?:\((?:見込み?|速報値?|確定値?)\))?)"
    r" *(?P<colon>[::=は]?) *(?P<unknown>未判明|未確定|未集計|集計中|不明|調査なし|[-−‐–―—]+)?"
)
_REST = re.compile(r" *[、,;/・]?(?:及び|並びに)? *[)。]?\Z")
_TOTAL = re.compile(r"\(延べ\)")


def read_baselines(text: str, plan_fiscal_year: FiscalYear | int | None = None) -> Baselines:
    """Read the past years and figures of a quote, in the order written; a blank figure is None, never 0.

    Brackets around it may be there or not. Years without era need the plan's year. Raises
    UnreadableWording when the text is not a quote: some of it would be lost in silence.
    """
    line = plain(text)
    refuse_damaged(line, text)
    plan = FiscalYear(int(plan_fiscal_year)) if plan_fiscal_year is not None else FiscalYear.parse("元年度")
    if plan_fiscal_year is None and any(
        (mention.inferred and not mention.text.startswith("元")) or mention.offset is not None
        for mention in find_mentions(line, plan)
    ):
        raise UnreadableWording(
            f"{quote_source(text)}は元号が分かりません。「平成30年度」のように入力してください。", text
        )
    baselines = quoted_years(line, plan)
    if baselines is None:
        raise UnreadableWording(
            f"{quote_source(text)}は過年度実績として読み取れません。"
            "「(令和元年度: %、平成30年度: 88%)」のように入力してください。",
            text,
        )
    return baselines


def quoted_years(text: str, plan: FiscalYear) -> Baselines | None:
    """Read a plain text that holds past years and their figures and nothing else; None for any other."""
    content = text.strip()
    if content.startswith("(") and content.endswith(")"):
        content = content[1:-1]
    mentions = find_mentions(content, plan)
    if not mentions or content[: mentions[0].start].strip():
        return None
    ends = [mention.start for mention in mentions[1:]] + [len(content)]
    baselines = []
    for mention, end in zip(mentions, ends, strict=True):
        part = content[mention.end : end]
        label = _LABEL.match(part)
        if label is None or mention.year is None or mention.until is not None or len(part) > 80:
            return None
        figures = find_figures(part[label.end() :])
        rest = part[label.end() :]
        if figures:
            first = figures[0]
            if len(figures) > 1 or rest[: first.start].strip(" 約") or first.value is None:
                return None
            value = -first.value if first.sign in ("▲", "△", "-", "−", "‐", "–", "マイナス") else first.value
            rest = rest[first.end :]
        else:
            if not (label["label"] or label["colon"] or label["unknown"]):
                return None
            value = None
            for pattern in (KNOWN_UNIT, _TOTAL):
                if unit := pattern.match(rest := rest.lstrip()):
                    rest = rest[unit.end() :]
        if not _REST.match(rest):
            return None
        baselines.append((mention.year, value))
    if len({year for year, _value in baselines}) < len(baselines):
        return None
    return tuple(baselines)


def quoted_unit(text: str) -> str:
    """Give the unit of the figures in a quote: 件 in (平成30年度7件); "" when there is none."""
    units = [figure.unit for figure in find_figures(text) if figure.unit_known and figure.unit]
    return units[0] if units else ""


def find_quote(text: str, plan: FiscalYear) -> tuple[int, int] | None:
    """Find the quote that stands in brackets somewhere in a promise: its start and end.

    Several bracketed quotes in a row count as one.
    """
    start = end = None
    for opening, closing in _bracketed(text):
        if quoted_years(text[opening:closing], plan) is None:
            if start is not None:
                break
            continue
        if start is None:
            start, end = opening, closing
        elif not text[end:opening].strip():
            end = closing
    return None if start is None or end is None else (start, end)


def _bracketed(text: str) -> list[tuple[int, int]]:
    """Give the places of the outermost bracket pairs; brackets without partner are skipped."""
    pairs, depth, opening = [], 0, 0
    for place in (found.start() for found in re.finditer(r"[()]", text)):
        if text[place] == "(":
            opening = place if depth == 0 else opening
            depth += 1
        elif depth:
            depth -= 1
            if depth == 0:
                pairs.append((opening, place + 1))
    return pairs
