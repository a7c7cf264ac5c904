"""The manager's queue at the deadline: all at once, or one after the other."""

import re

from playwright.sync_api import expect

from reviews.models import Review


def test_all_are_ticked_and_approved_at_once(cast, sit_down):
    cast.review_in("submitted", "midyear")
    cast.review_in("submitted", "self_evaluation")
    page = sit_down(cast.manager)
    page.goto("/queue/")
    approve = page.locator("[data-count-ticks]")
    expect(approve).to_be_disabled()
    page.get_by_label("すべて選ぶ").check()
    expect(approve).to_have_text("選んだ2件を承認")
    page.get_by_role("checkbox", name="(中間振り返り)を選ぶ").uncheck()
    expect(approve).to_have_text("選んだ1件を承認")
    expect(page.get_by_label("すべて選ぶ")).not_to_be_checked()
    page.get_by_label("すべて選ぶ").click()
    approve.click()
    expect(page.get_by_text("2件を承認しました。")).to_be_visible()
    assert set(Review.objects.values_list("status", flat=True)) == {"approved"}


def test_each_is_approved_by_one_click_and_the_next_stands_open(cast, sit_down):
    cast.review_in("submitted", "midyear")
    cast.review_in("submitted", "self_evaluation")
    page = sit_down(cast.manager)
    page.goto("/queue/")
    for left in (1, 0):
        page.get_by_role("button", name="承認して次へ").click()
        expect(page.get_by_text("承認しました。")).to_be_visible()
        assert Review.objects.filter(status="submitted").count() == left
    expect(page.get_by_text("承認を待っているシートはありません。")).to_be_visible()


def test_words_of_a_return_are_not_left_behind_without_a_question(cast, sit_down):
    cast.review_in("submitted", "midyear")
    page = sit_down(cast.manager)
    asked = []
    page.on("dialog", lambda dialog: asked.append(dialog.type))
    page.goto("/queue/")
    page.get_by_role("link", name="シート全体を見る").click()
    expect(page).to_have_url(re.compile("/mihon/2020/1/$"))
    assert asked == []
    page.goto("/queue/")
    # The comments stand above the form that they belong to.
    page.get_by_label("この欄へのコメント(課題と改善策)").fill("いつまでに行うか。")
    page.get_by_role("link", name="シート全体を見る").click()
    expect(page).to_have_url(re.compile("/mihon/2020/1/$"))
    assert asked == ["beforeunload"]
