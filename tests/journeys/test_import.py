"""An admin takes the office's own document in: pastes, looks, corrects, saves; also without JavaScript."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import expect

from initiatives.models import Initiative

SEED = (Path(__file__).parents[1] / "initiatives" / "data" / "seed.txt").read_text()
PAGE = "/mihon/2020/plan/import/"


@pytest.mark.parametrize("javascript", [True, False], ids=["script", "no-script"])
def test_document_is_pasted_corrected_and_saved(cast, sit_down, axe_findings, too_wide, javascript):
    cast.plan_in("draft")
    page = sit_down(cast.admin, java_script_enabled=javascript)
    page.goto(PAGE)
    found = []

    def look(name):
        if javascript:
            for size in ({"width": 390, "height": 844}, {"width": 1280, "height": 900}):
                page.set_viewport_size(size)
                found.append((axe_findings(page), too_wide(page)))
                if os.environ.get("SHOTS"):
                    page.screenshot(path=f"{os.environ['SHOTS']}/{name}-{size['width']}.png", full_page=True)

    look("start")
    page.get_by_label("文の貼り付け").fill(SEED)
    page.get_by_role("button", name="読み取って確かめる").click()
    expect(page.get_by_role("heading", name="取組項目1を直す")).to_be_visible()
    look("preview")
    page.get_by_label("取組項目名").fill("")
    page.get_by_role("button", name="計画の案に写して保存する").click()
    expect(page.get_by_text("取り込めませんでした。")).to_be_visible()
    look("error")
    page.get_by_label("取組項目名").fill("人と人")
    page.get_by_role("button", name="開いて直す 取組項目4").click()
    expect(page.get_by_role("heading", name="取組項目4を直す")).to_be_visible()
    page.get_by_label("よい方向").first.select_option("少ないほどよい")
    page.get_by_role("button", name="計画の案に写して保存する").click()
    expect(page.get_by_text("計画の案に写しました")).to_be_visible()
    assert found == [([], 0)] * len(found)
    sheet = Initiative.objects.get(number="4")
    assert Initiative.objects.get(number="1").title == "人と人"
    assert {target.indicator.direction for target in sheet.targets.all()} == {"lower"}
