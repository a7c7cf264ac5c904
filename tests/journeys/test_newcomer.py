"""The first day of somebody who is new in a section: find the desk, take a sheet over, learn, ask, write."""

import re

from playwright.sync_api import expect

from initiatives.models import Initiative, YearPlan
from reviews import workflow
from reviews.models import PlanReport
from tests.cast import NOW, hold, newcomer


def last_year_of(cast):
    """Give sheet 1 a year before that came back once and was approved then."""
    plan = YearPlan.objects.create(
        ward=cast.ward, fiscal_year=2019, edition=cast.edition, status="confirmed", version=1
    )
    before = Initiative.objects.create(
        plan=plan, number="5", position=5_000_000, title="前の取組", section=cast.section
    )
    Initiative.objects.filter(pk=cast.initiative.pk).update(continues=before)
    review = cast.review_in("submitted", "self_evaluation", initiative=before)
    act = {"by": cast.manager, "at": NOW}
    returned = workflow.send_back(
        before,
        "self_evaluation",
        version=review.version,
        reason="内訳を書いてください。",
        until=NOW.date(),
        **act,
    )
    answers = cast.answers("self_evaluation", achievement=2, issues="参加者が固定化している。")
    type(review).objects.filter(pk=review.pk).update(
        status="approved",
        version=returned.version,
        answers=answers,
        submitted_by=cast.staff,
        approved_by=cast.manager,
    )


def test_newcomer_finds_the_desk_and_goes_on_with_a_sheet(cast, sit_down):
    last_year_of(cast)
    new = hold(newcomer(), cast.section, "staff")
    answers = cast.answers(issues="窓口での周知が足りない。")
    cast.review_in("submitted", initiative=cast.other_initiative, answers=answers)
    cast.review_in("draft", answers={"implementation": 1})

    page = sit_down(cast.staff)
    page.goto("/mihon/2020/1/")
    page.get_by_role("link", name=re.compile("引継ぎ.*中間振り返り")).click()
    page.get_by_role("textbox", name="引継ぎメモ").fill("件数は地域担当に聞いてください。")
    page.get_by_label("渡す相手").select_option(label="新人 六郎")
    page.get_by_role("button", name="引継ぎメモを残す・渡す").click()
    expect(page.get_by_text("新人 六郎さんに渡しました。")).to_be_visible()

    page = sit_down(new)
    page.goto("/")
    expect(page.get_by_text("担当 太郎さんから引継ぎ")).to_be_visible()
    expect(page.get_by_text("件数は地域担当に聞いてください。")).to_be_visible()
    page.get_by_role("link", name="この席の仕事", exact=True).click()
    expect(page.get_by_role("heading", name="この席の仕事")).to_be_visible()
    expect(page.get_by_text("参加者が固定化している。").first).to_be_visible()
    expect(page.get_by_text("内訳を書いてください。")).to_be_visible()
    page.locator("summary", has_text="自己評価(課長承認済)の文を読む").click()
    expect(page.get_by_text("清掃活動など9件を行い")).to_be_visible()

    page.get_by_role("link", name="シートを見る 取組項目1").click()
    page.locator("summary", has_text="計画の誤りを知らせる").click()
    page.get_by_role("button", name="取りまとめ担当に知らせる").click()
    expect(page.get_by_text("取りまとめ担当に知らせました。")).to_be_visible()
    assert PlanReport.objects.get().cell == "activities"

    page.goto("/mihon/2020/1/midyear/")
    page.locator("summary", has_text="他の課・他の年度の書き方").click()
    expect(page.get_by_text("窓口での周知が足りない。")).to_be_visible()
    page.get_by_role("searchbox").fill("高齢者")
    page.get_by_role("searchbox").press("Enter")
    expect(page.get_by_text("「高齢者」を含む文は見つかりません。")).to_be_visible()
    # Searching is no writing: nothing is unsaved, and the page may be left.
    expect(page.locator("[data-save-state]")).not_to_contain_text("未保存")
    page.get_by_role("radio", name="② 達成できない見込み").check()
    page.get_by_role("textbox", name="課題と改善策").fill("若年層の参加が少ない。SNSで発信する。")
    page.get_by_role("button", name="課長へ提出する").click()
    expect(page.get_by_text("課長へ提出しました。")).to_be_visible()
    review = cast.review()
    assert (review.status, review.submitted_by) == ("submitted", new)


def test_examples_open_without_a_script(cast, sit_down):
    answers = cast.answers(issues="窓口での周知が足りない。")
    cast.review_in("submitted", initiative=cast.other_initiative, answers=answers)
    page = sit_down(cast.staff, java_script_enabled=False)
    page.goto("/mihon/2020/1/midyear/")
    page.locator("summary", has_text="他の課・他の年度の書き方").click()
    address = page.get_by_role("link", name="別の画面で開く").get_attribute("href")
    page.goto(address)
    expect(page.get_by_text("窓口での周知が足りない。")).to_be_visible()
    page.get_by_label("文の中の言葉で探す").fill("周知")
    page.get_by_role("button", name="探す").click()
    expect(page.get_by_text("窓口での周知が足りない。")).to_be_visible()
