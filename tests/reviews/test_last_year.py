"""Last year's sheet beside this year's: open issues, and what the same phase said, for whom."""

import pytest
from django.test import Client

from initiatives.form import read_form
from initiatives.models import Initiative, PlanPhase, YearPlan
from initiatives.roll_over import roll_over
from reviews.last_year import read_last_year
from tests.cast import NOW, WINDOW_MOMENTS
from tests.pages import Page

SHEET = "/mihon/2021/1/"
FORM = f"{SHEET}midyear/"


@pytest.fixture
def this_year(cast):
    """Give the sheet of 2021 that continues the cast's, in a confirmed plan with open windows."""
    roll_over(cast.plan, by=cast.admin, at=NOW)
    YearPlan.objects.filter(fiscal_year=2021).update(status="confirmed")
    Initiative.objects.filter(plan__fiscal_year=2021).update(unconfirmed=[])
    opens_at, due_at, closes_at = WINDOW_MOMENTS["open"]
    PlanPhase.objects.filter(plan__fiscal_year=2021).update(opens_at=opens_at, due_at=due_at)
    return Initiative.objects.get_by_natural_key("mihon", 2021, "1")


def get(user, address):
    client = Client()
    client.force_login(user)
    return Page(client.get(address))


def last_year(cast, initiative, user=None):
    return read_last_year(initiative, read_form(cast.edition), user or cast.staff)


def issues(cast, this_year, user=None):
    return [(one.phase, one.mark) for one in last_year(cast, this_year, user).open_issues]


def test_an_issue_is_open_until_a_later_mark_settles_it(cast, this_year):
    assert issues(cast, this_year) == []
    cast.review_in("submitted", answers=cast.answers(outlook=1))
    assert issues(cast, this_year) == []
    cast.review_in("submitted")
    assert issues(cast, this_year) == [("中間振り返り", "②達成できない見込み")]
    cast.review_in("submitted", "self_evaluation", answers={"achievement": 2, "issues": "年度末の課題"})
    found = last_year(cast, this_year).open_issues
    assert [(one.phase, [text.text for text in one.texts]) for one in found] == [
        ("中間振り返り", [cast.answers()["issues"]]),
        ("自己評価", ["年度末の課題"]),
    ]
    cast.review_in("submitted", "self_evaluation")
    assert issues(cast, this_year) == []


def test_a_sheet_that_continues_none_has_no_last_year(cast):
    assert last_year(cast, cast.initiative) is None


def test_issues_stand_on_the_sheet_for_who_may_read_them(cast, this_year):
    cast.review_in("returned")
    issue = cast.answers()["issues"]
    own = get(cast.staff, SHEET)
    assert "前年度から引き継ぐ課題1件" in own.text and issue in own.text
    assert "令和2年度 中間振り返り 目標の達成見込み ②達成できない見込み" in " ".join(own.text.split())
    other = get(cast.staff_other_section, SHEET)
    assert "前年度から引き継ぐ課題" not in other.text and issue not in other.text
    cast.review_in("submitted")
    assert issue in get(cast.viewer, SHEET).text


def test_last_years_answers_stand_beside_the_form(cast, this_year):
    cast.review_in("approved", answers=cast.answers(issues="昨年度の課題です。"))
    page = get(cast.staff, FORM)
    assert "昨年度(令和2年度)の中間振り返り(課長承認済)" in page.text
    assert "昨年度の課題です。" in page.text and "(i)実施見込み" in page.text
    assert "前年度から引き継ぐ課題(1件)" in page.text
    assert 'href="/mihon/2020/1/"' in page.html
    assert "昨年度の課題です。" not in page.typed.values()


def test_what_was_not_written_is_not_shown(cast, this_year):
    page = get(cast.staff, FORM)
    assert "昨年度(令和2年度)の中間振り返り" not in page.text
    assert "昨年度のシート全体を見る" in page.text


def test_a_moved_sheet_takes_only_readable_text_along(cast, this_year):
    """The sheet went to another section: what the former one has not submitted stays its own."""
    cast.review_in("draft", answers=cast.answers(issues="書きかけです。"))
    Initiative.objects.filter(pk=this_year.pk).update(section=cast.other_section)
    page = get(cast.staff_other_section, FORM)
    assert "書きかけです。" not in page.text and "昨年度(令和2年度)の中間振り返り" not in page.text
    cast.review_in("submitted", answers=cast.answers(issues="提出しました。"))
    assert "提出しました。" in get(cast.staff_other_section, FORM).text
