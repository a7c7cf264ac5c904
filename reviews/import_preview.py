"""Compare returned Excel forms, field by field, with what they were written from and with what stands now.

What only Excel changed is new, what only this site changed is kept, what both changed is asked. Nothing is
written here.
"""

from __future__ import annotations

import copy
import datetime
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Prefetch

from initiatives.form import FormPhase, FormQuestion, OfficialForm, read_form
from initiatives.models import Event, Initiative, PlanPhase, Target, YearPlan
from initiatives.refusals import NotAllowed, Refused
from wardplan.accounts.models import User, Ward
from wardplan.fiscal_year import FiscalYear

from . import rules
from .answers import Answers, pick, put, same
from .case import Case
from .forms import ReviewForm, input_names
from .models import Review
from .returned_answers import read_answer
from .workbook.reader import (
    Given,
    Problem,
    Reading,
    Returned,
)
from .workbook.stamp import Stamp

WHOLE_SHEET = "シート全体"


@dataclass(frozen=True)
class FieldChange:
    """A field whose text in Excel differs from the one that stands here.

    `base` is what was written out, `mine` what Excel says, `theirs` what stands now; `since` is the last
    event that changed the field here after the export.
    """

    initiative: Initiative
    phase: FormPhase
    question: FormQuestion
    target: str
    heading: str
    sheet: str
    cell: str
    base: Any
    mine: Any
    theirs: Any
    since: Event | None = None

    @property
    def field(self) -> str:
        return field_name(self.question, self.target)

    @property
    def key(self) -> str:
        return f"{self.initiative.number}.{self.field}"

    @property
    def label(self) -> str:
        return f"{self.question.label}({self.heading})" if self.heading else self.question.label

    def words(self, answer: Any) -> str:
        """Write an answer for reading: a mark with its words, a figure, a text as it is."""
        if self.question.kind == "mark":
            return str(self.question.mark(answer) or "")
        return answer.get("value", "") if isinstance(answer, dict) else answer or ""

    def symbol(self, answer: Any) -> str:
        """Write an answer as it stands in the file's cell: a mark as its symbol alone."""
        mark = self.question.mark(answer) if self.question.kind == "mark" else None
        return mark.symbol if mark else self.words(answer)


def field_name(question: FormQuestion, target: str) -> str:
    """Name a field as files and programs do: midyear.issues, review.mark_a1."""
    return f"{question.name}_{target}" if target else question.name


@dataclass
class RefusedPhase:
    """A sheet's phase that takes no import now, or not from this person; its texts are kept for showing."""

    refusal: Refused
    changes: list[FieldChange]


@dataclass
class ImportPreview:
    """What an import would do. `problems` and `refused` keep it from being done, unless only the rest is."""

    changes: list[FieldChange] = field(default_factory=list)
    conflicts: list[FieldChange] = field(default_factory=list)
    kept: list[FieldChange] = field(default_factory=list)
    refused: list[RefusedPhase] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    notes: list[Problem] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    numbers: dict[str, str] = field(default_factory=dict)
    cases: dict[tuple[int, str], Case] = field(default_factory=dict)

    @property
    def can_be_applied(self) -> bool:
        return not (self.conflicts or self.problems)

    @property
    def refusal(self) -> Refused | None:
        """Give the refusal when nothing else is left to say: every change is one that is not taken."""
        others = len(self.problems) - len(self.refused)
        if not self.refused or self.changes or self.conflicts or others:
            return None
        refusals = [found.refusal for found in self.refused]
        return next((found for found in refusals if isinstance(found, NotAllowed)), refusals[0])

    def as_json(self) -> dict[str, list[dict[str, str]]]:
        """Write the preview for programs."""
        return {
            "changes": [
                {
                    "sheet": change.initiative.number,
                    "field": change.field,
                    "old": change.symbol(change.theirs),
                    "new": change.symbol(change.mine),
                }
                for change in self.changes
            ],
            "conflicts": [
                {
                    "sheet": change.initiative.number,
                    "field": change.field,
                    "base": change.symbol(change.base),
                    "mine": change.symbol(change.mine),
                    "theirs": change.symbol(change.theirs),
                }
                for change in self.conflicts
            ],
            "errors": [
                {
                    "sheet": self.numbers.get(problem.sheet, problem.sheet),
                    "cell": problem.cell,
                    "field": problem.name,
                    "message": problem.sentence,
                }
                for problem in self.problems
            ],
        }


def preview(plan: YearPlan, reading: Reading, *, by: User, at: datetime.datetime) -> ImportPreview:
    """Compare every field of the returned forms with its base and with what stands now. Writes nothing.

    Asks a constant number of queries, whatever the number of sheets.
    """
    return _Comparison(plan, reading, by, at).run()


class _Comparison:
    def __init__(self, plan: YearPlan, reading: Reading, by: User, at: datetime.datetime) -> None:
        self.plan, self.reading, self.by, self.at = plan, reading, by, at
        self.form: OfficialForm = read_form(plan.edition)
        self.found = ImportPreview(problems=list(reading.problems))
        self.phases = {phase.phase: phase for phase in PlanPhase.objects.filter(plan=plan)}
        numbers = {sheet.stamp.number for sheet in reading.sheets if sheet.stamp}
        self.initiatives = {initiative.number: initiative for initiative in self._with_reviews(plan, numbers)}
        self.events = self._events()

    @staticmethod
    def _with_reviews(plan: YearPlan, numbers: Collection[str]) -> Iterable[Initiative]:
        targets = (
            Target.objects.filter(scope=Target.Scope.ANNUAL)
            .select_related("indicator")
            .order_by("position", "pk")
        )
        return (
            Initiative.objects.filter(plan=plan, number__in=numbers)
            .select_related("section")
            .prefetch_related(Prefetch("targets", targets), "reviews")
            .order_by("position", "number")
        )

    def _events(self) -> dict[tuple[int, str], list[Event]]:
        """Read the events since the export of the reviews that went on since then."""
        oldest = {}
        for sheet in self.reading.sheets:
            initiative = self.initiatives.get(sheet.stamp.number) if sheet.stamp else None
            for review in initiative.reviews.all() if initiative and sheet.stamp else ():
                version = sheet.stamp.versions.get(review.phase) if sheet.stamp else None
                if version is not None and version != review.version:
                    oldest[initiative.pk, review.phase] = version  # type: ignore[union-attr]
        found: dict[tuple[int, str], list[Event]] = {}
        if oldest:
            events = Event.objects.filter(initiative__in={pk for pk, _ in oldest}).order_by("version")
            for event in events:
                place = (event.initiative_id or 0, event.phase)
                if event.version >= oldest.get(place, event.version + 1):
                    found.setdefault(place, []).append(event)
        return found

    def run(self) -> ImportPreview:
        for title in self.reading.others:
            self.note(title, "", "この様式のシートではないため、読みませんでした。")
        for sheet in self._of_this_plan():
            assert sheet.stamp is not None
            initiative = self.initiatives[sheet.stamp.number]
            initiative.plan = self.plan
            if sheet.plan_changed:
                self.note(sheet.title, "計画", "計画の欄の変更は取り込みません。計画の画面で直してください。")
            before = len(self.found.changes) + len(self.found.conflicts) + len(self.found.problems)
            for phase in self.form.phases:
                self.compare(sheet, initiative, phase)
            if before == len(self.found.changes) + len(self.found.conflicts) + len(self.found.problems):
                self.found.unchanged.append(sheet.title)
        return self.found

    def note(self, sheet: str, label: str, sentence: str) -> None:
        self.found.notes.append(Problem(sheet, "", label, sentence))

    def problem(self, sheet: str, cell: str, label: str, sentence: str, name: str = "") -> None:
        self.found.problems.append(Problem(sheet, cell, label, sentence, name))

    def _of_this_plan(self) -> Iterator[Returned]:
        """Give the sheets that belong to this plan, each item's once; say of the others why they do not."""
        titles: dict[str, list[str]] = {}
        for sheet in self.reading.sheets:
            if sheet.stamp:
                titles.setdefault(sheet.stamp.number, []).append(sheet.title)
        for sheet in self.reading.sheets:
            if sheet.stamp is None:
                continue
            self.found.numbers[sheet.title] = sheet.stamp.number
            twins = titles[sheet.stamp.number]
            if wrong := self._not_of_this_plan(sheet.stamp):
                self.problem(sheet.title, "", "", wrong)
            elif len(twins) > 1:
                names = "".join(f"「{title}」" for title in twins)
                self.problem(
                    sheet.title,
                    "",
                    "",
                    f"取組項目{sheet.stamp.number}のシートが{len(twins)}枚あります({names})。1枚だけ残してください。",
                )
            else:
                yield sheet

    def _not_of_this_plan(self, found: Stamp) -> str:
        year = FiscalYear(self.plan.fiscal_year)
        if found.ward != self.plan.ward.slug:
            ward = Ward.objects.filter(slug=found.ward).first()
            name = ward.name if ward else found.ward
            return f"このファイルは{name}のものです。{self.plan.ward.name}では使えません。"
        if found.year != year:
            return f"このファイルは{FiscalYear(found.year)}のものです。{year}では使えません。"
        if found.edition != self.form.code:
            return (
                f"このファイルは別の様式({found.edition})のものです。"
                "書き出し直したファイルに記入してください。"
            )
        if found.number not in self.initiatives:
            return f"取組項目{found.number}は、{year}の計画にありません。"
        return ""

    def compare(self, sheet: Returned, initiative: Initiative, phase: FormPhase) -> None:
        """Compare one phase of one sheet: its own changes, then whether they may be made at all."""
        assert sheet.stamp is not None
        case = self._case(initiative, phase)
        given = list(sheet.given(phase, case.target_keys))
        version = sheet.stamp.versions.get(phase.key)
        if version is None:
            self._not_written_out(sheet, given)
            return
        base = self._base(case, version)
        if base is None:
            if any(item.filled.text for item in given):
                sentence = "書き出したときの版が見つかりません。書き出し直したファイルに記入してください。"
                self.problem(sheet.title, "", phase.label, sentence)
            return
        units = {target.key: target.indicator.unit for target in case.targets}
        headings = {target.key: target.heading or target.indicator.name for target in case.targets}
        found: list[FieldChange] = []
        wrong: list[Problem] = []
        for item in given:
            cell = (item.question.key, item.target)
            was, theirs = pick(base, *cell), pick(case.review.answers, *cell)
            try:
                mine = read_answer(item, was, units.get(item.target, ""))
            except ValueError as error:
                name = field_name(item.question, item.target)
                wrong.append(Problem(sheet.title, item.filled.cell, item.question.label, str(error), name))
                continue
            change = FieldChange(
                initiative=initiative,
                phase=phase,
                question=item.question,
                target=item.target,
                heading=headings.get(item.target, ""),
                sheet=sheet.title,
                cell=item.filled.cell,
                base=was,
                mine=mine,
                theirs=theirs,
                since=self._since(case, cell) if not same(was, theirs) else None,
            )
            if same(mine, was):
                self.found.kept += [change] if not same(was, theirs) else []
            elif not same(mine, theirs):
                found.append(change)
        self._sort(case, found, wrong)

    def _case(self, initiative: Initiative, phase: FormPhase) -> Case:
        reviews = {review.phase: review for review in initiative.reviews.all()}
        review = reviews.get(phase.key) or Review(initiative=initiative, phase=phase.key)
        review.initiative = initiative
        case = Case(initiative, self.phases.get(phase.key), self.form, phase, review)
        case.targets = list(initiative.targets.all())
        self.found.cases[initiative.pk, phase.key] = case
        return case

    def _not_written_out(self, sheet: Returned, given: list[Given]) -> None:
        """Refuse what was written where the file never showed what stands: it would be overwritten unseen."""
        statuses = {"", *Review.Status.labels}
        for item in given:
            if item.filled.text.strip() not in statuses or item.filled.wrong:
                sentence = "書き出したときに読めなかった欄のため、取り込めません。書き出し直してください。"
                name = field_name(item.question, item.target)
                self.problem(sheet.title, item.filled.cell, item.question.label, sentence, name)

    def _base(self, case: Case, version: int) -> Answers | None:
        if version == 0:
            return {}
        if version == case.review.version:
            return case.review.answers
        events = self.events.get((case.initiative.pk, case.review.phase), [])
        return next((event.content.get("answers", {}) for event in events if event.version == version), None)

    def _since(self, case: Case, cell: tuple[str, str]) -> Event | None:
        """Find the last event after the export that changed a field."""
        events = self.events.get((case.initiative.pk, case.review.phase), [])
        texts = [pick(event.content.get("answers", {}), *cell) for event in events]
        for place in range(len(events) - 1, 0, -1):
            if not same(texts[place], texts[place - 1]):
                return events[place]
        return events[0] if events else None

    def _sort(self, case: Case, found: list[FieldChange], wrong: list[Problem]) -> None:
        """Check what was changed: the person, the state and the window first, then the form's own rules."""
        if not found and not wrong:
            return
        try:
            rules.check("import", case, self.by, self.at)
        except Refused as refusal:
            sheet = found[0].sheet if found else wrong[0].sheet
            label = f"{case.phase.label} {WHOLE_SHEET}"
            self.problem(sheet, "", label, refusal.sentence, case.phase.key)
            self.found.refused.append(RefusedPhase(refusal, found))
            return
        self.found.problems += wrong
        refused = self._refused_by_form(case, found)
        for change in found:
            if change.key in refused:
                self.problem(change.sheet, change.cell, change.label, refused[change.key], change.field)
            elif same(change.base, change.theirs):
                self.found.changes.append(change)
            else:
                self.found.conflicts.append(change)

    def _refused_by_form(self, case: Case, found: list[FieldChange]) -> dict[str, str]:
        """Let the browser's own form look at what Excel says, and at the limit of each text."""
        answers = copy.deepcopy(case.review.answers)
        for change in found:
            put(answers, change.question.key, change.target, change.mine)
        form = ReviewForm(case, dict(ReviewForm(case, answers=answers).as_inputs()))
        form.is_valid()
        too_long = case.problems(answers)
        inputs = {item.name: input_names(item) for item in form.answer_fields}
        sentences = {}
        for change in found:
            name = f"{change.question.key}_{change.target}" if change.target else change.question.key
            errors = [str(error) for each in inputs[name] for error in form.errors.get(each, [])]
            # Of what submitting asks for, only the limit is a matter of what was written.
            if change.question.kind == "text" and change.mine and name in too_long:
                errors.append(too_long[name])
            if errors:
                sentences[change.key] = errors[0]
        return sentences
