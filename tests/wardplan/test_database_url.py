from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from wardplan.database_url import parse

BASE = Path("/srv/wardplan")


@pytest.mark.parametrize(
    ("url", "file"),
    [
        ("sqlite:///db.sqlite3", "/srv/wardplan/db.sqlite3"),
        ("sqlite:////var/lib/wardplan/db.sqlite3", "/var/lib/wardplan/db.sqlite3"),
        ("sqlite:////tmp/%E5%8C%BA.sqlite3", "/tmp/区.sqlite3"),
    ],
)
def test_sqlite_url_names_a_file(url, file):
    assert parse(url, BASE)["NAME"] == Path(file)


def test_sqlite_lets_writers_queue_and_survives_a_power_cut():
    options = parse("sqlite:///db.sqlite3", BASE)["OPTIONS"]
    assert options["transaction_mode"] == "IMMEDIATE"
    assert options["timeout"] == 20
    assert "journal_mode=WAL" in options["init_command"]
    assert "synchronous=FULL" in options["init_command"]


@pytest.mark.parametrize("scheme", ["postgres", "postgresql"])
def test_postgresql_url_is_taken_apart(scheme):
    settings = parse(f"{scheme}://plan:p%40ss%2Fword@db.example:5433/wardplan?sslmode=require", BASE)
    assert settings["ENGINE"] == "django.db.backends.postgresql"
    assert settings["USER"] == "plan"
    assert settings["PASSWORD"] == "p@ss/word"
    assert settings["HOST"] == "db.example"
    assert settings["PORT"] == "5433"
    assert settings["NAME"] == "wardplan"
    assert settings["OPTIONS"] == {"sslmode": "require"}
    assert settings["CONN_HEALTH_CHECKS"] is True


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("postgresql:///wardplan", ""),
        ("postgresql:///wardplan?host=/var/run/Postgres", "/var/run/Postgres"),
        ("postgresql://plan@%2Fvar%2Frun%2FPostgres/wardplan", "/var/run/Postgres"),
        ("postgresql://plan@[::1]:5432/wardplan", "::1"),
    ],
)
def test_postgresql_host_may_be_a_socket_folder_or_an_address(url, host):
    assert parse(url, BASE)["HOST"] == host


@pytest.mark.parametrize(
    "url",
    [
        "db.sqlite3",
        "sqlite://",
        "sqlite://db.sqlite3",
        "sqlite:///:memory:",
        "sqlite:///db.sqlite3?timeout=1",
        "mysql://plan:secret@db/wardplan",
        "postgresql://plan:secret@db/",
        "postgresql://plan:secret@db:port/wardplan",
        "postgresql://plan:secret@db/wardplan?pool=1",
    ],
)
def test_other_urls_are_refused_without_the_password(url):
    with pytest.raises(ImproperlyConfigured) as refusal:
        parse(url, BASE)
    assert "DATABASE_URL" in str(refusal.value)
    assert "secret" not in str(refusal.value)
