"""Two people changed the same field: both texts, a choice, and nothing lost on the way."""

import re

import pytest
from django.test import Client

from initiatives.models import Mark, Question
from tests.cast import snapshot
from tests.pages import Page, send

MIDYEAR = "/mihon/2020/1/midyear/"
EVALUATION = "/mihon/2020/1/self-evaluation/"
MINE, THEIRS = "わたしの文。\n二行目。", "ほかの人の文。"


@pytest.fixture
def staff(client, cast):
    client.force_login(cast.staff)
    return client


@pytest.fixture
def colleague(cast):
    client = Client()
    client.force_login(cast.second_staff)
    return client


@pytest.fixture
def clash(staff, colleague, cast):
    """Let a colleague save first, and give the page that a save of the same field is answered with."""

    def clash(mine=MINE, theirs=THEIRS, ending="", **more):
        cast.review_in("draft", answers={"issues": "もとの文。", "implementation": 1, "outlook": 1})
        send(colleague, MIDYEAR, version=1, implementation=2, outlook=1, issues=theirs)
        fields = {"implementation": 1, "outlook": 1, "issues": mine, **more}
        return Page(send(staff, MIDYEAR + ending, version=1, **fields), 409)

    return clash


def resend(client, page, **choices):
    """Send the page's form as it stands, with these choices."""
    fields = {name: value for name, value in page.typed.items() if name != "csrfmiddlewaretoken"}
    return send(client, page.main, **fields, **{f"choice-{name}": side for name, side in choices.items()})


def test_two_screens_of_one_person_are_named_as_such(cast, staff):
    cast.review_in("draft", answers={"issues": "もとの文。"})
    send(staff, MIDYEAR, version=1, issues="一枚目。", outlook=1)
    page = Page(send(staff, MIDYEAR, version=1, issues="二枚目。"), 409)
    assert "同じシートを、あなたが別の画面で先に保存しました" in page.text
    assert "この画面の文を使う" in page.text and "別の画面の文を使う" in page.text
    assert "担当 太郎さん" not in page.text
    assert resend(staff, page, issues="mine").status_code == 302
    assert cast.review().answers == {"issues": "二枚目。", "outlook": 1}


@pytest.mark.parametrize("ending", ["", "submit/"])
def test_both_texts_are_shown_and_nothing_is_chosen(cast, clash, ending):
    page = clash(ending=ending)
    assert "同じシートを、担当 次郎さんが先に保存しました" in page.text
    assert "あなたの文は消えていません。" in page.text
    without_deleted = re.sub(r"(?s)<del>.*?</del>|<[^>]+>|追加 ", "", page.html)
    assert MINE in without_deleted and THEIRS in without_deleted
    assert "開いたときの文と比べて" in page.text
    assert page.html.count('<del><span class="visually-hidden">削除 </span>もと</del>') == 2
    assert page.typed["mine-issues"] == MINE and page.typed["theirs-issues"] == THEIRS
    assert page.typed["conflict"] == "issues" and page.typed["base_version"] == "1"
    assert page.typed["version"] == "2"
    assert "choice-issues" not in page.typed
    # The field that only the colleague changed is taken over and said so.
    assert page.typed["implementation"] == "2" and "issues" not in page.typed
    assert "(i)実施見込み → 変更後 (ii)実施できない見込み" in page.text
    assert cast.review().answers["issues"] == THEIRS
    assert len(cast.events()) == 2


def test_my_text_is_chosen(staff, cast, clash):
    assert resend(staff, clash(), issues="mine")["Location"] == MIDYEAR
    assert cast.review().answers == {"implementation": 2, "outlook": 1, "issues": MINE}
    assert (cast.review().version, cast.events()[-1].by) == (3, cast.staff)
    # The text that was not taken stays in the record.
    assert cast.events()[1].content["answers"]["issues"] == THEIRS


def test_their_text_is_chosen(staff, cast, clash):
    page = clash(outlook=2)
    resend(staff, page, issues="theirs")
    assert cast.review().answers == {"implementation": 2, "outlook": 2, "issues": THEIRS}


def test_both_texts_are_joined(staff, cast, clash):
    resend(staff, clash(), issues="both")
    assert cast.review().answers["issues"] == f"{MINE}\n{THEIRS}"
    assert Page(staff.get(MIDYEAR)).typed["issues"] == f"{MINE}\n{THEIRS}"


@pytest.mark.parametrize("side", [None, "", "nobody", "1"])
def test_without_a_choice_the_same_is_asked_again(staff, cast, clash, side):
    page = clash()
    before = snapshot()
    again = Page(resend(staff, page, **({} if side is None else {"issues": side})), 409)
    assert again.typed["mine-issues"] == MINE and again.typed["theirs-issues"] == THEIRS
    assert again.typed["version"] == "2" and again.typed["base_version"] == "1"
    assert snapshot() == before


def test_an_emptied_text_can_be_chosen(staff, cast, clash):
    resend(staff, clash(theirs=""), issues="theirs")
    assert "issues" not in cast.review().answers


def test_a_third_save_in_between_is_asked_about_again(staff, colleague, cast, clash):
    page = clash()
    send(colleague, MIDYEAR, version=2, implementation=2, outlook=1, issues="さらに直した文。")
    again = Page(resend(staff, page, issues="mine"), 409)
    assert again.typed["mine-issues"] == MINE and again.typed["theirs-issues"] == "さらに直した文。"
    resend(staff, again, issues="mine")
    assert cast.review().answers["issues"] == MINE


def test_marks_are_shown_in_words_and_cannot_be_joined(staff, cast, clash):
    page = clash(implementation="")
    assert "(選択なし)" in page.text and "(ii)実施できない見込み" in page.text
    assert 'name="choice-implementation" value="both"' not in page.html
    assert 'name="choice-issues" value="both"' in page.html


def test_submit_on_an_old_version_without_a_clash_asks_to_look(staff, colleague, cast):
    cast.review_in("draft", answers={"implementation": 1, "outlook": 1})
    send(colleague, MIDYEAR, version=1, implementation=2, outlook=1)
    page = Page(send(staff, f"{MIDYEAR}submit/", version=1, implementation=1, outlook=1, issues=MINE), 409)
    assert "この内容で保存する" in page.text
    assert (page.typed["implementation"], page.typed["issues"]) == ("2", MINE)
    assert cast.review().status == "draft"
    resend(staff, page)
    assert cast.review().answers == {"implementation": 2, "outlook": 1, "issues": MINE}


@pytest.mark.parametrize(
    "forged",
    [
        {"conflict": "issues", "base_version": "9" * 5000},
        {"conflict": "issues", "base_version": "²"},
        {"conflict": "nothing", "choice-nothing": "mine"},
        {"conflict": "version", "choice-version": "theirs", "theirs-version": "1"},
        {"conflict": ["issues"] * 900, "choice-issues": "both"},
        {"conflict": "outlook", "choice-outlook": "mine", "mine-outlook": "x"},
        {"conflict": "outlook", "choice-outlook": "both", "mine-outlook": "1", "theirs-outlook": "2"},
    ],
)
def test_forged_choices_are_no_server_error(staff, cast, forged):
    cast.review_in("draft")
    before = snapshot()
    response = send(staff, MIDYEAR, version=7, issues=MINE, **forged)
    assert response.status_code in (200, 409)
    assert snapshot() == before


def test_a_field_is_not_taken_for_another_that_begins_alike(staff, colleague, cast):
    question = {"edition": cast.edition, "phase": "midyear", "kind": "text"}
    Question.objects.create(key="issues_note", position=50, label="備考", **question)
    cast.review_in("draft", answers={"issues": "もと", "issues_note": "もとの備考"})
    send(colleague, MIDYEAR, version=1, issues=THEIRS, issues_note="もとの備考")
    page = Page(send(staff, MIDYEAR, version=1, issues=MINE, issues_note="わたしの備考"), 409)
    assert page.typed["issues_note"] == "わたしの備考"
    resend(staff, page, issues="theirs")
    assert cast.review().answers == {"issues": THEIRS, "issues_note": "わたしの備考"}


def test_figures_clash_as_a_whole(staff, colleague, cast):
    cast.review_in("draft", "self_evaluation", answers={"figure": {"a1": {"value": "8"}}})
    send(colleague, EVALUATION, version=1, figure_a1="9", figure_a1_source="課の記録")
    page = Page(
        send(staff, EVALUATION, version=1, figure_a1="10", figure_a1_as_of="令和3年3月31日", figure_a2="6"),
        409,
    )
    assert page.typed["mine-figure_a1"] == "10" and page.typed["theirs-figure_a1"] == "9"
    assert page.typed["mine-figure_a1_as_of"] == "令和3年3月31日"
    assert page.typed["theirs-figure_a1_source"] == "課の記録"
    assert "実績値(連携した取組の件数)" in page.text
    resend(staff, page, figure_a1="theirs")
    assert cast.review("self_evaluation").answers == {
        "figure": {"a1": {"value": "9", "source": "課の記録"}, "a2": {"value": "6"}}
    }


def test_text_of_the_choices_survives_a_session_that_ended(cast, clash, staff):
    page = clash()
    staff.logout()
    answer = Page(resend(staff, page, issues="mine"))
    assert MINE in answer.text
    staff.force_login(cast.staff)
    page = Page(staff.get(MIDYEAR))
    assert page.typed["issues"] == MINE and page.typed["version"] == "1"
    assert page.typed["implementation"] == "2"
    # The choice is asked for again, because it was never saved.
    Page(resend(staff, page), 409)
    assert cast.review().answers["issues"] == THEIRS


def test_labels_of_marks_come_from_the_edition(staff, colleague, cast):
    Mark.objects.filter(question__key="outlook", position=1).update(symbol="A", label="順調")
    cast.review_in("draft", answers={})
    send(colleague, MIDYEAR, version=1, outlook=1)
    page = Page(send(staff, MIDYEAR, version=1, outlook=2), 409)
    assert "A順調" in page.text and "②達成できない見込み" in page.text
