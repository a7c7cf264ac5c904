from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wardplan.era import JST
from wardplan.working_days import is_working_day, time_left, working_days_left

DUE = datetime(2020, 9, 30, 17, 15, tzinfo=JST)


@pytest.mark.parametrize(
    ("day", "open_"),
    [
        (date(2020, 9, 18), True),
        (date(2020, 9, 19), False),  # Saturday
        (date(2020, 9, 20), False),  # Sunday
        (date(2020, 9, 21), False),  # 敬老の日
        (date(2020, 9, 22), False),  # 秋分の日
        (date(2020, 9, 23), True),
        (date(2020, 7, 24), False),  # スポーツの日, moved for 2020
        (date(2020, 10, 12), True),  # where it would have been
        (date(2021, 8, 9), False),  # substitute holiday
        (date(2020, 12, 28), True),
        (date(2020, 12, 29), False),
        (date(2020, 12, 31), False),
        (date(2023, 1, 3), False),
        (date(2023, 1, 4), True),
    ],
)
def test_is_working_day(day, open_):
    assert is_working_day(day) is open_


@pytest.mark.parametrize(
    ("today", "due", "left"),
    [
        (date(2020, 9, 25), date(2020, 9, 30), 3),
        (date(2020, 9, 18), date(2020, 9, 23), 1),
        (date(2020, 9, 26), date(2020, 9, 28), 1),
        (date(2020, 9, 30), date(2020, 9, 30), 0),
        (date(2020, 10, 1), date(2020, 9, 30), 0),
        (date(2020, 9, 25), date(2020, 9, 27), 0),
        (date(2020, 12, 28), date(2021, 1, 4), 1),
    ],
)
def test_working_days_left_counts_after_today_up_to_the_due_date(today, due, left):
    assert working_days_left(today, due) == left


@pytest.mark.parametrize(
    ("now", "sentence"),
    [
        (datetime(2020, 9, 25, 9, 0, tzinfo=JST), "あと3日"),
        (datetime(2020, 9, 29, 23, 59, 59, tzinfo=JST), "あと1日"),
        (datetime(2020, 9, 30, 0, 0, tzinfo=JST), "今日17:15まで"),
        (datetime(2020, 9, 30, 17, 15, tzinfo=JST), "今日17:15まで"),
        (datetime(2020, 9, 30, 17, 15, 1, tzinfo=JST), "期限を過ぎています"),
        (datetime(2020, 9, 30, 23, 59, 59, tzinfo=JST), "期限を過ぎています"),
        (datetime(2020, 10, 1, 0, 0, tzinfo=JST), "期限を1日過ぎています"),
        (datetime(2020, 10, 2, 9, 0, tzinfo=JST), "期限を2日過ぎています"),
        (datetime(2020, 10, 5, 9, 0, tzinfo=JST), "期限を5日過ぎています"),
    ],
)
def test_time_left(now, sentence):
    assert time_left(now, DUE) == sentence
    assert time_left(now.astimezone(UTC), DUE.astimezone(UTC)) == sentence


def test_time_left_names_the_moment_when_only_days_off_lie_between():
    friday, sunday = datetime(2020, 9, 25, 9, 0, tzinfo=JST), datetime(2020, 9, 27, 17, 15, tzinfo=JST)
    assert time_left(friday, sunday) == "9月27日(日)17:15まで"


def test_time_left_refuses_a_naive_moment():
    with pytest.raises(ValueError):
        time_left(datetime(2020, 9, 25, 9, 0), DUE)


@given(st.dates(date(2000, 1, 1), date(2050, 12, 31)), st.integers(0, 60))
def test_one_more_day_adds_at_most_one_working_day(today, days):
    due = today + timedelta(days=days)
    more = working_days_left(today, due + timedelta(days=1)) - working_days_left(today, due)
    assert more == is_working_day(due + timedelta(days=1))
