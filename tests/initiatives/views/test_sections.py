"""Sections of a whole plan at once."""

import datetime

import pytest
from django.test import Client

from initiatives.models import Initiative
from tests.cast import snapshot
from tests.pages import Page, send
from wardplan.accounts.models import Section

SECTIONS = "/mihon/2020/plan/sections/"


def log_in(user):
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def admin(client, cast):
    client.force_login(cast.admin)
    return client


@pytest.fixture
def new(cast):
    return Section.objects.create(ward=cast.ward, name="地域課", order=3)


def sections():
    return dict(Initiative.objects.filter(plan__fiscal_year=2020).values_list("number", "section__name"))


def apply(client, version=1, **changes):
    fields = {f"section_{number}": section.pk for number, section in changes.items()}
    return send(client, SECTIONS, version=version, apply=1, **fields)


def test_a_whole_section_moves_after_a_look(admin, cast, new):
    before = snapshot()
    page = Page(send(admin, SECTIONS, **{"from": cast.section.pk, "to": new.pk}))
    assert "取組項目1 人と人とのつながりづくり: 市民協働課 → 地域課" in " ".join(page.text.split())
    assert "取組項目2 区政会議の開催:" not in " ".join(page.text.split())
    assert snapshot() == before
    assert f'name="section_1" value="{new.pk}"' in page.html
    assert apply(admin, **{"1": new})["Location"] == "/mihon/2020/"
    assert sections() == {"1": "地域課", "2": "総務課"}
    assert cast.plan_events()[-1].content == {"number": "1", "section": "地域課", "before": "市民協働課"}


def test_each_sheet_is_one_event(admin, cast, new):
    apply(admin, **{"1": new, "2": new})
    assert [(event.verb, event.content["number"]) for event in cast.plan_events()[1:]] == [
        ("assign_section", "1"),
        ("assign_section", "2"),
    ]


def test_a_sheets_own_choice_counts_first(admin, cast, new):
    fields = {"from": cast.section.pk, "to": new.pk, "section_1": cast.other_section.pk}
    text = " ".join(Page(send(admin, SECTIONS, **fields)).text.split())
    assert "市民協働課 → 総務課" in text and "市民協働課 → 地域課" not in text


def test_sheets_without_a_section_are_a_group(admin, cast, new):
    Initiative.objects.filter(pk=cast.initiative.pk).update(section=None)
    text = " ".join(Page(send(admin, SECTIONS, **{"from": "none", "to": new.pk})).text.split())
    assert "未定 → 地域課" in text and "総務課 → 地域課" not in text


def test_an_ended_section_is_marked_and_not_offered(admin, cast, new):
    ended = datetime.date(2020, 9, 25)
    Section.objects.filter(pk=cast.section.pk).update(ended_on=ended)
    page = Page(admin.get(SECTIONS))
    assert "市民協働課 廃止済み" in " ".join(page.text.split())
    assert f'<option value="{new.pk}">' in page.html
    before = snapshot()
    Page(apply(admin, **{"2": cast.section}))
    assert snapshot() == before


def test_what_is_not_offered_changes_nothing(admin, cast):
    before = snapshot()
    page = Page(apply(admin, **{"1": cast.neighbours_section}))
    assert "変わる担当課はありません。" in page.notices[0]
    for value in ("x", "0", ""):
        Page(send(admin, SECTIONS, version=1, apply=1, section_1=value))
    assert snapshot() == before


def test_twice_changes_nothing(admin, new):
    apply(admin, **{"1": new})
    before = snapshot()
    assert "変わる担当課はありません。" in Page(apply(admin, **{"1": new})).text
    assert snapshot() == before


def test_a_stale_look_is_refused(admin, cast, new):
    apply(admin, **{"2": new})
    before = snapshot()
    for version in ("1", "", "x"):
        assert "他の方が先に計画を変更しました" in Page(apply(admin, version, **{"1": new}), 409).text
    assert snapshot() == before


@pytest.mark.parametrize("actor", ["viewer", "staff", "manager"])
def test_only_admins(cast, new, actor):
    client, before = log_in(cast.actor(actor)), snapshot()
    assert client.get(SECTIONS).status_code == 403
    assert apply(client, **{"1": new}).status_code == 403
    assert snapshot() == before


def test_others_find_nothing(cast, new, client):
    before = snapshot()
    assert apply(log_in(cast.other_ward), **{"1": new}).status_code == 404
    assert apply(client, **{"1": new})["Location"].startswith("/accounts/login/")
    assert snapshot() == before
