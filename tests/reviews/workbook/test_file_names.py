from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviews.workbook.file_names import sheet_filename, sheet_title, workbook_filename
from tests.reviews.workbook.samples import make_sheet


def test_sheet_filename_has_an_ascii_name_and_a_full_one():
    name = sheet_filename(make_sheet())
    assert name.ascii == "mihon-2020-1.xlsx"
    assert name.full == "見本区_令和2年度_1_人と人とのつながりづくり.xlsx"
    assert name.header.startswith("attachment; filename=\"mihon-2020-1.xlsx\"; filename*=UTF-8''%E8%A6%8B")
    assert name.header.isascii()


@pytest.mark.parametrize(
    ("title", "written"),
    [
        ('企画/総務: "案" <1>|*?\\', "企画 総務   案   1"),
        ("\u202efdp.exe\u2066", "fdp.exe"),
        ("改\r\n行", "改  行"),
    ],
)
def test_sheet_filename_holds_nothing_that_windows_refuses_or_that_turns_the_reading(title, written):
    assert sheet_filename(make_sheet(title=title)).full == f"見本区_令和2年度_1_{written}.xlsx"


def test_sheet_filename_of_a_long_title_stays_short():
    assert len(sheet_filename(make_sheet(title="長" * 200)).full) == 85


def test_workbook_filename_names_ward_and_year():
    plan = SimpleNamespace(ward=SimpleNamespace(slug="mihon", name="見本区"), fiscal_year=2019)
    assert workbook_filename(plan) == ("mihon-2019.xlsx", "見本区_令和元年度_取組項目.xlsx")


@pytest.mark.parametrize(
    ("text", "taken", "title"),
    [
        ("1 人と人とのつながりづくり", [], "1 人と人とのつながりづくり"),
        ("総務課/企画[1]:*?\\", [], "総務課 企画 1"),
        ("'引用'", [], "引用"),
        ("History", [], "History_"),
        ("", [], "シート"),
        ("'''", [], "シート"),
        ("長" * 40, [], "長" * 31),
        ("長" * 40, ["長" * 31], "長" * 28 + "(2)"),
        ("abc", ["abc", "abc(2)"], "abc(3)"),
        ("ABC", ["abc"], "ABC(2)"),
        ("𠮟" * 20, [], "𠮟" * 15),
        ("長" * 30 + "'x", [], "長" * 30),
    ],
)
def test_sheet_title_is_one_that_excel_takes(text, taken, title):
    assert sheet_title(text, taken) == title


@given(st.lists(st.text(max_size=40), max_size=6))
def test_sheet_titles_are_always_safe_and_unlike_each_other(texts):
    taken = set()
    for text in texts:
        title = sheet_title(text, taken)
        assert 1 <= len(title.encode("utf-16-le")) // 2 <= 31
        assert not set(title) & set("[]:*?/\\")
        assert title.strip("'") == title and title.lower() not in taken | {"history"}
        taken.add(title.lower())
