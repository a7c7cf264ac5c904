"""What the database itself refuses, and that a clerk can read why."""

import datetime

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError

from initiatives.models import (
    Baseline,
    Event,
    Indicator,
    Initiative,
    Mark,
    Measurement,
    PlanPhase,
    PublishedSheet,
    Question,
    Target,
    TargetResolution,
    YearPlan,
)
from initiatives.models.plan import sort_position
from reviews.models import MidYearReview, Review, SelfEvaluation, UnsavedText
from tests.cast import NOW, SPRING
from wardplan.accounts.models import Membership, Section, Ward

DAY = datetime.timedelta(days=1)


def target(cast, **more):
    fields = {"key": "z1", "scope": "annual", "wording": "目標", "kind": "none", "fiscal_year": 2020}
    return Target(initiative=cast.initiative, indicator=cast.own_indicator, **{**fields, **more})


def phase(cast, **moments):
    return PlanPhase(plan=cast.plan, phase="final", **moments)


def membership(cast, **more):
    fields = {"user": cast.viewer, "ward": cast.ward, "role": "viewer", "starts_on": NOW.date()}
    return Membership(**{**fields, **more})


# What must never be stored, with the sentence a clerk reads ("" where no form can lead there).
NEVER = {
    "reserved slug": (
        lambda cast: Ward(slug="admin", name="区", kana="く"),
        "このアドレス名は画面の番地に使われています。別の名前にしてください。",
    ),
    "slug twice": (
        lambda cast: Ward(slug="mihon", name="区", kana="く"),
        "このアドレス名はほかの区が使っています。",
    ),
    "section twice": (
        lambda cast: Section(ward=cast.ward, name="総務課"),
        "この区には同じ名前の課があります。",
    ),
    "staff without section": (
        lambda cast: membership(cast, role="staff"),
        "担当者と承認者は担当課を選び、取りまとめ担当と閲覧者は空にしてください。",
    ),
    "admin with section": (
        lambda cast: membership(cast, role="admin", section=cast.section),
        "担当者と承認者は担当課を選び、取りまとめ担当と閲覧者は空にしてください。",
    ),
    "membership ends before it starts": (
        lambda cast: membership(cast, ends_on=NOW.date() - DAY),
        "終了日は開始日以後の日にしてください。",
    ),
    "acting staff": (
        lambda cast: membership(cast, role="staff", section=cast.section, acting=True),
        "代理にできるのは承認者(課長)だけです。",
    ),
    "same section role twice": (
        lambda cast: membership(
            cast, user=cast.staff, role="staff", section=cast.section, starts_on=SPRING.date()
        ),
        "同じ所属と役割が、同じ日からすでにあります。",
    ),
    "same ward role twice": (
        lambda cast: membership(cast, starts_on=SPRING.date()),
        "同じ役割が、同じ日からすでにあります。",
    ),
    "question twice": (
        lambda cast: Question(
            edition=cast.edition, phase="midyear", key="issues", position=99, kind="text", label="欄"
        ),
        "この段階には同じキーの欄があります。",
    ),
    "question place twice": (
        lambda cast: Question(
            edition=cast.edition, phase="midyear", key="other", position=1, kind="text", label="欄"
        ),
        "同じ順番の欄があります。",
    ),
    "phase like an address": (
        lambda cast: Question(
            edition=cast.edition, phase="history", key="other", position=99, kind="text", label="欄"
        ),
        "この段階の名前は画面の番地に使われています。別の名前にしてください。",
    ),
    "final text": (
        lambda cast: Question(
            edition=cast.edition, phase="p", key="other", position=99, kind="text", label="欄", final=True
        ),
        "年度の実績にできるのは、目標ごとの数値の欄だけです。",
    ),
    "mark twice": (
        lambda cast: Mark(question=Question.objects.get(key="outlook"), position=2, symbol="②", label="例"),
        "同じ順番の選択肢があります。",
    ),
    "mark zero": (
        lambda cast: Mark(question=Question.objects.get(key="outlook"), position=0, symbol="〇", label="例"),
        "順番は1から始めてください。",
    ),
    "plan twice": (
        lambda cast: YearPlan(ward=cast.ward, fiscal_year=2020, edition=cast.edition),
        "この区には同じ年度の計画がすでにあります。",
    ),
    "unknown plan status": (
        lambda cast: YearPlan(ward=cast.ward, fiscal_year=2021, edition=cast.edition, status="gone"),
        "",
    ),
    "phase twice": (
        lambda cast: PlanPhase(plan=cast.plan, phase="midyear"),
        "この計画には同じ段階がすでにあります。",
    ),
    "due before opening": (
        lambda cast: phase(cast, opens_at=NOW, due_at=NOW - DAY),
        "提出期限は受付開始より後にしてください。",
    ),
    "closes before due": (
        lambda cast: phase(cast, due_at=NOW, closes_at=NOW - DAY),
        "受付終了は提出期限より後にしてください。",
    ),
    "closes before opening": (
        lambda cast: phase(cast, opens_at=NOW, closes_at=NOW - DAY),
        "受付終了は受付開始より後にしてください。",
    ),
    "number twice": (
        lambda cast: Initiative(plan=cast.plan, number="1", title="題名"),
        "この計画には同じ番号の取組項目がすでにあります。",
    ),
    "indicator twice in the ward": (
        lambda cast: Indicator(ward=cast.ward, name=cast.own_indicator.name),
        "この区には同じ名前の指標がすでにあります。",
    ),
    "second current figure": (
        lambda cast: Measurement(
            indicator=cast.own_indicator, ward=cast.ward, fiscal_year=2019, value=1, at=NOW
        ),
        "この指標と年度の実績は、すでに入力されています。",
    ),
    "target key twice": (
        lambda cast: target(cast, key="a1"),
        "この取組項目には同じキーの目標がすでにあります。",
    ),
    "number missing": (
        lambda cast: target(cast, kind="absolute"),
        "数値の目標には目標値を入力してください。",
    ),
    "range upside down": (
        lambda cast: target(cast, kind="range", value=9, value_max=8),
        "範囲の目標には、下限と、下限以上の上限を入力してください。",
    ),
    "range without end": (
        lambda cast: target(cast, kind="range", value=9),
        "範囲の目標には、下限と、下限以上の上限を入力してください。",
    ),
    "sum without its first year": (
        lambda cast: target(cast, kind="cumulative", value=9),
        "合計の目標には、目標値と、目標年度以前の初年度を入力してください。",
    ),
    "sum from the future": (
        lambda cast: target(cast, kind="cumulative", value=9, from_fiscal_year=2021),
        "合計の目標には、目標値と、目標年度以前の初年度を入力してください。",
    ),
    "relative with a number": (
        lambda cast: target(cast, kind="relative", base_fiscal_year=2019, value=9),
        "基準年度との比較では、目標値を空にしてください。基準年度の実績が分かると決まります。",
    ),
    "quoted year twice": (
        lambda cast: Baseline(target=Target.objects.get(key="p1"), fiscal_year=2018),
        "この目標には同じ年度の過年度実績がすでにあります。",
    ),
    "review twice": (
        lambda cast: Review(initiative=cast.initiative, phase="midyear"),
        "この取組項目には同じ段階の記録がすでにあります。",
    ),
    "unknown review status": (
        lambda cast: Review(initiative=cast.initiative, phase="self_evaluation", status="gone"),
        "",
    ),
    "own approval": (
        lambda cast: Review(
            initiative=cast.initiative,
            phase="self_evaluation",
            status="approved",
            submitted_by=cast.manager,
            approved_by=cast.manager,
        ),
        "提出した人は承認できません。",
    ),
    "submitted by nobody": (
        lambda cast: Review(initiative=cast.initiative, phase="self_evaluation", status="submitted"),
        "",
    ),
    "approved by nobody": (
        lambda cast: Review(
            initiative=cast.initiative, phase="self_evaluation", status="approved", submitted_by=cast.staff
        ),
        "",
    ),
    "review version twice": (lambda cast: event(cast, cast.initiative, "midyear", 1), ""),
    "plan version twice": (lambda cast: event(cast, None, "", 1), ""),
    "revision twice": (lambda cast: published(cast, 1), ""),
    "unsaved text twice": (
        lambda cast: UnsavedText(
            user=cast.staff, initiative=cast.initiative, phase="midyear", base_version=1, at=NOW
        ),
        "",
    ),
}


def event(cast, initiative, phase, version):
    return Event(
        ward=cast.ward,
        fiscal_year=2020,
        initiative=initiative,
        phase=phase,
        version=version,
        verb="save",
        from_status="draft",
        to_status="draft",
        by=cast.staff,
        by_name="担当 太郎",
        at=NOW,
    )


def published(cast, revision):
    return PublishedSheet(
        initiative=cast.initiative, revision=revision, content="{}", sha256="0" * 64, at=NOW
    )


@pytest.fixture
def full_cast(cast):
    """Put one of everything there that must not be there twice."""
    cast.review_in("draft")
    Baseline.objects.create(target=Target.objects.get(key="p1"), fiscal_year=2018)
    published(cast, 1).save()
    UnsavedText.objects.create(
        user=cast.staff, initiative=cast.initiative, phase="midyear", base_version=1, at=NOW
    )
    return cast


@pytest.mark.parametrize("what", NEVER)
def test_database_refuses(full_cast, what):
    make, sentence = NEVER[what]
    with pytest.raises(IntegrityError), transaction.atomic():
        make(full_cast).save(force_insert=True)
    if sentence:
        with pytest.raises(ValidationError) as refused:
            make(full_cast).full_clean()
        assert sentence in refused.value.messages


def test_city_wide_indicator_exists_once(cast):
    Indicator.objects.create(name="区民の割合")
    with pytest.raises(ValidationError) as refused:
        Indicator(name="区民の割合").full_clean()
    assert refused.value.messages == ["全区共通の指標に同じ名前のものがすでにあります。"]
    with pytest.raises(IntegrityError), transaction.atomic():
        Indicator.objects.create(name="区民の割合")
    Indicator.objects.create(name="区民の割合", ward=cast.ward)
    assert Indicator.objects.usable_in(cast.ward).filter(name="区民の割合").count() == 2


def test_superseded_figures_may_be_many(cast):
    for _ in range(2):
        Measurement.objects.create(
            indicator=cast.own_indicator, ward=cast.ward, fiscal_year=2019, value=1, at=NOW, superseded_at=NOW
        )
    assert Measurement.objects.current().filter(indicator=cast.own_indicator, fiscal_year=2019).count() == 1


def test_figure_keeps_fifteen_digits_and_four_places(cast):
    figure = Measurement.objects.create(
        indicator=cast.own_indicator, ward=cast.ward, fiscal_year=2001, value="12345678901.2345", at=NOW
    )
    figure.refresh_from_db()
    assert str(figure.value) == "12345678901.2345"


@pytest.mark.parametrize("make", [lambda cast: cast.staff, lambda cast: cast.section, lambda cast: cast.ward])
def test_what_the_history_names_is_not_deleted(cast, make):
    cast.review_in("approved")
    with pytest.raises(ProtectedError):
        make(cast).delete()


def test_plan_with_reviews_is_not_deleted(cast):
    cast.review_in("draft")
    with pytest.raises(ProtectedError):
        cast.plan.delete()


def test_resolved_target_is_not_deleted_by_itself(cast):
    TargetResolution.objects.create(
        target=cast.relative_target, value=9, base_value=10, by=cast.staff, at=NOW
    )
    with pytest.raises(ProtectedError):
        cast.relative_target.delete()


def test_proxies_keep_to_their_phase(cast):
    for status, name in (("draft", "midyear"), ("submitted", "self_evaluation")):
        cast.review_in(status, name)
    assert MidYearReview.objects.get().status == "draft"
    assert SelfEvaluation.objects.get().status == "submitted"
    assert MidYearReview.objects.create(initiative=cast.other_initiative).phase == "midyear"
    assert list(Review.objects.awaiting_decision()) == [cast.review("self_evaluation")]


def test_reviews_are_visible_like_their_sheets(cast):
    cast.review_in("draft")
    assert Review.objects.visible_to(cast.viewer).count() == 1
    assert Review.objects.visible_to(cast.other_ward).count() == 0


def test_used_edition_is_frozen(cast):
    assert cast.edition.is_frozen()
    YearPlan.objects.filter(pk=cast.plan.pk)
    cast.edition.code = "r3"
    cast.edition.pk = None
    cast.edition.save()
    assert not cast.edition.is_frozen()


@pytest.mark.parametrize("number", ["", "一", "1-", "-1", "1.2", "１", "1\n", "../1", "a"], ids=ascii)
def test_number_is_what_an_address_can_carry(cast, number):
    with pytest.raises(ValidationError) as refused:
        Initiative(plan=cast.plan, number=number, title="題名").full_clean()
    assert "number" in refused.value.message_dict


def test_numbers_sort_as_people_read_them():
    numbers = ["1", "1-1", "1-1-2", "1-2", "1-10", "2", "10", "10-1"]
    assert sorted(reversed(numbers), key=sort_position) == numbers


def test_section_of_another_ward_is_refused_in_forms(cast):
    initiative = Initiative(plan=cast.plan, number="3", title="題名", section=cast.neighbours_section)
    with pytest.raises(ValidationError) as refused:
        initiative.full_clean()
    assert refused.value.message_dict == {"section": ["この計画の区の担当課を選んでください。"]}
    with pytest.raises(ValidationError):
        membership(cast, role="staff", section=cast.neighbours_section).full_clean()


def test_event_is_named_without_the_code_s_words():
    assert str(Event(verb="confirm", by_name="大谷 悠", version=2)) == "大谷 悠 第2版"
