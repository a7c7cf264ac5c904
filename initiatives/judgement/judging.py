"""Target and figures to an outcome with its working. Decimal throughout; nothing unknown is guessed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Context, Decimal, localcontext

from initiatives.judgement.facts import LABELS, Figures, Judgement, Outcome, TargetFacts
from initiatives.judgement.words import (
    COMPARATOR_WORDS,
    MINUS,
    figure_words,
    number_words,
    range_words,
    unit_of_difference,
)
from wardplan.fiscal_year import FiscalYear
from wardplan.numbers import DECIMAL_PLACES

EXACT = Context(prec=200)
"""Enough digits for sums and products of the numbers that `_usable` lets through to be exact."""

_LARGEST = 25
_TENTH = Decimal("0.1")
_KEPT = Decimal(1).scaleb(-DECIMAL_PLACES)

_PERSON_DECIDES = "結果を確かめて、評価を選んでください。"
_NO_FIGURE = "実績が未判明のため判定できません。"
_NOT_A_NUMBER = "数値として扱えない実績または目標値があるため判定できません。数値を確かめてください。"
_NO_DIRECTION = "よい方向が確かめられていないため判定できません。取りまとめ担当が確かめます。"
_NO_TREND = f"増減では決まらない指標のため判定できません。{_PERSON_DECIDES}"
_CONTRADICTION = (
    "目標の比べ方と指標のよい方向が合わないため判定できません。どちらが正しいか確かめてください。"
)
_NO_VALUE = "目標値が入力されていないため判定できません。目標値を確かめてください。"


class _Unknown(Exception):
    """No outcome: the sentence for the user, and the figure where there is one."""

    def __init__(self, sentence: str, actual: Decimal | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.actual = actual


@dataclass(frozen=True)
class _Goal:
    """The number to reach. `working` is how it came about, `plain` is a goal written as a number itself."""

    value: Decimal
    working: str
    plain: bool = True


@dataclass(frozen=True)
class Derived:
    """What a relative target leads to: the exact number, the one to show and confirm, and the working.

    Both numbers are None when it leads to none; `working` then says why.
    """

    exact: Decimal | None
    kept: Decimal | None
    working: str


def judge(target: TargetFacts, figures: Figures) -> Judgement:
    """Say whether a target is met by the figures of its indicator, with the working in words.

    Exact values are compared; only what is shown is rounded. A comparator that is written decides, else the
    indicator's direction. Anything missing, contradictory or not a number gives "unknown" with a sentence
    that says what is missing. Never raises and never divides by zero. Where the indicator's definition
    changed between the years that the target speaks of, the working says so: a person decides.
    """
    try:
        with localcontext(EXACT):
            judgement = _judge(target, figures)
    except _Unknown as unknown:
        judgement = Judgement("unknown", unknown.sentence, actual=unknown.actual)
    caution = change_caution(target)
    return replace(judgement, working=f"{judgement.working} {caution}") if caution else judgement


def change_caution(target: TargetFacts) -> str:
    """Warn when the definition changed after the year a target is measured against; "" when it did not.

    A sum is measured from its first year, a relative target against its base year, every other one against
    what was known when it was set: the year before.
    """
    against = {"relative": target.base_fiscal_year, "cumulative": target.from_fiscal_year}.get(target.kind)
    since = target.fiscal_year - 1 if against is None else against
    if target.changed_in is None or not since < target.changed_in <= target.fiscal_year:
        return ""
    year = FiscalYear(target.changed_in)
    return f"※{year}から定義が変わっています。前の年度と比べてよいか確かめてください。"


def _judge(target: TargetFacts, figures: Figures) -> Judgement:
    match target.kind:
        case "absolute":
            goal = _written_goal(target)
            return _compare(target, goal, _figure(target, figures))
        case "relative":
            goal = _relative_goal(target, figures)
            return _compare(target, goal, _figure(target, figures))
        case "cumulative":
            goal = _written_goal(target)
            return _compare(target, goal, _sum(target, figures))
        case "range":
            return _within(target, _figure(target, figures))
        case "milestone":
            what = f"「{target.milestone}」" if target.milestone else "時期や完了の目標"
            raise _Unknown(f"{what}は数値で判定できません。できたかどうかを確かめて、評価を選んでください。")
        case "direction":
            raise _Unknown(
                "増減だけの目標で数値がないため判定できません。前年度からの動きを確かめて、評価を選んでください。"
            )
        case "external":
            raise _Unknown(
                "比べる相手(平均など)の数値がないため判定できません。相手の数値と比べて、評価を選んでください。"
            )
        case _:
            raise _Unknown("数値の目標ではないため判定できません。取組の結果から評価を選んでください。")


# --- what is compared ------------------------------------------------------------------------------------


def _usable(number: Decimal | None, sentence: str) -> Decimal:
    """Give a known, finite number of a size that can be computed with; -0 becomes 0."""
    if number is None:
        raise _Unknown(sentence)
    number = Decimal(number)
    if not number.is_finite() or len(number.as_tuple().digits) > _LARGEST:
        raise _Unknown(_NOT_A_NUMBER)
    if number and abs(number.adjusted()) > _LARGEST:
        raise _Unknown(_NOT_A_NUMBER)
    return number if number else Decimal(0)


def _figure(target: TargetFacts, figures: Figures) -> Decimal:
    return _usable(figures.get(target.fiscal_year), _NO_FIGURE)


def _written_goal(target: TargetFacts) -> _Goal:
    value = _usable(target.value, _NO_VALUE)
    return _Goal(value, figure_words(value, target.unit))


def derive(target: TargetFacts, base: Decimal | None) -> Derived:
    """Compute what a relative target leads to, given its base year's figure: 7件×0.9=6.3件.

    Percent multiplies (10%減 is ×0.9); points and plain numbers are added. `exact` is never rounded, and
    nothing is rounded to whole pieces: whether 6.3件 means 6 is for the section to say. `kept` is what is
    shown and confirmed: rounded to the decimals that can be kept, and then the working says ≒. A percentage
    of a base of 0 or less says nothing (10% more than 0 is 0). Without a number `working` says why. Never
    raises.
    """
    try:
        with localcontext(EXACT):
            return _derived(target, base)
    except _Unknown as unknown:
        return Derived(None, None, unknown.sentence)


def _derived(target: TargetFacts, base: Decimal | None) -> Derived:
    year = "" if target.base_fiscal_year is None else f"({FiscalYear(target.base_fiscal_year)})"
    base = _usable(base, f"基準年度{year}の実績が未判明のため、目標値を計算できません。")
    change = _usable(target.change, "増減が入力されていないため、目標値を計算できません。")
    if target.change_unit not in ("percent", "point", "absolute"):
        raise _Unknown("増減の単位が選ばれていないため、目標値を計算できません。")
    if target.change_unit == "point" and target.unit != "%":
        raise _Unknown("ポイントの増減は、単位が%の指標だけで計算できます。")
    if target.change_unit == "percent" and change and base <= 0:
        raise _Unknown(
            f"基準年度{year}の実績が{figure_words(base, target.unit)}で、割合では目標値が決まりません。"
        )
    exact = base * (100 + change) / 100 if target.change_unit == "percent" else base + change
    kept = exact.quantize(_KEPT, ROUND_HALF_UP)
    shown = figure_words(kept, target.unit)
    if not change:
        return Derived(exact, kept, shown)
    if target.change_unit == "percent":
        step = f"×{number_words((100 + change) / 100)}"
    else:
        step = f"{'+' if change > 0 else MINUS}{figure_words(abs(change), unit_of_difference(target.unit))}"
    equals = "=" if kept == exact else "≒"
    return Derived(exact, kept, f"{figure_words(base, target.unit)}{step}{equals}{shown}")


def _relative_goal(target: TargetFacts, figures: Figures) -> _Goal:
    """Give the number that a person has confirmed, with its working when it is what the base figure gives.

    Before that there is no number to compare with: what can be computed is a proposal only.
    """
    base = None if target.base_fiscal_year is None else figures.get(target.base_fiscal_year)
    if target.resolved_value is None:
        raise _Unknown(_unresolved(target, base))
    value = _usable(target.resolved_value, _NO_VALUE)
    derived = derive(target, base)
    if target.change and derived.kept == value:
        return _Goal(value, derived.working, plain=False)
    return _Goal(value, figure_words(value, target.unit))


def _unresolved(target: TargetFacts, base: Decimal | None) -> str:
    """Say why a relative target has no number yet, and who can give it one."""
    if target.base_fiscal_year is None:
        return "基準年度が確かめられていないため判定できません。基準年度を入力してください。"
    if base is None:
        year = FiscalYear(target.base_fiscal_year)
        return f"基準年度({year})の実績が未判明で、目標値が未確定のため判定できません。"
    return "目標値が未確定のため判定できません。先に目標値を確定してください。"


def _sum(target: TargetFacts, figures: Figures) -> Decimal:
    """Add up all years of a cumulative target. One unknown year leaves the sum open, however large it is."""
    first, last = target.from_fiscal_year, target.fiscal_year
    if first is None or first > last:
        raise _Unknown("合計の初年度が確かめられていないため判定できません。初年度を入力してください。")
    if target.unit == "%":
        raise _Unknown(f"割合は合計できないため判定できません。{_PERSON_DECIDES}")
    years = [FiscalYear(year) for year in range(first, last + 1)]
    known = {year: _usable(number, "") for year in years if (number := figures.get(year)) is not None}
    total = sum(known.values(), Decimal(0))
    missing = [year for year in years if year not in known]
    if missing:
        so_far = (
            f"{'、'.join(str(year) for year in known)}の合計は{figure_words(total, target.unit)}です。"
            if known
            else ""
        )
        raise _Unknown(
            f"{'、'.join(str(year) for year in missing)}の実績が未判明のため判定できません。{so_far}",
            total if known else None,
        )
    return total


# --- comparing -------------------------------------------------------------------------------------------


def _operator(target: TargetFacts) -> str:
    """Give the comparator to use: the written one, else what the direction means.

    Raises when the direction is open, or when it says the opposite of the target.
    """
    written = target.comparator
    upward = target.direction == "higher"
    downward = target.direction == "lower"
    if (written in ("ge", "gt") and downward) or (written in ("le", "lt") and upward):
        raise _Unknown(_CONTRADICTION)
    if target.kind == "relative" and target.change is not None:
        change = _usable(target.change, "")
        rises, falls = upward or written in ("ge", "gt"), downward or written in ("le", "lt")
        if (change > 0 and falls) or (change < 0 and rises):
            # 10%減 where more is better may be meant so, but a person has to say it.
            raise _Unknown(_CONTRADICTION)
    if written:
        return written
    if not target.direction:
        raise _Unknown(_NO_DIRECTION)
    if not (upward or downward):
        raise _Unknown(_NO_TREND)
    return "ge" if upward else "le"


def _holds(operator: str, figure: Decimal, goal: Decimal) -> bool:
    match operator:
        case "ge":
            return figure >= goal
        case "gt":
            return figure > goal
        case "le":
            return figure <= goal
        case "lt":
            return figure < goal
        case _:
            return figure == goal


def _compare(target: TargetFacts, goal: _Goal, figure: Decimal) -> Judgement:
    operator = _operator(target)
    met = _holds(operator, figure, goal.value)
    difference = figure - goal.value
    rate = _rate(target, operator, figure, goal.value, met=met)
    # A goal that was computed says which side is meant; a written one keeps the words that were written.
    shown = target.comparator or ("" if goal.plain else operator)
    actual = figure_words(figure, target.unit)
    if target.kind == "cumulative":
        actual = f"合計{actual}"
    remark = "" if not goal.plain else _remark(target, rate, difference)
    outcome: Outcome = "met" if met else "not_met"
    working = f"{goal.working}{COMPARATOR_WORDS.get(shown, '')}に対し{actual}: {LABELS[outcome]}{remark}"
    return Judgement(outcome, working, rate, difference, goal.value, figure)


def _within(target: TargetFacts, figure: Decimal) -> Judgement:
    """Judge a range. Inside is met whatever the direction; outside on the good side is for a person to say.

    A comparator on a range makes one end strict: 未満 the upper one, 上回る the lower one.
    """
    low, high = _usable(target.value, _NO_VALUE), _usable(target.value_max, _NO_VALUE)
    if low > high:
        raise _Unknown("範囲の下限が上限より大きいため判定できません。2つの数値を確かめてください。")
    too_low = figure < low or (target.comparator == "gt" and figure == low)
    too_high = figure > high or (target.comparator == "lt" and figure == high)
    words = range_words(low, high, target.unit, target.comparator)
    actual = figure_words(figure, target.unit)
    if not (too_low or too_high):
        return Judgement("met", f"{words}に対し{actual}: 達成(範囲内)", actual=figure)
    if not target.direction:
        raise _Unknown(f"{words}に対し{actual}です。{_NO_DIRECTION}", figure)
    if (too_high and target.direction == "higher") or (too_low and target.direction == "lower"):
        raise _Unknown(f"{words}に対し{actual}で、範囲をよい方向に外れています。{_PERSON_DECIDES}", figure)
    edge = low if too_low else high
    difference = figure - edge
    remark = _difference_words(target, difference)
    return Judgement("not_met", f"{words}に対し{actual}: 未達成{remark}", None, difference, edge, figure)


def _rate(target: TargetFacts, operator: str, figure: Decimal, goal: Decimal, *, met: bool) -> Decimal | None:
    """Give the rate of achievement in %, where it says something: more is better, above 0, no percentages.

    Rounded half up to one decimal; just below 100 stays 99.9, so that nobody reads 100% 未達成.
    """
    if operator not in ("ge", "gt") or target.unit == "%" or goal <= 0 or figure < 0:
        return None
    exact = figure * 100 / goal
    rounded = exact.quantize(_TENTH, ROUND_HALF_UP)
    if rounded >= 100 > exact and not met:
        return exact.quantize(_TENTH, ROUND_FLOOR)
    return rounded


def _remark(target: TargetFacts, rate: Decimal | None, difference: Decimal) -> str:
    return f"(達成率{number_words(rate)}%)" if rate is not None else _difference_words(target, difference)


def _difference_words(target: TargetFacts, difference: Decimal) -> str:
    if not difference:
        return "(目標と同じ)"
    amount = figure_words(abs(difference), unit_of_difference(target.unit))
    return f"({amount}{'上回る' if difference > 0 else '下回る'})"
