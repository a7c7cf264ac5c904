"""The session ends, the token changes, or somebody else sits down: the text finds its writer."""

import datetime

from django.contrib.auth.hashers import make_password
from django.test import Client

from reviews.models import UnsavedText
from tests.cast import NOW, snapshot
from tests.faults.typed import AUTOSAVE, COMPLETE, FORM, SUBMIT, TEXT, handed_back
from tests.pages import Page, send

PASSWORD = "mihon-2020-himitsu"


def type_password(client, user, **fields):
    type(user).objects.filter(pk=user.pk).update(password=make_password(PASSWORD))
    return send(client, "/accounts/login/", username=user.username, password=PASSWORD, **fields)


# ---- C6 --------------------------------------------------------------------------------------------------


def test_after_61_minutes_the_same_person_goes_on(cast, log_in, clock, sound):
    client = log_in(cast.staff)
    typed = Page(client.get(FORM)).typed | {"issues": TEXT}
    clock.move_to(NOW + datetime.timedelta(minutes=61))
    assert send(client, AUTOSAVE, **typed).status_code == 401
    page = Page(send(client, FORM, **typed))
    assert "秋に増やす。" in page.text
    assert cast.events() == []
    assert type_password(client, cast.staff, next=FORM)["Location"] == FORM
    page = Page(client.get(FORM))
    assert page.typed["issues"] == TEXT
    send(client, FORM, **page.typed)
    assert cast.review().answers == {"issues": TEXT}
    assert not UnsavedText.objects.exists()
    sound()


def test_after_61_minutes_another_person_gets_nothing(cast, log_in, clock):
    client = log_in(cast.staff)
    typed = Page(client.get(FORM)).typed | {"issues": TEXT}
    clock.move_to(NOW + datetime.timedelta(minutes=61))
    send(client, FORM, **typed)
    type_password(client, cast.second_staff, next=FORM)
    page = Page(client.get(FORM))
    assert (page.typed["issues"], cast.events()) == ("", [])
    assert "秋に増やす。" not in page.html
    left = UnsavedText.objects.get()
    assert (left.user, left.left) == (cast.staff, "no_session")


def test_keep_alive_moves_the_end_along(cast, log_in, clock):
    client = log_in(cast.staff)
    for minutes in (55, 110):
        clock.move_to(NOW + datetime.timedelta(minutes=minutes))
        assert client.post("/accounts/keep-alive/").status_code == 204
    clock.move_to(NOW + datetime.timedelta(minutes=171))
    assert client.post("/accounts/keep-alive/").status_code == 401
    assert client.get("/accounts/keep-alive/").status_code == 405


# ---- C7 --------------------------------------------------------------------------------------------------


def test_log_in_in_another_tab_costs_one_click(cast, log_in, sound):
    client = log_in(cast.staff, enforce_csrf_checks=True)
    origin = {"Origin": "http://testserver"}
    typed = Page(client.get(FORM)).typed | {"issues": TEXT}
    client.force_login(cast.staff)
    client.cookies["csrftoken"] = "x" * 32  # as a log-in changes it
    answer = send(client, FORM, headers=origin, **typed)
    assert answer.status_code == 403
    assert handed_back(answer)
    assert cast.events() == []
    again = Page(answer, 403).forms[FORM]
    assert again["csrfmiddlewaretoken"] != typed["csrfmiddlewaretoken"]
    assert send(client, FORM, headers=origin, **again).status_code == 302
    assert cast.review().answers == {"issues": TEXT}
    sound()


def test_token_page_offers_no_click_to_another_site(cast):
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.staff)
    for headers in ({}, {"Origin": "http://evil.example"}):
        page = Page(send(client, FORM, headers=headers, version=0, **COMPLETE), 403)
        assert FORM not in page.forms
    page = Page(
        send(
            client,
            "/accounts/login/",
            headers={"Origin": "http://testserver"},
            username="x",
            password="ひみつ",
        ),
        403,
    )
    assert "ひみつ" not in page.html and "/accounts/login/" not in page.forms


# ---- C8 --------------------------------------------------------------------------------------------------


def test_other_person_in_another_tab_is_told_and_the_writer_asked(cast, log_in):
    typed = Page(log_in(cast.staff).get(FORM)).typed | COMPLETE
    other = log_in(cast.second_staff)
    before = snapshot()
    assert send(other, AUTOSAVE, **typed).status_code == 409
    assert snapshot() == before
    page = Page(send(other, SUBMIT, **typed), 409)
    assert "別の利用者です。" in page.text and "秋に増やす。" not in page.html
    assert cast.events() == []
    left = UnsavedText.objects.get()
    assert (left.user, left.left) == (cast.staff, "another")
    writer = log_in(cast.staff)
    assert (
        "に保存しようとしたとき、別の利用者がログインしていました。"
        in Page(writer.get(f"{FORM}restore/")).text
    )
    assert Page(writer.get(f"{FORM}?restore=1")).typed["issues"] == TEXT


# ---- C9 --------------------------------------------------------------------------------------------------


def test_back_after_submitting_and_submitting_again(cast, log_in, sound):
    client = log_in(cast.staff)
    typed = Page(client.get(FORM)).typed | COMPLETE
    send(client, SUBMIT, **typed)
    answer = send(client, SUBMIT, **typed | {"issues": f"{TEXT}直した。"})
    assert answer.status_code == 409
    assert handed_back(answer)
    assert "no-store" in client.get(FORM)["Cache-Control"]
    assert cast.review().answers == COMPLETE
    sound()
