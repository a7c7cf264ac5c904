"""The sheet as the official form shows it: one reading for the screen, the printout and the Excel file.

`read_sheets` turns rows into plain values with a constant number of queries; nobody else decides what a
sheet says, so that screen, paper and file cannot differ.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cache
from typing import Any

from django.db.models import OuterRef, Prefetch, QuerySet, Subquery

from initiatives.form import FormMark, FormPhase, FormQuestion, OfficialForm
from initiatives.models import (
    Baseline,
    Initiative,
    Measurement,
    PublishedSheet,
    Target,
    TargetResolution,
)
from initiatives.models.target import without_year
from initiatives.unconfirmed import TARGET_LABELS, cell_label, target_cell, target_parts
from wardplan.accounts.models import User
from wardplan.fiscal_year import FiscalYear
from wardplan.numbers import format_number, with_unit
from wardplan.text import strip_bidi

from . import permissions
from .evidence import ON_RECORD, Evidence
from .models import Review

UNKNOWN = "未判明"
UNRESOLVED = "未確定"
NOT_WRITTEN = "まだ書かれていません"

BULLETS = "・○〇●"
# A past year quoted beside a target, in the spellings of the seed: 令和元年度実績: 38.6%, 平成30年度40.2%.
QUOTED_YEAR = re.compile(
    r"(?P<year>(?:令和|平成|昭和)(?:元|\d{1,2})年度)(?P<between>(?:実績)?[:：]?\s*)"
    r"(?P<figure>(?:\d[\d,.，．]*\d|\d)?)"
)


@dataclass(frozen=True)
class Line:
    """A paragraph of the plan's text: its bullet, if it has one, and the words after it."""

    bullet: str
    text: str

    @property
    def as_written(self) -> str:
        return f"{self.bullet}{self.text}"


@dataclass(frozen=True)
class Part:
    """A piece of a quoted line: words, a figure, or a figure that is not there yet (`unknown`)."""

    text: str
    unknown: bool = False


@dataclass(frozen=True)
class PastFigure:
    """A past year's figure as value: None is unknown, never 0."""

    fiscal_year: FiscalYear
    value: Decimal | None
    text: str


@dataclass(frozen=True)
class TargetLine:
    """A target as the form prints it: ○heading, wording, quoted past years; with its values for screens.

    `resolved` is the number that a relative target got later, `stale` says that the base year's figure was
    corrected since; `unresolved` says that it still waits for a number, `resolvable` that it can get one.
    """

    key: str
    heading: str
    wording: str
    quote: tuple[Part, ...]
    past: tuple[PastFigure, ...]
    fiscal_year: FiscalYear
    unit: str
    indicator: int
    unresolved: bool = False
    resolved: str = ""
    resolvable: bool = False
    stale: bool = False
    base_year: FiscalYear | None = None
    base: str = ""
    resolved_from: str = ""
    resolved_by: str = ""
    resolved_at: datetime.datetime | None = None
    unconfirmed: frozenset[str] = frozenset()

    @property
    def promise(self) -> str:
        """Give the wording without its year in brackets, for places that name the year themselves."""
        return without_year(self.wording)

    def quote_text(self, blank: str = "") -> str:
        """Write the quoted years as text; `blank` stands where a figure is not known (a gap on paper)."""
        return "".join(blank if part.unknown else part.text for part in self.quote)


@dataclass(frozen=True)
class Choice:
    """An answer of the printed legend: both always stand; the chosen one is framed."""

    mark: FormMark
    chosen: bool


@dataclass(frozen=True)
class Answered:
    """A question with its answer. `text` is a text or a figure in words; `choices` the legend of a mark.

    `target` and `heading` name the target that a question per target is asked about.
    """

    question: FormQuestion
    target: str = ""
    heading: str = ""
    text: str = ""
    choices: tuple[Choice, ...] = ()
    figure: Mapping[str, str] = field(default_factory=dict)

    @property
    def chosen(self) -> FormMark | None:
        return next((choice.mark for choice in self.choices if choice.chosen), None)


@dataclass(frozen=True)
class PhaseBlock:
    """One phase of the sheet. `readable` is False for people who may know the status but not the text."""

    phase: FormPhase
    status: str
    version: int
    readable: bool
    answered: tuple[Answered, ...]
    review: Review | None
    evidence: Evidence | None = None

    @property
    def status_label(self) -> str:
        return Review.Status(self.status).label

    @property
    def is_submitted(self) -> bool:
        return self.status in ON_RECORD

    @property
    def on_paper(self) -> list[Answered]:
        return [answer for answer in self.answered if answer.question.on_paper]

    @property
    def left(self) -> list[Answered]:
        return [answer for answer in self.on_paper if answer.question.column == "left"]

    @property
    def right(self) -> list[Answered]:
        return [answer for answer in self.on_paper if answer.question.column == "right"]

    @property
    def marks(self) -> list[Answered]:
        return [answer for answer in self.answered if answer.choices]

    @property
    def texts(self) -> dict[str, str]:
        """Give the texts that stand once on the sheet, by question."""
        return {
            answer.question.key: answer.text
            for answer in self.answered
            if answer.question.kind == "text" and not answer.target
        }

    @property
    def is_table(self) -> bool:
        """Tell whether the left side is rows of label and marks (中間振り返り), with no text among them."""
        return bool(self.left) and all(answer.choices for answer in self.left)

    @property
    def may_run_over(self) -> bool:
        """Tell whether a printed page may end inside the text that stands beside the rows of marks.

        The rows that one cell spans do not grow by what a browser leaves free at the foot of each page, so
        that the last line would lie on the block beneath. Counted roughly, in lines of 40 characters.
        """
        lines = (line for answer in self.right for line in answer.text.split("\n"))
        return self.is_table and sum(len(line) // 40 + 1 for line in lines) > 20


@dataclass(frozen=True)
class Sheet:
    """Everything that one 取組項目 sheet says."""

    initiative: Initiative
    form: OfficialForm
    ward: str
    ward_name: str
    fiscal_year: FiscalYear
    number: str
    title: str
    section: str
    purpose: tuple[Line, ...]
    overview: tuple[Line, ...]
    activities: tuple[Line, ...]
    policy_targets: tuple[TargetLine, ...]
    annual_targets: tuple[TargetLine, ...]
    blocks: tuple[PhaseBlock, ...]
    unconfirmed: tuple[str, ...] = ()

    @property
    def heading(self) -> str:
        """Head the form as it does: 取組項目1 【人と人とのつながりづくり】."""
        return f"{self.form.label('item')}{self.number} 【{self.title}】"

    @property
    def relative_targets(self) -> list[TargetLine]:
        """List the targets whose number depends on a base year; a promise that stands twice is told once."""
        told: dict[tuple[object, ...], TargetLine] = {}
        for line in (*self.policy_targets, *self.annual_targets):
            if line.base_year:
                told.setdefault((line.indicator, line.wording, line.resolved, line.stale), line)
        return list(told.values())

    @property
    def unconfirmed_cells(self) -> list[tuple[str, str]]:
        """List the cells carried over that nobody has confirmed, each in words that name it on the sheet."""
        scopes = {"policy": self.policy_targets, "annual": self.annual_targets}
        targets = {
            target_cell(line.key, part): f"{self.form.label(f'plan.{scope}')} 目標{place}{words}"
            for scope, lines in scopes.items()
            for place, line in enumerate(lines, start=1)
            for part, words in TARGET_LABELS.items()
        }
        return [(cell, targets.get(cell) or cell_label(cell)) for cell in self.unconfirmed]

    @property
    def labels(self) -> dict[str, str]:
        """Give the printed words of the plan's places by short names, for templates."""
        places = ("purpose", "overview", "activities", "targets", "policy", "annual")
        return {
            "item": self.form.label("item"),
            "plan": self.form.label("plan"),
            **{place: self.form.label(f"plan.{place}") for place in places},
        }

    def block(self, phase: str) -> PhaseBlock | None:
        return next((block for block in self.blocks if block.phase.key == phase), None)


def with_everything(initiatives: QuerySet[Initiative]) -> QuerySet[Initiative]:
    """Fetch what a sheet needs in four queries: items, targets, quoted years with figures, reviews.

    Figures and resolutions come as subqueries of the rows that quote them, so that a page's queries do not
    grow with what is quoted.
    """
    published = PublishedSheet.objects.filter(initiative=OuterRef("pk")).order_by("-revision")
    return (
        initiatives.annotate(public_revision=Subquery(published.values("revision")[:1]))
        .select_related("plan__ward", "plan__edition", "section")
        .prefetch_related(
            Prefetch("targets", _targets()),
            Prefetch("reviews", Review.objects.select_related("submitted_by", "approved_by").order_by("pk")),
        )
    )


@cache
def _targets() -> QuerySet[Target]:
    """Describe the rows of targets once: putting these subqueries together takes as long as asking them.

    There is one current figure at most, so none is sorted: its default order would join three tables.
    """
    ward = OuterRef("target__initiative__plan__ward")
    current = Measurement.objects.current().order_by()
    figure = current.filter(
        indicator=OuterRef("target__indicator"), ward=ward, fiscal_year=OuterRef("fiscal_year")
    )
    newest = TargetResolution.objects.filter(target=OuterRef("pk")).order_by("-at", "-pk")
    baselines = Baseline.objects.annotate(figure=Subquery(figure.values("value")[:1])).order_by(
        "position", "-fiscal_year"
    )
    base = current.filter(
        indicator=OuterRef("indicator"),
        ward=OuterRef("initiative__plan__ward"),
        fiscal_year=OuterRef("base_fiscal_year"),
    )
    return (
        Target.objects.select_related("indicator")
        .with_facts()
        .annotate(
            base_figure=Subquery(base.values("value")[:1]),
            resolved_base=Subquery(newest.values("base_value")[:1]),
            resolved_by=Subquery(newest.values("by__name")[:1]),
            resolved_at=Subquery(newest.values("at")[:1]),
        )
        .prefetch_related(Prefetch("baselines", baselines))
        .order_by("position", "pk")
    )


def read_sheets(initiatives: Iterable[Initiative], form: OfficialForm, user: User) -> list[Sheet]:
    """Read sheets for a person; `initiatives` come from `with_everything`."""
    return [read_sheet(initiative, form, user) for initiative in initiatives]


def read_sheet(initiative: Initiative, form: OfficialForm, user: User) -> Sheet:
    """Read one sheet for a person: text that he or she may not read yet is left out, the status stays."""
    targets = list(initiative.targets.all())
    carried = initiative.unconfirmed
    policy = tuple(read_target(target, carried) for target in targets if target.scope == Target.Scope.POLICY)
    annual = tuple(
        with_past(read_target(target, carried), policy)
        for target in targets
        if target.scope == Target.Scope.ANNUAL
    )
    reviews = {review.phase: review for review in initiative.reviews.all()}
    return Sheet(
        initiative=initiative,
        form=form,
        ward=initiative.plan.ward.slug,
        ward_name=initiative.plan.ward.name,
        fiscal_year=FiscalYear(initiative.plan.fiscal_year),
        number=initiative.number,
        title=strip_bidi(initiative.title),
        section=initiative.section.name if initiative.section else "",
        purpose=read_lines(initiative.purpose),
        overview=read_lines(initiative.overview),
        activities=read_lines(initiative.activities),
        policy_targets=policy,
        annual_targets=annual,
        blocks=tuple(
            read_block(phase, reviews.get(phase.key), initiative, annual, user) for phase in form.phases
        ),
        unconfirmed=tuple(initiative.unconfirmed),
    )


def read_lines(text: str) -> tuple[Line, ...]:
    """Split the plan's text into paragraphs; a leading ・ or ○ is the bullet, as printed."""
    return tuple(
        Line(line[0], line[1:].lstrip()) if line[0] in BULLETS else Line("", line)
        for line in text.split("\n")
        if line.strip()
    )


def read_target(target: Target, unconfirmed: Collection[str] = ()) -> TargetLine:
    """Read a target's line. A figure that came since the plan was written fills the blank that quotes it.

    `unconfirmed` are the cells of the sheet that nobody has confirmed yet.
    """
    unit = target.indicator.unit
    past = tuple(
        PastFigure(
            FiscalYear(baseline.fiscal_year),
            figure := getattr(baseline, "figure", None),
            with_unit(figure, unit) if figure is not None else UNKNOWN,
        )
        for baseline in target.baselines.all()
    )
    resolved = getattr(target, "resolved_value", None)
    resolved_base = getattr(target, "resolved_base", None)
    base = getattr(target, "base_figure", None)
    relative = target.kind == Target.Kind.RELATIVE
    return TargetLine(
        key=target.key,
        heading=target.heading or target.indicator.name,
        wording=target.wording,
        quote=quote_past(target.quote, past, unit),
        past=past,
        fiscal_year=FiscalYear(target.fiscal_year),
        unit=unit,
        indicator=target.indicator_id,
        unresolved=relative and resolved is None,
        resolved=with_unit(resolved, unit) if resolved is not None else "",
        resolvable=relative and resolved is None and base is not None,
        stale=relative and resolved is not None and base != resolved_base,
        base_year=FiscalYear(target.base_fiscal_year) if relative and target.base_fiscal_year else None,
        base=with_unit(base, unit) if base is not None else "",
        resolved_from=with_unit(resolved_base, unit) if resolved_base is not None else "",
        resolved_by=getattr(target, "resolved_by", None) or "",
        resolved_at=getattr(target, "resolved_at", None),
        unconfirmed=target_parts(unconfirmed, target.key),
    )


def with_past(line: TargetLine, others: Iterable[TargetLine]) -> TargetLine:
    """Give a target that quotes no past year the years that another one of the same indicator quotes.

    The form quotes them once, at the left; beside the questions they help at this year's target as well.
    What is printed (`quote`) stays as written.
    """
    quoting = (other.past for other in others if other.indicator == line.indicator and other.past)
    return line if line.past else replace(line, past=next(quoting, ()))


def quote_past(quote: str, past: Iterable[PastFigure], unit: str) -> tuple[Part, ...]:
    """Split the quoted past years into words, figures and gaps, keeping the spelling of the plan.

    A year that is one of the target's baselines shows the figure that is known today; where nothing is
    known and nothing was written, there is a gap. Without a quote nothing is printed.
    """
    figures = {figure.fiscal_year: figure.value for figure in past}
    parts: list[Part] = []
    end = 0
    for found in QUOTED_YEAR.finditer(quote):
        try:
            year = FiscalYear.parse(found["year"])
        except ValueError:  # 令和99年度: a slip of the plan, which stays as written
            continue
        if year not in figures or not (found["figure"] or _is_blank_of_form(quote[found.end() :], unit)):
            continue
        value = figures[year]
        written = format_number(value, thousands=True) if value is not None else found["figure"]
        parts.append(Part(quote[end : found.start("figure")]))
        parts.append(Part(written or UNKNOWN, unknown=not written))
        end = found.end("figure")
    if quote[end:]:
        parts.append(Part(quote[end:]))
    return tuple(parts)


def _is_blank_of_form(rest: str, unit: str) -> bool:
    """Tell whether a figure is missing before `rest`: not so in 「平成30年度の実績は7件」."""
    # As `render_baselines` writes it: 人 for 人(延べ), 回 for 回/校.
    plain_unit = unit.partition("/")[0].removesuffix("(延べ)")
    closing = (plain_unit or "%", "%", "％", "、", ",", "，", ")", "）", "令和", "平成", "昭和")
    return not rest.strip() or rest.lstrip().startswith(closing)


def read_block(
    phase: FormPhase,
    review: Review | None,
    initiative: Initiative,
    targets: Iterable[TargetLine],
    user: User,
) -> PhaseBlock:
    """Read one phase: its questions in order with their answers, as far as the person may read them."""
    known = review or Review(initiative=initiative, phase=phase.key)
    known.initiative = initiative
    readable = permissions.can_read(user, known)
    answers = known.answers if readable else {}
    return PhaseBlock(
        phase=phase,
        status=known.status,
        version=known.version,
        readable=readable,
        answered=tuple(read_answers(phase, answers, targets)),
        review=review,
    )


def read_answers(
    phase: FormPhase, answers: Mapping[str, Any], targets: Iterable[TargetLine]
) -> list[Answered]:
    """List a phase's questions with their answers; a question per target once for each target."""
    lines = list(targets)
    found = []
    for question in phase.questions:
        if question.per_target:
            given = answers.get(question.key) or {}
            found += [read_answer(question, given.get(line.key), line) for line in lines]
        else:
            found.append(read_answer(question, answers.get(question.key)))
    return found


def read_answer(question: FormQuestion, answer: Any, line: TargetLine | None = None) -> Answered:
    """Read one answer as the form shows it."""
    target, heading = (line.key, line.heading) if line else ("", "")
    if question.kind == "mark":
        choices = tuple(Choice(mark, mark.position == answer) for mark in question.marks)
        return Answered(question, target, heading, choices=choices)
    if question.kind == "figure":
        figure = answer or {}
        value = figure.get("value")
        unit = line.unit if line else ""
        text = with_unit(Decimal(value), unit) if value else ""
        return Answered(question, target, heading, text=text, figure=figure)
    return Answered(question, target, heading, text=answer or "")
