"""The admin's page that takes a plan in: who may, what it shows, what it corrects, and what it saves."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from initiatives.models import Event, FormEdition, Indicator, Initiative, Measurement, Target, YearPlan
from initiatives.plan_file import plan_content
from tests.cast import difference, snapshot

SEED = (Path(__file__).parents[1] / "data" / "seed.txt").read_text()
PAGE = "/mihon/2020/plan/import/"
NEXT = "/mihon/2021/plan/import/"
DAMAGED = "29 年度 3030 年度 30年度 3030.5達成"
SEED_2021 = SEED.replace("【令和2年度】", "【令和3年度】")


class FormFields(HTMLParser):
    """What a browser would send of a page's main form, and the words of the page."""

    def __init__(self, response):
        super().__init__()
        self.fields, self.words, self.select, self.area = {}, "", None, None
        self.feed(response.content.decode())

    def handle_starttag(self, tag, attributes):
        own = dict(attributes)
        if tag == "input" and own.get("type") not in ("checkbox", "file") and own.get("name"):
            self.fields[own["name"]] = own.get("value") or ""
        elif tag == "select":
            self.select = own["name"]
        elif tag == "option" and "selected" in own:
            self.fields.setdefault(self.select, own["value"] or "")
        elif tag == "textarea":
            self.area, self.fields[own["name"]] = own["name"], ""

    def handle_endtag(self, tag):
        if tag == "textarea":
            self.fields[self.area] = self.fields[self.area].removeprefix("\n").replace("\r\n", "\n")
            self.area = None

    def handle_data(self, text):
        if self.area:
            self.fields[self.area] += text
        else:
            self.words += text


def post(client, address, **fields):
    """Send a form as a browser does: multipart, newlines as CRLF."""
    return client.post(
        address,
        {
            name: value.replace("\n", "\r\n") if isinstance(value, str) else value
            for name, value in fields.items()
        },
    )


def step(client, response, address=PAGE, status=200, **changes):
    """Send what the page shows back with some changes; a change to None leaves the field out."""
    assert response.status_code in (200, 409)
    fields = {**FormFields(response).fields, **changes}
    answer = post(client, address, **{name: value for name, value in fields.items() if value is not None})
    assert answer.status_code == status, FormFields(answer).words
    return answer


@pytest.fixture
def admin(cast, client):
    client.force_login(cast.admin)
    return client


@pytest.fixture
def draft(cast, admin):
    cast.plan_in("draft")
    return cast


def words(response):
    return " ".join(FormFields(response).words.split())


# --- who may ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("actor", "status", "code"),
    [
        ("anonymous", "confirmed", 302),
        ("viewer", "draft", 404),
        ("viewer", "confirmed", 403),
        ("staff", "draft", 403),
        ("manager", "confirmed", 403),
        ("other_ward", "confirmed", 404),
        ("admin", "draft", 200),
        ("admin", "published", 200),
    ],
)
def test_page_is_the_admins(cast, client, actor, status, code):
    cast.plan_in(status)
    if actor != "anonymous":
        client.force_login(cast.actor(actor))
    assert client.get(PAGE).status_code == code
    before = snapshot()
    answer = post(client, PAGE, text=SEED)
    assert answer.status_code == code
    assert difference(before, snapshot()) == {}
    if actor != "admin":
        assert post(client, "/mihon/2020/plan/new-version/", version="1", reason="理由").status_code == code


@pytest.mark.parametrize(
    ("actor", "code"), [("viewer", 404), ("staff", 403), ("other_ward", 404), ("admin", 200)]
)
def test_year_without_a_plan_can_be_taken_in(cast, client, actor, code):
    client.force_login(cast.actor(actor))
    assert client.get(NEXT).status_code == code


@pytest.mark.parametrize(
    ("newest", "shown"), [(2018, {2019, 2021}), (2020, {2021}), (2024, {2021, 2025}), (2099, {2021})]
)
def test_page_leads_to_the_years_without_a_plan(cast, admin, newest, shown):
    YearPlan.objects.filter(pk=cast.plan.pk).update(fiscal_year=newest)
    page = admin.get(PAGE).content.decode()
    assert {year for year in range(2015, 2100) if f'href="/mihon/{year}/plan/import/"' in page} == shown
    assert admin.get(NEXT).status_code == 200


def test_addresses_have_names():
    assert reverse("initiatives:plan_import", args=["mihon", 2020]) == PAGE
    assert reverse("initiatives:plan_new_version", args=["mihon", 2020]) == "/mihon/2020/plan/new-version/"


def test_new_version_is_no_page(cast, admin):
    assert admin.get("/mihon/2020/plan/new-version/").status_code == 405


# --- read and save ---------------------------------------------------------------------------------------


def test_pasted_document_becomes_the_draft_of_its_year(cast, admin):
    before = snapshot()
    response = post(admin, NEXT, text=SEED_2021)
    assert difference(before, snapshot()) == {}
    shown = words(response)
    assert "まだ何も保存していません。" in shown
    assert "HTMLのタグ37個を取り除きました。" in shown
    assert "見本区 令和3年度: 計画を新しく作ります" in shown
    assert "未確認 2か所" in shown
    assert "5行目(1枚目)" in shown

    answer = step(admin, response, NEXT, status=302, act="save")
    assert answer.url == "/mihon/2021/"
    plan = YearPlan.objects.get(fiscal_year=2021)
    assert (plan.status, plan.version, plan.initiatives.count()) == ("draft", 1, 4)
    event = Event.objects.get(fiscal_year=2021)
    assert (event.verb, event.by, event.content) == ("edit", cast.admin, plan_content(plan))
    assert Measurement.objects.get(indicator__name="不適切な事務処理事案の件数(公表ベース)").value == 7


def test_uploaded_plan_file_replaces_the_draft(draft, admin):
    content = plan_content(draft.plan)
    content["initiatives"][0]["title"] = "人と地域のつながりづくり"
    file = SimpleUploadedFile("plan.json", json.dumps(content).encode())
    response = admin.post(PAGE, {"file": file})
    assert "「人と人とのつながりづくり」 → 「人と地域のつながりづくり」" in words(response)
    step(admin, response, status=302, act="save")
    draft.plan.refresh_from_db()
    assert plan_content(draft.plan) == content


def test_same_content_saves_nothing(draft, admin):
    text = json.dumps(plan_content(draft.plan))
    response = post(admin, PAGE, text=text)
    assert "いまの計画と同じ内容です。" in words(response)
    assert 'value="save"' not in response.content.decode()
    before = snapshot()
    answer = step(admin, response, status=302, act="save")
    assert difference(before, snapshot()) == {}
    assert "何も変えていません。" in words(admin.get(answer.url))


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"text": ""}, "ファイルを選ぶか、文を貼り付けてください。"),
        ({"text": "予定\n" + DAMAGED}, f"(読み取った文: 「{DAMAGED}」)"),
        ({"text": '{"ward": "mihon",\n"fiscal'}, "2行目の"),
        ({"text": '{"initiatives": 5}'}, "取組項目の一覧がありません。"),
        ({"text": "[1, 2]"}, "計画の文書として読み取れません"),
        ({"file": SimpleUploadedFile("plan.txt", SEED.encode("cp932", "replace"))}, "UTF-8ではありません"),
        ({"file": SimpleUploadedFile("plan.xlsx", b"PK\x03\x04")}, "ファイルが壊れていて"),
        ({"file": SimpleUploadedFile("plan.txt", b"")}, "ファイルに何も書かれていません"),
        ({"file": SimpleUploadedFile("plan.txt", b"1"), "text": "2"}, "どちらか一方にしてください"),
        ({"file": SimpleUploadedFile("plan.txt", b"x" * (5 * 1024 * 1024 + 1))}, "5MBまで"),
    ],
    ids=["nothing", "damaged", "half", "shape", "list", "cp932", "excel", "empty", "both", "large"],
)
def test_unreadable_input_is_refused_with_what_was_typed(draft, admin, fields, sentence):
    for file in fields.values():
        if not isinstance(file, str):
            file.seek(0)
    before = snapshot()
    response = post(admin, PAGE, **fields)
    assert response.status_code == 200
    assert sentence in words(response)
    assert FormFields(response).fields["text"] == fields.get("text", "")
    assert difference(before, snapshot()) == {}


@pytest.mark.parametrize("kind", ["document", "file"])
def test_far_too_many_targets_are_refused_on_a_small_page(draft, admin, kind):
    if kind == "file":
        content = plan_content(draft.plan)
        content["initiatives"][0]["targets"] *= 1_000
        text = json.dumps(content)
    else:
        text = SEED.replace("(年3回)。", "(年3回)。<p>(目標) " + "○件数【令和2年度】8件 " * 1_000, 1)
    before = snapshot()
    response = admin.post(PAGE, {"file": SimpleUploadedFile("plan.txt", text.encode())})
    assert "件あります。1つの取組項目に40件までです。" in words(response)
    assert len(response.content) < 20_000
    assert difference(before, snapshot()) == {}


def test_text_of_a_document_is_shown_as_text(draft, admin):
    text = SEED.replace("・区政会議を開催する", "・<blink>&amp;区政会議")
    response = post(admin, PAGE, text=text)
    html = response.content.decode()
    assert "<blink>" not in html
    assert "20行目(2枚目)の取組の内容: 取組項目2: HTMLタグ「<blink>」が含まれています。" in words(response)


# --- correct ---------------------------------------------------------------------------------------------


def test_pages_use_the_word_of_the_years_own_form(draft, admin):
    draft.edition.labels = {**draft.edition.labels, "item": "具体的取組"}
    draft.edition.save()
    draft.edition.renew()
    assert "「具体的取組1【…】」から始まる文書を" in words(admin.get(PAGE))
    page = words(post(admin, PAGE, text=json.dumps(plan_content(draft.plan))))
    assert "読み取った具体的取組" in page and "具体的取組1を直す" in page
    assert "取組項目を" not in page


def test_what_is_uncertain_is_confirmed_or_corrected(cast, admin):
    response = post(admin, NEXT, text=SEED_2021)
    fields = FormFields(response).fields
    assert (fields["opened"], fields["title"], fields["t0-value"]) == ("0", "人と人とのつながりづくり", "8")
    assert (fields["t0-direction"], fields["t0-baselines"]) == ("", "令和元年度:\n平成30年度: 8")
    changes = {"title": "人と人", "section": "総務課", "t0-direction": "higher", "t1-value": "４３．４"}
    response = step(admin, response, NEXT, open="3", **changes)
    fields = FormFields(response).fields
    assert (fields["opened"], fields["number"], fields["t0-kind"]) == ("3", "4", "relative")
    assert "確かめるところが4か所残っています。" in words(response)
    assert "選ぶと、確認済になります。" in words(response)
    assert 'name="sure"' not in response.content.decode()
    response = step(admin, response, NEXT, act="correct", **{"t0-direction": "lower"})
    response = step(admin, response, NEXT, open="0")
    fields = FormFields(response).fields
    assert (fields["title"], fields["t0-direction"], fields["t2-direction"]) == ("人と人", "higher", "higher")
    assert (fields["section"], fields["t1-value"]) == ("総務課", "４３．４")

    step(admin, response, NEXT, status=302, act="save")
    sheet = Initiative.objects.get(plan__fiscal_year=2021, number="1")
    assert (sheet.title, sheet.section) == ("人と人", cast.other_section)
    assert float(sheet.targets.get(key="p2").value) == 43.4
    target = Target.objects.get(initiative__plan__fiscal_year=2021, initiative__number="4", key="a1")
    assert (target.indicator.direction, target.base_fiscal_year) == ("lower", 2019)


def test_what_was_looked_at_is_asked_no_more(draft, admin):
    text = SEED.replace("市民活動への参加を呼びかける。", "市民活動への\n参加を呼びかける。", 1)
    response = post(admin, PAGE, text=text)
    assert "参加を呼びかける。」の前で文が改行されています。" in words(response)
    sure = re.findall(r'name="sure" value="([0-9]+)"', response.content.decode())
    assert len(sure) == 1
    response = step(admin, response, act="correct", sure=sure)
    assert "の前で文が改行されています。" not in words(response)


def test_fault_is_shown_at_its_field_and_nothing_typed_is_lost(draft, admin):
    response = post(admin, PAGE, text=SEED)
    changes = {
        "number": "い",
        "t0-value": "八",
        "t0-baselines": "令和0年度: 3\n平成30年度: 8",
        "purpose": "・直した",
    }
    before = snapshot()
    response = step(admin, response, act="save", **changes)
    assert difference(before, snapshot()) == {}
    html, fields = response.content.decode(), FormFields(response).fields
    assert {name: fields[name] for name in changes} == changes
    for name in ("number", "t0-value", "t0-baselines"):
        assert f'id="id_{name}_error"' in html
        assert f'href="#id_{name}"' in html
    assert "取り込めませんでした。" in words(response)
    assert "「八」は数値として読み取れません" in words(response)


def test_unreadable_target_is_put_right_by_hand(draft, admin):
    share = (
        "○区役所が、様々な機会を通じて区民の意見やニーズを把握していると感じる区民の割合 【令和2年度】42%<"
    )
    assert share in SEED
    response = post(admin, PAGE, text=SEED.replace(share, f"○区民の割合 {DAMAGED}<"))
    fields = FormFields(response).fields
    assert (fields["opened"], fields["t1-wording"]) == ("2", f"○区民の割合 {DAMAGED}")
    refused = step(admin, response, act="save")
    assert "数字がつながっていて" in words(refused)
    step(
        admin, refused, status=302, act="save",
        **{"t1-indicator": "区民の割合", "t1-wording": "【令和2年度】42%", "t1-kind": "absolute",
           "t1-value": "42", "t1-unit": "%", "t1-fiscal_year": "令和2年度"},
    )  # fmt: skip
    target = Target.objects.get(initiative__number="3", key="a1")
    assert (target.indicator.name, target.value, target.wording) == ("区民の割合", 42, "【令和2年度】42%")


def test_targets_and_sheets_can_be_left_out(draft, admin):
    response = post(admin, PAGE, text=SEED)
    response = step(admin, response, act="correct", **{"t0-leave_out": "1", "t2-leave_out": "1"})
    assert FormFields(response).fields["t0-value"] == "43.3"
    response = step(admin, response, open="1")
    response = step(admin, response, act="correct", leave_out="1")
    assert FormFields(response).fields["number"] == "3"
    assert "35行目(3枚目)" in words(response)
    step(admin, response, status=302, act="save")
    assert list(Initiative.objects.values_list("number", flat=True)) == ["1", "3", "4"]
    assert Initiative.objects.get(number="1").targets.count() == 2
    assert not Indicator.objects.filter(name__startswith="新たに地域活動協議会").exists()


def test_missing_target_is_added_from_its_line_and_typed_text_stays(draft, admin):
    response = post(admin, PAGE, text=SEED)
    line = "○取組に参加した人の数\n【令和2年度】 120人以上 (平成30年度: 98人)"
    response = step(admin, response, add="annual", add_line=line, title="直した題", **{"t0-value": "９"})
    fields = FormFields(response).fields
    assert (fields["title"], fields["t0-value"], fields["add_line"]) == ("直した題", "９", "")
    assert (fields["t4-scope"], fields["t4-indicator"]) == ("annual", "取組に参加した人の数")
    assert (fields["t4-value"], fields["t4-unit"], fields["t4-comparator"]) == ("120", "人", "ge")
    assert fields["t4-baselines"] == "平成30年度: 98"
    step(admin, response, status=302, act="save", **{"t4-direction": "higher"})
    sheet = Initiative.objects.get(number="1")
    assert sheet.title == "直した題"
    target = sheet.targets.get(key="a3")
    assert (target.value, target.wording) == (120, "【令和2年度】 120人以上")
    assert target.indicator.direction == "higher"
    assert Measurement.objects.get(indicator=target.indicator).value == 98


def test_empty_target_asks_for_what_it_needs(draft, admin):
    response = step(admin, post(admin, PAGE, text=SEED), add="policy", add_line="")
    fields = FormFields(response).fields
    assert (fields["t4-scope"], fields["t4-fiscal_year"], fields["t4-value"]) == ("policy", "令和2年度", "")
    assert "加えた目標の指標: 取組項目1の目標p3: 記入してください。" in words(response)
    response = step(admin, response, act="correct", **{"t4-leave_out": "1"})
    assert "t4-scope" not in FormFields(response).fields
    step(admin, response, status=302, act="save")


def test_line_that_cannot_be_read_is_added_as_its_wording(draft, admin):
    response = step(admin, post(admin, PAGE, text=SEED), add="annual", add_line=f"○割合 {DAMAGED}")
    assert FormFields(response).fields["t4-wording"] == f"○割合 {DAMAGED}"
    assert "加えた目標: " in words(response)
    assert "数字がつながっていて" in words(response)


def test_line_that_was_not_added_is_not_lost_by_saving(draft, admin):
    before = snapshot()
    response = step(admin, post(admin, PAGE, text=SEED), act="save", add_line="○件数 【令和2年度】 3件")
    assert "まだ加えていない目標の文があります。" in words(response)
    assert FormFields(response).fields["add_line"] == "○件数 【令和2年度】 3件"
    assert difference(before, snapshot()) == {}


def test_missing_sheet_is_added_and_filled_in(draft, admin):
    response = step(admin, post(admin, PAGE, text=SEED), add="sheet", title="直した題")
    html, fields = response.content.decode(), FormFields(response).fields
    for value in ("sheet", "policy", "annual"):
        assert f'name="add" value="{value}"' in html
    assert (fields["opened"], fields["number"], fields["title"]) == ("4", "5", "")
    assert "加えた取組項目の取組項目名: 取組項目5: 記入してください。" in words(response)
    more = {"title": "防災", "purpose": "・備える。", "section": "総務課"}
    response = step(admin, response, add="annual", add_line="○訓練の回数 【令和2年度】 2回", **more)
    assert FormFields(response).fields["purpose"] == "・備える。"
    step(admin, response, status=302, act="save")
    assert Initiative.objects.get(number="1").title == "直した題"
    sheet = Initiative.objects.get(number="5")
    assert (sheet.title, sheet.purpose, sheet.section) == ("防災", "・備える。", draft.other_section)
    assert list(sheet.targets.values_list("key", "value")) == [("a1", 2)]


def test_every_sheet_may_be_removed_and_another_added(draft, admin):
    text = SEED.split("取組項目2")[0]
    response = step(admin, post(admin, PAGE, text=text), leave_out="1")
    assert "number" not in FormFields(response).fields
    response = step(admin, response, add="sheet")
    assert FormFields(response).fields["number"] == "1"


def test_pasted_text_of_another_year_goes_on_there(draft, admin):
    before = snapshot()
    response = post(admin, PAGE, text=SEED_2021)
    assert "令和3年度の計画です。令和2年度の計画には取り込めません。" in words(response)
    assert f'form="plan-import" formaction="{NEXT}"' in response.content.decode()
    assert difference(before, snapshot()) == {}
    response = post(admin, NEXT, **FormFields(response).fields)
    assert FormFields(response).fields["opened"] == "0"
    assert "このままでは取り込めません" not in words(response)


def test_file_of_another_year_leads_to_its_page(draft, admin):
    content = json.dumps({**plan_content(draft.plan), "fiscal_year": "令和3年度"}).encode()
    response = post(admin, PAGE, file=SimpleUploadedFile("plan.json", content))
    html = response.content.decode()
    assert f'<a class="btn btn-primary" href="{NEXT}">令和3年度の計画の取込を開く</a>' in html
    assert "同じファイルを選んでください。" in html


def test_year_without_a_form_is_named_instead(draft, admin):
    content = json.dumps({**plan_content(draft.plan), "fiscal_year": 2011}).encode()
    response = post(admin, PAGE, file=SimpleUploadedFile("plan.json", content))
    assert "平成23年度に使える様式の版がありません。先に様式を登録してください。" in words(response)
    assert "/mihon/2011/" not in response.content.decode()


def test_text_of_another_years_form_goes_on_there(draft, admin):
    FormEdition.objects.create(
        code="r3", title="次の様式", first_fiscal_year=2021, labels={"item": "具体的取組"}
    )
    response = post(admin, NEXT, text=SEED)
    assert "令和2年度の計画です。令和3年度の計画には取り込めません。" in words(response)
    assert f'formaction="{PAGE}"' in response.content.decode()
    response = post(admin, NEXT, text=SEED.replace("【令和2年度】", "【令和3年度】"))
    assert "「具体的取組1」のような見出しがない" in words(response)


def test_document_of_two_years_is_left_to_a_person(draft, admin):
    response = post(admin, PAGE, text=f"見本区 令和2年度\n{SEED_2021}")
    response = step(admin, response, act="save", **{"t2-fiscal_year": "令和2年度"})
    assert "当年度の目標が令和3年度のものです" in words(response)
    assert Initiative.objects.filter(number="4").count() == 0


@pytest.mark.parametrize("carried", ["", "x", "{}"])
def test_damaged_form_starts_again(draft, admin, carried):
    before = snapshot()
    response = post(admin, PAGE, reading=carried, act="save", version="0")
    assert "もう一度、ファイルを選ぶか、文を貼り付けてください。" in words(response)
    assert difference(before, snapshot()) == {}


def test_form_of_another_year_is_not_taken(draft, admin):
    response = post(admin, PAGE, text=SEED)
    answer = post(admin, NEXT, **FormFields(response).fields, act="save")
    assert "見本区の令和3年度の計画を確認している画面ではありません。" in words(answer)
    assert not YearPlan.objects.filter(fiscal_year=2021).exists()


def test_somebody_else_was_faster(draft, admin):
    response = post(admin, PAGE, text=SEED)
    YearPlan.objects.filter(pk=draft.plan.pk).update(version=7)
    answer = step(admin, response, status=409, act="save", title="直した題")
    assert "他の方が先に計画を変更しました。" in words(answer)
    fields = FormFields(answer).fields
    assert (fields["title"], fields["version"]) == ("直した題", "7")
    step(admin, answer, status=302, act="save")
    assert Initiative.objects.get(number="1").title == "直した題"


# --- a confirmed plan ------------------------------------------------------------------------------------


def changed(cast):
    content = plan_content(cast.plan)
    content["initiatives"][0]["title"] = "人と地域"
    return json.dumps(content)


@pytest.mark.parametrize("status", ["confirmed", "published"])
def test_confirmed_plan_changes_with_a_reason_only(cast, admin, status):
    plan = cast.plan_in(status)
    response = post(admin, PAGE, text=changed(cast))
    before = snapshot()
    refused = step(admin, response, act="save", reason="\u3000")
    assert "計画を変更する理由を書いてください。" in words(refused)
    assert "変わるところ1か所" in words(refused)
    assert difference(before, snapshot()) == {}
    step(admin, refused, status=302, act="save", reason="名称の変更")
    event = cast.plan_events()[-1]
    assert (event.verb, event.reason, event.by, event.version) == (
        "new_version", "名称の変更", cast.admin, plan.version + 1
    )  # fmt: skip
    assert Initiative.objects.get(number="1").title == "人と地域"


def test_sheet_without_section_is_refused_in_a_confirmed_plan(cast, admin):
    cast.plan_in("confirmed")
    response = post(admin, PAGE, text=changed(cast))
    before = snapshot()
    answer = step(admin, response, act="save", reason="変更", section="")
    assert "取組項目1の担当課を決めてください。" in words(answer)
    assert FormFields(answer).fields["reason"] == "変更"
    assert difference(before, snapshot()) == {}


def new_version(client, status, **fields):
    answer = post(client, "/mihon/2020/plan/new-version/", **fields)
    assert answer.status_code == status, words(answer)
    return answer


def test_new_version_by_its_own_address(cast, admin):
    plan = cast.plan_in("confirmed")
    before = snapshot()
    shown = new_version(admin, 200, version=str(plan.version), reason="", content=changed(cast))
    assert "計画を変更する理由を書いてください。" in words(shown)
    late = new_version(admin, 409, version="9", reason="変更", content=changed(cast))
    assert FormFields(late).fields["reason"] == "変更"
    new_version(admin, 409, reason="変更", content=changed(cast))
    assert "ファイルを選ぶか" in words(new_version(admin, 200, version="1", reason="変更"))
    assert difference(before, snapshot()) == {}
    file = SimpleUploadedFile("plan.json", changed(cast).encode())
    new_version(admin, 302, version=str(plan.version), reason="変更", file=file)
    assert Initiative.objects.get(number="1").title == "人と地域"
    assert cast.plan_events()[-1].reason == "変更"


def test_new_version_of_a_draft_is_refused(draft, admin):
    before = snapshot()
    new_version(admin, 409, version="0", reason="変更", content=changed(draft))
    assert difference(before, snapshot()) == {}


def test_page_holds_a_plan_of_thirty_sheets(cast, admin, django_assert_max_num_queries):
    parts = SEED_2021.split("取組項目3")
    sheets = "".join(f"取組項目{number}{parts[1].split('「令和2年度')[0]}" for number in range(1, 31))
    with django_assert_max_num_queries(600):
        response = post(admin, NEXT, text=sheets)
    assert len(FormFields(response).fields) < 100
    step(admin, response, NEXT, status=302, act="save")
    assert Initiative.objects.filter(plan__fiscal_year=2021).count() == 30
