import os
import runpy
import subprocess
import sys

import openpyxl
import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from wardplan import checks

PRODUCTION = {
    "WARDPLAN_ENV": "production",
    "WARDPLAN_SECRET_KEY": "pj3Xk9vQ2mZr7Tn5Wc8Yb4Ld6Hs1Gf0Ae-Uo_IiKqRtVxNyMzBw",
    "WARDPLAN_ALLOWED_HOSTS": "plan.example",
}


@pytest.fixture
def load(monkeypatch):
    for name in list(os.environ):
        if name.startswith("WARDPLAN_") or name == "DATABASE_URL":
            monkeypatch.delenv(name)

    def load(**variables):
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        return runpy.run_path(str(settings.BASE_DIR / "wardplan" / "settings.py"))

    return load


def test_development_needs_no_variable_and_shows_no_debug_pages(load):
    loaded = load()
    assert loaded["PRODUCTION"] is False
    assert loaded["DEBUG"] is False
    assert loaded["ALLOWED_HOSTS"] == ["localhost", "127.0.0.1", "[::1]"]
    assert loaded["DATABASES"]["default"]["NAME"] == loaded["BASE_DIR"] / "db.sqlite3"


def test_production_turns_everything_of_https_on(load):
    loaded = load(**PRODUCTION)
    assert loaded["SESSION_COOKIE_SECURE"] and loaded["CSRF_COOKIE_SECURE"]
    assert loaded["SECURE_SSL_REDIRECT"] and loaded["SECURE_HSTS_SECONDS"]
    assert loaded["SECURE_PROXY_SSL_HEADER"] == ("HTTP_X_FORWARDED_PROTO", "https")
    assert "ManifestStaticFilesStorage" in loaded["STORAGES"]["staticfiles"]["BACKEND"]


def test_one_switch_turns_https_off(load):
    loaded = load(**PRODUCTION, WARDPLAN_HTTPS="0")
    assert not (
        loaded["SESSION_COOKIE_SECURE"] or loaded["CSRF_COOKIE_SECURE"] or loaded["SECURE_SSL_REDIRECT"]
    )
    assert "SECURE_PROXY_SSL_HEADER" not in loaded


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"WARDPLAN_SECRET_KEY": ""}, "WARDPLAN_SECRET_KEY"),
        ({"WARDPLAN_SECRET_KEY": PRODUCTION["WARDPLAN_SECRET_KEY"][:49]}, "WARDPLAN_SECRET_KEY"),
        ({"WARDPLAN_SECRET_KEY": "a" * 60}, "WARDPLAN_SECRET_KEY"),
        (
            {"WARDPLAN_SECRET_KEY": "development-only-key-that-everybody-can-read-in-the-source"},
            "WARDPLAN_SECRET_KEY",
        ),
        ({"WARDPLAN_SECRET_KEY_FALLBACKS": "short"}, "WARDPLAN_SECRET_KEY"),
        ({"WARDPLAN_ALLOWED_HOSTS": ""}, "WARDPLAN_ALLOWED_HOSTS"),
        ({"WARDPLAN_ALLOWED_HOSTS": " , "}, "WARDPLAN_ALLOWED_HOSTS"),
        ({"WARDPLAN_ALLOWED_HOSTS": "*"}, "WARDPLAN_ALLOWED_HOSTS"),
        ({"WARDPLAN_DEBUG": "1"}, "WARDPLAN_DEBUG"),
        ({"WARDPLAN_HTTPS": "yes"}, "WARDPLAN_HTTPS"),
        ({"DATABASE_URL": "mysql://db/wardplan"}, "DATABASE_URL"),
    ],
)
def test_production_refuses_an_unsafe_value(load, change, named):
    with pytest.raises(ImproperlyConfigured, match=named):
        load(**PRODUCTION | change)


@pytest.mark.parametrize("name", ["WARDPLAN_SECRET_KEY", "WARDPLAN_ALLOWED_HOSTS"])
def test_production_refuses_a_missing_value(load, name):
    with pytest.raises(ImproperlyConfigured, match=name):
        load(**{key: value for key, value in PRODUCTION.items() if key != name})


@pytest.mark.parametrize(
    "variables",
    [
        {"WARDPLAN_ENV": "prod"},
        {"WARDPLAN_ENV": ""},
        {"WARDPLAN_ENVIRONMENT": "production"},
        {"WARDPLAN_DEBUG": "true"},
        {"WARDPLAN_HTTPS": "1"},
    ],
)
def test_unknown_name_or_value_is_refused(load, variables):
    with pytest.raises(ImproperlyConfigured, match=next(iter(variables))):
        load(**variables)


def test_deployment_check_is_clean():
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("WARDPLAN_") and name != "DJANGO_ALLOW_ASYNC_UNSAFE"
    }
    check = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=settings.BASE_DIR,
        env=environment | PRODUCTION,
        capture_output=True,
        text=True,
    )
    assert check.returncode == 0, check.stdout + check.stderr


def test_psycopg2_is_the_driver():
    from django.db.backends.postgresql.psycopg_any import is_psycopg3

    assert is_psycopg3 is False
    assert checks.psycopg2_is_the_driver(None) == []


def test_psycopg3_beside_it_is_refused(monkeypatch, tmp_path):
    (tmp_path / "psycopg.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    assert [error.id for error in checks.psycopg2_is_the_driver(None)] == ["wardplan.E002"]


def test_defusedxml_reads_uploaded_files(monkeypatch):
    assert openpyxl.DEFUSEDXML is True
    assert checks.defusedxml_is_on(None) == []
    monkeypatch.setattr(openpyxl, "DEFUSEDXML", False)
    assert [error.id for error in checks.defusedxml_is_on(None)] == ["wardplan.E001"]


@pytest.mark.django_db
def test_sqlite_connection_uses_the_log_and_full_sync():
    if connection.vendor != "sqlite":
        pytest.skip("the database is not SQLite")
    with connection.cursor() as cursor:
        pragmas = {
            name: cursor.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
