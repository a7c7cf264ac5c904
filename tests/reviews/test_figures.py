"""判定と数値の確認: what an admin has to look at in the figures of all sections."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from initiatives.form import read_form
from initiatives.models import Baseline, Initiative, Measurement, Target
from reviews.figures import read_contradictions
from tests.cast import EARLIER, NOW
from tests.pages import Page

LIST = "/mihon/2020/differences/"
FIGURE = {"a1": {"value": "9", "as_of": "2021-03-31", "source": "活動報告書"}}


def client_of(user):
    client = Client()
    client.force_login(user)
    return client


def words(user, address=LIST):
    return " ".join(Page(client_of(user).get(address)).text.split())


def record(cast, value, year=2020, **more):
    Measurement.objects.filter(indicator=cast.shared_indicator, fiscal_year=year, superseded_at=None).update(
        superseded_at=EARLIER
    )
    Measurement.objects.create(
        indicator=cast.shared_indicator, ward=cast.ward, fiscal_year=year, value=value, at=NOW, **more
    )


def found(cast, user):
    return [
        (one.initiative.number, one.number, one.on_sheet, one.on_record, one.corrected)
        for one in read_contradictions(cast.plan, read_form(cast.plan.edition), user)
    ]


@pytest.mark.parametrize("status", ["draft", "submitted", "returned", "approved", "published"])
def test_sheet_whose_figure_is_not_the_one_on_record_is_told(official, status):
    official.review_in(status, "self_evaluation", answers={"figure": FIGURE})
    assert found(official, official.admin) == []
    record(official, 9)
    assert found(official, official.admin) == []
    record(official, 7, reason="数え直した。")
    assert found(official, official.admin) == [("1", 1, "9件", "7件", True)]
    assert "シートの数値" in words(official.admin) and "7件 訂正後" in words(official.admin)


def test_text_that_somebody_may_not_read_yet_is_not_told(official):
    official.review_in("draft", "self_evaluation", answers={"figure": FIGURE})
    record(official, 7)
    assert found(official, official.manager) == [("1", 1, "9件", "7件", False)]
    assert found(official, official.manager_other_section) == []
    assert "9件" not in words(official.manager_other_section)


def test_admin_sees_what_every_section_s_figures_wait_for(official):
    Baseline.objects.create(target=Target.objects.get(initiative=official.other_initiative), fiscal_year=2017)
    text = words(official.admin)
    assert "平成29年度の実績 連携した取組の件数" in text and "令和元年度の実績 連携した取組の件数" in text
    assert "確定し直す" not in text
    Measurement.objects.filter(indicator=official.own_indicator, fiscal_year=2019).update(value=20)
    text = words(official.admin)
    assert "令和元年度の実績が20件に直されました。いまの目標値は9件です。" in text
    assert "確定し直す" not in words(official.manager_other_section)


def test_the_progress_page_leads_to_the_list(official):
    assert f'href="{LIST}"' in Page(client_of(official.admin).get("/mihon/2020/progress/")).html


def test_queries_are_constant(official):
    client = client_of(official.admin)
    counts = []
    for place in (5, 6, 7):
        sheet = Initiative.objects.create(
            plan=official.plan, number=str(place), position=place, title="別", section=official.other_section
        )
        target = Target.objects.create(
            initiative=sheet,
            key="a1",
            scope="annual",
            indicator=official.shared_indicator,
            wording="8件",
            kind="absolute",
            fiscal_year=2020,
            value=8,
        )
        Baseline.objects.create(target=target, fiscal_year=2015)
        official.review_in("draft", "self_evaluation", initiative=sheet, answers={"figure": FIGURE})
        record(official, 7)
        client.get(LIST)
        with CaptureQueriesContext(connection) as queries:
            client.get(LIST)
        counts.append(len(queries))
    assert counts[0] == counts[1] == counts[2]
