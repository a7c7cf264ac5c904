"""Where SQLite may lie: on a local disk, in a folder that takes its log."""

import os
from pathlib import Path

import pytest
from django.conf import settings

from wardplan.checks import file_system_of, problems_of_folder, sqlite_lies_on_a_disk_of_its_own

MOUNTS = """\
overlay / overlay rw,relatime 0 0
tmpfs /srv tmpfs rw 0 0
files:/office /srv/office nfs4 rw,vers=4.2 0 0
//files/all /srv/all\\040offices cifs rw 0 0
/dev/sdb1 /srv/office/local ext4 rw 0 0
/dev/sdc1 /mnt/disk ext4 rw 0 0
files:/late /mnt/disk nfs rw 0 0
"""


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/", "overlay"),
        ("/home/wardplan", "overlay"),
        ("/srv", "tmpfs"),
        ("/srv/office", "nfs4"),
        ("/srv/office/plan", "nfs4"),
        ("/srv/office2", "tmpfs"),
        ("/srv/all offices/plan", "cifs"),
        ("/srv/office/local/plan", "ext4"),
        ("/mnt/disk", "nfs"),
    ],
)
def test_file_system_is_that_of_the_innermost_mount(folder, kind):
    assert file_system_of(Path(folder), MOUNTS) == kind


def test_system_that_does_not_tell_its_mounts_is_taken_as_local():
    assert file_system_of(Path("/srv"), "") == ""


@pytest.mark.parametrize("kind", ["nfs", "nfs4", "cifs", "smb3", "fuse.sshfs"])
def test_network_share_is_refused(tmp_path, kind):
    [problem] = problems_of_folder(tmp_path, f"files:/x {tmp_path} {kind} rw 0 0\n")
    assert problem.id == "wardplan.E003"
    assert f"{tmp_path} ({kind})" in problem.msg


def test_local_folder_is_taken(tmp_path):
    assert problems_of_folder(tmp_path, f"/dev/sda1 {tmp_path} ext4 rw 0 0\n") == []


def test_folder_that_is_missing_is_refused(tmp_path):
    [problem] = problems_of_folder(tmp_path / "missing", MOUNTS)
    assert (problem.id, str(tmp_path / "missing") in problem.msg) == ("wardplan.E004", True)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_folder_that_takes_no_log_is_refused(tmp_path):
    tmp_path.chmod(0o555)
    [problem] = problems_of_folder(tmp_path, MOUNTS)
    assert problem.id == "wardplan.E004"


@pytest.mark.parametrize(
    ("engine", "name", "found"),
    [
        ("sqlite3", "db.sqlite3", []),
        ("sqlite3", "missing/db.sqlite3", ["wardplan.E004"]),
        ("postgresql", "missing/wardplan", []),
    ],
)
def test_folder_of_the_database_in_use_is_asked(monkeypatch, tmp_path, engine, name, found):
    database = {"ENGINE": f"django.db.backends.{engine}", "NAME": tmp_path / name}
    monkeypatch.setitem(settings.DATABASES, "default", database)
    assert [problem.id for problem in sqlite_lies_on_a_disk_of_its_own(None)] == found
