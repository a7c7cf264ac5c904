"""What a sheet says as plain values: lines, targets with their quoted years, blocks and who may read them."""

from decimal import Decimal

import pytest

from initiatives.form import read_form
from initiatives.models import Initiative, Target, TargetResolution
from reviews.sheet import Line, PastFigure, quote_past, read_lines, read_sheet, with_everything
from tests.cast import NOW, STATES
from wardplan.fiscal_year import FiscalYear

KNOWN, UNKNOWN = Decimal("38.6"), None


def past(**values):
    return [
        PastFigure(FiscalYear(int(year[1:])), None if value is None else Decimal(value), "")
        for year, value in values.items()
    ]


def written(quote, figures):
    unit = "件" if "件" in quote else "%"
    return "".join(
        f"[{part.text}]" if part.unknown else part.text for part in quote_past(quote, figures, unit)
    )


SEED = [
    ("(令和元年度実績: % 平成30年度実績: 38.6%)", "(令和元年度実績: [未判明]% 平成30年度実績: 38.6%)",
     "(令和元年度実績: 39.1% 平成30年度実績: 38.6%)"),
    ("(令和元年度: %、平成30年度: 88%)", "(令和元年度: [未判明]%、平成30年度: 88%)",
     "(令和元年度: 39.1%、平成30年度: 88%)"),
    ("平成30年度40.2%", "平成30年度40.2%", "平成30年度40.2%"),
    ("(令和元年度: %、平成30年度40.2%)", "(令和元年度: [未判明]%、平成30年度40.2%)",
     "(令和元年度: 39.1%、平成30年度40.2%)"),
    ("(平成30年度7件)", "(平成30年度7件)", "(平成30年度7件)"),
    ("(令和元年度実績: 件 平成30年度実績: 8件)", "(令和元年度実績: [未判明]件 平成30年度実績: 8件)",
     "(令和元年度実績: 39.1件 平成30年度実績: 8件)"),
    ("(令和元年度実績：％　平成30年度実績：38.6％)", "(令和元年度実績：[未判明]％　平成30年度実績：38.6％)",
     "(令和元年度実績：39.1％　平成30年度実績：38.6％)"),
    ("", "", ""),
    ("新たに定める。", "新たに定める。", "新たに定める。"),
]  # fmt: skip


@pytest.mark.parametrize(("quote", "with_gap", "filled"), SEED)
def test_quoted_years_keep_the_spelling_of_the_plan(quote, with_gap, filled):
    assert written(quote, past(y2019=None, y2018=None)) == with_gap
    assert written(quote, past(y2019="39.1", y2018=None)) == filled


def test_a_figure_that_is_corrected_shows_as_it_is_known_today():
    assert written("(平成30年度: 88%)", past(y2018="87.5")) == "(平成30年度: 87.5%)"
    assert written("(平成30年度1,200人)", past(y2018="1250")) == "(平成30年度1,250人)"


@pytest.mark.parametrize(
    ("quote", "expected"),
    [
        ("(平成30年度: ３８．６％)", "(平成30年度: 39.1％)"),
        ("(平成３０年度 38.6%)", "(平成３０年度 39.1%)"),
        ("(平成30年度: 88, 令和元年度: )", "(平成30年度: 39.1, 令和元年度: )"),
        ("(平成30年度の実績は38.6%)", "(平成30年度の実績は38.6%)"),
        ("平成30年度 令和元年度: 3%", "平成30年度 39.1令和元年度: 3%"),
        ("平成30年度:", "平成30年度:39.1"),
        ("(令和99年度: %)", "(令和99年度: %)"),
        ("(平成0年度: 5%)", "(平成0年度: 5%)"),
    ],
)
def test_figures_in_every_width_are_replaced_whole(quote, expected):
    assert written(quote, past(y2018="39.1")) == expected


@pytest.mark.parametrize(("unit", "shown"), [("人(延べ)", "人"), ("回/校", "回")])
def test_a_gap_is_seen_before_the_short_form_of_a_unit(unit, shown):
    parts = quote_past(f"(令和元年度: {shown})", past(y2019=None), unit)
    assert [part.text for part in parts if part.unknown] == ["未判明"]


def test_zero_is_a_figure():
    assert written("(令和元年度実績: 件)", past(y2019="0")) == "(令和元年度実績: 0件)"


def test_other_spellings_of_a_year_are_the_same_year():
    assert written("(平成31年度実績: %)", past(y2019="39.1")) == "(平成31年度実績: 39.1%)"


def test_a_year_that_is_no_baseline_stays_as_written():
    assert written("(平成29年度実績: % 令和元年度: %)", past(y2019=None)) == (
        "(平成29年度実績: % 令和元年度: [未判明]%)"
    )


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", ()),
        ("\n　\n", ()),
        ("・一\n○二\n三", (Line("・", "一"), Line("○", "二"), Line("", "三"))),
        ("・ 一\n\n  二", (Line("・", "一"), Line("", "  二"))),
        ("・", (Line("・", ""),)),
        ("5S、業務ダイエツ", (Line("", "5S、業務ダイエツ"),)),
    ],
)
def test_lines_and_bullets(text, lines):
    assert read_lines(text) == lines


def read(cast, user=None):
    initiative = with_everything(Initiative.objects.filter(pk=cast.initiative.pk)).get()
    return read_sheet(initiative, read_form(cast.edition), user or cast.staff)


def test_head_and_targets(cast):
    sheet = read(cast)
    assert sheet.heading == "取組項目1 【人と人とのつながりづくり】"
    assert (sheet.ward, sheet.fiscal_year, sheet.section) == ("mihon", 2020, "市民協働課")
    assert [target.key for target in sheet.policy_targets] == ["p1"]
    assert [target.key for target in sheet.annual_targets] == ["a1", "a2"]
    a1, a2 = sheet.annual_targets
    assert (a1.heading, a1.wording, a1.promise) == ("連携した取組の件数", "【令和2年度】 8件", "8件")
    assert [(figure.fiscal_year, figure.value, figure.text) for figure in a1.past] == [
        (2019, None, "未判明"),
        (2018, 8, "8件"),
    ]
    assert a2.quote_text() == "(平成30年度7件)"


def test_a_relative_target_waits_for_its_number_and_takes_the_newest(cast):
    a1, a2 = read(cast).annual_targets
    assert (a1.unresolved, a2.unresolved, a2.resolved) == (False, True, "")
    for value in (9, 8):
        TargetResolution.objects.create(
            target=cast.relative_target, value=value, base_value=10, by=cast.admin, at=NOW
        )
    (_, a2) = read(cast).annual_targets
    assert (a2.unresolved, a2.resolved) == (False, "8件")
    # The line itself stays as written; 平成30年度's 7 is never taken for the base year's figure.
    assert a2.wording == "【令和2年度】令和元年度件数の実績から10%減"


def test_a_gap_on_paper_is_blank(cast):
    Target.objects.filter(key="a1", initiative=cast.initiative).update(quote="(令和元年度実績: 件)")
    (a1, _) = read(cast).annual_targets
    assert a1.quote_text() == "(令和元年度実績: 件)"
    assert a1.quote_text("＿＿") == "(令和元年度実績: ＿＿件)"


@pytest.mark.parametrize("status", STATES)
def test_text_that_may_not_be_read_yet_is_not_there(cast, status):
    cast.review_in(status)
    block = read(cast, cast.viewer).block("midyear")
    readable = status in ("submitted", "approved", "published")
    assert (block.status, block.readable) == (status, readable)
    assert [answer.text for answer in block.right] == [cast.answers()["issues"] if readable else ""]
    assert [bool(answer.chosen) for answer in block.marks] == [readable, readable]
    own = read(cast, cast.staff).block("midyear")
    assert own.readable and bool(own.right[0].text) == (status != "not_started")


def test_answers_stand_in_form_order_with_their_targets(cast):
    cast.review_in("draft", "self_evaluation")
    block = read(cast).block("self_evaluation")
    assert [(a.question.key, a.target, a.text) for a in block.answered if not a.choices] == [
        ("figure", "a1", "9件"),
        ("figure", "a2", ""),
        ("results", "", "清掃活動など9件を行い、目標の8件を上回った。"),
        ("issues", "", ""),
    ]
    assert block.answered[0].figure["source"] == "市民協働課調べ"
    assert not block.is_table
    assert read(cast).block("midyear").is_table


def test_a_phase_with_text_at_the_right_only_is_no_table_of_marks(cast):
    cast.edition.questions.filter(phase="midyear", kind="mark").delete()
    block = read(cast).block("midyear")
    assert block.left == [] and not block.is_table
    assert [answer.question.key for answer in block.right] == ["issues"]


@pytest.mark.parametrize(
    ("phase", "text", "longer"),
    [
        ("midyear", "一行", False),
        ("midyear", "あ" * 800, True),
        ("midyear", "行\n" * 30, True),
        ("self_evaluation", "あ" * 800, False),  # one row: it grows with its text
    ],
)
def test_only_a_long_text_beside_marks_may_run_over_a_page(cast, phase, text, longer):
    cast.review_in("draft", phase, answers=cast.answers(phase, issues=text))
    assert read(cast).block(phase).may_run_over is longer


def test_a_title_loses_what_turns_the_reading_direction(cast):
    cast.initiative.title = "報告\u202efdp\u2069"
    cast.initiative.save()
    assert read(cast).title == "報告fdp"
