"""The whole day of one sheet: written, refused, submitted, returned, mended, approved, told and printed."""

import re
from io import BytesIO

from playwright.sync_api import expect
from pypdf import PdfReader

from reviews.models import Review

SHEET = "/mihon/2020/1/"
FORM = SHEET + "midyear/"
TEXT = "若年層の参加が少ない。\n区のSNSでの発信をふやす。"
REASON = "改善策を、いつまでに行うかまで書いてください。"
FORCED = "②を選んだときは、課題と改善策を記入してください。"


def button(page, name):
    return page.get_by_role("button", name=name, exact=True)


def test_day_from_log_in_to_paper(cast, sit_down, log_in):
    page = sit_down()
    page.goto("/")
    log_in(page, cast.staff)
    expect(page.get_by_role("heading", name="やること", exact=True)).to_be_visible()
    page.get_by_role("link", name="書き始める 取組項目1・中間振り返り").click()

    page.get_by_role("radio", name="(i) 実施見込み").check()
    button(page, "一時保存").click()
    expect(page.get_by_text("10:00に一時保存しました。提出はまだしていません。")).to_be_visible()
    assert cast.review().status == "draft"
    assert cast.review().answers == {"implementation": 1}

    page.get_by_label("達成できない見込み").check()
    button(page, "課長へ提出する").click()
    refused_beside_the_field(page)
    assert cast.review().status == "draft"
    assert cast.review().answers == {"implementation": 1, "outlook": 2}

    page.get_by_label("課題と改善策").fill(TEXT)
    button(page, "課長へ提出する").click()
    expect(page.get_by_text("課長へ提出しました。")).to_be_visible()
    expect(now_in(page, "中間振り返り")).to_contain_text("課長が承認")
    assert cast.review().answers == {"implementation": 1, "outlook": 2, "issues": TEXT}

    manager = sit_down(cast.manager)
    manager.goto("/queue/")
    expect(manager.get_by_text("区のSNSでの発信をふやす。")).to_be_visible()
    manager.goto(SHEET)
    manager.locator("summary", has_text="差し戻す").click()
    button(manager, "差し戻す").click()
    summary = manager.get_by_role("alert")
    expect(summary).to_be_focused()
    expect(summary).to_contain_text("差戻しの理由を書いてください。")
    assert cast.review().status == "submitted"
    summary.get_by_role("link").click()
    expect(manager.get_by_label("理由")).to_be_focused()
    manager.get_by_label("理由").fill(REASON)
    button(manager, "差し戻す").click()
    expect(manager.get_by_text("差し戻しました。")).to_be_visible()
    assert cast.review().status == "returned"

    page.goto("/")
    expect(page.get_by_text(REASON)).to_be_visible()
    page.get_by_role("link", name="直して再提出する").click()
    expect(page.get_by_text(REASON)).to_be_visible()
    page.get_by_label("課題と改善策").fill(TEXT + "\n12月までに行う。")
    button(page, "一時保存").click()
    expect(page.get_by_text(REASON)).to_be_visible()
    button(page, "直して再提出する").click()
    expect(now_in(page, "中間振り返り")).to_contain_text("課長が承認")
    assert cast.review().status == "submitted"

    manager.goto(FORM)
    manager.get_by_label("課題と改善策").fill(TEXT.replace("ふやす", "増やす") + "\n12月までに行う。")
    button(manager, "直した内容を保存する").click()
    expect(manager.get_by_text("字句を直しました。")).to_be_visible()
    expect(manager.get_by_text("1か所変更")).to_be_visible()
    button(manager, "承認して次へ").click()
    expect(manager.get_by_text("承認しました。")).to_be_visible()
    manager.goto(SHEET)
    chosen = manager.locator(".is-chosen")
    expect(chosen).to_have_text([re.compile("実施見込み"), re.compile("②:達成できない見込み")])
    review = cast.review()
    assert (review.status, review.submitted_by, review.approved_by) == ("approved", cast.staff, cast.manager)
    assert review.answers["issues"] == "若年層の参加が少ない。\n区のSNSでの発信を増やす。\n12月までに行う。"

    page.goto(SHEET + "history/")
    told = page.locator(".history-what")
    words = ["承認", "字句の修正", "提出", "一時保存", "差戻し", "提出", "一時保存", "一時保存"]
    expect(told).to_have_count(len(words))
    assert [line.split()[0] for line in told.all_inner_texts()] == words
    expect(page.get_by_text(REASON)).to_be_visible()
    verbs = [event.verb for event in cast.events()]
    assert verbs == ["save", "save", "submit", "return", "save", "submit", "save", "approve"]


def refused_beside_the_field(page):
    """The summary has the focus; its link leads to the field, which says the same words."""
    summary = page.get_by_role("alert")
    expect(summary).to_be_focused()
    field = page.get_by_label("課題と改善策")
    expect(field).to_have_accessible_description(re.compile(FORCED))
    expect(page.locator("#id_issues_error")).to_have_text(FORCED)
    expect(page.get_by_label("達成できない見込み")).to_be_checked()
    summary.get_by_role("link", name=FORCED).click()
    expect(field).to_be_focused()
    expect(page.locator("#id_issues_error")).to_be_in_viewport()


def now_in(page, phase):
    """Give the step of a phase that carries いまここ."""
    row = page.locator(".status-row", has=page.get_by_role("heading", name=phase, exact=True))
    return row.get_by_role("listitem").filter(has_text="いまここ")


def test_sheet_prints_on_one_page_without_the_screen_around_it(cast, sit_down):
    cast.review_in("approved")
    page = sit_down(cast.staff)
    page.goto(SHEET)
    document = PdfReader(BytesIO(page.pdf(prefer_css_page_size=True)))
    assert len(document.pages) == 1
    width, height = document.pages[0].mediabox[2:]
    assert (round(width), round(height)) == (842, 595)
    # A PDF may hold the look-alikes of the radicals block.
    text = re.sub(r"\s", "", document.pages[0].extract_text())
    for words in ["取組項目1", "清掃活動", "SNSでの発信を", "②:", "8件", "印刷"]:
        assert words in text
    for words in ["ログアウト", "やること", "いまここ", "Excel", "問い合わせ"]:
        assert words not in text


def test_excel_file_downloads(cast, sit_down):
    page = sit_down(cast.staff)
    page.goto(SHEET)
    with page.expect_download() as download:
        page.get_by_role("link", name="Excel").click()
    assert download.value.suggested_filename.endswith(".xlsx")
    with open(download.value.path(), "rb") as file:
        assert file.read(2) == b"PK"


def test_main_verbs_work_without_scripts(cast, sit_down):
    page = sit_down(cast.staff, java_script_enabled=False)
    page.goto(FORM)
    page.get_by_label("達成できない見込み").check()
    button(page, "一時保存").click()
    assert cast.review().answers == {"outlook": 2}
    page.get_by_role("radio", name="(i) 実施見込み").check()
    button(page, "課長へ提出する").click()
    page.get_by_role("alert").get_by_role("link", name=FORCED).click()
    assert page.url.endswith("#id_issues")
    expect(page.locator("#id_issues_error")).to_have_text(FORCED)
    page.get_by_label("課題と改善策").fill(TEXT)
    button(page, "課長へ提出する").click()
    assert cast.review().status == "submitted"

    manager = sit_down(cast.manager, java_script_enabled=False)
    manager.goto(SHEET)
    manager.locator("summary", has_text="差し戻す").click()
    manager.get_by_label("理由").fill(REASON)
    button(manager, "差し戻す").click()
    assert cast.review().status == "returned"
    assert cast.events()[-1].reason == REASON
    page.goto(FORM)
    button(page, "直して再提出する").click()
    manager.goto(SHEET)
    button(manager, "承認する").click()
    assert cast.review().status == Review.Status.APPROVED
    assert cast.review().answers == {"implementation": 1, "outlook": 2, "issues": TEXT}
