"""loaddata: every fault is named with file, record and field; one fault, and nothing is loaded."""

import json
from io import StringIO

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import connection

from initiatives import workflow
from initiatives.management.commands.load_demo import FIXTURES
from initiatives.models import Initiative, YearPlan
from tests.cast import NOW
from wardplan.accounts.models import Section, User, Ward

MODELS = [
    model
    for label in ("accounts", "initiatives", "reviews")
    for model in apps.get_app_config(label).get_models()
]


def everything():
    return {model: list(model._base_manager.order_by("pk").values()) for model in MODELS}


@pytest.fixture
def based(db):
    call_command("loaddata", *[name for name in FIXTURES if name != "plan_2020"], verbosity=0)


@pytest.fixture
def plan(settings):
    return json.loads((settings.FIXTURE_DIRS[0] / "plan_2020.json").read_text())


@pytest.fixture
def refused(tmp_path):
    def load(content, name="plan.json"):
        """Load, expect a refusal that stores nothing, and give the lines after the heading."""
        path = tmp_path / name
        if not isinstance(content, bytes):
            content = json.dumps(content, ensure_ascii=False).encode()
        path.write_bytes(content)
        before = everything()
        with pytest.raises(CommandError) as caught:
            call_command("loaddata", str(path), verbosity=0)
        assert caught.value.returncode == 1
        assert everything() == before
        heading, *lines = str(caught.value).splitlines()
        assert heading == f"読み込めません。{len(lines)}か所を直してください。何も読み込んでいません。"
        return lines

    return load


def record(plan, model, **fields):
    """Find the first record of a model whose fields are these."""
    return next(
        row["fields"]
        for row in plan
        if row["model"] == f"initiatives.{model}"
        and all(row["fields"].get(key) == value for key, value in fields.items())
    )


FAULTS = {
    "tags": (
        ("initiative", {"number": "1"}, {"purpose": "<p>(趣旨・目的)</p> <ul>"}),
        'plan.json 13件目 取組項目 ["mihon", 2020]・"1": 趣旨・目的(purpose): '
        "HTMLタグ「<p>」が含まれています。タグを取り除いてください。",
    ),
    "control": (
        ("initiative", {"number": "1"}, {"activities": "・制御\x01文字"}),
        "取組の内容(activities): 制御文字が1個含まれています。",
    ),
    "NUL": (("initiative", {"number": "1"}, {"title": "壊れ\x00た"}), "取組項目名(title): "),
    "era year 0": (
        ("target", {"key": "p1"}, {"fiscal_year": "令和0年度"}),
        '目標 ["mihon", 2020, "1"]・"p1": 目標年度(fiscal_year): 令和0年はありません',
    ),
    "year out of range": (
        ("target", {"key": "p1"}, {"fiscal_year": 20200}),
        "目標年度(fiscal_year): 年度は1926年度から2099年度までで",
    ),
    "choice": (("target", {"key": "p1"}, {"kind": "絶対"}), "目標の種類(kind): "),
    "too long": (("initiative", {"number": "1"}, {"title": "あ" * 201}), "取組項目名(title): "),
    "no number": (("initiative", {"number": "2"}, {"number": "１"}), "番号(number): 番号は半角の数字で"),
    "unknown field": (("initiative", {"number": "1"}, {"purpouse": ""}), "purpouse: この項目はありません"),
    "unknown section": (
        ("initiative", {"number": "1"}, {"section": ["mihon", "広報課"]}),
        '担当課(section): ["mihon", "広報課"]という参照先はありません。',
    ),
    "unknown plan": (
        ("initiative", {"number": "1"}, {"plan": ["mihon", 2031]}),
        '年間計画(plan): ["mihon", 2031]という参照先はありません。',
    ),
    "duplicate number": (
        ("initiative", {"number": "2"}, {"number": "1"}),
        "13件目と同じレコードです。どちらかを消してください。",
    ),
    "constraint": (
        ("target", {"key": "p1"}, {"value": None}),
        "数値の目標には目標値を入力してください。",
    ),
    "not a number": (("measurement", {"fiscal_year": 2018}, {"value": "八"}), "実績(value): "),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_fault_is_named_with_record_and_field(based, plan, refused, fault):
    (model, found, change), words = FAULTS[fault]
    record(plan, model, **found).update(change)
    assert words in "\n".join(refused(plan))


def test_every_fault_is_named_at_once(based, plan, refused):
    record(plan, "initiative", number="1")["purpose"] = "<br>"
    record(plan, "initiative", number="3")["title"] = ""
    record(plan, "target", key="p1")["kind"] = "絶対"
    record(plan, "indicator")["direction"] = "up"
    lines = refused(plan)
    assert len(lines) == 4
    text = "\n".join(lines)
    for words in ("<br>", "取組項目名(title)", "目標の種類(kind)", "よい方向(direction)"):
        assert words in text


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'[{"model": "accounts.ward",\n "fields": {"slug"', "plan.json 2行目の"),
        ('[{"model":\n"見本区"}]'.encode("cp932"), "2行目の文字コードがUTF-8ではありません"),
        (b"", "1行目の1文字目で、JSONとして読み取れなくなりました"),
        (b"{}", "全体を[ ]で囲んだレコードの一覧"),
        (b"[" * 100_000, "入れ子"),
        (b'[{"model": "initiatives.nothing", "fields": {}}]', "plan.json 1件目: model: "),
        (b'[{"model": "accounts.ward"}]', "fields: 項目(fields)を{ }で"),
        (b"[5]", "plan.json 1件目: model: "),
    ],
    ids=["half-written", "cp932", "empty", "object", "deep", "model", "fields", "number"],
)
def test_file_that_is_no_fixture_is_refused(db, refused, content, words):
    assert words in "\n".join(refused(content))


def test_fixture_with_bom_is_loaded(based, plan, tmp_path):
    path = tmp_path / "plan.json"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(plan).encode())
    call_command("loaddata", str(path), verbosity=0)
    assert Initiative.objects.count() == 4


def test_good_file_beside_a_bad_one_is_not_loaded(db, tmp_path):
    row = {"model": "accounts.ward", "fields": {"slug": "kita", "name": "北区", "kana": "きたく"}}
    (tmp_path / "good.json").write_text(json.dumps([row]))
    (tmp_path / "bad.json").write_text(json.dumps([{**row, "fields": {**row["fields"], "slug": "北"}}]))
    with pytest.raises(CommandError, match="bad.json 1件目"):
        call_command("loaddata", str(tmp_path / "good.json"), str(tmp_path / "bad.json"), verbosity=0)
    assert not Ward.objects.exists()


def test_reference_further_down_is_found(based, plan, tmp_path):
    section = {"model": "accounts.section", "fields": {"ward": ["mihon"], "name": "広報課"}}
    record(plan, "initiative", number="1")["section"] = ["mihon", "広報課"]
    path = tmp_path / "plan.json"
    path.write_text(json.dumps([*plan, section]))
    call_command("loaddata", str(path), verbosity=0)
    assert Initiative.objects.get(number="1").section == Section.objects.get(name="広報課")


def test_twice_changes_nothing(based):
    call_command("loaddata", "plan_2020", verbosity=0)
    before = everything()
    out = StringIO()
    call_command("loaddata", "plan_2020", stdout=out)
    assert everything() == before
    assert out.getvalue() == "Installed 38 object(s) from 1 fixture(s)\n"


@pytest.fixture
def confirmed(clock, based):
    """The demo's plan as an office has it in summer: confirmed, windows set."""
    call_command("loaddata", "plan_2020", verbosity=0)
    live = YearPlan.objects.get()
    admin = User.objects.get(username="admin")
    workflow.confirm(live, by=admin, at=NOW, version=0)
    return live


def test_confirmed_plan_is_not_reset_by_its_fixture(confirmed, plan, refused):
    (line,) = refused(plan)
    assert "見本区 令和2年度の計画は確定しています。フィクスチャでは変えられません。" in line
    assert line.startswith("plan.json 1件目 年間計画")


@pytest.mark.parametrize(
    ("model", "fields", "change"),
    [
        ("initiative", {"number": "2"}, {"purpose": "・別の趣旨"}),
        ("target", {"key": "a1"}, {"wording": "【令和2年度】 9件"}),
        ("planphase", {"phase": "midyear"}, {"due_at": "2020-09-30T17:15:00+09:00"}),
        ("initiative", {"number": "2"}, {"number": "9"}),
    ],
)
def test_part_of_a_confirmed_plan_is_not_changed_either(confirmed, plan, refused, model, fields, change):
    record(plan, model, **fields).update(change)
    rest = [row for row in plan if row["model"] != "initiatives.yearplan"]
    faults = refused(rest)
    assert [fault for fault in faults if "見本区 令和2年度の計画は確定しています。" in fault]


def test_draft_that_was_edited_is_not_taken_back(confirmed, plan, refused):
    YearPlan.objects.update(status="draft", version=3)
    (line,) = refused(plan)
    assert "見本区 令和2年度の計画の案は、すでに編集されています。" in line


def test_rows_of_a_confirmed_plan_as_they_stand_are_no_change(confirmed, plan, tmp_path):
    rest = [row for row in plan if row["model"] != "initiatives.yearplan"]
    path = tmp_path / "rest.json"
    path.write_text(json.dumps(rest))
    before = everything()
    call_command("loaddata", str(path), verbosity=0)
    assert everything() == before


def test_dump_of_everything_comes_back(cast, tmp_path):
    """What is stored is valid, texts with tags and old figures included: a backup must not be refused."""
    cast.plan_in("published")
    cast.review_in("published")
    cast.review_in(
        "returned", "self_evaluation", answers=cast.answers("self_evaluation", results="<b>太字</b>")
    )
    User.objects.update(last_login=NOW)
    before = everything()
    path = tmp_path / "all.json"
    call_command("dumpdata", "accounts", "initiatives", "reviews", output=str(path), verbosity=0)
    # PostgreSQL empties no table whose checks are still to come.
    connection.check_constraints()
    call_command("flush", interactive=False, verbosity=0)
    assert not YearPlan.objects.exists()
    call_command("loaddata", str(path), verbosity=0)
    assert everything() == before
