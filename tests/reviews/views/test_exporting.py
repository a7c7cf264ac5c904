import io
import zipfile
from urllib.parse import unquote

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from openpyxl import load_workbook

from initiatives.models import Initiative, YearPlan
from tests.pages import Page
from wardplan.accounts.models import Membership, Section

PAGE = "/mihon/2020/export/"
FILE = "/mihon/2020/export/file/"
ZIP = "application/zip"


def client_of(user):
    client = Client()
    if user.is_authenticated:
        client.force_login(user)
    return client


def sheets_of(response):
    assert response.status_code == 200, response.status_code
    return load_workbook(io.BytesIO(response.content)).sheetnames


def name_of(response):
    return unquote(response["Content-Disposition"].partition("UTF-8''")[2])


@pytest.fixture
def two_wards(cast):
    """Let the admin take part in the neighbour's ward as viewer; its plan has one sheet."""
    plan = YearPlan.objects.create(
        ward=cast.neighbour, fiscal_year=2020, edition=cast.edition, status="confirmed"
    )
    there = Initiative.objects.create(
        plan=plan, number="1", position=1, title="隣の取組", section=cast.neighbours_section
    )
    Membership.objects.create(user=cast.admin, ward=cast.neighbour, role="viewer", starts_on="2020-04-01")
    cast.there = there
    return cast


# ---- the page --------------------------------------------------------------------------------------------


def test_page_offers_the_year_and_each_section_with_its_number(cast):
    Section.objects.create(ward=cast.ward, name="税務課")
    page = Page(client_of(cast.viewer).get(PAGE))
    assert "年度の全部(2件)" in page.html and "市民協働課(1件)" in page.html and "総務課(1件)" in page.html
    assert "税務課" not in page.html and "すべての区" not in page.html


@pytest.mark.parametrize(
    ("person", "query", "chosen"),
    [
        ("viewer", "", "year"),
        ("staff", "", "section"),
        ("manager", "", "section"),
        ("admin", "", "year"),
        ("viewer", "?section={section}", "section"),
        ("admin", "?section=0", "year"),
        ("admin", "?section=999999", "year"),
        ("admin", "?section=²", "year"),
    ],
)
def test_page_chooses_beforehand_what_is_most_likely_wanted(cast, person, query, chosen):
    html = Page(client_of(cast.actor(person)).get(PAGE + query.format(section=cast.section.pk))).html
    value = str(cast.section.pk) if chosen == "section" else chosen
    assert f'value="{value}" required checked' in html
    assert html.count("required checked") == 1


def test_page_asks_as_many_queries_for_many_sections_and_sheets(cast):
    def count():
        client = client_of(cast.admin)
        client.get(PAGE)  # touches the session
        with CaptureQueriesContext(connection) as queries:
            client.get(PAGE)
        return len(queries)

    counts = [count()]
    sections = [Section.objects.create(ward=cast.ward, name=f"第{number}課") for number in range(10)]
    Initiative.objects.bulk_create(
        Initiative(plan=cast.plan, number=str(100 + number), position=number, title="取組", section=section)
        for number, section in enumerate(sections * 3)
    )
    counts.append(count())
    # Session, user and memberships 3; plan, its sections twice, sheets, wards 5; two for the navigation.
    assert counts[0] == counts[1] <= 10


def test_cover_is_off_and_charts_are_on(cast):
    html = Page(client_of(cast.admin).get(PAGE)).html
    assert 'name="charts" id="id_charts" checked' in html and 'name="cover" id="id_cover">' in html


def test_list_leads_to_the_page_with_its_section(cast):
    client = client_of(cast.viewer)
    assert f'href="{PAGE}"' in Page(client.get("/mihon/2020/")).html
    filtered = Page(client.get(f"/mihon/2020/?section={cast.section.pk}")).html
    assert f'href="{PAGE}?section={cast.section.pk}"' in filtered


@pytest.mark.parametrize("address", [PAGE, f"{FILE}?what=year", "/mihon/2020/sheets.xlsx"])
def test_plan_that_is_not_to_be_known_is_not_found(cast, address):
    assert client_of(cast.other_ward).get(address).status_code == 404
    cast.plan_in("draft")
    assert client_of(cast.viewer).get(address).status_code == 404
    assert client_of(cast.anonymous).get(address).status_code == 302


# ---- one ward --------------------------------------------------------------------------------------------


def test_section_can_be_taken_out_and_charts_left_out(cast):
    response = client_of(cast.viewer).get(FILE, {"what": cast.section.pk})
    assert sheets_of(response) == ["目次", "1 人と人とのつながりづくり", "データ(目標)", "データ(評価)"]
    assert name_of(response) == "見本区_令和2年度_市民協働課_取組項目.xlsx"


def test_year_with_everything(cast):
    response = client_of(cast.viewer).get(FILE, {"what": "year", "charts": "on", "cover": "on"})
    assert sheets_of(response)[:2] == ["決裁", "目次"] and sheets_of(response)[-1] == "グラフ"
    assert name_of(response) == "見本区_令和2年度_取組項目.xlsx"


@pytest.mark.parametrize(
    ("what", "sentence"), [("", "書き出すものを選んでください。"), ("999999", "選び直してください。")]
)
def test_what_cannot_be_taken_out_is_said_beside_the_choice(cast, what, sentence):
    page = Page(client_of(cast.admin).get(FILE, {"what": what}))
    assert page.summary == [("what_0", sentence)]


def test_answer_brings_the_token_back_so_that_the_page_knows(cast):
    client = client_of(cast.admin)
    assert client.get(FILE, {"what": "year", "token": "abc123"}).cookies["export"].value == "abc123"
    assert "export" not in client.get(FILE, {"what": "year"}).cookies
    assert "export" not in client.get(FILE, {"what": "year", "token": "a;b"}).cookies


# ---- all wards -------------------------------------------------------------------------------------------


def test_admin_gets_every_ward_of_an_own_membership(two_wards):
    client = client_of(two_wards.admin)
    assert "すべての区(2区)" in Page(client.get(PAGE)).html
    response = client.get(FILE, {"what": "wards"})
    assert response["Content-Type"] == ZIP and name_of(response) == "2区_令和2年度_取組項目.zip"
    content = b"".join(response.streaming_content)
    assert int(response["Content-Length"]) == len(content)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        assert sorted(archive.namelist()) == [
            "00_目次.xlsx",
            "見本区_令和2年度_取組項目.xlsx",
            "隣区_令和2年度_取組項目.xlsx",
        ]


def test_all_wards_show_in_each_ward_what_may_be_read_there(two_wards):
    two_wards.review_in("draft", initiative=two_wards.there)
    two_wards.review_in("draft")
    response = client_of(two_wards.admin).get(FILE, {"what": "wards"})
    secret = two_wards.answers()["issues"]
    with zipfile.ZipFile(io.BytesIO(b"".join(response.streaming_content))) as archive:
        books = {name[:2]: load_workbook(io.BytesIO(archive.read(name))) for name in archive.namelist()}
    texts = {
        name: [cell.value for page in book for row in page for cell in row] for name, book in books.items()
    }
    assert secret in texts["見本"] and secret not in texts["隣区"]
    # Once in the list of all: the own ward's draft, not the other one's.
    assert texts["00"].count(secret) == 1


@pytest.mark.parametrize("person", ["viewer", "staff", "manager"])
def test_all_wards_are_for_admins_only(two_wards, person):
    user = two_wards.actor(person)
    Membership.objects.create(user=user, ward=two_wards.neighbour, role="viewer", starts_on="2020-04-01")
    client = client_of(user)
    assert "すべての区" not in Page(client.get(PAGE)).html
    assert client.get(FILE, {"what": "wards"}).status_code == 403


def test_admin_of_one_ward_is_offered_no_zip(cast):
    client = client_of(cast.admin)
    assert "すべての区" not in Page(client.get(PAGE)).html
    assert Page(client.get(FILE, {"what": "wards"})).summary == [("what_0", "選び直してください。")]
