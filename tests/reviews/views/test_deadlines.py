"""A deadline that has passed, from the form to the public page; and two years that are open at once."""

import datetime
import io
import zipfile

import pytest
from django.test import Client

from initiatives.models import Initiative, PlanPhase, PublishedSheet, YearPlan
from tests.cast import NOW, SPRING, snapshot
from tests.pages import Page, send
from tests.reviews.views.test_year import rows_of

SHEET = "/mihon/2020/1/"
MIDYEAR = f"{SHEET}midyear/"
LATE = "期限後"
COMPLETE = {"implementation": 1, "outlook": 2, "issues": "若い世代が少ない。\n秋に呼びかける。"}


@pytest.fixture
def as_():
    def as_(user):
        client = Client()
        client.force_login(user)
        return client

    return as_


def parts_of(workbook):
    with zipfile.ZipFile(io.BytesIO(workbook)) as parts:
        return "".join(parts.read(name).decode() for name in parts.namelist() if name.endswith(".xml"))


def late_sheets(client):
    return set(rows_of(Page(client.get("/mihon/2020/?phase=midyear&status=late")).html))


# ---- late ------------------------------------------------------------------------------------------------


def test_late_mark_stays_inside_the_office(cast, as_, client):
    cast.set_window("midyear", "overdue")
    send(as_(cast.staff), f"{MIDYEAR}submit/", version=0, **COMPLETE)
    assert [event.late for event in cast.events()] == [True]
    assert "1" in late_sheets(as_(cast.admin))
    assert LATE in Page(as_(cast.staff).get(f"{SHEET}history/")).text

    send(as_(cast.manager), f"{MIDYEAR}approve/", version=1)
    send(as_(cast.admin), f"{MIDYEAR}publish/", version=2)
    assert [event.late for event in cast.events()] == [True, False, False]
    for address in ("/public/mihon/2020/", "/public/mihon/2020/1/"):
        page = Page(client.get(address))
        assert "秋に呼びかける。" in page.text or address.endswith("2020/")
        assert LATE not in page.html
    assert LATE not in PublishedSheet.objects.get().content
    # What leaves the office as its official form says nothing of it either.
    assert LATE not in parts_of(as_(cast.viewer).get(f"{SHEET}sheet.xlsx").content)


def test_late_mark_goes_with_an_extension(cast, as_):
    cast.set_window("midyear", "closed")
    staff, admin = as_(cast.staff), as_(cast.admin)
    before = snapshot()
    page = Page(send(staff, f"{MIDYEAR}submit/", version=0, **COMPLETE), 409)
    assert "秋に呼びかける。" in page.text and "個別延長" in page.text
    assert snapshot() == before
    assert "1" in late_sheets(admin)

    extended = {"version": 0, "reason": "調査の結果を待つため。", "until": "令和2年9月30日"}
    assert send(admin, f"{MIDYEAR}extend/", **extended).status_code == 302
    assert LATE not in Page(staff.get(MIDYEAR)).text
    assert send(staff, f"{MIDYEAR}submit/", version=1, **COMPLETE).status_code == 302
    assert [event.late for event in cast.events()] == [False, False]
    assert late_sheets(admin) == {"2"}
    assert LATE not in Page(staff.get(SHEET)).text


# ---- two years at once -----------------------------------------------------------------------------------


@pytest.fixture
def last_year(cast):
    """Keep last year's 自己評価 open; this year's 中間振り返り is late, its 自己評価 still to come."""
    plan = YearPlan.objects.create(
        ward=cast.ward, fiscal_year=2019, edition=cast.edition, status="confirmed", version=1
    )
    Initiative.objects.create(
        plan=plan, number="1", position=1, title="昨年度の取組", section=cast.section, activities="・清掃"
    )
    tomorrow = NOW + datetime.timedelta(days=1)
    PlanPhase.objects.create(plan=plan, phase="midyear", opens_at=SPRING, due_at=SPRING, closes_at=SPRING)
    PlanPhase.objects.create(plan=plan, phase="self_evaluation", opens_at=SPRING, due_at=tomorrow)
    cast.set_window("midyear", "overdue")
    cast.set_window("self_evaluation", "before_open")
    return plan.initiatives.get()


def test_each_year_keeps_its_own_windows(cast, as_, last_year):
    staff, evaluation = as_(cast.staff), {"results": "9件を行った。", "achievement": 1}
    codes = {
        address: send(staff, address, version=0, **fields).status_code
        for address, fields in [
            ("/mihon/2019/1/midyear/", COMPLETE),
            ("/mihon/2019/1/self-evaluation/", evaluation),
            ("/mihon/2020/1/midyear/", COMPLETE),
            ("/mihon/2020/1/self-evaluation/", evaluation),
        ]
    }
    assert list(codes.values()) == [409, 302, 302, 409]
    [old], [new] = cast.events("self_evaluation", last_year), cast.events("midyear")
    assert (old.fiscal_year, old.late) == (2019, False)
    assert (new.fiscal_year, new.late) == (2020, True)
    assert cast.events("midyear", last_year) == cast.events("self_evaluation") == []


def test_decisions_of_two_years_wait_side_by_side(cast, as_, last_year):
    cast.review_in("submitted")
    cast.review_in(
        "submitted",
        "self_evaluation",
        initiative=last_year,
        answers={"results": "9件を行った。", "achievement": 1},
    )
    manager = as_(cast.manager)
    html = Page(manager.get("/queue/")).html
    assert html.index("mihon/2020/1/midyear:2") < html.index("mihon/2019/1/self-evaluation:2")
    chosen = ["mihon/2019/1/self-evaluation:2", "mihon/2020/1/midyear:2"]
    send(manager, "/queue/approve/", chosen=chosen)
    assert cast.review("self_evaluation", last_year).status == cast.review().status == "approved"
