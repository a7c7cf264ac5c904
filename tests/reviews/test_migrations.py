"""Migrations keep what is in the database, forwards and back."""

import datetime

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

# With the columns that the other apps had then.
BEFORE = [("reviews", "0002_unsaved_text_by_page"), ("initiatives", "0005_form_layout")]
HANDOVER = [("reviews", "0003_handover_and_reports")]
AT = datetime.datetime(2020, 9, 25, 1, tzinfo=datetime.UTC)


def migrate(targets):
    executor = MigrationExecutor(connection)
    executor.migrate(targets)
    return executor.loader.project_state(targets).apps


@pytest.fixture
def before(transactional_db):
    """Start before handovers, and leave the database as every other test wants it."""
    newest = MigrationExecutor(connection).loader.graph.leaf_nodes()
    yield migrate(BEFORE)
    migrate(newest)


@pytest.mark.django_db(transaction=True)
def test_reviews_and_notes_stay_when_handovers_come_and_go(before):
    old = before

    def make(app, model, **fields):
        return old.get_model(app, model).objects.create(**fields)

    ward = make("accounts", "Ward", slug="mihon", name="見本区", kana="みほんく")
    user = make("accounts", "User", username="staff", name="担当 太郎")
    edition = make("initiatives", "FormEdition", code="r2", title="様式", first_fiscal_year=2020)
    plan = make("initiatives", "YearPlan", ward=ward, fiscal_year=2020, edition=edition)
    sheet = make("initiatives", "Initiative", plan=plan, number="1", title="取組")
    make("reviews", "Review", initiative=sheet, phase="midyear", status="draft", version=1)
    make(
        "reviews",
        "Note",
        initiative=sheet,
        phase="midyear",
        version=1,
        kind="comment",
        text="文",
        by=user,
        at=AT,
    )
    new = migrate(HANDOVER)
    review, note = (new.get_model("reviews", name).objects.get() for name in ("Review", "Note"))
    assert (review.status, review.held_by_id) == ("draft", None)
    assert (note.text, note.withdrawn_at, note.withdrawn_by_id) == ("文", None, None)
    new.get_model("reviews", "Review").objects.update(held_by=user.pk)
    again = migrate(BEFORE)
    assert again.get_model("reviews", "Note").objects.get().text == "文"
    assert again.get_model("reviews", "Review").objects.get().version == 1
