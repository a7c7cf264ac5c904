"""Two people write the same field: nothing is chosen for them, nothing is lost."""

import pytest
from playwright.sync_api import expect

from reviews import workflow
from tests.cast import NOW

FORM = "/mihon/2020/1/midyear/"
MINE, THEIRS = "次郎が書いた文", "太郎が先に保存した文"


def button(page, name):
    return page.get_by_role("button", name=name, exact=True)


@pytest.fixture
def clash(cast, sit_down):
    """Somebody saves while a colleague writes; the colleague meets the page of the two texts."""
    cast.review_in("draft")
    page = sit_down(cast.second_staff)
    page.goto(FORM)
    page.get_by_label("課題と改善策").fill(MINE)
    theirs = cast.answers(issues=THEIRS, implementation=2)
    workflow.save(cast.initiative, "midyear", by=cast.staff, at=NOW, version=1, answers=theirs)
    with page.expect_navigation() as answer:
        button(page, "一時保存").click()
    assert answer.value.status == 409
    return page


def both_texts_stand(page):
    expect(page.get_by_text(MINE)).to_be_visible()
    expect(page.get_by_text(THEIRS)).to_be_visible()
    expect(page.get_by_role("radio", checked=True)).to_have_count(0)


@pytest.mark.parametrize(
    ("choice", "saved"),
    [
        ("あなたの文を使う", MINE),
        ("担当 太郎さんの文を使う", THEIRS),
        ("両方をつなげて、自分で直す", f"{MINE}\n{THEIRS}"),
    ],
)
def test_chosen_text_is_saved(cast, clash, choice, saved):
    both_texts_stand(clash)
    expect(clash.get_by_text("担当 太郎さんだけが変えました")).to_be_visible()
    clash.get_by_label(choice).check()
    button(clash, "選んだ内容で保存する").click()
    expect(clash.get_by_label("課題と改善策")).to_have_value(saved)
    answers = cast.review().answers
    assert answers == cast.answers(issues=saved, implementation=2)
    assert [event.by for event in cast.events()][1] == cast.staff
    assert len(cast.events()) == (2 if saved == THEIRS else 3)


def test_undecided_is_asked_again(cast, clash):
    # The browser asks by itself; without its question the server does.
    clash.locator("form.save-form").evaluate("form => { form.noValidate = true; }")
    with clash.expect_navigation() as answer:
        button(clash, "選んだ内容で保存する").click()
    assert answer.value.status == 409
    both_texts_stand(clash)
    assert cast.review().answers["issues"] == THEIRS
    assert len(cast.events()) == 2
