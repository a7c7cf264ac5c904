"""The JSON plan file: what it says, what it refuses and where, and that a plan comes back as it went out."""

import copy
import datetime
import json
from decimal import Decimal

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from initiatives.models import (
    Baseline,
    Event,
    Indicator,
    Initiative,
    Measurement,
    PlanPhase,
    Target,
    TargetResolution,
    YearPlan,
)
from initiatives.plan_file import (
    PlanErrors,
    apply_plan,
    check_plan,
    plan_changes,
    plan_content,
    read_plan_text,
)
from tests.cast import NOW, difference, scratch, snapshot
from wardplan.accounts.models import Section
from wardplan.fiscal_year import FiscalYear

COUNT = "連携した取組の件数"
CASES = "不適切な事務処理事案の件数"


@pytest.fixture
def content(cast):
    cast.plan_in("draft")
    cast.plan.refresh_from_db()
    return plan_content(cast.plan)


def problems(cast, content):
    """Apply, expect a refusal that changes nothing, and give place -> sentence."""
    before = snapshot()
    with pytest.raises(PlanErrors) as caught, transaction.atomic():
        apply_plan(cast.plan, content, by=None, at=NOW)
    assert difference(before, snapshot()) == {}
    places = {}
    for place, sentence in caught.value.problems:
        places[place] = sentence
    assert len(places) == len(caught.value.problems)
    return places


def change(content, path, value):
    """Set what stands at a path such as initiatives[0].title."""
    *way, last = path.replace("[", ".").replace("]", "").split(".")
    place = content
    for step in way:
        place = place[int(step) if step.isdigit() else step]
    place[int(last) if last.isdigit() else last] = value


def apply(cast, content):
    with transaction.atomic():
        apply_plan(cast.plan, content, by=cast.admin, at=NOW)
    return plan_content(YearPlan.objects.get(pk=cast.plan.pk))


# --- out -------------------------------------------------------------------------------------------------


def test_content_names_everything(cast, content):
    assert {key: content[key] for key in ("ward", "fiscal_year", "edition")} == {
        "ward": "mihon",
        "fiscal_year": 2020,
        "edition": "r2",
    }
    assert content["indicators"] == [
        {"name": COUNT, "unit": "件", "direction": "higher", "definition": "", "source": ""},
        {"name": CASES, "unit": "件", "direction": "lower", "definition": "", "source": ""},
    ]
    assert [(row["indicator"], row["fiscal_year"], row["value"]) for row in content["measurements"]] == [
        (COUNT, 2018, "8"),
        (CASES, 2018, "7"),
        (CASES, 2019, "10"),
    ]
    first, second = content["initiatives"]
    assert [target["key"] for target in first["targets"]] == ["p1", "a1", "a2"]
    assert (second["number"], second["section"], second["overview"]) == ("2", "総務課", "")


def test_content_leaves_out_what_does_not_apply(cast, content):
    _, absolute, relative = content["initiatives"][0]["targets"]
    assert absolute == {
        "key": "a1",
        "scope": "annual",
        "indicator": COUNT,
        "unit": "件",
        "direction": "higher",
        "heading": "",
        "fiscal_year": 2020,
        "kind": "absolute",
        "comparator": "",
        "value": "8",
        "wording": "【令和2年度】 8件",
        "baselines": [{"fiscal_year": 2019, "value": None}, {"fiscal_year": 2018, "value": "8"}],
    }
    assert relative == {
        "key": "a2",
        "scope": "annual",
        "indicator": CASES,
        "unit": "件",
        "direction": "lower",
        "heading": "",
        "fiscal_year": 2020,
        "kind": "relative",
        "comparator": "",
        "change": "-10",
        "change_unit": "percent",
        "base_fiscal_year": 2019,
        "wording": "【令和2年度】令和元年度件数の実績から10%減",
        "quote": "(平成30年度7件)",
        "baselines": [{"fiscal_year": 2018, "value": "7"}],
    }


def test_content_gives_this_wards_current_figures_only(cast):
    Indicator.objects.filter(name=COUNT).update(ward=None)
    old = Measurement.objects.get(indicator=cast.shared_indicator, fiscal_year=2018)
    Measurement.objects.filter(pk=old.pk).update(superseded_at=NOW)
    for ward, value in [(cast.ward, "8.5"), (cast.neighbour, "99")]:
        Measurement.objects.create(
            indicator=cast.shared_indicator, ward=ward, fiscal_year=2018, value=Decimal(value), at=NOW
        )
    content = plan_content(cast.plan)
    assert content["indicators"][0]["city_wide"] is True
    assert [row["value"] for row in content["measurements"] if row["indicator"] == COUNT] == ["8.5"]


def test_content_names_last_years_sheet_and_unconfirmed_fields(cast, content):
    last = YearPlan.objects.create(ward=cast.ward, fiscal_year=2019, edition=cast.edition)
    before = Initiative.objects.create(plan=last, number="1-2", title="前の年")
    Initiative.objects.filter(number="1").update(continues=before, unconfirmed=["purpose"])
    first = plan_content(cast.plan)["initiatives"][0]
    assert (first["continues"], first["unconfirmed"]) == ("1-2", ["purpose"])
    assert apply(cast, plan_content(cast.plan))["initiatives"][0] == first


@pytest.mark.parametrize("sheets", [1, 3, 30])
def test_content_takes_the_same_queries_at_any_size(cast, sheets, django_assert_num_queries):
    for number in range(3, sheets + 3):
        row = Initiative.objects.create(plan=cast.plan, number=str(number), position=number, title="取組")
        target = Target.objects.create(
            initiative=row,
            key="a1",
            scope="annual",
            indicator=cast.shared_indicator,
            kind="none",
            fiscal_year=2020,
        )
        Baseline.objects.create(target=target, fiscal_year=2018)
    plan = YearPlan.objects.select_related("ward", "edition").get(pk=cast.plan.pk)
    with django_assert_num_queries(4):
        plan_content(plan)


# --- text to content -------------------------------------------------------------------------------------


def unreadable(text):
    with pytest.raises(PlanErrors) as caught:
        read_plan_text(text)
    [(place, sentence)] = caught.value.problems
    assert place == ""
    return sentence


def test_text_is_read_with_and_without_bom(content):
    text = json.dumps(content, ensure_ascii=False, indent=2)
    for spelling in (text, text.encode(), b"\xef\xbb\xbf" + text.encode(), "\ufeff" + text):
        assert read_plan_text(spelling) == content


def test_half_written_text_is_refused_with_its_line(content):
    text = json.dumps(content, ensure_ascii=False, indent=2)
    cut = text[: text.index("市民協働課")]
    assert f"{cut.count(chr(10)) + 1}行目の" in unreadable(cut)
    assert unreadable("").startswith("1行目の1文字目で、JSONとして読み取れなくなりました。")


def test_text_in_another_encoding_is_refused_with_its_line():
    assert unreadable('{"ward":\n"見本区"}'.encode("cp932")).startswith(
        "2行目の文字コードがUTF-8ではありません"
    )
    assert "UTF-8で保存し直してください" in unreadable('{"ward": "mihon"}'.encode("utf-16"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[]", "計画ファイルではありません"),
        ("null", "計画ファイルではありません"),
        ('{"value": NaN}', "NaNは数値として使えません"),
        ('{"value": -Infinity}', "-Infinityは数値として使えません"),
        ('{"ward": "a", "ward": "b"}', "「ward」が2回あります"),
        ('{"value": ' + "9" * 5000 + "}", "桁の多すぎる数値"),
        ("[" * 100_000, "入れ子が深すぎます"),
    ],
    ids=["list", "null", "nan", "infinity", "key-twice", "digits", "deep"],
)
def test_text_that_is_no_plan_file_is_refused(text, words):
    assert words in unreadable(text)


# --- faults, each with its place -------------------------------------------------------------------------

FIRST = "initiatives[0]"
ABSOLUTE = "initiatives[0].targets[1]"
RELATIVE = "initiatives[0].targets[2]"
FAULTS = [
    # the file as a whole
    ("ward", "kita", "ward", "「kita」の計画です。見本区(mihon)には取り込めません。"),
    ("ward", None, "ward", "記入してください。"),
    ("fiscal_year", 2021, "fiscal_year", "令和3年度の計画です。令和2年度の計画には取り込めません。"),
    ("fiscal_year", "令和0年度", "fiscal_year", "令和0年はありません"),
    ("fiscal_year", "平成31年", "fiscal_year", "年か年度か分かりません"),
    ("fiscal_year", True, "fiscal_year", "年度として読み取れません"),
    ("edition", "h29", "edition", "様式の版が違います"),
    ("budget", 1, "", "「budget」という項目はありません"),
    ("indicators", {}, "indicators", "[ ]で囲んだ一覧"),
    ("initiatives", None, "initiatives", "取組項目の一覧がありません"),
    # indicators and figures
    ("indicators[1].name", COUNT, "indicators[1].name", "2回あります"),
    ("indicators[0].direction", "up", "indicators[0].direction", "higher、lower、noneのどれか"),
    ("indicators[0].unit", "件" * 21, "indicators[0].unit", "20文字以内"),
    ("indicators[0].city_wide", "yes", "indicators[0].city_wide", "trueかfalse"),
    (
        "indicators[0].city_wide",
        True,
        "indicators[0].name",
        "全区共通の指標に「連携した取組の件数」はありません",
    ),
    ("measurements[0].indicator", "知らない指標", "measurements[0].indicator", "がありません"),
    ("measurements[0].value", None, "measurements[0].value", "数値を入力してください"),
    ("measurements[0].as_of", "2019-02-29", "measurements[0].as_of", "という日はありません"),
    ("measurements[0].as_of", "令和元年4月1日", "measurements[0].as_of", "5月1日に始まりました"),
    ("measurements[0].as_of", 5, "measurements[0].as_of", "日付として読み取れません"),
    ("measurements[2].fiscal_year", 2018, "measurements[2]", "2回あります"),
    # sheets
    (FIRST, "取組", FIRST, "{ }で囲んだ項目"),
    (f"{FIRST}.number", "2", "initiatives[1].number", "取組項目2: 番号「2」が2回あります"),
    (f"{FIRST}.number", "１", f"{FIRST}.number", "番号は半角の数字で"),
    (f"{FIRST}.number", None, f"{FIRST}.number", "番号の分からない取組項目: 記入してください"),
    (f"{FIRST}.title", "\u3000\u200b", f"{FIRST}.title", "取組項目1: 記入してください"),
    (f"{FIRST}.title", 5, f"{FIRST}.title", "文字列ではありません"),
    (f"{FIRST}.title", "あ" * 201, f"{FIRST}.title", "200文字以内"),
    (f"{FIRST}.section", "広報課", f"{FIRST}.section", "はこの区にありません(登録済み: 市民協働課、総務課)"),
    (f"{FIRST}.continues", "9", f"{FIRST}.continues", "前年度に取組項目「9」はありません"),
    (f"{FIRST}.unconfirmed", "purpose", f"{FIRST}.unconfirmed", "[ ]で囲んだ文字列の一覧"),
    (f"{FIRST}.budget", "1", FIRST, "取組項目1: 「budget」という項目はありません"),
    (
        f"{FIRST}.purpose",
        "<p>(趣旨・目的)</p>",
        f"{FIRST}.purpose",
        "取組項目1: HTMLタグ「<p>」が含まれています",
    ),
    (f"{FIRST}.overview", '<ul style="x">・', f"{FIRST}.overview", 'HTMLタグ「<ul style="x">」'),
    (f"{FIRST}.activities", "壊れた\x00字", f"{FIRST}.activities", "壊れた文字"),
    (f"{FIRST}.activities", "壊れた\ud800字", f"{FIRST}.activities", "壊れた文字"),
    (f"{FIRST}.activities", "制御\x01文字\x02", f"{FIRST}.activities", "制御文字が2個"),
    # targets
    (f"{FIRST}.targets", "p1", f"{FIRST}.targets", "[ ]で囲んだ一覧"),
    (f"{ABSOLUTE}.key", "p1", f"{ABSOLUTE}.key", "取組項目1の目標p1: キー「p1」が2回あります"),
    (f"{ABSOLUTE}.key", "A 1", f"{ABSOLUTE}.key", "キーは半角の英小文字"),
    (f"{ABSOLUTE}.scope", "yearly", f"{ABSOLUTE}.scope", "policy、annualのどれか"),
    (f"{ABSOLUTE}.scope", None, f"{ABSOLUTE}.scope", "入力してください"),
    (f"{ABSOLUTE}.kind", "絶対", f"{ABSOLUTE}.kind", "absolute、relative、range"),
    (f"{ABSOLUTE}.kind", ["none"], f"{ABSOLUTE}.kind", "使えません"),
    (f"{ABSOLUTE}.comparator", "以上", f"{ABSOLUTE}.comparator", "ge、le、gt、lt、eq"),
    (f"{ABSOLUTE}.value", None, f"{ABSOLUTE}.value", "目標値を入力してください"),
    (f"{ABSOLUTE}.value", "約8", f"{ABSOLUTE}.value", "「約8」は数値として読み取れません"),
    (f"{ABSOLUTE}.value", "-", f"{ABSOLUTE}.value", "「-」だけでは数値になりません"),
    (f"{ABSOLUTE}.value", "1e400", f"{ABSOLUTE}.value", "数値として読み取れません"),
    (f"{ABSOLUTE}.value", 0.00001, f"{ABSOLUTE}.value", "数値として読み取れません"),
    (f"{ABSOLUTE}.value", [8], f"{ABSOLUTE}.value", "数値として読み取れません"),
    (f"{ABSOLUTE}.value", True, f"{ABSOLUTE}.value", "数値として読み取れません"),
    (f"{ABSOLUTE}.wording", "", f"{ABSOLUTE}.wording", "取組項目1の目標a1: 記入してください"),
    (f"{ABSOLUTE}.unit", "%", f"{ABSOLUTE}.unit", "単位が指標の「件」と違います"),
    (f"{ABSOLUTE}.direction", "lower", f"{ABSOLUTE}.direction", "よい方向が指標の「higher」と違います"),
    (f"{ABSOLUTE}.fiscal_year", "H0", f"{ABSOLUTE}.fiscal_year", "平成0年はありません"),
    (f"{ABSOLUTE}.kind", "range", f"{ABSOLUTE}.value_max", "上限を入力してください"),
    (f"{ABSOLUTE}.kind", "cumulative", f"{ABSOLUTE}.from_fiscal_year", "初年度を入力してください"),
    (f"{RELATIVE}.value", "0", f"{RELATIVE}.value", "目標値を空にしてください"),
    (f"{RELATIVE}.change_unit", None, f"{RELATIVE}.change_unit", "増減の単位"),
    # baselines
    (f"{ABSOLUTE}.baselines[0]", 2019, f"{ABSOLUTE}.baselines[0]", "{ }で囲んだ項目"),
    (f"{ABSOLUTE}.baselines[0].fiscal_year", 2018, f"{ABSOLUTE}.baselines[1].fiscal_year", "2回あります"),
    (
        f"{ABSOLUTE}.baselines[1].value",
        "9",
        f"{ABSOLUTE}.baselines[1].value",
        "ファイルのほかの所では8件です",
    ),
    (f"{ABSOLUTE}.baselines[0].note", "", f"{ABSOLUTE}.baselines[0]", "「note」という項目はありません"),
]


@pytest.mark.parametrize(("path", "value", "place", "words"), FAULTS, ids=[ascii(row[:2]) for row in FAULTS])
def test_fault_is_named_with_its_place(cast, content, path, value, place, words):
    change(content, path, value)
    found = problems(cast, content)
    assert list(found) == [place]
    assert words in found[place]


def test_every_fault_is_named_at_once(cast, content):
    for path, value in [
        ("fiscal_year", 2021),
        ("indicators[0].direction", "up"),
        (f"{FIRST}.title", ""),
        (f"{ABSOLUTE}.value", "八"),
        (f"{RELATIVE}.baselines[0].fiscal_year", "平成31年"),
        ("initiatives[1].purpose", "<br>"),
    ]:
        change(content, path, value)
    assert sorted(problems(cast, content)) == [
        "fiscal_year",
        "indicators[0].direction",
        "initiatives[0].targets[1].value",
        "initiatives[0].targets[2].baselines[0].fiscal_year",
        "initiatives[0].title",
        "initiatives[1].purpose",
    ]


def test_range_and_sum_must_be_in_order(cast, content):
    change(content, ABSOLUTE, {**content["initiatives"][0]["targets"][1], "kind": "range", "value_max": "0"})
    assert problems(cast, content) == {
        f"{ABSOLUTE}.value_max": "取組項目1の目標a1: 上限は下限以上にしてください。"
    }
    change(content, f"{ABSOLUTE}.kind", "cumulative")
    change(content, f"{ABSOLUTE}.from_fiscal_year", 2021)
    assert problems(cast, content) == {
        f"{ABSOLUTE}.from_fiscal_year": "取組項目1の目標a1: 合計の初年度は、目標年度以前にしてください。"
    }


def test_more_than_any_plan_holds_is_refused(cast, content):
    target = content["initiatives"][0]["targets"][1]
    change(content, f"{FIRST}.targets", [{**target, "key": f"a{number}"} for number in range(10_000)])
    assert problems(cast, content) == {
        f"{FIRST}.targets": "目標が10,000件あります。1つの取組項目に40件までです。確かめてください。"
    }
    sheet = {**content["initiatives"][1], "targets": [target] * 40}
    change(content, "initiatives", [{**sheet, "number": str(number)} for number in range(250)])
    assert "目標が全部で10,000件あります" in problems(cast, content)["initiatives"]
    change(content, "initiatives", [sheet] * 501)
    assert "取組項目が501件あります" in problems(cast, content)["initiatives"]


@pytest.mark.parametrize("content", [None, [], "計画", 5])
def test_content_of_another_type_is_refused(cast, content):
    assert list(problems(cast, content)) == [""]


def test_message_with_a_broken_character_can_be_printed(cast, content):
    change(content, f"{ABSOLUTE}.kind", "\ud800")
    with pytest.raises(PlanErrors) as caught:
        apply_plan(cast.plan, content, by=None, at=NOW)
    str(caught.value).encode()


# --- what is understood ----------------------------------------------------------------------------------


@pytest.mark.parametrize("year", [2020, "2020", "令和2年度", "令和２年度", "R02", "平成32年度", "2020年度"])
def test_spellings_of_a_year_are_understood(cast, content, year):
    change(content, "fiscal_year", year)
    change(content, f"{ABSOLUTE}.fiscal_year", year)
    assert apply(cast, content)["initiatives"][0]["targets"][1]["fiscal_year"] == 2020


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("９", "9"),
        ("４３．３", "43.3"),
        ("９件", "9"),
        ("9 件", "9"),
        (9, "9"),
        (Decimal("43.30"), "43.3"),
        (43.3, "43.3"),
        ("▲5", "-5"),
        ("1,200", "1200"),
        (0, "0"),
    ],
)
def test_spellings_of_a_number_are_understood(cast, content, typed, value):
    change(content, f"{ABSOLUTE}.value", typed)
    assert apply(cast, content)["initiatives"][0]["targets"][1]["value"] == value


def test_text_is_kept_character_for_character(cast, content):
    text = "・①ⅰ㈱　髙﨑𠮟 か\u3099〜 5 < 6\t終\u200b"
    change(content, f"{FIRST}.activities", text + "\r\n次の行\n")
    assert apply(cast, content)["initiatives"][0]["activities"] == text + "\n次の行\n"


def test_target_without_year_belongs_to_the_plans(cast, content):
    del content["initiatives"][0]["targets"][1]["fiscal_year"]
    assert apply(cast, content)["initiatives"][0]["targets"][1]["fiscal_year"] == 2020


def test_year_of_a_date_may_be_an_era(cast, content):
    change(content, "measurements[0].as_of", "平成31年3月31日")
    assert apply(cast, content)["measurements"][0]["as_of"] == "2019-03-31"


# --- rows ------------------------------------------------------------------------------------------------


def test_same_file_writes_nothing(cast, content):
    before = snapshot()
    apply(cast, content)
    assert difference(before, snapshot()) == {}


def test_rows_keep_their_primary_keys(cast, content):
    kept = {row.number: row.pk for row in Initiative.objects.all()}, {row.pk for row in Target.objects.all()}
    change(content, f"{FIRST}.title", "人と地域のつながりづくり")
    change(content, f"{ABSOLUTE}.wording", "【令和2年度】 9件")
    change(content, f"{ABSOLUTE}.value", "9")
    content["initiatives"].reverse()
    apply(cast, content)
    now = {row.number: row.pk for row in Initiative.objects.all()}, {row.pk for row in Target.objects.all()}
    assert now == kept
    target = Target.objects.get(initiative__number="1", key="a1")
    assert (target.wording, target.value, target.initiative.title) == (
        "【令和2年度】 9件",
        9,
        "人と地域のつながりづくり",
    )


def test_sheets_sort_as_people_read(cast, content):
    content["initiatives"] += [
        {"number": number, "title": "取組", "targets": []} for number in ("10", "1-2", 3, "1-1-1")
    ]
    numbers = [row["number"] for row in apply(cast, content)["initiatives"]]
    assert numbers == ["1", "1-1-1", "1-2", "2", "3", "10"]


def test_what_the_file_no_longer_names_is_removed(cast, content):
    del content["initiatives"][1]
    del content["initiatives"][0]["targets"][0]
    del content["initiatives"][0]["targets"][0]["baselines"][0]
    after = apply(cast, content)
    assert after["initiatives"] == content["initiatives"]
    assert Target.objects.count() == 2
    assert list(Baseline.objects.filter(target__key="a1").values_list("fiscal_year", "position")) == [
        (2018, 1)
    ]
    assert Indicator.objects.count() == 2


def test_sheet_with_a_review_cannot_vanish(cast, content):
    cast.review_in("draft", initiative=cast.other_initiative)
    del content["initiatives"][1]
    assert problems(cast, content) == {
        "initiatives": "取組項目2「区政会議の開催」には記録があるため、なくせません。"
    }


def test_sheet_with_an_event_only_cannot_vanish(cast, content):
    review = cast.review_in("draft", initiative=cast.other_initiative)
    review.delete()
    assert Event.objects.filter(initiative=cast.other_initiative).exists()
    del content["initiatives"][1]
    assert list(problems(cast, content)) == ["initiatives"]


def test_target_with_a_dated_number_cannot_vanish(cast, content):
    TargetResolution.objects.create(
        target=cast.relative_target, value=9, base_value=10, by=cast.admin, at=NOW
    )
    del content["initiatives"][0]["targets"][2]
    assert problems(cast, content) == {
        "initiatives": "取組項目1の目標a2には確定した目標値があるため、なくせません。"
    }


def test_phases_of_the_edition_are_made_and_keep_their_windows(cast, content):
    PlanPhase.objects.filter(phase="midyear").delete()
    opens = PlanPhase.objects.get(phase="self_evaluation").opens_at
    apply(cast, content)
    phases = {row.phase: row.opens_at for row in PlanPhase.objects.filter(plan=cast.plan)}
    assert phases == {"midyear": None, "self_evaluation": opens}


def test_status_version_and_record_are_left_alone(cast, content):
    change(content, f"{FIRST}.title", "別の題名")
    apply(cast, content)
    plan = YearPlan.objects.get(pk=cast.plan.pk)
    assert (plan.status, plan.version, Event.objects.count()) == ("draft", 0, 0)


# --- indicators and figures ------------------------------------------------------------------------------


def city_wide(cast, **fields):
    return Indicator.objects.create(ward=None, **{"name": "区民の割合", "unit": "%", **fields})


def use(content, name, **fields):
    """Let target a1 promise something on another indicator."""
    target = content["initiatives"][0]["targets"][1]
    for key in ("unit", "direction"):
        del target[key]
    target |= {"indicator": name, "baselines": [], **fields}


def test_indicator_of_the_ward_comes_before_the_city_wide_one(cast, content):
    city_wide(cast, name=COUNT, unit="件", direction="higher")
    apply(cast, content)
    assert Target.objects.get(initiative__number="1", key="a1").indicator == cast.shared_indicator


def test_city_wide_indicator_is_found_and_not_made_again(cast, content):
    row = city_wide(cast)
    use(content, "区民の割合")
    after = apply(cast, content)
    assert Target.objects.get(initiative__number="1", key="a1").indicator == row
    assert {"name": "区民の割合", "city_wide": True, "unit": "%"}.items() <= after["indicators"][1].items()
    assert apply(cast, after) == after


def test_city_wide_indicator_is_not_changed_by_a_ward(cast, content):
    city_wide(cast, direction="higher", source="区民アンケート")
    use(content, "区民の割合")
    content["indicators"].append({"name": "区民の割合", "unit": "件", "direction": "", "source": "別の調査"})
    assert list(problems(cast, content)) == ["indicators[2].unit", "indicators[2].source"]


def test_blanks_beside_a_city_wide_indicator_leave_it_as_it_is(cast, content):
    row = city_wide(cast, direction="higher", source="区民アンケート")
    use(content, "区民の割合")
    content["indicators"].append({"name": "区民の割合", "unit": "%", "direction": "", "source": ""})
    apply(cast, content)
    row.refresh_from_db()
    assert (row.direction, row.source) == ("higher", "区民アンケート")


def test_unknown_indicator_is_made_for_the_ward(cast, content):
    use(content, "参加者の数", unit="人", direction="higher")
    content["initiatives"][0]["targets"][1]["baselines"] = [{"fiscal_year": 2019, "value": "1,200人"}]
    apply(cast, content)
    row = Indicator.objects.get(name="参加者の数")
    assert (row.ward, row.unit, row.direction) == (cast.ward, "人", "higher")
    figure = row.measurements.get()
    assert (figure.ward, figure.fiscal_year, figure.value, figure.by) == (cast.ward, 2019, 1200, cast.admin)


def test_targets_must_agree_on_a_new_indicator(cast, content):
    use(content, "参加者の数", unit="人")
    content["initiatives"][1]["targets"][0] |= {"indicator": "参加者の数", "unit": "件"}
    found = problems(cast, content)
    assert "単位が指標の「人」と違います" in found["initiatives[1].targets[0].unit"]


def test_indicator_keeps_what_the_file_does_not_name(cast, content):
    Indicator.objects.filter(name=COUNT).update(definition="数え方", contact="市民協働課")
    content["indicators"][0] = {"name": COUNT, "source": "活動報告"}
    apply(cast, content)
    row = Indicator.objects.get(name=COUNT)
    assert (row.unit, row.definition, row.source, row.contact) == ("件", "数え方", "活動報告", "市民協働課")


def test_another_standing_figure_is_refused_and_named(cast, content):
    for path in ("measurements[0].value", f"{ABSOLUTE}.baselines[1].value"):
        change(content, path, "9")
    found = problems(cast, content)
    assert found == {
        "measurements[0].value": "指標「連携した取組の件数」の"
        "平成30年度の実績は、すでに8件と入力されています。"
        "9件に直すときは、先に実績を訂正してください。"
    }


def test_new_figure_fills_the_blank_baseline(cast, content):
    assert content["initiatives"][0]["targets"][1]["baselines"][0] == {"fiscal_year": 2019, "value": None}
    content["measurements"].append({"indicator": COUNT, "fiscal_year": "R元", "value": "0"})
    after = apply(cast, content)
    assert after["initiatives"][0]["targets"][1]["baselines"][0] == {"fiscal_year": 2019, "value": "0"}


def test_words_about_a_standing_figure_supersede_it_on_record(cast, content):
    change(content, "measurements[0].source", "活動報告書")
    change(content, "measurements[0].as_of", "2019-03-31")
    apply(cast, content)
    old, new = Measurement.objects.filter(indicator__name=COUNT, fiscal_year=2018).order_by("pk")
    assert (old.superseded_at, old.source) == (NOW, "")
    assert (new.superseded_at, new.source, new.as_of) == (None, "活動報告書", datetime.date(2019, 3, 31))
    assert (new.value, new.reason, new.by) == (8, "計画ファイルの取込", cast.admin)


def test_figures_are_never_taken_away(cast, content):
    content["measurements"] = []
    for target in content["initiatives"][0]["targets"]:
        target["baselines"] = []
    apply(cast, content)
    assert Measurement.objects.current().count() == 3


def test_figures_of_another_ward_do_not_count(cast, content):
    city_wide(cast)
    row = Indicator.objects.get(name="区民の割合")
    Measurement.objects.create(indicator=row, ward=cast.neighbour, fiscal_year=2018, value=30, at=NOW)
    use(content, "区民の割合")
    content["initiatives"][0]["targets"][1]["baselines"] = [{"fiscal_year": 2018, "value": "38.6"}]
    after = apply(cast, content)
    assert after["initiatives"][0]["targets"][1]["baselines"] == [{"fiscal_year": 2018, "value": "38.6"}]
    assert row.measurements.get(ward=cast.neighbour).value == 30


# --- differences -----------------------------------------------------------------------------------------


def test_changes_are_told_in_the_words_of_the_pages(cast, content):
    change(content, "indicators[0].direction", "lower")
    for place in ("initiatives[0].targets[0]", ABSOLUTE, "initiatives[1].targets[0]"):
        change(content, f"{place}.direction", "lower")
    change(content, f"{ABSOLUTE}.comparator", "ge")
    change(content, f"{ABSOLUTE}.kind", "cumulative")
    change(content, f"{ABSOLUTE}.from_fiscal_year", 2019)
    assert plan_changes(cast.plan, content) == [
        "指標「連携した取組の件数」のよい方向: 「多いほどよい」 → 「少ないほどよい」",
        "取組項目1の目標a1の目標の種類: 「数値」 → 「複数年度の合計」",
        "取組項目1の目標a1の比べ方: (なし) → 「以上」",
        "取組項目1の目標a1の合計の初年度: (なし) → 「令和元年度」",
    ]


def test_changes_are_told_and_not_made(cast, content):
    Section.objects.filter(name="総務課").update(name="総務企画課")
    change(content, "initiatives[1].section", "市民協働課")
    change(content, f"{FIRST}.title", "人と地域のつながりづくり")
    change(content, f"{ABSOLUTE}.value", "9")
    content["measurements"].append({"indicator": COUNT, "fiscal_year": 2019, "value": "6"})
    del content["initiatives"][0]["targets"][2]
    content["initiatives"].append({"number": "3", "title": "新しい取組"})
    before = snapshot()
    found = plan_changes(cast.plan, content)
    assert difference(before, snapshot()) == {}
    assert found == [
        "「連携した取組の件数」の令和元年度の実績6: 加わります",
        "取組項目1「人と人とのつながりづくり」の取組項目名: "
        "「人と人とのつながりづくり」 → 「人と地域のつながりづくり」",
        "取組項目2「区政会議の開催」の担当課: 「総務企画課」 → 「市民協働課」",
        "取組項目3「新しい取組」: 加わります",
        "取組項目1の目標a2: なくなります",
        "取組項目1の目標a1の目標値: 「8」 → 「9」",
        "取組項目1の目標a1の過年度実績: 令和元年度 未判明、平成30年度 8 → 令和元年度 6、平成30年度 8",
    ]


def test_same_file_tells_no_change(cast, content):
    assert plan_changes(cast.plan, content) == []


def test_moved_target_is_told(cast, content):
    targets = content["initiatives"][0]["targets"]
    targets[1], targets[2] = targets[2], targets[1]
    assert "取組項目1の目標p1、取組項目1の目標a2、取組項目1の目標a1: 並び順が変わります" in plan_changes(
        cast.plan, content
    )


# --- there and back --------------------------------------------------------------------------------------


def into(cast, content, ward):
    """Load content as the first plan of another ward."""
    with transaction.atomic():
        for name in {row["section"] for row in content["initiatives"]} - {None}:
            Section.objects.get_or_create(ward=ward, name=name)
        plan = YearPlan.objects.create(ward=ward, fiscal_year=content["fiscal_year"], edition=cast.edition)
        apply_plan(plan, {**content, "ward": ward.slug}, by=None, at=NOW)
    return plan


def test_plan_comes_back_in_an_empty_ward(cast, content):
    plan = into(cast, json.loads(json.dumps(content)), cast.neighbour)
    assert plan_content(plan) == {**content, "ward": cast.neighbour.slug}
    assert Indicator.objects.filter(ward=cast.neighbour).count() == 2


visible = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Cn"], exclude_characters="<>\u2028\u2029"), max_size=20
)
words = visible.map("語".__add__)
numbers = st.decimals(-(10**6), 10**6, places=4).map(lambda number: format(number, "f"))
years = st.integers(1990, 2040)
figures = st.dictionaries(st.tuples(st.sampled_from([0, 1, 2]), years), numbers, max_size=5)
kinds = st.one_of(
    st.fixed_dictionaries({"kind": st.just("absolute"), "value": numbers}),
    st.fixed_dictionaries(
        {"kind": st.just("range"), "value": st.just("-3"), "value_max": st.sampled_from(["-3", "0", "12.5"])}
    ),
    st.fixed_dictionaries(
        {"kind": st.just("cumulative"), "value": numbers, "from_fiscal_year": st.integers(1980, 1990)}
    ),
    st.fixed_dictionaries(
        {
            "kind": st.just("relative"),
            "change": numbers,
            "change_unit": st.sampled_from(["percent", "point", "absolute"]),
            "base_fiscal_year": years,
        }
    ),
    st.fixed_dictionaries({"kind": st.just("milestone"), "milestone": visible}),
    st.fixed_dictionaries({"kind": st.sampled_from(["direction", "external", "none"])}),
)
targets = st.lists(
    st.tuples(
        st.sampled_from(["policy", "annual"]),
        st.integers(0, 2),
        kinds,
        st.fixed_dictionaries(
            {
                "heading": visible,
                "wording": words,
                "quote": visible,
                "fiscal_year": years,
                "comparator": st.sampled_from(["", "ge", "le", "gt", "lt", "eq"]),
            }
        ),
        st.lists(years, unique=True, max_size=3),
    ),
    max_size=3,
)
sheets = st.dictionaries(
    st.from_regex(r"[0-9]{1,3}(-[0-9]{1,2}){0,2}", fullmatch=True),
    st.tuples(
        st.fixed_dictionaries(
            {
                "title": words,
                "section": st.sampled_from([None, "市民協働課", "総務課"]),
                "purpose": visible,
                "overview": visible,
                "activities": visible,
            }
        ),
        targets,
    ),
    max_size=3,
)


def assemble(names, figures, sheets):
    return {
        "ward": "mihon",
        "fiscal_year": 2020,
        "edition": "r2",
        "indicators": [{"name": name, "unit": "件", "source": "調査"} for name in names],
        "measurements": [
            {"indicator": names[at], "fiscal_year": year, "value": value}
            for (at, year), value in figures.items()
        ],
        "initiatives": [
            {
                "number": number,
                **texts,
                "targets": [
                    {
                        "key": f"t{place}",
                        "scope": scope,
                        "indicator": names[at],
                        **kind,
                        **more,
                        "baselines": [{"fiscal_year": year, "value": None} for year in quoted],
                    }
                    for place, (scope, at, kind, more, quoted) in enumerate(targets)
                ],
            }
            for number, (texts, targets) in sheets.items()
        ],
    }


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(names=st.lists(words, min_size=3, max_size=3, unique=True), figures=figures, sheets=sheets)
def test_any_plan_comes_back_as_it_went_out(world, names, figures, sheets):
    with scratch():
        YearPlan.objects.filter(pk=world.plan.pk).update(status="draft")
        Indicator.objects.exclude(pk__in=[world.shared_indicator.pk, world.own_indicator.pk]).delete()
        written = assemble(names, figures, sheets)
        given_texts = [
            {key: row[key] for key in ("number", "title", "purpose", "overview", "activities", "section")}
            for row in written["initiatives"]
        ]
        apply_plan(world.plan, written, by=None, at=NOW)
        content = plan_content(world.plan)
        texts = [{key: row[key] for key in given_texts[0]} for row in content["initiatives"]]
        assert sorted(texts, key=str) == sorted(given_texts, key=str)

        text = json.dumps(content, ensure_ascii=False, indent=2)
        assert read_plan_text(text) == content
        assert plan_changes(world.plan, content) == []
        plan = into(world, content, world.neighbour)
        assert plan_content(plan) == {**content, "ward": world.neighbour.slug}


def test_checking_writes_nothing_and_leaves_the_content_alone(cast, content):
    before, kept = snapshot(), copy.deepcopy(content)
    check_plan(content, cast.ward, FiscalYear(2020), cast.edition)
    assert (difference(before, snapshot()), content) == ({}, kept)
