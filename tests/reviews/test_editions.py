"""The form is data: two editions that no line of code knows work like the one of 令和2年度."""

import io

import pytest
from django.test import Client
from openpyxl import load_workbook

from initiatives.models import FormEdition, Mark, PlanPhase, Question, Target, YearPlan
from reviews.import_preview import preview
from reviews.importing import apply
from reviews.workbook.reader import read_workbook
from tests.cast import NOW
from tests.pages import Page, send
from tests.reviews.workbook.returned import exported, filled

SHEET = "/mihon/2020/1/"
FORM = SHEET + "self-evaluation/"
FIGURES = {
    "figure_a1": "9",
    "figure_a1_as_of": "令和3年3月31日",
    "figure_a1_source": "活動報告書",
    "figure_a2": "12",
    "figure_a2_as_of": "令和3年3月31日",
    "figure_a2_source": "総務課調べ",
}


def client_of(user):
    client = Client()
    client.force_login(user)
    return client


def words(response):
    return " ".join(Page(response).text.split())


def table(user):
    content = client_of(user).get("/mihon/2020/sheets.xlsx").content
    head, *rows = load_workbook(io.BytesIO(content))["判定根拠"].iter_rows(values_only=True)
    return [dict(zip(head, row, strict=True)) for row in rows]


# ---- 令和5年度: a mark for each indicator, one 定性評価, no mid-year phase ---------------------------------


def test_the_form_of_reiwa_5_proposes_a_mark_for_each_indicator(next_form):
    staff = client_of(next_form.staff)
    assert staff.get(SHEET + "midyear/").status_code == 404
    send(staff, FORM, version=0, **FIGURES)
    page = Page(staff.get(FORM))
    text = " ".join(page.text.split())
    assert "数値からの判定(参考) A達成 決めるのは担当課です。" in text  # 9件 of 8件
    assert "数値からの判定(参考) B未達成 決めるのは担当課です。" in text  # 12件, where 9件以下 was promised
    assert page.typed.keys() >= {"reason_a1", "reason_a2", "qualitative"}
    assert "mark_a1" not in page.typed and "年度末の評価" in text and "重点的に取り組む主な課題" in text
    assert 'data-sentence-into="id_qualitative"' in page.html


def test_the_form_of_reiwa_5_goes_its_way_to_the_public(next_form):
    staff, manager, admin = (
        client_of(user) for user in (next_form.staff, next_form.manager, next_form.admin)
    )
    typed = {**FIGURES, "mark_a1": "B", "mark_a2": "Ｂ", "qualitative": "参加が広がった。"}
    page = Page(send(staff, f"{FORM}submit/", version=0, **typed))
    assert page.errors == {
        "reason_a1": [
            "数値からの判定(A達成)と異なるB未達成を選んだときは、判定と異なる評価とした理由を記入してください。"
        ]
    }
    typed["reason_a1"] = "書面だけの開催だったため。"
    assert send(staff, f"{FORM}submit/", version=1, **typed).status_code == 302
    review = next_form.review("self_evaluation")
    assert (review.status, review.answers["mark"]) == ("submitted", {"a1": 2, "a2": 2})
    assert "判定と異なる" in words(manager.get("/queue/"))
    assert "書面だけの開催だったため。" in words(admin.get("/mihon/2020/differences/"))
    assert send(manager, f"{FORM}approve/", version=2).status_code == 302
    assert send(admin, f"{FORM}publish/", version=3).status_code == 302
    sheet = words(staff.get(SHEET))
    # The target's name stands above its marks, where there is room for a long one.
    assert "アウトカム指標の達成状況 ○連携した取組の件数" in sheet and sheet.count("選択: ") == 2
    assert "「連携した取組の件数」: 数値からの判定(参考)はA達成、選んだ判定はB未達成です。" in sheet
    basis = words(staff.get(SHEET + "basis/"))
    assert "8件に対し9件: 達成(達成率112.5%)" in basis and "書面だけの開催だったため。" in basis
    assert "○連携した取組の件数 数値からの判定(参考)A達成 選んだ判定" in basis


def test_the_basis_says_once_that_a_target_cannot_be_judged(next_form):
    send(client_of(next_form.staff), FORM, version=0, mark_a1="A")
    basis = words(client_of(next_form.staff).get(SHEET + "basis/"))
    assert "実績が未判明のため判定できません。" in basis
    assert "判定できません。実績が未判明" not in basis


def test_the_form_of_reiwa_5_goes_through_excel_and_back(next_form):
    send(client_of(next_form.staff), FORM, version=0, **FIGURES, mark_a1="A", qualitative="広がった。")
    content = exported(next_form.staff, next_form.plan)
    content = filled(
        content, "1", self_evaluation_mark_a2="Ｂ", self_evaluation_qualitative="広がり、深まった。"
    )
    reading = read_workbook(content)
    found = preview(next_form.plan, reading, by=next_form.staff, at=NOW)
    assert [(one.field, one.mine) for one in found.changes] == [
        ("self_evaluation.mark_a2", 2),
        ("self_evaluation.qualitative", "広がり、深まった。"),
    ]
    apply(next_form.plan, reading, by=next_form.staff, at=NOW)
    answers = next_form.review("self_evaluation").answers
    assert (answers["mark"], answers["qualitative"]) == ({"a1": 1, "a2": 2}, "広がり、深まった。")
    assert answers["figure"]["a1"]["value"] == "9"


# ---- an edition that nobody has seen: three marks, evaluation first, other rules -------------------------


@pytest.fixture
def invented(cast):
    """Give the plan a form whose evaluation comes first, with three marks that two of them mean met."""
    edition = FormEdition.objects.create(
        code="r9",
        title="まちの約束",
        first_fiscal_year=2027,
        labels={
            "item": "約束",
            "plan": "約束の内容",
            "phase.closing": "締めくくり",
            "phase.outlook": "見通し",
        },
    )
    rows = [
        ("closing", "number", "figure", "結果の数", {"scope": "target", "final": True, "on_paper": False}),
        ("closing", "grade", "mark", "できばえ", {"required": True, "combine": "any"}),
        ("closing", "why", "text", "ちがう理由", {"required_when": "differs", "limit": 40}),
        ("closing", "story", "text", "誇れること", {"column": "right"}),
        ("outlook", "trend", "mark", "これから", {"required": True}),
        ("outlook", "shift", "text", "変わったわけ", {"required_when": "turned", "column": "right"}),
    ]
    for place, (phase, key, kind, label, more) in enumerate(rows, start=1):
        Question.objects.create(
            edition=edition, phase=phase, key=key, kind=kind, label=label, position=place, **more
        )
    marks = {
        ("closing", "grade"): [("◎", "met", "story"), ("○", "met", ""), ("×", "not_met", "")],
        ("outlook", "trend"): [("↑", "met", ""), ("↓", "not_met", "")],
    }
    for (phase, key), symbols in marks.items():
        question = Question.objects.get(edition=edition, phase=phase, key=key)
        for position, (symbol, meaning, requires) in enumerate(symbols, start=1):
            Mark.objects.create(
                question=question,
                position=position,
                symbol=symbol,
                label=f"印{position}",
                meaning=meaning,
                requires=requires,
            )
    YearPlan.objects.filter(pk=cast.plan.pk).update(edition=edition)
    for plan_phase, phase in zip(PlanPhase.objects.order_by("-phase"), ("closing", "outlook"), strict=True):
        PlanPhase.objects.filter(pk=plan_phase.pk).update(phase=phase)
    Target.objects.filter(key="a2").update(kind="absolute", value=5, change=None, base_fiscal_year=None)
    cast.plan.refresh_from_db()
    return cast


CLOSING, OUTLOOK = SHEET + "closing/", SHEET + "outlook/"
NUMBERS = {name.replace("figure", "number"): value for name, value in FIGURES.items()}


def test_an_invented_rule_proposes_an_invented_mark(invented):
    staff = client_of(invented.staff)
    send(staff, CLOSING, version=0, **NUMBERS)
    text = words(staff.get(CLOSING))
    # One of two is enough here: 9件 of 8件; 12件, where 5件 is less and better.
    assert "8件に対し9件: 達成" in text and "5件に対し12件: 未達成" in text
    assert "数値からの判定(参考) ◎印1 2つのうち1つが達成のため。" in text
    assert "締めくくり" in text and "約束" in text


def test_invented_rules_are_enforced(invented):
    staff = client_of(invented.staff)
    page = Page(send(staff, f"{CLOSING}submit/", version=0, **NUMBERS, grade="◎"))
    assert page.errors == {"story": ["◎を選んだときは、誇れることを記入してください。"]}
    page = Page(send(staff, f"{CLOSING}submit/", version=1, **NUMBERS, grade="×"))
    assert list(page.errors) == ["why"] and "(◎印1)と異なる×印3" in page.errors["why"][0]
    # The second mark means met as well: nothing differs.
    assert send(staff, f"{CLOSING}submit/", version=2, **NUMBERS, grade="○").status_code == 302
    # The phase that comes second in this form is compared with the one before it.
    page = Page(send(staff, f"{OUTLOOK}submit/", version=0, trend="↓"))
    assert page.errors == {"shift": ["締めくくりでは○でした。何が変わったかを書いてください。"]}
    assert (
        send(staff, f"{OUTLOOK}submit/", version=1, trend="↓", shift="担い手が減ったため。").status_code
        == 302
    )
    send(client_of(invented.manager), f"{OUTLOOK}approve/", version=2)
    assert invented.review("outlook").status == "approved"
    assert "締めくくり ○印2 見通し ↓印2 担い手が減ったため。" in words(
        client_of(invented.admin).get("/mihon/2020/differences/")
    )


def test_an_invented_form_stands_in_the_workbook(invented):
    staff = client_of(invented.staff)
    send(staff, f"{CLOSING}submit/", version=0, **NUMBERS, grade="○", story="続いている。")
    content = exported(invented.staff, invented.plan)
    found = preview(invented.plan, read_workbook(content), by=invented.staff, at=NOW)
    assert not (found.changes or found.conflicts or found.problems)
    page = load_workbook(io.BytesIO(content)).worksheets[0]
    assert {"closing_grade", "closing_story", "outlook_trend"} <= set(page.defined_names)
    first, second = table(invented.staff)
    assert (first["段階"], first["実績"], first["選んだ判定"]) == ("締めくくり", 9, "○印2")
    assert second["数値からの判定(参考)の計算"] == "5件に対し12件: 未達成(7件上回る)"


@pytest.mark.parametrize(
    "address",
    [
        "/mihon/2020/",
        SHEET,
        SHEET + "closing/",
        SHEET + "history/",
        SHEET + "basis/",
        "/mihon/2020/differences/",
        "/mihon/2020/plan/sections/",
        "/mihon/2020/import/",
    ],
)
def test_pages_name_a_sheet_by_the_edition_s_own_word(invented, address):
    page = words(client_of(invented.admin).get(address))
    assert "約束" in page
    # The cells of the plan have one name in every edition.
    assert "取組項目" not in page.replace("取組項目名", "")


def test_an_edition_without_a_word_of_its_own_has_the_usual_one(invented):
    assert [edition.item for edition in FormEdition.objects.filter(code__in=["r2", "r9"])] == [
        "取組項目",
        "約束",
    ]
