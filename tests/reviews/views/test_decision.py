"""The small forms of the verbs over HTTP: words that go with them, where they lead, who may not."""

import datetime

import pytest
from django.test import Client

from initiatives.models import Measurement, PublishedSheet
from tests.cast import JST, NOW, snapshot
from tests.pages import Page, send

MIDYEAR = "/mihon/2020/1/midyear/"
EVALUATION = "/mihon/2020/1/self-evaluation/"
SHEET = "/mihon/2020/1/"
REASON = "改善策を、いつまでに何をするか、\n具体的に書いてください。"
VERBS = ["withdraw", "approve", "return", "reopen", "extend", "publish", "correct"]

# verb: (state before, who, state after, window)
ACCEPTED = {
    "withdraw": ("submitted", "staff", "draft", "open"),
    "approve": ("submitted", "manager", "approved", "open"),
    "return": ("submitted", "manager", "returned", "open"),
    "reopen": ("approved", "manager", "returned", "open"),
    "extend": ("draft", "admin", "draft", "closed"),
    "publish": ("approved", "admin", "published", "open"),
    "correct": ("published", "admin", "returned", "open"),
}
WITH_REASON = ["return", "reopen", "extend", "correct"]


def log_in(user):
    client = Client()
    client.force_login(user)
    return client


def prepare(cast, verb, window=None):
    before, who, _, own_window = ACCEPTED[verb]
    cast.set_window("midyear", window or own_window)
    return log_in(cast.actor(who)), cast.review_in(before)


def test_approval_names_the_sheet_because_the_next_one_opens(cast):
    client, review = prepare(cast, "approve")
    send(client, f"{MIDYEAR}approve/", version=review.version)
    assert "取組項目1・中間振り返りを承認しました。" in Page(client.get(SHEET)).notices


@pytest.mark.parametrize("verb", VERBS)
def test_the_button_of_the_sheet_does_the_verb(cast, verb):
    client, _ = prepare(cast, verb)
    fields = Page(client.get(SHEET)).forms[f"{MIDYEAR}{verb}/"]
    assert fields["version"] == str(cast.review().version)
    events = len(cast.events())
    words = {
        name: REASON if name == "reason" else "令和2年10月30日"
        for name in fields
        if name in ("reason", "until")
    }
    response = send(client, f"{MIDYEAR}{verb}/", version=fields["version"], **words)
    assert (response.status_code, response["Location"]) == (302, SHEET)
    event = cast.events()[-1]
    assert (len(cast.events()), event.verb, event.at) == (events + 1, verb, NOW)
    assert cast.review().status == ACCEPTED[verb][2]
    assert event.reason == (REASON if verb in WITH_REASON else "")
    assert any("した。" in notice for notice in Page(client.get(SHEET)).notices)


@pytest.mark.parametrize("verb", VERBS)
def test_the_same_twice_is_answered_alike_and_written_once(cast, verb):
    client, review = prepare(cast, verb)
    fields = {"version": review.version, "reason": REASON, "until": "R2.10.30"}
    assert send(client, f"{MIDYEAR}{verb}/", **fields).status_code == 302
    before = snapshot()
    assert send(client, f"{MIDYEAR}{verb}/", **fields).status_code == 302
    assert snapshot() == before


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("version", ["", "0", "99", "x", "-1", "9" * 5000])
def test_decisions_on_another_version_are_409_with_the_reason(cast, verb, version):
    client, _ = prepare(cast, verb)
    before = snapshot()
    fields = {"reason": REASON, "until": "令和2年10月30日"}
    page = Page(send(client, f"{MIDYEAR}{verb}/", version=version, **fields), 409)
    assert "この操作は行われませんでした" in page.text
    if verb in WITH_REASON:
        assert REASON in page.text
    assert snapshot() == before


@pytest.mark.parametrize("verb", VERBS)
def test_decisions_without_a_version_are_409(cast, verb):
    client, _ = prepare(cast, verb)
    before = snapshot()
    fields = {"reason": REASON, "until": "令和2年10月30日"}
    assert send(client, f"{MIDYEAR}{verb}/", **fields).status_code == 409
    assert snapshot() == before


def test_second_manager_is_told_who_decided(cast):
    review = cast.review_in("submitted")
    send(log_in(cast.manager), f"{MIDYEAR}approve/", version=review.version)
    page = Page(
        send(log_in(cast.second_manager), f"{MIDYEAR}return/", version=review.version, reason=REASON), 409
    )
    assert "課長 一郎 さんが9月25日(金)10:00に承認をしました。" in page.text
    assert "書いた理由" in page.text and REASON in page.text
    assert cast.review().status == "approved"


@pytest.mark.parametrize("verb", WITH_REASON)
def test_a_reason_is_required(cast, verb):
    client, review = prepare(cast, verb)
    before = snapshot()
    page = Page(
        send(client, f"{MIDYEAR}{verb}/", version=review.version, reason="　", until="令和2年10月30日")
    )
    (sentence,) = page.errors[f"midyear_{verb}_reason"]
    assert sentence.endswith("の理由を書いてください。")
    assert page.summary == [(f"midyear_{verb}_reason", sentence)]
    assert "まだ行われていません。" in page.text
    assert snapshot() == before


@pytest.mark.parametrize("verb", ["return", "reopen", "extend", "correct"])
@pytest.mark.parametrize(
    "until",
    [
        "令和2年10月30日",
        "R2.10.30",
        "R02.10.30",
        "2020-10-30",
        "２０２０／１０／３０",
        "平成32年10月30日",
        "令和2年10月30日(金)",
    ],
)
def test_a_closed_window_takes_a_date_in_every_spelling(cast, verb, until):
    client, review = prepare(cast, verb, window="closed")
    assert "until" in Page(client.get(SHEET)).forms[f"{MIDYEAR}{verb}/"]
    response = send(client, f"{MIDYEAR}{verb}/", version=review.version, reason=REASON, until=until)
    assert response.status_code == 302
    assert cast.review().open_until == datetime.datetime(2020, 10, 30, 23, 59, 59, tzinfo=JST)
    assert cast.events()[-1].content["until"] == "2020-10-30"
    # The sheet can be written again: no state is a dead end.
    assert "save-form" in log_in(cast.staff).get(MIDYEAR).content.decode()


@pytest.mark.parametrize(
    ("until", "words"),
    [
        ("", "日付を入れてください。"),
        ("　", "日付を入れてください。"),
        ("令和2年9月24日", "今日以後の日付を入れてください。"),
        ("令和4年9月25日", "1年以内の日付を入れてください。"),
        ("令和3年2月29日", "という日はありません"),
        ("令和0年10月30日", "令和0年はありません"),
        ("令和2年10月30日(月)", "は金曜日です"),
        ("10月30日", "日付として読み取れません"),
        ("来週", "日付として読み取れません"),
        ("\x00", ""),
        ("<b>", "日付として読み取れません"),
    ],
)
def test_a_date_that_does_not_help_is_refused_with_everything_typed(cast, until, words):
    client, review = prepare(cast, "return", window="closed")
    before = snapshot()
    page = Page(send(client, f"{MIDYEAR}return/", version=review.version, reason=REASON, until=until))
    assert words in page.errors["midyear_return_until"][0]
    assert page.summary == [("midyear_return_until", page.errors["midyear_return_until"][0])]
    form = page.forms[f"{MIDYEAR}return/"]
    assert form["reason"] == REASON and form["until"].replace("\ufffd", "\x00") == until
    assert snapshot() == before


def test_a_date_in_an_open_window_is_not_asked_for_and_ignored(cast):
    client, review = prepare(cast, "return")
    assert "until" not in Page(client.get(SHEET)).forms[f"{MIDYEAR}return/"]
    send(client, f"{MIDYEAR}return/", version=review.version, reason=REASON, until="xx")
    assert (cast.review().status, cast.review().open_until) == ("returned", None)


@pytest.mark.parametrize(
    ("next_page", "leads_to"),
    [
        ("/queue/", "/queue/"),
        ("http://testserver/queue/", "http://testserver/queue/"),
        ("", SHEET),
        ("https://evil.example/", SHEET),
        ("//evil.example/", SHEET),
        ("/\\evil.example/", SHEET),
        ("javascript:alert(1)", SHEET),
        ("http:///evil.example", SHEET),
        ("\x00/queue/", SHEET),
    ],
)
def test_it_goes_back_to_pages_of_this_site_only(cast, next_page, leads_to):
    client, review = prepare(cast, "approve")
    response = send(client, f"{MIDYEAR}approve/", version=review.version, next=next_page)
    assert response["Location"] == leads_to
    assert cast.review().status == "approved"


def test_nobody_approves_an_own_submission(cast):
    review = cast.review_in("submitted", submitted_by=cast.manager)
    client = log_in(cast.manager)
    page = Page(client.get(SHEET))
    assert f"{MIDYEAR}approve/" not in page.forms
    assert "自分が提出したため、自分では承認できません。" in page.text
    before = snapshot()
    page = Page(send(client, f"{MIDYEAR}approve/", version=review.version), 403)
    assert "自分が提出したシートは、自分では承認できません。" in page.text
    assert snapshot() == before


def test_approved_figures_become_the_year_s_and_a_clash_names_the_other_sheet(cast):
    review = cast.review_in("submitted", "self_evaluation")
    Measurement.objects.create(
        indicator=cast.shared_indicator, ward=cast.ward, fiscal_year=2020, value=7,
        initiative=cast.other_initiative, at=NOW,
    )  # fmt: skip
    before = snapshot()
    page = Page(send(log_in(cast.manager), f"{EVALUATION}approve/", version=review.version), 409)
    assert "取組項目2では7件です。このシートの9件とどちらが正しいか確かめてください。" in page.text
    assert snapshot() == before
    Measurement.objects.filter(fiscal_year=2020).delete()
    send(log_in(cast.manager), f"{EVALUATION}approve/", version=review.version)
    assert Measurement.objects.get(fiscal_year=2020).value == 9


def test_publishing_makes_a_public_revision(cast):
    client, review = prepare(cast, "publish")
    send(client, f"{MIDYEAR}publish/", version=review.version)
    assert PublishedSheet.objects.get().initiative == cast.initiative


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("actor", ["viewer", "staff_other_section", "manager_other_section"])
def test_others_may_not_and_the_reason_comes_back(cast, verb, actor):
    _, review = prepare(cast, verb)
    before = snapshot()
    client = log_in(cast.actor(actor))
    assert f"{MIDYEAR}{verb}/" not in Page(client.get(SHEET)).forms
    page = Page(send(client, f"{MIDYEAR}{verb}/", version=review.version, reason=REASON), 403)
    assert "ができるのは、" in page.text and REASON in page.text
    assert snapshot() == before


@pytest.mark.parametrize("verb", VERBS)
def test_strangers_see_nothing_and_anonymous_logs_in(cast, client, verb):
    _, review = prepare(cast, verb)
    before = snapshot()
    fields = {"version": review.version, "reason": REASON}
    assert send(log_in(cast.other_ward), f"{MIDYEAR}{verb}/", **fields).status_code == 404
    assert send(log_in(cast.admin), f"/mihon/2020/1/autumn/{verb}/", **fields).status_code == 404
    assert send(client, f"{MIDYEAR}{verb}/", **fields)["Location"].startswith("/accounts/login/?next=")
    assert snapshot() == before


# ---- the log-in ended while somebody wrote ---------------------------------------------------------------

COMMENT = "件数の根拠を書いてください。"


def sent_without_a_session(cast, opened_at=SHEET):
    """Write a return on a page, lose the session, and send it. Give the client and the answer."""
    client, review = prepare(cast, "return")
    opened_by = Page(client.get(opened_at)).forms[f"{MIDYEAR}return/"]["opened_by"]
    client.logout()
    words = {"reason": REASON, "comment_issues": COMMENT, "opened_by": opened_by}
    return client, send(client, f"{MIDYEAR}return/", version=review.version, next="/queue/", **words)


@pytest.mark.parametrize("opened_at", [SHEET, "/queue/"])
def test_words_of_a_return_are_in_their_fields_again_after_log_in(cast, opened_at):
    client, answer = sent_without_a_session(cast, opened_at)
    page = Page(answer)
    assert page.forms["/accounts/login/"]["next"] == SHEET
    assert REASON in page.text and COMMENT in page.text
    client.force_login(cast.manager)
    page = Page(client.get(SHEET))
    assert "もう一度押してください。" in " ".join(page.notices)
    again = page.forms[f"{MIDYEAR}return/"]
    assert (again["reason"], again["comment_issues"]) == (REASON, COMMENT)
    assert [event.verb for event in cast.events()] == ["save", "submit"]
    send(client, f"{MIDYEAR}return/", **again)
    assert (cast.review().status, cast.events()[-1].reason) == ("returned", REASON)
    assert "欄に戻しました" not in Page(client.get(SHEET)).text


def test_words_come_back_to_be_copied_when_the_verb_is_no_longer_possible(cast):
    client, _ = sent_without_a_session(cast)
    cast.review_in("approved")
    client.force_login(cast.manager)
    page = Page(client.get(SHEET), 409)
    assert REASON in page.text and COMMENT in page.text


def test_words_are_not_shown_to_the_next_person(cast):
    client, _ = sent_without_a_session(cast)
    client.force_login(cast.second_manager)
    assert COMMENT not in Page(client.get(SHEET)).html


@pytest.mark.parametrize("fields", [{"reason": REASON}, {"reason": REASON, "opened_by": "forged"}, {}])
def test_log_in_without_words_of_ours_leads_to_the_sheet(cast, client, fields):
    prepare(cast, "return")
    answer = send(client, f"{MIDYEAR}return/", version=2, **fields)
    assert answer["Location"] == f"/accounts/login/?next={SHEET}"
    assert "kept_decision" not in client.session


@pytest.mark.parametrize("opened_at", [SHEET, "/queue/"])
@pytest.mark.parametrize("verb", ["approve", "return"])
def test_page_of_one_person_decides_nothing_in_another_persons_name(cast, verb, opened_at):
    client, _ = prepare(cast, verb)
    form = Page(client.get(opened_at)).forms[f"{MIDYEAR}{verb}/"]
    before = snapshot()
    client.force_login(cast.second_manager)
    page = Page(send(client, f"{MIDYEAR}{verb}/", **form | {"reason": REASON}), 409)
    assert "別の利用者です。" in page.text and REASON in page.text
    assert snapshot() == before
