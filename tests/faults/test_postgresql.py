"""PostgreSQL is restarted, crashes, is away or has no room: on a server of the tests' own (C17–C19, C23)."""

import contextlib
import os
import signal
import subprocess
import tempfile
from pathlib import Path

import pytest
from django.db import connection

from reviews.models import UnsavedText
from tests.faults.site import Site, stretch_to_the_servers_clock
from tests.faults.tables import digest_tables
from tests.faults.typed import AUTOSAVE, COMPLETE, FORM, TEXT, says_that_it_is_kept
from tools.with_postgres import Server

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif("POSTGRES_BIN" not in os.environ, reason="needs tools/with_postgres.py"),
]


@pytest.fixture(scope="module")
def cluster():
    """Run a PostgreSQL that a test may stop. It commits as a real one; only the machine never fails here."""
    with tempfile.TemporaryDirectory(prefix="wardplan-own-") as folder:
        server = Server(Path(folder), "fsync=off")
        server.make()
        server.start()
        yield server
        server.stop()


@pytest.fixture
def copy(cast, cluster):
    """Copy the database of this test there; give how to look into the copy instead: with copy("name"): …"""

    def copy(name, where=""):
        run_sql(cluster, f"CREATE DATABASE {name} {where}")
        copy_into(cluster, name)

        @contextlib.contextmanager
        def there():
            place = {"HOST": connection.settings_dict["HOST"], "NAME": connection.settings_dict["NAME"]}
            connection.close()
            connection.settings_dict.update(HOST=str(cluster.folder), NAME=name)
            try:
                yield
            finally:
                connection.close()
                connection.settings_dict.update(place)

        return there

    return copy


def run_sql(cluster, statement):
    subprocess.run(
        [cluster.binaries / "psql", "--quiet", "--host", cluster.folder, "--username", "wardplan"]
        + ["--set", "ON_ERROR_STOP=1", "--command", statement, "postgres"],
        check=True,
    )


def copy_into(cluster, name):
    mine = connection.settings_dict
    dumped = subprocess.run(
        [cluster.binaries / "pg_dump", "--format", "custom", "--host", mine["HOST"]]
        + ["--username", mine["USER"], mine["NAME"]],
        check=True,
        capture_output=True,
    )
    subprocess.run(
        [cluster.binaries / "pg_restore", "--host", cluster.folder, "--username", "wardplan"]
        + ["--no-owner", "--exit-on-error", "--dbname", name],
        check=True,
        input=dumped.stdout,
    )


@pytest.fixture
def serve(tmp_path, cast, cluster, copy):
    """Run the site on a copy: serve("name") gives (site, how to look into the copy)."""
    sites = []

    def serve(name, **more):
        session = stretch_to_the_servers_clock(cast)
        there = copy(name, **more)
        sites.append(Site(tmp_path, cluster.url(name), session))
        assert sites[-1].answer(FORM)[0] == 200
        return sites[-1], there

    yield serve
    for site in sites:
        site.stop()


# ---- C29 -------------------------------------------------------------------------------------------------


def test_restored_dump_is_the_same(cast, copy, sound):
    cast.review_in("published")
    cast.review_in("approved", "self_evaluation")
    written = digest_tables()
    with copy("restored")():
        assert digest_tables() == written
        sound()


# ---- C17, C18, C19 ---------------------------------------------------------------------------------------


def test_restart_in_mid_save_hands_the_text_back(cast, cluster, serve, sound):
    cast.review_in("draft")
    site, there = serve("restarted")
    site.hold("before")
    first = site.send(FORM, version=1, **COMPLETE)
    worker = site.stopped_worker()
    cluster.stop()
    cluster.start()
    site.go_on(worker)
    answer = first.getresponse()
    assert (answer.status, answer.headers["Retry-After"]) == (503, "60")
    assert says_that_it_is_kept(answer.read().decode())
    with there():
        assert cast.review().version == 1
        sound()
    assert site.answer(FORM, version=1, **COMPLETE)[0] == 302
    os.kill(worker, 0)  # the same worker still, without a new start
    with there():
        assert cast.review().answers == COMPLETE
        sound()


def test_crash_loses_nothing_that_was_acknowledged(cast, cluster, serve, sound):
    site, there = serve("crashed")
    for version, issues in enumerate(("一度目。", "二度目。", "三度目。")):
        assert site.answer(FORM, version=version, **COMPLETE | {"issues": issues})[0] == 302
    cluster.stop(signal.SIGQUIT)
    cluster.start()
    with there():
        assert (cast.review().version, cast.review().answers["issues"]) == (3, "三度目。")
        sound()
    assert site.answer(FORM, version=3, **COMPLETE)[0] == 302
    with there():
        assert cast.review().answers == COMPLETE


def test_autosave_while_it_is_away_is_refused_and_taken_when_it_is_back(cast, cluster, serve):
    site, there = serve("away")
    cluster.stop()
    status, text = site.answer(AUTOSAVE, version=0, **COMPLETE)
    assert status == 503 and "Traceback" not in text
    status, text = site.answer(FORM, version=0, **COMPLETE)
    assert status == 503 and says_that_it_is_kept(text)
    status, text = site.answer(FORM)
    assert status == 503 and "データベースにつながらないため" in text
    cluster.start()
    assert site.answer(AUTOSAVE, version=0, **COMPLETE)[0] == 200
    with there():
        assert UnsavedText.objects.get().fields["issues"] == TEXT
        assert cast.events() == []


# ---- C23 -------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def small_disk(cluster):
    """Mount a disk of 48 MB for a database."""
    place = cluster.folder / "small"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", place], capture_output=True, text=True
    )
    if mounted.returncode:
        pytest.skip("only root may mount a small disk")
    try:
        os.chown(place, cluster.as_owner["user"], cluster.as_owner["group"])
        yield place
    finally:
        cluster.stop()
        subprocess.run(["umount", place], check=True)


def test_full_disk_is_told_and_the_text_handed_back(cast, cluster, serve, sound):
    cast.review_in("draft")
    long = COMPLETE | {"issues": f"{TEXT}\n" + "".join(map(chr, range(0x4E00, 0x9000))) * 5}
    with small_disk(cluster) as place:
        run_sql(cluster, f"CREATE TABLESPACE small LOCATION '{place}'")
        site, there = serve("filled", where="TABLESPACE small")
        with (place / "other-files").open("wb", buffering=0) as other, contextlib.suppress(OSError):
            while True:
                other.write(bytes(4096))
        status, text = site.answer(FORM, version=1, **long)
        assert status == 507 and "<h1>保存できません(空き容量)</h1>" in text
        assert says_that_it_is_kept(text)
        assert site.answer("/mihon/2020/1/")[0] == 200
        with there():
            assert cast.review().version == 1
            sound()
        (place / "other-files").unlink()
        assert site.answer(FORM, version=1, **long)[0] == 302
        with there():
            assert cast.review().answers == long
            sound()
        looked_through = subprocess.run(
            [cluster.binaries / "pg_amcheck", "--host", cluster.folder, "--username", "wardplan"]
            + ["--install-missing", "filled"],
            capture_output=True,
            text=True,
        )
        assert looked_through.returncode == 0, looked_through.stdout
