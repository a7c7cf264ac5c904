"""The form of the year's end under the fingers: ready sentences, and fields that appear on demand."""

import pytest
from playwright.sync_api import expect

from reviews import workflow
from tests.cast import NOW

FORM = "/mihon/2020/1/self-evaluation/"
SENTENCE = "目標8件に対し、実績9件(達成率112.5%)であり、目標を達成した。"
BUTTON = "この文を実績欄に入れる"
FIGURES = {
    "a1": {"value": "9", "as_of": "2021-03-31", "source": "活動報告書"},
    "a2": {"value": "8", "as_of": "2021-03-31", "source": "総務課調べ"},
}


@pytest.fixture
def form(official, sit_down):
    def form(**answers):
        official.review_in("draft", "self_evaluation", answers={"figure": FIGURES, **answers})
        page = sit_down(official.staff)
        page.goto(FORM)
        return page

    return form


def test_a_ready_sentence_goes_to_the_cursor_and_never_in_twice(form):
    page = form(results="初めの文。\n終わりの文。")
    results = page.locator("#id_results")
    results.evaluate("field => { field.focus(); field.setSelectionRange(5, 5); }")
    page.get_by_role("button", name=BUTTON).first.click()
    expect(results).to_have_value(f"初めの文。\n{SENTENCE}\n終わりの文。")
    expect(results).to_be_focused()
    expect(page.get_by_text("実績欄に入れました").first).to_be_visible()
    expect(page.get_by_role("button", name=BUTTON)).to_have_count(1)  # the other target's
    # Edited afterwards it is another sentence, which may be put in again.
    results.fill("書き直した文。")
    expect(page.get_by_role("button", name=BUTTON)).to_have_count(2)
    expect(page.get_by_text("未保存")).to_be_visible()


def test_without_a_cursor_the_sentence_goes_to_the_end(form):
    page = form(results="初めの文。")
    page.get_by_role("button", name=BUTTON).first.click()
    expect(page.locator("#id_results")).to_have_value(f"初めの文。\n{SENTENCE}")


def test_the_reason_appears_with_a_mark_that_differs(form):
    page = form(results="行った。")
    reason = page.get_by_label("判定と異なる評価とした理由")
    expect(reason).to_be_hidden()
    page.get_by_text("目標未達成", exact=True).click()
    expect(reason).to_be_visible()
    expect(page.get_by_text("判定と異なるので必須")).to_be_visible()
    reason.fill("書面だけのため。")
    page.get_by_text("目標達成", exact=True).click()
    expect(reason).to_have_value("書面だけのため。")
    expect(reason).to_be_visible()


def test_axe_finds_nothing_on_the_steps(form, axe_findings, too_wide):
    page = form(achievement=2)
    for width in (390, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        assert (axe_findings(page), too_wide(page)) == ([], 0)
    page.get_by_role("button", name="課長へ提出する").click()
    expect(page.get_by_role("alert")).to_be_focused()
    assert axe_findings(page) == []


def test_axe_finds_nothing_where_the_basis_is_told(official, sit_down, axe_findings, too_wide):
    answers = {"figure": FIGURES, "results": "行った。", "achievement": 2, "issues": "少ない。"}
    answers["reason"] = "書面だけの開催だったため。"
    workflow.submit(
        official.initiative, "self_evaluation", by=official.staff, at=NOW, version=0, answers=answers
    )
    page = sit_down(official.manager)
    for address in ("/mihon/2020/1/basis/", "/mihon/2020/differences/", "/mihon/2020/1/", "/queue/"):
        page.goto(address)
        for width in (390, 1280):
            page.set_viewport_size({"width": width, "height": 900})
            assert (axe_findings(page), too_wide(page)) == ([], 0), address


def test_the_sheet_prints_its_basis_on_a_page_of_its_own(official, sit_down):
    answers = {"figure": FIGURES, "results": "行った。", "achievement": 1}
    workflow.submit(
        official.initiative, "self_evaluation", by=official.staff, at=NOW, version=0, answers=answers
    )
    page = sit_down(official.viewer)
    page.goto("/mihon/2020/1/")
    evidence = page.locator(".evidence")
    expect(evidence).to_be_hidden()
    page.emulate_media(media="print")
    expect(evidence).to_be_visible()
    expect(evidence).to_contain_text("8件に対し9件: 達成")
    assert evidence.evaluate("element => getComputedStyle(element).breakBefore") == "page"
