"""Migrations keep what is in the database, forwards and back."""

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
