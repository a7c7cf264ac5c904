import datetime
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from initiatives.models import (
    Baseline,
    Event,
    Initiative,
    Measurement,
    PlanPhase,
    Target,
    TargetResolution,
    YearPlan,
)
from reviews.models import Review
from tests.cast import JST, NOW, SPRING
from wardplan.accounts.models import Membership, User


@pytest.fixture
def read(client):
    def read(user):
        client.force_login(user)
        response = client.get("/")
        assert response.status_code == 200
        return response.content.decode()

    return read


@pytest.fixture
def midyear(cast):
    """Let only 中間振り返り be open, as in September."""
    cast.set_window("self_evaluation", "before_open")
    return cast


def section_of(page, heading_id):
    """Cut out one list of the page; empty when it is not there."""
    mark = f'aria-labelledby="{heading_id}"'
    return page.split(mark)[1].split("</section>")[0] if mark in page else ""


def add_initiatives(cast, count, status="draft"):
    for number in range(3, 3 + count):
        initiative = Initiative.objects.create(
            plan=cast.plan,
            number=str(number),
            position=number * 1_000_000,
            title=f"取組{number}",
            section=cast.section,
        )
        cast.review_in(status, initiative=initiative)


# ---- staff: what to write, until when --------------------------------------------------------------------


def test_band_names_the_nearest_deadline_and_what_is_left(midyear, read):
    add_initiatives(midyear, 1, "submitted")
    page = read(midyear.staff)
    assert "今日は令和2年9月25日(金)です。" in page
    assert "中間振り返りの提出期限" in page
    assert "令和2年10月2日(金)17:15" in page
    assert "あと5日" in page
    assert "2件のうち1件" in page


def test_earlier_phase_comes_first_when_both_are_due_at_once(cast, read):
    add_initiatives(cast, 1, "not_started")
    cast.set_window("self_evaluation", "open")
    cast.set_window("midyear", "open")
    cast.review_in("submitted")
    page = read(cast.staff)
    assert "中間振り返りの提出期限" in page
    headings = re.findall("取組項目[0-9]・[^ <]+", section_of(page, "to-write"))
    assert list(dict.fromkeys(headings)) == [
        "取組項目3・中間振り返り",
        "取組項目1・自己評価",
        "取組項目3・自己評価",
    ]


def test_sheet_not_begun_is_to_be_written(midyear, read):
    to_write = section_of(read(midyear.staff), "to-write")
    assert "取組項目1・中間振り返り" in to_write
    assert "未入力" in to_write
    assert "書き始める" in to_write
    assert 'href="/mihon/2020/1/midyear/"' in to_write
    assert "自己評価" not in to_write
    assert "区政会議" not in to_write


def test_draft_says_when_it_was_saved_and_what_is_missing(midyear, read):
    midyear.review_in("draft", answers=midyear.answers(issues=None))
    to_write = section_of(read(midyear.staff), "to-write")
    assert "9月22日(火)11:00 保存。課題と改善策が未記入です。" in to_write
    assert "続きを書く" in to_write


def test_draft_that_a_colleague_saved_names_the_colleague(midyear, read):
    midyear.review_in("draft")
    to_write = section_of(read(midyear.second_staff), "to-write")
    assert "担当 太郎さんが保存。必要な欄はすべて記入済みです。" in to_write


def test_return_is_quoted_with_who_and_when(midyear, read):
    midyear.review_in("returned")
    Event.objects.filter(verb="return").update(reason="第2回の時期を\n<b>書いてください</b>。")
    page = read(midyear.staff)
    returned = section_of(page, "returned")
    assert "第2回の時期を\n&lt;b&gt;書いてください&lt;/b&gt;。" in returned
    assert "市民協働課長 課長 一郎、9月22日(火)13:00差戻し" in returned
    assert "直して再提出する" in returned
    # In view: the dialog before the log-in ends has one of its own.
    assert page.partition("<dialog")[0].count('class="btn btn-primary') == 1


def test_reason_stays_after_the_returned_sheet_was_saved_again(midyear, read):
    review = midyear.review_in("returned")
    last = midyear.events()[-1]
    Event.objects.create(
        ward=midyear.ward,
        fiscal_year=2020,
        initiative=midyear.initiative,
        phase="midyear",
        version=last.version + 1,
        verb="save",
        from_status="returned",
        to_status="returned",
        by=midyear.staff,
        by_name=midyear.staff.name,
        at=NOW,
        content=last.content,
    )
    Review.objects.filter(pk=review.pk).update(version=last.version + 1)
    assert "改善策を具体的に書いてください。" in section_of(read(midyear.staff), "returned")


def test_returned_sheet_in_a_closed_window_says_whom_to_ask(midyear, read):
    midyear.set_window("midyear", "closed")
    midyear.review_in("returned")
    returned = section_of(read(midyear.staff), "returned")
    assert "個別延長を依頼してください" in returned
    assert "直して再提出する" not in returned


@pytest.mark.parametrize("window", ["before_open", "closed"])
def test_nothing_to_write_outside_the_window(midyear, read, window):
    midyear.set_window("midyear", window)
    page = read(midyear.staff)
    assert "いま書くものはありません。" in page
    assert "書き始める" not in page


def test_overdue_sheet_is_still_to_be_written(midyear, read):
    midyear.set_window("midyear", "overdue")
    page = read(midyear.staff)
    assert "書き始める" in section_of(page, "to-write")
    assert "期限を7日過ぎています" in page
    assert "is-late" in page


def test_extended_sheet_can_be_written_after_the_closing(midyear, read):
    midyear.set_window("midyear", "closed")
    review = midyear.review_in("draft")
    Review.objects.filter(pk=review.pk).update(
        open_until=datetime.datetime(2020, 9, 29, 23, 59, 59, tzinfo=JST)
    )
    to_write = section_of(read(midyear.staff), "to-write")
    assert "続きを書く" in to_write
    assert "9月29日(火)23:59" in to_write


def test_empty_list_names_what_comes_next(midyear, read):
    midyear.review_in("submitted")
    PlanPhase.objects.filter(phase="midyear").update(due_at=None)
    page = read(midyear.staff)
    assert "いま書くものはありません。" in page
    assert "次は10月1日(木)、自己評価の受付開始です。" in page


def test_two_years_at_once_are_told_apart(cast, read):
    last_year = YearPlan.objects.create(
        ward=cast.ward, fiscal_year=2019, edition=cast.edition, status="confirmed"
    )
    Initiative.objects.create(
        plan=last_year, number="1", position=1_000_000, title="昨年度の取組", section=cast.section
    )
    PlanPhase.objects.create(
        plan=last_year,
        phase="self_evaluation",
        opens_at=NOW - datetime.timedelta(days=1),
        due_at=NOW + datetime.timedelta(days=3),
    )
    to_write = section_of(read(cast.staff), "to-write")
    assert "令和元年度 取組項目1・自己評価" in to_write
    assert "令和2年度 取組項目1・自己評価" in to_write
    assert to_write.index("令和元年度 取組項目1") < to_write.index("令和2年度 取組項目1")


def test_last_years_evaluation_and_this_years_midyear_keep_their_own_deadlines(midyear, read):
    last_year = YearPlan.objects.create(
        ward=midyear.ward, fiscal_year=2019, edition=midyear.edition, status="confirmed"
    )
    sheet = Initiative.objects.create(
        plan=last_year, number="1", position=1_000_000, title="昨年度の取組", section=midyear.section
    )
    PlanPhase.objects.create(plan=last_year, phase="midyear", opens_at=SPRING, closes_at=SPRING)
    due_at = datetime.datetime(2020, 9, 28, 12, 0, tzinfo=JST)
    PlanPhase.objects.create(
        plan=last_year, phase="self_evaluation", opens_at=SPRING, due_at=due_at, closes_at=None
    )
    midyear.review_in("draft", "self_evaluation", initiative=sheet)
    to_write = section_of(read(midyear.staff), "to-write")
    jobs = to_write.split("<li")[1:]
    assert len(jobs) == 2, "neither last year's mid-year review nor this year's evaluation"
    assert "令和元年度 取組項目1・自己評価" in jobs[0]
    assert "9月28日(月)12:00" in jobs[0]
    assert 'href="/mihon/2019/1/self-evaluation/"' in jobs[0]
    assert "令和2年度 取組項目1・中間振り返り" in jobs[1]
    assert "10月2日(金)17:15" in jobs[1]
    assert 'href="/mihon/2020/1/midyear/"' in jobs[1]


# ---- who has the rest ------------------------------------------------------------------------------------


def test_submitted_sheet_names_its_holder_and_can_be_withdrawn(midyear, read):
    review = midyear.review_in("submitted")
    held = section_of(read(midyear.staff), "held-by-others")
    assert '市民協働課長</span> <span class="together">課長 一郎' in held
    assert "9月22日(火)提出" in held
    assert 'action="/mihon/2020/1/midyear/withdraw/"' in held
    assert f'name="version" value="{review.version}"' in held


def test_approved_sheet_is_with_the_coordinator(midyear, read):
    midyear.review_in("approved")
    held = section_of(read(midyear.staff), "held-by-others")
    assert "取りまとめ担当" in held
    assert "9月22日(火)承認" in held
    assert "引き戻す" not in held


def test_other_section_sees_nothing_of_it(midyear, read):
    midyear.review_in("returned")
    page = read(midyear.staff_other_section)
    assert "差し戻されたシート" not in page
    assert "人と人とのつながりづくり" not in page
    assert "区政会議の開催" in page


# ---- figures to see to -----------------------------------------------------------------------------------


def test_unknown_figure_names_the_sheets_it_will_fill(midyear, read):
    Baseline.objects.create(target=midyear.other_initiative.targets.get(), fiscal_year=2019)
    figures = section_of(read(midyear.staff), "figures-to-check")
    assert "指標・令和元年度の実績" in figures
    assert "連携した取組の件数" in figures
    assert "この値を引用している2枚のシートに表示されます。" in figures
    assert f'href="/mihon/indicators/{midyear.shared_indicator.pk}/2019/"' in figures


def test_known_figure_and_year_to_come_are_not_asked_for(midyear, read):
    target = midyear.other_initiative.targets.get()
    for year in (2018, 2021):
        Baseline.objects.create(target=target, fiscal_year=year)
    assert section_of(read(midyear.staff_other_section), "figures-to-check") == ""


def test_unknown_base_year_is_asked_for_even_when_nobody_quotes_it(midyear, read):
    Measurement.objects.filter(indicator=midyear.own_indicator, fiscal_year=2019).delete()
    figures = section_of(read(midyear.staff), "figures-to-check")
    assert f'href="/mihon/indicators/{midyear.own_indicator.pk}/2019/"' in figures
    assert "目標値を確定" not in figures


def test_relative_target_is_offered_as_soon_as_its_base_is_known(midyear, read):
    figures = section_of(read(midyear.staff), "figures-to-check")
    assert "取組項目1・令和2年度の目標値" in figures
    assert "未確定" in figures
    assert 'href="/mihon/2020/1/targets/a2/resolve/"' in figures
    assert "目標値を確定" not in read(midyear.staff_other_section)


@pytest.mark.parametrize("window", ["before_open", "closed"])
def test_figures_are_asked_for_when_no_phase_is_open(midyear, read, window):
    for phase in ("midyear", "self_evaluation"):
        midyear.set_window(phase, window)
    assert "目標値を確定" in section_of(read(midyear.staff), "figures-to-check")


def test_resolved_target_comes_back_when_its_base_figure_is_corrected(midyear, read):
    TargetResolution.objects.create(
        target=midyear.relative_target, value=9, base_value=10, by=midyear.staff, at=NOW
    )
    assert "a2" not in section_of(read(midyear.staff), "figures-to-check")
    Measurement.objects.filter(indicator=midyear.own_indicator, fiscal_year=2019).update(value=8)
    figures = section_of(read(midyear.staff), "figures-to-check")
    assert "令和元年度の実績が8件に直されました。いまの目標値は9件です。" in figures
    assert "確定し直す" in figures


@pytest.mark.parametrize("who", ["viewer", "other_ward"])
def test_figures_are_asked_of_nobody_else(midyear, read, who):
    assert section_of(read(midyear.actor(who)), "figures-to-check") == ""


# ---- managers, admins, viewers ---------------------------------------------------------------------------


def test_manager_sees_first_what_waits_for_approval(midyear, read):
    midyear.review_in("submitted")
    page = read(midyear.manager)
    waiting = section_of(page, "to-decide")
    assert '課長承認待ち<span class="count">1件</span>' in waiting
    assert 'href="/queue/"' in waiting
    assert section_of(page, "held-by-others") == ""
    assert page.index("to-decide") < page.index("to-write")


def test_manager_is_told_how_many_more_wait(midyear, read):
    midyear.review_in("submitted")
    add_initiatives(midyear, 4, "submitted")
    waiting = section_of(read(midyear.manager), "to-decide")
    assert (waiting.count("<li"), "ほか2件" in waiting) == (4, True)


def test_manager_sees_own_submission_in_the_hands_of_the_other_one(midyear, read):
    midyear.review_in("submitted", submitted_by=midyear.manager)
    held = section_of(read(midyear.manager), "held-by-others")
    assert "課長 二郎" in held
    assert "課長 一郎" not in held


def test_manager_may_write_too(midyear, read):
    assert "書き始める" in section_of(read(midyear.manager), "to-write")


def test_admin_sees_how_far_each_section_is(midyear, read):
    midyear.review_in("approved")
    page = read(midyear.admin)
    assert "令和2年度 中間振り返りの進み" in page
    assert "市民協働課 1件: 課長承認済1" in page
    assert "総務課 1件: 未入力1" in page
    assert f'href="/mihon/2020/?section={midyear.section.pk}"' in page
    assert "書くもの" not in page


def test_viewer_finds_the_years_to_read(midyear, read):
    midyear.review_in("draft")
    page = read(midyear.viewer)
    assert 'href="/mihon/2020/"' in section_of(page, "plans-to-read")
    assert "人と人とのつながりづくり" not in page
    assert "書くもの" not in page


def test_viewer_does_not_hear_of_a_draft_plan(midyear, read):
    midyear.plan_in("draft")
    assert "見られる計画はまだありません" in read(midyear.viewer)


def test_person_without_a_role_learns_whom_to_ask(cast, read):
    newcomer = User.objects.create(username="newcomer", name="新任 五子")
    page = read(newcomer)
    assert "いま有効な所属と役割がありません。" in page
    assert "利用者ID「newcomer」" in page


def test_role_that_has_ended_counts_no_more(midyear, read):
    Membership.objects.filter(user=midyear.staff).update(ends_on=datetime.date(2020, 9, 24))
    assert "いま有効な所属と役割がありません。" in read(midyear.staff)


def test_other_ward_sees_nothing_of_this_one(midyear, read):
    midyear.review_in("submitted")
    page = read(midyear.other_ward)
    assert "人と人とのつながりづくり" not in page
    assert "見本区" not in page


def test_stranger_is_asked_to_log_in(cast, client):
    assert client.get("/")["Location"] == "/accounts/login/?next=/"


def test_counts_stand_in_the_head_of_the_page(midyear, read):
    midyear.review_in("submitted")
    add_initiatives(midyear, 2)
    page = read(midyear.manager)
    assert page.count("site-nav-count") == 2


# ---- queries ---------------------------------------------------------------------------------------------


def _quote(initiative, cast):
    """Let a sheet quote an unknown figure and have a relative target that waits for its number."""
    target = Target.objects.get(pk=cast.relative_target.pk)
    target.pk, target.initiative = None, initiative
    target.save()
    Baseline.objects.create(target=target, fiscal_year=2017)


@pytest.mark.parametrize("who", ["staff", "manager", "admin"])
def test_queries_do_not_grow_with_the_sheets(cast, client, who):
    client.force_login(cast.actor(who))
    counts = []
    for more in (1, 2, 27):
        first = Initiative.objects.filter(plan=cast.plan).count() + 1
        for number in range(first, first + more):
            initiative = Initiative.objects.create(
                plan=cast.plan,
                number=str(number),
                position=number * 1_000_000,
                title=f"取組{number}",
                section=cast.section,
            )
            for phase, status in [("midyear", "submitted"), ("self_evaluation", "returned")]:
                cast.review_in(status, phase, initiative=initiative)
            _quote(initiative, cast)
        client.get("/")
        with CaptureQueriesContext(connection) as queries:
            client.get("/")
        counts.append(len(queries))
    assert counts[0] == counts[1] == counts[2]
    by_deputies = 1 if who == "manager" else 0
    assert counts[0] <= 3 + 11 + by_deputies
