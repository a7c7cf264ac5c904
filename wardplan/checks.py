"""Refuse to start with packages, or on a disk, that make the site unsafe or change what it runs on."""

import os
import re
from importlib.util import find_spec
from pathlib import Path

import openpyxl
from django.conf import settings
from django.core.checks import Error, register

NETWORK_FILE_SYSTEMS = {
    "afs",
    "ceph",
    "cifs",
    "fuse.glusterfs",
    "fuse.sshfs",
    "nfs",
    "nfs4",
    "smb3",
    "smbfs",
}
MOUNTS = Path("/proc/self/mounts")


@register()
def defusedxml_is_on(app_configs, **kwargs) -> list[Error]:
    """Demand defusedxml: without it openpyxl expands the entities of an uploaded file in silence."""
    if openpyxl.DEFUSEDXML:
        return []
    return [
        Error(
            "openpyxl reads uploaded files without defusedxml.",
            hint="Install requirements/run.txt and unset OPENPYXL_DEFUSEDXML.",
            id="wardplan.E001",
        )
    ]


@register()
def psycopg2_is_the_driver(app_configs, **kwargs) -> list[Error]:
    """Demand psycopg 2 alone: Django silently prefers psycopg 3, on which nothing here was tried."""
    if find_spec("psycopg") is None:
        return []
    return [
        Error(
            "psycopg 3 is installed beside psycopg 2.",
            hint="Uninstall psycopg, or remove .venv and run `make run` again.",
            id="wardplan.E002",
        )
    ]


@register()
def sqlite_lies_on_a_disk_of_its_own(app_configs, **kwargs) -> list[Error]:
    """Demand a local folder that takes SQLite's log: it is shared in memory, which no network share keeps."""
    database = settings.DATABASES["default"]
    if not database["ENGINE"].endswith("sqlite3"):
        return []
    return problems_of_folder(Path(database["NAME"]).resolve().parent, read_mounts())


def read_mounts() -> str:
    """Read what is mounted where; nothing on systems that do not tell."""
    return MOUNTS.read_text() if MOUNTS.exists() else ""


def problems_of_folder(folder: Path, mounts: str) -> list[Error]:
    """Say what speaks against SQLite in a folder. `mounts` are lines as in /proc/self/mounts."""
    if (kind := file_system_of(folder, mounts)) in NETWORK_FILE_SYSTEMS:
        return [
            Error(
                f"The SQLite database lies on a network share: {folder} ({kind}).",
                hint="Put it on a local disk, or use PostgreSQL. To carry it over: manage.py backup FILE",
                id="wardplan.E003",
            )
        ]
    if not os.access(folder, os.W_OK | os.X_OK):
        return [
            Error(
                f"The folder of the SQLite database is missing or cannot be written: {folder}",
                hint="SQLite keeps its log beside the database: the folder itself must be writable.",
                id="wardplan.E004",
            )
        ]
    return []


def file_system_of(folder: Path, mounts: str) -> str:
    """Name a folder's kind of file system: that of the innermost mount above it, of several the newest."""
    kind, depth = "", -1
    for line in mounts.splitlines():
        _, place, found, *_ = line.split(" ")
        # Blanks in a mount's name are written as octal numbers.
        mount = Path(re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), place))
        if folder.is_relative_to(mount) and len(mount.parts) >= depth:
            kind, depth = found, len(mount.parts)
    return kind
