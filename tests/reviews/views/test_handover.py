from io import BytesIO
from zipfile import ZipFile

import pytest

from initiatives.models import Event
from reviews import keeping
from reviews.case import open_case
from reviews.handover import write_note
from reviews.models import Note
from tests.cast import NOW
from tests.pages import Page, send

PAGE = "/mihon/2020/1/midyear/handover/"
NOTE = "数値は9月末に<市民局>から届く。\n照会先は企画係。"


@pytest.fixture
def as_(client):
    def as_(user):
        client.force_login(user)
        return client

    return as_


def test_note_is_kept_and_the_sheet_stays_where_it_is(cast, as_):
    cast.review_in("draft")
    answer = send(as_(cast.staff), PAGE, version=1, text=NOTE, to="")
    assert answer["Location"] == PAGE
    assert Note.objects.get().text == NOTE
    assert cast.review().version == 1
    html = as_(cast.admin).get(PAGE).content.decode()
    assert "&lt;市民局&gt;から届く。\n照会先は企画係。" in html
    assert "取り下げる" not in html  # the admin reads


def test_colleague_finds_the_sheet_and_its_note_among_the_own_work(cast, as_):
    cast.review_in("draft")
    answer = send(as_(cast.staff), PAGE, version=1, text=NOTE, to=cast.second_staff.pk)
    assert answer.status_code == 302
    assert cast.review().held_by == cast.second_staff
    page = Page(as_(cast.second_staff).get("/"))
    assert "担当 太郎さんから引継ぎ" in page.text
    assert "照会先は企画係。" in page.text
    assert "必要な欄はすべて記入済みです。" in page.text
    mine = Page(as_(cast.staff).get("/")).text
    assert "いまの手元: 担当 次郎さん" in mine
    assert mine.index("取組項目1・自己評価") < mine.index("取組項目1・中間振り返り")
    assert "照会先は企画係。" not in mine
    assert "いまの手元 担当 次郎さん" in Page(as_(cast.staff).get("/mihon/2020/1/")).text


def test_name_of_the_holder_is_for_the_section_and_the_admin(cast, as_):
    cast.set_window("self_evaluation", "before_open")
    cast.review_in("draft")
    send(as_(cast.staff), PAGE, version=1, text=NOTE, to=cast.second_staff.pk)
    for word, told in [("staff", True), ("admin", True), ("viewer", False), ("staff_other_section", False)]:
        for address in ("/mihon/2020/", "/mihon/2020/1/"):
            assert ("担当 次郎" in as_(cast.actor(word)).get(address).content.decode()) == told, address


def test_withdrawn_note_leaves_the_work_list(cast, as_):
    cast.review_in("returned")
    send(as_(cast.staff), PAGE, version=3, text=NOTE, to=cast.second_staff.pk)
    assert "照会先は企画係。" in Page(as_(cast.second_staff).get("/")).text
    answer = send(as_(cast.staff), f"{PAGE}{Note.objects.get().pk}/withdraw/")
    assert answer["Location"] == PAGE
    text = Page(as_(cast.second_staff).get("/")).text
    assert "担当 太郎さんから引継ぎ" in text
    assert "照会先は企画係。" not in text


def test_note_is_replaced(cast, as_):
    write_note(cast.initiative, "midyear", by=cast.staff, at=NOW, text=NOTE)
    note = Note.objects.get()
    page = Page(send(as_(cast.second_staff), f"{PAGE}{note.pk}/replace/", text="　"))
    assert page.summary == [(f"note_{note.pk}_text", "引継ぎメモを書いてください。")]
    send(as_(cast.second_staff), f"{PAGE}{note.pk}/replace/", text="直した")
    assert [one.text for one in Note.objects.standing()] == ["直した"]


def test_sheet_is_taken_over_with_one_click(cast, as_):
    cast.review_in("draft")
    send(as_(cast.second_staff), PAGE + "take/", version=1)
    assert cast.review().held_by == cast.second_staff
    assert "さんから引継ぎ" not in Page(as_(cast.second_staff).get("/")).text
    assert "いまの手元はあなたです" in Page(as_(cast.second_staff).get(PAGE)).text


def test_note_that_was_typed_goes_with_taking_over(cast, as_):
    cast.review_in("draft")
    page = Page(as_(cast.second_staff).get(PAGE))
    assert f'formaction="{PAGE}take/"' in page.html
    send(as_(cast.second_staff), PAGE + "take/", **page.forms[PAGE] | {"text": NOTE, "to": cast.staff.pk})
    assert (cast.review().held_by, Note.objects.get().text) == (cast.second_staff, NOTE)
    assert "書いたメモも残しました。" in Page(as_(cast.second_staff).get(PAGE)).text


def test_note_that_was_typed_comes_back_when_taking_over_fails(cast, as_):
    cast.review_in("draft")
    page = Page(send(as_(cast.second_staff), PAGE + "take/", version=1, text="あ" * 2001))
    assert page.forms[PAGE]["text"] == "あ" * 2001
    assert page.errors == {"text": ["引継ぎメモは2,000字以内で書いてください。いま2,001字です。"]}
    cast.review_in("submitted")
    answer = send(as_(cast.second_staff), PAGE + "take/", version=1, text=NOTE)
    assert answer.status_code == 409
    assert "照会先は企画係。" in answer.content.decode()
    assert (Note.objects.count(), cast.review().held_by) == (0, None)


@pytest.mark.parametrize("who", ["viewer", "staff_other_section", "admin"])
def test_taking_over_is_for_the_section_whatever_was_typed(cast, as_, who):
    cast.review_in("draft")
    answer = send(as_(cast.actor(who)), PAGE + "take/", version=1, text="", to="0")
    assert (answer.status_code, cast.review().held_by) == (403, None)


@pytest.mark.parametrize("button", ["", "take/"])
def test_note_that_was_sent_without_a_log_in_comes_back_to_its_writer(cast, as_, client, button):
    cast.review_in("draft")
    sent = Page(as_(cast.second_staff).get(PAGE)).forms[PAGE] | {"text": NOTE}
    client.logout()
    answer = send(client, PAGE + button, **sent)
    assert "照会先は企画係。" in answer.content.decode()
    assert f'name="next" value="{PAGE}"' in answer.content.decode()
    assert "照会先は企画係。" not in as_(cast.staff).get(PAGE).content.decode()
    client.logout()
    send(client, PAGE + button, **sent)
    page = Page(as_(cast.second_staff).get(PAGE))
    assert page.forms[PAGE]["text"] == NOTE
    assert "まだ残していません。" in page.notices[0]
    assert Page(as_(cast.second_staff).get(PAGE)).forms[PAGE]["text"] == ""
    assert Note.objects.count() == 0


def test_handover_without_a_log_in_leads_to_its_page(cast, client):
    for address in (PAGE, PAGE + "take/"):
        answer = send(client, address, version=1, text=NOTE, opened_by="forged")
        assert answer["Location"] == f"/accounts/login/?next={PAGE}"
    assert client.get(PAGE)["Location"] == f"/accounts/login/?next={PAGE}"


def test_note_that_was_typed_outlives_the_withdrawal_of_another(cast, as_):
    note = write_note(cast.initiative, "midyear", by=cast.staff, at=NOW, text="前のメモ")
    html = as_(cast.staff).get(PAGE).content.decode()
    assert f'form="handover-form" formaction="{PAGE}{note.pk}/withdraw/"' in html
    page = Page(send(as_(cast.staff), f"{PAGE}{note.pk}/withdraw/", version=0, text=NOTE))
    assert page.forms[PAGE]["text"] == NOTE
    assert 'data-warn-unsaved="now"' in page.html
    assert [one.text for one in Note.objects.standing()] == []
    send(as_(cast.staff), PAGE, version=0, text=NOTE)
    answer = send(as_(cast.second_staff), f"{PAGE}{note.pk}/withdraw/", version=0, text="別の書きかけ")
    assert answer.status_code == 409
    assert "別の書きかけ" in answer.content.decode()


def test_what_is_wrong_stands_beside_the_fields_and_the_note_stays(cast, as_):
    cast.review_in("draft")
    page = Page(send(as_(cast.staff), PAGE, version=1, text="", to=cast.second_staff.pk))
    assert page.errors == {"text": ["引継ぎメモを書いてください。"]}
    assert f'value="{cast.second_staff.pk}" selected' in page.html
    page = Page(send(as_(cast.staff), PAGE, version=1, text=NOTE, to=cast.staff_other_section.pk))
    assert page.errors == {"to": ["担当課の職員から選んでください。"]}
    assert page.forms[PAGE]["text"] == NOTE
    assert (Note.objects.count(), cast.review().version) == (0, 1)


def test_stale_handover_gives_the_note_back(cast, as_):
    cast.review_in("submitted")
    answer = send(as_(cast.staff), PAGE, version=1, text=NOTE, to=cast.second_staff.pk)
    assert answer.status_code == 409
    assert "照会先は企画係。" in answer.content.decode()
    assert Note.objects.count() == 0


def test_unsaved_text_is_named_before_the_sheet_goes(cast, as_):
    cast.review_in("draft")
    assert "書きかけが残っています" not in Page(as_(cast.staff).get(PAGE)).text
    case = open_case(cast.initiative, "midyear", cast.staff)
    keeping.keep_for(cast.staff.pk, case, 1, {"implementation": "1", "outlook": "2", "issues": "書きかけ"})
    page = Page(as_(cast.staff).get(PAGE)).text
    assert "一時保存していない書きかけが残っています(9月25日(金)10:00)。" in page
    assert "書きかけが残っています" not in Page(as_(cast.second_staff).get(PAGE)).text


@pytest.mark.parametrize("who", ["viewer", "staff_other_section", "manager_other_section"])
def test_notes_are_for_the_section_and_the_admin(cast, as_, who):
    write_note(cast.initiative, "midyear", by=cast.staff, at=NOW, text=NOTE)
    answer = as_(cast.actor(who)).get(PAGE)
    assert answer.status_code == 403
    assert "照会先" not in answer.content.decode()


def test_notes_are_never_public_nor_in_the_official_form(cast, as_):
    cast.plan_in("published")
    cast.review_in("draft")
    write_note(cast.initiative, "midyear", by=cast.staff, at=NOW, text="外に出ないメモ")
    send(as_(cast.staff), PAGE, version=1, text="外に出ないメモ2", to=cast.second_staff.pk)
    cast.review_in("published")
    Event.objects.filter(verb="publish").update(content={"answers": cast.answers(), "held_by": "担当 次郎"})
    as_(cast.staff)
    for address in ("/public/mihon/2020/", "/public/mihon/2020/1/"):
        html = as_(cast.staff).get(address).content.decode()
        assert "外に出ないメモ" not in html
        assert "担当 次郎" not in html
    book = ZipFile(BytesIO(as_(cast.staff).get("/mihon/2020/1/sheet.xlsx").content))
    assert not any("外に出ないメモ" in book.read(name).decode(errors="ignore") for name in book.namelist())
