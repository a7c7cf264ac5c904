"""Say what a returned cell answers: in every spelling, and what was never touched stays what it was."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from initiatives.form import FormMark, FormQuestion
from wardplan.numbers import half_width, with_unit

from .forms import read_mark
from .workbook.reader import Given, figure_of, mark_sentence


def read_answer(given: Given, was: Any, unit: str) -> Any:
    """Say what a returned cell answers; a cell that still says what was written into it gives the base.

    Raises ValueError with a sentence for what cannot be taken over.
    """
    question, filled = given.question, given.filled
    if filled.wrong:
        raise ValueError(filled.wrong)
    if given.says(written(question, was, unit)):
        return was
    if question.kind == "mark":
        position = read_mark(question, filled.text)
        mark = question.mark(position)
        # 対象外 stands third, but not on paper: there ③ is a slip, and only its own words mean it.
        by_count = mark is not None and not mark.on_paper and not _says(mark, filled.text)
        if filled.text.strip() and (mark is None or by_count):
            raise ValueError(mark_sentence(question, filled.text))
        return position
    if question.kind == "figure":
        figure = {**(was or {}), "value": figure_of(filled, unit)}
        return {part: value for part, value in figure.items() if value} or None
    return filled.text or None


def _says(mark: FormMark, text: str) -> bool:
    typed = half_width(text).strip()
    return typed in (half_width(mark.symbol), half_width(mark.label), half_width(str(mark)))


def written(question: FormQuestion, answer: Any, unit: str) -> str:
    """Write an answer as the writer writes it into its cell."""
    if question.kind == "mark":
        mark = question.mark(answer)
        return mark.symbol if mark and mark.on_paper else ""
    if question.kind == "figure":
        value = (answer or {}).get("value")
        return with_unit(Decimal(value), unit) if value else ""
    return answer or ""
