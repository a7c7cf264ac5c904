"""The plan's own verbs as buttons."""

import pytest
from django.test import Client

from initiatives.models import Initiative, PublishedSheet, YearPlan
from initiatives.views.posted import as_version
from tests.cast import snapshot
from tests.pages import Page, send

LIST = "/mihon/2020/"
CONFIRM, PUBLISH = f"{LIST}plan/confirm/", f"{LIST}plan/publish/"


@pytest.fixture
def admin(client, cast):
    client.force_login(cast.admin)
    return client


def log_in(user):
    client = Client()
    client.force_login(user)
    return client


def test_confirm(admin, cast):
    cast.plan_in("draft")
    response = send(admin, CONFIRM, version=0)
    assert response["Location"] == LIST
    assert YearPlan.objects.get(pk=cast.plan.pk).status == "confirmed"
    assert [event.verb for event in cast.plan_events()] == ["confirm"]
    assert any("計画を確定しました。" in notice for notice in Page(admin.get(LIST)).notices)


def test_confirm_says_that_the_windows_are_still_to_be_set(admin, cast):
    cast.plan_in("draft")
    cast.plan.phases.update(opens_at=None, due_at=None, closes_at=None)
    send(admin, CONFIRM, version=0)
    notices = Page(admin.get(LIST)).notices
    assert any("受付期間がまだ決まっていません。「進行管理」で決めると" in notice for notice in notices)


def test_publish(admin, cast):
    assert send(admin, PUBLISH, version=1)["Location"] == LIST
    assert YearPlan.objects.get(pk=cast.plan.pk).status == "published"
    assert PublishedSheet.objects.count() == 2
    assert "計画を公表しました。" in Page(admin.get(LIST)).notices


def test_the_same_twice_is_one_event(admin, cast):
    first = send(admin, PUBLISH, version=1)
    before = snapshot()
    second = send(admin, PUBLISH, version=1)
    assert (second.status_code, second["Location"]) == (302, first["Location"])
    assert snapshot() == before


def test_many_sheets_without_a_section_are_one_message(admin, cast):
    cast.plan_in("draft")
    for number in range(3, 8):
        Initiative.objects.create(plan=cast.plan, number=str(number), position=number, title="取組")
    send(admin, CONFIRM, version=0)
    [notice] = [notice for notice in Page(admin.get(LIST)).notices if "決めてください" in notice]
    assert notice.count("決めてください。") == 3
    assert notice.endswith("ほかに2件あります。「担当課をまとめて変える」で決められます。")


def test_what_is_missing_is_said_in_the_list(admin, cast):
    cast.plan_in("draft")
    cast.initiative.section = None
    cast.initiative.save()
    before = snapshot()
    assert send(admin, CONFIRM, version=0)["Location"] == LIST
    assert snapshot() == before
    assert any("担当課" in notice for notice in Page(admin.get(LIST)).notices)


@pytest.mark.parametrize("version", ["", "0", "9", "x", "9" * 5000])
@pytest.mark.parametrize("address", [CONFIRM, PUBLISH])
def test_another_version_or_state_is_409(admin, cast, address, version):
    before = snapshot()
    page = Page(send(admin, address, version=version), 409)
    assert "行われませんでした。" in page.text
    assert snapshot() == before


@pytest.mark.parametrize("actor", ["viewer", "staff", "manager"])
@pytest.mark.parametrize("address", [CONFIRM, PUBLISH])
def test_only_admins(cast, actor, address):
    before = snapshot()
    assert send(log_in(cast.actor(actor)), address, version=1).status_code == 403
    assert snapshot() == before


@pytest.mark.parametrize("address", [CONFIRM, PUBLISH])
def test_others_find_nothing(cast, client, address):
    before = snapshot()
    assert send(log_in(cast.other_ward), address, version=1).status_code == 404
    assert send(log_in(cast.admin), address.replace("2020", "2019"), version=1).status_code == 404
    assert send(client, address, version=1)["Location"].startswith("/accounts/login/")
    assert snapshot() == before


@pytest.mark.parametrize("address", [CONFIRM, PUBLISH])
def test_opening_the_address_does_nothing(admin, cast, address):
    before = snapshot()
    assert admin.get(address).status_code == 405
    assert snapshot() == before


@pytest.mark.parametrize(
    ("sent", "version"),
    [
        ("0", 0),
        ("12", 12),
        ("007", 7),
        ("", None),
        ("１", None),
        ("²", None),
        ("-1", None),
        ("1" * 10, None),
        (" 1", None),
    ],
)
def test_versions_are_plain_numbers(sent, version):
    assert as_version(sent) == version
