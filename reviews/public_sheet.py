"""The public sheet: what a published revision says, read from its frozen content and nothing else.

The content names the edition; its words come from there, because an edition that a plan uses is frozen. No
live row of a plan or a review is asked, so that a revision reads the same as long as it exists.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache
from typing import Any

from initiatives.form import FormPhase, OfficialForm
from initiatives.models import PublishedSheet
from initiatives.publication import PLAN
from wardplan.era import era_year, wareki
from wardplan.fiscal_year import FiscalYear
from wardplan.numbers import with_unit
from wardplan.text import strip_bidi

from .differences import Piece, difference
from .sheet import (
    UNKNOWN,
    Answered,
    Line,
    PastFigure,
    TargetLine,
    quote_past,
    read_answers,
    read_lines,
)

MET, NOT_MET = "met", "not_met"
# Differences of revisions are asked for again and again, and never change.
KEPT_DIFFERENCES = 128
# Characters shown at either side of a change.
BESIDE = 20


@dataclass(frozen=True)
class PublicPlan:
    """The plan's part: its texts and targets."""

    purpose: tuple[Line, ...]
    overview: tuple[Line, ...]
    activities: tuple[Line, ...]
    policy_targets: tuple[TargetLine, ...]
    annual_targets: tuple[TargetLine, ...]


@dataclass(frozen=True)
class PublicPhase:
    """One published phase: its marks, its texts, and the day of the facts in words (令和2年8月末)."""

    phase: FormPhase
    as_of: str
    answered: tuple[Answered, ...]
    basis: Mapping[str, Any]

    @property
    def heading(self) -> str:
        return f"{self.phase.label}({self.as_of})" if self.as_of else self.phase.label

    @property
    def marks(self) -> list[Answered]:
        """List the marks with the answers that the form prints, and the chosen one in any case."""
        return [
            replace(one, choices=tuple(c for c in one.choices if c.mark.on_paper or c.chosen))
            for one in self.answered
            if one.choices
        ]

    @property
    def texts(self) -> list[Answered]:
        """List the written answers. What explains a mark stands with the basis, where there is one."""
        return [
            one
            for one in self.answered
            if one.text and one.question.kind == "text" and not (self.basis and one.question.required_when)
        ]


@dataclass(frozen=True)
class FigureRow:
    """An annual target with what came of it. An empty `actual` is not known, never 0."""

    heading: str
    goal: str
    actual: str
    outcome: str
    as_of: str
    source: str


@dataclass(frozen=True)
class BasisWords:
    """Why a mark was chosen: the sentence that says it, the reason or change as written, the working."""

    sentence: str
    quote: str = ""
    workings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Text:
    """Written answers under one label; each with the phase (and target) that wrote it."""

    label: str
    parts: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class PublicSheet:
    """One revision of a sheet as citizens read it."""

    form: OfficialForm
    number: str
    title: str
    section: str
    revision: int
    at: datetime.datetime
    is_revised: bool
    plan: PublicPlan | None
    phases: tuple[PublicPhase, ...]

    @property
    def figures_label(self) -> str:
        phase = self._phase_of_figures
        return phase.phase.figure.label if phase and phase.phase.figure else ""

    @property
    def figures(self) -> list[FigureRow]:
        """List the annual targets with the figures of the last phase that has any."""
        phase = self._phase_of_figures
        if phase is None:
            return []
        if phase.basis.get("targets"):
            return [_row_of_basis(target) for target in phase.basis["targets"]]
        return [_row_of_answer(one, self.plan) for one in _figures(phase)]

    @property
    def _phase_of_figures(self) -> PublicPhase | None:
        found = None
        for phase in self.phases:
            if phase.phase.figure and (phase.phase.figure.final or any(map(_has_value, _figures(phase)))):
                found = phase
        return found

    @property
    def basis(self) -> list[BasisWords]:
        return [words for phase in reversed(self.phases) for words in _basis_words(phase)]

    @property
    def texts(self) -> list[Text]:
        """Gather the written answers by label, the newest phase first."""
        labels: dict[str, list[tuple[str, str]]] = {}
        for phase in reversed(self.phases):
            for one in phase.texts:
                where = "・".join(filter(None, [phase.heading, one.heading]))
                labels.setdefault(one.question.label, []).append((where, one.text))
        return [Text(label, tuple(parts)) for label, parts in labels.items()]

    @property
    def symbols(self) -> list[tuple[str, list[Answered]]]:
        """List (phase's label, marks) for the list of a year."""
        return [(phase.phase.label, phase.marks) for phase in self.phases]


# ---- reading ----------------------------------------------------------------------------------------------


def read_public(row: PublishedSheet, form: OfficialForm) -> PublicSheet:
    """Read a revision from its content."""
    content = json.loads(row.content)
    parts = content["parts"]
    plan = parts.get(PLAN)
    targets = _annual_lines(content)
    return PublicSheet(
        form=form,
        number=content["number"],
        title=strip_bidi(content["title"]),
        section=content["section"] or "",
        revision=row.revision,
        at=row.at,
        is_revised=bool(row.reason),
        plan=read_plan(plan["initiative"]) if plan else None,
        phases=tuple(
            _read_phase(phase, parts[phase.key], targets) for phase in form.phases if phase.key in parts
        ),
    )


def read_plan(item: Mapping[str, Any]) -> PublicPlan:
    """Read a sheet's plan as a plan file writes it: as it was approved, whatever the live rows say."""
    targets = [(target["scope"], _read_target(target)) for target in item["targets"]]
    return PublicPlan(
        purpose=read_lines(item["purpose"]),
        overview=read_lines(item["overview"]),
        activities=read_lines(item["activities"]),
        policy_targets=tuple(line for scope, line in targets if scope == "policy"),
        annual_targets=tuple(line for scope, line in targets if scope == "annual"),
    )


def _read_target(target: Mapping[str, Any]) -> TargetLine:
    unit = target["unit"]
    past = tuple(
        PastFigure(
            FiscalYear(quoted["fiscal_year"]),
            value := Decimal(quoted["value"]) if quoted["value"] is not None else None,
            with_unit(value, unit) if value is not None else UNKNOWN,
        )
        for quoted in target["baselines"]
    )
    return TargetLine(
        key=target["key"],
        heading=target["heading"] or target["indicator"],
        wording=target["wording"],
        quote=quote_past(target.get("quote", ""), past, unit),
        past=past,
        fiscal_year=FiscalYear(target["fiscal_year"]),
        unit=unit,
        indicator=0,
        resolved=with_unit(Decimal(target["resolved"]), unit) if target.get("resolved") else "",
    )


def _annual_lines(content: Mapping[str, Any]) -> list[TargetLine]:
    """List the targets that questions per target were asked about; without the plan's part, from the basis.

    What else was answered per target goes by its key: nothing that was published is left out.
    """
    parts = content["parts"]
    if PLAN in parts:
        return list(read_plan(parts[PLAN]["initiative"]).annual_targets)
    found: dict[str, TargetLine] = {}
    for part in parts.values():
        for target in part.get("basis", {}).get("targets", []):
            found[target["target"]] = _bare_line(content, target["target"], target["heading"])
        for answer in part["answers"].values():
            for key in answer if isinstance(answer, dict) else ():
                found.setdefault(key, _bare_line(content, key, f"目標{len(found) + 1}"))
    return list(found.values())


def _bare_line(content: Mapping[str, Any], key: str, heading: str) -> TargetLine:
    return TargetLine(
        key=key,
        heading=heading,
        wording="",
        quote=(),
        past=(),
        fiscal_year=FiscalYear(content["fiscal_year"]),
        unit="",
        indicator=0,
    )


def _read_phase(phase: FormPhase, part: Mapping[str, Any], targets: Iterable[TargetLine]) -> PublicPhase:
    return PublicPhase(
        phase=phase,
        as_of=as_of_words(part.get("as_of")),
        answered=tuple(read_answers(phase, part["answers"], targets)),
        basis=part.get("basis", {}),
    )


def as_of_words(day: str | None) -> str:
    """Write the day of the facts as the office says it: 令和2年8月末 for the last day of a month."""
    if not day:
        return ""
    found = datetime.date.fromisoformat(day)
    if (found + datetime.timedelta(days=1)).day != 1:
        return wareki(found)
    return f"{era_year(found)}年{found.month}月末"


# ---- figures and basis ------------------------------------------------------------------------------------


def _figures(phase: PublicPhase) -> list[Answered]:
    return [one for one in phase.answered if one.question is phase.phase.figure]


def _has_value(one: Answered) -> bool:
    return bool(one.figure.get("value"))


def _row_of_basis(target: Mapping[str, Any]) -> FigureRow:
    figure = target["figure"]
    return FigureRow(
        heading=target["heading"],
        goal=" ".join(filter(None, [target["goal"], _in_brackets(target.get("resolved", ""))])),
        actual=target["figure_words"],
        outcome=target["outcome"],
        as_of=_day(figure.get("as_of")),
        source=figure.get("source", ""),
    )


def _in_brackets(number: str) -> str:
    return f"({number})" if number else ""


def _row_of_answer(one: Answered, plan: PublicPlan | None) -> FigureRow:
    line = next((line for line in plan.annual_targets if line.key == one.target), None) if plan else None
    return FigureRow(
        heading=one.heading,
        goal=line.promise if line else "",
        actual=one.text,
        outcome="",
        as_of=_day(one.figure.get("as_of")),
        source=one.figure.get("source", ""),
    )


def _day(text: str | None) -> str:
    return wareki(datetime.date.fromisoformat(text)) if text else ""


def _basis_words(phase: PublicPhase) -> Iterable[BasisWords]:
    """Say how each mark with a proposal came about: first where it differs from what the figures say."""
    targets = phase.basis.get("targets", [])
    for mark in sorted(phase.basis.get("marks", []), key=lambda mark: not mark["differs"]):
        asked = [target for target in targets if mark["target"] in ("", target["target"])]
        # A working without an outcome tells the office what is still missing.
        workings = tuple(target["working"] for target in asked if target["outcome"] in (MET, NOT_MET))
        about = f"「{mark['heading']}」は、" if mark["heading"] else ""
        sentence = f"{about}{_figures_say(mark, asked)}"
        if mark["differs"]:
            chosen = f"次の理由で「{mark['chosen_words']}」としました。"
            yield BasisWords(f"{sentence}ですが、{chosen}", mark["reason"], workings)
        elif mark["proposed_words"]:
            yield BasisWords(f"{sentence}で、「{mark['chosen_words']}」としました。", workings=workings)
        elif mark["reason"]:
            yield BasisWords(
                f"{about}次の理由で「{mark['chosen_words']}」としました。", mark["reason"], workings
            )
        elif workings:
            yield BasisWords(f"{about}「{mark['chosen_words']}」としました。", workings=workings)
    for turn in phase.basis.get("turns", []):
        yield BasisWords(
            f"{turn['before_phase']}では「{turn['before_words']}」でしたが、次のように変わりました。",
            turn["change"],
        )


def _figures_say(mark: Mapping[str, Any], targets: list[Mapping[str, Any]]) -> str:
    outcomes = {target["outcome"] for target in targets}
    if outcomes == {MET}:
        return f"数値は{len(targets)}つの目標とも達成" if len(targets) > 1 else "数値は目標の達成"
    if outcomes == {NOT_MET}:
        return f"数値は{len(targets)}つの目標とも未達成" if len(targets) > 1 else "数値は目標の未達成"
    return f"数値からの判定(参考)は「{mark['proposed_words']}」"


# ---- revisions --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Change:
    """A field that reads otherwise than in the revision before."""

    label: str
    pieces: tuple[Piece, ...]


@dataclass(frozen=True)
class Revision:
    """One line of the 改訂履歴. `published` names the parts that became public for the first time."""

    number: int
    at: datetime.datetime
    reason: str
    published: tuple[str, ...]
    changes: tuple[Change, ...]


def read_revisions(rows: Iterable[PublishedSheet], form: OfficialForm) -> list[Revision]:
    """Tell what each revision changed, newest first; `rows` are all of a sheet's, oldest first."""
    found, before = [], ""
    for row in rows:
        found.append(
            Revision(
                number=row.revision,
                at=row.at,
                reason=row.reason,
                published=_new_parts(before, row.content, form),
                changes=_changes(before, row.content, form) if before else (),
            )
        )
        before = row.content
    return found[::-1]


def _new_parts(before: str, now: str, form: OfficialForm) -> tuple[str, ...]:
    known = json.loads(before)["parts"] if before else {}
    labels = {PLAN: form.label("plan"), **{phase.key: phase.label for phase in form.phases}}
    return tuple(labels.get(part, part) for part in json.loads(now)["parts"] if part not in known)


def _changes(before: str, now: str, form: OfficialForm) -> tuple[Change, ...]:
    """Compare two revisions field by field; a part that was not public before is new, not changed."""
    old, new = json.loads(before), json.loads(now)
    both = old["parts"].keys() & new["parts"].keys()
    cells_before, cells_now = (_cells(content, both, form) for content in (old, new))
    labels = {name: label for name, (label, _) in {**cells_before, **cells_now}.items()}
    changed = []
    for name, label in labels.items():
        was, says = (cells.get(name, ("", ""))[1] for cells in (cells_before, cells_now))
        if was != says:
            changed.append(Change(label, _difference(was, says)))
    return tuple(changed)


@lru_cache(maxsize=KEPT_DIFFERENCES)
def _difference(was: str, says: str) -> tuple[Piece, ...]:
    """Compare two texts; of what both have, only what stands beside a change is shown."""
    pieces = difference(was, says)
    last = len(pieces) - 1
    return tuple(
        Piece(piece.kind, _shortened(piece.text, begins=place == 0, ends=place == last))
        if piece.kind == "equal"
        else piece
        for place, piece in enumerate(pieces)
    )


def _shortened(text: str, *, begins: bool, ends: bool) -> str:
    """Keep the beside of a run that both texts have: its end, its beginning, or both."""
    if len(text) <= 2 * BESIDE + 1:
        return text
    return f"{'' if begins else text[:BESIDE]}…{'' if ends else text[-BESIDE:]}"


def _cells(
    content: Mapping[str, Any], wanted: Collection[str], form: OfficialForm
) -> dict[str, tuple[str, str]]:
    """Write every field of the wanted parts as (label, text), in the order of the form."""
    parts = {key: part for key, part in content["parts"].items() if key in wanted}
    cells = {
        "title": (f"{form.label('item')}名", content["title"]),
        "section": ("担当課", content["section"] or ""),
    }
    if PLAN in parts:
        item = parts[PLAN]["initiative"]
        for place in ("purpose", "overview", "activities"):
            cells[place] = (form.label(f"plan.{place}").strip("()"), item[place])
        for target in item["targets"]:
            line = _read_target(target)
            number = _in_brackets(line.resolved)
            words = f"{target['heading'] or target['indicator']} {target['wording']} {number}".rstrip()
            name = f"{form.label('plan.' + target['scope'])} 目標"
            cells["target " + target["key"]] = (name, f"{words} {line.quote_text('—')}".strip())
    targets = _annual_lines(content)
    for phase in form.phases:
        if phase.key not in parts:
            continue
        part = parts[phase.key]
        for one in read_answers(phase, part["answers"], targets):
            label = f"{phase.label} {_label(one, targets)}"
            cells[f"{phase.key} {one.question.key} {one.target}"] = (label, _words(one))
    return cells


def _label(one: Answered, targets: list[TargetLine]) -> str:
    if not one.target:
        return one.question.label
    place = [line.key for line in targets].index(one.target) + 1
    return f"目標{place}の{one.question.label}"


def _words(one: Answered) -> str:
    """Write an answer as one text. What is kept for the office beside a figure is not public."""
    if one.choices:
        return str(one.chosen or "")
    if not one.figure:
        return one.text
    beside = "、".join(filter(None, [_day(one.figure.get("as_of")), one.figure.get("source", "")]))
    return f"{one.text}({beside})" if beside else one.text
