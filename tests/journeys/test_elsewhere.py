"""A server and a browser whose clocks stand elsewhere: every time on the pages is the office's."""

import time

import pytest
from playwright.sync_api import expect

from reviews.models import UnsavedText
from tests.cast import NOW


@pytest.fixture
def server_in_utc(monkeypatch):
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.browser_context_args(timezone_id="America/Los_Angeles")
def test_times_are_the_offices_whatever_the_clocks_say(cast, server_in_utc, sit_down):
    page = sit_down(cast.staff)
    page.clock.install(time=NOW)
    page.goto("/mihon/2020/1/midyear/")
    expect(page.get_by_text("提出期限 令和2年10月2日(金)17:15").first).to_be_visible()
    page.get_by_label("課題と改善策").fill("秋に呼びかける。")
    expect(page.locator("[data-save-state]")).to_have_text("未保存(10:00から)")
    with page.expect_response("**/autosave/") as answer:
        page.clock.run_for(2000)
    assert answer.value.json()["saved_at"] == "10:00"
    expect(page.locator("[data-save-state]")).to_contain_text("10:00 保存済み")
    assert UnsavedText.objects.get().at == NOW
    page.get_by_role("button", name="一時保存", exact=True).click()
    expect(page.get_by_text("10:00に一時保存しました。")).to_be_visible()
    page.goto("/mihon/2020/1/history/")
    expect(page.get_by_text("10:00").first).to_be_visible()
