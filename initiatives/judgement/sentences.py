"""Ready sentences for the sheet, in its own である: to be put into a field and edited there."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal, localcontext

from initiatives.judgement.facts import Judgement, TargetFacts
from initiatives.judgement.judging import EXACT
from initiatives.judgement.words import COMPARATOR_WORDS, figure_words, number_words, range_words


def sentence(target: TargetFacts, judgement: Judgement, figure: Decimal | None) -> str:
    """Write the sentence for the results field: 目標8件に対し、実績9件(達成率112.5%)であり、目標を達成した。

    Without an outcome it only states target and figure. Empty when there is neither.
    """
    with localcontext(EXACT):
        goal = _goal(target, judgement)
        actual = judgement.actual if judgement.outcome != "unknown" else figure
        if actual is None or not actual.is_finite():
            return f"目標{goal}に対し、実績は未判明である。" if goal else ""
        words = figure_words(actual, target.unit)
        if target.kind == "cumulative" and judgement.outcome != "unknown":
            words = f"合計{words}"
        if judgement.rate is not None:
            words = f"{words}(達成率{number_words(judgement.rate)}%)"
        opening = f"目標{goal}に対し、実績{words}であ" if goal else f"実績{words}であ"
        match judgement.outcome:
            case "met":
                return f"{opening}り、目標を達成した。"
            case "not_met":
                return f"{opening}り、目標を達成できなかった。"
            case _:
                return f"{opening}る。"


def midyear_sentence(target: TargetFacts, figure: Decimal | None, as_of: date | None) -> str:
    """Write the sentence for the mid-year review: 8月末現在で2件(目標8件)である。 `as_of` is the 基準日."""
    with localcontext(EXACT):
        goal = _goal(target, None)
        remark = f"(目標{goal})" if goal else ""
        when = _as_of(as_of)
        if figure is None or not figure.is_finite():
            return f"{when}の実績は未判明である{remark}。"
        return f"{when}で{figure_words(figure, target.unit)}{remark}である。"


def _as_of(day: date | None) -> str:
    if day is None:
        return "現在"
    is_last = (day + timedelta(days=1)).month != day.month
    return f"{day.month}月末現在" if is_last else f"{day.month}月{day.day}日現在"


def _goal(target: TargetFacts, judgement: Judgement | None) -> str:
    """Write what was promised: 8件, 41.6%以上, 2～3回, 令和元年度実績から10%減; "" without numbers."""
    comparator = COMPARATOR_WORDS.get(target.comparator, "")
    match target.kind:
        case "absolute" if target.value is not None and target.value.is_finite():
            return f"{figure_words(target.value, target.unit)}{comparator}"
        case "cumulative" if target.value is not None and target.value.is_finite():
            return f"合計{figure_words(target.value, target.unit)}{comparator}"
        case "range" if _is_number(target.value) and _is_number(target.value_max):
            assert target.value is not None and target.value_max is not None
            return range_words(target.value, target.value_max, target.unit, target.comparator)
        case "relative":
            return _relative_goal(target, judgement)
    return ""


def _is_number(value: Decimal | None) -> bool:
    return value is not None and value.is_finite()


def _relative_goal(target: TargetFacts, judgement: Judgement | None) -> str:
    compared = judgement.compared_value if judgement else target.resolved_value
    change = _change_words(target)
    if compared is None or not compared.is_finite():
        return change
    side = target.comparator or {"higher": "ge", "lower": "le"}.get(target.direction, "")
    number = f"{figure_words(compared, target.unit)}{COMPARATOR_WORDS.get(side, '')}"
    return f"{number}({change})" if change else number


def _change_words(target: TargetFacts) -> str:
    if target.change is None or not target.change.is_finite() or target.base_fiscal_year is None:
        return ""
    base = f"{target.base_fiscal_year}実績"
    if not target.change:
        return f"{base}{COMPARATOR_WORDS.get(target.comparator, '')}"
    unit = {"percent": "%", "point": "ポイント"}.get(target.change_unit, target.unit)
    return f"{base}から{figure_words(abs(target.change), unit)}{'増' if target.change > 0 else '減'}"
