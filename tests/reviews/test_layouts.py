"""An edition's Excel layout in the admin: fetched, changed, looked at, confirmed, and what it changes."""

import io

import pytest
from openpyxl import load_workbook

from initiatives.form import read_form
from initiatives.models import FormEdition, FormLayout
from reviews import layouts
from reviews.workbook.layout_file import layout_for
from reviews.workbook.reader import read_workbook
from tests.cast import NOW
from tests.reviews.workbook.returned import changed, exported, filled, page_of
from wardplan.accounts.models import User


@pytest.fixture
def superuser(db):
    return User.objects.create(username="root", name="管理者", is_superuser=True)


@pytest.fixture
def there(cast):
    return f"/admin/initiatives/formedition/{cast.edition.pk}/layout/"


@pytest.fixture
def as_superuser(client, superuser):
    client.force_login(superuser)
    return client


def with_label(content, old, new):
    def change(book):
        for row in book.worksheets[0]:
            for cell in row:
                if cell.value is not None and str(cell.value) == old:
                    cell.value = new

    return changed(content, change)


def upload(client, there, content):
    return client.post(there, {"file": io.BytesIO(content)})


def carried(response):
    return response.context["carried"]


@pytest.mark.parametrize("who", ["staff", "manager", "viewer", "admin"])
def test_only_a_superuser_sees_and_changes_a_layout(client, cast, there, who):
    client.force_login(cast.actor(who))
    for response in (client.get(there), client.get(f"{there}file/"), client.post(there, {"reset": "1"})):
        assert response.status_code == 403
    assert not FormLayout.objects.exists()


def test_the_standard_layout_can_be_fetched_and_loaded_again(as_superuser, cast, there):
    response = as_superuser.get(f"{there}file/")
    book = load_workbook(io.BytesIO(response.content))
    assert book.sheetnames == ["様式", "名前の一覧"]
    assert {"title", "about", "heading", "midyear_outlook", "midyear_outlook__2"} <= set(
        book.worksheets[0].defined_names
    )
    assert upload(as_superuser, there, response.content).context["problems"] == ()


def test_a_layout_is_looked_at_first_and_counts_once_confirmed(as_superuser, superuser, cast, there):
    content = with_label(layouts.file_of(cast.edition), "計\n画", "方\n針")
    looked_at = upload(as_superuser, there, content)
    html = looked_at.content.decode()
    assert "試しのシート" in html and "方\n針" in html and "②:達成できない見込み" in html
    assert " style=" not in html
    assert not FormLayout.objects.exists()

    trial = as_superuser.post(there, {"carried": carried(looked_at), "trial": "1"})
    texts = [cell.value for row in load_workbook(io.BytesIO(trial.content)).active for cell in row]
    assert "方\n針" in texts and "②" in texts
    assert not FormLayout.objects.exists()

    assert as_superuser.post(there, {"carried": carried(looked_at), "confirm": "1"}).status_code == 302
    layout = FormLayout.objects.get()
    assert (bytes(layout.content), layout.by, layout.edition) == (content, superuser, cast.edition)
    written = load_workbook(io.BytesIO(exported(cast.staff, cast.plan)))
    assert {page["A4"].value for page in written} == {"方\n針"}


def test_the_standard_layout_comes_back_and_earlier_ones_stay(as_superuser, superuser, cast, there):
    content = with_label(layouts.file_of(cast.edition), "計\n画", "方\n針")
    layouts.set_layout(cast.edition, content, by=superuser, at=NOW, file_name="方針.xlsx")
    assert as_superuser.post(there, {"reset": "1"}).status_code == 302
    assert layouts.newest(cast.edition) is None
    assert load_workbook(io.BytesIO(exported(cast.staff, cast.plan))).worksheets[0]["A4"].value == "計\n画"
    kept = FormLayout.objects.get(file_name="方針.xlsx")
    assert "方針.xlsx" in as_superuser.get(there).content.decode()
    assert as_superuser.get(f"{there}file/?kept={kept.pk}").content == content
    assert as_superuser.get(f"{there}file/?kept=x").status_code == 404


def test_a_file_of_an_older_layout_is_still_read(superuser, cast):
    before = exported(cast.staff, cast.plan)
    content = changed(layouts.file_of(cast.edition), lambda book: book.worksheets[0].delete_rows(100))
    layouts.set_layout(cast.edition, content, by=superuser, at=NOW)
    returned = read_workbook(filled(before, "1", midyear_issues="前の様式に書いた文"))
    sheet = next(sheet for sheet in returned.sheets if sheet.stamp and sheet.stamp.number == "1")
    assert sheet.filled["midyear_issues"].text == "前の様式に書いた文"


def test_what_the_page_carries_is_bound_to_person_edition_and_signature(as_superuser, cast, there):
    packed = layouts.pack(cast.edition, layouts.file_of(cast.edition), "a.xlsx", cast.admin)
    for value in (packed, "x", ""):
        response = as_superuser.post(there, {"carried": value, "confirm": "1"})
        assert "確認の画面が古くなりました。" in response.content.decode()
    assert not FormLayout.objects.exists()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "ファイルに何も入っていません。"),
        (b"a,b\n", "CSVなどの文字だけのファイルです。"),
        (b"PK\x03\x04" + b"x" * (600 * 1024), "ファイルが大きすぎます。"),
        (b"\xd0\xcf\x11\xe0" + b"\0" * 600, "古い形式(.xls)のファイルです。"),
    ],
)
def test_what_is_no_layout_is_refused_with_a_sentence(as_superuser, there, content, sentence):
    html = upload(as_superuser, there, content).content.decode()
    assert sentence in html and "まだ何も変えていません。" in html
    assert "ファイルを選んでください。" in as_superuser.post(there).content.decode()
    assert not FormLayout.objects.exists()


def test_all_names_that_are_wrong_are_told_at_once(as_superuser, cast, there):
    def spoil(book):
        names = book.worksheets[0].defined_names
        del names["midyear_issues"], names["heading"]
        names["title"].attr_text = "様式!$A$1:$C$2"
        names["midyear_implementation"].attr_text = names["midyear_outlook"].attr_text
        names["midyear_outlok"] = type(names["title"])("midyear_outlok", attr_text="様式!$A$3")
        book.defined_names["about"] = type(names["title"])("about", attr_text="様式!$F$1")

    html = upload(as_superuser, there, changed(layouts.file_of(cast.edition), spoil)).content.decode()
    for words in (
        "次の名前を付けてください: heading(取組項目の番号と題名)、midyear_issues(",
        "1つを残して削除してください: about。",
        "名前を削除してください: midyear_outlok。",
        "名前を付け直してください: title。",
        "1つにしてください: midyear_implementation、midyear_outlook。",
    ):
        assert words in html


def test_a_layout_that_no_longer_fits_keeps_nobody_from_the_form(as_superuser, superuser, cast, there):
    edition = FormEdition.objects.get(pk=cast.edition.pk)
    layouts.set_layout(edition, layouts.file_of(edition), by=superuser, at=NOW)
    edition.questions.create(phase="midyear", key="risk", position=90, kind="text", label="リスク")
    edition.renew()
    assert (
        "midyear_risk"
        in page_of(load_workbook(io.BytesIO(exported(cast.staff, cast.plan))), "1").defined_names
    )
    assert "midyear_risk(中間振り返り リスク(記入欄))" in as_superuser.get(there).content.decode()


def test_a_layout_costs_no_query_once_it_was_read(superuser, cast, django_assert_num_queries):
    layouts.set_layout(cast.edition, layouts.file_of(cast.edition), by=superuser, at=NOW)
    form = read_form(cast.edition)
    layout_for(form)
    with django_assert_num_queries(0):
        layout_for(read_form(cast.edition), ("a1",))
