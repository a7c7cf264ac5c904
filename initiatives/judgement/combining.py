"""One outcome from several targets, by a rule that is data of the form's edition."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from initiatives.judgement.facts import Judgement, Outcome


class _Count(NamedTuple):
    met: int
    not_met: int
    unknown: int

    @property
    def all(self) -> int:
        return self.met + self.not_met + self.unknown


def combine(judgements: Sequence[Judgement], rule: str = "all") -> Judgement:
    """Combine the outcomes of a sheet's targets: the outcome, and the reason in words as `working`.

    "all": every target must be met. "any": one is enough. "majority": more than half. As long as an unknown
    one could still turn the outcome, it is unknown. Raises ValueError for a rule that does not exist.
    """
    if rule not in _RULES:
        raise ValueError(f"unknown rule: {rule!r}")
    outcomes = [judgement.outcome for judgement in judgements]
    count = _Count(outcomes.count("met"), outcomes.count("not_met"), outcomes.count("unknown"))
    if not count.all:
        return Judgement("unknown", "判定する目標がありません。")
    outcome = _RULES[rule](count)
    return Judgement(outcome, _reason(count, outcome))


def _all(count: _Count) -> Outcome:
    if count.not_met:
        return "not_met"
    return "unknown" if count.unknown else "met"


def _any(count: _Count) -> Outcome:
    if count.met:
        return "met"
    return "unknown" if count.unknown else "not_met"


def _majority(count: _Count) -> Outcome:
    if count.met * 2 > count.all:
        return "met"
    # Half is no majority: with this many missed, the unknown ones cannot help any more.
    return "not_met" if count.not_met * 2 >= count.all else "unknown"


_RULES: dict[str, Callable[[_Count], Outcome]] = {"all": _all, "any": _any, "majority": _majority}
RULES = tuple(_RULES)

_WORDS: dict[Outcome, str] = {"met": "達成", "not_met": "未達成", "unknown": "判定できない"}


def _reason(count: _Count, outcome: Outcome) -> str:
    """Say what led to the outcome: 2つの目標がどちらも達成のため。 3つのうち1つが未達成のため。"""
    number = {"met": count.met, "not_met": count.not_met, "unknown": count.unknown}[outcome]
    word = _WORDS[outcome]
    if count.all == 1:
        return f"目標が{word}のため。" if outcome != "unknown" else "目標が判定できないため。"
    ending = f"{word}ため。" if outcome == "unknown" else f"{word}のため。"
    if number == count.all:
        return f"{count.all}つの目標が{'どちらも' if count.all == 2 else 'すべて'}{ending}"
    return f"{count.all}つのうち{number}つが{ending}"
