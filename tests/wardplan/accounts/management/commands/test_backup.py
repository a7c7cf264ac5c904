"""A copy of SQLite that is taken while people work is whole; a copy of its file alone is not (C27, C28)."""

import shutil
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from threading import Event as Flag

import pytest
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client

from initiatives.models import Event
from reviews import workflow
from reviews.models import Review
from tests.cast import NOW
from tests.faults.tables import digest_tables
from tests.pages import send

SQLITE = settings.DATABASES["default"]["ENGINE"].endswith("sqlite3")
PASSWORD = "mihon-2020-himitsu"
pytestmark = pytest.mark.django_db(transaction=True)
only_sqlite = pytest.mark.skipif(not SQLITE, reason="PostgreSQL has pg_dump")


@contextmanager
def restored(copy, folder):
    """Work on a restored copy instead: put into a new folder, under the name that the site knows."""
    folder.mkdir()
    shutil.copy(copy, folder / "db.sqlite3")
    mine = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = str(folder / "db.sqlite3")
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = mine


def save(cast, version):
    answers = cast.answers(issues=f"{version}回目。")
    workflow.save(cast.initiative, "midyear", by=cast.staff, at=NOW, version=version, answers=answers)


@only_sqlite
def test_restored_copy_is_the_same_and_people_log_in(cast, tmp_path):
    cast.review_in("published")
    cast.review_in("returned", "self_evaluation")
    type(cast.staff).objects.filter(pk=cast.staff.pk).update(password=make_password(PASSWORD))
    written = digest_tables()
    call_command("backup", tmp_path / "copy.sqlite3", verbosity=0)
    with restored(tmp_path / "copy.sqlite3", tmp_path / "new"):
        assert digest_tables() == written
        client = Client()
        send(client, "/accounts/login/", username=cast.staff.username, password=PASSWORD)
        assert client.get("/mihon/2020/1/").status_code == 200
        with connection.cursor() as cursor:
            assert cursor.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert digest_tables().keys() == written.keys()


@only_sqlite
def test_copy_taken_while_somebody_saves_is_of_one_moment(cast, tmp_path):
    begun, stop, saved = Flag(), Flag(), []

    def go_on_saving():
        try:
            while not stop.is_set():
                save(cast, len(saved))
                saved.append(len(saved) + 1)
                begun.set()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as desk:
        writing = desk.submit(go_on_saving)
        moments = []
        assert begun.wait(10)
        for number in range(3):
            acknowledged = len(saved)
            call_command("backup", tmp_path / f"{number}.sqlite3", verbosity=0)
            moments.append(acknowledged)
        stop.set()
        writing.result(30)
    for number, acknowledged in enumerate(moments):
        with restored(tmp_path / f"{number}.sqlite3", tmp_path / f"new{number}"):
            review = Review.objects.first()
            events = list(Event.objects.filter(phase="midyear").order_by("version"))
            version = review.version if review else 0
            assert acknowledged <= version == len(events)
            assert not events or events[-1].content["answers"] == review.answers
            assert sound(connection.settings_dict["NAME"])


def sound(file):
    with closing(sqlite3.connect(file)) as opened:
        broken = opened.execute("PRAGMA foreign_key_check").fetchall()
        return opened.execute("PRAGMA integrity_check").fetchall() == [("ok",)] and not broken


@only_sqlite
def test_copy_of_the_file_alone_lacks_what_was_saved_last(cast, tmp_path):
    """Why README says never to use cp: what was saved last stands in the log beside the file."""
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    save(cast, 0)
    shutil.copy(connection.settings_dict["NAME"], tmp_path / "cp.sqlite3")
    call_command("backup", tmp_path / "copy.sqlite3", verbosity=0)
    for name, reviews in (("cp", 0), ("copy", 1)):
        with closing(sqlite3.connect(tmp_path / f"{name}.sqlite3")) as copy:
            assert copy.execute("SELECT count(*) FROM reviews_review").fetchone() == (reviews,)


@only_sqlite
def test_nothing_is_replaced_and_nothing_half_is_left(cast, tmp_path):
    (tmp_path / "taken").write_text("another file")
    with pytest.raises(CommandError, match="もうあります"):
        call_command("backup", tmp_path / "taken")
    assert (tmp_path / "taken").read_text() == "another file"
    with pytest.raises(CommandError, match="控えを書けません"):
        call_command("backup", tmp_path / "missing" / "copy")
    (tmp_path / "copy.part").write_text("left by a backup that was killed")
    call_command("backup", tmp_path / "copy", verbosity=0)
    assert sound(tmp_path / "copy")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy", "taken"]


@pytest.mark.skipif(SQLITE, reason="SQLite has this command")
def test_postgresql_is_told_its_own_way(cast, tmp_path):
    with pytest.raises(CommandError, match="pg_dump"):
        call_command("backup", tmp_path / "copy")
    assert list(tmp_path.iterdir()) == []
