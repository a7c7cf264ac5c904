import datetime
from decimal import Decimal

import pytest
from django.contrib.admin import site
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from initiatives.form import read_form
from initiatives.models import (
    Baseline,
    Event,
    FormEdition,
    Indicator,
    Initiative,
    Measurement,
    PlanPhase,
    Target,
    YearPlan,
)
from tests.cast import JST, NOW, difference, snapshot
from wardplan.accounts.models import User

NO_ROWS = {
    f"{prefix}-{name}_FORMS": "0"
    for prefix in ("targets", "baselines", "memberships", "questions", "marks", "phases")
    for name in ("TOTAL", "INITIAL")
}
PLANS = "/admin/initiatives/yearplan/"
ITEMS = "/admin/initiatives/initiative/"
TARGETS = "/admin/initiatives/target/"
INDICATORS = "/admin/initiatives/indicator/"


def page(response, status=200):
    assert response.status_code == status
    return response.content.decode()


@pytest.fixture
def as_admin(client, cast):
    client.force_login(cast.admin)
    return client


@pytest.fixture
def draft(cast):
    return cast.plan_in("draft")


@pytest.fixture
def foreign(cast):
    """The neighbour's plan: what nobody of this ward may read or write."""
    plan = YearPlan.objects.create(ward=cast.neighbour, fiscal_year=2020, edition=cast.edition)
    initiative = Initiative.objects.create(
        plan=plan, number="1", position=1_000_000, title="隣区の取組", section=cast.neighbours_section
    )
    indicator = Indicator.objects.create(ward=cast.neighbour, name="隣区の指標", unit="件")
    return Target.objects.create(
        initiative=initiative,
        key="a1",
        scope="annual",
        indicator=indicator,
        wording="隣区の目標 3件",
        kind="absolute",
        fiscal_year=2020,
        value=3,
    )


def address(model_page, row):
    return f"{model_page}{row.pk}/change/"


def filled_in(response, **changes):
    """Take a page's form as a browser would send it back, with changes; None leaves a field out."""
    context = response.context
    forms = [context["adminform"].form]
    for inline in context["inline_admin_formsets"]:
        forms += [inline.formset.management_form, *inline.formset.forms]
    sent = {}
    for form in forms:
        for bound in form:
            widget, value = bound.field.widget, bound.value()
            value = widget.format_value(value) if hasattr(widget, "format_value") else value
            if hasattr(widget, "decompress"):
                for position, part in enumerate(widget.decompress(bound.value())):
                    sent[f"{bound.html_name}_{position}"] = "" if part is None else str(part)
            elif isinstance(value, (list, tuple)):
                sent[bound.html_name] = value[0] if value else ""
            elif value not in (None, False):
                sent[bound.html_name] = value
    return {name: value for name, value in {**sent, **changes}.items() if value is not None}


# --- the year's plan -------------------------------------------------------------------------------------


def test_the_list_of_plans_shows_where_the_year_stands(as_admin, cast, foreign):
    html = page(as_admin.get(PLANS))
    assert "令和2年度" in html
    assert f'<a href="{ITEMS}?plan__id__exact={cast.plan.pk}">2件</a>' in html
    assert list(as_admin.get(PLANS).context["cl"].queryset) == [cast.plan]


def test_a_new_plan_is_a_draft_with_the_phases_of_its_edition(as_admin, cast):
    sent = {
        "ward": cast.ward.pk,
        "fiscal_year": "令和３年度",
        "edition": cast.edition.pk,
        "status": "published",
    }
    assert as_admin.post(f"{PLANS}add/", sent).status_code == 302
    plan = YearPlan.objects.get(fiscal_year=2021)
    assert (plan.ward, plan.status, plan.version) == (cast.ward, "draft", 1)
    assert [phase.phase for phase in plan.phases.all()] == ["midyear", "self_evaluation"]
    assert set(plan.phases.values_list("opens_at", flat=True)) == {None}
    event = Event.objects.get(fiscal_year=2021)
    assert (event.verb, event.by, event.version) == ("edit", cast.admin, 1)


def test_a_plan_made_anew_counts_on_from_the_deleted_one(as_admin, cast, draft):
    Event.objects.create(
        ward=cast.ward,
        fiscal_year=2021,
        version=7,
        verb="delete",
        from_status="draft",
        to_status="draft",
        by=cast.admin,
        by_name=cast.admin.name,
        at=NOW,
    )
    as_admin.post(f"{PLANS}add/", {"ward": cast.ward.pk, "fiscal_year": "R3", "edition": cast.edition.pk})
    assert YearPlan.objects.get(fiscal_year=2021).version == 8


def test_a_year_that_has_its_plan_is_refused_beside_the_field(as_admin, cast):
    sent = {"ward": cast.ward.pk, "fiscal_year": "2020", "edition": cast.edition.pk}
    errors = as_admin.post(f"{PLANS}add/", sent).context["adminform"].form.errors
    assert errors == {"fiscal_year": ["この区には同じ年度の計画がすでにあります。"]}
    sent = {"ward": cast.neighbour.pk, "fiscal_year": "2021", "edition": cast.edition.pk}
    errors = as_admin.post(f"{PLANS}add/", sent).context["adminform"].form.errors
    assert list(errors) == ["ward"]
    assert YearPlan.objects.count() == 1


@pytest.mark.parametrize("status", ["draft", "confirmed", "published"])
def test_windows_move_in_every_state_of_the_plan_and_nothing_else_does(as_admin, cast, status):
    plan = cast.plan_in(status)
    before = snapshot()
    there = address(PLANS, plan)
    sent = filled_in(
        as_admin.get(there),
        **{
            "phases-0-due_at_0": "2020-10-09",
            "phases-0-due_at_1": "17:15",
            "status": "draft",
            "version": "0",
            "fiscal_year": "2030",
        },
    )
    assert as_admin.post(there, sent).status_code == 302
    phase = plan.phases.get(phase="midyear")
    assert phase.due_at == datetime.datetime(2020, 10, 9, 17, 15, tzinfo=JST)
    assert difference(before, snapshot()) == {
        "YearPlan": (0, 1, 0),  # only its version
        "PlanPhase": (0, 1, 0),
        "Event": (1, 0, 0),
    }
    event = cast.plan_events()[-1]
    assert (event.verb, event.by, event.to_status) == ("set_window", cast.admin, status)
    assert event.content["phase"] == "midyear"


@pytest.mark.parametrize(
    ("moment", "day", "field", "sentence"),
    [
        ("due_at", "2020-08-31", "due_at", "提出期限は受付開始より後にしてください。"),
        ("closes_at", "2020-09-30", "closes_at", "受付終了は提出期限より後にしてください。"),
    ],
)
def test_windows_in_the_wrong_order_are_refused_beside_the_field(
    as_admin, cast, moment, day, field, sentence
):
    there = address(PLANS, cast.plan)
    before = snapshot()
    response = as_admin.post(there, filled_in(as_admin.get(there), **{f"phases-0-{moment}_0": day}))
    assert response.context["inline_admin_formsets"][0].formset.errors[0] == {field: [sentence]}
    assert sentence in page(response)
    assert difference(before, snapshot()) == {}


def test_no_phase_is_added_beyond_the_editions(as_admin, cast):
    there = address(PLANS, cast.plan)
    sent = filled_in(as_admin.get(there), **{"phases-TOTAL_FORMS": 3, "phases-2-phase": "autumn"})
    as_admin.post(there, sent)
    assert set(PlanPhase.objects.values_list("phase", flat=True)) == {"midyear", "self_evaluation"}


def test_a_draft_is_deleted_through_the_door(as_admin, cast, draft):
    assert as_admin.post(f"{PLANS}{draft.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not YearPlan.objects.exists()
    event = Event.objects.get(verb="delete")
    assert [item["title"] for item in event.content["initiatives"]] == [
        "人と人とのつながりづくり",
        "区政会議の開催",
    ]


@pytest.mark.parametrize("status", ["confirmed", "published"])
def test_a_confirmed_plan_is_not_deleted(as_admin, cast, status):
    plan = cast.plan_in(status)
    before = snapshot()
    page(as_admin.get(f"{PLANS}{plan.pk}/delete/"), 403)
    page(as_admin.post(f"{PLANS}{plan.pk}/delete/", {"post": "yes"}), 403)
    as_admin.post(
        PLANS, {"action": "delete_selected", "_selected_action": [plan.pk], "post": "yes", "index": 0}
    )
    assert difference(before, snapshot()) == {}


# --- items and targets of a draft ------------------------------------------------------------------------


def test_a_draft_is_edited_and_recorded_once(as_admin, cast, draft):
    there = address(ITEMS, cast.initiative)
    typed = "　・近所に住む人同士が、\r\n顔見知りになる②。"
    sent = filled_in(
        as_admin.get(there),
        number="１",
        title="つながりづくり",
        purpose=typed,
        **{"targets-1-value": "９．５件"},
    )
    assert "targets-1-value" in page(as_admin.post(there, sent))  # 件 belongs to the indicator
    sent["targets-1-value"] = "９．５"
    assert as_admin.post(there, sent).status_code == 302
    initiative = Initiative.objects.get(pk=cast.initiative.pk)
    assert (initiative.number, initiative.title) == ("1", "つながりづくり")
    assert initiative.purpose == "　・近所に住む人同士が、\n顔見知りになる②。"
    assert initiative.targets.get(key="a1").value == Decimal("9.5")
    (event,) = cast.plan_events()
    assert (event.verb, event.by, event.version, event.to_status) == ("edit", cast.admin, 1, "draft")
    item = event.content["initiatives"][0]
    assert (item["title"], item["purpose"]) == ("つながりづくり", initiative.purpose)
    assert [target["value"] for target in item["targets"] if target["key"] == "a1"] == ["9.5"]
    draft.refresh_from_db()
    assert (draft.status, draft.version) == ("draft", 1)


def test_a_cell_that_is_written_anew_no_longer_waits(as_admin, cast, draft):
    waiting = ["title", "purpose", "targets.a1.value", "targets.a2.value", "targets.a2.baselines"]
    Initiative.objects.filter(pk=cast.initiative.pk).update(unconfirmed=waiting)
    there = address(ITEMS, cast.initiative)
    assert "未確認の欄: 取組項目名、趣旨・目的、目標a1、" in page(as_admin.get(there))
    assert "5欄" in page(as_admin.get(ITEMS))
    sent = filled_in(as_admin.get(there), purpose="・書き直した。", **{"targets-1-value": "9"})
    assert as_admin.post(there, sent).status_code == 302
    left = ["title", "targets.a2.value", "targets.a2.baselines"]
    assert Initiative.objects.get(pk=cast.initiative.pk).unconfirmed == left
    target = address(TARGETS, cast.relative_target)
    assert as_admin.post(target, filled_in(as_admin.get(target), quote="(7件)")).status_code == 302
    assert Initiative.objects.get(pk=cast.initiative.pk).unconfirmed == ["title", "targets.a2.value"]
    assert cast.plan_events()[-1].content["initiatives"][0]["unconfirmed"] == ["title", "targets.a2.value"]


def test_a_save_that_changes_nothing_writes_nothing(as_admin, cast, draft):
    for there in (address(ITEMS, cast.initiative), address(TARGETS, cast.relative_target)):
        before = snapshot()
        assert as_admin.post(there, filled_in(as_admin.get(there))).status_code == 302
        assert difference(before, snapshot()) == {}


def test_an_item_is_added_with_a_target_and_taken_away_again(as_admin, cast, draft):
    sent = filled_in(
        as_admin.get(f"{ITEMS}add/"),
        plan=draft.pk,
        number="1-2",
        title="新しい取組",
        section=cast.section.pk,
        **{
            "targets-TOTAL_FORMS": 1,
            "targets-0-scope": "annual",
            "targets-0-position": 1,
            "targets-0-key": "a1",
            "targets-0-indicator": cast.shared_indicator.pk,
            "targets-0-wording": "【令和2年度】 3件",
            "targets-0-kind": "absolute",
            "targets-0-fiscal_year": "R2",
            "targets-0-value": "3",
        },
    )
    assert as_admin.post(f"{ITEMS}add/", sent).status_code == 302
    new = Initiative.objects.get(title="新しい取組")
    assert new.position == 1_002_000
    assert new.targets.get().wording == "【令和2年度】 3件"
    assert as_admin.post(f"{ITEMS}{new.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not Initiative.objects.filter(pk=new.pk).exists()
    assert [len(event.content["initiatives"]) for event in cast.plan_events()] == [3, 2]


def test_baselines_are_quoted_on_the_targets_page(as_admin, cast, draft):
    target = cast.initiative.targets.get(key="a1")
    there = address(TARGETS, target)
    sent = filled_in(
        as_admin.get(there),
        **{"baselines-TOTAL_FORMS": 3, "baselines-2-position": 3, "baselines-2-fiscal_year": "H30"},
    )
    response = as_admin.post(there, sent)
    assert response.context["inline_admin_formsets"][0].formset.non_form_errors()
    sent["baselines-2-fiscal_year"] = "平成29年度"
    assert as_admin.post(there, sent).status_code == 302
    assert list(target.baselines.values_list("fiscal_year", flat=True)) == [2019, 2018, 2017]
    (event,) = cast.plan_events()
    quoted = event.content["initiatives"][0]["targets"][1]["baselines"]
    assert [row["fiscal_year"] for row in quoted] == [2019, 2018, 2017]


@pytest.mark.parametrize(
    ("changes", "field", "sentence"),
    [
        ({"value": ""}, "value", "数値の目標には目標値を入力してください。"),
        (
            {"value": "八件"},
            "value",
            "「八件」は数値として読み取れません。数字で入力してください(例: 43.3)。",
        ),
        ({"kind": "range"}, "value_max", "範囲の目標には、下限と、下限以上の上限を入力してください。"),
        (
            {"kind": "cumulative"},
            "from_fiscal_year",
            "合計の目標には、目標値と、目標年度以前の初年度を入力してください。",
        ),
        ({"wording": "\u3000\u200b"}, "wording", "入力してください。"),
    ],
)
def test_a_target_that_cannot_be_is_refused_beside_its_field(as_admin, cast, draft, changes, field, sentence):
    target = cast.initiative.targets.get(key="a1")
    before = snapshot()
    there = address(TARGETS, target)
    response = as_admin.post(there, filled_in(as_admin.get(there), **changes))
    assert response.context["adminform"].form.errors == {field: [sentence]}
    there = address(ITEMS, cast.initiative)
    inline = {f"targets-1-{name}": value for name, value in changes.items()}
    response = as_admin.post(there, filled_in(as_admin.get(there), **inline))
    assert response.context["inline_admin_formsets"][0].formset.errors[1] == {field: [sentence]}
    assert difference(before, snapshot()) == {}


def test_two_items_of_one_number_are_refused_beside_the_field(as_admin, cast, draft):
    there = address(ITEMS, cast.initiative)
    response = as_admin.post(there, filled_in(as_admin.get(there), number="2"))
    sentence = "この計画には同じ番号の取組項目がすでにあります。"
    assert response.context["adminform"].form.errors == {"number": [sentence]}


def test_two_targets_of_one_key_are_refused_beside_the_field(as_admin, cast, draft):
    sentence = "この取組項目には同じキーの目標がすでにあります。"
    there = address(TARGETS, cast.relative_target)
    response = as_admin.post(there, filled_in(as_admin.get(there), key="a1"))
    assert response.context["adminform"].form.errors == {"key": [sentence]}
    there = address(ITEMS, cast.initiative)
    response = as_admin.post(there, filled_in(as_admin.get(there), **{"targets-2-key": "a1"}))
    assert response.context["inline_admin_formsets"][0].formset.errors[2] == {"key": [sentence]}


# --- a confirmed plan ------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["confirmed", "published"])
def test_a_confirmed_plan_is_looked_at_and_not_edited(as_admin, cast, status):
    cast.plan_in("draft")
    item, target = address(ITEMS, cast.initiative), address(TARGETS, cast.relative_target)
    changed_item = filled_in(as_admin.get(item), title="改題", **{"targets-0-value": "99"})
    changed_target = filled_in(as_admin.get(target), wording="改めた目標")
    cast.plan_in(status)
    before = snapshot()
    for there, sent in ((item, changed_item), (target, changed_target)):
        html = page(as_admin.get(there))
        assert "計画の変更は、理由を書いて" in html
        assert 'name="_save"' not in html
        assert "計画の変更は、理由を書いて" in page(as_admin.post(there, sent), 403)
        page(as_admin.post(there.replace("change", "delete"), {"post": "yes"}), 403)
    sent = {**changed_item, "plan": cast.plan.pk, "number": "9"}
    response = as_admin.post(f"{ITEMS}add/", sent)
    assert list(response.context["adminform"].form.errors) == ["plan"]
    response = as_admin.post(f"{TARGETS}add/", {**changed_target, "initiative": cast.initiative.pk})
    assert "initiative" in response.context["adminform"].form.errors
    assert difference(before, snapshot()) == {}


def test_a_sheet_goes_to_another_section_in_a_confirmed_plan(as_admin, cast):
    cast.review_in("draft")
    before = snapshot()
    there = f"{ITEMS}{cast.initiative.pk}/section/"
    assert there in page(as_admin.get(address(ITEMS, cast.initiative)))
    page(as_admin.get(there))
    assert as_admin.post(there, {"section": cast.other_section.pk}).status_code == 302
    cast.initiative.refresh_from_db()
    assert cast.initiative.section == cast.other_section
    event = cast.plan_events()[-1]
    assert (event.verb, event.by) == ("assign_section", cast.admin)
    assert event.content == {"number": "1", "section": "総務課", "before": "市民協働課"}
    # The same choice again is no change.
    as_admin.post(there, {"section": cast.other_section.pk})
    assert difference(before, snapshot()) == {
        "YearPlan": (0, 1, 0),
        "Initiative": (0, 1, 0),
        "Event": (1, 0, 0),
    }


def test_a_sheet_stays_in_its_ward(as_admin, cast, foreign):
    before = snapshot()
    there = f"{ITEMS}{cast.initiative.pk}/section/"
    html = page(as_admin.post(there, {"section": cast.neighbours_section.pk}))
    assert "正しく選択してください" in html
    page(as_admin.get(f"{ITEMS}{foreign.initiative.pk}/section/"), 404)
    page(as_admin.post(f"{ITEMS}{foreign.initiative.pk}/section/", {"section": cast.section.pk}), 404)
    assert difference(before, snapshot()) == {}


# --- scope -----------------------------------------------------------------------------------------------


def test_another_wards_plan_is_not_found(as_admin, cast, foreign):
    cast.plan_in("draft")
    before = snapshot()
    own = filled_in(as_admin.get(address(ITEMS, cast.initiative)), title="改題")
    for list_page, row in (
        (PLANS, foreign.initiative.plan),
        (ITEMS, foreign.initiative),
        (TARGETS, foreign),
        (INDICATORS, foreign.indicator),
    ):
        for verb in ("change", "delete", "history"):
            page(as_admin.get(f"{list_page}{row.pk}/{verb}/"), 404)
        page(as_admin.post(f"{list_page}{row.pk}/change/", own), 404)
        page(as_admin.post(f"{list_page}{row.pk}/delete/", {"post": "yes"}), 404)
        assert "隣" not in page(as_admin.get(list_page))
    assert difference(before, snapshot()) == {}
    assert Indicator.objects.filter(pk=foreign.indicator.pk).exists()


def test_another_wards_rows_are_no_choices(as_admin, cast, foreign):
    draft = cast.plan_in("draft")
    before = snapshot()
    there = address(ITEMS, cast.initiative)
    response = as_admin.get(there)
    form = response.context["adminform"].form
    assert set(form.fields["section"].queryset) == {cast.section, cast.other_section}
    sent = filled_in(response, section=cast.neighbours_section.pk)
    sent["targets-0-indicator"] = foreign.indicator.pk
    response = as_admin.post(there, sent)
    assert list(response.context["adminform"].form.errors) == ["section"]
    assert list(response.context["inline_admin_formsets"][0].formset.errors[0]) == ["indicator"]

    form = as_admin.get(f"{ITEMS}add/").context["adminform"].form
    assert list(form.fields["plan"].queryset) == [draft]
    form = as_admin.get(f"{TARGETS}add/").context["adminform"].form
    assert set(form.fields["initiative"].queryset) == {cast.initiative, cast.other_initiative}
    assert difference(before, snapshot()) == {}


def test_a_row_of_another_ward_is_not_written_through_an_inline(as_admin, cast, foreign):
    cast.plan_in("draft")
    there = address(ITEMS, cast.initiative)
    sent = filled_in(as_admin.get(there))
    sent["targets-0-id"] = foreign.pk
    sent["targets-0-wording"] = "書き換えた目標"
    as_admin.post(there, sent)
    foreign.refresh_from_db()
    assert (foreign.wording, foreign.initiative.title) == ("隣区の目標 3件", "隣区の取組")


def test_the_search_for_an_indicator_stays_in_the_ward(as_admin, cast, foreign):
    Indicator.objects.create(ward=None, name="全区共通の指標の件数")
    response = as_admin.get(
        "/admin/autocomplete/",
        {"app_label": "initiatives", "model_name": "target", "field_name": "indicator", "term": ""},
    )
    found = [row["text"] for row in response.json()["results"]]
    assert sorted(found) == sorted(
        ["連携した取組の件数", "不適切な事務処理事案の件数", "全区共通の指標の件数"]
    )


def test_filters_name_the_own_wards_sections_and_years(as_admin, cast, foreign):
    YearPlan.objects.filter(ward=cast.neighbour).update(fiscal_year=2011)
    html = page(as_admin.get(ITEMS))
    sidebar = html[html.index('id="changelist-filter"') :]
    assert "市民協働課" in sidebar
    assert f"section__id__exact={cast.neighbours_section.pk}" not in sidebar
    assert "令和2年度" in sidebar
    assert "平成23年度" not in sidebar


def test_the_list_of_items_searches_and_filters(as_admin, cast):
    def found(**query):
        return [row.number for row in as_admin.get(ITEMS, query).context["cl"].queryset]

    assert found() == ["1", "2"]
    assert found(q="フードドライブ") == ["1"]
    assert found(q="区政会議") == ["2"]
    assert found(year="2020") == ["1", "2"]
    assert found(year="2019") == []
    assert found(year="二") == ["1", "2"]
    assert found(plan__status__exact="draft") == []
    assert found(section__id__exact=cast.section.pk) == ["1"]


@pytest.mark.parametrize("who", ["staff", "manager", "viewer"])
@pytest.mark.parametrize("list_page", [PLANS, ITEMS, TARGETS, INDICATORS])
def test_others_get_nowhere(client, cast, who, list_page):
    cast.plan_in("draft")
    client.force_login(cast.actor(who))
    before = snapshot()
    page(client.get(list_page), 403)
    page(client.post(address(ITEMS, cast.initiative), {"title": "改題"}), 403)
    assert difference(before, snapshot()) == {}


# --- indicators, figures, record -------------------------------------------------------------------------


def test_city_wide_indicators_are_read_by_wards_and_kept_by_superusers(as_admin, client, cast):
    shared = Indicator.objects.create(ward=None, name="つながりを感じる区民の割合", unit="%")
    there = address(INDICATORS, shared)
    shown = page(as_admin.get(there))
    assert shared.name in shown and "全区共通の指標は、システムの管理者が直します。" in shown
    sent = {"name": "別の名前", "unit": "件", "direction": "", "definition": "", "source": ""}
    page(as_admin.post(there, sent), 403)
    errors = as_admin.post(f"{INDICATORS}add/", sent).context["adminform"].form.errors
    assert list(errors) == ["ward"]
    client.force_login(User.objects.create(username="operator", name="運用 太郎", is_superuser=True))
    client.post(there, {**sent, "name": "つながりを感じる人の割合", "direction": "higher"})
    shared.refresh_from_db()
    assert (shared.name, shared.direction) == ("つながりを感じる人の割合", "higher")
    page(client.post(address(INDICATORS, cast.own_indicator), sent), 404)


def test_an_indicator_in_a_confirmed_plan_keeps_its_name_and_unit(as_admin, cast):
    there = address(INDICATORS, cast.own_indicator)
    sent = {
        "name": "改名",
        "unit": "人",
        "direction": "lower",
        "definition": "不適切とされた件数",
        "source": "",
    }
    assert as_admin.post(there, sent).status_code == 302
    cast.own_indicator.refresh_from_db()
    assert cast.own_indicator.definition == "不適切とされた件数"
    assert (cast.own_indicator.name, cast.own_indicator.unit) == ("不適切な事務処理事案の件数", "件")
    cast.plan_in("draft")
    taken = as_admin.post(there, {**sent, "name": cast.shared_indicator.name})
    errors = taken.context["adminform"].form.errors
    assert errors == {"name": ["この区には同じ名前の指標がすでにあります。"]}
    as_admin.post(there, sent)
    cast.own_indicator.refresh_from_db()
    assert (cast.own_indicator.name, cast.own_indicator.unit) == ("改名", "人")


def test_figures_are_looked_up_with_their_corrections(as_admin, cast):
    old = Measurement.objects.get(indicator=cast.own_indicator, fiscal_year=2019)
    Measurement.objects.filter(pk=old.pk).update(superseded_at=NOW)
    Measurement.objects.create(
        indicator=cast.own_indicator, ward=cast.ward, fiscal_year=2019, value="9.5", at=NOW, reason="再集計"
    )
    Measurement.objects.create(
        indicator=cast.own_indicator, ward=cast.neighbour, fiscal_year=2019, value=77, at=NOW
    )
    there = "/admin/initiatives/measurement/"
    html = page(as_admin.get(there))
    assert "9.5件" in html and "10件" in html
    assert "77件" not in html
    page(as_admin.get(f"{there}add/"), 403)
    page(as_admin.post(f"{there}{old.pk}/change/", {"value": "1"}), 403)
    page(as_admin.post(f"{there}{old.pk}/delete/", {"post": "yes"}), 403)
    old.refresh_from_db()
    assert old.value == 10


def test_an_edition_in_use_is_frozen_even_for_superusers(as_admin, client, cast):
    there = f"/admin/initiatives/formedition/{cast.edition.pk}/change/"
    assert "新しい版を作ってください" in page(as_admin.get(there))
    question = cast.edition.questions.get(phase="midyear", key="issues")
    client.force_login(User.objects.create(username="operator", name="運用 太郎", is_superuser=True))
    page(client.post(there, {"title": "別の表題"}), 403)
    page(client.post(f"/admin/initiatives/question/{question.pk}/change/", {"label": "別の見出し"}), 403)
    response = client.post("/admin/initiatives/question/add/", {"edition": cast.edition.pk})
    assert "edition" in response.context["adminform"].form.errors
    cast.edition.refresh_from_db()
    assert cast.edition.title == "「令和2年度以降の市政改革計画」に基づく取組等"
    assert cast.edition.questions.count() == 7


def test_a_new_edition_is_made_by_superusers_only(as_admin, client, cast):
    add = "/admin/initiatives/formedition/add/"
    page(as_admin.get(add), 403)
    client.force_login(User.objects.create(username="operator", name="運用 太郎", is_superuser=True))
    sent = filled_in(
        client.get(add),
        code="r5",
        title="運営方針",
        first_fiscal_year="R5",
        labels="{}",
        **{
            "questions-TOTAL_FORMS": 1,
            "questions-0-position": 1,
            "questions-0-phase": "self_evaluation",
            "questions-0-key": "mark",
            "questions-0-kind": "mark",
            "questions-0-scope": "target",
            "questions-0-label": "目標ごとの評価",
        },
    )
    assert client.post(add, sent).status_code == 302
    question = FormEdition.objects.get(code="r5").questions.get()
    there = f"/admin/initiatives/question/{question.pk}/change/"
    sent = filled_in(
        client.get(there),
        **{"marks-TOTAL_FORMS": 1, "marks-0-position": 1, "marks-0-symbol": "A", "marks-0-label": "達成"},
    )
    assert client.post(there, sent).status_code == 302
    assert [str(mark) for mark in question.marks.all()] == ["A達成"]


def test_every_change_of_a_form_counts_at_once(client, cast):
    """What processes keep of a form goes with its revision."""
    edition = FormEdition.objects.create(code="r5", title="運営方針", first_fiscal_year=2023)
    question = edition.questions.create(
        phase="midyear", key="outlook", position=1, kind="text", label="見込み"
    )
    client.force_login(User.objects.create(username="operator", name="運用 太郎", is_superuser=True))

    def labels():
        form = read_form(FormEdition.objects.get(code="r5"))
        return [(one.label, len(one.marks)) for phase in form.phases for one in phase.questions]

    assert labels() == [("見込み", 0)]
    of_edition = f"/admin/initiatives/formedition/{edition.pk}/change/"
    sent = filled_in(client.get(of_edition), **{"questions-0-label": "到達の見込み"})
    assert client.post(of_edition, sent).status_code == 302
    assert labels() == [("到達の見込み", 0)]
    of_question = f"/admin/initiatives/question/{question.pk}/"
    mark = {"marks-TOTAL_FORMS": 1, "marks-0-position": 1, "marks-0-symbol": "A", "marks-0-label": "達成"}
    sent = filled_in(client.get(f"{of_question}change/"), kind="mark", **mark)
    assert client.post(f"{of_question}change/", sent).status_code == 302
    assert labels() == [("到達の見込み", 1)]
    assert client.post(f"{of_question}delete/", {"post": "yes"}).status_code == 302
    assert labels() == []


# --- cost ------------------------------------------------------------------------------------------------


def test_what_is_missing_is_asked_for_in_one_voice(client, cast, draft):
    cast.admin.is_superuser = True
    cast.admin.save()
    client.force_login(cast.admin)
    asked = {}
    for model in site._registry:
        address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_add")
        if client.get(address).status_code == 200:
            asked[model.__name__] = page(client.post(address, NO_ROWS))
    asked["password"] = page(client.post(f"/admin/accounts/user/{cast.staff.pk}/password/", {}))
    for name, html in asked.items():
        assert "このフィールドは" not in html, name
        assert "入力してください。" in html or "選んでください。" in html, name
    assert len(asked) > 6
    assert "記入してください。" not in asked["Initiative"]


@pytest.mark.parametrize("list_page", [PLANS, ITEMS, TARGETS, INDICATORS, "/admin/initiatives/measurement/"])
def test_a_list_costs_the_same_with_1_3_and_30_rows(as_admin, cast, list_page):
    as_admin.get(list_page)  # touches the session
    costs = []
    for rows in (1, 3, 30):
        Baseline.objects.all().delete()
        for model in (Measurement, Target, Initiative, Indicator, PlanPhase, YearPlan):
            model.objects.all().delete()
        for row in range(rows):
            plan = YearPlan.objects.create(ward=cast.ward, fiscal_year=2000 + row, edition=cast.edition)
            initiative = Initiative.objects.create(
                plan=plan, number="1", position=1_000_000, title="取組", section=cast.section
            )
            indicator = Indicator.objects.create(ward=cast.ward, name=f"指標{row}", unit="件")
            Target.objects.create(
                initiative=initiative,
                key="a1",
                scope="annual",
                indicator=indicator,
                wording="3件",
                kind="absolute",
                fiscal_year=2020,
                value=3,
            )
            Measurement.objects.create(
                indicator=indicator, ward=cast.ward, fiscal_year=2019, value=3, at=NOW, by=cast.admin
            )
        with CaptureQueriesContext(connection) as queries:
            assert f"{rows} " in page(as_admin.get(list_page))
        costs.append(len(queries))
    assert len(set(costs)) == 1, costs
