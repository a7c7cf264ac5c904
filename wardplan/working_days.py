"""Days on which the office is open (開庁日), and how many of them are left until a deadline."""

from datetime import date, datetime, timedelta
from functools import cache

import holidays

from wardplan.era import clock_time, jst_date, short_moment, to_jst


@cache
def _public_holidays() -> holidays.HolidayBase:
    # Fills in one year at a time when first asked; making it anew for each page would repeat that.
    return holidays.country_holidays("JP")


def is_working_day(day: date) -> bool:
    """Tell whether the office is open: no weekend, no public holiday, not 29 December to 3 January.

    The turn of the year is closed by 地方自治法 4条の2. Public holidays include substitute holidays and
    the moved ones of 2020 and 2021.
    """
    day = jst_date(day)
    if day.weekday() >= 5 or (day.month, day.day) >= (12, 29) or (day.month, day.day) <= (1, 3):
        return False
    return day not in _public_holidays()


def working_days_left(today: date, due: date) -> int:
    """Count the working days after today up to and including the due date; 0 when it is past."""
    today, due = jst_date(today), jst_date(due)
    return sum(is_working_day(today + timedelta(days=ahead)) for ahead in range(1, (due - today).days + 1))


def time_left(now: datetime, due: datetime) -> str:
    """Say how long there is until a deadline, in Japanese time.

    Before the day あと3日, in working days; on the day 今日17:15まで; after it 期限を2日過ぎています, in
    calendar days, or 期限を過ぎています on the day itself. The minute of the deadline is still in time.
    When only days off lie between (a Sunday, asked on Friday) the moment itself is named, since あと0日
    would read as if it had passed.
    """
    now, due = to_jst(now), to_jst(due)
    days = (due.date() - now.date()).days
    if now > due:
        return f"期限を{-days}日過ぎています" if days else "期限を過ぎています"
    if days == 0:
        return f"今日{clock_time(due)}まで"
    left = working_days_left(now, due)
    return f"あと{left}日" if left else f"{short_moment(due)}まで"
