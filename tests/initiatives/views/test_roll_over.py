"""Carrying a plan over and confirming cells in the browser."""

import pytest
from django.test import Client

from initiatives import workflow
from initiatives.models import Event, Initiative, YearPlan
from initiatives.roll_over import roll_over
from tests.cast import NOW, snapshot
from tests.pages import Page, send

LIST = "/mihon/2020/"
ROLL_OVER = f"{LIST}plan/roll-over/"
NEXT = "/mihon/2021/"
CELLS = f"{NEXT}plan/confirm-cells/"


def log_in(user):
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def admin(client, cast):
    client.force_login(cast.admin)
    return client


@pytest.fixture
def draft(cast):
    roll_over(cast.plan, by=cast.admin, at=NOW)
    return YearPlan.objects.get(fiscal_year=2021)


def waiting(draft, number="1"):
    return draft.initiatives.get(number=number).unconfirmed


def words(page):
    return " ".join(page.text.split())


def test_the_list_leads_there_for_admins(cast):
    assert ROLL_OVER in log_in(cast.admin).get(LIST).content.decode()
    for actor in (cast.staff, cast.manager, cast.viewer):
        assert ROLL_OVER not in log_in(actor).get(LIST).content.decode()


def test_a_confirmed_next_year_takes_the_button_away(cast, admin, draft):
    assert ROLL_OVER in admin.get(LIST).content.decode()
    YearPlan.objects.filter(pk=draft.pk).update(status="confirmed")
    assert ROLL_OVER not in admin.get(LIST).content.decode()
    before = snapshot()
    for response in (admin.get(ROLL_OVER), send(admin, ROLL_OVER)):
        page = Page(response, 409)
        assert "令和3年度の計画は確定しているため、引き継ぎません。" in page.text
        assert f'href="{NEXT}"' in response.content.decode()
        assert "シート" not in page.text.split("あなたの操作")[1]
    assert snapshot() == before


def test_who_confirmed_the_next_year_is_named(cast, admin, draft):
    Initiative.objects.filter(plan=draft).update(unconfirmed=[])
    workflow.confirm(draft, by=cast.admin, at=NOW, version=draft.version)
    assert f"(令和2年9月25日に{cast.admin.name}さんが確定)" in Page(admin.get(ROLL_OVER), 409).text


def test_after_the_last_year_there_is_none(cast, admin):
    YearPlan.objects.filter(pk=cast.plan.pk).update(fiscal_year=2099)
    response = admin.get("/mihon/2099/plan/roll-over/")
    assert "より後の年度の計画は作れません。" in Page(response, 409).text
    assert 'href="/mihon/2099/"' in response.content.decode()


def test_preview_changes_nothing(admin, cast):
    before = snapshot()
    page = words(Page(admin.get(ROLL_OVER)))
    assert snapshot() == before
    for expected in (
        "まだ何も変えていません。",
        "連携した取組の件数 【令和3年度】 8件",
        "【令和2年度】 8件: 年度を過ぎるため引き継ぎません",
        "【令和3年度】令和2年度件数の実績から10%減",
        "2件を令和3年度の案へ引き継ぐ",
    ):
        assert expected in page


def test_carry_over(admin, cast):
    assert send(admin, ROLL_OVER)["Location"] == NEXT
    plan = YearPlan.objects.get(fiscal_year=2021)
    assert [row.continues.number for row in plan.initiatives.all()] == ["1", "2"]
    assert Event.objects.get(fiscal_year=2021).by == cast.admin
    page = Page(admin.get(NEXT))
    assert "令和3年度の案へ2件を引き継ぎました。" in page.notices[0]
    assert "未確認 8欄" in page.text


def test_twice_changes_nothing(admin, draft):
    before = snapshot()
    assert send(admin, ROLL_OVER)["Location"] == NEXT
    assert snapshot() == before
    assert "令和3年度の案へは、すでに引き継がれています。" in words(Page(admin.get(NEXT)))
    assert "引き継ぐものはありません。" in words(Page(admin.get(ROLL_OVER)))


def test_faults_are_listed(admin, cast):
    Initiative.objects.filter(pk=cast.initiative.pk).update(purpose="<br>改行")
    before = snapshot()
    for response in (admin.get(ROLL_OVER), send(admin, ROLL_OVER)):
        page = Page(response)
        assert "引き継げません。" in page.notices[0] and "<br>" in page.text
    assert snapshot() == before


@pytest.mark.parametrize("actor", ["viewer", "staff", "manager"])
def test_only_admins(cast, actor):
    client, before = log_in(cast.actor(actor)), snapshot()
    assert client.get(ROLL_OVER).status_code == 403
    assert send(client, ROLL_OVER).status_code == 403
    assert snapshot() == before


def test_others_find_nothing(cast, client):
    before = snapshot()
    for address in (ROLL_OVER, ROLL_OVER.replace("2020", "2018")):
        assert log_in(cast.other_ward).get(address).status_code == 404
    assert log_in(cast.admin).get(ROLL_OVER.replace("2020", "2018")).status_code == 404
    assert send(client, ROLL_OVER)["Location"].startswith("/accounts/login/")
    assert snapshot() == before


# --- cells -----------------------------------------------------------------------------------------------


def test_cells_wait_on_the_sheet(cast, draft):
    page = Page(log_in(cast.admin).get(f"{NEXT}1/"))
    assert "前年度から引き継いだ未確認の欄8欄" in page.text
    assert "当年度の取組内容 目標2の過年度実績" in words(page)
    assert "(趣旨・目的) 未確認" in words(page) and "【令和3年度】 8件 未確認" in words(page)
    assert CELLS in page.forms
    own = Page(log_in(cast.staff).get(f"{NEXT}1/"))
    assert "(趣旨・目的) 未確認" in words(own)
    assert CELLS not in own.forms and "確認済みにするのは取りまとめ担当です。" in own.text


def test_confirm_some(admin, cast, draft):
    response = send(admin, CELLS, number="1", cells=["purpose", "targets.a1.value"])
    assert response["Location"] == f"{NEXT}1/"
    left = waiting(draft)
    assert len(left) == 6 and not {"purpose", "targets.a1.value"} & set(left)
    page = Page(admin.get(f"{NEXT}1/"))
    assert "確認済みにしました。" in page.notices
    assert "(趣旨・目的) 未確認" not in words(page) and "(取組の概要) 未確認" in words(page)


def test_confirm_all(admin, draft):
    send(admin, CELLS, number="1", cells=waiting(draft))
    assert waiting(draft) == []
    page = Page(admin.get(f"{NEXT}1/"))
    assert "未確認" not in page.text and CELLS not in page.forms


def test_confirming_twice_or_nothing_changes_nothing(admin, draft):
    send(admin, CELLS, number="1", cells="purpose")
    before = snapshot()
    send(admin, CELLS, number="1", cells=["purpose", "not.a.cell"])
    send(admin, CELLS, number="1")
    assert snapshot() == before
    assert [notice[:12] for notice in Page(admin.get(f"{NEXT}1/")).notices[1:3]] == [
        "選んだ欄は、すでに確認済",
        "確かめた欄を選んでくださ",
    ]


def test_confirming_a_plan_lists_what_waits(admin, draft):
    before = snapshot()
    send(admin, f"{NEXT}plan/confirm/", version=draft.version)
    assert snapshot() == before
    notices = Page(admin.get(NEXT)).notices
    waiting = "、".join(f"{row.number}({len(row.unconfirmed)}欄)" for row in draft.initiatives.all())
    assert any(f"開いて、確かめてください。取組項目{waiting}" in one for one in notices)


@pytest.mark.parametrize(("actor", "code"), [("staff", 403), ("manager", 403), ("viewer", 404)])
def test_only_admins_confirm_cells(cast, draft, actor, code):
    before = snapshot()
    assert send(log_in(cast.actor(actor)), CELLS, number="1", cells="purpose").status_code == code
    assert snapshot() == before


def test_cells_of_no_sheet(admin, cast, draft, client):
    before = snapshot()
    for number in ("", "9", "x"):
        assert send(admin, CELLS, number=number, cells="purpose").status_code == 404
    assert send(log_in(cast.other_ward), CELLS, number="1", cells="purpose").status_code == 404
    assert admin.get(CELLS).status_code == 405
    assert send(Client(), CELLS, number="1")["Location"].startswith("/accounts/login/")
    assert send(admin, CELLS.replace("2021", "2020"), number="1", cells="purpose").status_code == 409
    assert snapshot() == before
