import os
import sqlite3
from contextlib import closing
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, connection


class Command(BaseCommand):
    help = "SQLiteのデータベースを、使っている最中でも欠けなく、1つのファイルに控えます。"
    # A database in an unsafe place is refused everywhere else, and is what has to be carried away first.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="控えのファイル。同じ名前のファイルは置き換えない")

    def handle(self, *, file: Path, **options: object) -> None:
        if connection.vendor != "sqlite":
            raise CommandError("このデータベースはPostgreSQLです。控えは pg_dump で取ってください。")
        if file.exists():
            raise CommandError(f"{file} はもうあります。別の名前にしてください。")
        # Under its own name only once it is whole, so that nobody takes a half copy for one.
        unfinished = file.with_name(f"{file.name}.part")
        try:
            unfinished.unlink(missing_ok=True)
            self._copy(unfinished)
            unfinished.rename(file)
        except (OSError, DatabaseError, sqlite3.Error) as error:
            unfinished.unlink(missing_ok=True)
            raise CommandError(f"{file} に控えを書けません。何も残していません。{error}") from error
        self.stdout.write(f"{file} に控えました({file.stat().st_size:,}バイト)。")

    def _copy(self, file: Path) -> None:
        """Write the database as it is at one moment, readers and writers going on, and look through the copy.

        The copy reaches the disk before it is called done: SQLite itself does not wait for that here.
        """
        with connection.cursor() as cursor:
            cursor.execute("VACUUM INTO %s", [str(file)])
        with file.open("rb") as written:
            os.fsync(written.fileno())
        with closing(sqlite3.connect(file)) as copy:
            [found] = copy.execute("PRAGMA integrity_check").fetchone()
        if found != "ok":
            raise DatabaseError(found)
