"""Unsaved text beside what is saved: what differs, since when, and what happens to the other one."""

import datetime

import pytest
from django.test import Client

from reviews import keeping, workflow
from reviews.case import open_case
from reviews.models import UnsavedText
from tests.cast import NOW, snapshot
from tests.pages import Page, send

FORM = "/mihon/2020/1/midyear/"
RESTORE = f"{FORM}restore/"
SAVED = "フードドライブを中止した。"
MINE = "フードドライブを中止したため、件数は2件にとどまった。"


@pytest.fixture
def staff(client, cast):
    client.force_login(cast.staff)
    return client


@pytest.fixture
def left(cast):
    """Leave text behind: typed on a draft that says something else."""
    cast.review_in("draft", answers=cast.answers(issues=SAVED))
    case = open_case(cast.initiative, "midyear", cast.staff)
    inputs = {"implementation": "1", "outlook": "2", "issues": MINE}
    keeping.keep_for(cast.staff.pk, case, 1, inputs, page="画面")
    return case


def test_form_leads_to_the_comparison(staff, left):
    page = Page(staff.get(FORM))
    left_at = "一時保存していない書きかけが残っています(9月25日(金)10:00)。"
    assert any(left_at in text for text in page.notices)
    assert f'href="{RESTORE}"' in page.html
    assert page.typed["issues"] == SAVED


def test_comparison_shows_what_differs(staff, left):
    page = Page(staff.get(RESTORE))
    assert "9月25日(金)10:00に書いていて、一時保存をしていない文です。" in page.text
    assert "シートの内容は、その後だれも変えていません。" in page.text
    assert "違う欄1つ" in page.text
    assert "<ins><span" in page.html and "ため、件数は2件にとどまった" in page.html
    assert "目標の達成見込み" not in page.text
    assert f"{len(MINE)}字" in page.text and f"{len(SAVED)}字" in page.text
    # A Friday's text is there on Monday.
    assert "選ばなかった書きかけは、9月28日(月)10:00まで残ります。" in page.text


def test_comparison_says_who_changed_the_sheet(staff, left, cast):
    theirs = cast.answers(issues=SAVED, outlook=1)
    workflow.save(cast.initiative, "midyear", by=cast.second_staff, at=NOW, version=1, answers=theirs)
    page = Page(staff.get(RESTORE))
    assert "シートは、その後9月25日(金)10:00に市民協働課 担当者 担当 次郎 さんが変えました。" in page.text
    assert "違う欄2つ" in page.text


def test_going_on_with_it_saves_it_and_forgets_it(staff, left, cast):
    page = Page(staff.get(f"{FORM}?restore=1"))
    assert page.typed["issues"] == MINE
    send(staff, FORM, **page.typed)
    assert cast.review().answers == cast.answers(issues=MINE)
    assert not UnsavedText.objects.exists()


def test_going_on_with_what_is_saved_keeps_it(staff, left, cast):
    page = Page(staff.get(FORM))
    send(staff, f"{FORM}autosave/", **page.typed | {"issues": "別の続き"})
    send(staff, FORM, **page.typed | {"issues": "別の続き"})
    assert UnsavedText.objects.get().fields["issues"] == MINE
    assert "一時保存していない書きかけが残っています" in Page(staff.get(FORM)).text


def test_it_can_be_dropped(staff, left):
    assert send(staff, RESTORE)["Location"] == FORM
    assert not UnsavedText.objects.exists()


def test_text_equal_to_what_is_saved_is_not_mentioned(staff, left, cast):
    UnsavedText.objects.update(fields={"implementation": "1", "outlook": "2", "issues": f"{SAVED}\r\n"})
    page = Page(staff.get(FORM))
    assert "書きかけが残っています" not in "".join(text for text in page.notices if "パソコン" not in text)


def test_its_time_ends(staff, left, clock):
    clock.move_to(NOW + datetime.timedelta(days=3))
    staff.force_login(left_user(left))
    assert staff.get(RESTORE).status_code == 200
    clock.move_to(NOW + datetime.timedelta(days=3, seconds=1))
    assert staff.get(RESTORE)["Location"] == FORM


def left_user(case):
    return UnsavedText.objects.get(initiative=case.initiative).user


def test_a_weekday_is_a_day_later(cast):
    tuesday = datetime.datetime(2020, 9, 29, 17, 2, tzinfo=NOW.tzinfo)
    assert keeping.kept_until(tuesday) == tuesday + datetime.timedelta(days=1)
    before_new_year = datetime.datetime(2020, 12, 28, 17, 2, tzinfo=NOW.tzinfo)
    assert keeping.kept_until(before_new_year).date() == datetime.date(2021, 1, 4)


def test_nobody_else_sees_it(left, cast):
    for user in (cast.second_staff, cast.manager, cast.admin):
        client = Client()
        client.force_login(user)
        assert client.get(RESTORE)["Location"] == FORM
        assert MINE not in client.get(f"{FORM}?restore=1").content.decode()


@pytest.mark.parametrize(("actor", "code"), [("viewer", 302), ("other_ward", 404), ("anonymous", 302)])
def test_comparison_is_for_writers(client, left, cast, actor, code):
    if actor != "anonymous":
        client.force_login(cast.actor(actor))
    assert client.get(RESTORE).status_code == code


def test_looking_writes_nothing(staff, left):
    before = snapshot()
    staff.get(FORM)
    staff.get(RESTORE)
    assert snapshot() == before
