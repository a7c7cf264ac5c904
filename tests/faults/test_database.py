"""The database fails, fills up, is locked, or goes away in the middle of a save."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier, Event, Thread

import pytest
from django.conf import settings
from django.db import connection

from initiatives.models import Event as Record
from reviews.models import UnsavedText
from tests.cast import snapshot
from tests.faults.typed import AUTOSAVE, COMPLETE, FORM, SUBMIT, TEXT, handed_back
from tests.pages import send

SQLITE = settings.DATABASES["default"]["ENGINE"].endswith("sqlite3")
only_sqlite = pytest.mark.skipif(not SQLITE, reason="a fault of SQLite")
only_postgresql = pytest.mark.skipif(SQLITE, reason="a fault of PostgreSQL")
pytestmark = pytest.mark.django_db(transaction=True)


def in_a_thread(act):
    """Do something on a connection of its own, as another worker would."""

    def run():
        try:
            return act()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(run).result(30)


# ---- C3: between the change of state and its record ----------------------------------------------------


@pytest.mark.parametrize("address", [FORM, SUBMIT])
def test_state_and_record_are_rolled_back_together(cast, log_in, sound, monkeypatch, address):
    client = log_in(cast.staff)
    before = snapshot()
    with monkeypatch.context() as patch:

        def fail(*args, **kwargs):
            raise RuntimeError("between state and record")

        patch.setattr(Record, "save", fail)
        answer = send(client, address, version=0, **COMPLETE)
    assert answer.status_code == 500
    assert handed_back(answer)
    assert snapshot() == before
    sound()
    assert send(client, address, version=0, **COMPLETE).status_code == 302
    assert len(cast.events()) == 1
    sound()


# ---- C5: sent twice ------------------------------------------------------------------------------------


def test_two_submits_at_once_are_one(cast, log_in, sound):
    start = Barrier(2)

    def submit(client):
        start.wait()
        return in_a_thread(lambda: send(client, SUBMIT, version=0, **COMPLETE))

    clients = [log_in(cast.staff), log_in(cast.staff)]
    with ThreadPoolExecutor(2) as threads:
        answers = list(threads.map(submit, clients))
    assert [(answer.status_code, answer["Location"]) for answer in answers] == [(302, "/mihon/2020/1/")] * 2
    assert [event.verb for event in cast.events()] == ["submit"]
    sound()


# ---- C20: the connection goes away -----------------------------------------------------------------------


@only_postgresql
@pytest.mark.parametrize("statement", ["UPDATE", "INSERT INTO", "DELETE"])
def test_connection_that_is_cut_leaves_no_half_state(cast, log_in, sound, statement):
    cast.review_in("draft")
    client = log_in(cast.staff)
    before = snapshot()
    cut = []

    def save():
        def cut_once(execute, sql, parameters, many, context):
            if not cut and connection.in_atomic_block and sql.startswith(statement):
                cut.append(sql)
                in_a_thread(lambda pid=connection.connection.info.backend_pid: terminate(pid))
            return execute(sql, parameters, many, context)

        connection.ensure_connection()
        with connection.execute_wrapper(cut_once):
            return send(client, FORM, version=1, **COMPLETE)

    def terminate(pid):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])

    answer = in_a_thread(save)
    assert cut
    assert answer.status_code == 503
    assert handed_back(answer)
    assert snapshot() == before
    sound()
    assert in_a_thread(lambda: send(client, FORM, version=1, **COMPLETE)).status_code == 302
    assert cast.review().answers == COMPLETE
    sound()


# ---- C21: the disk is full -------------------------------------------------------------------------------


@contextmanager
def full_disk():
    """Let the database grow no further."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM")
        cursor.execute("PRAGMA page_count")
        [pages] = cursor.fetchone()
        cursor.execute(f"PRAGMA max_page_count = {pages}")
        try:
            yield
        finally:
            cursor.execute("PRAGMA max_page_count = 1073741823")


@only_sqlite
def test_full_disk_is_told_and_the_text_handed_back(cast, log_in, sound):
    cast.review_in("draft")
    client = log_in(cast.staff)
    long = {**COMPLETE, "issues": f"{TEXT}\n{'長い文。' * 20_000}"}
    before = snapshot()
    with full_disk():
        answer = send(client, FORM, version=1, **long)
        autosaved = send(client, AUTOSAVE, version=1, **long)
        assert client.get("/mihon/2020/1/").status_code == 200
    assert answer.status_code == 507
    page = answer.content.decode()
    assert "<h1>保存できません(空き容量)</h1>" in page
    assert "取りまとめ担当へ「空き容量がない」と知らせ" in page
    assert handed_back(answer)
    assert autosaved.status_code == 507
    assert snapshot() == before
    sound()
    assert send(client, FORM, version=1, **long).status_code == 302
    assert cast.review().answers == long
    sound()


# ---- C24: somebody holds SQLite's one write lock ---------------------------------------------------------


@contextmanager
def writer():
    """Hold the write lock, as a long import does."""
    held = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)
    held.execute("BEGIN IMMEDIATE")
    try:
        yield held
    finally:
        held.close()


@only_sqlite
def test_save_waits_for_a_long_writer_and_succeeds(cast, log_in, sound):
    client = log_in(cast.staff)
    asked = Event()

    def tell(execute, sql, parameters, many, context):
        if sql.startswith("BEGIN"):
            asked.set()
        return execute(sql, parameters, many, context)

    def save():
        with connection.execute_wrapper(tell):
            return send(client, FORM, version=0, **COMPLETE)

    with writer() as held, ThreadPoolExecutor(1) as thread:
        answer = thread.submit(in_a_thread, save)
        assert asked.wait(10)
        assert not answer.done()
        # Readers never wait.
        assert client.get("/mihon/2020/1/").status_code == 200
        held.execute("COMMIT")
        assert answer.result(20).status_code == 302
    assert cast.review().answers == COMPLETE
    sound()


def test_time_to_wait_is_twenty_seconds():
    if SQLITE:
        assert connection.settings_dict["OPTIONS"]["timeout"] == 20


@only_sqlite
def test_save_that_waited_too_long_hands_the_text_back(cast, log_in, sound):
    client = log_in(cast.staff)
    before = snapshot()

    def save(address):
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA busy_timeout = 50")  # for the 20 seconds
        return send(client, address, version=0, **COMPLETE)

    with writer():
        answer = in_a_thread(lambda: save(FORM))
        autosaved = in_a_thread(lambda: save(AUTOSAVE))
    assert (answer.status_code, answer["Retry-After"]) == (503, "60")
    assert handed_back(answer)
    assert autosaved.status_code == 503
    assert snapshot() == before
    assert in_a_thread(lambda: send(client, FORM, version=0, **COMPLETE)).status_code == 302
    sound()


# ---- saves and autosaves at once -------------------------------------------------------------------------


def test_autosaves_of_one_page_at_once_are_one_text(cast, log_in):
    clients = [log_in(cast.staff) for _ in range(4)]
    start = Barrier(4)
    answers = []

    def run(client):
        start.wait()
        answers.append(in_a_thread(lambda: send(client, AUTOSAVE, version=0, **COMPLETE)).status_code)

    threads = [Thread(target=run, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert answers == [200] * 4
    assert UnsavedText.objects.count() == 1
