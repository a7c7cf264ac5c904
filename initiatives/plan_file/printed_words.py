"""The printed words of the official form as patterns: they tell the pieces of a plan document apart."""

from __future__ import annotations

import re
from functools import cached_property

from initiatives.form import LABELS, OfficialForm
from wardplan.numbers import half_width

from .cells import Row
from .target_lines import BULLETS

_NUMBER = r"[0-9]+(?:[-−‐–ー.][0-9]+)*"
_OPEN, _CLOSE = "[(〔\\[【<〈「『]", "[)〕\\]】>〉」』]"


class PrintedWords:
    """The printed words of the form as patterns."""

    def __init__(self, form: OfficialForm | None) -> None:
        self.form = form

        def label(place: str) -> str:
            return form.label(place) if form else LABELS[place]

        self.item = label("item")
        self.plan = label("plan")
        self.columns = {label("plan.policy"): "policy", label("plan.annual"): "annual"}
        fields = {
            "purpose": label("plan.purpose"),
            "overview": label("plan.overview"),
            "activities": label("plan.activities"),
            "targets": label("plan.targets"),
        }
        self.fields = {self.bare(words): name for name, words in fields.items()}
        phases = [phase.label for phase in form.phases] if form else []
        self.phases = phases or [words for place, words in LABELS.items() if place.startswith("phase.")]
        self.title = self.bare(form.title) if form else ""

    @staticmethod
    def bare(words: str) -> str:
        return re.sub(r"[\s()（）〔〕\[\]【】<>〈〉]", "", words)

    @cached_property
    def head(self) -> re.Pattern[str]:
        return re.compile(
            rf"[\s#■●◆○・]*{re.escape(self.item)}\s*(?P<number>{_NUMBER})?\s*[:.]?\s*"
            rf"(?:【(?P<title>[^【】]*)】|\[(?P<square>[^\[\]]*)\]|(?P<loose>[^。【】]{{1,100}}))?\s*"
        )

    @cached_property
    def marker(self) -> re.Pattern[str]:
        """Match a heading of the plan: (目標) in any brackets, or alone in its line; or a column's head."""
        fields = "|".join(re.escape(words) for words in self.fields)
        columns = "|".join(re.escape(words) for words in self.columns)
        return re.compile(
            rf"(?:(?<=[\s。)）])|\A){_OPEN}\s*(?P<field>{fields})\s*{_CLOSE}"
            rf"|\A\s*(?P<alone>{fields})\s*[:：]?\s*\Z"
            rf"|\A[{BULLETS}\s]*{_OPEN}?(?P<column>{columns}){_CLOSE}?(?=\s|\Z|{_OPEN})"
        )

    def has_heading(self, row: Row) -> bool:
        return any(self.marker.search(half_width(line.text)) for line in row.lines)

    def names_column(self, row: Row) -> bool:
        """Tell a row with the head of a column: 取組の方針・目標内容 or 当年度の取組内容."""
        columns = {self.bare(words) for words in self.columns}
        return any(self.bare(line.text) in columns for line in row.lines)

    def is_label(self, text: str) -> bool:
        """Tell the label of a part or column, in whatever direction and over how many lines it is written."""
        words = self.bare(text)
        return bool(words) and words in {
            self.bare(label) for label in (self.plan, *self.phases, *self.columns)
        }

    def is_title(self, row: Row) -> bool:
        """Tell the form's title, which ends a sheet: its own, or one with the family's last words."""
        words = self.bare(row.text)
        return words == self.title or words.endswith("に基づく取組等")

    def phase_of(self, row: Row) -> str:
        """Name the review that begins in this row; "" when none does."""
        first = self.bare(row.lines[0].text)
        for phase in self.phases:
            if first == phase or re.match(rf"\s*{re.escape(phase)}\s", row.lines[0].text):
                return phase
        return ""

    def printed_in_reviews(self) -> list[str]:
        """List what the reviews' part prints for everybody, longest first."""
        if self.form is None:
            return []
        words = [phase.label for phase in self.form.phases]
        for phase in self.form.phases:
            for question in phase.questions:
                words += [question.label, question.note]
                words += [part for mark in question.marks for part in (mark.symbol, mark.label)]
        return sorted({self.bare(half_width(word)) for word in words if word}, key=len, reverse=True)
