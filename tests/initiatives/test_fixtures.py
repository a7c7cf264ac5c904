"""The fixtures say what the office's own document says, and can be loaded again and again."""

import json
import re
from decimal import Decimal
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import call_command

from initiatives.form import read_form
from initiatives.management.commands.load_demo import FIXTURES
from initiatives.models import FormEdition, Indicator, Initiative, Measurement, Target, YearPlan
from initiatives.plan_file import plan_content
from wardplan.accounts.models import Membership, Section, User, Ward, validate_municipality_code

# 令和2年度の取組項目1–4, as the ward office published them, damaged cells included.
SEED = Path(__file__).with_name("data") / "seed.txt"
SURVEY = "身近な地域でのつながりに関して肯定的に感じている区民の割合"
KEPT = [*apps.get_app_config("accounts").get_models(), *apps.get_app_config("initiatives").get_models()]


@pytest.fixture
def demo(db):
    call_command("loaddata", *FIXTURES, verbosity=0)


def everything():
    """Read every row, without the revision: an edition that is loaded always counts as another."""
    return {
        model: [{**row, "revision": None} for row in model._default_manager.order_by("pk").values()]
        for model in KEPT
    }


# --- word for word ---------------------------------------------------------------------------------------


def bare(text):
    """Leave what a reader reads: no tags, no white space, no bullets."""
    return re.sub(r"<[^>]*>|[\s・○]", "", text)


def plan_cells(sheet):
    """Take the plan's two cells out of a sheet of the seed, as one bare text without the column heads."""
    plan = sheet.split("】", 1)[1].split("中間振り返り", 1)[0]
    plan = bare(plan).removeprefix("計画").removesuffix("-" * 8)
    heads = [bare("取組の方針・目標内容"), "当年度の取組内容"]
    for head in heads:
        assert plan.count(head) == 1
        plan = plan.replace(head, "")
    return plan


def lines(initiative, scope):
    return "".join(
        f"{target.heading or target.indicator.name}{target.wording}{target.quote}"
        for target in initiative.targets.filter(scope=scope)
    )


def test_plan_says_word_for_word_what_the_sheets_say(demo):
    title, *sheets = SEED.read_text().split("「令和2年度以降の市政改革計画」に基づく取組等")
    assert (title.strip(), len(sheets)) == ("", 4)
    assert YearPlan.objects.get().edition.title == "「令和2年度以降の市政改革計画」に基づく取組等"
    for sheet, initiative in zip(sheets, Initiative.objects.order_by("position"), strict=True):
        assert re.findall("取組項目([0-9]+)\n+【(.+)】", sheet) == [(initiative.number, initiative.title)]
        assert plan_cells(sheet) == bare(
            f"(趣旨・目的){initiative.purpose}(取組の概要){initiative.overview}"
            f"(目標){lines(initiative, 'policy')}"
            f"(取組の内容){initiative.activities}(目標){lines(initiative, 'annual')}"
        )


def test_bullets_stand_one_on_a_line_and_no_tag_is_left(demo):
    counts = {}
    for initiative in Initiative.objects.order_by("position"):
        texts = [initiative.purpose, initiative.overview, initiative.activities]
        counts[initiative.number] = tuple(len(text.splitlines()) for text in texts)
        for line in "\n".join(texts).splitlines():
            assert line == line.strip()
            assert line[0] in "・○" or line.startswith("庁内事務における「ムダ」")
            assert not re.search("[。)][・○]|[<>]", line[1:])
    assert counts == {"1": (2, 1, 2), "2": (1, 1, 2), "3": (1, 1, 5), "4": (1, 4, 5)}


# --- structure -------------------------------------------------------------------------------------------

# sheet and key: year, kind, comparator, value, unit, direction, years quoted
TARGETS = {
    "1 p1": (2020, "absolute", "", Decimal(8), "件", "", [2019, 2018]),
    "1 p2": (2021, "absolute", "ge", Decimal("43.3"), "%", "higher", [2019, 2018]),
    "1 a1": (2020, "absolute", "", Decimal(8), "件", "", []),
    "1 a2": (2020, "absolute", "ge", Decimal("41.6"), "%", "higher", []),
    "2 p1": (2020, "absolute", "", Decimal(89), "%", "", [2019, 2018]),
    "2 a1": (2020, "absolute", "", Decimal(89), "%", "", [2019, 2018]),
    "3 p1": (2020, "absolute", "", Decimal(42), "%", "", [2019, 2018]),
    "3 a1": (2020, "absolute", "", Decimal(42), "%", "", []),
    "4 p1": (2020, "relative", "", None, "件", "lower", [2018]),
    "4 a1": (2020, "relative", "", None, "件", "lower", [2018]),
}


def structure():
    return {
        f"{target.initiative.number} {target.key}": (
            target.fiscal_year,
            target.kind,
            target.comparator,
            target.value,
            target.indicator.unit,
            target.indicator.direction,
            [baseline.fiscal_year for baseline in target.baselines.all()],
        )
        for target in Target.objects.all()
    }


def test_targets_are_structured(demo):
    assert structure() == TARGETS


def test_survey_of_two_spellings_is_one_city_wide_indicator(demo):
    policy, annual = Target.objects.filter(initiative__number="1", heading__contains="区民アンケート")
    assert policy.indicator == annual.indicator == Indicator.objects.get(ward=None)
    assert policy.indicator.name == SURVEY
    assert policy.heading == f"令和3年度区民アンケート(市民局実施分)において、「{SURVEY}」"
    assert annual.heading == f"令和2年度区民アンケート(市民局実施分)において、「{SURVEY}」"


def test_blank_baselines_are_unknown_and_never_zero(demo):
    figures = {(row.indicator.name, row.fiscal_year): row.value for row in Measurement.objects.all()}
    assert {year for _, year in figures} == {2018}
    assert sorted(figures.values()) == [7, 8, Decimal("38.6"), Decimal("40.2"), 88]
    content = plan_content(YearPlan.objects.get())
    survey = content["initiatives"][0]["targets"][1]
    assert survey["baselines"] == [
        {"fiscal_year": 2019, "value": None},
        {"fiscal_year": 2018, "value": "38.6"},
    ]


def test_sheet_4_is_relative_to_a_year_that_it_does_not_quote(demo):
    for target in Target.objects.filter(initiative__number="4"):
        assert (target.base_fiscal_year, target.change, target.change_unit) == (2019, -10, "percent")
        assert (target.wording, target.quote) == (
            "【令和2年度】令和元年度件数の実績から10%減",
            "(平成30年度7件)",
        )


def test_quotes_are_kept_as_they_are_spelled(demo):
    assert set(Target.objects.exclude(quote="").values_list("quote", flat=True)) == {
        "(令和元年度実績: 件 平成30年度実績: 8件)",
        "(令和元年度実績: % 平成30年度実績: 38.6%)",
        "(令和元年度: %、平成30年度: 88%)",
        "(令和元年度: %、平成30年度40.2%)",
        "(平成30年度7件)",
    }


# --- the form, the wards, the people ---------------------------------------------------------------------


def test_form_is_the_printed_one(demo):
    form = read_form(FormEdition.objects.get(code="r2"))
    printed = {
        phase.label: [
            (
                question.label,
                question.note,
                "".join(f"{mark.symbol}:{mark.label}" for mark in question.marks if mark.on_paper),
            )
            for question in phase.questions
            if question.on_paper
        ]
        for phase in form.phases
    }
    left = "※左記が「②」の場合は必須"
    assert printed == {
        "中間振り返り": [
            ("取組内容の実施見込み", "", "(i):実施見込み(ii):実施できない見込み"),
            ("目標の達成見込み", "", "①:達成見込み②:達成できない見込み"),
            ("課題と改善策", left, ""),
        ],
        "自己評価": [
            ("当年度の取組実績及び目標の達成状況", "", ""),
            ("目標の達成状況", "", "①:目標達成②:目標未達成"),
            ("課題と改善策", left, ""),
        ],
    }


def test_form_asks_in_order_and_demands_what_the_paper_demands(demo):
    form = read_form(FormEdition.objects.get(code="r2"))
    questions = [question for phase in form.phases for question in phase.questions]
    assert [question.name for question in questions] == [
        "midyear.implementation",
        "midyear.outlook",
        "midyear.issues",
        "midyear.figure",
        "self_evaluation.figure",
        "self_evaluation.results",
        "self_evaluation.achievement",
        "self_evaluation.reason",
        "self_evaluation.change",
        "self_evaluation.issues",
    ]
    assert [question.name for question in questions if question.required] == [
        "midyear.implementation",
        "midyear.outlook",
        "self_evaluation.results",
        "self_evaluation.achievement",
    ]
    assert {
        f"{question.name} {mark.symbol}": (mark.meaning, mark.requires, mark.advises)
        for question in questions
        for mark in question.marks
    } == {
        "midyear.implementation (i)": ("", "", ""),
        "midyear.implementation (ii)": ("", "", "issues"),
        "midyear.outlook ①": ("met", "", ""),
        "midyear.outlook ②": ("not_met", "issues", ""),
        "self_evaluation.achievement ①": ("met", "", ""),
        "self_evaluation.achievement ②": ("not_met", "issues", ""),
        "self_evaluation.achievement 対象外": ("", "reason", ""),
        "self_evaluation.achievement 判定保留": ("", "reason", ""),
    }
    texts = [question for question in questions if question.kind == "text"]
    assert {question.limit for question in texts if question.on_paper} == {4000}
    assert {question.name: question.required_when for question in texts if not question.on_paper} == {
        "self_evaluation.reason": "differs",
        "self_evaluation.change": "turned",
    }
    assert {question.name: question.combine for question in questions if question.combine} == {
        "self_evaluation.achievement": "all"
    }
    assert [question.name for question in questions if question.column == "right"] == [
        "midyear.issues",
        "self_evaluation.issues",
    ]
    assert [question.name for question in questions if question.final] == ["self_evaluation.figure"]
    assert [question.name for question in questions if question.per_target] == [
        "midyear.figure",
        "self_evaluation.figure",
    ]


def test_form_of_reiwa_5_marks_each_indicator_and_has_no_mid_year(demo):
    form = read_form(FormEdition.objects.get(code="r5"))
    assert [phase.key for phase in form.phases] == ["self_evaluation"]
    mark = form.phases[0].question("mark")
    assert (mark.per_target, mark.combine) == (True, "all")
    assert [(one.symbol, one.meaning) for one in mark.marks if one.on_paper] == [
        ("A", "met"),
        ("B", "not_met"),
    ]
    assert [question.label for question in form.phases[0].questions if not question.per_target] == [
        "定性評価"
    ]
    assert FormEdition.objects.get(code="r5").first_fiscal_year == 2023


def test_wards_of_osaka_have_valid_codes(demo):
    wards = Ward.objects.exclude(slug="mihon")
    assert len(wards) == 24
    for ward in wards:
        validate_municipality_code(ward.code)
        assert re.fullmatch("[ぁ-ゖー]+く", ward.kana) and ward.name.endswith("区")
    assert str(wards.get(slug="abeno")) == "阿倍野区"
    assert Ward.objects.get(slug="mihon").code is None


def test_sheets_are_spread_over_two_sections(demo):
    found = {row.number: row.section.name for row in Initiative.objects.select_related("section")}
    assert found == {"1": "市民協働課", "2": "市民協働課", "3": "総務課", "4": "総務課"}
    assert Section.objects.filter(ward__slug="mihon").count() == 2


def test_people_have_their_roles_and_no_password(demo):
    assert {
        row.user.username: (row.role, row.ward.slug, row.section and row.section.name)
        for row in Membership.objects.all()
    } == {
        "staff": ("staff", "mihon", "市民協働課"),
        "manager": ("manager", "mihon", "市民協働課"),
        "staff2": ("staff", "mihon", "総務課"),
        "manager2": ("manager", "mihon", "総務課"),
        "admin": ("admin", "mihon", None),
        "viewer": ("viewer", "mihon", None),
        "other": ("staff", "miyakojima", "地域振興課"),
    }
    assert not any(user.has_usable_password() or user.is_superuser for user in User.objects.all())


# --- loading ---------------------------------------------------------------------------------------------


def test_every_row_is_valid(demo):
    """loaddata validates nothing."""
    for model in KEPT:
        for row in model._default_manager.all():
            row.full_clean(exclude=["password"])


def test_loading_again_changes_nothing(demo):
    before = everything()
    call_command("loaddata", *FIXTURES, verbosity=0)
    assert everything() == before


def test_fixtures_do_not_depend_on_primary_keys(db):
    for number in range(3):
        Ward.objects.create(slug=f"ward{number}", name="別の区", kana="べつのく")
        User.objects.create(username=f"user{number}", name="別の人")
        Indicator.objects.create(ward=None, name=f"別の指標{number}")
        FormEdition.objects.create(code=f"x{number}", title="別の様式", first_fiscal_year=2030)
    call_command("loaddata", *FIXTURES, verbosity=0)
    assert structure() == TARGETS
    assert {row.user.name for row in Membership.objects.filter(role="admin")} == {"大谷 悠"}
    assert YearPlan.objects.get().edition.code == "r2"


@pytest.mark.parametrize("name", FIXTURES)
def test_fixture_is_readable(name):
    text = (Path(__file__).parents[2] / "fixtures" / f"{name}.json").read_text()
    assert "\\u" not in text
    assert all("pk" not in row for row in json.loads(text))
