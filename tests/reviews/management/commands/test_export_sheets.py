import pytest
from django.core.management import CommandError, call_command
from openpyxl import load_workbook


@pytest.fixture
def export(tmp_path, capsys):
    def export(by, year="2020", ward="mihon"):
        file = tmp_path / "year.xlsx"
        call_command("export_sheets", ward, year, str(file), by=by)
        return load_workbook(file)

    return export


def issues_in(page):
    return page[page.defined_names["midyear_issues"].attr_text.rpartition("!")[2].replace("$", "")].value


def test_export_writes_a_sheet_for_each_item(cast, export, capsys):
    book = export("staff")
    assert [page.title.split()[0] for page in book] == ["1", "2"]
    assert "year.xlsx に2件の取組項目を書き出しました。" in capsys.readouterr().out


def test_export_takes_every_spelling_of_the_year(cast, export):
    assert len(export("staff", year="R2").worksheets) == 2


@pytest.mark.parametrize("by", ["viewer", "staff_other_section"])
def test_export_leaves_out_what_the_person_may_not_read_yet(cast, export, by):
    cast.review_in("draft", "midyear")
    assert issues_in(export(by).worksheets[0]) == "作成中"
    assert issues_in(export("staff").worksheets[0]) == cast.answers("midyear")["issues"]


@pytest.mark.parametrize(
    ("by", "options", "message"),
    [
        ("nobody", {}, "利用者ID「nobody」の利用者はいません。"),
        ("other_ward", {}, "other_ward が読める mihon の令和2年度(2020年度)の計画はありません。"),
        ("staff", {"year": "2019"}, "staff が読める mihon の令和元年度(2019年度)の計画はありません。"),
        (
            "staff",
            {"year": "２９年度"},
            "「29年度」は元号が分かりません。「令和2年度」「R2」「2020」のように入力してください。",
        ),
    ],
)
def test_export_refuses_with_a_sentence(cast, export, by, options, message):
    with pytest.raises(CommandError) as refusal:
        export(by, **options)
    assert str(refusal.value) == message


def test_export_of_a_folder_that_is_not_there_says_so(cast):
    with pytest.raises(CommandError, match="に書き込めません"):
        call_command("export_sheets", "mihon", "2020", "/nonexistent/year.xlsx", by="staff")


def test_export_asks_the_same_few_queries_for_any_number_of_items(
    cast, export, django_assert_max_num_queries
):
    with django_assert_max_num_queries(8 + 3):
        export("staff")
