import datetime
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from initiatives.models import Event, Initiative, PlanPhase, Question, YearPlan
from reviews import workflow
from reviews.models import Note, Review
from tests.cast import NOW, snapshot
from tests.pages import Page, send
from wardplan.accounts.models import Membership

URL = "/queue/"
KEY = "mihon/2020/1/midyear"
APPROVE, RETURN = "/mihon/2020/1/midyear/approve/", "/mihon/2020/1/midyear/return/"
REASON = "改善策を具体的に書いてください。"
BEFORE = "第1回は書面開催とした。第2回以降はオンラインの活用を検討する。"
AFTER = "第1回は書面開催とした。第2回(10月)はオンラインで開催する。"
LATER = NOW + datetime.timedelta(hours=1)


@pytest.fixture
def read(client):
    def read(user, url=URL):
        client.force_login(user)
        response = client.get(url)
        assert response.status_code == 200
        return response.content.decode()

    return read


def add_initiative(cast, number, **fields):
    return Initiative.objects.create(
        plan=fields.pop("plan", cast.plan),
        number=str(number),
        position=number * 1_000_000,
        title=f"取組{number}",
        section=cast.section,
        **fields,
    )


def resubmit(cast, comments=None, **changes):
    """Return the first sheet and submit it again with other answers."""
    review = cast.review_in("submitted", answers=cast.answers(issues=BEFORE))
    event = workflow.send_back(
        cast.initiative,
        "midyear",
        by=cast.manager,
        at=NOW,
        version=review.version,
        reason=REASON,
        comments=comments,
    )
    answers = cast.answers(**{"issues": AFTER, "outlook": 1, **changes})
    workflow.submit(
        cast.initiative, "midyear", by=cast.staff, at=LATER, version=event.version, answers=answers
    )
    return cast.review()


def field(page, label):
    """Cut one field out of the unfolded row."""
    return re.search(rf"<dt>{label}</dt>(.*?)(?=<dt>|<div class=\"decision\">|</dl>)", page, re.DOTALL)[1]


def words(html):
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


# ---- rows


def test_queue_shows_submitter_marks_due_and_whole_text(cast, read):
    cast.review_in("submitted")
    page = read(cast.manager)
    assert "人と人とのつながりづくり" in page
    assert "担当 太郎 9月22日(火)12:00" in page
    assert "10月2日(金)17:15 あと5日" in page
    assert "初めての提出" in page
    assert '<span class="mark-symbol mark-forcing">②</span>' in page
    assert "若年層の参加が少ない。\n区役所のSNSでの発信を増やし、参加を呼びかける。" in page


def test_rows_say_how_many_fields_changed(cast, read):
    resubmit(cast)
    cast.review_in("submitted", initiative=add_initiative(cast, 3))
    page = read(cast.manager, URL + "?open=")
    assert "<b>2か所変更</b>" in page
    assert page.count("初めての提出") == 1
    assert REASON not in page and AFTER not in page


def test_resubmission_without_a_change_says_so(cast, read):
    resubmit(cast, issues=BEFORE, outlook=2)
    page = read(cast.manager)
    assert "変更なし" in page
    assert "前回から変わった欄はありません。" in page


def test_own_submission_has_no_decision_and_names_who_decides(cast, read):
    cast.review_in("submitted", submitted_by=cast.manager)
    page = read(cast.manager)
    assert "自分が提出したため承認できません。" in page
    assert "代理承認者 市民協働課長代理 代理 三郎 に回っています。" in page
    assert 'name="chosen"' not in page and 'name="open"' not in page
    assert APPROVE not in page and RETURN not in page
    assert "字句を直す" not in page
    assert APPROVE in read(cast.second_manager)
    Membership.objects.filter(user=cast.deputy).delete()
    assert "市民協働課長 課長 二郎 に回っています。" in words(read(cast.manager))
    Membership.objects.filter(user=cast.second_manager).delete()
    assert "代理承認者を決めてください。" in read(cast.manager)


def test_deputy_sees_the_queue_too(cast, read):
    cast.review_in("submitted")
    page = read(cast.deputy)
    assert APPROVE in page
    assert "代理承認者を決める" not in page


def test_queue_holds_only_what_waits_in_the_own_section(cast, read):
    cast.review_in("submitted")
    cast.review_in("draft", "self_evaluation")
    page = read(cast.manager_other_section)
    assert "人と人とのつながりづくり" not in page
    assert "承認を待っているシートはありません" in page
    assert "自己評価" not in read(cast.manager)


def test_rows_stand_by_due_date_then_by_number(cast, read):
    PlanPhase.objects.filter(phase="midyear").update(due_at=NOW + datetime.timedelta(days=1))
    for number in (10, 9):
        cast.review_in("submitted", initiative=add_initiative(cast, number))
    cast.review_in("submitted", "self_evaluation")
    page = read(cast.manager)
    places = [page.index(title) for title in (">取組9<", ">取組10<", ">人と人との")]
    assert places == sorted(places)


@pytest.mark.parametrize("who", ["staff", "viewer", "admin"])
@pytest.mark.parametrize("url", [URL, URL + "print/", URL + "deputies/"])
def test_queue_is_for_managers(cast, client, who, url):
    client.force_login(cast.actor(who))
    response = client.get(url)
    assert response.status_code == 403
    assert "課長(承認者)です。" in response.content.decode()


def test_other_wards_manager_sees_nothing_of_this_one(cast, read):
    cast.review_in("submitted")
    assert "承認を待っているシートはありません" in read(cast.other_ward)
    assert "承認を待っているシートはありません" in read(cast.other_ward, URL + "print/")


def test_stranger_is_asked_to_log_in(cast, client):
    assert client.get(URL)["Location"] == "/accounts/login/?next=/queue/"


# ---- unfolding


def test_one_row_stands_open_and_which_one_can_be_chosen(cast, read):
    cast.review_in("submitted", answers=cast.answers(issues="一つ目の文"))
    cast.review_in("submitted", initiative=add_initiative(cast, 3), answers=cast.answers(issues="三つ目の文"))
    assert "一つ目の文" in read(cast.manager) and "三つ目の文" not in read(cast.manager)
    third = read(cast.manager, f"{URL}?open=mihon/2020/3/midyear")
    assert "三つ目の文" in third and "一つ目の文" not in third
    closed = read(cast.manager, f"{URL}?open=")
    assert "三つ目の文" not in closed and "一つ目の文" not in closed
    assert "一つ目の文" in read(cast.manager, f"{URL}?open=mihon/2020/99/midyear")


def test_row_unfolds_to_what_changed_since_the_return(cast, read):
    resubmit(cast)
    page = read(cast.manager)
    assert "9月25日(金)10:00に差し戻したときの文と比べています。" in words(page)
    assert "変わっていない欄 1つ: 取組内容の実施見込み (i)" in words(page)
    issues = field(page, "課題と改善策")
    assert re.findall(r"<ins>.*?</span>(.*?)</ins>", issues) == ["(10月)", "で開催"]
    assert re.findall(r"<del>.*?</span>(.*?)</del>", issues) == ["以降", "の活用を検討"]
    assert words(field(page, "目標の達成見込み")).startswith("削除 ②達成できない見込み 追加 ①達成見込み")
    assert REASON in page


def test_open_row_names_the_goals_that_figures_are_judged_by(cast, read):
    cast.review_in("submitted", "self_evaluation")
    page = words(read(cast.manager))
    assert "【令和2年度】 8件" in page
    assert page.index("当年度の目標") < page.index("【令和2年度】 8件")


def test_changed_field_settles_its_comment_and_an_unchanged_one_does_not(cast, read):
    resubmit(cast, {"issues": "時期を書いてください。", "implementation": "(ii)ではありませんか。"})
    page = read(cast.manager)
    assert "課長 一郎 9月25日(金)10:00のコメント 対応済み 時期を書いてください。" in words(
        field(page, "課題と改善策")
    )
    unchanged = words(field(page, "取組内容の実施見込み"))
    assert "(ii)ではありませんか。" in unchanged and "対応済み" not in unchanged


def test_difference_starts_from_the_last_decision_not_the_first(cast, read):
    review = resubmit(cast)
    event = workflow.send_back(
        cast.initiative, "midyear", by=cast.manager, at=LATER, version=review.version, reason="もう一度"
    )
    workflow.submit(
        cast.initiative,
        "midyear",
        by=cast.staff,
        at=LATER,
        version=event.version,
        answers=cast.answers(issues=AFTER + "以上。", outlook=1),
    )
    page = read(cast.manager)
    assert "<b>1か所変更</b>" in page
    assert re.findall(r"<ins>.*?</span>(.*?)</ins>", field(page, "課題と改善策")) == ["以上。"]


def test_text_approved_before_is_the_base_after_a_reopening(cast, read):
    review = cast.review_in("approved")
    event = workflow.reopen(
        cast.initiative, "midyear", by=cast.manager, at=NOW, version=review.version, reason="誤りがある"
    )
    workflow.submit(
        cast.initiative,
        "midyear",
        by=cast.staff,
        at=LATER,
        version=event.version,
        answers=cast.answers(outlook=1),
    )
    page = read(cast.manager)
    assert "<b>1か所変更</b>" in page
    assert "9月25日(金)10:00に承認を取り消したときの文と比べています。" in words(page)


def test_last_years_text_stands_beside(cast, read):
    plan = YearPlan.objects.create(ward=cast.ward, fiscal_year=2019, edition=cast.edition, status="confirmed")
    old = add_initiative(cast, 7, plan=plan)
    Review.objects.create(
        initiative=old,
        phase="midyear",
        status="published",
        version=4,
        answers=cast.answers(issues="昨年度の課題。"),
        submitted_by=cast.staff,
        approved_by=cast.manager,
    )
    Initiative.objects.filter(pk=cast.initiative.pk).update(continues=old)
    cast.review_in("submitted")
    for url in (URL, URL + "print/"):
        issues = words(field(read(cast.manager, url), "課題と改善策"))
        assert "令和元年度の文 昨年度の課題。" in issues


def test_proposal_from_the_figures_stands_at_the_mark(cast, read):
    Question.objects.filter(phase="self_evaluation", key="achievement").update(combine="all")
    Question.objects.filter(phase="self_evaluation", key="figure").update(required=False)
    figure = {
        "a1": {"value": "7", "as_of": "2021-03-31", "source": "市民協働課調べ"},
        "a2": {"value": "12", "as_of": "2021-03-31", "source": "総務課調べ"},
    }
    answers = cast.answers("self_evaluation", figure=figure, achievement=2, issues="件数が足りなかった。")
    workflow.submit(cast.initiative, "self_evaluation", by=cast.staff, at=NOW, version=0, answers=answers)
    for url in (URL, URL + "print/"):
        mark = words(field(read(cast.manager, url), "目標の達成"))
        assert "②目標未達成" in mark
        assert "数値からの判定(参考)" in mark


def test_text_is_escaped(cast, read):
    evil = "<script>alert(1)</script>"
    resubmit(cast, {"issues": evil}, issues=evil)
    for url in (URL, URL + "print/"):
        page = read(cast.manager, url)
        assert "<script>alert" not in page
        assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;") == 2


# ---- deciding


def test_decisions_are_forms_with_the_version_the_manager_sees(cast, read):
    review = cast.review_in("submitted")
    page = read(cast.manager)
    for address in (APPROVE, RETURN):
        form = page.split(f'action="{address}"')[1].split("</form>")[0]
        assert f'name="version" value="{review.version}"' in form
        assert 'name="next" value="/queue/"' in form
        assert "csrfmiddlewaretoken" in form
    assert 'name="reason"' in form
    assert "この欄も公開請求の対象になります。" in form
    assert 'name="until"' not in page
    assert 'href="/mihon/2020/1/midyear/"' in page


def test_every_field_takes_a_comment(cast, read):
    resubmit(cast)
    page = read(cast.manager)
    inputs = re.findall(r'<textarea[^>]*name="comment_(\w+)"[^>]*form="return-form"', page)
    assert sorted(inputs) == ["implementation", "issues", "outlook"]


def test_return_in_a_closed_window_asks_for_a_date(cast, read):
    cast.review_in("submitted")
    cast.set_window("midyear", "closed")
    assert 'name="until"' in read(cast.manager)


def test_approving_leads_to_the_next_row(cast, client):
    review = cast.review_in("submitted")
    other = add_initiative(cast, 3)
    cast.review_in("submitted", initiative=other, answers=cast.answers(issues="三つ目の文"))
    client.force_login(cast.manager)
    following = Page(client.get(URL)).forms[APPROVE]["next"]
    assert following == "/queue/?open=mihon/2020/3/midyear"
    response = client.post(APPROVE, {"version": review.version, "next": following}, follow=True)
    assert response.redirect_chain == [(following, 302)]
    assert cast.review().status == "approved"
    assert cast.review(initiative=other).status == "submitted"
    assert "三つ目の文" in response.content.decode()
    last = Page(response).forms["/mihon/2020/3/midyear/approve/"]
    assert last["next"] == URL


def test_returning_takes_the_comments_along(cast, client):
    review = cast.review_in("submitted")
    client.force_login(cast.manager)
    fields = {"version": review.version, "reason": REASON, "comment_issues": "時期を\n書いてください。"}
    assert send(client, RETURN, comment_outlook="", next=URL, **fields)["Location"] == URL
    assert cast.review().status == "returned"
    assert list(Note.objects.values_list("field", "text")) == [("issues", "時期を\n書いてください。")]


def test_comment_too_long_is_asked_back_with_everything_typed(cast, client):
    review = cast.review_in("submitted")
    client.force_login(cast.manager)
    before = snapshot()
    page = Page(send(client, RETURN, version=review.version, reason=REASON, comment_issues="長" * 1001))
    assert "コメントは1,000字以内で書いてください。いま1,001字です。" in page.text
    assert page.forms[RETURN]["comment_issues"] == "長" * 1001
    assert page.forms[RETURN]["reason"] == REASON
    assert snapshot() == before


def test_comments_of_a_return_that_came_too_late_are_handed_back(cast, client):
    review = cast.review_in("approved")
    client.force_login(cast.manager)
    fields = {"version": review.version - 1, "reason": REASON, "comment_issues": "時期を書いてください。"}
    page = Page(send(client, RETURN, **fields), 409)
    assert REASON in page.text
    assert "課題と改善策へのコメント" in page.text and "時期を書いてください。" in page.text
    assert not Note.objects.exists()


# ---- several at once


def test_ticks_name_the_version_and_survive_unfolding(cast, read):
    review = cast.review_in("submitted")
    ticked = f"{KEY}:{review.version}"
    page = read(cast.manager, f"{URL}?open=&chosen={ticked}")
    assert re.search(rf'name="chosen" value="{ticked}"[^>]* checked', page)
    assert " checked" not in read(cast.manager, f"{URL}?open=&chosen={KEY}:1")


def test_chosen_sheets_are_approved_and_the_refused_named(cast, client):
    first = cast.review_in("submitted")
    second = cast.review_in("submitted", initiative=add_initiative(cast, 3), submitted_by=cast.manager)
    third = cast.review_in("submitted", initiative=add_initiative(cast, 4))
    foreign = cast.review_in("submitted", initiative=cast.other_initiative)
    client.force_login(cast.manager)
    chosen = [
        f"{KEY}:{first.version}",
        f"mihon/2020/3/midyear:{second.version}",
        f"mihon/2020/4/midyear:{third.version - 1}",
        f"mihon/2020/2/midyear:{foreign.version}",
    ]
    response = client.post(URL + "approve/", {"chosen": chosen}, follow=True)
    page = Page(response)
    assert response.redirect_chain == [(URL, 302)]
    assert "1件を承認しました。" in page.notices
    refused = [notice for notice in page.notices if notice.startswith("承認しませんでした。")]
    assert "取組項目3 取組3: 自分が提出したシートは、自分では承認できません。" in refused[0]
    assert (
        "取組項目4 取組4: 市民協働課 担当者 担当 太郎 さんが9月22日(火)12:00に提出をしました。" in refused[1]
    )
    assert "取組項目2 区政会議の開催: 承認ができるのは、担当課の課長(承認者)です。" in refused[2]
    statuses = [Review.objects.get(pk=one.pk).status for one in (first, second, third, foreign)]
    assert statuses == ["approved", "submitted", "submitted", "submitted"]
    assert cast.events()[-1].by == cast.manager


def test_chosen_twice_is_approved_once(cast, client):
    review = cast.review_in("submitted")
    client.force_login(cast.manager)
    for _ in range(2):
        client.post(URL + "approve/", {"chosen": [f"{KEY}:{review.version}"]})
    assert [event.verb for event in cast.events()] == ["save", "submit", "approve"]


@pytest.mark.parametrize(
    "odd",
    ["", "x", "mihon/2020/99/midyear:1", "tonari/2020/1/midyear:2", "mihon/0000/1/midyear:2", "\x00/:1"],
)
def test_chosen_sheet_that_does_not_exist_stops_before_anything(cast, client, odd):
    review = cast.review_in("submitted")
    client.force_login(cast.manager)
    before = snapshot()
    response = client.post(URL + "approve/", {"chosen": [f"{KEY}:{review.version}", odd]})
    assert response.status_code == 404
    assert snapshot() == before


@pytest.mark.parametrize("version", ["", "-1", "x", "999999999999"])
def test_chosen_with_an_odd_version_is_refused(cast, client, version):
    cast.review_in("submitted")
    client.force_login(cast.manager)
    before = snapshot()
    page = Page(client.post(URL + "approve/", {"chosen": [f"{KEY}:{version}"]}, follow=True))
    assert any("承認しませんでした。取組項目1" in notice for notice in page.notices)
    assert snapshot() == before


def test_nothing_chosen_asks_to_choose(cast, client):
    client.force_login(cast.manager)
    page = Page(client.post(URL + "approve/", follow=True))
    assert "承認するシートを選んでください。" in page.notices


@pytest.mark.parametrize("who", ["staff", "viewer", "admin"])
def test_choosing_is_for_managers(cast, client, who):
    review = cast.review_in("submitted")
    client.force_login(cast.actor(who))
    before = snapshot()
    response = client.post(URL + "approve/", {"chosen": [f"{KEY}:{review.version}"]})
    assert response.status_code == 403
    assert snapshot() == before


# ---- paper


def test_print_holds_everything_that_waits_with_its_changes(cast, read):
    resubmit(cast, {"issues": "時期を書いてください。"})
    cast.review_in("submitted", initiative=add_initiative(cast, 3), answers=cast.answers(issues="三つ目の文"))
    cast.review_in("submitted", "self_evaluation", submitted_by=cast.manager)
    page = read(cast.manager, URL + "print/")
    assert page.count('class="queue-print-sheet"') == 3
    assert "<ins><span" in page and "<del><span" in page
    for sentence in (
        "三つ目の文",
        "時期を書いてください。",
        REASON,
        "清掃活動など9件を行い",
        "【令和2年度】 8件",
    ):
        assert sentence in page
    assert "<textarea" not in page and "/approve/" not in page
    assert "data-print" in page


# ---- cost


@pytest.mark.parametrize("url", [URL + "?open=", URL, URL + "print/"])
def test_queries_do_not_grow_with_the_queue(cast, client, url):
    client.force_login(cast.manager)
    counts = []
    for numbers in (range(3, 4), range(4, 6), range(6, 33)):
        for number in numbers:
            initiative = add_initiative(cast, number)
            for phase in ("midyear", "self_evaluation"):
                cast.review_in("submitted", phase, initiative=initiative)
                Event.objects.filter(initiative=initiative, phase=phase, version=1).update(verb="return")
        client.get(url)
        with CaptureQueriesContext(connection) as queries:
            page = client.get(url).content.decode()
        counts.append(len(queries))
    assert page.count('name="chosen"') == (0 if "print" in url else 60)
    assert counts[0] == counts[1] == counts[2]
    assert counts[0] <= 3 + (5 if "open" in url else 11)
