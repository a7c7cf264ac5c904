"""Dates and moments as the office writes them: 令和2年9月30日(水)17:15, always Japanese time."""

import re
from datetime import date, datetime, time
from typing import NamedTuple
from zoneinfo import ZoneInfo

from wardplan.numbers import half_width
from wardplan.text import quote

JST = ZoneInfo("Asia/Tokyo")


class Era(NamedTuple):
    """An era (元号): its name, the letter used in R2.4.1, and its first day."""

    name: str
    letter: str
    starts_on: date


# Newest first: the first one that has begun is the one in force.
ERAS = (
    Era("令和", "R", date(2019, 5, 1)),
    Era("平成", "H", date(1989, 1, 8)),
    Era("昭和", "S", date(1926, 12, 25)),
)
FIRST_DAY = ERAS[-1].starts_on
LAST_DAY = date(2100, 3, 31)
"""The days that the product can name. Older ones have no era here; later ones are slips of the finger."""

_WEEKDAYS = "月火水木金土日"
# One character each in Unicode, and in what people paste.
ERA_SIGNS = str.maketrans({"㋿": "令和", "㍻": "平成", "㍼": "昭和"})
ERA_YEAR = r"(?P<era>令和|平成|昭和|[RHSrhs]) *(?P<era_year>元|[0-9]{1,2})"
_DATE = re.compile(
    rf"(?:{ERA_YEAR}|(?P<year>[0-9]{{4}})) *"
    r"(?:年 *(?P<month>[0-9]{1,2}) *月 *(?P<day>[0-9]{1,2}) *日"
    r"|(?P<separator>[./-])(?P<month_number>[0-9]{1,2})(?P=separator)(?P<day_number>[0-9]{1,2}))"
    rf" *(?:\((?P<weekday>[{_WEEKDAYS}])\))?"
)
_MOMENT = re.compile(
    r"(?P<day>.*?)[ T]*(?P<hour>[0-9]{1,2})(?::(?P<minute>[0-9]{2})|時(?:(?P<minutes>[0-9]{1,2})分)?)"
)


def jst_date(day: date) -> date:
    """Give the calendar day in Japan of a date or an aware datetime, wherever the server runs.

    A naive datetime could be any day: it raises ValueError.
    """
    return to_jst(day).date() if isinstance(day, datetime) else day


def to_jst(moment: datetime) -> datetime:
    """Convert an aware datetime to Japanese time; a naive one raises ValueError."""
    if moment.tzinfo is None:
        raise ValueError("a moment needs a time zone")
    return moment.astimezone(JST)


def era_year(day: date) -> str:
    """Write the era and year that a day falls in, without 年: 令和2, 令和元.

    Raises ValueError before 昭和元年12月25日.
    """
    for era in ERAS:
        if day >= era.starts_on:
            number = day.year - era.starts_on.year + 1
            return f"{era.name}{'元' if number == 1 else number}"
    raise ValueError(f"no era known for {day}")


def western_year(era_name: str, number: str) -> int:
    """Give the western year of an era's year: 令和 元 is 2019, R 2 is 2020, 平成 32 is 2020.

    Years that the era did not live to see are counted on, because plans made before a change of era
    name them. Raises ValueError with a sentence for the user when the year is 0: eras begin with 元年.
    """
    era = next(era for era in ERAS if era_name.upper() in (era.name, era.letter))
    count = 1 if number == "元" else int(number)
    if count < 1:
        raise ValueError(f"{era.name}0年はありません。1年目は「{era.name}元年」と入力してください。")
    return era.starts_on.year + count - 1


def wareki(day: date) -> str:
    """Write a day with its era: 令和2年9月30日. Like all of these it takes aware datetimes too."""
    day = jst_date(day)
    return f"{era_year(day)}年{day.month}月{day.day}日"


def wareki_with_weekday(day: date) -> str:
    """Write a day with era and weekday: 令和2年9月30日(水)."""
    return f"{wareki(day)}({_weekday(day)})"


def wareki_moment(moment: datetime) -> str:
    """Write a moment with era and weekday: 令和2年9月30日(水)17:15."""
    return f"{wareki_with_weekday(moment)}{clock_time(moment)}"


def short_date(day: date) -> str:
    """Write a day without its year, where the page names the year already: 9月30日(水)."""
    day = jst_date(day)
    return f"{day.month}月{day.day}日({_weekday(day)})"


def short_moment(moment: datetime) -> str:
    """Write a moment without its year: 9月24日(木)16:40."""
    return f"{short_date(moment)}{clock_time(moment)}"


def clock_time(moment: datetime) -> str:
    """Write the time of day in Japan: 17:15, 9:05."""
    moment = to_jst(moment)
    return f"{moment.hour}:{moment.minute:02}"


def parse_date(text: str) -> date:
    """Read a day: 令和3年3月31日, R3.3.31, 2021-03-31, 2021/3/31, full-width too, weekday allowed.

    An era is counted on past its end (平成32年3月31日 is in 2020) but not back before its first day: in
    令和元年4月1日 either the year or the era is a slip. A weekday that does not fit is one, too.

    Raises ValueError with a sentence for the user.
    """
    typed = half_width(text).translate(ERA_SIGNS).strip()
    match = _DATE.fullmatch(typed)
    if match is None:
        raise ValueError(
            f"{quote(text)}は日付として読み取れません。「令和3年3月31日」「2021-03-31」のように入力してください。"
        )
    year = western_year(match["era"], match["era_year"]) if match["era"] else int(match["year"])
    month, number = int(match["month"] or match["month_number"]), int(match["day"] or match["day_number"])
    try:
        day = date(year, month, number)
    except ValueError:
        raise ValueError(f"「{typed}」という日はありません。月と日を確かめてください。") from None

    if not FIRST_DAY <= day <= LAST_DAY:
        raise ValueError(f"日付は{wareki(FIRST_DAY)}から{LAST_DAY.year}年までで入力してください。")
    if match["era"]:
        era = next(era for era in ERAS if match["era"].upper() in (era.name, era.letter))
        if day < era.starts_on:
            raise ValueError(
                f"{era.name}は{era.starts_on.month}月{era.starts_on.day}日に始まりました。"
                f"「{wareki(day)}」でよければ、そのように入力してください。"
            )
    if match["weekday"] and match["weekday"] != _weekday(day):
        raise ValueError(f"{wareki(day)}は{_weekday(day)}曜日です。日付か曜日のどちらかを直してください。")
    return day


def parse_moment(text: str, *, without_time: time | None = None) -> datetime:
    """Read a day with its time of day in Japan: 令和2年9月30日(水)17:15, R2.9.30 17時15分, 2020-09-30T17:15.

    `without_time` is taken when only a day is written; without it the time is asked for.
    Raises ValueError with a sentence for the user.
    """
    typed = half_width(text).strip()
    match = _MOMENT.fullmatch(typed)
    if match is None:
        day = parse_date(typed)
        if without_time is None:
            raise ValueError(f"時刻も入力してください。例: {wareki(day)}17:15")
        return datetime.combine(day, without_time, JST)
    hour, minute = int(match["hour"]), int(match["minute"] or match["minutes"] or 0)
    if hour > 23 or minute > 59:
        raise ValueError("時刻は0:00から23:59までで入力してください。")
    return datetime.combine(parse_date(match["day"]), time(hour, minute), JST)


def _weekday(day: date) -> str:
    return _WEEKDAYS[jst_date(day).weekday()]
