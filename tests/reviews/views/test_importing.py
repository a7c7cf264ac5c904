import io
import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from openpyxl import load_workbook

from reviews import workflow
from tests.cast import NOW, snapshot
from tests.pages import Page
from tests.reviews.workbook.returned import addressed, cell_of, exported, filled, page_of, patched

ADDRESS = "/mihon/2020/import/"
MINE = "Excelで書いた課題と、その改善策。"
THEIRS = "画面で書いた課題と、その改善策。"


def client_of(user: Any) -> Client:
    client = Client()
    if user.is_authenticated:
        client.force_login(user)
    return client


def upload(client, *contents, name="返信.xlsx"):
    return client.post(ADDRESS, {"file": [SimpleUploadedFile(name, content) for content in contents]})


def apply(client, response, status=200, **more):
    """Send the preview's form as a browser does; a value of None takes the field out."""
    page = Page(response, status)
    fields = {name: value for name, value in page.forms[f"{ADDRESS}apply/"].items() if name}
    # The page's parser keeps one value for each name, and takes every box for ticked.
    fields.pop("partial", None)
    fields["take"] = re.findall(r'name="take" value="([^"]+)"', page.html)
    fields.update(more)
    return client.post(
        f"{ADDRESS}apply/", {name: value for name, value in fields.items() if value is not None}
    )


@pytest.fixture
def draft(cast):
    cast.review_in("draft")
    return exported(cast.staff, cast.plan)


@pytest.fixture
def client(cast):
    return client_of(cast.staff)


def test_start_page_asks_for_files(cast, client):
    page = Page(client.get(ADDRESS))
    assert 'type="file" name="file"' in page.html and "multiple" in page.html


def test_preview_stores_nothing_and_apply_goes_through_the_verb(cast, client, draft):
    content = filled(draft, "1", midyear_issues=MINE, midyear_outlook="1")
    before = snapshot()
    response = upload(client, content)
    assert snapshot() == before
    page = Page(response)
    assert "まだ何も保存していません。" in page.text
    assert re.findall(r"(変更|食い違い|反映できない|変更なし)(\d+)(?:欄|か所|シート)", page.text)[:4] == [
        ("変更", "2"),
        ("食い違い", "0"),
        ("反映できない", "0"),
        ("変更なし", "1"),
    ]
    assert "②達成できない見込み" in page.text and "①達成見込み" in page.text
    assert f"セル {addressed(draft, '1', 'midyear_issues')}" in page.text
    response = apply(client, response)
    assert response.status_code == 302 and response["Location"] == "/mihon/2020/"
    assert cast.review().answers == cast.answers(outlook=1, issues=MINE)
    assert cast.events()[-1].verb == "import"
    assert "取組項目1にExcelの内容を反映しました。" in Page(client.get("/mihon/2020/")).notices[0]


def test_only_ticked_changes_are_taken(cast, client, draft):
    response = upload(client, filled(draft, "1", midyear_issues=MINE, midyear_outlook="1"))
    apply(client, response, take=["1.midyear.issues"])
    assert cast.review().answers == cast.answers(issues=MINE)


def test_untouched_file_says_so(cast, client, draft):
    page = Page(upload(client, draft))
    assert "いまの内容と同じです。" in page.text
    assert "data-import-apply" not in page.html


def test_conflict_is_shown_with_both_texts_and_chosen(cast, client, draft):
    workflow.save(
        cast.initiative,
        "midyear",
        by=cast.second_staff,
        at=NOW,
        version=1,
        answers=cast.answers(issues=THEIRS),
    )
    response = upload(client, filled(draft, "1", midyear_issues=MINE))
    page = Page(response)
    shown = page.text.replace("追加 ", "").replace("削除 ", "")
    assert "担当 次郎 9月25日(金)10:00" in shown
    undecided = Page(apply(client, response), 409)
    assert "食い違いが1欄残っています。" in undecided.text
    assert cast.review().answers["issues"] == THEIRS
    assert apply(client, response, **{"choice-1.midyear.issues": "mine"}).status_code == 302
    assert cast.review().answers["issues"] == MINE


def test_errors_are_listed_with_cells_and_the_rest_can_be_taken(cast, client, draft):
    content = filled(draft, "1", midyear_issues="=B3&C3", midyear_outlook="1")
    response = upload(client, content)
    page = Page(response)
    assert addressed(draft, "1", "midyear_issues") in page.text and "数式が入っています。" in page.text
    before = snapshot()
    assert "何も反映していません" in Page(apply(client, response), 409).text
    assert snapshot() == before
    assert apply(client, response, partial="1").status_code == 302
    assert cast.review().answers == cast.answers(outlook=1)


def test_marked_copy_has_a_comment_at_each_error_and_keeps_everything_else(cast, client, draft):
    content = filled(draft, "1", midyear_issues="=B3&C3", self_evaluation_results="_x000D_ の話")
    page = Page(upload(client, content))
    response = client.post(f"{ADDRESS}marked/", page.forms[f"{ADDRESS}marked/"])
    assert response["Content-Disposition"] == 'attachment; filename="mihon-2020-marked.xlsx"'
    book = load_workbook(io.BytesIO(response.content))
    sheet = page_of(book, "1")
    assert cell_of(sheet, "midyear_issues").comment.text.startswith("数式が入っています。")
    assert cell_of(sheet, "self_evaluation_results").comment is None
    rows = [[cell.value for cell in row] for row in book["直すところ"].iter_rows()]
    assert rows[1][:3] == [sheet.title, addressed(draft, "1", "midyear_issues"), "課題と改善策"]
    # Put right in the copy, it comes back like any other.
    again = filled(response.content, "1", midyear_issues=MINE)
    assert "直すところ" in Page(upload(client, again)).text
    apply(client, upload(client, again))
    assert cast.review().answers["issues"] == MINE


def test_several_files_are_read_together(cast, draft):
    client = client_of(cast.admin)
    cast.review_in("draft", initiative=cast.other_initiative)
    content = exported(cast.admin, cast.plan)

    def only(number, **values):
        book = load_workbook(io.BytesIO(filled(content, number, **values)))
        for page in book.worksheets:
            if page.title.split(" ")[0] != number:
                book.remove(page)
        saved = io.BytesIO()
        book.save(saved)
        return saved.getvalue()

    response = upload(client, only("1", midyear_issues=MINE), only("2", midyear_issues=MINE))
    assert "2個のファイル" in Page(response).text
    apply(client, response)
    assert [cast.review(initiative=item).answers["issues"] for item in cast.plan.initiatives.all()] == [
        MINE,
        MINE,
    ]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "ファイルに何も入っていません。"),
        (b"a,b\n1,2\n", "CSVなどの文字だけのファイルです。"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "古い形式(.xls)のファイルです。"),
        (b"PK\x03\x04" + b"x" * (10 * 1024 * 1024 - 3), "10MBまでです"),
    ],
)
def test_file_that_is_not_ours_is_refused_with_a_sentence(cast, client, content, sentence):
    page = Page(upload(client, content))
    assert sentence in page.text


def test_refused_upload_is_noted_in_the_log_without_its_content(cast, client, draft, caplog):
    doctype = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "秘密">]><workbook'
    content = patched(draft, "xl/workbook.xml", r"(<\?xml[^>]*>)?\s*<workbook", doctype)
    with caplog.at_level("INFO", "wardplan.refused"):
        assert "DTD" in upload(client, content).content.decode()
    (record,) = [record.getMessage() for record in caplog.records if record.name == "wardplan.refused"]
    assert ADDRESS in record and "DTD" in record and "秘密" not in record


def test_person_who_may_write_nothing_gets_no_form(cast):
    for word, status in (("viewer", 403), ("other_ward", 404), ("anonymous", 302)):
        assert client_of(cast.actor(word)).get(ADDRESS).status_code == status


def test_upload_without_a_file_says_so(cast, client):
    assert "ファイルを選んでください。" in Page(client.post(ADDRESS)).text


def test_payload_that_was_changed_or_is_anothers_is_refused(cast, client, draft):
    response = upload(client, filled(draft, "1", midyear_issues=MINE))
    packed = Page(response).forms[f"{ADDRESS}apply/"]["reading"]
    before = snapshot()
    for other, sent in ((client, packed[:-2]), (client_of(cast.manager), packed), (client, "")):
        page = Page(other.post(f"{ADDRESS}apply/", {"reading": sent}))
        assert "ファイルを選び直してください" in page.text
    assert snapshot() == before


def test_list_links_to_the_import_for_those_who_may_write(cast):
    link = f'href="{ADDRESS}"'
    for word, shown in (("staff", True), ("admin", True), ("manager_other_section", True), ("viewer", False)):
        assert (link in client_of(cast.actor(word)).get("/mihon/2020/").content.decode()) == shown, word
