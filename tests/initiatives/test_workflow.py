"""A plan's verbs: what each writes and refuses, and that a refusal changes nothing."""

import datetime
import hashlib
import json
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError

from initiatives import workflow
from initiatives.models import (
    Event,
    IndicatorChange,
    Initiative,
    Measurement,
    PublishedSheet,
    Target,
    TargetResolution,
    YearPlan,
)
from initiatives.refusals import (
    ChangedMeanwhile,
    Incomplete,
    NotAllowed,
    NotVisible,
    TransitionNotAllowed,
)
from reviews import workflow as reviews_workflow
from reviews.models import Review
from tests.cast import NOW, SPRING, STATES, difference, hold, scratch, snapshot

REASON = "目標を見直したため"
PLAN_STATES = ("draft", "confirmed", "published")
# What the office agreed on: verb -> state -> state.
AGREED = {
    "edit": {"draft": "draft"},
    "confirm": {"draft": "confirmed"},
    "publish": {"confirmed": "published"},
    "new_version": {"confirmed": "confirmed", "published": "confirmed"},
    "delete": {"draft": "draft"},
    "assign_section": {state: state for state in PLAN_STATES},
    "record_measurement": {state: state for state in PLAN_STATES},
    "resolve": {state: state for state in PLAN_STATES},
    "change_definition": {state: state for state in PLAN_STATES},
    "withdraw_definition": {state: state for state in PLAN_STATES},
    "confirm_direction": {state: state for state in PLAN_STATES},
    "set_window": {state: state for state in PLAN_STATES},
    "record_decision": {state: state for state in PLAN_STATES},
}
NEVER = {"opens_at": None, "due_at": None, "closes_at": None, "as_of": None}
DECISION = {
    "stage": "decided",
    "decided_on": NOW.date(),
    "decided_by_post": "区長",
    "document_number": "見総第12号",
}


def act(cast, verb, by=None, *, version=None, **more):
    """Carry a plan's verb out as the admin, with everything that it asks for."""
    by, plan = by or cast.admin, cast.plan
    version = plan.version if version is None else version
    if verb == "edit":
        return workflow.edit(plan, by=by, at=NOW)
    if verb == "new_version":
        more = {"content": cast.plan_content(), "reason": REASON, **more}
    if verb == "set_window":
        more = {"phase": "midyear", **NEVER, **more}
    if verb == "record_decision":
        more = {"phase": "midyear", **DECISION, **more}
    if verb == "assign_section":
        section = more.get("section", cast.other_section)
        return workflow.assign_section(cast.initiative, by=by, at=NOW, section=section)
    if verb == "record_measurement":
        more = {"fiscal_year": 2019, "value": Decimal(5), "reason": REASON, **more}
        return workflow.record_measurement(plan, cast.own_indicator, by=by, at=NOW, **more)
    if verb == "change_definition":
        more = {"fiscal_year": 2020, "what": "数え方が変わった", "reason": REASON, **more}
        return workflow.change_definition(plan, cast.own_indicator, by=by, at=NOW, **more)
    if verb == "withdraw_definition":
        change = IndicatorChange.objects.first() or IndicatorChange.objects.create(
            indicator=cast.own_indicator, ward=cast.ward, kind="definition", fiscal_year=2020, at=NOW
        )
        more = {"reason": REASON, **more}
        return workflow.withdraw_definition(plan, change, by=by, at=NOW, **more)
    if verb == "confirm_direction":
        more = {"direction": "lower", **more}
        return workflow.confirm_direction(plan, cast.own_indicator, by=by, at=NOW, **more)
    if verb == "resolve":
        more = {"value": Decimal(9), "base_value": Decimal(10), **more}
        return workflow.resolve(cast.relative_target, by=by, at=NOW, **more)
    return getattr(workflow, verb)(plan, by=by, at=NOW, version=version, **more)


def refused(kind, *arguments, **more):
    """Act, expect a refusal that changes nothing, and hand it back."""
    before = snapshot()
    with pytest.raises(kind) as caught, scratch():
        act(*arguments, **more)
    assert difference(before, snapshot()) == {}
    return caught.value


@pytest.mark.parametrize("state", PLAN_STATES)
@pytest.mark.parametrize("verb", AGREED)
def test_every_verb_in_every_state(cast, verb, state):
    version = cast.plan_in(state).version
    if state not in AGREED[verb]:
        assert refused(TransitionNotAllowed, cast, verb).sentence == workflow.REFUSALS[verb]
        return
    event = act(cast, verb)
    assert (event.verb, event.from_status, event.to_status) == (verb, state, AGREED[verb][state])
    assert (event.version, event.initiative, event.by_post) == (version + 1, None, "取りまとめ担当")
    if verb != "delete":
        plan = YearPlan.objects.get()
        assert (plan.status, plan.version) == (event.to_status, event.version)


@pytest.mark.parametrize("verb", ["confirm", "delete", "publish", "new_version"])
@pytest.mark.parametrize("version", [0, 1, 99])
def test_stale_version_is_refused(cast, verb, version):
    cast.plan_in("draft" if verb in ("confirm", "delete") else "confirmed")
    act(cast, "record_measurement")
    if version == cast.plan.version + 1:
        version = -1
    refused(ChangedMeanwhile, cast, verb, version=version)


# ---- confirm -------------------------------------------------------------------------------------------


def test_confirm_needs_a_section_for_every_item(cast):
    cast.plan_in("draft")
    Initiative.objects.update(section=None)
    refusal = refused(Incomplete, cast, "confirm")
    assert refusal.problems == {
        "initiative_1": "取組項目1「人と人とのつながりづくり」の担当課を決めてください。",
        "initiative_2": "取組項目2「区政会議の開催」の担当課を決めてください。",
    }


def test_confirm_needs_an_item(cast):
    cast.plan_in("draft")
    Initiative.objects.all().delete()
    refusal = refused(Incomplete, cast, "confirm")
    assert refusal.problems == {"initiatives": "取組項目がありません。計画を取り込んでから確定してください。"}


def test_confirm_keeps_the_whole_plan_in_the_record(cast):
    cast.plan_in("draft")
    event = act(cast, "confirm")
    assert event.content == json.loads(json.dumps(cast.plan_content()))
    [first, _] = event.content["initiatives"]
    assert (first["number"], first["title"], first["section"]) == (
        "1",
        "人と人とのつながりづくり",
        "市民協働課",
    )
    assert [target["key"] for target in first["targets"]] == ["p1", "a1", "a2"]


# ---- publish -------------------------------------------------------------------------------------------


def test_publish_makes_the_first_revision_of_every_sheet(cast):
    act(cast, "publish")
    sheets = {sheet.initiative.number: sheet for sheet in PublishedSheet.objects.all()}
    assert sheets.keys() == {"1", "2"}
    for number, sheet in sheets.items():
        content = json.loads(sheet.content)
        assert (sheet.revision, sheet.reason, sheet.at) == (1, "", NOW)
        assert sheet.sha256 == hashlib.sha256(sheet.content.encode()).hexdigest()
        assert content["parts"].keys() == {"plan"}
        assert content["parts"]["plan"]["initiative"]["number"] == content["number"] == number


def test_publish_copies_what_was_confirmed_and_not_the_live_rows(cast):
    Initiative.objects.update(title="後から変わった題名", purpose="後から変わった趣旨")
    Target.objects.update(wording="後から変わった目標")
    act(cast, "publish")
    for sheet in PublishedSheet.objects.all():
        assert "後から変わった" not in sheet.content


def test_new_version_is_published_as_a_revision_with_its_reason(cast):
    act(cast, "publish")
    first = PublishedSheet.objects.get(initiative=cast.initiative)
    content = cast.plan_content()
    content["initiatives"][0]["title"] = "人と地域のつながりづくり"
    renewed = act(cast, "new_version", version=2, content=content)
    assert (renewed.to_status, renewed.reason) == ("confirmed", REASON)
    assert Initiative.objects.get(number="1").title == "人と地域のつながりづくり"
    assert PublishedSheet.objects.filter(initiative=cast.initiative).count() == 1
    act(cast, "publish", version=3)
    second = PublishedSheet.objects.get(initiative=cast.initiative, revision=2)
    assert (second.reason, json.loads(second.content)["title"]) == (REASON, "人と地域のつながりづくり")
    first.refresh_from_db()
    assert json.loads(first.content)["title"] == "人と人とのつながりづくり"


def test_publishing_the_plan_keeps_what_was_public_of_the_reviews(cast):
    cast.review_in("published")
    act(cast, "publish")
    second = PublishedSheet.objects.get(initiative=cast.initiative, revision=2)
    parts = json.loads(second.content)["parts"]
    assert parts.keys() == {"midyear", "plan"}
    assert parts["midyear"]["answers"] == cast.answers()
    assert second.reason == ""


def test_section_that_changed_after_the_confirmation_is_public_with_the_next_one(cast):
    act(cast, "assign_section")
    act(cast, "publish", version=2)
    sheet = PublishedSheet.objects.get(initiative=cast.initiative)
    assert json.loads(sheet.content)["section"] == "市民協働課"


# ---- new version ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", ["", " ", "\u3000\n", "\u200b"], ids=ascii)
def test_new_version_needs_a_reason(cast, reason):
    refusal = refused(Incomplete, cast, "new_version", reason=reason)
    assert refusal.problems == {"reason": "計画を変更する理由を書いてください。"}


def test_new_version_keeps_the_reviews(cast):
    review = cast.review_in("submitted")
    content = cast.plan_content()
    content["initiatives"][0]["activities"] = "・清掃活動を毎月行う。"
    act(cast, "new_version", content=content)
    assert Review.objects.get().pk == review.pk
    assert Initiative.objects.get(number="1").activities == "・清掃活動を毎月行う。"


def test_new_version_that_leaves_an_item_without_section_is_refused_whole(cast):
    content = cast.plan_content()
    content["initiatives"][0] |= {"section": "", "title": "変わった題名"}
    refusal = refused(Incomplete, cast, "new_version", content=content)
    assert refusal.problems == {"section": "取組項目1の担当課を決めてください。"}


def test_new_version_with_faults_is_refused_whole(cast):
    content = cast.plan_content()
    content["initiatives"][0]["title"] = "変わった題名"
    content["initiatives"][1]["number"] = "二"
    refused(ValidationError, cast, "new_version", content=content)


@pytest.mark.parametrize("state", STATES[1:])
def test_new_version_cannot_drop_a_sheet_with_a_review(cast, state):
    cast.review_in(state, initiative=cast.other_initiative)
    content = cast.plan_content()
    del content["initiatives"][1]
    refused(ValidationError, cast, "new_version", content=content)


# ---- edit and delete -----------------------------------------------------------------------------------


def test_edit_records_the_plan_as_it_is_after_the_edit(cast):
    cast.plan_in("draft")
    Initiative.objects.filter(number="1").update(title="人と地域のつながりづくり")
    event = act(cast, "edit")
    assert event.content["initiatives"][0]["title"] == "人と地域のつながりづくり"


def test_deleted_draft_stays_in_the_record(cast):
    cast.plan_in("draft")
    content = cast.plan_content()
    act(cast, "delete")
    assert not YearPlan.objects.exists()
    assert not Initiative.objects.exists()
    [event] = cast.plan_events()
    assert (event.verb, event.content) == ("delete", json.loads(json.dumps(content)))


def test_plan_made_anew_goes_on_counting(cast):
    cast.plan_in("draft")
    act(cast, "delete")
    newest = workflow.last_version(cast.ward.pk, 2020)
    again = YearPlan.objects.create(ward=cast.ward, fiscal_year=2020, edition=cast.edition, version=newest)
    assert workflow.edit(again, by=cast.admin, at=NOW).version == newest + 1
    assert workflow.last_version(cast.neighbour.pk, 2020) == 0


def test_draft_with_a_resolved_target_can_be_deleted(cast):
    """The number was put to a target in the draft: it goes with it, and its event stays."""
    cast.plan_in("draft")
    act(cast, "resolve")
    act(cast, "delete", version=1)
    assert not YearPlan.objects.exists()
    assert not TargetResolution.objects.exists()
    assert [event.verb for event in cast.plan_events()] == ["resolve", "delete"]
    assert Measurement.objects.filter(indicator=cast.own_indicator).count() == 2


def test_draft_that_the_next_year_continues_is_not_deleted(cast):
    cast.plan_in("draft")
    following = YearPlan.objects.create(ward=cast.ward, fiscal_year=2021, edition=cast.edition)
    Initiative.objects.create(plan=following, number="1", title="続き", continues=cast.initiative)
    refusal = refused(TransitionNotAllowed, cast, "delete")
    assert refusal.sentence.endswith("。")


# ---- sections ------------------------------------------------------------------------------------------


def test_assigned_section_takes_the_sheet_over(cast):
    cast.review_in("draft")
    event = act(cast, "assign_section")
    assert event.content == {"number": "1", "section": "総務課", "before": "市民協働課"}
    assert Initiative.objects.get(number="1").section == cast.other_section
    saved = reviews_workflow.save(
        cast.initiative, "midyear", by=cast.staff_other_section, at=NOW, version=1, answers={"outlook": 1}
    )
    assert saved.by_post == "総務課 担当者"


def test_section_of_another_ward_is_refused(cast):
    refused(ValidationError, cast, "assign_section", section=cast.neighbours_section)


def test_admin_who_is_also_staff_acts_on_the_plan_as_admin(cast):
    hold(cast.staff, cast.section, "admin", starts_on=NOW.date())
    assert act(cast, "publish", cast.staff).by_post == "取りまとめ担当"


# ---- figures -------------------------------------------------------------------------------------------


def test_measurement_is_entered_with_its_basis(cast):
    event = act(
        cast,
        "record_measurement",
        cast.staff,
        fiscal_year=2020,
        value=Decimal("6.5"),
        as_of=SPRING.date(),
        source="総務課調べ",
        note="速報",
        evidence="文書第5号",
        reason="",
    )
    figure = Measurement.objects.get(indicator=cast.own_indicator, fiscal_year=2020)
    assert (figure.value, figure.as_of, figure.source) == (Decimal("6.5"), SPRING.date(), "総務課調べ")
    assert (figure.note, figure.evidence, figure.by, figure.at) == ("速報", "文書第5号", cast.staff, NOW)
    assert (figure.ward, figure.superseded_at) == (cast.ward, None)
    assert event.content == {"indicator": cast.own_indicator.name, "fiscal_year": 2020, "value": "6.5"}
    assert event.by_post == "市民協働課 担当者"


def test_correction_needs_a_reason_and_keeps_the_old_figure(cast):
    refusal = refused(Incomplete, cast, "record_measurement", reason="\u3000")
    assert refusal.problems == {"reason": "実績を直すときは、訂正の理由を書いてください。"}
    act(cast, "record_measurement", reason="集計の誤り")
    old, new = Measurement.objects.filter(indicator=cast.own_indicator, fiscal_year=2019).order_by("pk")
    assert (old.value, old.superseded_at) == (10, NOW)
    assert (new.value, new.reason, new.superseded_at) == (5, "集計の誤り", None)


def test_invisible_reason_is_no_reason_for_a_correction(cast):
    refused(Incomplete, cast, "record_measurement", reason="\u200b")


@pytest.mark.parametrize(
    ("verb", "field", "limit"),
    [
        ("record_measurement", "source", 200),
        ("record_measurement", "note", 400),
        ("record_measurement", "evidence", 200),
        ("record_measurement", "reason", 400),
        ("change_definition", "what", 400),
        ("change_definition", "reason", 400),
        ("withdraw_definition", "reason", 400),
        ("confirm_direction", "reason", 400),
        ("record_decision", "decided_by_post", 60),
        ("record_decision", "document_number", 60),
    ],
)
def test_text_that_its_column_cannot_hold_is_refused(cast, verb, field, limit):
    refusal = refused(Incomplete, cast, verb, **{field: "髙" * (limit + 2)})
    assert list(refusal.problems) == [field]
    assert refusal.problems[field].endswith(f"は{limit}文字以内にしてください(2文字超過)。")
    act(cast, verb, **{field: "髙" * limit})


def test_zero_is_a_figure(cast):
    act(cast, "record_measurement", fiscal_year=2020, value=Decimal(0))
    assert Measurement.objects.current().get(indicator=cast.own_indicator, fiscal_year=2020).value == 0


def test_figures_of_wards_stand_beside_each_other(cast):
    Measurement.objects.create(
        indicator=cast.own_indicator, ward=cast.neighbour, fiscal_year=2020, value=3, at=SPRING
    )
    act(cast, "record_measurement", fiscal_year=2020, value=Decimal(4), reason="")
    current = Measurement.objects.current().filter(indicator=cast.own_indicator, fiscal_year=2020)
    assert {figure.ward.slug: figure.value for figure in current} == {"mihon": 4, "tonari": 3}


# ---- relative targets ----------------------------------------------------------------------------------


def test_relative_target_gets_its_number_and_keeps_its_words(cast):
    event = act(cast, "resolve", cast.staff)
    resolution = TargetResolution.objects.get()
    assert (resolution.target, resolution.value, resolution.base_value) == (cast.relative_target, 9, 10)
    assert (resolution.by, resolution.at) == (cast.staff, NOW)
    target = Target.objects.get(pk=cast.relative_target.pk)
    assert (target.value, target.wording) == (None, "【令和2年度】令和元年度件数の実績から10%減")
    assert event.content["wording"] == target.wording


def test_relative_target_can_be_resolved_again(cast):
    act(cast, "resolve")
    act(cast, "record_measurement", value=Decimal(20))
    act(cast, "resolve", value=Decimal(18), base_value=Decimal(20))
    assert [resolution.value for resolution in TargetResolution.objects.all()] == [18, 9]


def test_number_computed_from_another_base_is_refused(cast):
    refusal = refused(ChangedMeanwhile, cast, "resolve", base_value=Decimal(7))
    assert refusal.sentence == "基準年度の実績が変わりました。いまの実績を確かめてください。"


def test_unknown_base_is_never_replaced_by_another_year(cast):
    Measurement.objects.filter(indicator=cast.own_indicator, fiscal_year=2019).delete()
    refusal = refused(TransitionNotAllowed, cast, "resolve", base_value=Decimal(7))
    assert refusal.sentence == "令和元年度の実績が未判明です。先に実績を入力してください。"


def test_target_that_is_not_relative_has_its_number(cast):
    absolute = Target.objects.get(initiative=cast.initiative, key="a1")
    with pytest.raises(TransitionNotAllowed):
        workflow.resolve(absolute, by=cast.admin, at=NOW, value=Decimal(9), base_value=Decimal(8))
    assert not TargetResolution.objects.exists()


# ---- the record ----------------------------------------------------------------------------------------


def test_record_of_a_plan_chains(cast):
    cast.plan_in("draft")
    for version, verb in enumerate(
        ["edit", "assign_section", "record_measurement", "confirm", "publish", "new_version"]
    ):
        act(cast, verb, version=version)
    events = cast.plan_events()
    assert [event.version for event in events] == [1, 2, 3, 4, 5, 6]
    assert all(one.to_status == two.from_status for one, two in zip(events, events[1:], strict=False))
    assert YearPlan.objects.get().version == Event.objects.filter(initiative=None).count()


# ---- phases ----------------------------------------------------------------------------------------------


def test_window_and_decision_tell_the_old_and_the_new(cast):
    before = cast.plan.phases.get(phase="midyear")
    event = act(cast, "set_window", due_at=NOW, as_of=NOW.date())
    row = cast.plan.phases.get(phase="midyear")
    assert (row.opens_at, row.due_at, row.closes_at, row.as_of) == (None, NOW, None, NOW.date())
    assert event.content["before"]["opens_at"] == before.opens_at.isoformat()
    assert event.content["due_at"] == NOW.isoformat()
    cast.plan.refresh_from_db()
    event = act(cast, "record_decision")
    row.refresh_from_db()
    assert (row.stage, row.decided_by_post) == ("decided", "区長")
    assert event.content == {
        "phase": "midyear",
        "stage": "decided",
        "decided_on": "2020-09-25",
        "decided_by_post": "区長",
        "document_number": "見総第12号",
        "before": {"stage": "collecting", "decided_on": None, "decided_by_post": "", "document_number": ""},
    }
    assert cast.plan.phases.get(phase="self_evaluation").stage == "collecting"


@pytest.mark.parametrize("verb", ["set_window", "record_decision"])
def test_phases_change_for_the_admin_at_the_version_seen(cast, verb):
    for who in ("viewer", "staff", "manager"):
        refused(NotAllowed, cast, verb, by=cast.actor(who))
    refused(NotVisible, cast, verb, by=cast.other_ward)
    refused(NotVisible, cast, verb, phase="autumn")
    refused(ChangedMeanwhile, cast, verb, version=0)
    first = act(cast, verb)
    assert act(cast, verb) == first, "a double click"


def test_moments_in_the_wrong_order_and_bare_decisions_are_refused(cast):
    later = NOW + datetime.timedelta(days=1)
    moments = {"opens_at": later, "due_at": NOW, "closes_at": later}
    assert list(refused(Incomplete, cast, "set_window", **moments).problems) == ["due_at"]
    assert list(refused(Incomplete, cast, "set_window", due_at=later, closes_at=NOW).problems) == [
        "closes_at"
    ]
    assert list(refused(Incomplete, cast, "set_window", opens_at=later, closes_at=NOW).problems) == [
        "closes_at"
    ]
    bare = {"decided_on": None, "decided_by_post": ""}
    problems = refused(Incomplete, cast, "record_decision", **bare).problems
    assert list(problems) == ["decided_on", "decided_by_post"]
    assert "stage" in refused(Incomplete, cast, "record_decision", stage="done").problems
    ahead = NOW.date() + datetime.timedelta(days=1)
    assert list(refused(Incomplete, cast, "record_decision", decided_on=ahead).problems) == ["decided_on"]
