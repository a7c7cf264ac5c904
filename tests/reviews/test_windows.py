import datetime

import pytest
import time_machine

from initiatives.models import PlanPhase, YearPlan
from initiatives.refusals import WindowClosed
from reviews import workflow
from reviews.models import Review
from reviews.windows import Window, deadline, end_of, window
from tests.cast import JST, NOW

SECOND = datetime.timedelta(seconds=1)
OPENS = datetime.datetime(2020, 9, 1, 9, 0, tzinfo=JST)
DUE = datetime.datetime(2020, 10, 2, 17, 15, tzinfo=JST)
CLOSES = datetime.datetime(2020, 10, 16, 17, 15, tzinfo=JST)

PLAN = YearPlan(status="confirmed")
PHASE = PlanPhase(phase="midyear", opens_at=OPENS, due_at=DUE, closes_at=CLOSES)


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (OPENS - SECOND, Window.BEFORE_OPEN),
        (OPENS, Window.OPEN),
        (DUE, Window.OPEN),
        (DUE + SECOND, Window.OVERDUE),
        (CLOSES, Window.OVERDUE),
        (CLOSES + SECOND, Window.CLOSED),
    ],
)
@pytest.mark.parametrize("zone", [JST, datetime.UTC], ids=["JST", "UTC"])
def test_window_changes_on_the_second(moment, expected, zone):
    assert window(PLAN, PHASE, None, moment.astimezone(zone)) == expected


@pytest.mark.parametrize(
    ("phase", "expected"),
    [
        (None, Window.BEFORE_OPEN),
        (PlanPhase(phase="midyear", due_at=DUE, closes_at=CLOSES), Window.BEFORE_OPEN),
        (PlanPhase(phase="midyear", opens_at=OPENS), Window.OPEN),
        (PlanPhase(phase="midyear", opens_at=OPENS, due_at=DUE), Window.OVERDUE),
        (PlanPhase(phase="midyear", opens_at=OPENS, closes_at=CLOSES), Window.CLOSED),
    ],
    ids=["no phase", "never opens", "never late", "never closes", "never due"],
)
def test_empty_moment_means_never(phase, expected):
    assert window(PLAN, phase, None, CLOSES + 100 * SECOND) == expected


@pytest.mark.parametrize("moment", [OPENS, DUE + SECOND, CLOSES + SECOND])
def test_draft_plan_is_open_for_nothing(moment):
    assert window(YearPlan(status="draft"), PHASE, None, moment) == Window.BEFORE_OPEN
    assert window(YearPlan(status="published"), PHASE, None, OPENS) == Window.OPEN


def test_extension_keeps_one_sheet_open_and_on_time_until_the_end_of_its_day():
    last = end_of(datetime.date(2020, 10, 31))
    extended = Review(open_until=last)
    assert last.astimezone(datetime.UTC) == datetime.datetime(2020, 10, 31, 14, 59, 59, tzinfo=datetime.UTC)
    assert window(PLAN, PHASE, extended, DUE + SECOND) == Window.OPEN
    assert window(PLAN, PHASE, extended, CLOSES + SECOND) == Window.OPEN
    assert window(PLAN, PHASE, extended, last) == Window.OPEN
    assert window(PLAN, PHASE, extended, last + SECOND) == Window.CLOSED
    assert window(PLAN, PHASE, Review(), CLOSES + SECOND) == Window.CLOSED


def test_extension_opens_nothing_before_the_phase():
    assert window(PLAN, PHASE, Review(open_until=CLOSES), OPENS - SECOND) == Window.BEFORE_OPEN


@pytest.mark.parametrize(
    ("phase", "until", "expected"),
    [
        (PHASE, None, DUE),
        (PHASE, CLOSES, CLOSES),
        (PHASE, OPENS, DUE),
        (None, CLOSES, CLOSES),
        (PlanPhase(phase="midyear", opens_at=OPENS), None, None),
        (None, None, None),
    ],
)
def test_deadline_is_the_later_of_due_and_extension(phase, until, expected):
    assert deadline(phase, Review(open_until=until)) == expected


# ---- the same seconds at the door ----------------------------------------------------------------------


def save_at(cast, moment):
    with time_machine.travel(moment.astimezone(datetime.UTC), tick=False):
        return workflow.save(
            cast.initiative, "midyear", by=cast.staff, at=moment, version=0, answers=cast.answers()
        )


def test_due_second_is_on_time_and_the_next_is_late(cast):
    assert save_at(cast, DUE).late is False
    cast.review_in("not_started")
    assert save_at(cast, DUE + SECOND).late is True


def test_closing_second_is_taken_and_the_next_is_refused(cast):
    assert save_at(cast, CLOSES).late is True
    cast.review_in("not_started")
    with pytest.raises(WindowClosed) as refused:
        save_at(cast, CLOSES + SECOND)
    assert refused.value.sentence == (
        "中間振り返りの受付は終了しました。取りまとめ担当に個別延長を依頼してください。"
    )
    assert not Review.objects.exists()


def test_before_the_opening_the_refusal_names_it(cast):
    with pytest.raises(WindowClosed) as refused:
        save_at(cast, OPENS - SECOND)
    assert refused.value.sentence == "中間振り返りの受付は、9月1日(火)9:00に始まります。"


def test_draft_plan_takes_no_reviews(cast):
    cast.plan_in("draft")
    with pytest.raises(WindowClosed) as refused:
        save_at(cast, NOW)
    assert refused.value.sentence == "中間振り返りの受付は、まだ始まっていません。"
