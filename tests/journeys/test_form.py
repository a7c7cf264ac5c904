"""The form under the fingers: keys, clicks, choices, counters, and text that looks like a program."""

import re

import pytest
from playwright.sync_api import expect

from initiatives.models import Event

SHEET = "/mihon/2020/1/"
FORM = SHEET + "midyear/"
SELF = SHEET + "self-evaluation/"


def button(page, name):
    return page.get_by_role("button", name=name, exact=True)


# --- keys ------------------------------------------------------------------------------------------------


def test_enter_in_a_one_line_field_sends_nothing(cast, sit_down):
    page = sit_down(cast.staff)
    page.goto(SELF)
    sent = posts(page)
    source = page.get_by_label("出典").first
    source.fill("市民協働課調べ")
    source.press("Enter")
    button(page, "一時保存").click()
    expect(page.get_by_text("10:00に一時保存しました。")).to_be_visible()
    assert len(sent) == 1
    assert [event.verb for event in cast.events("self_evaluation")] == ["save"]
    assert cast.review("self_evaluation").answers == {"figure": {"a1": {"source": "市民協働課調べ"}}}


@pytest.mark.parametrize("event", [{"isComposing": True}, {"keyCode": 229}])
def test_enter_that_ends_a_conversion_sends_nothing(cast, sit_down, event):
    page = sit_down(cast.staff)
    page.goto("/mihon/2020/")
    field = page.get_by_label(re.compile("探す"))
    field.fill("つながり")
    prevented = field.evaluate(
        """(field, event) => !field.dispatchEvent(
            new KeyboardEvent("keydown", {key: "Enter", bubbles: true, cancelable: true, ...event}))""",
        event,
    )
    assert prevented
    # The same key without a conversion is the search.
    field.press("Enter")
    expect(page).to_have_url(re.compile("words="))


def test_enter_in_a_text_is_a_new_line(cast, sit_down):
    page = sit_down(cast.staff)
    page.goto(FORM)
    issues = page.get_by_label("課題と改善策")
    issues.type("一行目")
    issues.press("Enter")
    issues.type("二行目")
    button(page, "一時保存").click()
    expect(page.get_by_text("10:00に一時保存しました。")).to_be_visible()
    assert cast.review().answers == {"issues": "一行目\n二行目"}
    expect(page.get_by_label("課題と改善策")).to_have_value("一行目\n二行目")


# --- sending twice ---------------------------------------------------------------------------------------


def posts(page):
    sent = []
    is_sent = lambda request: request.method == "POST" and "/autosave/" not in request.url  # noqa: E731
    page.on("request", lambda request: sent.append(request.url) if is_sent(request) else None)
    return sent


def test_double_click_submits_once(cast, sit_down):
    cast.review_in("draft")
    page = sit_down(cast.staff)
    page.goto(FORM)
    sent = posts(page)
    button(page, "課長へ提出する").dblclick()
    expect(page.get_by_text("課長へ提出しました。")).to_be_visible()
    assert len(sent) == 1
    assert [event.verb for event in cast.events()] == ["save", "submit"]
    assert cast.review().version == 2


def test_form_on_its_way_is_not_sent_again(cast, sit_down):
    cast.review_in("draft")
    page = sit_down(cast.staff)
    page.goto(FORM)
    held_back = page.locator("form.save-form").evaluate(
        """form => {
            form.requestSubmit();
            return !form.dispatchEvent(new SubmitEvent("submit", {bubbles: true, cancelable: true}));
        }"""
    )
    assert held_back


def test_going_back_after_submitting_shows_what_stands(cast, sit_down):
    cast.review_in("draft")
    page = sit_down(cast.staff)
    page.goto(FORM)
    button(page, "課長へ提出する").click()
    expect(page.get_by_text("課長へ提出しました。")).to_be_visible()
    page.go_back()
    expect(page.locator("main")).to_contain_text("課長承認待ち")
    expect(page.get_by_role("button", name="提出する")).to_have_count(0)
    assert [event.verb for event in cast.events()] == ["save", "submit"]


def test_submitting_an_old_page_again_hands_the_text_back(cast, sit_down):
    cast.review_in("draft")
    page = sit_down(cast.staff)
    old = page.context.new_page()
    for tab in (page, old):
        tab.goto(FORM)
    button(page, "課長へ提出する").click()
    expect(page.get_by_text("課長へ提出しました。")).to_be_visible()
    old.get_by_label("課題と改善策").fill("前の画面で書いた文")
    with old.expect_navigation() as answer:
        button(old, "課長へ提出する").click()
    assert answer.value.status == 409
    expect(old.get_by_text("前の画面で書いた文")).to_be_visible()
    assert [event.verb for event in cast.events()] == ["save", "submit"]
    assert cast.review().answers == cast.answers()


# --- choices ---------------------------------------------------------------------------------------------


def test_nothing_is_chosen_for_the_person(cast, sit_down):
    page = sit_down(cast.staff)
    for url in (FORM, SELF):
        page.goto(url)
        assert page.get_by_role("radio").count() > 0
        expect(page.get_by_role("radio", checked=True)).to_have_count(0)
    page.goto(SHEET)
    expect(page.locator(".is-chosen")).to_have_count(0)


def test_choosing_again_keeps_the_text_and_changes_the_tag(cast, sit_down):
    page = sit_down(cast.staff)
    page.goto(FORM)
    tag = page.locator("[data-required-when]")
    expect(tag).to_have_text("②のとき必須")
    page.get_by_label("達成できない見込み").check()
    expect(tag).to_have_text("②を選んだので必須")
    page.get_by_label("課題と改善策").fill("参加者が𠮟る😀")
    expect(page.locator("#id_issues_counter")).to_have_text("7 / 4,000字")
    page.get_by_role("radio", name="① 達成見込み").check()
    expect(tag).to_have_text("②のとき必須")
    expect(page.get_by_label("課題と改善策")).to_have_value("参加者が𠮟る😀")
    button(page, "一時保存").click()
    expect(page.get_by_text("10:00に一時保存しました。")).to_be_visible()
    assert cast.review().answers == {"outlook": 1, "issues": "参加者が𠮟る😀"}


# --- text that looks like a program ----------------------------------------------------------------------

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</textarea><script>alert(1)</script>",
    "{{ 7*7 }}{% now %}",
    "javascript:alert(1)",
]


def test_text_that_looks_like_a_program_stays_text(cast, sit_down):
    text = "\n".join(HOSTILE)
    line = " ".join(HOSTILE)
    cast.plan.initiatives.filter(pk=cast.initiative.pk).update(title=line[:100], activities=text)
    page = sit_down(cast.staff)
    page.goto(SELF)
    for field in page.locator("main input[type=text]:not([inputmode=decimal])").all():
        if "as_of" not in field.get_attribute("name"):
            field.fill(line)
    for field in page.get_by_role("textbox", name=re.compile("当年度の取組実績|課題と改善策")).all():
        field.fill(text)
    page.get_by_label("目標達成").check()
    button(page, "一時保存").click()
    expect(page.get_by_label("課題と改善策")).to_have_value(text)
    expect(page.get_by_label("出典").first).to_have_value(line)
    answers = cast.review("self_evaluation").answers
    assert answers["issues"] == answers["results"] == text
    assert answers["figure"]["a1"]["source"] == line

    cast.review_in("submitted", "self_evaluation", answers=answers)
    cast.review_in("returned", answers=cast.answers(issues=text))
    Event.objects.filter(verb="return").update(reason=text)
    pages = {
        cast.manager: ["/queue/"],
        cast.staff: ["/", "/mihon/2020/", SHEET, FORM, SELF, SHEET + "history/"],
    }
    for user, urls in pages.items():
        page = sit_down(user)
        for url in urls:
            page.goto(url)
            assert "<script>alert(1)</script>" in page.locator("main").text_content(), url
            assert page.locator("main script, main img").count() == 0, url
