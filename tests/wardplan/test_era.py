from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wardplan.era import (
    FIRST_DAY,
    JST,
    LAST_DAY,
    jst_date,
    parse_date,
    parse_moment,
    short_date,
    short_moment,
    wareki,
    wareki_moment,
    wareki_with_weekday,
)

days = st.dates(min_value=FIRST_DAY, max_value=LAST_DAY)


@pytest.mark.parametrize(
    ("day", "written"),
    [
        (date(2020, 9, 30), "令和2年9月30日"),
        (date(2019, 5, 1), "令和元年5月1日"),
        (date(2019, 4, 30), "平成31年4月30日"),
        (date(1989, 1, 8), "平成元年1月8日"),
        (date(1989, 1, 7), "昭和64年1月7日"),
        (date(1926, 12, 25), "昭和元年12月25日"),
    ],
)
def test_wareki_changes_era_on_its_first_day(day, written):
    assert wareki(day) == written


def test_wareki_refuses_a_day_before_the_first_era():
    with pytest.raises(ValueError):
        wareki(date(1926, 12, 24))


def test_weekday_and_short_forms():
    assert wareki_with_weekday(date(2020, 9, 30)) == "令和2年9月30日(水)"
    assert short_date(date(2020, 9, 30)) == "9月30日(水)"


def test_moments_are_written_in_japanese_time():
    assert wareki_moment(datetime(2020, 9, 30, 8, 15, tzinfo=UTC)) == "令和2年9月30日(水)17:15"
    assert short_moment(datetime(2020, 9, 24, 16, 40, tzinfo=JST)) == "9月24日(木)16:40"
    assert short_moment(datetime(2020, 9, 24, 9, 5, tzinfo=JST)) == "9月24日(木)9:05"


def test_a_moment_after_15_utc_is_the_next_day():
    moment = datetime(2021, 3, 31, 15, 0, tzinfo=UTC)
    assert jst_date(moment) == date(2021, 4, 1)
    assert wareki(moment) == "令和3年4月1日"
    assert short_moment(moment) == "4月1日(木)0:00"


def test_a_naive_moment_is_refused():
    with pytest.raises(ValueError):
        short_moment(datetime(2020, 9, 24, 16, 40))


@pytest.mark.parametrize(
    "typed",
    [
        "令和3年3月31日",
        "令和３年３月３１日",
        "令和 3年 3月 31日",
        "　令和3年3月31日 ",
        "㋿3年3月31日",
        "令和3年3月31日(水)",
        "令和3年3月31日（水）",
        "R3.3.31",
        "r3/3/31",
        "Ｒ３．３．３１",
        "R03.03.31",
        "2021-03-31",
        "2021/3/31",
        "2021年3月31日",
        "２０２１／３／３１",
        "平成33年3月31日",
    ],
)
def test_parse_date_takes_every_spelling(typed):
    assert parse_date(typed) == date(2021, 3, 31)


def test_parse_date_takes_first_years():
    for typed in ("令和元年5月1日", "R元.5.1", "令和1年5月1日"):
        assert parse_date(typed) == date(2019, 5, 1)
    assert parse_date("平成元年1月8日") == date(1989, 1, 8)


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("令和0年4月1日", "令和0年はありません。1年目は「令和元年」と入力してください。"),
        ("令和3年2月29日", "「令和3年2月29日」という日はありません。月と日を確かめてください。"),
        ("2021-02-29", "「2021-02-29」という日はありません。月と日を確かめてください。"),
        ("2021/13/1", "「2021/13/1」という日はありません。月と日を確かめてください。"),
        ("0000-01-01", "「0000-01-01」という日はありません。月と日を確かめてください。"),
        (
            "令和元年4月1日",
            "令和は5月1日に始まりました。「平成31年4月1日」でよければ、そのように入力してください。",
        ),
        (
            "令和3年3月31日(木)",
            "令和3年3月31日は水曜日です。日付か曜日のどちらかを直してください。",
        ),
        ("1900-01-01", "日付は昭和元年12月25日から2100年までで入力してください。"),
        ("9999-12-31", "日付は昭和元年12月25日から2100年までで入力してください。"),
    ],
)
def test_parse_date_refuses_a_day_that_is_not(typed, sentence):
    with pytest.raises(ValueError) as refusal:
        parse_date(typed)
    assert str(refusal.value) == sentence


@pytest.mark.parametrize(
    "typed",
    ["", " ", "3月31日", "令和3年", "令和3年3月", "2021-3/31", "R3", "٢٠٢١-٠٣-٣١", "令和²年3月1日", "明日"],
)
def test_parse_date_refuses_what_is_no_date_with_an_example(typed):
    with pytest.raises(ValueError, match="日付として読み取れません。「令和3年3月31日」"):
        parse_date(typed)


def test_parse_date_quotes_no_more_than_the_beginning():
    with pytest.raises(ValueError) as refusal:
        parse_date("あ" * 100_000)
    assert str(refusal.value).startswith("「" + "あ" * 20 + "…」は")


@given(days)
def test_parse_date_reads_what_is_written(day):
    assert parse_date(wareki(day)) == day
    assert parse_date(wareki_with_weekday(day)) == day
    assert parse_date(day.isoformat()) == day


@given(days, st.timedeltas(min_value=timedelta(0), max_value=timedelta(hours=23, minutes=59)))
def test_a_moment_of_a_japanese_day_is_written_as_that_day(day, since_midnight):
    moment = datetime(day.year, day.month, day.day, tzinfo=JST) + since_midnight
    assert wareki_moment(moment.astimezone(UTC)).startswith(wareki_with_weekday(day))


@given(st.text(max_size=30))
def test_parse_date_answers_with_a_date_or_a_sentence(typed):
    try:
        parse_date(typed)
    except ValueError as refusal:
        assert str(refusal).endswith("ください。")


@pytest.mark.parametrize(
    "typed",
    [
        "令和2年9月30日(水)17:15",
        "令和2年9月30日 17:15",
        "R2.9.30 17時15分",
        "2020-09-30T17:15",
        "2020/9/30 17:15",
        "令和２年９月３０日　１７：１５",
    ],
)
def test_parse_moment_reads_every_spelling(typed):
    assert parse_moment(typed) == datetime(2020, 9, 30, 17, 15, tzinfo=JST)


def test_parse_moment_asks_for_the_time_unless_there_is_a_usual_one():
    assert parse_moment("R2.9.30", without_time=time()) == datetime(2020, 9, 30, tzinfo=JST)
    assert parse_moment("令和2年9月30日9時") == datetime(2020, 9, 30, 9, tzinfo=JST)
    with pytest.raises(ValueError, match="時刻も入力してください。例: 令和2年9月30日17:15"):
        parse_moment("R2.9.30")


@pytest.mark.parametrize("typed", ["", "17:15", "R2.9.30 24:00", "R2.9.30 9:60", "R2.2.30 9:00", "明日 9:00"])
def test_parse_moment_refuses_what_is_no_moment(typed):
    with pytest.raises(ValueError, match="。"):
        parse_moment(typed, without_time=time())


@given(st.datetimes(datetime.combine(FIRST_DAY, time()), datetime.combine(LAST_DAY, time())))
def test_parse_moment_reads_what_wareki_moment_writes(moment):
    moment = moment.replace(second=0, microsecond=0, tzinfo=JST)
    assert parse_moment(wareki_moment(moment)) == moment
