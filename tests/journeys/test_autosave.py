"""Nothing typed is lost: kept while typing, through crashes and bad networks, and only for its writer.

The browser's clock is moved by hand, so nothing is waited for.
"""

import datetime
import json
import re

import pytest
from django.contrib.sessions.models import Session
from playwright.sync_api import expect

from initiatives.models import Event
from reviews.models import UnsavedText
from tests.cast import NOW

FORM = "/mihon/2020/1/midyear/"
TEXT = "秋から若い世代へ呼びかける。"
FAILED = "保存できません。再試行中です。文は残っています。"


def button(page, name):
    return page.get_by_role("button", name=name, exact=True)


def state(page):
    return page.locator("[data-save-state]")


def copies(page):
    names = page.evaluate("Object.keys(localStorage)")
    return [name for name in names if name.startswith("wardplan:unsent:")]


@pytest.fixture
def write(cast, sit_down):
    """Open the form as somebody and type, with the browser's clock in hand."""

    def write(user=None, page=None, text=TEXT):
        page = page or sit_down(user or cast.staff)
        page.clock.install(time=NOW)
        page.goto(FORM)
        page.get_by_label("課題と改善策").fill(text)
        return page

    return write


def autosaved(page, milliseconds=2000):
    """Let the form fall silent, and wait for the answer to what it sends then."""
    with page.expect_response(re.compile("/autosave/")) as answer:
        page.clock.run_for(milliseconds)
    return answer.value


# ---- as it should be -------------------------------------------------------------------------------------


def test_typing_is_kept_after_two_seconds(cast, write):
    page = write()
    expect(state(page)).to_have_text("未保存(10:00から)")
    assert len(copies(page)) == 1
    assert autosaved(page).json()["differs"]
    expect(state(page)).to_have_text("10:00 保存済み 書きかけとして残しました。")
    assert UnsavedText.objects.get().fields == {"issues": TEXT}
    assert copies(page) == []
    assert not Event.objects.filter(initiative=cast.initiative).exists()


def test_who_never_stops_typing_is_kept_every_eight_seconds(write):
    page = write()
    field = page.get_by_label("課題と改善策")
    sent = []
    page.on("request", lambda request: sent.append(1) if "/autosave/" in request.url else None)
    with page.expect_response(re.compile("/autosave/")):
        for _ in range(8):
            assert not sent
            field.press("End")
            field.type("続")
            page.clock.run_for(1000)
    expect(state(page)).to_have_text("10:00 保存済み 書きかけとして残しました。")
    assert UnsavedText.objects.get().fields["issues"].endswith("続続続続")


def test_the_page_says_whether_it_fits(write):
    page = write(text="\n".join(["改善策を続ける。"] * 200))
    assert page.locator("[data-fit=issues]").text_content() == "A4 1枚に収まります"
    autosaved(page)
    expect(page.locator("[data-fit=issues]")).to_have_text(re.compile(r"^\d+枚になります$"))


def test_save_and_log_out_leave_no_copy(cast, write):
    page = write()
    button(page, "一時保存").click()
    expect(page.get_by_text("10:00に一時保存しました。")).to_be_visible()
    page.wait_for_load_state("load")  # the page's scripts have run
    assert copies(page) == []
    page.get_by_label("課題と改善策").fill("まだ送っていない")
    assert len(copies(page)) == 1
    button(page, "ログアウト").click()
    expect(page.get_by_role("heading", name="ログイン", exact=True)).to_be_visible()
    assert copies(page) == []


def test_save_in_another_tab_leaves_the_copy_of_what_was_not_sent(cast, write):
    def left_behind(answer):
        return "age=" in (answer.request.post_data or "")

    page = write()
    page.route("**/autosave/", lambda route: route.abort())
    # The server's clock stands; what is typed next is the newer text by the browser's own.
    page.clock.pause_at(NOW + datetime.timedelta(minutes=1))
    other = page.context.new_page()
    with other.expect_response(left_behind):
        other.goto(FORM)
    page.get_by_label("課題と改善策").fill(f"{TEXT}こちらはまだ送れない。")
    other.get_by_label("達成できない見込み").check()
    with other.expect_response(left_behind):
        button(other, "一時保存").click()
    expect(other.get_by_text("10:00に一時保存しました。")).to_be_visible()
    assert cast.review().answers == {"outlook": 2}
    assert UnsavedText.objects.get().fields["issues"] == f"{TEXT}こちらはまだ送れない。"


# ---- faults ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [502, 504, 200])
def test_a_proxys_page_does_no_harm_and_it_is_tried_again(write, status):
    page = write()
    page.route("**/autosave/", lambda route: route.fulfill(status=status, body="<html>Bad Gateway</html>"))
    autosaved(page)
    expect(state(page)).to_have_text(FAILED)
    expect(page.get_by_label("課題と改善策")).to_have_value(TEXT)
    assert len(copies(page)) == 1
    page.unroute("**/autosave/")
    assert autosaved(page, 4000).ok
    expect(state(page)).to_have_text("10:00 保存済み 書きかけとして残しました。")
    assert copies(page) == []


def test_retries_come_less_and_less_often(write):
    page = write()
    tries = []
    page.route("**/autosave/", lambda route: (tries.append(1), route.abort()))
    with page.expect_event("requestfailed"):
        page.clock.run_for(2000)
    waits = []
    for _ in range(4):
        expect(state(page)).to_have_text(FAILED)
        waited, before = 0, len(tries)
        while len(tries) == before:
            page.clock.run_for(1000)
            waited += 1
            page.evaluate("0")
        waits.append(waited)
    assert waits[0] <= 5 and waits[-1] > waits[0], waits


def test_only_one_request_at_a_time(write):
    page = write()
    held = []
    page.route("**/autosave/", lambda route: held.append(route))
    with page.expect_request(re.compile("/autosave/")):
        page.clock.run_for(2000)
    page.get_by_label("課題と改善策").fill(f"{TEXT}続き")
    page.clock.run_for(9000)
    assert len(held) == 1
    expect(state(page)).to_have_text("保存しています…")
    # More than eight seconds have gone: the rest follows at once.
    with page.expect_request(re.compile("/autosave/")):
        held[0].continue_()
    expect(state(page)).to_have_text("保存しています…")
    assert len(held) == 2
    held[1].continue_()
    expect(state(page)).to_have_text("10:00 保存済み 書きかけとして残しました。")
    assert UnsavedText.objects.get().fields == {"issues": f"{TEXT}続き"}


@pytest.mark.parametrize("answered", [True, False])
def test_save_waits_a_moment_for_what_was_sent_before(cast, write, answered):
    page = write()
    held = []
    page.route("**/autosave/", lambda route: held.append(route))
    with page.expect_request(re.compile("/autosave/")):
        page.clock.run_for(2000)
    page.get_by_label("課題と改善策").fill(f"{TEXT}続き")
    button(page, "一時保存").click()
    saves = Event.objects.filter(initiative=cast.initiative)
    assert not saves.exists()
    with page.expect_navigation():
        if answered:
            held[0].continue_()
        else:
            page.clock.run_for(3000)
    expect(page.get_by_text("一時保存しました")).to_be_visible()
    assert saves.get().content["answers"]["issues"] == f"{TEXT}続き"
    assert not UnsavedText.objects.exists()
    expect(page.get_by_text("書きかけが残っています")).to_be_hidden()


def test_crash_after_autosave(cast, write):
    page = write()
    autosaved(page)
    expect(state(page)).to_have_text("10:00 保存済み 書きかけとして残しました。")
    context = page.context
    page.close(run_before_unload=False)
    again = context.new_page()
    again.goto(FORM)
    expect(again.get_by_text("一時保存していない書きかけが残っています(9月25日(金)10:00)。")).to_be_visible()
    expect(again.get_by_label("課題と改善策")).to_have_value("")
    again.get_by_role("link", name="保存済みの内容と比べる").first.click()
    expect(again.locator("ins", has_text=TEXT)).to_be_visible()
    again.get_by_role("link", name="書きかけに戻して続ける").click()
    expect(again.get_by_label("課題と改善策")).to_have_value(TEXT)
    button(again, "一時保存").click()
    expect(again.get_by_text("10:00に一時保存しました。")).to_be_visible()
    assert cast.review().answers == {"issues": TEXT}
    assert not UnsavedText.objects.exists()


def test_crash_before_anything_was_sent(write):
    page = write()
    context = page.context
    page.close(run_before_unload=False)
    assert not UnsavedText.objects.exists()
    again = context.new_page()
    again.clock.install(time=NOW)
    with again.expect_response(re.compile("/autosave/")):
        again.goto(FORM)
    expect(again.get_by_text("このパソコンに、送れなかった書きかけが残っていました。")).to_be_visible()
    assert UnsavedText.objects.get().fields == {"issues": TEXT}
    assert copies(again) == []


def test_copy_goes_after_a_day(write):
    page = write()
    context = page.context
    page.close(run_before_unload=False)
    again = context.new_page()
    again.clock.install(time=NOW.replace(day=26, minute=1))
    again.goto("/accounts/login/")
    again.goto(FORM)
    expect(again.locator("[data-left-behind]")).to_be_hidden()
    assert copies(again) == []
    assert not UnsavedText.objects.exists()


def become(page, other):
    page.context.clear_cookies(name="sessionid")
    cookies = [cookie for cookie in other.context.cookies() if cookie["name"] == "sessionid"]
    page.context.add_cookies(cookies)


def test_another_person_on_the_same_pc_never_gets_it(cast, write, sit_down):
    page = write()
    become(page, sit_down(cast.second_staff))
    refused = autosaved(page)
    assert refused.status == 409
    expect(state(page)).to_contain_text("別の利用者です。")
    assert not UnsavedText.objects.exists()

    theirs = page.context.new_page()
    theirs.goto(FORM)
    expect(theirs.get_by_label("課題と改善策")).to_have_value("")
    expect(theirs.locator("[data-left-behind]")).to_be_hidden()
    assert TEXT not in theirs.content()
    theirs.close()

    page.close(run_before_unload=False)
    again = page.context.new_page()
    become(again, sit_down(cast.staff))
    with again.expect_response(re.compile("/autosave/")):
        again.goto(FORM)
    expect(again.get_by_text("送れなかった書きかけが残っていました。")).to_be_visible()
    assert UnsavedText.objects.get().user == cast.staff


def test_session_that_ended_is_told_and_the_text_stays(cast, write):
    page = write()
    Session.objects.all().delete()
    assert autosaved(page).status == 401
    expect(state(page)).to_contain_text("ログインが切れました。")
    assert len(copies(page)) == 1
    assert not UnsavedText.objects.exists()


def test_log_in_in_another_tab_changes_the_token_and_nothing_else(cast, write, log_in):
    page = write()
    Session.objects.all().delete()
    other = page.context.new_page()
    other.goto("/accounts/login/")
    log_in(other, cast.staff)
    expect(other.get_by_role("button", name="ログアウト")).to_be_visible()
    assert autosaved(page).ok
    button(page, "一時保存").click()
    expect(page.get_by_text("10:00に一時保存しました。")).to_be_visible()
    assert cast.review().answers == {"issues": TEXT}


def test_answer_in_json_that_refuses_stops_the_tries(cast, write):
    page = write()
    cast.review_in("approved")
    assert json.loads(autosaved(page).text())["refused"]
    expect(state(page)).to_contain_text("このシートは課長承認済です。")
    sent = []
    page.on("request", lambda request: sent.append(request.url))
    page.clock.run_for(120_000)
    assert sent == []
    assert len(copies(page)) == 1


def test_text_that_is_too_long_to_be_sent_is_told_and_not_sent_again(write):
    page = write()
    page.route("**/autosave/", lambda route: route.fulfill(status=413, body="<html>Too Large</html>"))
    autosaved(page)
    expect(state(page)).to_have_text("長すぎるため残せません。文をコピーして控え、短くしてください。")
    expect(page.get_by_label("課題と改善策")).to_have_value(TEXT)
    sent = []
    page.on("request", lambda request: sent.append(request.url))
    page.clock.run_for(120_000)
    assert sent == []


def test_text_that_came_too_late_is_shown_where_the_sheet_is_only_read(cast, write):
    page = write()
    cast.set_window("midyear", "closed")
    button(page, "一時保存").click()
    expect(page.get_by_text("受付は終了しました。")).to_be_visible()
    page.goto(FORM)
    expect(page.get_by_text("送れなかった書きかけが残っています。")).to_be_visible()
    expect(page.locator("blockquote", has_text=TEXT)).to_be_visible()
    cast.set_window("midyear", "open")
    page.goto(FORM)
    expect(page.get_by_text("送れなかった書きかけが残っていました。")).to_be_visible()
    assert UnsavedText.objects.get().fields["issues"] == TEXT


# ---- time-out --------------------------------------------------------------------------------------------


def warned(page):
    page.clock.fast_forward(55 * 60 * 1000)
    expect(page.get_by_role("alertdialog")).to_be_visible()


def test_warning_after_55_minutes_and_one_key_goes_on(cast, sit_down, axe_findings):
    page = sit_down(cast.staff)
    page.clock.install(time=NOW)
    page.goto(FORM)
    sent = []
    page.on("request", lambda request: sent.append(request.url) if "/static/" not in request.url else None)
    page.clock.fast_forward(54 * 60 * 1000)
    assert sent == []
    expect(page.get_by_role("alertdialog")).to_have_count(0)
    page.clock.fast_forward(60 * 1000)
    expect(page.get_by_role("alertdialog", name="まもなくログアウトします")).to_be_visible()
    expect(button(page, "続ける")).to_be_focused()
    with page.expect_response("**/accounts/keep-alive/") as answer:
        page.keyboard.press("a")
    assert answer.value.status == 204
    expect(page.get_by_role("alertdialog")).to_have_count(0)
    assert page.get_by_label("課題と改善策").input_value() == ""
    warned(page)
    page.clock.resume()
    assert axe_findings(page) == []


@pytest.mark.parametrize(
    ("address", "next_step"),
    [
        (FORM, "閉じてから「直した内容を保存する」を押し、ログインすると続けられます。"),
        ("/mihon/2020/1/", "閉じてからボタンを押し、ログインすると続けられます。"),
    ],
)
def test_who_does_not_answer_is_told_that_it_is_over(cast, sit_down, address, next_step):
    cast.review_in("submitted")
    page = sit_down(cast.manager)
    page.clock.install(time=NOW)
    page.goto(address)
    warned(page)
    page.clock.fast_forward(5 * 60 * 1000)
    dialog = page.get_by_role("alertdialog")
    expect(dialog).to_contain_text(f"ログアウトしました。書いた文は、この画面に残っています。{next_step}")
    button(page, "閉じる").click()
    expect(page.get_by_role("alertdialog")).to_have_count(0)


def test_warning_on_a_bad_network_stays(cast, sit_down):
    page = sit_down(cast.staff)
    page.clock.install(time=NOW)
    page.goto(FORM)
    warned(page)
    broken = True
    page.route("**/keep-alive/", lambda route: route.abort() if broken else route.continue_())
    with page.expect_event("requestfailed"):
        page.keyboard.press("Enter")
    expect(page.get_by_role("alertdialog")).to_contain_text("つながりません。")
    broken = False
    with page.expect_response("**/keep-alive/") as answer:
        page.keyboard.press("Enter")
    assert answer.value.status == 204
    expect(page.get_by_role("alertdialog")).to_have_count(0)
