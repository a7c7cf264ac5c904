"""tests/data/permissions.csv: the full answer for every phase, window, state, action and actor.

Rows that differ only in the actor make one case: a test builds the state once, lets each actor try inside
`scratch()`, and collects a sentence for every row that answers otherwise (`Row.wrong`). So each row is tried,
each failure names its row, and the whole table runs in seconds.

Expected answers: `200`; `status_only` (200 without that review's text); `ok` (accepted, one event);
`ok_late` (and marked 期限後); `ok_if_not_own_submission` (else 403); `ok_with_new_date` (needs `until`);
`login`; `login_text_kept`; `403`; `404`; `409` (nothing changed); `409_text_kept`. In `public` rows the plan
is unpublished and the part was never published before; `import` applies a file with one sheet.
"""

import csv
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

FILE = Path(__file__).parent / "data" / "permissions.csv"


class Row(NamedTuple):
    phase: str
    window: str
    state: str
    action: str
    actor: str
    expected: str

    def __str__(self) -> str:
        return ",".join(self)

    def wrong(self, answer: object) -> str:
        """Say what this row answered instead."""
        return f"{self} but was: {answer}"


class Case(NamedTuple):
    """The rows of one act in one state, one for each actor."""

    phase: str
    window: str
    state: str
    action: str
    rows: list[Row]

    def __str__(self) -> str:
        return "-".join(filter(None, self[:4]))


def read_rows() -> list[Row]:
    with FILE.open(encoding="utf-8", newline="") as lines:
        found = csv.reader(lines)
        assert next(found) == list(Row._fields)
        return [Row(*row) for row in found]


ROWS = read_rows()
CASES = [Case(*place, list(rows)) for place, rows in groupby(ROWS, key=lambda row: row[:4])]
REVIEW_CASES = [case for case in CASES if case.phase != "plan"]
PLAN_CASES = [case for case in CASES if case.phase == "plan"]
