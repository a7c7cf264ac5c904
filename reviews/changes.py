"""What a submitted review says against what the manager saw last, field by field, last year beside it."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from initiatives.form import FormPhase
from wardplan.era import wareki

from .answers import Answers, Field, every_field, pick, same
from .comments import Comment, labels_of
from .differences import Piece, difference
from .sheet import Answered, PhaseBlock, TargetLine, read_answers


@dataclass(frozen=True)
class Change:
    """One field: what it said at the last decision, what it says now, and what was written beside it.

    `before` is None for a first submission: there is nothing to compare with.
    """

    field: Field
    label: str
    before: str | None
    now: str
    symbol: str = ""
    comment: Comment | None = None
    last_year: str = ""
    proposal: Mapping[str, Any] | None = None
    """What the figures say about a mark, as it is on record; None where nothing follows from them."""

    @property
    def is_changed(self) -> bool:
        return self.before is not None and not same(self.before, self.now)

    @property
    def is_mark(self) -> bool:
        return self.field.question.kind == "mark"

    @cached_property
    def pieces(self) -> list[Piece]:
        """Compare the two texts character by character; dear, and so only done for what is shown."""
        return difference(self.before or "", self.now)


def count_changes(before: Answers, now: Answers) -> int:
    """Count the fields that differ, without looking at their characters: cheap enough for a list."""
    return sum(not same(pick(before, *cell), pick(now, *cell)) for cell in every_field(before, now))


def read_changes(
    phase: FormPhase,
    targets: Sequence[TargetLine],
    now: Answers,
    before: Answers | None,
    *,
    comments: Iterable[Comment] = (),
    last_year: PhaseBlock | None = None,
    marks: Iterable[Mapping[str, Any]] = (),
) -> list[Change]:
    """List a phase's fields in form order with what changed since `before`, the answers last decided on.

    `marks` are those of the basis that is on record.
    """
    proposals = {(mark["question"], mark["target"]): mark for mark in marks if mark["rule"]}
    labels = labels_of(phase, [line.key for line in targets])
    written = {comment.field: comment for comment in comments}
    earlier = {(one.question.key, one.heading): words(one) for one in last_year.answered} if last_year else {}
    then = read_answers(phase, before or {}, targets)
    found = []
    for was, says in zip(then, read_answers(phase, now, targets), strict=True):
        field = Field(says.question, says.target)
        found.append(
            Change(
                field=field,
                label=labels[field.name],
                before=None if before is None else words(was),
                now=words(says),
                symbol=says.chosen.symbol if says.chosen else "",
                comment=written.get(field.name),
                last_year=earlier.get((says.question.key, says.heading), ""),
                proposal=proposals.get((says.question.key, says.target)),
            )
        )
    return found


def words(answered: Answered) -> str:
    """Write an answer as one text: a mark with its symbol, a figure with where it comes from."""
    if answered.choices:
        return str(answered.chosen or "")
    if not answered.figure:
        return answered.text
    as_of = answered.figure.get("as_of")
    parts = [
        f"{wareki(datetime.date.fromisoformat(as_of))}現在" if as_of else "",
        *(part for key, part in answered.figure.items() if key not in ("value", "as_of")),
    ]
    beside = "、".join(part for part in parts if part)
    return f"{answered.text}({beside})" if beside else answered.text
