"""The session ends while somebody writes; and somebody else sits down at the same PC."""

from django.contrib.sessions.models import Session
from playwright.sync_api import expect

from initiatives.models import Event
from reviews.models import UnsavedText

FORM = "/mihon/2020/1/midyear/"
TEXT = "席を外しているあいだに切れた。\n二行目もある。"


def button(page, name):
    return page.get_by_role("button", name=name, exact=True)


def save_without_session(cast, sit_down):
    """Write, lose the session, press 一時保存: the log-in page stands there with the text."""
    page = sit_down(cast.staff)
    page.goto(FORM)
    page.get_by_label("達成できない見込み").check()
    page.get_by_label("課題と改善策").fill(TEXT)
    Session.objects.all().delete()
    button(page, "一時保存").click()
    expect(page.get_by_role("heading", name="ログイン", exact=True)).to_be_visible()
    expect(page.get_by_text("書いた内容は消えていません。")).to_be_visible()
    expect(page.get_by_text("二行目もある。")).to_be_visible()
    assert not Event.objects.filter(initiative=cast.initiative).exists()
    return page


def test_same_person_goes_on_where_the_session_ended(cast, sit_down, log_in):
    page = save_without_session(cast, sit_down)
    log_in(page, cast.staff)
    expect(page.get_by_text("書きかけの文に戻しました。")).to_be_visible()
    expect(page.get_by_label("課題と改善策")).to_have_value(TEXT)
    expect(page.get_by_label("達成できない見込み")).to_be_checked()
    assert not Event.objects.filter(initiative=cast.initiative).exists()
    assert UnsavedText.objects.get().user == cast.staff
    button(page, "一時保存").click()
    expect(page.get_by_text("10:00に一時保存しました。")).to_be_visible()
    assert cast.review().answers == {"outlook": 2, "issues": TEXT}
    assert [event.by for event in cast.events()] == [cast.staff]
    assert not UnsavedText.objects.exists()


def test_another_person_never_gets_the_text(cast, sit_down, log_in):
    page = save_without_session(cast, sit_down)
    log_in(page, cast.second_staff)
    expect(page.get_by_text("別の利用者です。")).to_be_visible()
    expect(page.get_by_label("課題と改善策")).to_have_value("")
    expect(page.get_by_role("radio", checked=True)).to_have_count(0)
    assert TEXT.split()[0] not in page.content()
    assert not Event.objects.filter(initiative=cast.initiative).exists()
    assert UnsavedText.objects.get().user == cast.staff

    writer = sit_down(cast.staff)
    writer.goto(FORM)
    writer.get_by_role("link", name="書きかけに戻して続ける").click()
    expect(writer.get_by_label("課題と改善策")).to_have_value(TEXT)


def test_page_of_one_person_sent_by_another_is_not_saved(cast, sit_down):
    page = sit_down(cast.staff)
    page.goto(FORM)
    page.get_by_label("課題と改善策").fill(TEXT)
    beside = sit_down(cast.second_staff)
    page.context.clear_cookies(name="sessionid")
    page.context.add_cookies([cookie for cookie in beside.context.cookies() if cookie["name"] == "sessionid"])
    button(page, "一時保存").click()
    expect(page.get_by_text("別の利用者です。")).to_be_visible()
    assert not Event.objects.filter(initiative=cast.initiative).exists()
    assert UnsavedText.objects.get().user == cast.staff
