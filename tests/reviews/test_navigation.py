"""The head of every page leads to the ward that the page is of."""

import re

import pytest
from django.test import Client

from initiatives.models import YearPlan
from tests.cast import hold
from tests.pages import Page


def client_of(user):
    client = Client()
    client.force_login(user)
    return client


def link(client, address, label):
    head = Page(client.get(address, follow=True)).html.partition("<main")[0]
    return [to for to, words in re.findall(r'<a [^>]*?href="([^"]*)"[^>]*>([^<]*)', head) if label in words]


@pytest.fixture
def of_two_wards(cast):
    YearPlan.objects.create(
        ward=cast.neighbour, fiscal_year=2020, edition=cast.edition, status="confirmed", version=1
    )
    hold(cast.admin, cast.neighbours_section, "admin")
    return client_of(cast.admin)


@pytest.mark.parametrize(
    ("address", "leads_to"),
    [
        ("/tonari/2020/", "/tonari/indicators/"),
        ("/mihon/2020/1/", "/mihon/indicators/"),
        ("/tonari/indicators/", "/tonari/indicators/"),
        ("/", "/indicators/"),
    ],
)
def test_indicators_are_those_of_the_ward_of_the_page(of_two_wards, address, leads_to):
    assert link(of_two_wards, address, "指標") == [leads_to]


@pytest.mark.parametrize("ward", ["mihon", "tonari"])
def test_progress_is_that_of_the_ward_of_the_page(of_two_wards, ward):
    assert link(of_two_wards, f"/{ward}/2020/", "進行管理") == [f"/{ward}/progress/"]


def test_who_has_several_wards_chooses_one(of_two_wards):
    page = Page(of_two_wards.get("/indicators/"))
    assert 'href="/mihon/indicators/"' in page.html and 'href="/tonari/indicators/"' in page.html
    assert "見本区の指標" in page.text and "隣区の指標" in page.text


def test_who_has_one_ward_is_led_there(cast):
    assert client_of(cast.staff).get("/indicators/")["Location"] == "/mihon/indicators/"
    assert link(client_of(cast.staff), "/", "指標") == ["/mihon/indicators/"]
    assert Client().get("/indicators/")["Location"].startswith("/accounts/login/")
