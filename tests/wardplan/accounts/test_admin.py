import datetime

import pytest
from axes.models import AccessAttempt
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from reviews.models import Note, Review, UnsavedText
from wardplan.accounts.models import Membership, Section, User, Ward

INDEX = "/admin/"
USERS = "/admin/accounts/user/"


def page(response, status=200):
    assert response.status_code == status
    return response.content.decode()


@pytest.fixture
def as_admin(client, cast):
    client.force_login(cast.admin)
    return client


@pytest.fixture
def superuser(cast):
    return User.objects.create(username="operator", name="運用 太郎", password="!", is_superuser=True)


def test_page_for_a_new_user_speaks_of_users_by_the_office_s_word(as_admin):
    html = page(as_admin.get(f"{USERS}add/"))
    assert "利用者 を追加" in html and "ユーザー" not in html


@pytest.fixture
def as_superuser(client, superuser):
    client.force_login(superuser)
    return client


def user_address(user):
    return f"{USERS}{user.pk}/change/"


def memberships(*rows, initial=0):
    """Fill in the rows of a user's roles as the page sends them."""
    sent = {"memberships-TOTAL_FORMS": len(rows), "memberships-INITIAL_FORMS": initial}
    for position, row in enumerate(rows):
        for name, value in row.items():
            sent[f"memberships-{position}-{name}"] = value
        if "id" in row:
            sent[f"initial-memberships-{position}-starts_on"] = row["starts_on"]
    return sent


def user_form(user, *rows, initial=0, **changes):
    sent = {"username": user.username, "name": user.name, "is_active": "on", **changes}
    return {**{k: v for k, v in sent.items() if v is not None}, **memberships(*rows, initial=initial)}


def role(ward, role, section=None, starts_on="2020-10-01", **more):
    return {
        "ward": ward.pk,
        "role": role,
        "section": section.pk if section else "",
        "starts_on": starts_on,
        **more,
    }


# --- who gets in -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["staff", "manager", "viewer"])
@pytest.mark.parametrize("address", [INDEX, USERS, "/admin/initiatives/yearplan/", "/admin/password_change/"])
def test_only_admins_of_a_ward_get_in(client, cast, who, address):
    client.force_login(cast.actor(who))
    assert "管理の画面は、取りまとめ担当が使います。" in page(client.get(address), 403)


def test_somebody_unknown_is_sent_to_the_sites_own_login(client, cast):
    response = client.get("/admin/initiatives/yearplan/?q=1")
    assert response.status_code == 302
    assert response["Location"] == "/accounts/login/?next=%2Fadmin%2Finitiatives%2Fyearplan%2F%3Fq%3D1"
    assert client.get("/admin/login/?next=/admin/")["Location"] == "/accounts/login/?next=%2Fadmin%2F"


def test_a_role_that_has_ended_lets_nobody_in(client, cast):
    cast.admin.memberships.update(ends_on=datetime.date(2020, 9, 24))
    client.force_login(cast.admin)
    page(client.get(INDEX), 403)


def test_the_index_names_only_what_may_be_touched(as_admin):
    html = page(as_admin.get(INDEX))
    assert "取組シート 管理" in html
    for address in ("initiatives/yearplan", "initiatives/initiative", "accounts/user", "accounts/section"):
        assert f'href="/admin/{address}/"' in html
    assert "/admin/accounts/ward/" not in html
    assert "/admin/auth/group/" not in html
    assert "/admin/axes/" not in html


def test_reviews_are_not_in_the_admin_at_all():
    for model in (Review, UnsavedText, Note, Group):
        assert not admin.site.is_registered(model)


def test_a_superuser_sees_the_organisation_and_no_sheet(as_superuser, cast):
    cast.review_in("draft")
    html = page(as_superuser.get(INDEX))
    assert "/admin/accounts/ward/" in html
    assert "/admin/initiatives/formedition/" in html
    for address in ("initiative", "yearplan", "target", "measurement", "event"):
        assert f"/admin/initiatives/{address}/" not in html
        page(as_superuser.get(f"/admin/initiatives/{address}/"), 403)
    page(as_superuser.get(f"/admin/initiatives/initiative/{cast.initiative.pk}/change/"), 403)


def test_rows_cannot_be_deleted_by_the_list(as_admin, cast):
    sections = reverse("admin:accounts_section_changelist")
    assert "action-checkbox" not in page(as_admin.get(sections))
    spare = Section.objects.create(ward=cast.ward, name="予備課")
    as_admin.post(
        sections, {"action": "delete_selected", "_selected_action": [spare.pk], "post": "yes", "index": 0}
    )
    assert Section.objects.filter(pk=spare.pk).exists()


def test_pages_hold_no_inline_script_or_style(as_admin, cast):
    for address in (
        INDEX,
        USERS,
        user_address(cast.staff),
        f"{USERS}add/",
        f"{USERS}{cast.staff.pk}/password/",
    ):
        response = as_admin.get(address)
        html = page(response)
        assert "<style" not in html
        assert 'style="' not in html
        assert " onclick=" not in html
        assert "<script>" not in html
        assert 'rel="icon"' in html
        assert "'unsafe-inline'" not in response["Content-Security-Policy"]


# --- scope -----------------------------------------------------------------------------------------------


def test_a_list_shows_the_own_wards_rows(as_admin, cast):
    users = page(as_admin.get(USERS))
    assert cast.staff.name in users
    assert cast.other_ward.name not in users
    sections = as_admin.get("/admin/accounts/section/").context["cl"].queryset
    assert set(sections) == {cast.section, cast.other_section}


def test_a_user_without_any_role_is_everybodys_to_take_in(as_admin, cast):
    newcomer = User.objects.create(username="newcomer", name="新人 花子")
    assert newcomer.name in page(as_admin.get(USERS))


def test_a_superuser_is_nobodys_to_touch(as_admin, cast, superuser):
    Membership.objects.create(user=superuser, ward=cast.ward, role="viewer")
    assert superuser.name not in page(as_admin.get(USERS))
    page(as_admin.get(user_address(superuser)), 404)
    page(as_admin.post(user_address(superuser), user_form(superuser, name="改名")), 404)
    password = {"password1": "another-long-word", "password2": "another-long-word"}
    page(as_admin.post(f"{USERS}{superuser.pk}/password/", password), 404)
    superuser.refresh_from_db()
    assert superuser.name == "運用 太郎"
    assert superuser.password == "!"


def test_another_wards_rows_are_not_found(as_admin, cast):
    for address in (
        user_address(cast.other_ward),
        f"{USERS}{cast.other_ward.pk}/password/",
        f"{USERS}{cast.other_ward.pk}/history/",
        f"/admin/accounts/section/{cast.neighbours_section.pk}/change/",
        f"/admin/accounts/section/{cast.neighbours_section.pk}/delete/",
    ):
        page(as_admin.get(address), 404)
    sent = {"name": "改名課", "order": 1}
    page(as_admin.post(f"/admin/accounts/section/{cast.neighbours_section.pk}/change/", sent), 404)
    cast.neighbours_section.refresh_from_db()
    assert cast.neighbours_section.name == "市民協働課"


def test_choices_hold_the_own_ward_only(as_admin, cast):
    form = as_admin.get(user_address(cast.staff)).context["inline_admin_formsets"][0].formset.empty_form
    assert list(form.fields["ward"].queryset) == [cast.ward]
    assert set(form.fields["section"].queryset) == {cast.section, cast.other_section}
    assert list(
        as_admin.get("/admin/accounts/section/add/").context["adminform"].form.fields["ward"].queryset
    ) == [cast.ward]


def test_wards_are_the_superusers(as_admin, client, cast, superuser):
    page(as_admin.get("/admin/accounts/ward/"), 403)
    page(as_admin.get(f"/admin/accounts/ward/{cast.ward.pk}/change/"), 403)
    client.force_login(superuser)
    client.post("/admin/accounts/ward/add/", {"name": "新区", "kana": "しんく", "code": "", "slug": "shin"})
    assert Ward.objects.get(slug="shin").code is None
    html = page(client.post("/admin/accounts/ward/add/", {"name": "区", "kana": "く", "slug": "admin"}))
    assert "画面の番地に使われています" in html


# --- users -----------------------------------------------------------------------------------------------


def test_a_user_is_made_with_a_role_in_one_go(as_admin, cast):
    sent = {
        "username": "tanaka",
        "name": "田中 一郎",
        "password1": "a-long-first-word",
        "password2": "a-long-first-word",
        # Nothing that a forged form could add makes an operator.
        "is_superuser": "on",
        **memberships(role(cast.ward, "staff", cast.section)),
    }
    assert as_admin.post(f"{USERS}add/", sent).status_code == 302
    user = User.objects.get(username="tanaka")
    assert user.check_password("a-long-first-word")
    assert not user.is_superuser
    assert [(m.ward, m.section, m.role) for m in user.memberships.all()] == [
        (cast.ward, cast.section, "staff")
    ]


def test_a_name_that_is_taken_and_a_weak_password_are_refused_beside_the_field(as_admin, cast):
    sent = {"username": "STAFF", "name": "別人", "password1": "short", "password2": "short", **memberships()}
    response = as_admin.post(f"{USERS}add/", sent)
    errors = response.context["adminform"].form.errors
    assert errors["username"] == ["この利用者IDはすでに使われています。"]
    assert "12" in errors["password2"][0] or "12" in errors["password1"][0]
    assert User.objects.filter(username__iexact="staff").count() == 1


def test_who_leaves_is_deactivated_and_never_deleted(as_admin, cast):
    page(as_admin.get(f"{USERS}{cast.staff.pk}/delete/"), 403)
    page(as_admin.post(f"{USERS}{cast.staff.pk}/delete/", {"post": "yes"}), 403)
    as_admin.post(user_address(cast.staff), user_form(cast.staff, is_active=None, **{}))
    cast.staff.refresh_from_db()
    assert not cast.staff.is_active
    assert cast.staff.memberships.count() == 1


def test_nobody_deactivates_himself(as_admin, cast):
    as_admin.post(user_address(cast.admin), user_form(cast.admin, is_active=None, name="改名 四郎"))
    cast.admin.refresh_from_db()
    assert cast.admin.is_active
    assert cast.admin.name == "改名 四郎"


def test_a_new_password_is_set_without_the_old_one(as_admin, cast):
    there = f"{USERS}{cast.staff.pk}/password/"
    assert f'href="{there}"' in page(as_admin.get(user_address(cast.staff)))
    sent = {"password1": "another-long-word", "password2": "another-long-word"}
    assert as_admin.post(there, sent).status_code == 302
    cast.staff.refresh_from_db()
    assert cast.staff.check_password("another-long-word")


def test_a_password_is_never_taken_away(as_admin, cast):
    cast.staff.set_password("the-first-long-word")
    cast.staff.save()
    sent = {"usable_password": "false", "unset-password": "1", "password1": "", "password2": ""}
    page(as_admin.post(f"{USERS}{cast.staff.pk}/password/", sent))
    cast.staff.refresh_from_db()
    assert cast.staff.check_password("the-first-long-word")


def test_an_account_that_another_ward_relies_on_only_gets_roles_here(as_admin, cast):
    Membership.objects.create(user=cast.other_ward, ward=cast.ward, role="viewer", starts_on="2020-04-01")
    before = cast.other_ward.password
    password = {"password1": "another-long-word", "password2": "another-long-word"}
    page(as_admin.post(f"{USERS}{cast.other_ward.pk}/password/", password), 403)
    own = cast.other_ward.memberships.get(ward=cast.ward)
    sent = user_form(
        cast.other_ward,
        role(cast.ward, "viewer", starts_on="2020-04-01", id=own.pk, user=cast.other_ward.pk),
        role(cast.ward, "staff", cast.section, user=cast.other_ward.pk),
        initial=1,
        name="改名",
        is_active=None,
    )
    assert as_admin.post(user_address(cast.other_ward), sent).status_code == 302
    cast.other_ward.refresh_from_db()
    assert (cast.other_ward.name, cast.other_ward.is_active) == ("隣区 五郎", True)
    assert cast.other_ward.password == before
    assert cast.other_ward.memberships.filter(ward=cast.ward, role="staff").count() == 1
    assert cast.other_ward.memberships.filter(ward=cast.neighbour).count() == 4


def test_passwords_cannot_be_guessed_through_the_list(as_admin, cast):
    response = as_admin.get(USERS, {"password__startswith": "!"})
    assert response.status_code == 400


# --- roles -----------------------------------------------------------------------------------------------


def test_a_role_is_ended_and_the_next_begins(as_admin, cast):
    old = cast.staff.memberships.get()
    sent = user_form(
        cast.staff,
        role(
            cast.ward,
            "staff",
            cast.section,
            starts_on="2020-04-10",
            ends_on="2020-09-30",
            id=old.pk,
            user=cast.staff.pk,
        ),
        role(cast.ward, "manager", cast.other_section, user=cast.staff.pk),
        initial=1,
    )
    assert as_admin.post(user_address(cast.staff), sent).status_code == 302
    rows = cast.staff.memberships.order_by("starts_on").values_list("role", "section", "starts_on", "ends_on")
    assert list(rows) == [
        ("staff", cast.section.pk, datetime.date(2020, 4, 10), datetime.date(2020, 9, 30)),
        ("manager", cast.other_section.pk, datetime.date(2020, 10, 1), None),
    ]


@pytest.mark.parametrize(
    ("row", "field", "sentence"),
    [
        ({"role": "staff", "section": ""}, "section", "担当者と承認者は担当課を選び"),
        ({"role": "viewer"}, "section", "取りまとめ担当と閲覧者は空にしてください"),
        ({"ends_on": "2020-09-30"}, "ends_on", "終了日は開始日以後の日にしてください。"),
        ({"acting": "on"}, "acting", "代理にできるのは承認者(課長)だけです。"),
        ({"starts_on": "2020-04-10"}, "starts_on", "同じ所属と役割が、同じ日からすでにあります。"),
    ],
)
def test_a_role_that_cannot_be_is_refused_beside_its_field(as_admin, cast, row, field, sentence):
    old = cast.staff.memberships.get()
    kept = role(cast.ward, "staff", cast.section, starts_on="2020-04-10", id=old.pk, user=cast.staff.pk)
    new = {**role(cast.ward, "staff", cast.section, user=cast.staff.pk), **row}
    response = as_admin.post(user_address(cast.staff), user_form(cast.staff, kept, new, initial=1))
    errors = response.context["inline_admin_formsets"][0].formset.errors[1]
    assert list(errors) == [field]
    assert sentence in errors[field][0]
    assert cast.staff.memberships.count() == 1


def test_the_same_new_role_twice_is_refused(as_admin, cast):
    new = role(cast.ward, "viewer", user=cast.manager.pk)
    response = as_admin.post(user_address(cast.manager), user_form(cast.manager, new, new))
    errors = response.context["inline_admin_formsets"][0].formset.errors
    assert errors[1]["starts_on"] == ["同じ所属と役割が、同じ日からすでにあります。"]
    assert cast.manager.memberships.count() == 1


def test_a_role_in_another_ward_is_neither_seen_nor_written(as_admin, cast):
    foreign = Membership.objects.create(
        user=cast.staff, ward=cast.neighbour, role="viewer", starts_on="2019-04-01", ends_on="2020-03-31"
    )
    html = page(as_admin.get(user_address(cast.staff)))
    assert cast.neighbour.name not in html
    sent = user_form(cast.staff, role(cast.neighbour, "admin", user=cast.staff.pk))
    page(as_admin.post(user_address(cast.staff), sent))
    sent = user_form(
        cast.staff, role(cast.ward, "admin", section=cast.neighbours_section, user=cast.staff.pk)
    )
    page(as_admin.post(user_address(cast.staff), sent))
    sent = user_form(cast.staff, role(cast.ward, "admin", id=foreign.pk, user=cast.staff.pk), initial=1)
    as_admin.post(user_address(cast.staff), sent)
    assert cast.staff.memberships.count() == 2
    foreign.refresh_from_db()
    assert (foreign.ward, foreign.role) == (cast.neighbour, "viewer")


def test_a_role_is_ended_and_not_deleted(as_admin, cast):
    old = cast.staff.memberships.get()
    kept = role(cast.ward, "staff", cast.section, starts_on="2020-04-10", id=old.pk, user=cast.staff.pk)
    as_admin.post(user_address(cast.staff), user_form(cast.staff, {**kept, "DELETE": "on"}, initial=1))
    assert cast.staff.memberships.get() == old


def test_a_section_name_twice_is_refused_beside_the_field(as_admin, cast):
    sent = {"ward": cast.ward.pk, "name": "総務課", "order": 3}
    response = as_admin.post("/admin/accounts/section/add/", sent)
    taken = {"name": ["この区には同じ名前の課があります。"]}
    assert response.context["adminform"].form.errors == taken
    response = as_admin.post(
        f"/admin/accounts/section/{cast.section.pk}/change/", {"name": "総務課", "order": 1}
    )
    assert response.context["adminform"].form.errors == taken
    as_admin.post("/admin/accounts/section/add/", {**sent, "name": "保健福祉課", "ward": cast.neighbour.pk})
    assert Section.objects.count() == 3


# --- cost ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", [USERS, "/admin/accounts/section/"])
def test_a_list_costs_the_same_with_1_3_and_30_rows(as_admin, cast, address):
    as_admin.get(address)  # touches the session
    costs = []
    for more in (1, 2, 27):
        for position in range(more):
            name = f"{more}-{position}"
            section = Section.objects.create(ward=cast.ward, name=name)
            user = User.objects.create(username=name, name=name)
            Membership.objects.create(user=user, ward=cast.ward, section=section, role="staff")
        with CaptureQueriesContext(connection) as queries:
            page(as_admin.get(address))
        costs.append(len(queries))
    assert len(set(costs)) == 1, costs


def test_an_admin_unlocks_who_mistyped_too_often(as_admin, cast):
    AccessAttempt.objects.create(username="staff", failures_since_start=5)
    AccessAttempt.objects.create(username="mori", failures_since_start=5)
    User.objects.filter(pk=cast.staff.pk).update(username="ＳＴＡＦＦ")
    users = reverse("admin:accounts_user_changelist")
    done = as_admin.post(users, {"action": "unlock", "_selected_action": [cast.staff.pk]}, follow=True)
    assert "1人のログインの停止を解きました。" in page(done)
    assert list(AccessAttempt.objects.values_list("username", flat=True)) == ["mori"]


def test_nobody_unlocks_another_wards_people(as_admin, cast):
    AccessAttempt.objects.create(username=cast.other_ward.username, failures_since_start=5)
    users = reverse("admin:accounts_user_changelist")
    as_admin.post(users, {"action": "unlock", "_selected_action": [cast.other_ward.pk]})
    assert AccessAttempt.objects.exists()
