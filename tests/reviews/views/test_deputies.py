import pytest

from reviews import workflow
from tests.cast import NOW, hold
from tests.pages import Page, send
from wardplan.accounts.models import Membership

URL = "/queue/deputies/"
FIELDS = {"starts_on": "令和2年9月28日", "ends_on": "R2.10.2"}


@pytest.fixture
def manager(cast, client):
    client.force_login(cast.manager)
    return client


def named(cast, who):
    return Membership.objects.filter(user=cast.actor(who), acting=True)


def test_manager_names_a_deputy_for_some_days(cast, manager):
    response = send(manager, URL, section=cast.section.pk, deputy=cast.staff_other_section.pk, **FIELDS)
    assert response["Location"] == URL
    found = named(cast, "staff_other_section").get()
    assert (found.section, str(found.starts_on), str(found.ends_on)) == (
        cast.section,
        "2020-09-28",
        "2020-10-02",
    )
    page = Page(manager.get(URL))
    assert (
        "令和2年9月28日から令和2年10月2日まで、総務 担当さんが市民協働課の承認を代理します。"
        in page.notices[0]
    )
    assert "開始前" in page.text


def test_people_of_the_ward_can_be_chosen_and_nobody_else(cast, manager):
    page = manager.get(URL).content.decode()
    choices = page.split('name="deputy"')[1].split("</select>")[0]
    assert cast.staff.name in choices and cast.admin.name in choices
    assert cast.manager.name not in choices and cast.other_ward.name not in choices
    response = send(manager, URL, deputy=cast.other_ward.pk, **FIELDS)
    assert "この区の利用者から選んでください。" in Page(response).errors["deputy"]
    assert not named(cast, "other_ward").exists()


def test_what_is_missing_is_said_beside_the_fields(cast, manager):
    page = Page(send(manager, URL, deputy="", starts_on="", ends_on="来週"))
    assert page.errors["deputy"] == ["代理承認者を選んでください。"]
    assert page.errors["starts_on"] == ["開始日を入れてください。"]
    assert page.errors["ends_on"]
    page = Page(send(manager, URL, deputy=cast.staff.pk, starts_on="R2.9.1", ends_on="R2.8.1"))
    assert page.errors["starts_on"] == ["開始日は今日以後の日にしてください。"]
    assert page.errors["ends_on"] == ["終了日は開始日以後の日にしてください。"]
    assert not named(cast, "staff").exists()


def test_manager_of_two_sections_chooses_one(cast, manager):
    hold(cast.manager, cast.other_section, "manager")
    assert 'name="section"' in manager.get(URL).content.decode()
    send(manager, URL, section=cast.other_section.pk, deputy=cast.staff.pk, **FIELDS)
    assert named(cast, "staff").get().section == cast.other_section


@pytest.mark.parametrize("section", ["neighbours_section", "other_section"])
def test_section_of_somebody_else_is_not_there(cast, manager, section):
    count = Membership.objects.count()
    fields = {"section": getattr(cast, section).pk, "deputy": cast.staff.pk}
    assert send(manager, URL, **fields, **FIELDS).status_code == 404
    assert Membership.objects.count() == count


@pytest.mark.parametrize("who", ["deputy", "staff", "admin", "viewer"])
def test_others_name_nobody(cast, client, who):
    client.force_login(cast.actor(who))
    assert send(client, URL, deputy=cast.staff.pk, **FIELDS).status_code == 403
    assert send(client, f"{URL}{named(cast, 'deputy').get().pk}/end/").status_code == 403
    assert not named(cast, "staff").exists()
    assert named(cast, "deputy").get().ends_on is None


def test_manager_ends_a_deputyship(cast, manager):
    address = f"{URL}{named(cast, 'deputy').get().pk}/end/"
    assert address in manager.get(URL).content.decode()
    assert manager.get(address).status_code == 405
    assert send(manager, address)["Location"] == URL
    assert named(cast, "deputy").get().ends_on == NOW.date()
    assert "代理 三郎さんの代理承認を今日で終えます。" in Page(manager.get(URL)).notices


def test_another_wards_deputy_is_not_there(cast, client):
    client.force_login(cast.other_ward)
    assert send(client, f"{URL}{named(cast, 'deputy').get().pk}/end/").status_code == 404
    assert send(client, f"{URL}99999999999999999999/end/").status_code == 404
    assert send(client, f"{URL}{cast.manager.memberships.get().pk}/end/").status_code == 404


def test_absent_manager_is_told_afterwards(cast, manager):
    review = cast.review_in("submitted")
    assert "代理で行われたもの" not in manager.get("/").content.decode()
    workflow.approve(cast.initiative, "midyear", by=cast.deputy, at=NOW, version=review.version)
    page = Page(manager.get("/"))
    assert "代理で行われたもの" in page.text
    assert "市民協働課長代理 代理 三郎 9月25日(金)10:00" in " ".join(page.text.split())
