"""Next year's draft: what is carried, what moves by a year, and that people's work in it stays."""

from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import strategies as st

from initiatives import loading, workflow
from initiatives.models import Event, FormEdition, Initiative, Measurement, Target, YearPlan
from initiatives.plan_file import PlanErrors, plan_content
from initiatives.refusals import Incomplete, NotAllowed, NotVisible, TransitionNotAllowed
from initiatives.roll_over import dropped_targets, merge, moved_years, next_year, roll_over
from initiatives.unconfirmed import cell_label
from tests.cast import NOW, snapshot
from wardplan.fiscal_year import FiscalYear

LETTERS = {"令和": "R", "平成": "H", "昭和": "S"}


def target(**changes):
    return {
        "key": "a1",
        "scope": "annual",
        "indicator": "件数",
        "unit": "件",
        "direction": "higher",
        "heading": "",
        "fiscal_year": 2020,
        "kind": "absolute",
        "comparator": "",
        "value": "8",
        "wording": "【令和2年度】 8件",
        "baselines": [],
        **changes,
    }


def content(*targets, **changes):
    item = {
        "number": "1",
        "title": "題",
        "section": "課",
        "purpose": "",
        "overview": "",
        "activities": "活動",
    }
    return {
        "ward": "mihon",
        "fiscal_year": 2020,
        "edition": "r2",
        "indicators": [{"name": "件数", "unit": "件", "direction": "higher"}],
        "measurements": [
            {"indicator": "件数", "fiscal_year": year, "value": value}
            for year, value in [(2017, "6"), (2018, "7"), (2020, "9.5")]
        ],
        "initiatives": [{**item, "targets": list(targets), **changes}],
    }


def carried(one):
    [found] = next_year(content(one), "r2")["initiatives"][0]["targets"]
    return found


# --- years in words --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "becomes"),
    [
        ("【令和2年度】 8件", "【令和3年度】 8件"),
        ("【令和２年度】８件", "【令和３年度】８件"),
        ("【令和 2 年度末】 8件", "【令和3 年度末】 8件"),
        ("【R2】 8件", "【R3】 8件"),
        ("【r2年度】 8件", "【r3年度】 8件"),
        ("【Ｒ２】 8件", "【Ｒ３】 8件"),
        ("【H32】 8件", "【R3】 8件"),
        ("【2020】 8件", "【2021】 8件"),
        ("2020年度の件数", "2021年度の件数"),
        ("令和2年度区民アンケート(市民局実施分)", "令和3年度区民アンケート(市民局実施分)"),
        ("令和元年度件数の実績から10%減", "令和2年度件数の実績から10%減"),
        ("元年度の実績から", "2年度の実績から"),
        ("【令和2年度】令和元年度件数から10%減", "【令和3年度】令和2年度件数から10%減"),
        # What names no fiscal year, another one, or several stays.
        ("前年度比10%減", "前年度比10%減"),
        ("令和2年6月の調査", "令和2年6月の調査"),
        ("【令和2～4年度】累計20件", "【令和2～4年度】累計20件"),
        ("平成27年度比", "平成27年度比"),
        ("令和90年度と令和2年度", "令和90年度と令和2年度"),
        ("", ""),
    ],
)
def test_years_move_in_the_spelling_they_have(text, becomes):
    assert moved_years(text, {2020: 2021, 2019: 2020}, FiscalYear(2020)) == becomes


def test_an_era_ends_between_two_years():
    assert moved_years("平成30年度の件数", {2018: 2019}, FiscalYear(2018)) == "令和元年度の件数"
    assert moved_years("昭和63年度", {1988: 1989}, FiscalYear(1988)) == "平成元年度"
    assert moved_years("H30", {2018: 2019}, FiscalYear(2018)) == "R元"


def spellings(year):
    label = year.label.removesuffix("年度")
    era, number = label[:2], label[2:]
    return [year.label, f"{int(year)}年度", f"{LETTERS[era]}{number}年度"]


@given(
    year=st.integers(1990, 2060).map(FiscalYear),
    spelling=st.integers(0, 2),
    before=st.sampled_from(["", "【", "新たに", "(市民局)"]),
    behind=st.sampled_from(["】 8件", "区民アンケート", "の実績から10%減", ""]),
)
def test_a_moved_year_reads_as_the_next_one(year, spelling, before, behind):
    moved = moved_years(f"{before}{spellings(year)[spelling]}{behind}", {int(year): int(year.next)}, year)
    written = moved.removeprefix(before).removesuffix(behind)
    assert moved == f"{before}{written}{behind}"
    assert FiscalYear.parse(written) == year.next


# --- targets ---------------------------------------------------------------------------------------------


def test_an_annual_target_moves_with_its_words():
    found = carried(target(heading="令和2年度区民アンケートにおいて、「件数」"))
    assert (found["fiscal_year"], found["wording"], found["value"]) == (2021, "【令和3年度】 8件", "8")
    assert found["heading"] == "令和3年度区民アンケートにおいて、「件数」"


def test_results_become_the_quoted_past_newest_first():
    found = carried(
        target(quote="(令和元年度実績: 件 平成30年度実績: 7件)", baselines=[{"fiscal_year": 2018}])
    )
    assert found["baselines"] == [{"fiscal_year": 2020, "value": "9.5"}, {"fiscal_year": 2019, "value": None}]
    assert found["quote"] == "(令和2年度: 9.5件、令和元年度: 件)"
    assert "quote" not in carried(target())


def test_a_relative_target_moves_its_base():
    relative = {"kind": "relative", "value": None, "change": "-10", "change_unit": "percent"}
    found = carried(
        target(**relative, base_fiscal_year=2019, wording="【令和2年度】令和元年度件数の実績から10%減")
    )
    assert (found["fiscal_year"], found["base_fiscal_year"], found["change"]) == (2021, 2020, "-10")
    assert found["wording"] == "【令和3年度】令和2年度件数の実績から10%減"
    fixed = carried(target(**relative, base_fiscal_year=2015, wording="【令和2年度】平成27年度比10%減"))
    assert (fixed["base_fiscal_year"], fixed["wording"]) == (2015, "【令和3年度】平成27年度比10%減")


@pytest.mark.parametrize("scope", ["policy", "annual"])
def test_a_sum_over_years_keeps_them(scope):
    total = target(
        scope=scope, kind="cumulative", from_fiscal_year=2020, fiscal_year=2022, wording="【R2～R4】20件"
    )
    found = carried(total)
    years = ("from_fiscal_year", "fiscal_year", "wording")
    assert [found[name] for name in years] == [2020, 2022, "【R2～R4】20件"]
    ended = content({**total, "from_fiscal_year": 2018, "fiscal_year": 2020})
    assert next_year(ended, "r2")["initiatives"][0]["targets"] == []


@pytest.mark.parametrize(("year", "stays"), [(2019, False), (2020, False), (2021, True), (2025, True)])
def test_a_policy_target_stays_until_its_year_is_past(year, stays):
    policy = target(key="p1", scope="policy", fiscal_year=year, wording=f"【{year}】 8件")
    plan = content(policy)
    [item] = next_year(plan, "r2")["initiatives"]
    assert [(one["fiscal_year"], one["wording"]) for one in item["targets"]] == (
        [(year, f"【{year}】 8件")] if stays else []
    )
    assert dropped_targets(plan) == ([] if stays else [("1", policy)])


def test_every_filled_cell_waits_to_be_confirmed():
    plan = content(target(heading="見出し"), target(key="a2", quote="(平成30年度7件)"))
    [item] = next_year(plan, "r2")["initiatives"]
    assert item["unconfirmed"] == [
        "title",
        "section",
        "activities",
        "targets.a1.heading",
        "targets.a1.value",
        "targets.a2.value",
        "targets.a2.baselines",
    ]
    assert item["continues"] == "1"
    assert plan["initiatives"][0].get("unconfirmed") is None


def test_cells_have_names():
    assert [cell_label(cell) for cell in ("purpose", "targets.a1.value", "targets.p2.baselines", "x.y")] == [
        "趣旨・目的",
        "目標a1",
        "目標p2の過年度実績",
        "x.y",
    ]


@given(
    numbers=st.lists(st.integers(1, 9).map(str), unique=True, max_size=6),
    there=st.sets(st.integers(1, 9).map(str)),
)
def test_merging_twice_adds_nothing(numbers, there):
    def items(found, **more):
        return [{"number": number, "title": "題", "targets": [], **more} for number in found]

    rolled = next_year({**content(), "initiatives": items(numbers)}, "r2")
    draft = {**rolled, "initiatives": items(sorted(there), title="人の書いた題")}
    once = merge(draft, rolled)
    assert {item["number"] for item in once.carried} == set(numbers) - there
    assert once.content["initiatives"][: len(there)] == draft["initiatives"]
    twice = merge(once.content, rolled)
    assert (twice.carried, twice.content["initiatives"]) == ((), once.content["initiatives"])


# --- the plan --------------------------------------------------------------------------------------------


def new_plan():
    return YearPlan.objects.get(fiscal_year=2021)


def carry(cast, by="admin", **more):
    return roll_over(cast.plan, by=cast.actor(by) if by else None, at=NOW, **more)


def test_a_draft_is_made_in_the_newest_edition(cast):
    editions = [
        FormEdition.objects.create(code=f"r{year - 2018}", title="様式", first_fiscal_year=year)
        for year in (2021, 2022)
    ]
    editions[0].questions.create(phase="self_evaluation", key="issues", position=1, kind="text", label="欄")
    done = carry(cast)
    plan = new_plan()
    assert (plan.status, plan.version, plan.edition) == ("draft", 1, editions[0])
    assert [(row.phase, row.opens_at, row.due_at, row.as_of) for row in plan.phases.all()] == [
        ("self_evaluation", None, None, None)
    ]
    assert (done.is_new, len(done.carried), done.left_alone) == (True, 2, ())


def test_sheets_continue_their_own(cast):
    carry(cast)
    first, second = new_plan().initiatives.order_by("position")
    assert (first.continues, second.continues) == (cast.initiative, cast.other_initiative)
    assert (first.title, first.section, first.purpose) == (
        cast.initiative.title,
        cast.section,
        cast.initiative.purpose,
    )
    assert first.unconfirmed == [
        "title",
        "section",
        "purpose",
        "overview",
        "activities",
        "targets.a1.value",
        "targets.a2.value",
        "targets.a2.baselines",
    ]
    moved = first.targets.get(key="a2")
    assert (moved.fiscal_year, moved.base_fiscal_year, moved.value) == (2021, 2020, None)
    assert [int(row.fiscal_year) for row in moved.baselines.all()] == [2020, 2019]
    assert moved.quote == "(令和2年度: 件、令和元年度: 10件)"
    assert not first.targets.filter(key="p1").exists()


def test_last_year_stays_as_it_is(cast):
    before = plan_content(cast.plan)
    figures = list(Measurement.objects.values())
    carry(cast)
    assert plan_content(cast.plan) == before
    assert list(Measurement.objects.values()) == figures


def test_the_record_names_who_carried_it_over(cast):
    carry(cast)
    [event] = Event.objects.filter(fiscal_year=2021)
    assert (event.verb, event.by, event.version, event.at) == ("edit", cast.admin, 1, NOW)
    assert event.content == plan_content(new_plan())


def test_nobody_in_particular_leaves_no_record(cast):
    carry(cast, by=None)
    assert new_plan().version == 0
    assert not Event.objects.filter(fiscal_year=2021).exists()


def test_a_dry_run_changes_nothing(cast):
    before = snapshot()
    done = carry(cast, dry_run=True)
    assert len(done.carried) == 2
    assert [one["key"] for one in done.dropped["1"]] == ["p1"]
    assert snapshot() == before


def test_twice_changes_nothing(cast):
    carry(cast)
    before = snapshot()
    done = carry(cast)
    assert (done.nothing_to_do, done.carried, done.changes) == (True, (), ())
    assert snapshot() == before


def test_what_people_wrote_in_the_draft_stays(cast):
    carry(cast)
    plan = new_plan()
    first, second = plan.initiatives.order_by("position")
    Initiative.objects.filter(pk=first.pk).update(title="新しい題", number="9", unconfirmed=[])
    Target.objects.filter(initiative=first, key="a1").update(value=Decimal(12))
    second.delete()
    workflow.edit(plan, by=cast.admin, at=NOW)
    Initiative.objects.create(
        plan=cast.plan, number="3", position=3_000_000, title="追加", section=cast.section
    )
    done = carry(cast)
    assert [item["number"] for item in done.carried] == ["3"]
    [reason] = done.left_alone
    assert "取組項目2「区政会議の開催」" in reason and "外されている" in reason
    assert list(new_plan().initiatives.values_list("number", "title").order_by("number")) == [
        ("3", "追加"),
        ("9", "新しい題"),
    ]
    assert Target.objects.get(initiative=first, key="a1").value == 12


def test_another_sheet_of_the_same_number_is_left_alone(cast):
    plan = YearPlan.objects.create(ward=cast.ward, fiscal_year=2021, edition=cast.edition)
    own = Initiative.objects.create(plan=plan, number="1", title="別の取組")
    done = carry(cast)
    assert [item["number"] for item in done.carried] == ["2"]
    assert "同じ番号" in done.left_alone[0]
    own.refresh_from_db()
    assert (own.title, own.continues) == ("別の取組", None)


def test_a_deleted_draft_can_be_made_anew(cast):
    carry(cast)
    plan = new_plan()
    workflow.delete(plan, by=cast.admin, at=NOW, version=plan.version)
    assert len(carry(cast, dry_run=True).carried) == 2
    YearPlan.objects.create(ward=cast.ward, fiscal_year=2021, edition=cast.edition, version=2)
    assert len(carry(cast).carried) == 2
    assert new_plan().version == 3


@pytest.mark.parametrize("status", ["confirmed", "published"])
def test_a_confirmed_plan_is_refused(cast, status):
    carry(cast)
    YearPlan.objects.filter(fiscal_year=2021).update(status=status)
    before = snapshot()
    with pytest.raises(TransitionNotAllowed, match="令和3年度の計画は確定しているため"):
        carry(cast)
    assert snapshot() == before


@pytest.mark.parametrize(
    ("actor", "refusal"),
    [("staff", NotAllowed), ("manager", NotAllowed), ("viewer", NotVisible), ("other_ward", NotVisible)],
)
def test_only_admins(cast, actor, refusal):
    before = snapshot()
    with pytest.raises(refusal):
        carry(cast, by=actor)
    assert snapshot() == before


def test_the_last_year_has_no_next(cast):
    YearPlan.objects.filter(pk=cast.plan.pk).update(fiscal_year=2099)
    with pytest.raises(TransitionNotAllowed, match="より後の年度"):
        carry(cast)


def test_text_that_no_plan_may_hold_is_named(cast):
    Initiative.objects.filter(pk=cast.initiative.pk).update(purpose="<br>改行")
    before = snapshot()
    with pytest.raises(PlanErrors) as caught:
        carry(cast)
    assert "取組項目1" in caught.value.messages[0] and "<br>" in caught.value.messages[0]
    assert snapshot() == before


# --- confirming ------------------------------------------------------------------------------------------


@pytest.fixture
def draft(cast):
    carry(cast)
    return new_plan()


def test_a_plan_with_unconfirmed_cells_is_not_confirmed(cast, draft):
    first = draft.initiatives.get(number="1")
    Initiative.objects.filter(pk=first.pk).update(unconfirmed=["purpose", "targets.a1.value"])
    Initiative.objects.filter(plan=draft, number="2").update(unconfirmed=[])
    before = snapshot()
    with pytest.raises(Incomplete) as caught:
        workflow.confirm(draft, by=cast.admin, at=NOW, version=draft.version)
    asked = "未確認の欄が残っています。次のシートを開いて、確かめてください。"
    assert caught.value.problems == {"unconfirmed": f"{asked}取組項目1(2欄)"}
    assert snapshot() == before


def test_confirmed_cells_no_longer_wait(cast, draft):
    first = draft.initiatives.get(number="1")
    event = workflow.confirm_cells(first, by=cast.admin, at=NOW, cells=["purpose", "title", "never.there"])
    first.refresh_from_db()
    assert "purpose" not in first.unconfirmed and "title" not in first.unconfirmed
    assert first.unconfirmed[0] == "section"
    assert (event.verb, event.version) == ("edit", 2)
    assert event.content["initiatives"][0]["unconfirmed"] == first.unconfirmed
    assert workflow.confirm_cells(first, by=cast.admin, at=NOW, cells=["purpose"]) is None
    assert Event.objects.filter(fiscal_year=2021).count() == 2


def test_a_plan_is_confirmed_once_every_cell_is(cast, draft):
    for initiative in draft.initiatives.all():
        workflow.confirm_cells(initiative, by=cast.admin, at=NOW, cells=initiative.unconfirmed)
    draft = new_plan()
    workflow.confirm(draft, by=cast.admin, at=NOW, version=draft.version)
    assert new_plan().status == "confirmed"


@pytest.mark.parametrize(("actor", "refusal"), [("staff", NotAllowed), ("viewer", NotVisible)])
def test_only_admins_confirm_cells(cast, draft, actor, refusal):
    before = snapshot()
    with pytest.raises(refusal):
        workflow.confirm_cells(
            draft.initiatives.get(number="1"), by=cast.actor(actor), at=NOW, cells=["title"]
        )
    assert snapshot() == before


def test_a_confirmed_plan_has_nothing_to_confirm(cast):
    Initiative.objects.filter(pk=cast.initiative.pk).update(unconfirmed=["title"])
    with pytest.raises(TransitionNotAllowed):
        workflow.confirm_cells(cast.initiative, by=cast.admin, at=NOW, cells=["title"])


def test_assigning_a_section_confirms_it(cast, draft):
    first = draft.initiatives.get(number="1")
    workflow.assign_section(first, by=cast.admin, at=NOW, section=cast.other_section)
    first.refresh_from_db()
    assert first.section == cast.other_section
    assert "section" not in first.unconfirmed and "title" in first.unconfirmed


def test_importing_confirms_the_cells_that_it_changes_and_no_other(cast, draft):
    first = draft.initiatives.get(number="1")
    waiting = list(first.unconfirmed)
    assert {"purpose", "overview", "targets.a1.value"} <= set(waiting)
    renewed = plan_content(draft)
    for item in renewed["initiatives"]:
        del item["unconfirmed"]
    assert loading.load(draft.ward, draft.fiscal_year, renewed, by=cast.admin, at=NOW).changes == []
    first.refresh_from_db()
    assert first.unconfirmed == waiting

    item = renewed["initiatives"][0]
    item["overview"] = "・別の概要"
    target = next(row for row in item["targets"] if row["key"] == "a1")
    target["wording"] = "【令和3年度】 12件"
    gone = next(row for row in item["targets"] if row["key"] == "a2")
    item["targets"].remove(gone)
    loading.load(draft.ward, draft.fiscal_year, renewed, by=cast.admin, at=NOW)
    first.refresh_from_db()
    assert first.unconfirmed == [
        cell
        for cell in waiting
        if cell not in ("overview", "targets.a1.value") and not cell.startswith("targets.a2.")
    ]
    other = plan_content(draft)["initiatives"][1]
    assert other["unconfirmed"]
    with pytest.raises(Incomplete):
        workflow.confirm(draft, by=cast.admin, at=NOW, version=YearPlan.objects.get(pk=draft.pk).version)


def test_a_files_own_list_of_unconfirmed_cells_stands(cast, draft):
    renewed = plan_content(draft)
    renewed["initiatives"][0]["unconfirmed"] = ["title"]
    changes = loading.load(draft.ward, draft.fiscal_year, renewed, by=cast.admin, at=NOW).changes
    assert draft.initiatives.get(number="1").unconfirmed == ["title"]
    assert [change for change in changes if "targets." in change] == []
    assert changes[0].endswith("目標a1、目標a2、目標a2の過年度実績 → 取組項目名")


def test_a_new_version_has_no_unconfirmed_cell(cast):
    renewed = plan_content(cast.plan)
    renewed["initiatives"][0]["unconfirmed"] = ["title"]
    before = snapshot()
    with pytest.raises(Incomplete) as caught:
        workflow.new_version(cast.plan, by=cast.admin, at=NOW, version=1, content=renewed, reason="改訂")
    assert list(caught.value.problems) == ["unconfirmed"]
    assert snapshot() == before


# --- the command -----------------------------------------------------------------------------------------


def run(*words):
    out = StringIO()
    call_command("roll_over", *words, stdout=out)
    return out.getvalue()


def test_command_says_what_it_would_carry(cast):
    before = snapshot()
    said = run("mihon", "R2", "--dry-run")
    assert snapshot() == before
    for line in (
        "令和3年度: 計画の案を新しく作ります(様式 r2)",
        "取組項目1「人と人とのつながりづくり」: 引き継ぎます(未確認 8欄)",
        "  目標a2: 【令和3年度】令和2年度件数の実績から10%減",
        "  目標p1: 【令和2年度】 8件 は年度を過ぎるため、引き継ぎません",
        "2件を引き継ぎます。まだ何も変えていません。",
    ):
        assert line in said.splitlines()


def test_command_carries_once(cast):
    assert "令和3年度の案へ2件を引き継ぎました。" in run("mihon", "2020", "--by", "admin")
    assert Event.objects.get(fiscal_year=2021).by == cast.admin
    before = snapshot()
    assert "引き継ぐものはありません。" in run("mihon", "2020")
    assert snapshot() == before


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["mihon", "2019"], "「mihon」の令和元年度の計画はありません。"),
        (["mihon", "20"], "元号が分かりません"),
        (["mihon", "2020", "--by", "nobody"], "利用者「nobody」は登録されていません。"),
        (["mihon", "2020", "--by", "staff"], "取りまとめ担当が行います"),
    ],
)
def test_command_refuses(cast, words, reason):
    before = snapshot()
    with pytest.raises(CommandError, match=reason):
        run(*words)
    assert snapshot() == before
