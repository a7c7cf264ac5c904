"""What was written goes along: to another kind of database, and through migrations, forwards and back."""

import json
import os
import signal
import subprocess
import sys

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader

from initiatives.models import Event
from reviews import workflow
from reviews.models import Note, UnsavedText
from tests.cast import NOW
from tests.faults.site import ROOT, url_of_the_database
from tests.faults.tables import digest_tables
from wardplan.accounts.models import Section

pytestmark = pytest.mark.django_db(transaction=True)
SQLITE = settings.DATABASES["default"]["ENGINE"].endswith("sqlite3")
OWN_APPS = ("accounts", "initiatives", "reviews")
# What cannot be taken back, by name, each with its reason. There is none.
IRREVERSIBLE: dict[str, str] = {}


@pytest.fixture
def full(cast):
    """Fill every kind of table that people write."""
    cast.plan_in("published")
    cast.review_in("published")
    cast.review_in("returned", "self_evaluation")
    cast.review_in("submitted", initiative=cast.other_initiative)
    UnsavedText.objects.create(
        user=cast.staff,
        initiative=cast.initiative,
        phase="self_evaluation",
        base_version=3,
        fields={"results": "書きかけの文。\r\n②"},
        at=NOW,
    )
    Note.objects.create(
        initiative=cast.initiative,
        phase="self_evaluation",
        version=3,
        kind=Note.Kind.COMMENT,
        field="results",
        text="件数を書いてください。",
        by=cast.manager,
        at=NOW,
    )
    return cast


def manage(url, *words, script=None):
    """Run a command of manage.py on another database."""
    program = ["-c", script] if script else ["manage.py"]
    return subprocess.run(
        [sys.executable, *program, *words],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "wardplan.settings"},
        capture_output=True,
        text=True,
    )


# ---- C29: to another kind of database, as README says ----------------------------------------------------

LEFT_OUT = ["--exclude", "contenttypes", "--exclude", "auth.permission"]


@pytest.mark.skipif(SQLITE, reason="needs both kinds of database")
def test_move_to_sqlite_and_back_to_postgresql_loses_nothing(full, tmp_path):
    there, back = tmp_path / "there.json", tmp_path / "back.json"
    url = f"sqlite:///{tmp_path / 'moved.sqlite3'}"
    written = digest_tables()
    call_command("dumpdata", *LEFT_OUT, output=there, verbosity=0)
    for words in (["migrate"], ["loaddata", str(there)], ["dumpdata", *LEFT_OUT, "--output", str(back)]):
        done = manage(url, *words)
        assert done.returncode == 0, done.stdout + done.stderr
    call_command("flush", interactive=False, verbosity=0)
    call_command("loaddata", back, verbosity=0)
    assert digest_tables() == written
    # The next number of every table is free.
    event = workflow.save(
        full.initiative,
        "self_evaluation",
        by=full.staff,
        at=NOW,
        version=3,
        answers=full.answers("self_evaluation", results="移した後に書いた。"),
    )
    assert event.pk == max(Event.objects.values_list("pk", flat=True))


# ---- C30 -------------------------------------------------------------------------------------------------


def steps_back():
    """List every migration of ours but the first ones, newest first: (migration, the one before)."""
    graph = MigrationLoader(None, ignore_no_migrations=True).graph
    plan = [key for leaf in graph.leaf_nodes() for key in graph.forwards_plan(leaf)]
    ours = [key for key in dict.fromkeys(plan) if key[0] in OWN_APPS]
    return [
        (key, before)
        for key in reversed(ours)
        for before in [next((one.key for one in graph.node_map[key].parents if one.key[0] == key[0]), None)]
        if before
    ]


@pytest.fixture
def migrate():
    """Migrate the database of this test, and leave it as every other test wants it."""

    def migrate(targets):
        executor = MigrationExecutor(connection)
        executor.migrate(targets)

    newest = MigrationExecutor(connection).loader.graph.leaf_nodes()
    yield migrate
    migrate(newest)


def values_by_column():
    """Read every table of ours: {(table, column): all values by the rows' keys}."""
    found = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            if not table.startswith(OWN_APPS):
                continue
            columns = [one.name for one in connection.introspection.get_table_description(cursor, table)]
            names = ", ".join(map(connection.ops.quote_name, columns))
            cursor.execute(f"SELECT {names} FROM {table} ORDER BY id")
            rows = cursor.fetchall()
            for place, column in enumerate(columns):
                found[table, column] = [plain(row[place]) for row in rows]
    return found


def plain(value):
    # jsonb orders keys by itself, and a table that SQLite makes anew keeps a JSON text as it is.
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return json.dumps(json.loads(value), sort_keys=True)
        except ValueError:
            return value
    return value


@pytest.mark.parametrize(("migration", "before"), steps_back(), ids=lambda key: ".".join(key))
def test_migration_keeps_every_row_back_and_forwards(full, migrate, migration, before):
    executor = MigrationExecutor(connection)
    assert MigrationLoader(None).graph.nodes[migration].atomic
    if ".".join(migration) in IRREVERSIBLE:
        return
    newest, written = executor.loader.graph.leaf_nodes(), values_by_column()
    migrate([before])
    between = values_by_column()
    migrate(newest)
    again = values_by_column()
    assert again.keys() == written.keys()
    kept = between.keys() & written.keys()
    # Columns that the step brought begin anew; everything else is as it was, on both ways.
    assert {where: between[where] for where in kept} == {where: written[where] for where in kept}
    assert {where: again[where] for where in kept} == {where: written[where] for where in kept}
    assert kept >= {("reviews_review", "answers"), ("initiatives_event", "content")}


def test_only_named_migrations_cannot_be_taken_back():
    loader = MigrationLoader(None)
    found = {
        ".".join(key)
        for key, migration in loader.graph.nodes.items()
        if key[0] in OWN_APPS and any(not operation.reversible for operation in migration.operations)
    }
    assert found == IRREVERSIBLE.keys()


# ---- C31 -------------------------------------------------------------------------------------------------

KILLED = """
import os, signal
from django.core.management import execute_from_command_line
from django.db.migrations import Migration
apply = Migration.apply
def die(self, *state, **more):
    applied = apply(self, *state, **more)
    if (self.app_label, self.name) == ("initiatives", "0001_initial"):
        os.kill(os.getpid(), signal.SIGKILL)
    return applied
Migration.apply = die
execute_from_command_line(["manage.py", "migrate", "initiatives", "0001_initial"])
"""
TABLES = """
import django; django.setup()
from django.db import connection
print(*connection.introspection.table_names())
"""


@pytest.fixture
def empty(tmp_path):
    """Give the URL of an empty database beside the one of this test."""
    if SQLITE:
        yield f"sqlite:///{tmp_path / 'empty.sqlite3'}"
        return
    name = f"{connection.settings_dict['NAME']}_empty"
    with connection.cursor() as cursor:
        cursor.execute(f'CREATE DATABASE "{name}" TEMPLATE template0')
    yield f"{url_of_the_database().rpartition('/')[0]}/{name}"
    with connection.cursor() as cursor:
        cursor.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def test_migration_that_is_killed_is_not_there_and_runs_again(empty):
    assert manage(empty, script=KILLED).returncode == -signal.SIGKILL
    tables = manage(empty, script=TABLES).stdout.split()
    assert "accounts_ward" in tables
    assert not [table for table in tables if table.startswith("initiatives_")]
    done = manage(empty, "migrate", "initiatives", "0001_initial")
    assert done.returncode == 0, done.stderr


# ---- C32 -------------------------------------------------------------------------------------------------


def test_fixture_with_a_bad_record_loads_nothing_and_the_mended_one_twice_the_same(cast, tmp_path):
    records = [
        {
            "model": "accounts.section",
            "fields": {"ward": ["mihon"], "name": f"第{number}課", "order": number},
        }
        for number in range(1, 61)
    ]
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_text(json.dumps(records))
    records[56]["fields"]["ward"] = ["nowhere"]
    bad.write_text(json.dumps(records))
    before = Section.objects.count()
    with pytest.raises(CommandError, match="57件目"):
        call_command("loaddata", bad, verbosity=0)
    assert Section.objects.count() == before
    for _ in range(2):
        call_command("loaddata", good, verbosity=0)
        assert Section.objects.count() == before + 60
