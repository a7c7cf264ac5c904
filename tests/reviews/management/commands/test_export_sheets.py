import zipfile

import pytest
from django.core.management import CommandError, call_command
from openpyxl import load_workbook


@pytest.fixture
def export(tmp_path, capsys):
    def export(by, *options, year="2020", ward="mihon"):
        file = tmp_path / "year.xlsx"
        call_command("export_sheets", ward, year, str(file), *options, by=by)
        assert [path.name for path in tmp_path.iterdir()] == ["year.xlsx"]
        return load_workbook(file)

    return export


def forms_of(book):
    return [page for page in book if "stamp" in page.defined_names]


def issues_in(page):
    return page[page.defined_names["midyear_issues"].attr_text.rpartition("!")[2].replace("$", "")].value


def test_export_writes_a_sheet_for_each_item(cast, export, capsys):
    book = export("staff")
    assert [page.title.split()[0] for page in forms_of(book)] == ["1", "2"]
    assert book.sheetnames[0] == "目次" and book.sheetnames[-1] == "グラフ"
    assert "year.xlsx に2件の取組項目を書き出しました。" in capsys.readouterr().out


def test_export_takes_every_spelling_of_the_year(cast, export):
    assert len(forms_of(export("staff", year="R2"))) == 2


@pytest.mark.parametrize("by", ["viewer", "staff_other_section"])
def test_export_leaves_out_what_the_person_may_not_read_yet(cast, export, by):
    cast.review_in("draft", "midyear")
    assert issues_in(forms_of(export(by))[0]) == "作成中"
    assert issues_in(forms_of(export("staff"))[0]) == cast.answers("midyear")["issues"]


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
    with pytest.raises(CommandError, match="に書き込めません。場所と名前を確かめてください。"):
        call_command("export_sheets", "mihon", "2020", "/nonexistent/year.xlsx", by="staff")


def test_export_asks_the_same_few_queries_for_any_number_of_items(
    cast, export, django_assert_max_num_queries
):
    # The plan and its sheets 7, form and layout 2, figures and targets through the years 2; the person 2.
    with django_assert_max_num_queries(11 + 2):
        export("staff")


def test_export_of_a_section_with_its_cover_and_without_charts(cast, export):
    book = export("staff", "--section", "総務課", "--cover", "--no-charts")
    assert book.sheetnames == ["決裁", "目次", "2 区政会議の開催", "データ(目標)", "データ(評価)"]


def test_export_of_all_wards_is_not_written_under_the_name_of_a_workbook(cast, tmp_path):
    with pytest.raises(CommandError, match=r"ファイルの名前を \.zip で終えてください。"):
        call_command("export_sheets", "-", "2020", str(tmp_path / "all.xlsx"), by="admin")
    assert not list(tmp_path.iterdir())


def test_export_of_all_wards_is_a_zip_for_admins(cast, tmp_path, capsys):
    file = tmp_path / "wards.zip"
    call_command("export_sheets", "-", "2020", str(file), by="admin")
    with zipfile.ZipFile(file) as archive:
        assert sorted(archive.namelist()) == ["00_目次.xlsx", "見本区_令和2年度_取組項目.xlsx"]
    assert "wards.zip に2件の取組項目を書き出しました。" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("by", "ward", "options", "message"),
    [
        ("staff", "-", [], "すべての区をまとめて書き出せるのは、取りまとめ担当です。"),
        ("admin", "-", ["--section", "総務課"], "課を選べるのは、1つの区を書き出すときだけです。"),
        ("admin", "mihon", ["--section", "税務課"], "見本区に「税務課」という課はありません。"),
    ],
)
def test_export_says_what_cannot_be_taken_out_and_leaves_the_old_file(
    cast, tmp_path, by, ward, options, message
):
    file = tmp_path / "old.xlsx"
    file.write_bytes(b"old")
    with pytest.raises(CommandError) as refusal:
        call_command("export_sheets", ward, "2020", str(file), *options, by=by)
    assert str(refusal.value) == message
    assert [path.name for path in tmp_path.iterdir()] == ["old.xlsx"] and file.read_bytes() == b"old"
