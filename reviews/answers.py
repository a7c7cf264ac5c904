"""What a review says: its answers as plain values, checked, compared and merged field by field.

Answers map a question's key to a mark's position, a text or a figure; for a question per target, to such a
map by the target's key. A *field* is one cell of that: `issues`, or `figure_a1` for a target.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from initiatives.form import FormMark, FormPhase, FormQuestion
from wardplan.text import is_blank, length, same_text

Answers = dict[str, Any]


@dataclass(frozen=True)
class Field:
    """One cell of a phase's form: a question, and the target it is asked about if it is asked per target."""

    question: FormQuestion
    target: str = ""

    @property
    def name(self) -> str:
        """Name the form's input: issues, figure_a1."""
        return f"{self.question.key}_{self.target}" if self.target else self.question.key

    def of(self, answers: Mapping[str, Any]) -> Any:
        """Take this field's answer; None when there is none."""
        found = answers.get(self.question.key)
        if self.target:
            found = found.get(self.target) if isinstance(found, dict) else None
        return found


def fields_of(phase: FormPhase, targets: Iterable[str]) -> Iterator[Field]:
    """List a phase's fields in form order; questions per target repeat for each annual target's key."""
    keys = list(targets)
    for question in phase.questions:
        if question.per_target:
            yield from (Field(question, key) for key in keys)
        else:
            yield Field(question)


def assemble(values: Mapping[Field, Any]) -> Answers:
    """Build answers from fields, leaving blanks out: None, empty text, a figure with nothing in it."""
    answers: Answers = {}
    for field, value in values.items():
        if isinstance(value, dict):
            value = {key: part for key, part in value.items() if part not in (None, "")}
        if value in (None, "", {}):
            continue
        if field.target:
            answers.setdefault(field.question.key, {})[field.target] = value
        else:
            answers[field.question.key] = value
    return answers


def same(mine: Any, theirs: Any) -> bool:
    """Tell whether two answers say the same: text that differs only in trailing newlines does."""
    if isinstance(mine, str) or isinstance(theirs, str):
        return same_text(mine or "", theirs or "")
    if isinstance(mine, dict) and isinstance(theirs, dict):
        return all(same(mine.get(key), theirs.get(key)) for key in mine.keys() | theirs.keys())
    return (mine or None) == (theirs or None)


def every_field(*all_answers: Answers) -> Iterator[tuple[str, str]]:
    """List (question key, target key or "") of everything that any of the answers holds, in a fixed order."""
    found: dict[tuple[str, str], None] = {}
    for answers in all_answers:
        for key, value in answers.items():
            if isinstance(value, dict):
                found.update({(key, target): None for target in value})
            else:
                found[(key, "")] = None
    yield from sorted(found)


def pick(answers: Mapping[str, Any], key: str, target: str = "") -> Any:
    value = answers.get(key)
    if target:
        return value.get(target) if isinstance(value, dict) else None
    return value


def put(answers: Answers, key: str, target: str, value: Any) -> None:
    if target:
        answers[key] = {**answers.get(key, {}), target: value}
        if value in (None, "", {}):
            del answers[key][target]
            if not answers[key]:
                del answers[key]
    elif value in (None, "", {}):
        answers.pop(key, None)
    else:
        answers[key] = value


def unchanged(mine: Answers, theirs: Answers) -> bool:
    """Tell whether two sets of answers say the same in every field."""
    return all(same(pick(mine, *cell), pick(theirs, *cell)) for cell in every_field(mine, theirs))


@dataclass(frozen=True)
class Difference:
    """A field that two people changed from the same base to different answers."""

    key: str
    target: str
    base: Any
    mine: Any
    theirs: Any

    @property
    def name(self) -> str:
        return f"{self.key}_{self.target}" if self.target else self.key


def merge(base: Answers, mine: Answers, theirs: Answers) -> tuple[Answers, list[Difference]]:
    """Merge two changes of the same base field by field (three-way).

    A field that only one side changed takes that side; changed alike, it is no conflict; changed by both to
    different answers, it is returned as a Difference, and the merged answers hold `mine` there.
    """
    merged: Answers = {}
    conflicts = []
    for key, target in every_field(base, mine, theirs):
        was, one, other = (pick(answers, key, target) for answers in (base, mine, theirs))
        if same(one, was):
            one = other
        elif not same(other, was) and not same(one, other):
            conflicts.append(Difference(key, target, was, one, other))
        put(merged, key, target, one)
    return merged, conflicts


def problems(
    phase: FormPhase, answers: Answers, targets: Iterable[str], demands: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Say what keeps these answers from being submitted: field name -> sentence, in form order.

    The edition's rules: required questions, questions that a chosen mark requires (※「②」の場合は必須),
    the limit of each text. Text of white space and invisible characters only counts as blank. `demands` are
    what the figures and marks demand besides, from the basis; a part of a figure goes by its input's name.
    """
    keys = list(targets)
    wanted = demands or {}
    found = {}
    for field in fields_of(phase, keys):
        sentence = _problem(field, field.of(answers), _required_by(field, phase, answers, keys))
        if sentence := sentence or wanted.get(field.name, ""):
            found[field.name] = sentence
        if field.question.kind == "figure":
            found.update({name: words for name, words in wanted.items() if name.startswith(f"{field.name}_")})
    return found


def _problem(field: Field, answer: Any, required_by: FormMark | None) -> str:
    question = field.question
    if question.kind == "mark":
        if question.mark(answer) is None and (question.required or answer is not None):
            return f"{question.label}を選んでください。"
        return ""
    blank = is_blank(answer) if isinstance(answer, str) else answer is None
    if blank and required_by is not None:
        return f"{required_by.symbol}を選んだときは、{question.label}を記入してください。"
    if blank and question.required:
        return f"{question.label}を記入してください。"
    if isinstance(answer, str) and question.limit and length(answer) > question.limit:
        count = length(answer)
        return (
            f"{question.label}は{question.limit:,}字以内で書いてください。"
            f"いま{count:,}字で、{count - question.limit:,}字多くなっています。"
        )
    return ""


def _required_by(field: Field, phase: FormPhase, answers: Answers, targets: list[str]) -> FormMark | None:
    """Find the chosen mark that makes a field necessary; None when there is none.

    A target's mark asks for that target's own text; a text that stands once on the sheet is asked for by the
    mark of any target.
    """
    for question in phase.questions:
        asked = [field.target] if field.target else targets
        for target in asked if question.per_target else [""]:
            mark = question.mark(pick(answers, question.key, target))
            if mark is not None and mark.requires == field.question.key:
                return mark
    return None


def advice(phase: FormPhase, answers: Answers, targets: Iterable[str]) -> dict[str, str]:
    """Say which blank fields a chosen mark advises to fill in (a visible note, no refusal).

    A target's mark advises that target's own text where the text is asked per target, else the sheet's; the
    note then names the target.
    """
    keys = list(targets)
    found: dict[str, str] = {}
    for field in fields_of(phase, keys):
        mark = field.question.mark(field.of(answers)) if field.question.kind == "mark" else None
        advised = phase.question(mark.advises) if mark and mark.advises else None
        if mark is None or advised is None:
            continue
        where = Field(advised, field.target if advised.per_target else "")
        if is_blank(str(where.of(answers) or "")):
            about = f"目標{keys.index(field.target) + 1}で" if field.target else ""
            found.setdefault(
                where.name,
                f"{about}{mark.symbol}を選んだときは、{advised.label}も書くと伝わりやすくなります。",
            )
    return found
