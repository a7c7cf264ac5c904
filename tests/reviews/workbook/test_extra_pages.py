import io

import openpyxl

from reviews.workbook.reader import read_workbook
from reviews.workbook.writer import write_workbook
from tests.reviews.workbook.samples import AT, make_sheet


def titles_of(content):
    return openpyxl.load_workbook(io.BytesIO(content)).sheetnames


def fill_nothing(page, titles):
    pass


def test_pages_stand_before_and_after_the_forms_and_know_their_titles():
    seen = []

    def fill(page, titles):
        seen.append((page.title, list(titles)))

    sheets = [make_sheet(), make_sheet(number="2", title="区政会議の開催")]
    content = write_workbook(sheets, at=AT, front={"目次": fill}, back={"グラフ": fill})
    forms = ["1 人と人とのつながりづくり", "2 区政会議の開催"]
    found = titles_of(content)
    assert (found[:3], found[-1]) == (["目次", *forms], "グラフ")
    assert seen == [("目次", forms), ("グラフ", forms)]


def test_pages_beside_the_forms_are_not_taken_back():
    reading = read_workbook(write_workbook([make_sheet()], at=AT, front={"目次": fill_nothing}))
    assert [sheet.title for sheet in reading.sheets] == ["1 人と人とのつながりづくり"]
    assert reading.others == [] and reading.problems == []


def test_form_named_like_a_page_gets_another_title():
    content = write_workbook([make_sheet(number="", title="目次")], at=AT, front={"目次": fill_nothing})
    assert titles_of(content)[:2] == ["目次", "目次(2)"]
