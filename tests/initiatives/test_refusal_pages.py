"""Refused acts answer with the page that fits: what happened, is the text safe, what next."""

import logging
from urllib.parse import unquote

import pytest
from django.db import OperationalError, connection
from django.http import HttpResponse, HttpResponseNotAllowed

from initiatives.refusal_pages import RefusalPages, refusal_page
from initiatives.refusals import ChangedMeanwhile, LoginNeeded, NotAllowed, NotVisible, WindowClosed
from tests.cast import snapshot
from tests.pages import Page, send

MIDYEAR = "/mihon/2020/1/midyear/"
TEXT = "課題は<b>回収率</b>である。\n改善する。"


@pytest.fixture
def request_of(rf, cast):
    request = rf.get("/mihon/2020/1/?x=1")
    request.user = cast.staff
    request.resolver_match = None
    return request


@pytest.mark.parametrize(
    ("refused", "status", "words"),
    [
        (NotVisible("見えません。"), 404, "ページが見つかりません"),
        (NotAllowed("担当課の職員です。"), 403, "担当課の職員です。"),
        (WindowClosed("受付は終了しました。"), 409, "受付は終了しました。"),
        (ChangedMeanwhile("先に保存しました。"), 409, "先に保存しました。"),
    ],
)
def test_each_refusal_has_its_page(request_of, refused, status, words):
    page = Page(RefusalPages(lambda _: None).process_exception(request_of, refused), status)
    assert words in page.text
    assert "変わっていません" in page.text


def test_who_is_not_logged_in_is_led_back_after_log_in(request_of):
    response = refusal_page(request_of, LoginNeeded("ログインしてください。"))
    assert (response.status_code, response["Location"]) == (
        302,
        "/accounts/login/?next=/mihon/2020/1/%3Fx%3D1",
    )


@pytest.mark.parametrize(
    ("address", "came_from", "led_to"),
    [
        ("/queue/approve/", "http://testserver/queue/?open=1#open", "/queue/?open=1"),
        ("/mihon/2020/import/apply/", "http://testserver/mihon/2020/import/", "/mihon/2020/import/"),
        ("/queue/approve/", "http://elsewhere.example/", "/queue/approve/"),
        ("/queue/approve/", "", "/queue/approve/"),
    ],
)
def test_a_button_pressed_without_a_log_in_leads_back_to_its_page(client, cast, address, came_from, led_to):
    answer = send(client, address, headers={"Referer": came_from} if came_from else None)
    assert (answer.status_code, unquote(answer["Location"])) == (302, f"/accounts/login/?next={led_to}")


def test_what_was_typed_into_a_form_at_its_own_address_is_on_the_log_in_page(client, cast):
    there, text = f"/mihon/indicators/{cast.own_indicator.pk}/definition/", "設問の文が変わった。"
    sent = {"what": text, "kind": "definition", "fiscal_year": "2020"}
    before = snapshot()
    page = Page(send(client, there, headers={"Referer": f"http://testserver{there}"}, **sent))
    assert "下の文をコピーしてからログインし" in page.text and text in page.text
    assert "definition" not in page.text
    assert f'name="next" value="{there}"' in page.html
    answer = send(client, there, headers={"Referer": "http://testserver/mihon/indicators/"}, **sent)
    assert answer.status_code == 302
    assert snapshot() == before


def test_other_exceptions_are_left_alone(request_of):
    assert RefusalPages(lambda _: None).process_exception(request_of, ValueError()) is None


@pytest.mark.parametrize("refused", [NotAllowed("いまは直せません。"), WindowClosed("終了しました。")])
def test_text_is_handed_back_as_text_with_its_labels(request_of, refused):
    kept = {"課題と改善策": TEXT, "実績": "9件"}
    page = Page(refusal_page(request_of, refused, kept=kept, back="/mihon/2020/1/"), refused.code)
    assert TEXT in page.text and "<b>回収率</b>" not in page.html
    assert "課題と改善策" in page.text and "実績" in page.text and "消えていません。" in page.text
    assert '<a class="btn btn-primary" href="/mihon/2020/1/">いまのシートを見る</a>' in page.html


def test_the_log_names_who_where_and_why_and_never_the_text(request_of, caplog):
    with caplog.at_level(logging.INFO, "wardplan.refused"):
        refusal_page(request_of, NotAllowed("できません。"), kept={"理由": TEXT})
    assert caplog.messages == ["403 担当 太郎 /mihon/2020/1/: できません。"]


def test_an_empty_405_gets_a_page_and_a_full_one_stays(request_of):
    response = RefusalPages(lambda _: HttpResponseNotAllowed(["POST"]))(request_of)
    assert "このアドレスは、画面のボタンから使います。" in Page(response, 405).text
    assert response["Allow"] == "POST"
    full = HttpResponseNotAllowed(["POST"], b"other")
    assert RefusalPages(lambda _: full)(request_of) is full
    fine = HttpResponse()
    assert RefusalPages(lambda _: fine)(request_of) is fine


# ---- what has failed must not be needed ------------------------------------------------------------------


def fail(exception, starting=""):
    def run(execute, sql, *more):
        if sql.startswith(starting):
            raise exception
        return execute(sql, *more)

    return connection.execute_wrapper(run)


@pytest.fixture
def staff(client, cast):
    client.force_login(cast.staff)
    client.raise_request_exception = False
    return client


@pytest.mark.parametrize("method", ["get", "post"])
def test_without_the_database_the_text_comes_back_with_503(staff, cast, method):
    before = snapshot()
    with fail(OperationalError("server closed the connection")):
        response = staff.get(MIDYEAR) if method == "get" else send(staff, MIDYEAR, version=0, issues=TEXT)
    page = Page(response, 503)
    assert "データベースにつながらないため" in page.text
    assert "一時保存した内容は残っています。" in page.text
    assert (TEXT in page.text) == (method == "post")
    assert "server closed" not in page.text and response["Retry-After"] == "60"
    assert snapshot() == before


def test_a_database_that_goes_in_the_middle_of_a_save_leaves_nothing_half_written(staff, cast):
    before = snapshot()
    with fail(OperationalError("gone"), 'INSERT INTO "initiatives_event'):
        page = Page(send(staff, MIDYEAR, version=0, issues=TEXT), 503)
    assert TEXT in page.text
    assert snapshot() == before
    assert send(staff, MIDYEAR, version=0, issues=TEXT).status_code == 302


def test_a_fault_of_ours_is_500_with_the_text(staff, cast):
    before = snapshot()
    with fail(RuntimeError("a fault"), 'INSERT INTO "initiatives_event'):
        page = Page(send(staff, MIDYEAR, version=0, issues=TEXT), 500)
    assert "画面を表示できませんでした" in page.text and "10:00" in page.text
    assert TEXT in page.text and "a fault" not in page.text
    assert "一時保存した内容は残っています。" in page.text
    assert snapshot() == before


@pytest.mark.parametrize("address", ["/mihon/2020/7/", "/no/such/page/", "/mihon/2020/1/midyear/explode/"])
def test_404_says_what_to_do(staff, address):
    page = Page(staff.get(address), 404)
    assert "何も変わっていません。" in page.text and "アドレスを確かめるか" in page.text


@pytest.mark.parametrize("query", ["version=0", "issues=1&issues=2"])
def test_400_says_that_what_was_saved_is_safe(staff, cast, query):
    response = staff.post(
        MIDYEAR, query + "&outlook=1&outlook=2", content_type="application/x-www-form-urlencoded"
    )
    page = Page(response, 400)
    assert "保存済みの内容は変わっていません。" in page.text and "書いた文を手元に控えて" in page.text
