"""What a mark rests on: each target's figure and what follows from it, the proposal, and what was chosen.

A proposal is never the choice: it stands beside it, and where the two differ somebody says why. What was
proposed and chosen is kept with the event that submitted or approved it, so that it can be shown later.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from initiatives.form import FormMark, FormPhase, FormQuestion
from initiatives.judgement import (
    Judgement,
    combine,
    facts_of,
    judge,
    midyear_sentence,
    sentence,
)
from initiatives.models import Measurement, Question, Target
from wardplan.fiscal_year import FiscalYear
from wardplan.numbers import with_unit
from wardplan.text import is_blank

from .answers import Answers, Field, fields_of, pick

if TYPE_CHECKING:
    from .case import Case

When = Question.RequiredWhen

UNJUDGED = Judgement("unknown", "")

# What a final figure needs besides its value before the sheet is handed in.
SOURCES = {"as_of": "時点", "source": "出典"}


@dataclass(frozen=True)
class KnownFigure:
    """A figure that stands in the record of its indicator, with where it comes from."""

    value: Decimal
    parts: Mapping[str, str] = field(default_factory=dict)


Known = Mapping[tuple[int, int], KnownFigure]
"""Current figures of a ward by indicator and fiscal year."""


@dataclass(frozen=True)
class TargetBasis:
    """One annual target: what was promised, what came of it, and what follows from the figure.

    `figure` is what was typed; where nothing was, the year's figure that another sheet or the indicator's
    page has recorded (`recorded`). `judgement` is None in a phase whose figures are not the year's.
    """

    key: str
    number: int
    heading: str
    goal: str
    unit: str
    figure: Mapping[str, str]
    recorded: bool
    judgement: Judgement | None
    sentence: str
    measured: tuple[int, int] = (0, 0)
    """Indicator and fiscal year: two targets on both alike quote one figure."""
    resolved: str = ""
    """The number that a person has put to a relative target."""

    @property
    def value(self) -> Decimal | None:
        return read_value(self.figure)

    @property
    def figure_words(self) -> str:
        """Write the figure with its unit; empty when it is not known."""
        return with_unit(self.value, self.unit) if self.value is not None else ""


@dataclass(frozen=True)
class MarkBasis:
    """A mark with its proposal: what the figures say, which answer means that, and what was chosen.

    `target` is empty for a mark that stands once on the sheet; its judgement combines the targets.
    """

    question: FormQuestion
    target: str
    heading: str
    judgement: Judgement
    proposed: FormMark | None
    chosen: FormMark | None
    reason: str = ""

    @property
    def differs(self) -> bool:
        """Tell whether something else was chosen than the figures say. Without a proposal nothing differs."""
        return (
            self.proposed is not None
            and self.chosen is not None
            and self.chosen.meaning != self.judgement.outcome
        )

    @property
    def differing(self) -> tuple[FormMark, ...]:
        """List the answers that would differ from the proposal."""
        if self.proposed is None:
            return ()
        return tuple(mark for mark in self.question.marks if mark.meaning != self.judgement.outcome)

    @property
    def name(self) -> str:
        return Field(self.question, self.target).name


@dataclass(frozen=True)
class Turn:
    """A mark of an earlier phase, which this phase's mark may turn (中間では②, 年度末は①)."""

    question: FormQuestion
    target: str
    phase: FormPhase
    before: FormMark
    chosen: FormMark | None
    change: str = ""

    @property
    def turned(self) -> bool:
        """Tell whether the mark means the opposite; an answer without a meaning (対象外) turns nothing."""
        return (
            self.chosen is not None
            and self.chosen.meaning != ""
            and self.chosen.meaning != self.before.meaning
        )

    @property
    def turning(self) -> tuple[FormMark, ...]:
        """List the answers that would turn the earlier mark."""
        return tuple(
            mark for mark in self.question.marks if mark.meaning and mark.meaning != self.before.meaning
        )

    @property
    def sentence(self) -> str:
        return f"{self.phase.label}では{self.before.symbol}でした。何が変わったかを書いてください。"

    @property
    def name(self) -> str:
        return Field(self.question, self.target).name


@dataclass(frozen=True)
class Basis:
    """Everything that the marks of one phase rest on."""

    phase: FormPhase
    targets: tuple[TargetBasis, ...] = ()
    marks: tuple[MarkBasis, ...] = ()
    turns: tuple[Turn, ...] = ()

    def target(self, key: str) -> TargetBasis | None:
        return next((target for target in self.targets if target.key == key), None)

    def proposal(self, question: FormQuestion, target: str) -> MarkBasis | None:
        """Give what the figures say about a mark; None for one without a rule."""
        found = (mark for mark in self.marks if (mark.question, mark.target) == (question, target))
        return next(found, None) if question.combine else None

    def marks_for(self, asked: Field) -> list[MarkBasis]:
        """List the marks that a text answers for: a target's text its own, a sheet's text all of them."""
        return [mark for mark in self.marks if not asked.target or mark.target in ("", asked.target)]

    def turns_for(self, asked: Field) -> list[Turn]:
        return [turn for turn in self.turns if not asked.target or turn.target in ("", asked.target)]

    def demands(self, answers: Answers) -> dict[str, str]:
        """Say what the figures and marks demand before the sheet is handed in: input name -> sentence.

        A reason where the choice differs from the proposal, what changed where it turns an earlier mark, and
        for the year's figures where they come from, and the same figure wherever one indicator's is typed
        twice: there is one a year. What is not known demands nothing.
        """
        found: dict[str, str] = {}
        for asked in fields_of(self.phase, [target.key for target in self.targets]):
            question, answer = asked.question, asked.of(answers)
            if question.kind == "figure" and question.final and isinstance(answer, dict):
                found |= self._sources_missing(asked, answer)
                found[asked.name] = self._contradiction(asked.target)
            elif question.required_when and is_blank(str(answer or "")):
                found[asked.name] = self._demanded_text(asked)
        return {name: sentence for name, sentence in found.items() if sentence}

    def _sources_missing(self, asked: Field, figure: Mapping[str, str]) -> dict[str, str]:
        target = self.target(asked.target)
        if not figure.get("value") or target is None:
            return {}
        return {
            f"{asked.name}_{part}": f"目標{target.number}の{label}を入力してください。"
            for part, label in SOURCES.items()
            if is_blank(figure.get(part) or "")
        }

    def _contradiction(self, key: str) -> str:
        """Name an earlier target of the sheet that says another figure of the same indicator and year."""
        target = self.target(key)
        if target is None or target.value is None or target.recorded:
            return ""
        typed = [row for row in self.targets[: target.number - 1] if not row.recorded]
        for other in typed:
            if other.measured == target.measured and other.value not in (None, target.value):
                return (
                    f"目標{other.number}と同じ指標、同じ年度の実績ですが、値が違います"
                    f"(目標{other.number}は{other.figure_words})。どちらが正しいか確かめ、同じ値にしてください。"
                )
        return ""

    def _demanded_text(self, asked: Field) -> str:
        if asked.question.required_when == When.DIFFERS:
            mark = next((mark for mark in self.marks_for(asked) if mark.differs), None)
            if mark is None:
                return ""
            # A text that stands once answers for every target's mark: it has to be told which one is meant.
            about = f"「{mark.heading}」で" if mark.target and not asked.target else ""
            return (
                f"{about}数値からの判定({mark.proposed})と異なる{mark.chosen}を選んだときは、"
                f"{asked.question.label}を記入してください。"
            )
        turn = next((turn for turn in self.turns_for(asked) if turn.turned), None)
        return turn.sentence if turn else ""

    def content(self) -> dict[str, Any]:
        """Write the basis as it is kept with an event and published: plain values, and their words."""
        return {
            "targets": [
                {
                    "target": target.key,
                    "number": target.number,
                    "heading": target.heading,
                    "goal": target.goal,
                    "resolved": target.resolved,
                    "figure": dict(target.figure),
                    "figure_words": target.figure_words,
                    "outcome": target.judgement.outcome if target.judgement else "",
                    "working": target.judgement.working if target.judgement else "",
                }
                for target in self.targets
            ],
            "marks": [
                {
                    "question": mark.question.key,
                    "label": mark.question.label,
                    "target": mark.target,
                    "heading": mark.heading,
                    "rule": mark.question.combine,
                    "outcome": mark.judgement.outcome,
                    "working": mark.judgement.working,
                    "proposed": mark.proposed.position if mark.proposed else None,
                    "proposed_words": str(mark.proposed or ""),
                    "chosen": mark.chosen.position if mark.chosen else None,
                    "chosen_words": str(mark.chosen or ""),
                    "differs": mark.differs,
                    "reason": mark.reason,
                }
                for mark in self.marks
            ],
            "turns": [
                {
                    "question": turn.question.key,
                    "label": turn.question.label,
                    "target": turn.target,
                    "before_phase": turn.phase.label,
                    "before_words": str(turn.before),
                    "chosen_words": str(turn.chosen or ""),
                    "change": turn.change,
                }
                for turn in self.turns
                if turn.turned
            ],
        }


def read_value(figure: Mapping[str, str]) -> Decimal | None:
    """Read a stored figure's value; None when there is none (unknown, never 0)."""
    try:
        return Decimal(figure["value"]) if figure.get("value") else None
    except InvalidOperation:
        return None


# ---- from the database -------------------------------------------------------------------------------------


def has_basis(phase: FormPhase) -> bool:
    """Tell whether a phase has anything to rest its marks on: a figure, a proposal or a text about a turn."""
    return bool(phase.figure) or any(
        question.combine or question.required_when for question in phase.questions
    )


def basis_of(case: Case, answers: Answers) -> Basis:
    """Find what the marks in these answers rest on: the case's targets, figures and earlier marks.

    At most two queries beside the targets', and none for a phase without a figure or a proposal.
    """
    if not has_basis(case.phase):
        return Basis(case.phase)
    before = case.form.phase_before(case.phase.key)
    as_of = case.plan_phase.as_of if case.plan_phase else None
    return build_basis(
        case.phase,
        answers,
        case.judged_targets,
        case.known_figures,
        before=before if case.earlier_answers else None,
        earlier=case.earlier_answers,
        as_of=as_of,
    )


def read_known(targets: Sequence[Target], ward_id: int) -> dict[tuple[int, int], KnownFigure]:
    """Read the current figures of these targets' indicators in a ward, all years, with one query."""
    rows = (
        Measurement.objects.current()
        .filter(indicator__in={target.indicator_id for target in targets}, ward=ward_id)
        .order_by("pk")
    )
    return {
        (row.indicator_id, int(row.fiscal_year)): KnownFigure(
            row.value,
            {
                "as_of": row.as_of.isoformat() if row.as_of else "",
                "source": row.source,
                "note": row.note,
                "evidence": row.evidence,
            },
        )
        for row in rows
    }


# ---- putting it together -----------------------------------------------------------------------------------


def build_basis(
    phase: FormPhase,
    answers: Answers,
    targets: Sequence[Target],
    known: Known,
    *,
    before: FormPhase | None = None,
    earlier: Mapping[str, Any] | None = None,
    as_of: datetime.date | None = None,
) -> Basis:
    """Put a phase's basis together from plain values. Asks no query.

    `targets` are the annual ones with indicator and, where it was set, `resolved_value`; `before` is the
    phase whose marks this one may turn, `earlier` its answers, `as_of` the phase's 基準日.
    """
    found = tuple(
        _target_basis(phase, answers, target, number, known, as_of)
        for number, target in enumerate(targets, start=1)
    )
    return Basis(
        phase,
        found,
        tuple(_mark_bases(phase, answers, found)),
        tuple(_turns(phase, answers, [target.key for target in targets], before, earlier or {})),
    )


def _target_basis(
    phase: FormPhase,
    answers: Answers,
    target: Target,
    number: int,
    known: Known,
    as_of: datetime.date | None,
) -> TargetBasis:
    question = phase.figure
    typed = pick(answers, question.key, target.key) if question else None
    figure: Mapping[str, str] = typed if isinstance(typed, dict) else {}
    year = (target.indicator_id, int(target.fiscal_year))
    recorded = question is not None and question.final and not figure.get("value") and year in known
    if recorded:
        figure = _as_typed(known[year])
    value = read_value(figure)
    facts = facts_of(target)
    judgement = None
    if question is not None and question.final:
        figures = {
            FiscalYear(its_year): row.value
            for (indicator, its_year), row in known.items()
            if indicator == target.indicator_id
        }
        judgement = judge(facts, {**figures, FiscalYear(target.fiscal_year): value})
        words = sentence(facts, judgement, value) if value is not None else ""
    else:
        words = (
            midyear_sentence(facts, value, _day(figure.get("as_of")) or as_of) if value is not None else ""
        )
    return TargetBasis(
        key=target.key,
        number=number,
        heading=target.heading or target.indicator.name,
        goal=target.promise,
        unit=target.indicator.unit,
        figure=figure,
        recorded=recorded,
        judgement=judgement,
        sentence=words,
        measured=(target.indicator_id, int(target.fiscal_year)),
        resolved="" if facts.resolved_value is None else with_unit(facts.resolved_value, facts.unit),
    )


def _as_typed(known: KnownFigure) -> dict[str, str]:
    """Write a recorded figure as a form would have taken it."""
    parts = {part: value for part, value in known.parts.items() if value}
    return {"value": format(known.value.normalize(), "f"), **parts}


def _day(text: str | None) -> datetime.date | None:
    try:
        return datetime.date.fromisoformat(text) if text else None
    except ValueError:
        return None


def _mark_bases(phase: FormPhase, answers: Answers, targets: Sequence[TargetBasis]) -> Iterable[MarkBasis]:
    """List each mark that has a rule, or a meaning. A proposal needs both a rule and the year's figures."""
    for question in phase.questions:
        if not question.combine and not question.has_meaning:
            continue
        if question.per_target:
            for target in targets:
                judgement = target.judgement if question.combine else None
                yield _mark_basis(phase, question, answers, judgement or UNJUDGED, target)
        else:
            judged = [target.judgement for target in targets if target.judgement]
            combined = combine(judged, question.combine) if question.combine and judged else UNJUDGED
            yield _mark_basis(phase, question, answers, combined, None)


def _mark_basis(
    phase: FormPhase,
    question: FormQuestion,
    answers: Answers,
    judgement: Judgement,
    target: TargetBasis | None,
) -> MarkBasis:
    key = target.key if target else ""
    return MarkBasis(
        question=question,
        target=key,
        heading=target.heading if target else "",
        judgement=judgement,
        proposed=question.mark_meaning(judgement.outcome),
        chosen=question.mark(pick(answers, question.key, key)),
        reason=_text(phase, answers, When.DIFFERS, key),
    )


def _turns(
    phase: FormPhase,
    answers: Answers,
    keys: Sequence[str],
    before: FormPhase | None,
    earlier: Mapping[str, Any],
) -> Iterable[Turn]:
    """Compare the first mark with a meaning of either phase, when both are asked about the same thing."""
    if before is None:
        return
    now, then = _first_with_meaning(phase), _first_with_meaning(before)
    if now is None or then is None or now.scope != then.scope:
        return
    for key in keys if now.per_target else [""]:
        mark = then.mark(pick(earlier, then.key, key))
        if mark is None or not mark.meaning:
            continue
        chosen = now.mark(pick(answers, now.key, key))
        yield Turn(now, key, before, mark, chosen, _text(phase, answers, When.TURNED, key))


def _first_with_meaning(phase: FormPhase) -> FormQuestion | None:
    return next((question for question in phase.questions if question.has_meaning), None)


def _text(phase: FormPhase, answers: Answers, when: str, target: str) -> str:
    """Take the text that answers for a differing or turned mark: the target's own, else the sheet's."""
    for question in phase.questions:
        if question.required_when == when:
            return str(pick(answers, question.key, target if question.per_target else "") or "")
    return ""
