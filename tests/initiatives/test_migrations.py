"""Migrations keep what is in the database, forwards and back."""

import datetime

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

BEFORE = [("initiatives", "0001_initial")]
RULES = [("initiatives", "0002_question_rules")]


def migrate(targets):
    executor = MigrationExecutor(connection)
    executor.migrate(targets)
    return executor.loader.project_state(targets).apps


@pytest.fixture
def migrating(transactional_db):
    """Start before the rules, and leave the database as every other test wants it."""
    executor = MigrationExecutor(connection)
    newest = executor.loader.graph.leaf_nodes()
    yield migrate(BEFORE)
    migrate(newest)


@pytest.mark.django_db(transaction=True)
def test_questions_get_their_rules_and_lose_them_again(migrating):
    old = migrating
    edition = old.get_model("initiatives", "FormEdition").objects.create(
        code="r2", title="様式", first_fiscal_year=2020
    )
    question = old.get_model("initiatives", "Question").objects.create(
        edition=edition, phase="midyear", key="outlook", position=1, kind="mark", label="見込み"
    )
    old.get_model("initiatives", "Mark").objects.create(
        question=question, position=1, symbol="①", label="達成見込み", meaning="met"
    )
    new = migrate(RULES)
    kept = new.get_model("initiatives", "Question").objects.get()
    assert (kept.key, kept.label, kept.required_when, kept.combine, kept.guide) == (
        "outlook",
        "見込み",
        "",
        "",
        "",
    )
    kept.combine = "majority"
    kept.save()
    new.get_model("initiatives", "Mark").objects.create(question=kept, position=2, symbol="対象外", label="")
    again = migrate(BEFORE)
    assert again.get_model("initiatives", "Question").objects.get().label == "見込み"
    assert [mark.symbol for mark in again.get_model("initiatives", "Mark").objects.order_by("position")] == [
        "①",
        "対象外",
    ]


@pytest.mark.django_db(transaction=True)
def test_indicators_and_figures_stay_when_their_changes_come_and_go(migrating):
    old = migrate(RULES)
    ward = old.get_model("accounts", "Ward").objects.create(slug="mihon", name="見本区", kana="みほんく")
    indicator = old.get_model("initiatives", "Indicator").objects.create(
        ward=ward, name="区民の割合", unit="%", direction="higher", definition="区民に占める割合"
    )
    now = datetime.datetime(2020, 9, 25, tzinfo=datetime.UTC)
    old.get_model("initiatives", "Measurement").objects.create(
        indicator=indicator, ward=ward, fiscal_year=2019, value="38.6", at=now
    )
    new = migrate([("initiatives", "0003_indicator_changes")])
    change = new.get_model("initiatives", "IndicatorChange").objects.create(
        indicator_id=indicator.pk, kind="definition", fiscal_year=2020, what="設問が変わった", at=now
    )
    assert (change.before, change.after, change.ward) == ({}, {}, None)
    again = migrate(RULES)
    kept = again.get_model("initiatives", "Indicator").objects.get()
    assert (kept.direction, kept.definition) == ("higher", "区民に占める割合")
    assert str(again.get_model("initiatives", "Measurement").objects.get().value) in ("38.6", "38.6000")


@pytest.mark.django_db(transaction=True)
def test_editions_stay_when_their_layouts_come_and_go(migrating):
    before = [("initiatives", "0004_withdrawn_indicator_changes")]
    old = migrate(before)
    edition = old.get_model("initiatives", "FormEdition").objects.create(
        code="r2", title="様式", first_fiscal_year=2020
    )
    user = old.get_model("accounts", "User").objects.create(username="root", name="管理者")
    new = migrate([("initiatives", "0005_form_layout")])
    now = datetime.datetime(2020, 9, 25, tzinfo=datetime.UTC)
    layout = new.get_model("initiatives", "FormLayout").objects.create(
        edition_id=edition.pk, content=b"PK\x03\x04\x00", digest="0" * 64, by_id=user.pk, at=now
    )
    layout.refresh_from_db()
    assert bytes(layout.content) == b"PK\x03\x04\x00"
    again = migrate(before)
    assert again.get_model("initiatives", "FormEdition").objects.get().title == "様式"
