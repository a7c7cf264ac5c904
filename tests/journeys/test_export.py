"""Sheets are taken out as Excel: the page says that it works, and the file comes, also without JavaScript."""

import pytest
from openpyxl import load_workbook
from playwright.sync_api import expect

PAGE = "/mihon/2020/export/"
REMEMBER = """() => {
  window.told = [];
  const button = document.querySelector("[data-export-button]");
  const state = document.querySelector("[data-export-state]");
  const tell = () => told.push([button.textContent.trim(), button.disabled, state.textContent]);
  new MutationObserver(tell).observe(state, { childList: true });
}"""


def test_page_says_that_the_file_is_being_made_and_that_it_came(cast, sit_down, axe_findings, too_wide):
    page = sit_down(cast.staff)
    page.goto("/mihon/2020/")
    page.get_by_role("link", name="Excelで書き出す").click()
    for size in ({"width": 390, "height": 844}, {"width": 1280, "height": 900}):
        page.set_viewport_size(size)
        assert (axe_findings(page), too_wide(page)) == ([], 0)
    page.get_by_label("年度の全部(2件)").check()
    button, state = page.locator("[data-export-button]"), page.locator("[data-export-state]")
    # Looked at from inside: while a download is on its way, Playwright waits for the page that never comes.
    page.evaluate(REMEMBER)
    with page.expect_download() as download:
        button.click()
    with open(download.value.path(), "rb") as file:
        assert load_workbook(file, read_only=True).sheetnames[0] == "目次"
    expect(button).to_have_text("書き出す")
    expect(button).to_be_enabled()
    expect(state).to_contain_text("できました。")
    assert page.evaluate("told") == [
        ["作成中です…", True, "作成しています。終わるとダウンロードが始まります。このままお待ちください。"],
        ["書き出す", False, "できました。ダウンロードしたファイルを開いてください。"],
    ]


@pytest.mark.parametrize("what", ["市民協働課(1件)", "年度の全部(2件)"])
def test_file_comes_without_script(cast, sit_down, what):
    page = sit_down(cast.staff, java_script_enabled=False)
    page.goto(PAGE)
    page.get_by_label(what).check()
    with page.expect_download() as download:
        page.get_by_role("button", name="書き出す").click()
    assert download.value.suggested_filename.startswith("見本区_令和2年度_")
