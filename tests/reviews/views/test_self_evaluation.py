"""The form of the year's end: outcomes, ready sentences, the proposal, and what it demands."""

import datetime

import pytest
from django.test import Client

from initiatives.models import Initiative, Measurement, YearPlan
from reviews.models import Review
from tests.cast import NOW
from tests.pages import Page, send

ADDRESS = "/mihon/2020/1/self-evaluation/"
FIGURES = {
    "figure_a1": "９件",
    "figure_a1_as_of": "令和3年3月31日",
    "figure_a1_source": "活動報告書",
    "figure_a2": "8",
    "figure_a2_as_of": "R3.3.31",
    "figure_a2_source": "総務課調べ",
}
COMPLETE = {**FIGURES, "results": "9件を行った。", "achievement": "2", "issues": "参加が少ない。"}
DIFFERS = (
    "数値からの判定(①目標達成)と異なる②目標未達成を選んだときは、"
    "判定と異なる評価とした理由を記入してください。"
)


@pytest.fixture
def staff(official):
    client = Client()
    client.force_login(official.staff)
    return client


def shown(client, address=ADDRESS):
    return Page(client.get(address))


def words(page):
    return " ".join(page.text.split())


def test_nothing_is_proposed_before_the_figures_are_known(staff):
    page = shown(staff)
    assert words(page).count("実績が未判明のため判定できません。") == 2
    assert "判定できません。2つの目標がどちらも判定できないため。" in words(page)
    assert "決めるのは担当課です。案は選ばれていません。" in page.text
    assert "achievement" not in page.typed and "この文を" not in page.text


def test_heading_of_a_text_is_its_label(staff):
    html = shown(staff).html
    assert html.count('for="id_results"') == html.count('<h2>2 <label for="id_results">') == 1
    assert html.count('for="id_issues"') == html.count('<h2>4 <label for="id_issues">') == 1
    assert '<label for="id_reason">' in html


def test_saving_computes_the_outcomes_and_the_sentences(official, staff):
    send(staff, ADDRESS, version=0, **FIGURES)
    page = shown(staff)
    assert "8件に対し9件: 達成(達成率112.5%)" in page.text
    assert "「目標8件に対し、実績9件(達成率112.5%)であり、目標を達成した。」" in page.text
    assert "10件×0.9=9件以下に対し8件: 達成" in page.text
    assert "数値からの判定(参考) ①目標達成 2つの目標がどちらも達成のため。" in words(page)
    assert "achievement" not in page.typed
    assert page.html.count('data-sentence-into="id_results"') == 2
    assert Measurement.objects.filter(fiscal_year=2020).count() == 0


def test_a_differing_mark_asks_for_its_reason_and_keeps_everything(official, staff):
    page = Page(send(staff, f"{ADDRESS}submit/", version=0, **COMPLETE))
    assert page.errors == {"reason": [DIFFERS]} and page.summary == [("reason", DIFFERS)]
    assert (page.typed["results"], page.typed["achievement"]) == ("9件を行った。", "2")
    assert 'data-required-when="achievement=3 achievement=4 achievement=2"' in page.html
    assert "判定と異なるので必須" in page.text
    answer = send(staff, f"{ADDRESS}submit/", version=1, reason="書面だけのため。", **COMPLETE)
    assert answer.status_code == 302
    assert official.review("self_evaluation").answers["reason"] == "書面だけのため。"


def test_a_figure_without_its_source_is_told_beside_the_input(official, staff):
    page = Page(send(staff, f"{ADDRESS}submit/", version=0, **{**COMPLETE, "figure_a1_source": ""}))
    assert page.errors["figure_a1_source"] == ["目標1の出典を入力してください。"]


def test_a_turn_since_the_mid_year_is_told_and_asked_for(official, staff):
    assert '<div class="field" hidden>' in shown(staff).html  # no mid-year mark: nothing can turn
    official.review_in("published", answers={"implementation": 1, "outlook": 2, "issues": "少ない。"})
    page = shown(staff)
    assert "中間振り返りは ②達成できない見込みでした。" in page.text
    assert "中間振り返りと異なるとき必須" in page.text
    page = Page(send(staff, f"{ADDRESS}submit/", version=0, **{**COMPLETE, "achievement": "1", "issues": ""}))
    assert page.errors == {"change": ["中間振り返りでは②でした。何が変わったかを書いてください。"]}


def test_marks_that_print_blank_stand_in_the_form_and_not_on_paper(official, staff):
    assert "対象外" in shown(staff).text and "判定保留" in shown(staff).text
    send(
        staff,
        f"{ADDRESS}submit/",
        version=0,
        results="行わなかった。",
        achievement="3",
        reason="中止のため。",
    )
    assert official.review("self_evaluation").answers["achievement"] == 3
    sheet = Page(staff.get("/mihon/2020/1/"))
    assert "選択: " not in sheet.text


def test_how_to_fill_in_stands_beside_the_fields(official, staff):
    page = shown(staff)
    assert page.text.count("記入要領") == 6  # the figures, and each of five questions
    assert "例: 目標8件に対し、実績9件(達成率112.5%)であり" in page.text
    assert "記入要領" in shown(staff, "/mihon/2020/1/midyear/").text


def test_a_mid_year_figure_has_its_sentence(official, staff):
    send(staff, "/mihon/2020/1/midyear/", version=0, figure_a1="2")
    page = shown(staff, "/mihon/2020/1/midyear/")
    assert "「8月末現在で2件(目標8件)である。」" in page.text
    assert "この文を「課題と改善策」に入れる" in page.text and "達成率" not in page.text.split("記入要領")[0]


def test_sentences_of_last_year_are_marked(official, staff):
    last = YearPlan.objects.create(
        ward=official.ward, fiscal_year=2019, edition=official.edition, status="confirmed", version=1
    )
    before = Initiative.objects.create(
        plan=last, number="1", position=1, title="前年度", section=official.section
    )
    Initiative.objects.filter(pk=official.initiative.pk).update(continues=before)
    old = "清掃活動を12か所で行った。\n参加を広く呼びかけた。"
    Review.objects.create(
        initiative=before,
        phase="self_evaluation",
        status="published",
        version=4,
        answers={"results": old, "achievement": 1},
        submitted_by=official.staff,
        approved_by=official.manager,
    )
    send(staff, ADDRESS, version=0, results="清掃活動を13か所で行った。参加を広く呼びかけた。")
    page = shown(staff)
    assert '<span class="same-sentence">参加を広く呼びかけた。</span>' in page.html
    assert "清掃活動を12か所で行った。" in page.text
    assert "昨年度と同じ文が1つあります。今年度の内容か確かめてください。" in words(page)
    told = "自己評価: 昨年度と同じ文が1つあります。今年度の内容か確かめてください。 参加を広く呼びかけた。"
    assert told in words(shown(staff, "/mihon/2020/1/"))
    official.review_in("submitted", "self_evaluation", answers={"results": "参加を広く呼びかけた。"})
    manager = Client()
    manager.force_login(official.manager)
    assert told in words(shown(manager, "/queue/"))
    official.review_in("draft", "self_evaluation", answers={})
    send(staff, ADDRESS, version=1, results="清掃活動を13か所で行った。")
    assert "昨年度と同じ文" not in shown(staff).text


def test_a_figure_recorded_elsewhere_is_told(official, staff):
    Measurement.objects.create(
        indicator=official.shared_indicator,
        ward=official.ward,
        fiscal_year=2020,
        value=7,
        source="区政概要",
        as_of=datetime.date(2021, 3, 31),
        at=NOW,
    )
    page = shown(staff)
    assert "この指標の実績は、ほかで7件と登録されています(出典 区政概要)。" in page.text
    assert "8件に対し7件: 未達成(達成率87.5%)" in page.text
    assert page.typed["figure_a1"] == ""
