"""The form of one phase over HTTP: saved, submitted, merged, handed back, and kept for its writer."""

import datetime

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from initiatives.models import Initiative
from reviews import workflow
from reviews.models import UnsavedText
from tests.cast import NOW, snapshot
from tests.pages import Page, send

MIDYEAR = "/mihon/2020/1/midyear/"
EVALUATION = "/mihon/2020/1/self-evaluation/"
SUBMIT = f"{MIDYEAR}submit/"
SHEET = "/mihon/2020/1/"
COMPLETE = {"implementation": 1, "outlook": 2, "issues": "改善する。"}
TYPED = "ここまで書きました。\n続きはこれから。"


@pytest.fixture
def staff(client, cast):
    client.force_login(cast.staff)
    return client


def log_in(user):
    client = Client()
    client.force_login(user)
    return client


def opened_by(user, address=MIDYEAR):
    return Page(log_in(user).get(address)).typed["opened_by"]


# ---- the form --------------------------------------------------------------------------------------------


def test_form_shows_the_plan_beside_the_questions(staff, cast):
    page = Page(staff.get(MIDYEAR))
    for words in (
        "取組内容の実施見込み",
        "(ii)",
        "達成できない見込み",
        "清掃活動やフードドライブを行う。",
        "提出期限 令和2年10月2日(金)17:15 あと5日。",
        "令和2年8月31日現在の状況で書いてください。",
        "まだ保存されていません。",
    ):
        assert words in page.text
    assert page.typed["version"] == "0"
    assert set(page.typed) == {"csrfmiddlewaretoken", "version", "opened_by", "issues"}
    assert "maxlength" not in page.html


def test_form_costs_the_same_whatever_the_plan_holds(staff, cast):
    def cost():
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert staff.get(MIDYEAR).status_code == 200
        return len(queries)

    staff.get(MIDYEAR)
    at_two = cost()
    Initiative.objects.bulk_create(
        Initiative(plan=cast.plan, number=str(n), position=n * 1_000_000, title="別", section=cast.section)
        for n in range(3, 33)
    )
    cast.review_in("returned")
    cast.review_in("draft", "self_evaluation")
    assert cost() <= at_two + 2  # why it came back, and the comments on fields
    assert at_two <= 18


def test_opening_the_form_writes_nothing(staff, cast):
    before = snapshot()
    staff.get(MIDYEAR)
    staff.get(f"{MIDYEAR}?restore=1")
    assert snapshot() == before


# ---- save and submit -------------------------------------------------------------------------------------


def test_save_keeps_a_draft_with_its_event(staff, cast):
    response = send(staff, MIDYEAR, version=0, issues=TYPED)
    assert response["Location"] == MIDYEAR
    assert (cast.review().status, cast.review().version, cast.review().answers) == (
        "draft", 1, {"issues": TYPED},
    )  # fmt: skip
    (event,) = cast.events()
    assert (event.verb, event.by, event.by_name, event.at) == ("save", cast.staff, "担当 太郎", NOW)
    assert event.content["answers"] == {"issues": TYPED}
    page = Page(staff.get(MIDYEAR))
    assert "10:00に一時保存しました。提出はまだしていません。" in page.notices
    assert "9月25日(金)10:00 保存済み" in page.text


def test_submit_saves_and_submits_at_once(staff, cast):
    response = send(staff, SUBMIT, version=0, **COMPLETE)
    assert response["Location"] == SHEET
    assert (cast.review().status, cast.review().submitted_by) == ("submitted", cast.staff)
    assert cast.review().answers == COMPLETE
    assert [event.verb for event in cast.events()] == ["submit"]
    assert "課長へ提出しました。" in Page(staff.get(SHEET)).notices


def test_overdue_submit_says_so(staff, cast):
    cast.set_window("midyear", "overdue")
    assert "期限後として受け付けます。" in Page(staff.get(MIDYEAR)).text
    send(staff, SUBMIT, version=0, **COMPLETE)
    assert cast.events()[0].late
    assert "課長へ提出しました。期限後の提出として受け付けました。" in Page(staff.get(SHEET)).notices


def test_double_click_is_answered_like_the_first(staff, cast):
    first = send(staff, SUBMIT, version=0, **COMPLETE)
    before = snapshot()
    second = send(staff, SUBMIT, version=0, **COMPLETE)
    assert (second.status_code, second["Location"]) == (first.status_code, first["Location"])
    assert snapshot() == before
    assert len(cast.events()) == 1


def test_the_same_incomplete_submit_twice_saves_one_draft(staff, cast):
    for _ in range(2):
        page = Page(send(staff, SUBMIT, version=0, outlook=2))
        assert page.typed["version"] == "1"
    assert [event.verb for event in cast.events()] == ["save"]
    assert cast.review().answers == {"outlook": 2}


def test_errors_are_the_same_above_and_beside(staff, cast):
    page = Page(send(staff, SUBMIT, version=0, outlook=2))
    assert page.errors == {
        "implementation": ["取組内容の実施見込みを選んでください。"],
        "issues": ["②を選んだときは、課題と改善策を記入してください。"],
    }
    assert page.summary == [
        ("implementation_0", "取組内容の実施見込みを選んでください。"),
        ("issues", "②を選んだときは、課題と改善策を記入してください。"),
    ]
    assert page.html.count('aria-invalid="true"') == 3  # two radios and a text
    assert "data-error-summary" in page.html


def test_unsaved_text_goes_once_an_incomplete_submit_has_saved(staff, cast):
    UnsavedText.objects.create(
        user=cast.staff, initiative=cast.initiative, phase="midyear", base_version=0, fields={}, at=NOW
    )
    send(staff, SUBMIT, version=0, outlook=2)
    assert not UnsavedText.objects.exists()


# ---- versions --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "version", ["", "x", "-1", "99", "1.0", "１", " 1", "1" * 30, "9" * 5000, "None", "0x1"]
)
@pytest.mark.parametrize("address", [MIDYEAR, SUBMIT])
def test_odd_versions_are_409_with_the_text(staff, cast, version, address):
    cast.review_in("draft")
    before = snapshot()
    page = Page(send(staff, address, version=version, **{**COMPLETE, "issues": TYPED}), 409)
    assert TYPED in page.text
    assert "②達成できない見込み" in page.text
    assert "画面が古くなっています。" in page.text
    assert snapshot() == before


def test_a_missing_version_is_409_with_the_text(staff, cast):
    cast.review_in("draft")
    before = snapshot()
    assert TYPED in Page(send(staff, MIDYEAR, issues=TYPED), 409).text
    assert snapshot() == before


def test_stale_save_merges_fields_that_others_changed(staff, cast):
    cast.review_in("draft")
    base = cast.answers()
    send(log_in(cast.second_staff), MIDYEAR, version=1, **{**base, "outlook": 1})
    assert send(staff, MIDYEAR, version=1, **{**base, "issues": TYPED}).status_code == 302
    assert cast.review().answers == {**base, "outlook": 1, "issues": TYPED}
    assert cast.review().version == 3
    assert Page(staff.get(MIDYEAR)).typed["outlook"] == "1"


def test_incomplete_submit_on_an_old_version_shows_what_it_merged(staff, cast):
    cast.review_in("draft", answers={"issues": "もと"})
    send(log_in(cast.second_staff), MIDYEAR, version=1, implementation=2, issues="もと")
    page = Page(send(staff, SUBMIT, version=1, issues=TYPED))
    assert cast.review().answers == {"implementation": 2, "issues": TYPED}
    assert page.typed["implementation"] == "2" and page.typed["issues"] == TYPED
    assert page.typed["version"] == "3"
    assert list(page.errors) == ["outlook"]
    assert "ほかの方が先に保存した欄も、取り込みました。" in page.text
    # What the form shows is what its version stands for: sending it again undoes nothing.
    send(staff, SUBMIT, version=3, implementation=2, outlook=1, issues=TYPED)
    assert cast.review().answers == {"implementation": 2, "outlook": 1, "issues": TYPED}
    assert cast.review().status == "submitted"


def test_incomplete_submit_that_others_completed_asks_to_look_again(staff, cast):
    cast.review_in("draft", answers={"issues": "もと", "implementation": 1})
    send(log_in(cast.second_staff), MIDYEAR, version=1, implementation=1, outlook=1, issues="もと")
    page = Page(send(staff, SUBMIT, version=1, implementation=1, issues=TYPED))
    assert "提出できませんでした。確かめて、もう一度提出してください。" in page.text
    assert page.typed["outlook"] == "1" and not page.errors
    assert (cast.review().status, cast.review().answers["outlook"]) == ("draft", 1)


# ---- states and windows ----------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["submitted", "approved", "published"])
@pytest.mark.parametrize("address", [MIDYEAR, SUBMIT])
@pytest.mark.parametrize("fields", [COMPLETE, {"outlook": "x"}], ids=["complete", "forged"])
def test_too_late_is_409_with_the_text(staff, cast, status, address, fields):
    version = cast.review_in(status).version
    before = snapshot()
    page = Page(send(staff, address, version=version, **{**fields, "issues": TYPED}), 409)
    assert TYPED in page.text and "消えていません。" in page.text
    assert "この操作は行われませんでした" in page.text
    assert snapshot() == before


@pytest.mark.parametrize(("window", "words"), [("closed", "個別延長を依頼"), ("before_open", "に始まります")])
def test_outside_the_window_the_text_is_handed_back(staff, cast, window, words):
    cast.set_window("midyear", window)
    before = snapshot()
    page = Page(send(staff, MIDYEAR, version=0, issues=TYPED), 409)
    assert words in page.text and TYPED in page.text
    assert snapshot() == before
    assert words in Page(staff.get(MIDYEAR)).text


def test_refusal_hands_back_figures_and_their_sources_one_by_one(staff, cast):
    cast.set_window("self_evaluation", "closed")
    fields = {"figure_a1": "8", "figure_a1_source": "課の記録", "figure_a2": "6", "figure_a2_source": "監査"}
    page = Page(send(staff, EVALUATION, version=0, achievement=1, **fields), 409)
    for words in ("目標1 実績値 出典", "課の記録", "目標2 実績値 出典", "監査", "①目標達成"):
        assert words in page.text


@pytest.mark.parametrize(("who", "told"), [("staff", True), ("admin", True), ("viewer", False)])
def test_closed_form_still_says_why_it_came_back(cast, client, who, told):
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
    cast.set_window("midyear", "closed")
    client.force_login(cast.actor(who))
    text = Page(client.get("/mihon/2020/1/midyear/")).text
    for words in ("直してください。", "課題と改善策へのコメント", "いつ行うかも。"):
        assert (words in text) == told, words


def test_unsaved_text_of_a_closed_form_can_still_be_read(staff, cast):
    UnsavedText.objects.create(
        user=cast.staff, initiative=cast.initiative, phase="midyear", base_version=0,
        fields={"issues": TYPED, "outlook": "2"}, at=NOW,
    )  # fmt: skip
    cast.set_window("midyear", "closed")
    page = Page(staff.get(MIDYEAR))
    assert TYPED in page.text and "②達成できない見込み" in page.text
    assert "いまは保存できません。" in page.text
    assert TYPED not in log_in(cast.second_staff).get(MIDYEAR).content.decode()


# ---- who -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fields", [COMPLETE, {"outlook": 2}], ids=["complete", "incomplete"])
def test_admin_never_submits(cast, fields):
    before = snapshot()
    page = Page(send(log_in(cast.admin), SUBMIT, version=0, **fields), 403)
    assert "提出ができるのは、担当課の職員です。" in page.text
    assert snapshot() == before


def test_admin_saves_on_behalf_and_the_event_says_so(cast):
    admin = log_in(cast.admin)
    assert "課長へ提出する" not in Page(admin.get(MIDYEAR)).text
    assert send(admin, MIDYEAR, version=0, **COMPLETE).status_code == 302
    (event,) = cast.events()
    assert (event.on_behalf, event.by, event.by_post) == (True, cast.admin, "取りまとめ担当")


def test_manager_mends_what_waits_for_approval(cast):
    cast.review_in("submitted")
    manager = log_in(cast.manager)
    page = Page(manager.get(MIDYEAR))
    assert "直した内容を保存する" in page.text and "課長へ提出する" not in page.text
    mended = {**cast.answers(), "issues": "若年層の参加が少ない。改める。"}
    assert send(manager, MIDYEAR, version=2, **mended)["Location"] == "/queue/?open=mihon/2020/1/midyear"
    assert "字句を直しました。承認はまだしていません。" in Page(manager.get("/queue/")).notices
    assert (cast.review().status, cast.review().answers) == ("submitted", mended)
    assert cast.review().submitted_by == cast.staff
    assert (cast.events()[-1].verb, cast.events()[-1].by) == ("save", cast.manager)


def test_mending_keeps_the_sheet_complete(cast):
    cast.review_in("submitted")
    before = snapshot()
    page = Page(send(log_in(cast.manager), MIDYEAR, version=2, implementation=1, outlook=2, issues=""))
    assert page.errors == {"issues": ["②を選んだときは、課題と改善策を記入してください。"]}
    assert "保存できませんでした。1か所を直してください。" in page.text
    assert "一時保存" not in page.text
    assert "書きかけとして残しました。" in page.text
    assert snapshot() | {"UnsavedText": {}} == before


def test_nobody_mends_an_own_submission(cast):
    cast.review_in("submitted", submitted_by=cast.manager)
    before = snapshot()
    page = Page(send(log_in(cast.manager), MIDYEAR, version=2, **{**COMPLETE, "issues": TYPED}), 403)
    assert "自分が提出したシートは、自分では承認できません。" in page.text
    assert TYPED in page.text
    assert snapshot() == before


@pytest.mark.parametrize("actor", ["viewer", "staff_other_section"])
def test_others_read_only_and_cannot_save(cast, actor):
    cast.review_in("draft")
    client = log_in(cast.actor(actor))
    page = Page(client.get(MIDYEAR))
    assert "課長承認待ちになると、内容を読めます。" in page.text
    assert "作成中" in page.text
    assert cast.answers()["issues"] not in page.text and "save-form" not in page.html
    before = snapshot()
    assert send(client, MIDYEAR, version=1, **COMPLETE).status_code == 403
    assert snapshot() == before


@pytest.mark.parametrize("actor", ["viewer", "staff_other_section", "staff"])
def test_submitted_text_is_read_with_its_state(cast, actor):
    cast.review_in("submitted")
    page = Page(log_in(cast.actor(actor)).get(MIDYEAR))
    assert "save-form" not in page.html
    assert cast.answers()["issues"] in page.text
    assert "課長承認待ちになると" not in page.text


# ---- somebody else at the same PC ------------------------------------------------------------------------


def test_text_of_another_person_is_kept_for_the_writer_and_not_shown(cast):
    mine = opened_by(cast.staff)
    page = Page(send(log_in(cast.second_staff), MIDYEAR, version=0, issues=TYPED, opened_by=mine), 409)
    assert "別の利用者です。" in page.text
    assert TYPED not in page.html
    kept = UnsavedText.objects.get()
    assert (kept.user, kept.phase, kept.base_version, kept.fields) == (
        cast.staff, "midyear", 0, {"issues": TYPED.replace("\n", "\r\n")},
    )  # fmt: skip
    assert not cast.events()
    # The other person sees nothing of it; the writer goes on from there.
    assert TYPED not in log_in(cast.second_staff).get(f"{MIDYEAR}?restore=1").content.decode()
    writer = log_in(cast.staff)
    assert "書きかけに戻して続ける" in Page(writer.get(MIDYEAR)).text
    page = Page(writer.get(f"{MIDYEAR}?restore=1"))
    assert page.typed["issues"] == TYPED
    assert "書きかけの文に戻しました。" in page.text
    send(writer, MIDYEAR, version=0, issues=TYPED, opened_by=mine)
    assert cast.review().answers == {"issues": TYPED}
    assert not UnsavedText.objects.exists()


@pytest.mark.parametrize("forged", ["", "x", "1:2:3", "あ", "\x00"])
def test_a_forged_opener_counts_as_none(staff, cast, forged):
    assert send(staff, MIDYEAR, version=0, issues=TYPED, opened_by=forged).status_code == 302
    assert cast.review().answers == {"issues": TYPED}


# ---- without a session -----------------------------------------------------------------------------------


def test_text_sent_without_a_session_comes_back_after_log_in(client, cast):
    cast.staff.set_password("桜の咲くころに会いましょう")
    cast.staff.save()
    cast.review_in("draft")
    before = snapshot()
    fields = {"outlook": 1, "issues": f"{TYPED}\x00", "opened_by": opened_by(cast.staff)}
    page = Page(send(client, SUBMIT, version=1, **fields))
    assert "ログインすると続きから書けます。" in page.text
    assert "ここまで書きました。" in page.text
    assert page.forms["/accounts/login/"]["next"] == MIDYEAR
    assert UnsavedText.objects.get().user == cast.staff
    assert snapshot() | {"UnsavedText": {}} == before

    again = send(client, "/accounts/login/", next=MIDYEAR, username="staff", password="wrong")
    assert "利用者IDかパスワードが違います。" in Page(again).text
    logged_in = send(
        client, "/accounts/login/", next=MIDYEAR, username="staff", password="桜の咲くころに会いましょう"
    )
    assert logged_in["Location"] == MIDYEAR
    page = Page(client.get(MIDYEAR))
    assert page.typed["issues"] == f"{TYPED}\ufffd"
    assert page.typed["outlook"] == "1" and page.typed["version"] == "1"
    assert "書きかけの文に戻しました。" in page.text
    # It stays until it is saved.
    assert UnsavedText.objects.get().user == cast.staff
    assert "書きかけに戻して続ける" in Page(client.get(MIDYEAR)).text


def test_text_of_a_session_that_ended_is_not_shown_to_the_next_person(client, cast):
    fields = {"issues": TYPED, "opened_by": opened_by(cast.staff)}
    send(client, MIDYEAR, version=0, **fields)
    client.force_login(cast.second_staff)
    page = Page(client.get(MIDYEAR))
    assert TYPED not in page.html and page.typed["issues"] == ""
    assert any("別の利用者です。" in notice for notice in page.notices)
    assert UnsavedText.objects.get().user == cast.staff


@pytest.mark.parametrize("token", [None, "", "forged", "WzEsMSwibWlkeWVhciJd:1:x"])
def test_text_without_a_valid_opener_is_shown_but_not_promised(client, cast, token):
    fields = {"issues": TYPED} | ({} if token is None else {"opened_by": token})
    page = Page(send(client, MIDYEAR, version=0, **fields))
    assert TYPED.splitlines()[0] in page.text
    assert "続きから書けます" not in page.text.split("60分")[0]
    assert "下の文をコピーしてからログインし" in page.text
    assert "kept_text" not in client.session
    client.force_login(cast.staff)
    assert Page(client.get(MIDYEAR)).typed["issues"] == ""
    assert not UnsavedText.objects.exists()


def test_an_old_opener_is_no_opener(client, cast, clock):
    token = opened_by(cast.staff)
    clock.move_to(NOW + datetime.timedelta(days=8))
    assert (
        "下の文をコピーしてから" in Page(send(client, MIDYEAR, version=0, issues=TYPED, opened_by=token)).text
    )


def test_anonymous_reading_leads_to_log_in(client, cast):
    assert client.get(MIDYEAR)["Location"] == f"/accounts/login/?next={MIDYEAR}"
    assert client.get("/mihon/2020/99/midyear/").status_code == 302


# ---- not there -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    ["/mihon/2020/1/autumn/", "/mihon/2020/9/midyear/", "/tonari/2020/1/midyear/", "/mihon/2019/1/midyear/"],
)
@pytest.mark.parametrize("ending", ["", "submit/"])
def test_what_is_not_there_is_404_for_text_as_well(staff, cast, address, ending):
    before = snapshot()
    assert send(staff, address + ending, version=0, **COMPLETE).status_code == 404
    assert snapshot() == before


def test_another_ward_s_sheet_is_404(cast):
    other = log_in(cast.other_ward)
    assert other.get(MIDYEAR).status_code == 404
    assert send(other, MIDYEAR, version=0, **COMPLETE).status_code == 404
