"""Wards and their codes; what a user may be on which day."""

import datetime

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from tests.cast import SPRING, hold, newcomer
from wardplan.accounts.models import (
    RESERVED_SLUGS,
    Membership,
    Section,
    User,
    Ward,
    validate_municipality_code,
)

DAY = datetime.date(2020, 9, 25)


# ---- wards -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", ["271004", "271276", "131016", "011002", "473821"])
def test_codes_with_their_check_digit(code):
    assert validate_municipality_code(code) is None


@pytest.mark.parametrize("code", ["271005", "271000", "271040", "721004", "131061"])
def test_a_slip_in_a_code_is_found(code):
    with pytest.raises(ValidationError, match="検査数字"):
        validate_municipality_code(code)


@pytest.mark.parametrize(
    "code", ["", "27100", "2710044", "２７１００４", "27100a", " 71004", "-71004", "²71004"]
)
def test_codes_of_another_shape(code):
    with pytest.raises(ValidationError, match="6桁の半角数字"):
        validate_municipality_code(code)


@pytest.mark.parametrize("slug", RESERVED_SLUGS)
def test_words_of_our_addresses_are_no_wards(db, slug):
    ward = Ward(slug=slug, name="区", kana="く")
    with pytest.raises(ValidationError, match="画面の番地に使われています"):
        ward.full_clean()
    with pytest.raises(IntegrityError), transaction.atomic():
        Ward.objects.bulk_create([ward])


@pytest.mark.parametrize("slug", ["Mihon", "見本", "mi-hon", "2020", "mihon\n", "", "mi hon"])
def test_slugs_are_plain_words(db, slug):
    with pytest.raises(ValidationError):
        Ward(slug=slug, name="区", kana="く").full_clean()


def test_several_wards_may_have_no_code(cast):
    assert Ward.objects.filter(code=None).count() == 2
    Ward(slug="third", name="三区", kana="さんく").full_clean()


def test_section_names_are_unique_in_a_ward(cast):
    with pytest.raises(ValidationError, match="この区には同じ名前の課があります。"):
        Section(ward=cast.ward, name="総務課").full_clean()
    Section(ward=cast.neighbour, name="総務課").full_clean()


# ---- roles -----------------------------------------------------------------------------------------------


def day(text):
    return datetime.date.fromisoformat(text)


@pytest.mark.parametrize(
    ("on", "held"), [("2020-03-31", False), ("2020-04-01", True), ("2021-03-31", True), ("2021-04-01", False)]
)
def test_a_role_holds_from_its_first_to_its_last_day(cast, on, held):
    user = newcomer()
    hold(user, cast.section, "staff", starts_on=day("2020-04-01"), ends_on=day("2021-03-31"))
    assert (cast.section.pk in user.roles(day(on)).staff_of) == held


def test_rights_are_the_union_of_all_roles(cast):
    user = newcomer()
    hold(user, cast.section, "staff")
    hold(user, cast.other_section, "manager")
    hold(user, cast.section, "admin")
    hold(user, cast.neighbours_section, "viewer")
    roles = user.roles()
    assert roles.sections == {cast.section.pk, cast.other_section.pk}
    assert roles.manager_of == {cast.other_section.pk}
    assert roles.admin_of == {cast.ward.pk} and roles.viewer_of == {cast.neighbour.pk}
    assert roles.wards == {cast.ward.pk, cast.neighbour.pk}


def test_who_moves_in_april_loses_the_old_section_that_day(cast, clock):
    user = newcomer()
    hold(user, cast.section, "manager", ends_on=day("2021-03-31"))
    hold(user, cast.other_section, "manager", starts_on=day("2021-04-01"))
    clock.move_to("2021-03-31T23:59:00+09:00")
    assert User.objects.get(pk=user.pk).roles().manager_of == {cast.section.pk}
    clock.move_to("2021-04-01T00:00:00+09:00")
    assert user.roles().manager_of == {cast.other_section.pk}


def test_a_deputy_acts_for_another(cast):
    assert cast.deputy.roles().acts_only_as_deputy(cast.section.pk)
    assert not cast.manager.roles().acts_only_as_deputy(cast.section.pk)
    hold(cast.deputy, cast.section, "manager", starts_on=SPRING.date() + datetime.timedelta(days=1))
    assert not cast.deputy.roles().acts_only_as_deputy(cast.section.pk)


def test_nobody_inactive_and_no_superuser_holds_a_role(cast):
    cast.staff.is_active = False
    cast.staff.forget_roles()
    assert cast.staff.roles().wards == frozenset()
    operator = newcomer(is_superuser=True)
    assert operator.is_staff and operator.roles().wards == frozenset()


def test_roles_cost_one_query_a_day(cast):
    user = User.objects.get(pk=cast.staff.pk)
    with CaptureQueriesContext(connection) as queries:
        user.roles(), user.roles(), user.roles().memberships[0].title
    assert len(queries) == 1


@pytest.mark.parametrize(
    ("role", "own_section", "acting", "title"),
    [
        ("staff", True, False, "市民協働課 担当者"),
        ("manager", True, False, "市民協働課長"),
        ("manager", True, True, "市民協働課長代理"),
        ("admin", False, False, "取りまとめ担当"),
        ("viewer", False, False, "閲覧者"),
    ],
)
def test_posts_have_their_names(cast, role, own_section, acting, title):
    section = cast.section if own_section else None
    assert Membership(ward=cast.ward, section=section, role=role, acting=acting).title == title
    assert Membership(ward=cast.ward, section=section, role=role, post="副区長").title == "副区長"


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"role": "staff"}, "担当者と承認者は担当課を選び"),
        ({"role": "admin", "section": "own"}, "取りまとめ担当と閲覧者は空に"),
        ({"role": "viewer", "acting": True}, "代理にできるのは承認者"),
        ({"role": "viewer", "ends_on": DAY - datetime.timedelta(days=1)}, "終了日は開始日以後"),
        ({"role": "staff", "section": "neighbour"}, "選んだ区の担当課を選んでください。"),
    ],
)
def test_roles_that_cannot_be_are_refused_in_words(cast, fields, sentence):
    sections = {"own": cast.section, "neighbour": cast.neighbours_section, None: None}
    fields = {"starts_on": DAY, **fields, "section": sections[fields.get("section")]}
    with pytest.raises(ValidationError, match=sentence):
        Membership(user=newcomer(), ward=cast.ward, **fields).full_clean()


@pytest.mark.parametrize("role", ["staff", "viewer"])
def test_the_same_role_from_the_same_day_is_held_once(cast, role):
    user = newcomer()
    hold(user, cast.section, role)
    with pytest.raises(IntegrityError), transaction.atomic():
        hold(user, cast.section, role)
