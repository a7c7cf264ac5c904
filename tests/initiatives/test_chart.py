import math
from dataclasses import astuple, is_dataclass
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from initiatives.chart import (
    MIDDLE,
    NARROW,
    PLOT,
    TOP,
    WIDE,
    Axis,
    YearFigures,
    difference,
    draw,
    nice_step,
    scale,
)
from wardplan.fiscal_year import FiscalYear


def year(number, target=None, actual=None, met=None, label=""):
    def number_of(value):
        return None if value is None else Decimal(str(value))

    return YearFigures(FiscalYear(number), number_of(target), number_of(actual), met, label)


SURVEY = [
    year(2016, 36.0, 36.4, True),
    year(2017, 37.5, 36.9, False),
    year(2018, 38.5, 38.6, True),
    year(2019, 40.0, 39.2, False),
    year(2020, 41.6, 42.3, True),
    year(2021, 43.3),
]


def words(texts):
    return [text.words for text in texts]


# ---- the picture of six years ----------------------------------------------------------------------------


def test_axis_leaves_zero_out_and_says_so():
    chart = draw(SURVEY, "%")
    assert words(chart.grid) == ["34%", "36%", "38%", "40%", "42%", "44%"]
    assert chart.starts_at == "縦軸は34%から"


def test_figures_are_written_with_equal_decimals():
    chart = draw(SURVEY, "%")
    assert words(chart.actual_figures) == ["36.4", "36.9", "38.6", "39.2", "42.3"]
    assert words(chart.target_figures) == ["36.0", "37.5", "38.5", "40.0", "41.6", "43.3"]


def test_years_stand_in_both_eras():
    chart = draw(SURVEY, "%")
    assert [(label.era, label.western) for label in chart.years][2:4] == [
        ("平成30年度", "2018"),
        ("令和元年度", "2019"),
    ]


def test_not_met_is_a_square_with_a_band_up_to_the_target():
    chart = draw(SURVEY, "%")
    assert [point.shape for point in chart.actuals] == ["met", "not-met", "met", "not-met", "met"]
    assert words(chart.gap_figures) == ["未達成 −0.6", "未達成 −0.8"]
    band, actual, target = chart.bands[1], chart.actuals[3], chart.targets[3]
    assert band.y == target.y
    assert band.y + band.height == pytest.approx(actual.y)


def test_upper_figure_stands_above_its_point_and_the_lower_one_below():
    chart = draw(SURVEY, "%")
    for place, met in enumerate([True, False, True, False, True]):
        actual, target = chart.actual_figures[place], chart.target_figures[place]
        assert (actual.y < chart.actuals[place].y) is met
        assert (target.y > chart.targets[place].y) is met


def test_higher_actual_that_missed_its_target_is_told_above():
    chart = draw([year(2020, 5, 8, False)], "件")
    assert words(chart.gap_figures) == ["未達成 +3"]
    assert chart.gap_figures[0].y < chart.actual_figures[0].y < chart.actuals[0].y < chart.targets[0].y


def test_description_says_every_figure():
    told = draw(SURVEY[3:], "%").description
    assert told == (
        "令和元年度は目標40%、実績39.2%で未達成。令和2年度は目標41.6%、実績42.3%で達成。"
        "令和3年度は目標43.3%、実績は未判明。"
    )


# ---- lines -----------------------------------------------------------------------------------------------


def test_actual_line_breaks_at_an_unknown_year():
    chart = draw([year(2016, None, 5), year(2017, None, 6), year(2018, 7), year(2019, 7, 8)], "件")
    assert [line.count(",") for line in chart.actual_lines] == [2]
    assert [line.count(",") for line in chart.target_lines] == [2]


def test_year_of_which_nothing_is_known_keeps_its_place():
    chart = draw([year(2016, None, 5), year(2019, None, 6)], "件")
    assert [label.western for label in chart.years] == ["2016", "2017", "2018", "2019"]
    assert chart.actual_lines == ()


def test_many_years_name_only_as_many_as_there_is_room_for():
    chart = draw([year(number, None, number) for number in range(1990, 2021)], "件")
    assert chart.years[-1].western == "2020"
    gaps = [one.x - other.x for other, one in zip(chart.years, chart.years[1:], strict=False)]
    assert min(gaps) >= 90
    assert len(chart.actuals) == 31


def test_narrow_chart_shows_the_newest_years_that_have_room():
    chart = draw(SURVEY, "%", NARROW)
    assert chart.width == NARROW
    assert [(label.era, label.western) for label in chart.years] == [
        ("平成29", "2017"),
        ("平成30", "2018"),
        ("令和元", "2019"),
        ("令和2", "2020"),
        ("令和3", "2021"),
    ]
    assert chart.since == FiscalYear(2017)
    assert words(chart.actual_figures) == ["36.9", "38.6", "39.2", "42.3"]
    assert draw(SURVEY[1:], "%", NARROW).since is None
    assert draw(SURVEY, "%", MIDDLE).since is None


def test_narrow_chart_cuts_by_years_not_by_figures():
    chart = draw([year(2010, None, 4), year(2020, None, 5), year(2021, None, 6)], "件", NARROW)
    assert [label.western for label in chart.years] == ["2020", "2021"]


# ---- scales ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "low", "high", "step"),
    [
        ([8, 8], 0, 8, 2),
        ([0], 0, 1, 1),
        ([-3, -3], -3, 0, 1),
        ([7, 6, 9], 0, 10, 2),
        ([-5, 5], -8, 6, 2),
        ([100, 101], 99, 101, 1),
        (["99999999999.9999", "0"], 0, 100000000000, 20000000000),
        (["0.0001", "0.0002"], 0, "0.0002", "0.00005"),
    ],
)
def test_scale_holds_the_values_in_round_steps(values, low, high, step):
    axis = scale([Decimal(str(value)) for value in values])
    assert axis == Axis(*(Decimal(str(value)) for value in (low, high, step)))


@pytest.mark.parametrize(
    ("rough", "whole", "step"),
    [("1.46", False, 2), ("2", False, 2), ("0.3", False, "0.5"), ("0.3", True, 1), ("6", True, 10)],
)
def test_steps_are_1_2_or_5(rough, whole, step):
    assert nice_step(Decimal(rough), whole=whole) == Decimal(str(step))


@pytest.mark.parametrize(
    ("actual", "target", "told"), [("42.3", "41.6", "+0.7"), ("39.2", "40", "−0.8"), ("8", "8.0", "0")]
)
def test_difference_has_its_sign(actual, target, told):
    assert difference(Decimal(actual), Decimal(target)) == told


def test_no_figure_makes_no_chart():
    assert draw([], "件") is None
    assert draw([year(2020), year(2021)], "件") is None


def test_one_point_stands_alone():
    chart = draw([year(2020, None, 8)], "件")
    assert words(chart.grid) == ["0件", "2件", "4件", "6件", "8件"]
    assert chart.starts_at == ""
    assert (chart.actual_lines, chart.target_lines, chart.bands) == ((), (), ())
    assert [point.shape for point in chart.actuals] == ["open"]


def test_negative_values_have_a_true_minus():
    chart = draw([year(2020, -2, -3, False)], "ポイント")
    assert words(chart.actual_figures) == ["−3"]
    assert chart.grid[0].words.startswith("−")


# ---- whatever comes --------------------------------------------------------------------------------------

figure = st.none() | st.decimals(
    min_value=Decimal("-99999999999.9999"), max_value=Decimal("99999999999.9999"), places=4
)
years = st.lists(
    st.builds(
        YearFigures,
        st.integers(1926, 2099).map(FiscalYear) | st.integers(2015, 2022).map(FiscalYear),
        figure,
        figure,
        st.sampled_from([True, False, None]),
    ),
    max_size=12,
    unique_by=lambda one: one.fiscal_year,
)


def numbers(value):
    """Give every number in a chart that is a coordinate."""
    if isinstance(value, float):
        yield value
    elif isinstance(value, tuple):
        for part in value:
            yield from numbers(part)


@given(years, st.sampled_from(["", "%", "件", "W" * 20]), st.sampled_from([WIDE, MIDDLE, NARROW]))
@example([year(2020, "99999999999.9999", "99999999999.9998", False)], "W" * 20, NARROW)
def test_everything_lies_inside_the_box(figures, unit, width):
    chart = draw(figures, unit, width)
    if chart is None:
        assert all(one.target is None and one.actual is None for one in figures)
        return
    assert is_dataclass(chart)
    assert all(math.isfinite(number) and number >= 0 for number in numbers(astuple(chart)))
    for point in chart.targets + chart.actuals:
        assert chart.left <= point.x <= chart.right
        assert TOP <= point.y <= TOP + PLOT
    for text in chart.actual_figures + chart.target_figures + chart.gap_figures + chart.grid:
        assert 0 <= text.x <= chart.width
        assert 14 <= text.y <= chart.height
    for line in chart.actual_lines + chart.target_lines:
        for pair in line.split():
            x, y = map(float, pair.split(","))
            assert chart.left <= x <= chart.right
            assert TOP <= y <= TOP + PLOT
    for band in chart.bands:
        assert chart.left <= band.x <= band.x + band.width <= chart.right
        assert TOP <= band.y <= band.y + band.height <= TOP + PLOT + 0.1
