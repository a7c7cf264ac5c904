"""From a structure back to a target line in the plain spelling that `read_targets` reads alike."""

from __future__ import annotations

import re
from decimal import Decimal

from initiatives.wording.structure import Baselines, TargetReading
from initiatives.wording.years import NO_YEAR
from wardplan.fiscal_year import FiscalYear
from wardplan.numbers import format_number

_WORDS = {"": "", "ge": "以上", "le": "以下", "gt": "超", "lt": "未満", "eq": "ちょうど"}
_OF_BASE = {"": "と同水準", "ge": "以上", "le": "以下", "gt": "を上回る", "lt": "を下回る", "eq": "と同じ"}
_OF_DECREASE = {"": "", "ge": "以下", "le": "以上", "gt": "未満", "lt": "超", "eq": "ちょうど"}
_PER_TIME = ("月", "週", "日")
_OPENING_YEAR = re.compile(r"\s*【[^【】]*】\s*")


def render(reading: TargetReading) -> str:
    """Write a structure as a target line: heading, 【year】, promise, quoted past years.

    Reading the line again with the same plan year gives the same structure. An inferred year is written
    without its era, so that it stays inferred. Kinds that hold no numbers (milestone, external …), and
    structures whose number is still missing, keep the wording as written.
    """
    promise = _promise(reading)
    if promise is None:
        promise = _OPENING_YEAR.sub("", reading.wording, count=1)
    heading = reading.printed_heading
    quoted = reading.quote or render_baselines(reading.baselines, reading.unit)
    return " ".join(part for part in (heading, f"{_opening(reading)}{promise}", quoted) if part)


def render_baselines(baselines: Baselines, unit: str) -> str:
    """Write quoted past years: (令和元年度: %、平成30年度: 88%); a figure that is not known is a blank."""
    if not baselines:
        return ""
    plain_unit = unit.partition("/")[0].removesuffix("(延べ)")
    years = (f"{year}: {'' if value is None else _number(value)}{plain_unit}" for year, value in baselines)
    return f"({'、'.join(years)})"


def render_year(year: FiscalYear | None, *, inferred: bool) -> str:
    """Write a year with its era, or without it where the era was inferred."""
    if year is None:
        return NO_YEAR
    return re.sub(r"\A\D*?(?=元|\d)", "", year.label) if inferred else year.label


def _opening(reading: TargetReading) -> str:
    last = render_year(reading.fiscal_year, inferred=reading.fiscal_year_inferred)
    if reading.from_fiscal_year is None:
        return f"【{last}】"
    first = render_year(reading.from_fiscal_year, inferred=reading.fiscal_year_inferred)
    return f"【{first}～{last}】"


def _promise(reading: TargetReading) -> str | None:
    if reading.kind == "relative":
        return _relative(reading)
    if reading.value is None:
        return None
    if reading.kind == "absolute":
        return f"{_figure(reading.value, reading.unit)}{_WORDS[reading.comparator]}"
    if reading.kind == "cumulative":
        # 合計 alone would be the year's own total.
        total = "合計" if reading.from_fiscal_year else "累計"
        return f"{total}{_figure(reading.value, reading.unit)}{_WORDS[reading.comparator]}"
    if reading.kind == "range" and reading.value_max is not None:
        return _range(reading, reading.value_max)
    return None


def _range(reading: TargetReading, highest: Decimal) -> str:
    assert reading.value is not None
    before, behind = _around(reading.unit)
    lowest = f"{before}{_number(reading.value)}"
    if reading.comparator == "lt":
        return f"{lowest}{behind}以上{_number(highest)}{behind}未満"
    if reading.comparator == "gt":
        return f"{lowest}{behind}超{_number(highest)}{behind}以下"
    return f"{lowest}～{_number(highest)}{behind}"


def _relative(reading: TargetReading) -> str | None:
    change = reading.change
    if change is None:
        return None
    base = "" if reading.base_fiscal_year is None else f"{reading.base_fiscal_year}実績"
    if not change:
        meant = {"gt": "より増加", "lt": "より減少"}.get(reading.comparator_proposed)
        return f"{base}{meant or _OF_BASE[reading.comparator]}" if base else None
    unit = {"percent": "%", "point": "ポイント"}.get(reading.change_unit, reading.unit)
    amount = f"{_number(abs(change))}{unit}"
    words = _OF_DECREASE[reading.comparator] if change < 0 else _WORDS[reading.comparator]
    return f"{base}{'から' if base else ''}{amount}{words}{'減' if change < 0 else '増'}"


def _figure(value: Decimal, unit: str) -> str:
    before, behind = _around(unit)
    return f"{before}{_number(value)}{behind}"


def _around(unit: str) -> tuple[str, str]:
    """Split a unit into what stands before the number and what behind: 各校, 回 for 回/校."""
    counted, _slash, per = unit.partition("/")
    if not per:
        return "", counted
    return (per if per in _PER_TIME else f"各{per}"), counted


def _number(value: Decimal) -> str:
    written = format_number(abs(value), thousands=True)
    return f"マイナス{written}" if value < 0 else written
