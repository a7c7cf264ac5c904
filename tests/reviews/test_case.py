"""What keeps a draft from being submitted: the list on やること asks what submitting asks."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from initiatives.models import Indicator, Initiative, Measurement, Target
from reviews.case import open_case
from tests.cast import NOW
from tests.pages import Page

FIGURES = {
    "a1": {"value": "9", "as_of": "2021-03-31", "source": "活動報告書"},
    "a2": {"value": "8", "as_of": "2021-03-31", "source": "総務課調べ"},
}
COMPLETE = {"figure": FIGURES, "results": "9件を行った。", "achievement": 1}


def missing(cast, **answers):
    return open_case(cast.initiative, "self_evaluation", cast.staff).missing({**COMPLETE, **answers})


@pytest.mark.parametrize(
    ("answers", "labels"),
    [
        ({}, []),
        ({"results": "\u3000"}, ["当年度の取組実績及び目標の達成状況"]),
        ({"achievement": None}, ["目標の達成状況"]),
        ({"achievement": 2, "issues": "参加が少ない。"}, ["判定と異なる評価とした理由"]),
        (
            {"figure": {**FIGURES, "a2": {"value": "8", "as_of": "2021-03-31"}}},
            ["実績(目標2)の出典"],
        ),
        (
            {"figure": {"a1": {"value": "9"}, "a2": FIGURES["a2"]}},
            ["実績(目標1)の時点", "実績(目標1)の出典"],
        ),
        ({"figure": {"a1": FIGURES["a1"]}}, []),  # what is not known demands nothing
    ],
)
def test_what_is_missing_is_what_submitting_would_ask_for(official, answers, labels):
    found = missing(official, **answers)
    assert found == labels
    problems = open_case(official.initiative, "self_evaluation", official.staff).problems(
        {**COMPLETE, **answers}
    )
    assert bool(found) == bool(problems)


def to_write(cast):
    client = Client()
    client.force_login(cast.staff)
    return " ".join(Page(client.get("/")).text.split())


def test_my_work_tells_that_a_reason_is_missing(official):
    draft = {**COMPLETE, "achievement": 2, "issues": "参加が少ない。"}
    official.review_in("draft", "self_evaluation", answers=draft)
    assert "判定と異なる評価とした理由が未記入です。" in to_write(official)
    official.review_in("draft", "self_evaluation", answers={**draft, "reason": "書面開催のため。"})
    assert "必要な欄はすべて記入済みです。" in to_write(official)


def test_my_work_knows_figures_that_other_sheets_recorded(official):
    official.review_in("draft", "self_evaluation", answers={**COMPLETE, "figure": {"a2": FIGURES["a2"]}})
    assert "必要な欄はすべて記入済みです。" in to_write(official)
    Measurement.objects.create(
        indicator=official.shared_indicator, ward=official.ward, fiscal_year=2020, value=7, at=NOW
    )
    assert "判定と異なる評価とした理由が未記入です。" in to_write(official)


def test_my_work_tells_that_a_turned_mark_needs_its_words(official):
    official.review_in("approved", "midyear")  # ②
    official.review_in("draft", "self_evaluation", answers=COMPLETE)
    assert "何が変わったかが未記入です。" in to_write(official)


def test_queries_do_not_grow_with_the_drafts(official):
    client = Client()
    client.force_login(official.staff)
    counts, made = [], 1
    for wanted in (1, 3, 30):
        while made < wanted:
            made += 1
            sheet = Initiative.objects.create(
                plan=official.plan,
                number=str(made + 10),
                position=made * 10**6,
                title="別",
                section=official.section,
            )
            indicator = Indicator.objects.create(
                ward=official.ward, name=f"指標{made}", unit="件", direction="higher"
            )
            Target.objects.create(
                initiative=sheet,
                key="a1",
                scope="annual",
                indicator=indicator,
                wording="8件",
                kind="absolute",
                fiscal_year=2020,
                value=8,
            )
            Measurement.objects.create(
                indicator=indicator, ward=official.ward, fiscal_year=2019, value=made, at=NOW
            )
            official.review_in("draft", "self_evaluation", initiative=sheet, answers={"achievement": 1})
        official.review_in("draft", "self_evaluation", answers=COMPLETE)
        client.get("/")
        with CaptureQueriesContext(connection) as queries:
            client.get("/")
        counts.append(len(queries))
    assert counts[0] == counts[1] == counts[2]
