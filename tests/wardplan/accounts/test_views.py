"""Logging in and out: one sentence for every failure, and never a way to another site."""

import pytest
from axes.models import AccessAttempt

from tests.pages import Page, send

LOGIN = "/accounts/login/"
PASSWORD = "桜の咲くころに会いましょう"
FAILED = "利用者IDかパスワードが違います。確かめて、もう一度入力してください。"


@pytest.fixture(autouse=True)
def password(cast):
    cast.staff.set_password(PASSWORD)
    cast.staff.save()


def log_in(client, username="staff", password=PASSWORD, **more):
    return send(client, LOGIN, username=username, password=password, **more)


def logged_in(client):
    return "_auth_user_id" in client.session


@pytest.mark.parametrize("username", ["staff", " staff", "staff ", "ｓｔａｆｆ", "staff　"])
def test_log_in_leads_to_the_first_page(client, username):
    assert log_in(client, username)["Location"] == "/"
    assert logged_in(client)


@pytest.mark.parametrize(
    ("username", "typed"),
    [
        ("staff", "wrong"),
        ("STAFF", PASSWORD),
        ("nobody", PASSWORD),
        ("staff", "あ" * 128),
        ("staff", PASSWORD + " "),
        ("staff", "x" * 5000),
        ("' OR 1=1 --", "' OR 1=1 --"),
        ("staff'; DROP TABLE accounts_user; --", "x"),
        ("<script>alert(1)</script>", "x"),
        ("あ" * 60, "x"),
        ("\u202estaff", PASSWORD),
    ],
)
def test_every_failure_is_told_alike(client, username, typed):
    page = Page(log_in(client, username, typed))
    assert FAILED in page.text and "ログインできませんでした。" in page.text
    assert page.forms[""]["username"] == username
    assert page.forms[""]["password"] == ""
    assert not logged_in(client)


@pytest.mark.parametrize(("username", "typed"), [("", ""), ("staff", ""), ("\x00", "x"), ("staff", "\x00")])
def test_blank_and_broken_input_is_answered_beside_the_field(client, username, typed):
    page = Page(log_in(client, username, typed))
    assert page.errors
    assert not logged_in(client)


def test_a_user_who_left_is_told_like_any_failure(client, cast):
    cast.staff.is_active = False
    cast.staff.save()
    assert not logged_in(client)
    assert FAILED in Page(log_in(client)).text


def test_five_failures_lock_the_name_and_only_that(client, cast):
    cast.manager.set_password(PASSWORD)
    cast.manager.save()
    answers = [log_in(client, "ｓｔａｆｆ" if place % 2 else "staff", "wrong") for place in range(5)]
    assert [answer.status_code for answer in answers] == [200] * 4 + [429]
    page = Page(log_in(client), 429)
    assert "ログインを止めています" in page.text and "書きかけの文も残っています。" in page.text
    assert not logged_in(client)
    assert AccessAttempt.objects.get().username == "staff"
    assert log_in(client, "manager")["Location"] == "/"


@pytest.mark.parametrize("wanted", ["/mihon/2020/1/", "/queue/", "/mihon/2020/1/midyear/?restore=1"])
def test_it_goes_on_to_the_page_that_was_asked_for(client, wanted):
    assert log_in(client, next=wanted)["Location"] == wanted


@pytest.mark.parametrize(
    "wanted",
    ["https://evil.example/", "//evil.example/", "/\\evil.example", "http:evil.example",
     "javascript:alert(1)", "ftp://testserver/", "\x00//evil.example"],
)  # fmt: skip
def test_it_never_goes_on_to_another_site(client, wanted):
    assert log_in(client, next=wanted)["Location"] == "/"
    client.logout()
    assert Page(client.get(LOGIN, {"next": wanted})).forms[""].get("next", "/") in ("/", "")


def test_who_is_logged_in_needs_no_log_in(client, cast):
    client.force_login(cast.staff)
    assert client.get(LOGIN)["Location"] == "/"


def test_logging_out_ends_it_and_a_link_does_not(client, cast):
    client.force_login(cast.staff)
    assert client.get("/accounts/logout/").status_code == 405
    assert logged_in(client)
    assert client.post("/accounts/logout/")["Location"] == LOGIN
    assert not logged_in(client)
    assert client.get("/")["Location"] == f"{LOGIN}?next=/"


def test_an_hour_without_use_ends_the_session(client, cast, clock):
    log_in(client)
    clock.shift(59 * 60)
    assert client.get("/").status_code == 200
    clock.shift(59 * 60)
    assert client.get("/").status_code == 200
    clock.shift(61 * 60)
    assert client.get("/")["Location"] == f"{LOGIN}?next=/"


def test_the_password_can_be_changed(client, cast):
    client.force_login(cast.staff)
    address = "/accounts/password/"
    new = "梅の咲くころに会いましょう"
    page = Page(send(client, address, old_password="wrong", new_password1=new, new_password2=new))
    assert list(page.errors) == ["old_password"]
    page = Page(
        send(client, address, old_password=PASSWORD, new_password1="12345678", new_password2="12345678")
    )
    assert "new_password2" in page.errors or "new_password1" in page.errors
    assert (
        send(client, address, old_password=PASSWORD, new_password1=new, new_password2=new)["Location"] == "/"
    )
    cast.staff.refresh_from_db()
    assert cast.staff.check_password(new)
