"""The form of the year's end under the fingers: ready sentences, and fields that appear on demand."""

import re
from datetime import timedelta
from io import BytesIO

import pytest
from playwright.sync_api import expect
from pypdf import PdfReader

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
def printed():
    """Give a function that prints a page and tells the text of each sheet of paper, without white space."""

    def printed(page):
        document = PdfReader(BytesIO(page.pdf(prefer_css_page_size=True)))
        return [re.sub(r"\s", "", sheet.extract_text()) for sheet in document.pages]

    return printed


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


def test_the_sheet_prints_the_basis_of_both_phases_on_one_page_after_the_form(official, sit_down, printed):
    midyear = {"figure": FIGURES, "implementation": 1, "outlook": 1}
    evaluation = {"figure": FIGURES, "results": "行った。", "achievement": 1}
    for phase, answers in (("midyear", midyear), ("self_evaluation", evaluation)):
        workflow.submit(official.initiative, phase, by=official.staff, at=NOW, version=0, answers=answers)
    page = sit_down(official.viewer)
    page.goto("/mihon/2020/1/")
    expect(page.locator(".evidence").first).to_be_hidden()
    form, basis = printed(page)
    assert "取組の方針・目標内容" in form and "判定根拠" not in form
    assert basis.count("判定根拠") == 2
    assert "8件に対し9件:達成" in basis and "②" not in basis


def test_the_printed_history_keeps_an_entrys_head_with_its_text(cast, sit_down, printed):
    for number in range(1, 13):
        workflow.save(
            cast.initiative,
            "self_evaluation",
            by=cast.staff,
            at=NOW + timedelta(minutes=number),
            version=number - 1,
            answers={"results": f"第{number}回の文。" + "続きの文。\n" * (5 + number % 7)},
        )
    page = sit_down(cast.staff)
    page.goto("/mihon/2020/1/history/?texts=open")
    sheets = printed(page)
    assert len(sheets) > 3
    for number in range(1, 13):
        (head,) = [sheet for sheet in sheets if f"10:{number:02}" in sheet]
        assert f"第{number}回の文。" in head.partition(f"10:{number:02}")[2]
