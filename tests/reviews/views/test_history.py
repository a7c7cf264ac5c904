import datetime
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from initiatives import workflow as plan_workflow
from initiatives.models import Event
from reviews import workflow
from reviews.handover import withdraw_note, write_note
from tests.cast import NOW

URL = "/mihon/2020/1/history/"


@pytest.fixture
def read(client):
    def read(user):
        client.force_login(user)
        response = client.get(URL)
        assert response.status_code == 200
        return response.content.decode()

    return read


def test_history_tells_every_change_newest_first(cast, read):
    cast.review_in("returned")
    page = read(cast.staff)
    places = [page.index(f"<b>{verb}</b>") for verb in ("差戻し", "提出", "一時保存")]
    assert places == sorted(places)
    assert "令和2年9月22日(火)13:00" in page
    assert "市民協働課長 課長 一郎" in page
    assert "課長承認待ち → 差戻し" in page
    assert "改善策を具体的に書いてください。" in page


def test_history_covers_both_phases(cast, read):
    cast.review_in("approved", "midyear")
    cast.review_in("draft", "self_evaluation")
    page = read(cast.staff)
    assert "<b>承認</b> 中間振り返り" in page
    assert "<b>一時保存</b> 自己評価" in page
    assert "清掃活動など9件を行い、目標の8件を上回った。" in page


def test_text_of_each_moment_can_be_read(cast, read):
    cast.review_in("submitted")
    Event.objects.filter(verb="save").update(content={"answers": {"issues": "はじめの文"}, "until": None})
    page = read(cast.staff)
    assert "はじめの文" in page
    assert "若年層の参加が少ない。" in page


def test_late_deputy_and_extension_are_said(cast, read):
    cast.review_in("approved")
    Event.objects.filter(verb="save").update(on_behalf=True)
    Event.objects.filter(verb="submit").update(late=True)
    Event.objects.filter(verb="approve").update(
        on_behalf=True, content={"answers": {}, "until": "2020-10-09"}
    )
    page = read(cast.admin)
    assert "代理入力" in page
    assert "期限後" in page
    assert "代理承認" in page
    assert "令和2年10月9日まで書けるようにしました" in page


def test_reason_is_escaped_and_keeps_its_lines(cast, read):
    cast.review_in("returned")
    Event.objects.filter(verb="return").update(reason="<i>一</i>\n二")
    assert "&lt;i&gt;一&lt;/i&gt;\n二" in read(cast.staff)


def test_comments_of_a_return_stand_with_its_reason(cast, read):
    review = cast.review_in("submitted")
    workflow.send_back(
        cast.initiative,
        "midyear",
        by=cast.manager,
        at=NOW,
        version=review.version,
        reason="直してください。",
        comments={"issues": "いつ行うかも。"},
    )
    page = read(cast.staff)
    returned = page[page.index("<b>差戻し</b>") : page.index("<b>提出</b>")]
    assert "課題と改善策へのコメント" in returned
    assert "いつ行うかも。" in returned


def test_handovers_and_notes_are_told_in_their_order(cast, read):
    cast.review_in("draft")
    note = write_note(cast.initiative, "midyear", by=cast.staff, at=NOW, text="はじめのメモ")
    later = NOW + datetime.timedelta(minutes=5)
    workflow.hand_over(
        cast.initiative,
        "midyear",
        by=cast.staff,
        at=later,
        version=1,
        to=cast.second_staff,
        text="あとはお願いします。",
    )
    withdraw_note(note, by=cast.second_staff, at=later + datetime.timedelta(minutes=5))
    page = read(cast.admin)
    whats = ["引継ぎメモの取下げ", "引継ぎ", "引継ぎメモ", "一時保存"]
    assert re.findall("<b>(.+?)</b> 中間振り返り", page) == whats
    assert "担当 次郎さんに渡しました" in page
    assert page.count("あとはお願いします。") == 1
    assert page.count("はじめのメモ") == 2


def test_sheet_without_history_says_so(cast, read):
    assert "まだ何も書かれていません" in read(cast.staff)


def test_history_leads_back_to_the_sheet(cast, read):
    page = read(cast.staff)
    assert 'href="/mihon/2020/1/"' in page
    assert 'href="/mihon/2020/"' in page


@pytest.mark.parametrize("who", ["viewer", "staff_other_section", "manager_other_section"])
def test_history_is_for_the_section_and_the_admin(cast, client, who):
    cast.review_in("approved")
    client.force_login(cast.actor(who))
    response = client.get(URL)
    assert response.status_code == 403
    assert "清掃活動" not in response.content.decode()


@pytest.mark.parametrize("who", ["staff", "manager", "admin"])
def test_section_and_admin_may_read_it(cast, read, who):
    cast.review_in("draft")
    assert "一時保存" in read(cast.actor(who))


def test_other_ward_and_unknown_sheet_are_not_found(cast, client):
    client.force_login(cast.other_ward)
    assert client.get(URL).status_code == 404
    client.force_login(cast.staff)
    assert client.get("/mihon/2020/99/history/").status_code == 404


def test_stranger_is_asked_to_log_in(cast, client):
    assert client.get(URL)["Location"] == f"/accounts/login/?next={URL}"


def test_queries_do_not_grow_with_the_events(cast, client):
    client.force_login(cast.staff)
    counts = []
    for status in ("draft", "returned", "published"):
        if status == "published":
            cast.plan_in("published")
        for phase in ("midyear", "self_evaluation"):
            cast.review_in(status, phase)
        client.get(URL)
        with CaptureQueriesContext(connection) as queries:
            client.get(URL)
        counts.append(len(queries))
    assert counts[0] == counts[1] == counts[2]


# ---- the sheet as it was ---------------------------------------------------------------------------------


def moment(client, user, version, phase="midyear"):
    client.force_login(user)
    return client.get(f"{URL}{phase}/{version}/")


def test_sheet_stands_on_the_form_as_it_was_then(cast, client, read):
    cast.review_in("draft", "self_evaluation", answers={"results": "まだ早い結果"})
    cast.review_in("approved")
    Event.objects.filter(verb="save", phase="midyear").update(
        content={"answers": {"outlook": 1, "issues": "はじめの文"}}
    )
    history = read(cast.staff)
    assert 'history/midyear/1/">このときのシート全体を見る' in history
    assert "中間振り返りの文を読む" in history
    page = moment(client, cast.staff, 1).content.decode()
    assert "令和2年9月22日(火)11:00のシート" in page
    assert "はじめの文" in page
    assert "若年層の参加が少ない。" not in page
    assert page.count('class="is-chosen"') == 1
    assert "中間振り返り:作成中" in page, "the stamp tells the state of then"
    later = moment(client, cast.staff, 3).content.decode()
    assert "はじめの文" not in later
    assert "まだ早い結果" in later, "written before that moment in the other phase"
    assert "中間振り返り:課長承認済" in later


def test_plan_stands_as_it_was_then(cast, client):
    cast.review_in("submitted")
    content = cast.plan_content()
    content["initiatives"][0]["activities"] = "・新しくした活動。"
    plan_workflow.new_version(
        cast.plan, by=cast.admin, at=NOW, version=1, content=content, reason="見直したため"
    )
    page = moment(client, cast.staff, 2).content.decode()
    assert "清掃活動やフードドライブを行う。" in page
    assert "新しくした活動。" not in page


def test_moment_is_for_those_who_may_see_the_history(cast, client):
    cast.review_in("draft")
    assert moment(client, cast.viewer, 1).status_code == 403
    assert moment(client, cast.other_ward, 1).status_code == 404
    assert moment(client, cast.admin, 1).status_code == 200


@pytest.mark.parametrize("ending", ["midyear/2/", "midyear/0/", "autumn/1/", "self-evaluation/1/"])
def test_moment_that_there_was_not_is_not_found(cast, client, ending):
    cast.review_in("draft")
    client.force_login(cast.staff)
    assert client.get(URL + ending).status_code == 404


def test_all_texts_can_be_opened_for_the_printout(cast, client):
    cast.review_in("submitted")
    client.force_login(cast.staff)
    assert "<details open>" not in client.get(URL).content.decode()
    page = client.get(f"{URL}?texts=open").content.decode()
    assert page.count("<details open>") == 2
    assert "data-print" in page
