"""What a mark rests on: figures, proposal, choice, and what they demand before a sheet is handed in."""

from decimal import Decimal

import pytest

from initiatives.models import FormEdition, Indicator, Measurement, Question, Target
from initiatives.publication import public_part
from initiatives.refusals import Incomplete
from reviews import workflow
from reviews.case import open_case
from tests.cast import NOW

FIGURES = {
    "a1": {"value": "9", "as_of": "2021-03-31", "source": "活動報告書", "note": "うち3件は書面開催"},
    "a2": {"value": "8", "as_of": "2021-03-31", "source": "総務課調べ"},
}
ANSWERS = {"figure": FIGURES, "results": "9件を行った。", "achievement": 1}
DIFFERING = (
    "数値からの判定(①目標達成)と異なる②目標未達成を選んだときは、"
    "判定と異なる評価とした理由を記入してください。"
)


def case_of(cast, phase="self_evaluation"):
    return open_case(cast.initiative, phase, cast.staff)


def basis(cast, phase="self_evaluation", **answers):
    return case_of(cast, phase).basis({**ANSWERS, **answers})


def problems(cast, **answers):
    given = {key: value for key, value in {**ANSWERS, **answers}.items() if value is not None}
    return case_of(cast).problems(given)


def record(cast, fiscal_year, value, **more):
    Measurement.objects.create(
        indicator=cast.shared_indicator, ward=cast.ward, fiscal_year=fiscal_year, value=value, at=NOW, **more
    )


def act(cast, verb, by, version, **more):
    return verb(cast.initiative, "self_evaluation", by=by, at=NOW, version=version, **more)


# ---- the proposal ----------------------------------------------------------------------------------------


def test_targets_are_judged_with_their_working(official):
    first, second = basis(official).targets
    assert (first.judgement.outcome, first.judgement.working) == ("met", "8件に対し9件: 達成(達成率112.5%)")
    assert first.sentence == "目標8件に対し、実績9件(達成率112.5%)であり、目標を達成した。"
    # 10件 in 令和元年度, 10% less.
    assert (second.judgement.outcome, second.judgement.working) == ("met", "10件×0.9=9件以下に対し8件: 達成")


def renew(official):
    FormEdition.objects.get(code="r2").renew()


def test_a_rule_of_the_edition_combines_the_targets(official):
    (mark,) = basis(official).marks
    assert (str(mark.proposed), mark.judgement.working) == ("①目標達成", "2つの目標がどちらも達成のため。")
    missed = {**FIGURES, "a2": {**FIGURES["a2"], "value": "10"}}
    (mark,) = basis(official, figure=missed).marks
    assert (str(mark.proposed), mark.differs) == ("②目標未達成", True)
    Question.objects.filter(key="achievement").update(combine="any")
    renew(official)
    (mark,) = basis(official, figure=missed).marks
    assert (str(mark.proposed), mark.differs) == ("①目標達成", False)
    Question.objects.filter(key="achievement").update(combine="")
    renew(official)
    (mark,) = basis(official).marks
    assert (mark.proposed, mark.judgement.working, str(mark.chosen)) == (None, "", "①目標達成")


def test_an_unknown_figure_proposes_and_demands_nothing(official):
    found = basis(official, figure={"a1": FIGURES["a1"]}, achievement=2)
    assert found.targets[1].judgement.working == "実績が未判明のため判定できません。"
    (mark,) = found.marks
    assert (mark.judgement.outcome, mark.proposed, mark.differs) == ("unknown", None, False)
    assert problems(official, figure={"a1": FIGURES["a1"]}, achievement=2, issues="参加が少ない。") == {}


def test_a_figure_recorded_elsewhere_stands_in_for_a_blank(official):
    Measurement.objects.create(
        indicator=official.shared_indicator,
        ward=official.ward,
        fiscal_year=2020,
        value=7,
        source="別のシート",
        at=NOW,
    )
    first = basis(official, figure={}).targets[0]
    assert (first.recorded, first.figure_words, first.figure["source"]) == (True, "7件", "別のシート")
    assert first.judgement.outcome == "not_met"
    typed = basis(official).targets[0]
    assert (typed.recorded, typed.value) == (False, Decimal(9))


def test_sums_take_the_earlier_years(official):
    Target.objects.filter(initiative=official.initiative, key="a1").update(
        kind="cumulative", from_fiscal_year=2018, value=20
    )
    first = basis(official).targets[0]
    assert first.judgement.outcome == "unknown" and "令和元年度の実績が未判明" in first.judgement.working
    record(official, 2019, 3)
    judgement = basis(official).targets[0].judgement
    assert (judgement.outcome, judgement.actual) == ("met", 20)  # 8 + 3 + 9


def test_a_mid_year_figure_has_words_but_no_judgement(official):
    found = basis(official, "midyear", figure={"a1": {"value": "2"}})
    assert (found.targets[0].judgement, found.targets[0].sentence) == (
        None,
        "8月末現在で2件(目標8件)である。",
    )
    assert (found.targets[1].sentence, [mark.proposed for mark in found.marks]) == ("", [None])


def test_queries_do_not_grow_with_the_targets(official, django_assert_num_queries):
    for place in range(3, 30):
        indicator = Indicator.objects.create(
            ward=official.ward, name=f"指標{place}", unit="件", direction="higher"
        )
        Target.objects.create(
            initiative=official.initiative, key=f"a{place}", scope="annual", position=place,
            indicator=indicator, wording="8件", kind="absolute", fiscal_year=2020, value=8,
        )  # fmt: skip
    case = case_of(official)
    with django_assert_num_queries(3):  # targets, figures, the phase before
        assert len(case.basis(ANSWERS).targets) == 29
        case.problems(ANSWERS)


# ---- what it demands -------------------------------------------------------------------------------------


def test_a_mark_that_differs_demands_one_sentence(official):
    assert problems(official) == {}
    found = problems(official, achievement=2, issues="参加が少ない。")
    assert found == {"reason": DIFFERING}
    assert problems(official, achievement=2, issues="参加が少ない。", reason="\u3000\u200b") == found
    assert problems(official, achievement=2, issues="参加が少ない。", reason="書面だけだったため。") == {}
    too_long = problems(official, achievement=2, issues="参加が少ない。", reason="字" * 401)
    assert "400字以内" in too_long["reason"]


def test_two_targets_on_one_indicator_demand_one_figure(official):
    first = Target.objects.get(initiative=official.initiative, key="a1")
    same = Target.objects.get(initiative=official.initiative, key="a2")
    same.indicator, same.kind, same.value, same.wording = first.indicator, "absolute", 7, "【令和2年度】 7件"
    same.fiscal_year = first.fiscal_year
    same.save()
    sentence = (
        "目標1と同じ指標、同じ年度の実績ですが、値が違います(目標1は9件)。どちらが正しいか確かめ、"
        "同じ値にしてください。"
    )
    assert problems(official) == {"figure_a2": sentence}
    equal = {**FIGURES, "a2": {**FIGURES["a2"], "value": "9.0"}}
    assert problems(official, figure=equal) == {}
    same.fiscal_year = first.fiscal_year + 1
    same.save()
    assert problems(official) == {}


@pytest.mark.parametrize(("position", "symbol"), [(3, "対象外"), (4, "判定保留")])
def test_marks_that_print_blank_demand_a_reason(official, position, symbol):
    sentence = f"{symbol}を選んだときは、判定と異なる評価とした理由を記入してください。"
    assert problems(official, achievement=position) == {"reason": sentence}
    assert problems(official, figure=None, achievement=position) == {"reason": sentence}
    assert problems(official, achievement=position, reason="取組を行わなかったため。") == {}


def test_a_turned_mark_demands_what_changed(official):
    wanted = {"change": "中間振り返りでは②でした。何が変わったかを書いてください。"}
    for status in ("not_started", "draft"):
        official.review_in(status)
        assert problems(official) == {}
    for status in ("submitted", "returned", "approved", "published"):
        official.review_in(status)
        assert problems(official) == wanted
    assert problems(official, change="下期に5件増えたため。") == {}
    # 対象外 turns nothing, and neither does ② after ②.
    assert problems(official, achievement=3, reason="行わなかったため。") == {}
    assert problems(official, achievement=2, issues="少ない。", reason="書面だけのため。") == {}
    official.review_in("approved", answers={"implementation": 1, "outlook": 1})
    assert problems(official) == {}
    assert problems(official, achievement=2, issues="少ない。", reason="書面だけのため。") == {
        "change": "中間振り返りでは①でした。何が変わったかを書いてください。"
    }


def test_a_final_figure_names_its_date_and_source(official):
    bare = {"a1": {"value": "9"}, "a2": FIGURES["a2"]}
    assert problems(official, figure=bare) == {
        "figure_a1_as_of": "目標1の時点を入力してください。",
        "figure_a1_source": "目標1の出典を入力してください。",
    }
    # Only final figures: a mid-year figure may stand alone.
    midyear = {"implementation": 1, "outlook": 1, "figure": {"a1": {"value": "2"}}}
    assert case_of(official, "midyear").problems(midyear) == {}


# ---- on record -------------------------------------------------------------------------------------------


def test_submitting_and_approving_keep_the_basis(official):
    with pytest.raises(Incomplete):
        act(
            official,
            workflow.submit,
            official.staff,
            0,
            answers={**ANSWERS, "achievement": 2, "issues": "少ない。"},
        )
    answers = {**ANSWERS, "achievement": 2, "issues": "少ない。", "reason": "書面だけのため。"}
    act(official, workflow.save, official.staff, 0, answers=answers)
    act(official, workflow.submit, official.staff, 1, answers=answers)
    act(official, workflow.approve, official.manager, 2)
    saved, submitted, approved = official.events("self_evaluation")
    assert "basis" not in saved.content
    for event in (submitted, approved):
        first, second = event.content["basis"]["targets"]
        assert first == {
            "target": "a1", "number": 1, "heading": "連携した取組の件数", "goal": "8件",
        "resolved": "",
            "figure": FIGURES["a1"], "figure_words": "9件", "outcome": "met",
            "working": "8件に対し9件: 達成(達成率112.5%)",
        }  # fmt: skip
        (mark,) = event.content["basis"]["marks"]
        assert (mark["question"], mark["rule"], mark["outcome"]) == ("achievement", "all", "met")
        assert (mark["proposed_words"], mark["chosen_words"]) == ("①目標達成", "②目標未達成")
        assert (mark["differs"], mark["reason"]) == (True, "書面だけのため。")
    # What a mark rested on stays as it was, whatever is corrected later.
    Measurement.objects.filter(fiscal_year=2019).update(value=5)
    act(official, workflow.publish, official.admin, 3)
    assert public_part(official.initiative, "self_evaluation")["basis"] == approved.content["basis"]


def test_mending_keeps_the_basis_of_what_is_then_said(official):
    answers = {**ANSWERS, "achievement": 2, "issues": "少ない。", "reason": "書面だけのため"}
    act(official, workflow.submit, official.staff, 0, answers=answers)
    act(official, workflow.save, official.manager, 1, answers={**answers, "reason": "書面だけのため。"})
    assert official.events("self_evaluation")[-1].content["basis"]["marks"][0]["reason"] == "書面だけのため。"
    act(official, workflow.withdraw, official.staff, 2)
    assert "basis" not in official.events("self_evaluation")[-1].content
