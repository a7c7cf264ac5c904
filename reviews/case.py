"""One initiative in one phase as it stands now: read once, then asked by checks, verbs and pages."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from django.db.models import Model, QuerySet

from initiatives.form import FormPhase, OfficialForm, read_form
from initiatives.models import Initiative, PlanPhase, Target, YearPlan
from initiatives.models.target import TargetQuerySet
from initiatives.permissions import can_view_plan
from initiatives.refusals import LoginNeeded, NotVisible
from wardplan.accounts.models import User

from .answers import Answers, fields_of, problems
from .basis import SOURCES, Basis, KnownFigure, basis_of, has_basis, read_known
from .models import Review
from .windows import Window, window

Status = Review.Status
Row = TypeVar("Row", bound=Model)


@dataclass
class Case:
    """One initiative in one phase as it stands now: everything that the checks look at.

    `whole` says that the initiative came with all that its sheet shows, so that nothing is read again.
    """

    initiative: Initiative
    plan_phase: PlanPhase | None
    form: OfficialForm
    phase: FormPhase
    review: Review
    whole: bool = False

    @property
    def plan(self) -> YearPlan:
        return self.initiative.plan

    def window(self, at: datetime.datetime) -> Window:
        return window(self.plan, self.plan_phase, self.review, at)

    @cached_property
    def targets(self) -> list[Target]:
        """Give the annual targets, about which the questions per target are asked; one query at most."""
        if self.whole:
            return [one for one in self.initiative.targets.all() if one.scope == Target.Scope.ANNUAL]
        return _in_order(_annual_targets(self.initiative))

    @cached_property
    def judged_targets(self) -> list[Target]:
        """Give the annual targets with what a judgement needs beside the row; one query, unless they have it.

        Not part of `targets`, because a save of a draft judges nothing and pays for no subqueries.
        """
        if (self.whole or "targets" in self.__dict__) and all(
            "resolved_value" in vars(one) for one in self.targets
        ):
            return self.targets
        self.targets = _in_order(_annual_targets(self.initiative).with_facts())
        return self.targets

    @cached_property
    def known_figures(self) -> dict[tuple[int, int], KnownFigure]:
        """Read the figures that stand for the targets' indicators; one query, kept."""
        return read_known(self.targets, self.plan.ward_id)

    @cached_property
    def earlier_answers(self) -> Answers:
        """Give what the phase before says, once it was submitted; one query at most, kept."""
        before = self.form.phase_before(self.phase.key)
        if before is None:
            return {}
        earlier = _reviews(self.initiative).get(before.key)
        return earlier.answers if earlier and earlier.status not in (Status.NOT_STARTED, Status.DRAFT) else {}

    @cached_property
    def target_keys(self) -> list[str]:
        """Name the annual targets in order; no more than their keys are read when nobody needed them yet."""
        if self.whole or "targets" in self.__dict__:
            return [target.key for target in self.targets]
        rows = _annual_targets(self.initiative).order_by("position", "pk")
        return list(rows.values_list("key", flat=True))

    def basis(self, answers: Answers) -> Basis:
        return basis_of(self, answers)

    def problems(self, answers: Answers) -> dict[str, str]:
        return problems(self.phase, answers, self.target_keys, self.basis(answers).demands(answers))

    def missing(self, answers: Answers) -> list[str]:
        """Name what still keeps these answers from being submitted, each once, for 「…が未記入です」."""
        keys, names = self.target_keys, self.problems(answers)
        found = []
        for field in fields_of(self.phase, keys):
            place = f"(目標{keys.index(field.target) + 1})" if field.target else ""
            label = f"{field.question.label}{place}"
            found += [label] if field.name in names else []
            found += [f"{label}の{part}" for key, part in SOURCES.items() if f"{field.name}_{key}" in names]
        return list(dict.fromkeys(found))


def read_known_figures(cases: Iterable[Case]) -> None:
    """Read what the basis of many cases needs beside their targets: one query for each ward, most often one.

    The targets have to be there already, else each case asks for its own.
    """
    by_ward: dict[int, list[Case]] = {}
    for case in cases:
        if not has_basis(case.phase):
            continue
        by_ward.setdefault(case.plan.ward_id, []).append(case)
    for ward, found in by_ward.items():
        known = read_known([target for case in found for target in case.targets], ward)
        for case in found:
            case.known_figures = known


def _only(rows: QuerySet[Row]) -> Row | None:
    """Read the one row that a unique key names, or None; without the ORDER BY that `first` would write."""
    return next(iter(rows.order_by()), None)


def _annual_targets(initiative: Initiative) -> TargetQuerySet:
    return Target.objects.filter(initiative=initiative, scope=Target.Scope.ANNUAL)


def _in_order(targets: TargetQuerySet) -> list[Target]:
    return sorted(targets.select_related("indicator").order_by(), key=lambda one: (one.position, one.pk))


def _reviews(initiative: Initiative) -> dict[str, Review]:
    return {review.phase: review for review in initiative.reviews.all()}


def open_case(initiative: Initiative, phase: str, by: User) -> Case:
    """Read the case as it is now, for somebody who may know of the sheet.

    Raises LoginNeeded, or NotVisible for another ward's sheet, a draft plan's for a viewer, and a phase
    that the edition does not have.
    """
    if not by.is_authenticated:
        raise LoginNeeded("ログインしてください。")
    found = Initiative.objects.filter(pk=initiative.pk)
    fresh = _only(found.select_related("plan__ward", "plan__edition", "section"))
    if fresh is None or not can_view_plan(by, fresh.plan):
        raise NotVisible("取組項目が見つかりません。")
    return case_of(fresh, phase)


def case_of(initiative: Initiative, phase: str, *, whole: bool = False) -> Case:
    """Read the case of an initiative that was read this moment; three queries, two when it came `whole`.

    Raises NotVisible for a phase that the edition does not have.
    """
    form = read_form(initiative.plan.edition)
    form_phase = form.by_phase.get(phase)
    if form_phase is None:
        raise NotVisible("この様式には、その段階がありません。")
    if whole:
        review = _reviews(initiative).get(phase)
    else:
        review = _only(Review.objects.filter(initiative=initiative, phase=phase))
    review = review or Review(initiative=initiative, phase=phase)
    review.initiative = initiative
    return Case(
        initiative=initiative,
        plan_phase=_only(PlanPhase.objects.filter(plan=initiative.plan, phase=phase)),
        form=form,
        phase=form_phase,
        review=review,
        whole=whole,
    )
