"""Numbers and their units in the words of the screens and of the sheets."""

from __future__ import annotations

from decimal import Decimal

from wardplan.numbers import format_number

COMPARATOR_WORDS = {"": "", "ge": "以上", "le": "以下", "gt": "超", "lt": "未満", "eq": "ちょうど"}
MINUS = "−"


def number_words(number: Decimal) -> str:
    """Write a number for people: 1,200 and −0.8, with a true minus."""
    return format_number(number, thousands=True).replace("-", MINUS)


def figure_words(number: Decimal, unit: str) -> str:
    """Write a number with its unit: 8件; 回/校 is written before and behind: 各校1回."""
    counted, _slash, per = unit.partition("/")
    if not per:
        return f"{number_words(number)}{counted}"
    return f"{per if per in ('月', '週', '日') else f'各{per}'}{number_words(number)}{counted}"


def range_words(low: Decimal, high: Decimal, unit: str, strict: str) -> str:
    """Write a range: 2～3回; with a strict end in full: 40%以上50%未満."""
    if strict == "lt":
        return f"{figure_words(low, unit)}以上{figure_words(high, unit)}未満"
    if strict == "gt":
        return f"{figure_words(low, unit)}超{figure_words(high, unit)}以下"
    return f"{number_words(low)}～{figure_words(high, unit)}"


def unit_of_difference(unit: str) -> str:
    """Give the unit of a difference: two percentages differ by points."""
    return "ポイント" if unit == "%" else unit
