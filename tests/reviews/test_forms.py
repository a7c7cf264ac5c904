"""Forms are built from the edition's questions: next year's form needs no code."""

import pytest
from django.test import Client

from initiatives.form import read_form
from initiatives.models import FormEdition, Mark, Question, YearPlan
from reviews.case import open_case
from reviews.forms import DecisionForm, MarkField, ReviewForm, read_mark
from tests.cast import snapshot
from tests.pages import Page, send


def form_of(cast, phase="midyear", data=None, **more):
    return ReviewForm(open_case(cast.initiative, phase, cast.staff), data, **more)


def test_fields_come_from_the_edition_in_its_order(cast):
    assert list(form_of(cast).fields) == ["implementation", "outlook", "issues"]
    parts = ["", "_as_of", "_source", "_note", "_evidence"]
    assert list(form_of(cast, "self_evaluation").fields) == [
        *(f"figure_a1{part}" for part in parts),
        *(f"figure_a2{part}" for part in parts),
        "results",
        "achievement",
        "issues",
    ]


def test_nothing_is_preselected_and_there_is_no_blank_choice(cast):
    form = form_of(cast)
    assert [str(label) for _, label in form.fields["outlook"].choices] == [
        "①達成見込み",
        "②達成できない見込み",
    ]
    assert "checked" not in str(form["outlook"]) and "---" not in str(form["outlook"])


def test_tags_say_what_is_required_and_when(cast):
    form = form_of(cast)
    assert form.fields["outlook"].tag == {"kind": "required", "words": "必須"}
    assert form.fields["issues"].tag == {
        "kind": "conditional",
        "when": "outlook=2",
        "required": "②を選んだので必須",
        "otherwise": "②のとき必須",
        "words": "②のとき必須",
    }
    chosen = form_of(cast, data={"outlook": "②"})
    assert chosen.fields["issues"].tag["words"] == "②を選んだので必須"
    cast.review_in("draft")
    assert form_of(cast).fields["issues"].tag["words"] == "②を選んだので必須"
    Mark.objects.update(requires="")
    cast.edition.renew()
    assert form_of(cast).fields["issues"].tag == {"kind": "optional", "words": "任意"}


def test_a_draft_may_be_incomplete_and_a_submission_may_not(cast):
    assert form_of(cast, data={"outlook": "2"}).is_valid()
    form = form_of(cast, data={"outlook": "2"}, complete=True)
    assert not form.is_valid()
    assert form.error_links() == [
        ("id_implementation_0", "取組内容の実施見込みを選んでください。"),
        ("id_issues", "②を選んだときは、課題と改善策を記入してください。"),
    ]


def test_answers_leave_blanks_out(cast):
    form = form_of(cast, "self_evaluation", {"figure_a1": " ", "figure_a1_source": "", "results": ""})
    assert form.is_valid() and form.answers() == {}


def test_the_form_can_be_sent_again_as_it_stands(cast):
    cast.review_in("draft", "self_evaluation")
    again = form_of(cast, "self_evaluation", dict(form_of(cast, "self_evaluation").as_inputs()))
    assert again.is_valid()
    assert again.answers() == cast.answers("self_evaluation")


@pytest.mark.parametrize(
    ("typed", "position"),
    [
        ("5", 1),
        ("1", 5),
        ("５", 1),
        ("5:とても良い", 1),
        ("とても良い", 1),
        ("⑤", 5),
        ("ii", 2),
        ("ⅱ", 2),
        ("(ii)", 2),
        ("6", None),
        ("", None),
    ],
)
def test_what_is_printed_goes_before_the_count(cast, typed, position):
    question = Question.objects.get(phase="midyear", key="outlook")
    question.marks.all().delete()
    labels = ["とても良い", "良い", "普通", "悪い", "とても悪い"]
    for place, label in enumerate(labels, start=1):
        Mark.objects.create(question=question, position=place, symbol=str(6 - place), label=label)
    outlook = read_form(cast.edition).by_phase["midyear"].question("outlook")
    assert read_mark(outlook, typed) == position
    # A radio of our own page sends the position.
    if typed in ("1", "5"):
        assert MarkField(outlook).clean(typed) == int(typed)


def test_reasons_and_dates_of_decisions(cast):
    case = open_case(cast.initiative, "midyear", cast.manager)
    comments = ["comment_implementation", "comment_outlook", "comment_issues"]
    assert list(DecisionForm("return", case).fields) == ["reason", *comments]
    cast.set_window("midyear", "closed")
    case = open_case(cast.initiative, "midyear", cast.manager)
    assert set(DecisionForm("return", case).fields) == {"reason", "until", *comments}
    form = DecisionForm("return", case, {"reason": "直す", "until": "R2.10.9"})
    assert form.is_valid() and form.until_day().isoformat() == "2020-10-09"
    assert list(DecisionForm("approve", case).fields) == ["reason"]


# ---- an edition that nobody has seen before --------------------------------------------------------------


@pytest.fixture
def invented(cast):
    """Give the plan a form of next year: evaluation first, three marks, a mark and its text per target."""
    edition = FormEdition.objects.create(
        code="r9",
        title="運営方針の進捗",
        first_fiscal_year=2027,
        labels={"item": "重点取組", "phase.closing": "年度末評価", "phase.spring_check": "春の点検"},
    )
    rows = [
        ("closing", "grade", "mark", "達成度", {"scope": "target", "required": True}),
        ("closing", "remedy", "text", "改善の方向", {"scope": "target", "limit": 10, "column": "right"}),
        ("closing", "review_of_all", "text", "総評<b>", {"required": True, "column": "right"}),
        ("spring_check", "pace", "mark", "進み具合", {"required": True}),
    ]
    for place, (phase, key, kind, label, more) in enumerate(rows, start=1):
        question = Question.objects.create(
            edition=edition, phase=phase, key=key, kind=kind, label=label, position=place, **more
        )
        if kind == "mark":
            for position, symbol in enumerate("ＡＢＣ", start=1):
                Mark.objects.create(
                    question=question, position=position, symbol=symbol, label=f"評価{position}",
                    requires="remedy" if (phase, symbol) == ("closing", "Ｃ") else "",
                )  # fmt: skip
    YearPlan.objects.filter(pk=cast.plan.pk).update(edition=edition)
    for number, phase in enumerate(("closing", "spring_check")):
        plan_phase = cast.plan.phases.order_by("pk")[number]
        plan_phase.phase = phase
        plan_phase.save()
    cast.plan.refresh_from_db()
    client = Client()
    client.force_login(cast.staff)
    return client


CLOSING = "/mihon/2020/1/closing/"


def test_an_invented_edition_shows_its_form(cast, invented):
    page = Page(invented.get(CLOSING))
    assert "年度末評価" in page.text and "総評<b>" in page.text and "Ｃ" in page.text
    assert set(page.typed) >= {"remedy_a1", "remedy_a2", "review_of_all"}
    assert "maxlength" not in page.html
    assert 'data-required-when="grade_a1=3"' in page.html and 'data-required-when="grade_a2=3"' in page.html
    assert invented.get("/mihon/2020/1/midyear/").status_code == 404


def test_an_invented_edition_is_enforced_target_by_target(cast, invented):
    fields = {"grade_a1": 1, "grade_a2": "Ｃ", "remedy_a1": "", "review_of_all": "良い。"}
    page = Page(send(invented, f"{CLOSING}submit/", version=0, **fields))
    assert page.errors == {"remedy_a2": ["Ｃを選んだときは、改善の方向を記入してください。"]}
    assert page.typed["grade_a2"] == "3"
    fields["remedy_a2"] = "あ" * 11
    page = Page(send(invented, f"{CLOSING}submit/", version=1, **fields))
    assert "10字以内" in page.errors["remedy_a2"][0] and "1字多く" in page.errors["remedy_a2"][0]
    fields["remedy_a2"] = "直す。"
    assert send(invented, f"{CLOSING}submit/", version=2, **fields).status_code == 302
    review = cast.review("closing")
    assert (review.status, review.answers) == (
        "submitted",
        {"grade": {"a1": 1, "a2": 3}, "remedy": {"a2": "直す。"}, "review_of_all": "良い。"},
    )


def test_an_invented_edition_stands_on_the_sheet(cast, invented):
    answers = {"grade": {"a1": 1, "a2": 3}, "remedy": {"a2": "直す。"}, "review_of_all": "良い。"}
    send(
        invented,
        f"{CLOSING}submit/",
        version=0,
        grade_a1=1,
        grade_a2=3,
        remedy_a2="直す。",
        review_of_all="良い。",
    )
    assert cast.review("closing").answers == answers
    page = Page(invented.get("/mihon/2020/1/"))
    words = " ".join(page.text.split())
    assert "重点取組1 【人と人とのつながりづくり】" in words
    assert words.index("年度末評価") < words.index("春の点検")
    first, second = (
        words.index(f"達成度 ○{name}") for name in ("連携した取組の件数", "不適切な事務処理事案の件数")
    )
    assert first < words.index("選択: ") < second
    assert words.count("選択: ") == 2
    assert "直す。" in words and "良い。" in words
    manager = Client()
    manager.force_login(cast.manager)
    send(manager, f"{CLOSING}approve/", version=1)
    assert cast.review("closing").status == "approved"


def test_forged_target_keys_are_not_taken(cast, invented):
    before = snapshot()
    send(invented, CLOSING, version=0, grade_p1=1, grade_zz=1, grade=1, remedy_a9="x")
    assert snapshot() == before
