"""The sheet as a page: what it says, to whom, with which buttons, and at what cost."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from initiatives.models import Baseline, Initiative, Measurement, Target, TargetResolution
from tests.cast import NOW, STATES
from tests.pages import Page

SHEET = "/mihon/2020/1/"
MIDYEAR = f"{SHEET}midyear/"
SESSION_USER_MEMBERSHIPS = 3
LAST_YEAR = 4


def log_in(user):
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def staff(client, cast):
    client.force_login(cast.staff)
    return client


@pytest.mark.parametrize("continues", [False, True])
@pytest.mark.parametrize("initiatives", [1, 3, 30])
def test_queries_do_not_grow_with_the_plan(cast, initiatives, continues):
    Initiative.objects.exclude(pk=cast.initiative.pk).filter(plan=cast.plan).update(number="99")
    Initiative.objects.bulk_create(
        Initiative(plan=cast.plan, number=str(n), position=n * 1_000_000, title="別", section=cast.section)
        for n in range(3, initiatives + 2)
    )
    before = Initiative.objects.create(
        plan=cast.plan, number="98", position=98_000_000, title="前年度", section=cast.section
    )
    Initiative.objects.filter(pk=cast.initiative.pk).update(continues=before if continues else None)
    cast.review_in("published")
    cast.review_in("submitted", "self_evaluation")
    for actor in (cast.viewer, cast.staff, cast.manager, cast.admin):
        client = log_in(actor)
        client.get(SHEET)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(SHEET).status_code == 200
        assert len(queries) <= 7 + SESSION_USER_MEMBERSHIPS + (LAST_YEAR if continues else 0)


def test_the_official_form_stands_on_the_page(staff, cast):
    cast.review_in("draft")
    page = Page(staff.get(SHEET))
    words = " ".join(page.text.split())
    for expected in (
        "「令和2年度以降の市政改革計画」に基づく取組等",
        "取組項目1 【人と人とのつながりづくり】",
        "(趣旨・目的) ・近所に住む人同士が顔見知りになる機会を設ける。",
        "(取組の概要)",
        "連携した取組の件数 【令和2年度】 8件",
        "(i)実施見込み",
        "選択: (i)実施見込み",
        "①:達成見込み",
        "選択: ②:達成できない見込み",
        "まだ書かれていません",
    ):
        assert expected in words
    assert cast.answers()["issues"] in page.text
    assert words.count("選択: ") == 2


def test_nothing_chosen_frames_nothing(staff, cast):
    page = staff.get(SHEET).content.decode()
    assert "is-chosen" not in page and "選択: " not in page


@pytest.mark.parametrize("status", STATES)
def test_text_is_for_the_section_until_it_waits_for_approval(cast, status):
    cast.review_in(status)
    issues = cast.answers()["issues"]
    own = Page(log_in(cast.staff).get(SHEET))
    others = Page(log_in(cast.viewer).get(SHEET))
    assert (issues in own.text) == (status != "not_started")
    assert (issues in others.text) == (status in ("submitted", "approved", "published"))
    if status in ("draft", "returned"):
        assert "のため、まだ読めません" in others.text
        assert "選択: " not in others.text
        assert "改善策を具体的に書いてください。" not in others.text


def test_a_return_shows_its_reason(staff, cast):
    cast.review_in("returned")
    page = Page(staff.get(SHEET))
    assert "改善策を具体的に書いてください。" in page.text
    assert "直して再提出する" in page.text


@pytest.mark.parametrize(
    ("actor", "status", "buttons"),
    [
        ("staff", "submitted", {"withdraw"}),
        ("manager", "submitted", {"withdraw", "approve", "return"}),
        ("manager", "approved", {"reopen"}),
        ("admin", "approved", {"reopen", "publish"}),
        ("admin", "published", {"correct"}),
        ("admin", "submitted", set()),
        ("viewer", "submitted", set()),
        ("staff", "draft", set()),
    ],
)
def test_every_verb_that_may_be_pressed_is_a_form_with_its_version(cast, actor, status, buttons):
    review = cast.review_in(status)
    forms = Page(log_in(cast.actor(actor)).get(SHEET)).forms
    found = {address: fields for address, fields in forms.items() if address.startswith(MIDYEAR)}
    assert set(found) == {f"{MIDYEAR}{verb}/" for verb in buttons}
    assert {fields["version"] for fields in found.values()} <= {str(review.version)}


def test_figures_that_are_not_there_have_words(staff, cast):
    page = staff.get(SHEET).content.decode()
    assert '<span class="unknown-figure no-print">未確定</span>' in page
    TargetResolution.objects.create(
        target=cast.relative_target, value=9, base_value=10, by=cast.admin, at=NOW
    )
    page = staff.get(SHEET).content.decode()
    assert "(9件)" in page and "未確定" not in page


def test_a_blank_of_the_plan_is_filled_once_the_figure_is_known(staff, cast):
    target = Target.objects.get(initiative=cast.initiative, key="p1")
    Target.objects.filter(pk=target.pk).update(quote="(令和元年度実績: 件 平成30年度実績: 8件)")
    Baseline.objects.create(target=target, fiscal_year=2019)
    page = staff.get(SHEET).content.decode()
    assert '(令和元年度実績: <span class="unknown-figure">未判明</span>件 平成30年度実績: 8件)' in page
    Measurement.objects.create(
        indicator=cast.shared_indicator, ward=cast.ward, fiscal_year=2019, value=0, at=NOW
    )
    assert "(令和元年度実績: 0件 平成30年度実績: 8件)" in Page(staff.get(SHEET)).text


@pytest.mark.parametrize(
    "address", ["/mihon/2020/1/", "/mihon/2020/9/", "/nowhere/2020/1/", "/mihon/2020/1/sheet.xlsx"]
)
def test_anonymous_logs_in_whatever_is_asked(client, cast, address):
    assert client.get(address)["Location"] == f"/accounts/login/?next={address}"


def test_another_ward_s_sheet_does_not_exist(cast):
    client = log_in(cast.other_ward)
    for address in (SHEET, MIDYEAR, f"{SHEET}sheet.xlsx", f"{SHEET}history/"):
        assert "ページが見つかりません" in Page(client.get(address), 404).text


def test_a_draft_plan_is_not_there_for_viewers(cast):
    cast.plan_in("draft")
    assert log_in(cast.viewer).get(SHEET).status_code == 404
    assert "受付はまだ始まっていません。" in Page(log_in(cast.staff).get(MIDYEAR)).text.replace("、", "")


def test_the_page_is_never_kept_by_a_cache(staff, cast):
    assert "no-store" in staff.get(SHEET)["Cache-Control"]
