"""A relative target that got its number: citizens read the old wording with the number beside it."""

from django.test import Client

from initiatives import workflow
from initiatives.models import TargetResolution
from reviews import workflow as reviews
from tests.cast import NOW
from tests.pages import Page

PUBLIC = "/public/mihon/2020/1/"
WORDING = "令和元年度件数の実績から10%減"


def words():
    return " ".join(Page(Client().get(PUBLIC)).text.split())


def publish(cast):
    cast.plan.refresh_from_db()
    workflow.publish(cast.plan, by=cast.admin, at=NOW, version=cast.plan.version)


def test_the_plan_is_published_with_the_numbers_that_are_confirmed_by_then(official):
    publish(official)
    assert f"【令和2年度】{WORDING} (9件)" in words()


def test_an_unconfirmed_number_is_not_published(official):
    TargetResolution.objects.all().delete()
    publish(official)
    assert WORDING in words()
    assert "(9件)" not in words()


def test_a_published_evaluation_shows_the_number_beside_the_wording(official):
    figures = {
        "a1": {"value": "9", "as_of": "2021-03-31", "source": "活動報告書"},
        "a2": {"value": "8", "as_of": "2021-03-31", "source": "総務課調べ"},
    }
    answers = {"figure": figures, "results": "9件を行った。", "achievement": 1}
    about = {"initiative": official.initiative, "phase": "self_evaluation", "at": NOW}
    reviews.submit(**about, by=official.staff, version=0, answers=answers)
    reviews.approve(**about, by=official.manager, version=1)
    reviews.publish(**about, by=official.admin, version=2)
    text = words()
    assert f"{WORDING} (9件)" in text
    assert "10件×0.9=9件以下に対し8件: 達成" in text
