"""The commands: what they print and store, and that a refusal stores nothing and ends with exit code 1."""

import datetime
import json
from io import StringIO

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.test import override_settings

from initiatives.models import Event, FormEdition, Initiative, PlanPhase, Target, YearPlan
from initiatives.plan_file import plan_content
from initiatives.refusals import Incomplete
from tests.cast import JST, NOW, difference, snapshot
from wardplan.accounts.models import Section, User, Ward
from wardplan.era import JST as JAPAN


def run(*words, **options):
    out = StringIO()
    call_command(*words, stdout=out, **options)
    return out.getvalue()


def refused(*words):
    """Run, expect a refusal with exit code 1 that changes nothing, and give its text."""
    before = snapshot()
    with pytest.raises(CommandError) as caught:
        run(*words)
    assert caught.value.returncode == 1
    assert difference(before, snapshot()) == {}
    return str(caught.value)


# --- load_demo -------------------------------------------------------------------------------------------


@pytest.fixture
def demo(clock, db):
    return run("load_demo")


def test_demo_plan_is_confirmed_on_record(demo):
    plan = YearPlan.objects.get()
    [event] = Event.objects.all()
    assert (plan.status, plan.version) == ("confirmed", 1)
    assert (event.verb, event.from_status, event.to_status, event.version) == (
        "confirm",
        "draft",
        "confirmed",
        1,
    )
    assert (event.by.username, event.by_post, event.at) == ("admin", "総務課 企画担当", NOW)
    assert event.content == json.loads(json.dumps(plan_content(plan)))
    assert len(event.content["initiatives"]) == 4


def test_demo_users_can_log_in(demo, client):
    users = {user.username: user for user in User.objects.all()}
    assert users.keys() == {"staff", "manager", "staff2", "manager2", "admin", "viewer", "other"}
    for name, user in users.items():
        assert user.check_password("wardplan-demo")
        assert f"  {name} " in demo
    assert "  staff     中村 彩 見本区 市民協働課 担当者 (staff)\n" in demo
    assert "  manager   西田 健一 見本区 市民協働課長 (manager)\n" in demo


@pytest.mark.parametrize(
    ("today", "due"),
    [
        (datetime.datetime(2020, 9, 25, 10, tzinfo=JST), (2020, 10, 2)),
        # a Saturday; 29 April to 6 May 2026 are holidays but for two days
        (datetime.datetime(2026, 11, 21, 10, tzinfo=JST), (2026, 11, 30)),
        (datetime.datetime(2026, 4, 26, 10, tzinfo=JST), (2026, 5, 7)),
        # 23:30 in London is the next day in Japan
        (datetime.datetime(2026, 11, 10, 23, 30, tzinfo=datetime.UTC), (2026, 11, 18)),
    ],
)
def test_demo_windows_lie_around_today(db, today, due):
    with time_machine.travel(today, tick=False):
        run("load_demo")
    phases = {row.phase: row for row in PlanPhase.objects.all()}
    assert phases.keys() == {"midyear", "self_evaluation"}
    for phase in phases.values():
        assert phase.due_at == datetime.datetime(*due, 17, 15, tzinfo=JAPAN)
        assert phase.opens_at < today < phase.due_at
        assert phase.closes_at - phase.due_at == datetime.timedelta(days=7)
    assert phases["midyear"].as_of == datetime.date(2020, 8, 31)
    assert phases["self_evaluation"].as_of == datetime.date(2021, 3, 31)


def test_demo_refuses_a_database_in_use(demo):
    Initiative.objects.filter(number="1").update(title="入力した題名")
    assert refused("load_demo") == "データベースが空ではないため、見本データは入れません。"


@pytest.mark.parametrize("row", ["ward", "user"])
def test_demo_if_empty_keeps_what_was_entered(db, row):
    if row == "ward":
        Ward.objects.create(slug="kita", name="北区", kana="きたく")
    else:
        User.objects.create(username="someone", name="氏名")
    assert run("load_demo", "--if-empty") == "入力済みのデータをそのまま使います。\n"
    assert not YearPlan.objects.exists()
    assert refused("load_demo").startswith("データベースが空ではない")


@pytest.mark.parametrize("words", [["load_demo"], ["load_demo", "--if-empty"]])
def test_demo_refuses_production(db, words):
    with override_settings(PRODUCTION=True):
        assert refused(*words) == "本番環境には見本データを入れられません。"
    assert not Ward.objects.exists()


def test_demo_is_loaded_whole_or_not_at_all(db, tmp_path, settings):
    """A plan whose sheets have no section loads, but cannot be confirmed."""
    for fixture in settings.FIXTURE_DIRS[0].glob("*.json"):
        text = fixture.read_text().replace('"section": ["mihon", "総務課"],\n      "purpose"', '"purpose"')
        (tmp_path / fixture.name).write_text(text)
    settings.FIXTURE_DIRS = [tmp_path]
    with pytest.raises(Incomplete):
        run("load_demo")
    assert not Ward.objects.exists()
    assert not FormEdition.objects.exists()


# --- dump_plan and load_plan -----------------------------------------------------------------------------


@pytest.fixture
def draft(cast):
    cast.plan_in("draft")
    return cast


@pytest.fixture
def file(draft, tmp_path):
    path = tmp_path / "plan.json"
    path.write_text(run("dump_plan", "mihon", "2020"))
    return path


def load(file, *more):
    return ["load_plan", str(file), "--ward", "mihon", "--year", "2020", *more]


def rewrite(file, old, new):
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


@pytest.mark.parametrize("year", ["2020", "R2", "令和2年度"])
def test_dump_prints_the_plan(cast, year):
    text = run("dump_plan", "mihon", year)
    assert text.startswith('{\n  "ward": "mihon",\n  "fiscal_year": 2020,\n')
    assert "人と人とのつながりづくり" in text
    assert json.loads(text) == plan_content(cast.plan)


@pytest.mark.parametrize(
    ("ward", "year", "words"),
    [
        ("mihon", "2021", "「mihon」の令和3年度の計画はありません。"),
        ("nowhere", "2020", "「nowhere」の令和2年度の計画はありません。"),
        ("mihon", "二年", "年度として読み取れません"),
    ],
)
def test_dump_refuses_what_does_not_exist(cast, ward, year, words):
    assert words in refused("dump_plan", ward, year)


def test_dumped_demo_plan_is_read_back_without_change(demo, tmp_path):
    file = tmp_path / "plan.json"
    text = run("dump_plan", "mihon", "2020")
    file.write_text(text)
    before = snapshot()
    assert run(*load(file)) == "見本区 令和2年度の計画は、ファイルと同じです。何も変えていません。\n"
    assert difference(before, snapshot()) == {}

    tsurumi = Ward.objects.get(slug="tsurumi")
    for name in ("市民協働課", "総務課"):
        Section.objects.create(ward=tsurumi, name=name)
    rewrite(file, '"ward": "mihon"', '"ward": "tsurumi"')
    run("load_plan", str(file), ward="tsurumi", year="R2")
    assert run("dump_plan", "tsurumi", "2020") == file.read_text()
    assert YearPlan.objects.get(ward=tsurumi).status == "draft"


def test_load_makes_a_draft_plan(draft, file):
    written = plan_content(draft.plan)
    draft.plan.delete()
    FormEdition.objects.create(code="old", title="前の様式", first_fiscal_year=2015)
    FormEdition.objects.create(code="r3", title="次の様式", first_fiscal_year=2021)
    rewrite(file, '  "edition": "r2",\n', "")
    out = run(*load(file))
    plan = YearPlan.objects.get()
    assert "見本区 令和2年度: 計画を新しく作ります\n" in out
    assert (plan.status, plan.version, plan.edition.code) == ("draft", 0, "r2")
    assert plan_content(plan) == written
    assert set(plan.phases.values_list("phase", "opens_at")) == {("midyear", None), ("self_evaluation", None)}
    assert not Event.objects.exists()


def test_load_goes_on_counting_after_a_deleted_draft(draft, file):
    Event.objects.create(
        ward=draft.ward, fiscal_year=2020, version=4, verb="delete", from_status="draft", to_status="draft",
        by=draft.admin, by_name="氏名", at=NOW,
    )  # fmt: skip
    draft.plan.delete()
    run(*load(file))
    assert YearPlan.objects.get().version == 4


def test_load_replaces_a_draft(draft, file):
    rewrite(file, "人と人とのつながりづくり", "人と地域のつながりづくり")
    out = run(*load(file))
    assert out.splitlines() == [
        "取組項目1「人と人とのつながりづくり」の取組項目名: "
        "「人と人とのつながりづくり」 → 「人と地域のつながりづくり」",
        "見本区 令和2年度の計画を案として読み込みました(1か所)。",
    ]
    assert Initiative.objects.get(number="1").title == "人と地域のつながりづくり"
    assert not Event.objects.exists()


def test_load_twice_changes_nothing(draft, file):
    rewrite(file, "人と人とのつながりづくり", "人と地域のつながりづくり")
    run(*load(file))
    before = snapshot()
    assert run(*load(file)) == "見本区 令和2年度の計画は、ファイルと同じです。何も変えていません。\n"
    assert difference(before, snapshot()) == {}


def test_dry_run_tells_and_stores_nothing(draft, file):
    rewrite(file, "人と人とのつながりづくり", "人と地域のつながりづくり")
    before = snapshot()
    out = run(*load(file, "--dry-run"))
    assert "取組項目1「人と人とのつながりづくり」の取組項目名" in out
    assert out.endswith("1か所が変わります。まだ何も変えていません。\n")
    assert difference(before, snapshot()) == {}


def test_what_is_registered_already_is_not_announced_as_new(draft, file):
    content = plan_content(draft.plan)
    content["indicators"][0]["source"] = "区民アンケート"
    content["indicators"].append({"name": "新しい指標", "unit": "件"})
    content["measurements"].append({"indicator": "新しい指標", "fiscal_year": 2018, "value": "3"})
    content["initiatives"][0]["targets"][1]["indicator"] = "新しい指標"
    for baseline in content["initiatives"][0]["targets"][1]["baselines"]:
        baseline["value"] = None
    file.write_text(json.dumps(content))
    draft.plan.delete()
    expected = [
        "指標「連携した取組の件数」の出典: (なし) → 「区民アンケート」",
        "指標「新しい指標」: 加わります",
        "「新しい指標」の平成30年度の実績3: 加わります",
    ]
    for more in (["--dry-run"], []):
        out = run(*load(file, *more))
        assert [line for line in out.splitlines() if line.startswith(("指標", "「"))] == expected


def test_dry_run_makes_no_plan(draft, file):
    draft.plan.delete()
    assert "計画を新しく作ります" in run(*load(file, "--dry-run"))
    assert not YearPlan.objects.exists()


def test_load_by_a_user_is_on_record(draft, file):
    rewrite(file, "人と人とのつながりづくり", "人と地域のつながりづくり")
    run(*load(file, "--by", draft.admin.username))
    [event] = Event.objects.all()
    assert (event.verb, event.by, event.version) == ("edit", draft.admin, 1)
    assert event.content["initiatives"][0]["title"] == "人と地域のつながりづくり"
    assert YearPlan.objects.get().version == 1
    run(*load(file, "--by", draft.admin.username))
    assert Event.objects.count() == 1


def test_load_by_somebody_without_the_right_is_refused(draft, file):
    rewrite(file, "人と人とのつながりづくり", "人と地域のつながりづくり")
    assert refused(*load(file, "--by", draft.staff.username)) == "この操作は、取りまとめ担当が行います。"
    assert refused(*load(file, "--by", "nobody")) == "利用者「nobody」は登録されていません。"


@pytest.mark.parametrize("status", ["confirmed", "published"])
@pytest.mark.parametrize("more", [[], ["--dry-run"]])
def test_load_never_overwrites_a_confirmed_plan(draft, file, status, more):
    draft.plan_in(status)
    assert run(*load(file, *more)).endswith("何も変えていません。\n")
    rewrite(file, "人と人とのつながりづくり", "人と地域のつながりづくり")
    text = refused(*load(file, *more))
    assert text.startswith("見本区 令和2年度の計画は確定しているため、読み込みません。")
    assert "取組項目1「人と人とのつながりづくり」の取組項目名" in text


def test_load_takes_the_edition_that_is_named(draft, file):
    other = FormEdition.objects.create(code="r2b", title="別の様式", first_fiscal_year=2020)
    assert "edition: 様式の版が違います。この計画の様式はr2bです。" in refused(
        *load(file, "--edition", "r2b")
    )
    rewrite(file, '"edition": "r2"', '"edition": "r2b"')
    run(*load(file))
    plan = YearPlan.objects.get()
    assert (plan.edition, plan.phases.count()) == (other, 0)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--ward", "nowhere"], "「nowhere」という区は登録されていません。"),
        (["--ward", "tonari"], "ward: 「mihon」の計画です。"),
        (["--year", "2021"], "fiscal_year: 令和2年度の計画です。令和3年度の計画には取り込めません。"),
        (["--year", "令和0年度"], "令和0年はありません"),
        (["--edition", "h29"], "様式の版「h29」は登録されていません。"),
    ],
)
def test_arguments_must_agree_with_the_file(draft, file, more, words):
    Ward.objects.filter(pk=draft.neighbour.pk).update(slug="tonari")
    assert words in refused(*load(file), *more)


def test_year_without_a_form_is_refused(draft, file):
    rewrite(file, '"fiscal_year": 2020,\n  "edition": "r2",', '"fiscal_year": 2019,')
    assert refused("load_plan", str(file), "--ward", "mihon", "--year", "2019").startswith(
        "令和元年度に使える様式の版がありません。"
    )


BAD_FILES = {
    "missing ward": lambda text: text.replace('  "ward": "mihon",\n', ""),
    "duplicate number": lambda text: text.replace('"number": "2"', '"number": "1"'),
    "unknown field": lambda text: text.replace('"purpose"', '"purpouse"', 1),
    "wrong year": lambda text: text.replace(
        '"fiscal_year": 2020,\n  "edition"', '"fiscal_year": 2021,\n  "edition"'
    ),
    "era year 0": lambda text: text.replace('"fiscal_year": 2018', '"fiscal_year": "令和0年度"', 1),
    "no such day": lambda text: text.replace('"as_of": null', '"as_of": "2019-02-29"', 1),
    "tags": lambda text: text.replace('"・', '"<p>(趣旨・目的)</p> <ul>・', 1),
    "half-written": lambda text: text[: len(text) // 2],
    "not a number": lambda text: text.replace('"value": "8"', '"value": NaN', 1),
}
EXPECTED = {
    "missing ward": "ward: 記入してください。",
    "duplicate number": "initiatives[1].number: 取組項目1: 番号「1」が2回あります。",
    "unknown field": "initiatives[0]: 取組項目1: 「purpouse」という項目はありません。",
    "wrong year": "fiscal_year: 令和3年度の計画です。",
    "era year 0": "measurements[0].fiscal_year: 令和0年はありません",
    "no such day": "measurements[0].as_of: 「2019-02-29」という日はありません。",
    "tags": "initiatives[0].purpose: 取組項目1: HTMLタグ「<p>」が含まれています。",
    "half-written": "行目の",
    "not a number": "NaNは数値として使えません。",
}


@pytest.mark.parametrize("fault", BAD_FILES)
def test_bad_file_is_refused_whole(draft, file, fault):
    text = file.read_text().replace("・清掃活動", "・別の活動")
    spoilt = BAD_FILES[fault](text)
    assert spoilt != text
    file.write_text(spoilt)
    assert EXPECTED[fault] in refused(*load(file))
    assert EXPECTED[fault] in refused(*load(file, "--dry-run"))


def test_file_with_bom_is_read(draft, file):
    rewrite(file, "・清掃活動", "・別の活動")
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes())
    run(*load(file))
    assert "・別の活動" in Initiative.objects.get(number="1").activities


def test_file_in_another_encoding_is_refused(draft, file):
    file.write_bytes(file.read_text().encode("cp932"))
    assert "文字コードがUTF-8ではありません" in refused(*load(file))


def test_refusal_counts_and_lists_every_fault(draft, file):
    rewrite(file, '"kind": "absolute"', '"kind": "絶対"')
    text = refused(*load(file))
    assert text.startswith("読み込めません。3か所を直してください。\n")
    assert len(text.splitlines()) == 4


@pytest.mark.parametrize("name", ["plan.xlsx", "plan.txt", "plan"])
def test_broken_workbook_is_refused_whatever_its_name(draft, tmp_path, name):
    path = tmp_path / name
    path.write_bytes(b"PK\x03\x04")
    assert "ファイルが壊れていて読み取れません。Excelで開けるか確かめ" in refused(*load(path))


def test_file_that_is_not_there_is_refused(draft, tmp_path):
    assert "を開けません" in refused(*load(tmp_path / "nothing.json"))


def test_figure_that_stands_already_is_named(draft, file):
    text = file.read_text().replace('"value": "7"', '"value": "6"')
    file.write_text(text)
    assert "すでに7件と入力されています。6件に直すときは" in refused(*load(file))
    assert Target.objects.count() == 4
