"""What people type, paste and send: never a 500, never a silent change, everything typed shown again."""

import pytest
from django.utils.html import escape

from initiatives.models import Event
from reviews.models import Review, UnsavedText
from tests.cast import LIMIT, WORDS, snapshot
from tests.pages import Page, send

MIDYEAR = "/mihon/2020/1/midyear/"
EVALUATION = "/mihon/2020/1/self-evaluation/"
SHEET = "/mihon/2020/1/"
COMPLETE = {"implementation": 1, "outlook": 2}


@pytest.fixture
def staff(client, cast):
    client.force_login(cast.staff)
    return client


def stored(cast, phase="midyear"):
    return cast.review(phase).answers


def save(client, address=MIDYEAR, version=0, **fields):
    """Save, and read the form that the browser is sent to."""
    response = send(client, address, version=version, **fields)
    assert response.status_code == 302, response.content.decode()
    assert response["Location"] == address
    return Page(client.get(address))


# ---- text is kept character for character ----------------------------------------------------------------

KEPT = {
    "tabs of a table pasted from Excel": "項目\t件数\n清掃\t８\n",
    "circled, roman, squared": "①②③ ⅰⅱ ㈱ ㎡ № ℡",
    "variation selectors": "葛\U000e0100城 辻\U000e0100",
    "other forms of names": "髙 﨑 神 德 𠮟 𠮷",
    "half-width kana": "ｶﾞｷﾞ",
    "decomposed kana": "か\u3099き\u3099",
    "dashes": "〜 ～ − － ― — ‐",
    "eras": "㋿ 令和元年 R2.4.1",
    "script": "<script>alert(1)</script>",
    "attribute": '"><img src=x onerror=alert(1)>',
    "template": "{{7*7}} {% load %} {# #}",
    "end of the textarea": "</textarea><b>]]> --><!--",
    "right to left": "報告\u202efdp.exe\u2066\u2069",
    "a long line": "あ" * 4000,
    "combining marks": "ぜ" + "\u0301" * 200,
    "blanks around": "　 前後の空白 　",
    "first newline": "\n\n最初の改行",
    "emoji": "😀👨‍👩‍👧",
    "escaped": "&amp; &lt; _x000D_ =1+1 %E3%81%82 + \\n",
    "invisible": "一\u200b二\ufeff三\u2060",
}


@pytest.mark.parametrize("text", KEPT.values(), ids=KEPT.keys())
def test_text_is_kept_character_for_character(staff, cast, text):
    page = save(staff, issues=text)
    assert stored(cast) == {"issues": text}
    assert page.typed["issues"] == text
    assert page.typed["version"] == "1"
    assert cast.review().status == "draft"
    # The sheet shows the same, as text and isolated from the direction of its neighbours.
    sheet = staff.get(SHEET).content.decode()
    assert f'<p class="user-text"><bdi>{escape(text)}</bdi></p>' in sheet
    assert "<script>alert" not in sheet


@pytest.mark.parametrize("newline", ["\r\n", "\r", "\n", "\x0b", "\x0c", "\x85", "\u2028", "\u2029"])
def test_every_newline_becomes_one(staff, cast, newline):
    save(staff, issues=f"一{newline}二{newline}{newline}三")
    assert stored(cast) == {"issues": "一\n二\n\n三"}


@pytest.mark.parametrize("forbidden", ["\x01", "\x08", "\x0e", "\x1f", "\ufffe", "\uffff"])
def test_control_characters_are_removed_and_the_page_says_so(staff, cast, forbidden):
    page = save(staff, issues=f"一{forbidden}二")
    assert stored(cast) == {"issues": "一二"}
    assert "制御文字を取り除きました。" in page.notices


def test_control_characters_of_a_submitted_text_are_removed_and_the_page_says_so(staff, cast):
    send(staff, f"{MIDYEAR}submit/", version=0, **COMPLETE, issues="一\x01二")
    assert stored(cast)["issues"] == "一二"
    assert "制御文字を取り除きました。" in Page(staff.get(SHEET)).notices


def test_text_that_loses_nothing_brings_no_notice(staff, cast):
    assert "制御文字" not in save(staff, issues="一\t二\n").html


def left_unsaved(before):
    """Check that nothing was written but what was typed, as unsaved text; give its fields."""
    assert snapshot() | {"UnsavedText": {}} == before
    return UnsavedText.objects.get().fields


def test_nul_is_refused_and_shown_again(staff, cast):
    before = snapshot()
    page = Page(send(staff, MIDYEAR, version=0, issues="一\x00二", outlook=1))
    assert page.errors["issues"][0].startswith("壊れた文字が含まれている")
    assert page.summary == [("issues", page.errors["issues"][0])]
    assert page.typed["issues"].replace("\ufffd", "\x00") == "一\x00二"
    assert page.typed["outlook"] == "1"
    assert left_unsaved(before) == {"issues": "一\ufffd二", "outlook": "1"}


def test_bytes_that_are_no_text_are_no_server_error(staff, cast):
    response = staff.post(
        MIDYEAR, b"version=0&issues=%ED%A0%80%FF", content_type="application/x-www-form-urlencoded"
    )
    assert response.status_code == 302
    assert set(stored(cast)["issues"]) == {"\ufffd"}


def test_newlines_at_the_end_alone_make_no_new_version(staff, cast):
    cast.review_in("draft", answers={"issues": "一\n二"})
    before = snapshot()
    page = save(staff, version=1, issues="一\n二\n\n")
    assert snapshot() == before
    assert "変わったところはありません。保存済みの内容のままです。" in page.notices


# ---- length ----------------------------------------------------------------------------------------------


def test_exactly_the_limit_with_newlines_is_submitted(staff, cast):
    text = "あ" * (LIMIT - 10) + "\n" * 9 + "い"
    assert len(text) == LIMIT
    assert send(staff, f"{MIDYEAR}submit/", version=0, **COMPLETE, issues=text).status_code == 302
    assert cast.review().status == "submitted"
    assert stored(cast)["issues"] == text


def test_one_over_the_limit_is_refused_at_submit_and_kept_as_draft(staff, cast):
    text = "あ" * (LIMIT + 1)
    page = Page(send(staff, f"{MIDYEAR}submit/", version=0, **COMPLETE, issues=text))
    sentence = f"{WORDS}は4,000字以内で書いてください。いま4,001字で、1字多くなっています。"
    assert page.errors == {"issues": [sentence]}
    assert page.summary == [("issues", sentence)]
    assert "提出できませんでした。1か所を直してください。" in page.text
    assert "書いた内容は消えていません。10:00に一時保存しました。" in page.text
    assert page.typed["issues"] == text
    assert page.typed["version"] == "1"
    assert (cast.review().status, stored(cast)) == ("draft", {**COMPLETE, "issues": text})
    assert [event.verb for event in cast.events()] == ["save"]


def test_a_draft_takes_a_hundred_thousand_characters(staff, cast):
    text = "あいうえお\n漢字かな交じり" * 7692
    save(staff, issues=text)
    assert stored(cast)["issues"] == text


def test_three_hundred_thousand_characters_are_refused_with_the_text(staff, cast):
    text = "あ" * 300_000
    page = Page(send(staff, MIDYEAR, version=0, issues=text))
    assert page.errors["issues"] == ["300,000文字あります。200,000文字以内にしてください(100,000文字超過)。"]
    assert page.typed["issues"] == text
    assert not Review.objects.exists()


def test_what_no_form_can_hold_is_answered_with_a_page_of_ours(staff, cast):
    response = send(staff, MIDYEAR, version=0, issues="あ" * 600_000)
    page = Page(response, 400)
    assert "内容を受け取れませんでした" in page.text
    assert "保存済みの内容は変わっていません" in page.text
    assert not Review.objects.exists()


# ---- blank, thin, half-width -----------------------------------------------------------------------------


@pytest.mark.parametrize("blank", ["", " ", "　", "\u200b", "\ufeff", "\u2060", " \n　\t", "\u00ad"])
@pytest.mark.parametrize("outlook", [2, "②", "２"])
def test_issues_that_nobody_sees_do_not_satisfy_the_second_mark(staff, cast, blank, outlook):
    page = Page(send(staff, f"{MIDYEAR}submit/", version=0, implementation=1, outlook=outlook, issues=blank))
    sentence = "②を選んだときは、課題と改善策を記入してください。"
    assert page.errors == {"issues": [sentence]}
    assert page.summary == [("issues", sentence)]
    assert page.typed["outlook"] == "2"
    assert cast.review().status == "draft"
    assert stored(cast)["outlook"] == 2


def test_results_that_nobody_sees_are_not_results(staff, cast):
    page = Page(send(staff, f"{EVALUATION}submit/", version=0, results="\u200b", achievement=1))
    assert page.errors == {"results": ["当年度の取組実績及び目標の達成状況を記入してください。"]}
    assert stored(cast, "self_evaluation") == {"results": "\u200b", "achievement": 1}


@pytest.mark.parametrize("implementation", [1, 2])
def test_the_first_mark_asks_for_no_issues(staff, cast, implementation):
    response = send(staff, f"{MIDYEAR}submit/", version=0, implementation=implementation, outlook=1)
    assert response["Location"] == SHEET
    assert cast.review().status == "submitted"
    hint = "(ii)を選んだときは、課題と改善策も書くと伝わりやすくなります。"
    assert (hint in Page(staff.get(SHEET)).notices) == (implementation == 2)


def test_both_second_marks_with_issues_blank(staff, cast):
    page = Page(send(staff, f"{MIDYEAR}submit/", version=0, implementation=2, outlook=2, issues=""))
    assert page.errors == {"issues": ["②を選んだときは、課題と改善策を記入してください。"]}


def test_going_back_to_the_first_mark_keeps_the_text(staff, cast):
    cast.review_in("draft")
    page = save(staff, version=1, implementation=1, outlook=1, issues=cast.answers()["issues"])
    assert stored(cast) == cast.answers(outlook=1)
    assert page.typed["issues"] == cast.answers()["issues"]


def test_nothing_chosen_says_so_and_nothing_is_preselected(staff, cast):
    page = Page(staff.get(MIDYEAR))
    assert "outlook" not in page.typed and "implementation" not in page.typed
    page = Page(send(staff, f"{MIDYEAR}submit/", version=0, issues="書きました。"))
    assert page.errors == {
        "implementation": ["取組内容の実施見込みを選んでください。"],
        "outlook": ["目標の達成見込みを選んでください。"],
    }
    assert [name for name, _ in page.summary] == ["implementation_0", "outlook_0"]
    assert "提出できませんでした。2か所を直してください。" in page.text
    assert "outlook" not in page.typed and page.typed["issues"] == "書きました。"


@pytest.mark.parametrize("text", ["なし", "特になし", "―"])
def test_an_answer_that_says_nothing_is_taken_with_a_hint(staff, cast, text):
    send(staff, f"{MIDYEAR}submit/", version=0, **COMPLETE, issues=text)
    assert (cast.review().status, stored(cast)["issues"]) == ("submitted", text)
    assert f"{WORDS}は、文で書くと伝わりやすくなります。" in Page(staff.get(SHEET)).notices


def test_half_width_kana_is_kept_and_pointed_out(staff, cast):
    page = save(staff, issues="ｱﾝｹｰﾄを行う。")
    assert stored(cast)["issues"] == "ｱﾝｹｰﾄを行う。"
    assert f"{WORDS}に半角カナがあります。全角のほうが読みやすくなります。" in page.notices


# ---- marks -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "position"),
    [("1", 1), ("２", 2), ("①", 1), ("②", 2), ("②:達成できない見込み", 2), ("②：達成できない見込み", 2),
     (" 2 ", 2), ("達成見込み", 1)],
)  # fmt: skip
def test_marks_are_understood_in_every_width(staff, cast, typed, position):
    save(staff, outlook=typed)
    assert stored(cast) == {"outlook": position}


@pytest.mark.parametrize(
    ("typed", "position"), [("(ii)", 2), ("ⅱ", 2), ("（ｉｉ）", 2), ("(i)", 1), ("ⅰ", 1)]
)
def test_roman_marks_are_understood(staff, cast, typed, position):
    save(staff, implementation=typed)
    assert stored(cast) == {"implementation": position}


@pytest.mark.parametrize("forged", ["9", "x", "-1", "0", "③", "1.0", "(iii)", "²", "٢", "1\x00", "達成"])
@pytest.mark.parametrize("ending", ["", "submit/"])
def test_forged_marks_are_refused_and_the_rest_is_shown_again(staff, cast, forged, ending):
    before = snapshot()
    page = Page(send(staff, MIDYEAR + ending, version=0, implementation=1, outlook=forged, issues="書いた文"))
    assert page.errors == {"outlook": ["目標の達成見込みを選んでください。"]}
    assert page.typed["implementation"] == "1" and page.typed["issues"] == "書いた文"
    assert "outlook" not in page.typed
    assert left_unsaved(before)["issues"] == "書いた文"


def test_a_choice_sent_twice_is_a_bad_request(staff, cast):
    before = snapshot()
    page = Page(send(staff, MIDYEAR, version=0, outlook=[1, 2]), 400)
    assert "内容を受け取れませんでした" in page.text
    assert snapshot() == before


# ---- figures ---------------------------------------------------------------------------------------------

FIGURES = [
    ("8", "8"), ("８", "8"), ("８件", "8"), (" 8 件 ", "8"), ("0", "0"), ("1,200", "1200"),
    ("１，２００件", "1200"), ("8.0", "8"), ("+8", "8"), ("008", "8"),
]  # fmt: skip


@pytest.mark.parametrize(("typed", "value"), FIGURES)
def test_figures_are_understood_in_every_width(staff, cast, typed, value):
    save(staff, EVALUATION, figure_a1=typed)
    assert stored(cast, "self_evaluation") == {"figure": {"a1": {"value": value}}}


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("8.5件", "件の実績は整数で入力してください。例: 8"),
        ("八", "「八」は数値として読み取れません"),
        ("約8", "「約8」は数値として読み取れません"),
        ("NaN", "数値として読み取れません"),
        ("Infinity", "数値として読み取れません"),
        ("1e400", "数値として読み取れません"),
        ("1e9999999", "数値として読み取れません"),
        ("1_000", "数値として読み取れません"),
        ("٣", "数値として読み取れません"),
        ("²", "数値として読み取れません"),
        ("8\x00", "数値として読み取れません"),
        ("9" * 12, "整数部分は11桁"),
        ("9" * 5000, "整数部分は11桁"),
        ("-", "まだ分からないときは空欄に"),
        ("－5", "0以上の数で入力してください"),
        ("▲5", "0以上の数で入力してください"),
        ("△5", "0以上の数で入力してください"),
        ("−5", "0以上の数で入力してください"),
        ("-5", "0以上の数で入力してください"),
        ("<b>8</b>", "数値として読み取れません"),
    ],
)
def test_figures_that_cannot_be_are_refused_with_an_example(staff, cast, typed, words):
    before = snapshot()
    page = Page(send(staff, EVALUATION, version=0, figure_a1=typed, results="書いた文"))
    assert words in page.errors["figure_a1"][0]
    assert [name for name, _ in page.summary] == ["figure_a1"]
    assert "保存できませんでした。1か所を直してください。" in page.text
    assert page.typed["figure_a1"].replace("\ufffd", "\x00") == typed
    assert page.typed["results"] == "書いた文"
    assert left_unsaved(before)["results"] == "書いた文"


@pytest.mark.parametrize("blank", ["", " ", "　", "\u200b"])
def test_a_blank_figure_is_unknown_and_never_zero(staff, cast, blank):
    save(staff, EVALUATION, figure_a1=blank, results="未判明である。")
    assert stored(cast, "self_evaluation") == {"results": "未判明である。"}


@pytest.mark.parametrize(("typed", "value"), [("４３．３％", "43.3"), ("101", "101"), ("1000", "1000")])
def test_a_share_above_the_whole_is_taken_with_a_warning(staff, cast, typed, value):
    cast.shared_indicator.unit = "%"
    cast.shared_indicator.save()
    page = save(staff, EVALUATION, figure_a1=typed)
    assert stored(cast, "self_evaluation") == {"figure": {"a1": {"value": value}}}
    warning = "連携した取組の件数の実績が100%を超えています。数値を確かめてください。"
    assert (warning in page.notices) == (value != "43.3")


def test_a_share_below_nothing_is_refused(staff, cast):
    cast.shared_indicator.unit = "%"
    cast.shared_indicator.save()
    page = Page(send(staff, EVALUATION, version=0, figure_a1="-1"))
    assert page.errors == {"figure_a1": ["0以上の数で入力してください。"]}
    assert not Review.objects.exists()


def test_a_difference_may_be_negative(staff, cast):
    cast.shared_indicator.unit = "ポイント"
    cast.shared_indicator.save()
    for version, typed in enumerate(["－5", "▲5", "△5", "−5", "-5"]):
        save(staff, EVALUATION, version=version if version < 2 else 1, figure_a1=typed)
    assert stored(cast, "self_evaluation") == {"figure": {"a1": {"value": "-5"}}}
    assert len(cast.events("self_evaluation")) == 1


# ---- dates -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "day"),
    [
        ("令和3年3月31日", "2021-03-31"),
        ("R3.3.31", "2021-03-31"),
        ("２０２１／３／３１", "2021-03-31"),
        ("平成33年3月31日", "2021-03-31"),
        ("令和2年2月29日", "2020-02-29"),
    ],
)
def test_dates_are_kept_and_shown_with_their_era(staff, cast, typed, day):
    page = save(staff, EVALUATION, figure_a1="8", figure_a1_as_of=typed)
    assert stored(cast, "self_evaluation")["figure"]["a1"]["as_of"] == day
    assert page.typed["figure_a1_as_of"] in ("令和3年3月31日", "令和2年2月29日")


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("令和3年2月29日", "という日はありません"),
        ("令和0年4月1日", "令和0年はありません"),
        ("令和3年3月31日(月)", "は水曜日です"),
        ("年度末", "日付として読み取れません"),
        ("9999-99-99", "という日はありません"),
        ("3月31日", "日付として読み取れません"),
    ],
)
def test_dates_that_never_are_are_refused(staff, cast, typed, words):
    page = Page(send(staff, EVALUATION, version=0, figure_a1="8", figure_a1_as_of=typed))
    assert words in page.errors["figure_a1_as_of"][0]
    assert page.typed["figure_a1_as_of"] == typed and page.typed["figure_a1"] == "8"
    assert not Review.objects.exists()


# ---- markup on every surface -----------------------------------------------------------------------------

EVIL = '"><img src=x onerror=alert(1)><script>alert(1)</script>{{7*7}}'


def test_markup_is_text_on_every_surface(staff, cast, client):
    cast.initiative.title = EVIL[:60]
    cast.initiative.purpose = EVIL
    cast.initiative.save()
    cast.initiative.targets.update(heading=EVIL, wording=EVIL, quote=EVIL)
    cast.section.name = EVIL[:50]
    cast.section.save()
    cast.staff.name = cast.manager.name = EVIL[:50]
    cast.staff.save()
    cast.manager.save()
    cast.review_in("returned", answers=cast.answers(issues=EVIL))
    Event.objects.update(by_name=EVIL[:50], by_post=EVIL[:50])
    Event.objects.filter(verb="return").update(reason=EVIL)
    clash = {**COMPLETE, "issues": f"{EVIL}1"}
    answers = [
        staff.get(SHEET),
        staff.get(MIDYEAR),
        staff.get(EVALUATION),
        staff.get("/"),
        staff.get("/mihon/2020/"),
        staff.get(f"{SHEET}history/"),
        send(staff, MIDYEAR, version=99, **clash),
        send(staff, MIDYEAR, version=0, **clash),
        send(staff, MIDYEAR, version=3, outlook=9, issues=EVIL),
        send(client.__class__(), MIDYEAR, version=3, issues=EVIL),
    ]
    for response in answers:
        html = response.content.decode()
        assert "alert(1)" in html
        assert "<img src=x" not in html and "<script>alert" not in html and "49" not in html.split("{{7*7}}")


def test_a_title_cannot_turn_the_reading_direction(staff, cast):
    cast.initiative.title = "報告\u202efdp.exe\u2066"
    cast.initiative.save()
    for address in (SHEET, MIDYEAR):
        html = staff.get(address).content.decode()
        assert "報告fdp.exe" in html
        assert "\u202e" not in html and "\u2066" not in html


# ---- reasons ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("blank", ["", " ", "　", "\u200b"])
def test_a_return_needs_a_reason(client, cast, blank):
    cast.review_in("submitted")
    client.force_login(cast.manager)
    before = snapshot()
    page = Page(send(client, f"{MIDYEAR}return/", version=2, reason=blank))
    assert page.errors == {"midyear_return_reason": ["差戻しの理由を書いてください。"]}
    assert page.summary == [("midyear_return_reason", "差戻しの理由を書いてください。")]
    assert page.forms[f"{MIDYEAR}return/"]["version"] == "2"
    assert "書いた内容は消えていません。" in page.text
    assert snapshot() == before


def test_a_reason_has_a_limit_and_is_shown_again(client, cast):
    cast.review_in("submitted")
    client.force_login(cast.manager)
    before = snapshot()
    page = Page(send(client, f"{MIDYEAR}return/", version=2, reason="あ" * 5000))
    assert page.errors == {"midyear_return_reason": ["理由は1,000字以内で書いてください。いま5,000字です。"]}
    assert page.forms[f"{MIDYEAR}return/"]["reason"] == "あ" * 5000
    assert snapshot() == before


def test_a_reason_with_nul_is_refused(client, cast):
    cast.review_in("submitted")
    client.force_login(cast.manager)
    page = Page(send(client, f"{MIDYEAR}return/", version=2, reason="直す\x00"))
    assert page.errors["midyear_return_reason"][0].startswith("壊れた文字が含まれている")
    assert cast.review().status == "submitted"


# ---- addresses, headers, methods -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        "/mihon/9999/1/", "/mihon/0000/", "/mihon/abc/", "/mihon/２０２０/1/", "/mihon/2020/9/",
        "/mihon/2020/１/", "/mihon/2020/1-1/", "/mihon/2020/01/", "/mihon/2020/1a/", "/mihon/2020/-1/",
        "/mihon/2020/1'--/", "/mihon/2020/1%00/", "/mihon/2020/..%2f/", "/tonari/2020/1/",
        "/tonari/2020/1/midyear/", "/nowhere/2020/1/", "/見本/2020/1/", "/public/2020/",
        "/mihon/2020/1/autumn/", "/mihon/2020/1/mid year/", "/mihon/2020/1/midyear/explode/",
        "/mihon/2020/1/plan/", "/mihon/2020/" + "1" * 500 + "/", "/static/2020/1/",
    ],
)  # fmt: skip
def test_addresses_of_nothing_are_not_found(staff, cast, address):
    response = staff.get(address)
    assert response.status_code == 404
    if not address.startswith("/static/"):
        assert "ページが見つかりません" in response.content.decode()


def test_the_admin_is_never_a_ward(staff, cast):
    assert "管理の画面は、取りまとめ担当が使います。" in Page(staff.get("/admin/2020/"), 403).text


@pytest.mark.parametrize(
    "query",
    ["year=abc", "year=99999", "format=exe", "page=-1", "restore=%00", "x=%FF%FE", "a[]=1&a[]=2", "=&&=;"],
)
@pytest.mark.parametrize("address", [SHEET, MIDYEAR])
def test_queries_that_mean_nothing_are_ignored(staff, cast, address, query):
    assert staff.get(f"{address}?{query}").status_code == 200


def test_a_long_query_is_no_server_error(staff, cast):
    assert staff.get(f"{SHEET}?q={'a' * 10_000}").status_code == 200


@pytest.mark.parametrize("count", [1001, 5000])
def test_too_many_fields_are_a_bad_request(staff, cast, count):
    before = snapshot()
    page = Page(send(staff, MIDYEAR, version=0, **{f"f{place}": 1 for place in range(count)}), 400)
    assert "内容を受け取れませんでした" in page.text
    assert snapshot() == before


def test_an_unknown_host_is_a_bad_request(staff, cast):
    response = staff.get(SHEET, headers={"host": "evil.example"})
    assert "内容を受け取れませんでした" in Page(response, 400).text


@pytest.mark.parametrize("headers", [{"accept-language": "xx"}, {"accept-language": "en"}, {"referer": "x"}])
def test_headers_change_nothing(staff, cast, headers):
    assert "取組項目1" in Page(staff.get(SHEET, headers=headers)).text


@pytest.mark.parametrize("address", [SHEET, MIDYEAR])
def test_head_is_answered_without_a_body(staff, cast, address):
    response = staff.head(address)
    assert (response.status_code, response.content) == (200, b"")


@pytest.mark.parametrize("method", ["put", "patch", "delete", "trace", "options"])
@pytest.mark.parametrize("address", [SHEET, MIDYEAR, f"{MIDYEAR}submit/", f"{MIDYEAR}approve/"])
def test_other_methods_are_not_allowed(staff, cast, method, address):
    before = snapshot()
    assert getattr(staff, method)(address).status_code == 405
    assert snapshot() == before


VERBS = ["submit", "withdraw", "approve", "return", "reopen", "extend", "publish", "correct"]


@pytest.mark.parametrize("verb", VERBS)
def test_verbs_are_not_done_by_opening_an_address(staff, cast, verb):
    before = snapshot()
    response = staff.get(f"{MIDYEAR}{verb}/")
    assert response.status_code == 405
    assert response["Allow"] == "POST"
    assert "このアドレスは、画面のボタンから使います。" in response.content.decode()
    assert snapshot() == before
