"""Read DATABASE_URL."""

from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

POSTGRESQL_OPTIONS = {
    "application_name",
    "connect_timeout",
    "options",
    "sslcert",
    "sslkey",
    "sslmode",
    "sslrootcert",
    "target_session_attrs",
}


def parse(url: str, base_dir: Path) -> dict[str, Any]:
    """Return Django's settings for the database that the URL names.

    sqlite:///name (beside manage.py), sqlite:////absolute/path, postgresql://user:password@host:port/name.
    A socket folder is written as ?host=/var/run/postgresql or as a percent-encoded host. Raises
    ImproperlyConfigured, without repeating the password, for anything else.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ImproperlyConfigured("DATABASE_URL is not a URL.") from error
    if parts.scheme == "sqlite":
        return sqlite(parts.netloc, unquote(parts.path), parts.query, base_dir)
    if parts.scheme not in ("postgres", "postgresql"):
        raise ImproperlyConfigured("DATABASE_URL must start with sqlite:/// or postgresql://")

    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    # urlsplit().hostname is in lower case, which would break the name of a socket folder.
    host = query.pop("host", "") or unquote(parts.netloc.rpartition("@")[2].split(":")[0])
    if "[" in parts.netloc:
        host = parts.hostname or ""
    name = unquote(parts.path.removeprefix("/"))
    if not name:
        raise ImproperlyConfigured("DATABASE_URL names no database.")
    if unknown := sorted(query.keys() - POSTGRESQL_OPTIONS):
        raise ImproperlyConfigured(f"DATABASE_URL has unknown options: {', '.join(unknown)}")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": name,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": str(port or ""),
        "OPTIONS": query,
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
    }


def sqlite(host: str, path: str, query: str, base_dir: Path) -> dict[str, Any]:
    """Return the settings of a SQLite file that several processes write to.

    IMMEDIATE and the time-out let writers queue; WAL alone would refuse a transaction that read first.
    synchronous=FULL because WAL with NORMAL can lose an acknowledged save at a power cut. A database in
    memory is refused: every process would see its own.
    """
    name = path.removeprefix("/")
    if host or query or not name or name == ":memory:":
        raise ImproperlyConfigured(
            "DATABASE_URL for SQLite must be sqlite:///name or sqlite:////absolute/path"
        )
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": base_dir / name,
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
        },
        "CONN_MAX_AGE": 60,
    }
