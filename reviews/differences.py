"""What changed between two texts, character by character, so that Japanese stays readable."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import groupby

# Never cut: a date, a number with its percent sign, a bracketed symbol. Else each character by itself.
_TOKENS = re.compile(
    r"(?:令和|平成|昭和)(?:元|[0-9０-９]+)年(?:度|[0-9０-９]+月(?:[0-9０-９]+日)?)?"
    r"|[0-9０-９]+月[0-9０-９]+日"
    r"|[0-9０-９]+(?:[.,．，][0-9０-９]+)*[%％]?"
    r"|\([ivx]+\)"
    r"|.",
    re.DOTALL,
)
ISLAND = 2
"""Equal characters between two changes that are joined to them: a lone の between changes helps nobody."""


@dataclass(frozen=True)
class Piece:
    """A run of text that both have (`equal`), only the new one (`inserted`), or only the old (`deleted`)."""

    kind: str
    text: str


def tokens(text: str) -> list[str]:
    """Split a text into what a difference may separate."""
    return _TOKENS.findall(text)


def difference(old: str, new: str) -> list[Piece]:
    """Compare two texts; what was taken out stands before what was put in.

    Takes about 0.2 s for 4,000 characters: ask for it when a row is unfolded, never for a list.
    Joining the equal and deleted pieces gives the old text, the equal and inserted ones the new.
    """
    before, after = tokens(old), tokens(new)
    runs: list[tuple[str, str, str]] = []
    for kind, start, end, new_start, new_end in SequenceMatcher(
        None, before, after, autojunk=False
    ).get_opcodes():
        runs.append((kind, "".join(before[start:end]), "".join(after[new_start:new_end])))
    return list(_pieces(_without_islands(runs)))


def _without_islands(runs: list[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    """Count a short equal run between two changes as changed."""
    found = []
    for place, (kind, old, new) in enumerate(runs):
        between = 0 < place < len(runs) - 1
        is_island = kind == "equal" and between and len(old) <= ISLAND and "\n" not in old
        found.append(("change" if kind != "equal" or is_island else kind, old, new))
    return found


def _pieces(runs: list[tuple[str, str, str]]) -> Iterator[Piece]:
    for kind, group in groupby(runs, key=lambda run: run[0]):
        joined = list(group)
        old = "".join(run[1] for run in joined)
        new = "".join(run[2] for run in joined)
        if kind == "equal":
            yield Piece("equal", old)
            continue
        if old:
            yield Piece("deleted", old)
        if new:
            yield Piece("inserted", new)
