"""Autosave over HTTP: kept as unsaved text, never in the history; refused as a save would be, in JSON."""

import datetime

import pytest
from django.test import Client

from reviews import keeping
from reviews.case import open_case
from reviews.models import UnsavedText
from tests.cast import NOW, snapshot
from tests.pages import Page, send

FORM = "/mihon/2020/1/midyear/"
AUTOSAVE = f"{FORM}autosave/"
TYPED = "参加者が減った。\n秋に増やす。"


@pytest.fixture
def staff(client, cast):
    client.force_login(cast.staff)
    return client


def log_in(user):
    client = Client()
    client.force_login(user)
    return client


def test_typed_text_is_kept_without_event_or_version(staff, cast):
    answer = send(staff, AUTOSAVE, version=0, outlook=2, issues=TYPED)
    assert answer.status_code == 200
    assert answer.json() == {"saved_at": "10:00", "differs": True, "fits": {"issues": "A4 1枚に収まります"}}
    kept = UnsavedText.objects.get()
    assert (kept.user, kept.initiative, kept.phase, kept.base_version, kept.at) == (
        cast.staff, cast.initiative, "midyear", 0, NOW,
    )  # fmt: skip
    assert kept.fields == {"outlook": "2", "issues": TYPED.replace("\n", "\r\n")}
    assert cast.events() == []


def test_the_next_one_replaces_it(staff, cast):
    for text in ("前", "後"):
        send(staff, AUTOSAVE, version=0, issues=text)
    assert UnsavedText.objects.get().fields == {"issues": "後"}


def test_two_opened_pages_keep_a_text_each(staff, cast):
    pages = [Page(staff.get(FORM)).typed["opened_by"] for _ in range(2)]
    for opened_by, text in zip(pages, ("一枚目", "二枚目"), strict=True):
        send(staff, AUTOSAVE, version=0, issues=text, opened_by=opened_by)
    assert [row.fields["issues"] for row in UnsavedText.objects.order_by("pk")] == ["一枚目", "二枚目"]


def test_what_is_saved_already_is_not_kept(staff, cast):
    cast.review_in("draft")
    send(staff, AUTOSAVE, version=1, issues="途中")
    page = send(staff, AUTOSAVE, version=1, **cast.answers())
    assert page.json()["differs"] is False
    assert not UnsavedText.objects.exists()


def test_a_save_takes_its_own_page_only(staff, cast):
    own, other = (Page(staff.get(FORM)).typed["opened_by"] for _ in range(2))
    send(staff, AUTOSAVE, version=0, issues="別の画面", opened_by=other)
    send(staff, AUTOSAVE, version=0, issues=TYPED, opened_by=own)
    answer = send(staff, FORM, version=0, issues=TYPED, opened_by=own)
    assert UnsavedText.objects.get().fields == {"issues": "別の画面"}
    form, page = answer.cookies["saved_form"].value.split(":")
    assert form == f"{cast.staff.pk}-{cast.initiative.pk}-midyear"
    assert page != UnsavedText.objects.get().page


def test_late_text_never_replaces_newer(staff, cast):
    send(staff, AUTOSAVE, version=0, issues="新しい")
    send(staff, AUTOSAVE, version=0, issues="古い", age=300)
    assert UnsavedText.objects.get().fields == {"issues": "新しい"}


def test_text_that_waited_keeps_its_time(staff, cast):
    send(staff, AUTOSAVE, version=0, issues="待った", age=300)
    assert UnsavedText.objects.get().at == NOW - datetime.timedelta(minutes=5)


def test_unknown_inputs_are_left_out(staff, cast):
    send(staff, AUTOSAVE, version=0, issues=TYPED, made_up="x" * 1000)
    assert set(UnsavedText.objects.get().fields) == {"issues"}


def test_nul_and_half_a_surrogate_do_no_harm(staff, cast):
    assert send(staff, AUTOSAVE, version=0, issues="文\x00字").status_code == 200
    assert UnsavedText.objects.get().fields == {"issues": "文\ufffd字"}


def test_old_texts_of_everybody_go_on_the_way(staff, cast, clock):
    case = open_case(cast.initiative, "midyear", cast.staff)
    keeping.keep_for(cast.second_staff.pk, case, 0, {"issues": "金曜の文"})
    clock.move_to(NOW + datetime.timedelta(days=2))
    send(log_in(cast.staff), AUTOSAVE, version=0, issues=TYPED)
    assert UnsavedText.objects.count() == 2  # NOW is a Friday
    clock.move_to(NOW + datetime.timedelta(days=3, minutes=1))
    send(log_in(cast.staff), AUTOSAVE, version=0, issues=TYPED)
    assert UnsavedText.objects.get().user == cast.staff


# ---- refused ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("actor", "code", "words"),
    [
        ("anonymous", 401, "ログインが切れました。"),
        ("viewer", 403, "一時保存ができるのは、担当課の職員です。"),
        ("staff_other_section", 403, "担当課の職員"),
        ("other_ward", 404, "このシートが見つかりません。"),
    ],
)
def test_refused_like_a_save(cast, actor, code, words):
    client = Client() if actor == "anonymous" else log_in(cast.actor(actor))
    before = snapshot()
    answer = send(client, AUTOSAVE, version=0, issues=TYPED)
    assert (answer.status_code, answer["Content-Type"]) == (code, "application/json")
    assert words in answer.json()["refused"]
    assert snapshot() == before


@pytest.mark.parametrize("state", ["submitted", "approved", "published"])
def test_refused_by_state(staff, cast, state):
    cast.review_in(state)
    before = snapshot()
    answer = send(staff, AUTOSAVE, version=cast.review().version, issues=TYPED)
    assert answer.status_code == 409 and "このシートは" in answer.json()["refused"]
    assert snapshot() == before


@pytest.mark.parametrize("window", ["before_open", "closed"])
def test_refused_by_window(staff, cast, window):
    cast.set_window("midyear", window)
    before = snapshot()
    assert send(staff, AUTOSAVE, version=0, issues=TYPED).status_code == 409
    assert snapshot() == before


@pytest.mark.parametrize("version", ["", "9", "x", "-1"])
def test_version_that_never_was_is_refused(staff, cast, version):
    assert send(staff, AUTOSAVE, version=version, issues=TYPED).status_code == 409
    assert not UnsavedText.objects.exists()


def test_page_of_another_person_is_refused(staff, cast):
    opened_by = Page(log_in(cast.second_staff).get(FORM)).typed["opened_by"]
    answer = send(staff, AUTOSAVE, version=0, issues=TYPED, opened_by=opened_by)
    assert answer.status_code == 409
    assert "別の利用者です。" in answer.json()["refused"]
    assert not UnsavedText.objects.exists()


def test_get_is_405(staff, cast):
    assert staff.get(AUTOSAVE).status_code == 405


def test_unknown_phase_is_404_in_json(staff, cast):
    answer = send(staff, "/mihon/2020/1/nothing/autosave/", version=0)
    assert answer.status_code == 404 and answer.json()["refused"]


def test_token_is_asked_for(cast):
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.staff)
    assert send(client, AUTOSAVE, version=0, issues=TYPED).status_code == 403
    assert not UnsavedText.objects.exists()
