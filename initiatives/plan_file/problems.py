"""What is wrong with a plan file: every fault with its place, all at once."""

from __future__ import annotations

from typing import NamedTuple

from django.core.exceptions import ValidationError


class Problem(NamedTuple):
    """One fault: its place in the file (initiatives[2].title; empty for the whole file) and a sentence."""

    place: str
    sentence: str

    def __str__(self) -> str:
        return f"{self.place}: {self.sentence}" if self.place else self.sentence


class PlanErrors(ValidationError):
    """A plan file that was refused whole. `problems` lists every fault; nothing was changed."""

    def __init__(self, problems: list[Problem]) -> None:
        # A lone surrogate from the file must not stop the sentence about it from being printed.
        self.problems = [
            Problem(*(part.encode(errors="backslashreplace").decode() for part in problem))
            for problem in problems
        ]
        super().__init__([str(problem) for problem in self.problems])
