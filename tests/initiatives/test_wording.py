import csv
import time
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from initiatives.wording import (
    TargetReading,
    UnreadableWording,
    read_baselines,
    read_targets,
    render,
    render_baselines,
    survey_of,
)
from wardplan.fiscal_year import FiscalYear

TABLE = Path(__file__).parents[1] / "data" / "target_wording.tsv"
with TABLE.open(encoding="utf-8", newline="") as file:
    ROWS = list(csv.DictReader(file, delimiter="\t"))


def read_one(line, plan=2020):
    (reading,) = read_targets(line, plan)
    return reading


def number(text):
    return Decimal(text) if text else None


def year(text):
    return FiscalYear(int(text)) if text else None


def doubted(reading):
    return {doubt.field for doubt in reading.unsure}


def meaning(reading):
    return replace(reading, heading="", wording="", quote="", unsure=())


# --- every row of the table ------------------------------------------------------------------------------


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_every_row_of_the_table_is_read(row):
    reading = read_targets(row["text"], int(row["plan_fiscal_year"]))[0]
    assert (reading.kind, reading.comparator, reading.comparator_proposed, reading.unit) == (
        row["kind"],
        row["comparator"],
        row["comparator_proposed"],
        row["unit"],
    )
    assert (reading.value, reading.value_max) == (number(row["value"]), number(row["value_max"]))
    assert (reading.fiscal_year, reading.base_fiscal_year) == (
        year(row["fiscal_year"]),
        year(row["base_fiscal_year"]),
    )
    assert (reading.change, reading.change_unit) == (number(row["change"]), row["change_unit"])


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_every_row_means_the_same_after_rendering(row):
    plan = int(row["plan_fiscal_year"])
    for reading in read_targets(row["text"], plan):
        again = read_targets(render(reading), plan)
        assert [meaning(reading)] == [meaning(other) for other in again]
        assert read_targets(render(again[0]), plan) == again


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_no_character_of_a_line_is_lost(row):
    readings = read_targets(row["text"], int(row["plan_fiscal_year"]))
    kept = "".join(reading.printed_heading + reading.wording + reading.quote for reading in readings)
    assert "".join(kept.split()) == "".join(row["text"].split()).lstrip("○").replace("、H", "H").replace(
        "、R", "R"
    )


def test_the_notes_of_the_table():
    found = {row["id"]: read_targets(row["text"], int(row["plan_fiscal_year"])) for row in ROWS}
    assert found["S01"][0].baselines == ((2019, None), (2018, 8))
    assert found["S03"][0].baselines == ((2018, 7),)
    assert found["S16"][0].milestone == "計画を策定する(9月まで)"
    assert found["S20"][0].from_fiscal_year == 2021
    assert [(reading.fiscal_year, reading.value) for reading in found["S21"]] == [
        (2017, 30),
        (2018, 35),
        (2019, 40),
    ]
    assert found["S22"][0].subject == "英検3級以上の生徒の割合"
    assert found["S28"][0].base_fiscal_year is None
    assert "base_fiscal_year" in doubted(found["S28"][0])
    assert "value" in doubted(found["S29"][0])


# --- the four sheets -------------------------------------------------------------------------------------


def test_a_cell_with_two_targets():
    first, second = read_targets(
        "○新たに地域活動協議会とNPO及び企業等とが連携した取組を行った件数 【令和2年度】 8件 "
        "(令和元年度実績: 件 平成30年度実績: 8件) "
        "○令和3年度区民アンケート(市民局実施分)において、"
        "「身近な地域でのつながりに関して肯定的に感じている区民の割合」 "
        "【令和3年度】 43.3%以上 (令和元年度実績: % 平成30年度実績: 38.6%) ",
        2020,
    )
    assert first.subject == "新たに地域活動協議会とNPO及び企業等とが連携した取組を行った件数"
    assert (first.heading, first.wording) == ("", "【令和2年度】 8件")
    assert first.quote == "(令和元年度実績: 件 平成30年度実績: 8件)"
    assert (first.comparator, first.comparator_proposed) == ("", "ge")

    assert second.subject == "身近な地域でのつながりに関して肯定的に感じている区民の割合"
    assert second.heading.startswith("令和3年度区民アンケート(市民局実施分)において、「身近な")
    assert survey_of(second.heading) == "区民アンケート(市民局実施分)"
    assert (second.fiscal_year, second.fiscal_year_inferred) == (2021, False)
    assert (second.value, second.comparator, second.unit) == (Decimal("43.3"), "ge", "%")
    assert second.baselines == ((2019, None), (2018, Decimal("38.6")))
    assert second.is_sure


def test_the_survey_of_another_year_is_the_same_indicator():
    names = {
        read_one(f"{when}区民アンケート(市民局実施分)において、「区民の割合」 【{when}】 40%").subject
        for when in ("令和2年度", "令和3年度")
    }
    assert names == {"区民の割合"}


def test_a_reduction_from_an_unknown_year_is_never_computed_from_the_quoted_one():
    reading = read_one(
        "○不適切な事務処理事案の件数(公表ベース) 【令和2年度】令和元年度件数の実績から10%減(平成30年度7件)"
    )
    assert reading.subject == "不適切な事務処理事案の件数(公表ベース)"
    assert (reading.kind, reading.value, reading.unit) == ("relative", None, "件")
    assert (reading.base_fiscal_year, reading.change, reading.change_unit) == (2019, -10, "percent")
    assert (reading.wording, reading.quote) == (
        "【令和2年度】令和元年度件数の実績から10%減",
        "(平成30年度7件)",
    )


@pytest.mark.parametrize(
    ("quote", "baselines"),
    [
        ("(令和元年度実績: % 平成30年度実績: 38.6%)", ((2019, None), (2018, Decimal("38.6")))),
        ("(令和元年度: %、平成30年度: 88%)", ((2019, None), (2018, 88))),
        ("(令和元年度: %、平成30年度40.2%)", ((2019, None), (2018, Decimal("40.2")))),
        ("平成30年度40.2%", ((2018, Decimal("40.2")),)),
        ("(平成30年度7件)", ((2018, 7),)),
        ("（Ｈ30：１，２００人　R元：）", ((2018, 1200), (2019, None))),
        ("(平成29年度実績 4割、平成30年度実績 ▲2.5%)", ((2017, 40), (2018, Decimal("-2.5")))),
        ("(令和元年度: 未判明)", ((2019, None),)),
        ("(令和元年度: 0件)", ((2019, 0),)),
    ],
)
def test_quoted_years(quote, baselines):
    assert read_baselines(quote) == baselines


@pytest.mark.parametrize(
    "text",
    [
        "",
        "8件",
        "(9月まで)",
        "(令和2年度に設定)",
        "令和元年度実績以上",
        "令和元年度から10%減",
        "平成30年度7件と8件",
        "(平成30年度7件 平成30年度8件)",
        "(29年度 5件)",
    ],
)
def test_what_is_no_quote_is_refused(text):
    with pytest.raises(UnreadableWording):
        read_baselines(text)


def test_a_quoted_year_without_era_is_settled_by_the_plans_year():
    assert read_baselines("(29年度 5件)", 2020) == ((2017, 5),)


@pytest.mark.parametrize("heading", ["満足度 【令和2年度】42%", "満足度 【令和2年度】 42%、"])
def test_a_quote_without_brackets_follows_the_year_in_brackets(heading):
    reading = read_one(f"{heading} 平成30年度40.2%")
    assert (reading.wording.replace(" ", ""), reading.quote) == ("【令和2年度】42%", "平成30年度40.2%")
    assert reading.baselines == ((2018, Decimal("40.2")),)


# --- years -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "western", "inferred"),
    [
        ("令和2年度", 2020, False),
        ("令和２年度", 2020, False),
        ("R2", 2020, False),
        ("R02", 2020, False),
        ("㋿2年度", 2020, False),
        ("平成31年度", 2019, False),
        ("H31", 2019, False),
        ("H32", 2020, False),
        ("R元", 2019, False),
        ("令和元年度", 2019, False),
        ("2020年度", 2020, False),
        ("2020", 2020, False),
        ("元年度", 2019, True),
        ("29年度", 2017, True),
        ("2年度", 2020, True),
        ("32年度", 2020, True),
        ("令和4年度末", 2022, False),
        ("今年度", 2020, False),
    ],
)
def test_years_in_every_spelling(written, western, inferred):
    reading = read_one(f"件数 【{written}】8件以上")
    assert (reading.fiscal_year, reading.fiscal_year_inferred) == (western, inferred)
    assert ("fiscal_year" in doubted(reading)) is inferred
    assert reading.wording == f"【{written}】8件以上"


def test_a_line_without_year_is_the_plans_and_says_so():
    reading = read_one("8件以上", 2023)
    assert (reading.fiscal_year, reading.fiscal_year_inferred) == (2023, True)
    assert [doubt.sentence for doubt in reading.unsure] == [
        "元号のついた年度が書かれていないため、令和5年度と読みました。年度を確かめてください。"
    ]


@pytest.mark.parametrize("written", ["【令和2年】8件", "【令和5年度～令和3年度】合計8件", "【年度不明】8件"])
def test_a_year_that_could_be_two_stays_empty(written):
    reading = read_one(f"件数 {written}")
    assert reading.fiscal_year is None
    assert "fiscal_year" in doubted(reading)
    assert reading.value == 8


def test_a_surveys_year_is_not_taken_for_the_targets_without_a_word():
    reading = read_one("令和3年度区民アンケートにおける満足度 41%")
    assert reading.subject == "満足度"
    assert (reading.fiscal_year, reading.fiscal_year_inferred) == (2021, True)
    assert "調査などの年度" in reading.unsure[0].sentence


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("令和0年度 5件", "令和0年はありません"),
        ("0年度 5件", "0年度はありません"),
        ("令和99年度 5件", "2099年度まで"),
    ],
)
def test_a_year_that_does_not_exist_is_refused(line, sentence):
    with pytest.raises(UnreadableWording, match=sentence) as refusal:
        read_targets(line, 2020)
    assert f"(読み取った文: 「{line}」)" in str(refusal.value)


@pytest.mark.parametrize(
    "line",
    [
        "29 年度 3030 年度 30年度 3030.5達成",
        "○満足度 29年度30年度 30.5",
        "満足度 【令和2年度】41.643.3%",
        "満足度 2020202年度 8件",
    ],
)
def test_text_that_ran_together_is_refused_with_its_source(line):
    with pytest.raises(UnreadableWording) as refusal:
        read_targets(line, 2020)
    assert f"(読み取った文: 「{line}」)" in refusal.value.sentence
    assert refusal.value.source == line


@pytest.mark.parametrize(
    "line", ["2020.9.30までに計画を策定する", "R2.4.1に開設", "令和2年9月30日までに開設する"]
)
def test_dates_are_no_damage_and_no_figures(line):
    assert read_one(line).kind == "milestone"


# --- figures ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "value", "unit", "comparator"),
    [
        ("４３．３％以上", "43.3", "%", "ge"),
        ("30パーセントを上回る", "30", "%", "gt"),
        ("9割5分", "95", "%", ""),
        ("1,200人", "1200", "人", ""),
        ("1万2千人", "12000", "人", ""),
        ("1.5万人以上", "15000", "人", "ge"),
        ("3億5千万円", "350000000", "円", ""),
        ("30日以内", "30", "日", "le"),
        ("100件超", "100", "件", "gt"),
        ("10%を下回る", "10", "%", "lt"),
        ("5回を超える", "5", "回", "gt"),
        ("最低3回", "3", "回", "ge"),
        ("3回/年", "3", "回", ""),
        ("週1回", "1", "回/週", ""),
        ("1校あたり2回以上", "2", "回/校", "ge"),
        ("延べ1,200人以上", "1200", "人(延べ)", "ge"),
        ("マイナス5件以上", "-5", "件", "ge"),
        ("6か所開設", "6", "か所", ""),
        ("満足度を80%に向上", "80", "%", ""),
        ("65歳以上の参加割合 30%以上", "30", "%", "ge"),
        ("センター3か所", "3", "か所", ""),
    ],
)
def test_figures(line, value, unit, comparator):
    reading = read_one(line)
    assert (reading.kind, reading.value, reading.unit, reading.comparator) == (
        "absolute",
        Decimal(value),
        unit,
        comparator,
    )


@pytest.mark.parametrize(
    ("line", "low", "high", "comparator"),
    [
        ("年2～3回", 2, 3, ""),
        ("2〜3回", 2, 3, ""),
        ("3～4割", 30, 40, ""),
        ("2～3万人", 20000, 30000, ""),
        ("5件以上10件以下", 5, 10, ""),
        ("40%以上50%未満", 40, 50, "lt"),
        ("40%超50%以下", 40, 50, "gt"),
    ],
)
def test_ranges(line, low, high, comparator):
    reading = read_one(line)
    assert (reading.kind, reading.value, reading.value_max, reading.comparator) == (
        "range",
        low,
        high,
        comparator,
    )


@pytest.mark.parametrize(
    ("line", "base", "change", "unit", "comparator", "proposed"),
    [
        ("前年度比5%増", 2019, 5, "percent", "", "ge"),
        ("前年度比105%以上", 2019, 5, "percent", "ge", ""),
        ("前年度の2倍", 2019, 100, "percent", "", "ge"),
        ("前年度実績の95%以下", 2019, -5, "percent", "le", ""),
        ("H30実績より3件増", 2018, 3, "absolute", "", "ge"),
        ("令和元年度実績から10%以上減", 2019, -10, "percent", "le", ""),
        ("令和元年度実績から1割減", 2019, -10, "percent", "", ""),
        ("前々年度実績以下", 2018, 0, "percent", "le", ""),
        ("前年度より増加", 2019, 0, "percent", "", "gt"),
        ("前年度実績(8件)以上", 2019, 0, "percent", "ge", ""),
        ("▲2ポイント", None, -2, "point", "", ""),
        ("10%減", None, -10, "percent", "", ""),
    ],
)
def test_comparisons_with_a_base_year(line, base, change, unit, comparator, proposed):
    reading = read_one(line)
    assert (reading.kind, reading.value) == ("relative", None)
    assert (reading.base_fiscal_year, reading.change, reading.change_unit) == (base, change, unit)
    assert (reading.comparator, reading.comparator_proposed) == (comparator, proposed)


def test_the_previous_year_counts_from_the_targets_year():
    assert read_one("件数 【令和4年度】前年度実績以上").base_fiscal_year == 2021


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ("会議を3回、参加者100人以上", "value"),
        ("12,34人", "value"),
        ("約500人", "value"),
        ("年間2,000人程度", "value"),
        ("120%以上", "value"),
        ("8割以上の区民が満足", "wording"),
        ("10クラス", "unit"),
        ("8", "unit"),
        ("月2回", "unit"),
        ("前年度実績", "comparator"),
        ("前年度から5%改善", "change"),
        ("事故件数 7件", "comparator_proposed"),
        ("累計300件", "from_fiscal_year"),
        ("令和3～5年度 80%", "kind"),
        ("もっとよくなる", "kind"),
        ("【令和2年度】", "wording"),
        ("全国平均を2ポイント上回る", "wording"),
    ],
)
def test_what_is_not_certain_is_said(line, field):
    reading = read_one(line)
    assert field in doubted(reading)
    assert all(doubt.sentence.endswith("。") for doubt in reading.unsure)


def test_nothing_is_proposed_where_fewer_may_be_better():
    assert read_one("事故件数 7件").comparator_proposed == ""
    assert read_one("待機児童 0人").comparator_proposed == "le"


def test_an_unreadable_number_stays_empty():
    assert read_one("参加者 12,34人").value is None


def test_several_years_after_one_heading():
    readings = read_targets("満足度 【令和2年度】 41.6%以上 【令和3年度】 43.3%以上", 2020)
    assert [(one.subject, one.fiscal_year, one.value) for one in readings] == [
        ("満足度", 2020, Decimal("41.6")),
        ("満足度", 2021, Decimal("43.3")),
    ]


@pytest.mark.parametrize("line", ["", " ", "　\n", "○", "・ "])
def test_an_empty_line_has_no_targets(line):
    assert read_targets(line, 2020) == []


# --- properties ------------------------------------------------------------------------------------------

amounts = st.decimals(Decimal("0.0001"), 99_999_999, places=4).map(
    lambda one: Decimal(str(one.normalize() + 0))
)
amounts = amounts.filter(lambda one: one == one.to_integral() or one < 10_000)
years = st.integers(2010, 2030).map(FiscalYear)
subjects = st.sampled_from(
    [
        "",
        "連携した取組の件数",
        "英検3級以上の生徒の割合",
        "5回以上参加した人の割合",
        "講座(全10回)の参加者",
        "Ｗｅｂ会議の回数",
        "平均利用者の満足度",
        "前年度比の良い割合",
    ]
)
units = st.sampled_from(["件", "%", "人", "人(延べ)", "回/校", "回/月", "世帯", "か所", "時間", "百万円"])
comparators = st.sampled_from(["", "ge", "le", "gt", "lt", "eq"])


@st.composite
def structures(draw):
    kind = draw(st.sampled_from(["absolute", "range", "cumulative", "relative"]))
    fields = {
        "subject": draw(subjects),
        "kind": kind,
        "unit": draw(units),
        "fiscal_year": draw(years),
        "fiscal_year_inferred": draw(st.booleans()),
    }
    if kind == "absolute":
        fields["value"] = draw(st.one_of(st.just(Decimal(0)), amounts, amounts.map(lambda one: -one)))
        fields["comparator"] = draw(comparators)
    elif kind == "range":
        fields["value"], fields["value_max"] = sorted([draw(amounts), draw(amounts)])
        fields["comparator"] = draw(st.sampled_from(["", "lt", "gt"]))
    elif kind == "cumulative":
        fields["from_fiscal_year"] = FiscalYear(fields["fiscal_year"] - draw(st.integers(1, 4)))
        fields["value"], fields["comparator"] = draw(amounts), draw(comparators)
    else:
        fields["base_fiscal_year"] = FiscalYear(fields["fiscal_year"] - draw(st.integers(1, 3)))
        fields["change_unit"] = draw(st.sampled_from(["percent", "point", "absolute"]))
        fields["change"] = draw(amounts) * draw(st.sampled_from([1, -1]))
        fields["unit"] = {"point": "%", "absolute": "件"}.get(fields["change_unit"], fields["unit"])
        fields["comparator"] = draw(comparators.filter(lambda one: one != "eq"))
    if kind != "range" and not fields["comparator"]:
        amount = fields.get("value", fields.get("change"))
        increase = "ge" if amount > 0 else ""
        fields["comparator_proposed"] = increase if kind == "relative" else "ge" if amount else "le"
    past = draw(st.lists(years, max_size=3, unique=True))
    if kind == "relative" and fields["change_unit"] == "percent" and not past:
        past = [FiscalYear(2009)]
    fields["baselines"] = tuple((one, draw(st.one_of(st.none(), amounts))) for one in past)
    if fields["change_unit"] == "percent" if kind == "relative" else False:
        # The unit of a percentage can only be told from a quoted figure.
        fields["baselines"] = tuple((one, value or Decimal(7)) for one, value in fields["baselines"])
        fields["unit"] = fields["unit"].partition("/")[0].removesuffix("(延べ)")
    reading = TargetReading(wording="", **fields)
    return replace(reading, quote=render_baselines(reading.baselines, reading.unit))


@given(structures())
def test_rendering_and_reading_gives_the_same_structure(structure):
    line = render(structure)
    (reading,) = read_targets(line, 2020)
    assert meaning(reading) == meaning(structure), line
    assert reading.quote == structure.quote
    assert read_targets(render(reading), 2020) == [reading]


LINE_PARTS = (
    "令和2年度",
    "【令和3年度】",
    "29年度",
    "R2",
    "前年度",
    "実績",
    "から",
    "以上",
    "8件",
    "43.3%",
    "(",
    ")",
    "～",
    "、",
    "10%減",
    "▲",
    "合計",
    "各校",
    "年",
    "約",
    "平均",
    "割",
    "万",
    " ",
    "○",
    "「",
    "維持",
    "５",
    ",",
    ".",
    "-",
)


@given(st.lists(st.one_of(st.sampled_from(LINE_PARTS), st.text(max_size=3)), max_size=15).map("".join))
def test_any_line_is_read_or_refused(line):
    try:
        readings = read_targets(line, 2020)
    except UnreadableWording as refusal:
        assert refusal.sentence and refusal.source
        return
    for reading in readings:
        assert isinstance(render(reading), str)
        assert reading.wording or reading.quote or reading.heading or reading.subject
        assert reading.kind != "relative" or reading.value is None


@pytest.mark.parametrize(
    "part",
    [
        "1",
        "1,",
        "1 ",
        "【",
        "(",
        "令和2年度",
        "以上",
        "約",
        "を",
        "1～",
        "から",
        " ",
        "5回、",
        "()",
        "( )a",
        "～ ",
        "▲ ",
    ],
)
def test_time_grows_with_the_length_and_no_faster(part):
    line = f"○件数 【令和2年度】{(part * 100_000)[:100_000]}8件以上"
    started = time.perf_counter()
    with suppress(UnreadableWording):
        read_targets(line, 2020)
    assert time.perf_counter() - started < 10
