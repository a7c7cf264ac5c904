"""Take returned Excel forms over: all of what was looked at or nothing, one act for each sheet."""

from __future__ import annotations

import copy
import datetime
from collections.abc import Collection, Mapping
from dataclasses import asdict

from django.core import signing
from django.db import transaction

from initiatives.models import Event, Initiative, YearPlan
from initiatives.refusals import NotVisible, TransitionNotAllowed
from wardplan.accounts.models import User

from . import workflow
from .answers import put
from .import_preview import ImportPreview, preview
from .workbook.reader import Filled, Problem, Reading, Returned
from .workbook.stamp import Stamp, print_of


class NotApplied(TransitionNotAllowed):
    """Nothing was taken over: something is still to be decided or put right. `preview` shows what."""

    def __init__(self, sentence: str, preview: ImportPreview) -> None:
        super().__init__(sentence)
        self.preview = preview


def plan_of(reading: Reading, by: User) -> YearPlan:
    """Find the plan that a workbook's sheets were written from; all must be of one ward and year.

    Raises NotVisible when there is none that this person may know of.
    """
    origins = {(sheet.stamp.ward, sheet.stamp.year) for sheet in reading.sheets if sheet.stamp}
    if len(origins) != 1:
        what = "どの区のものか分かりません" if not origins else "いくつかの区や年度のシートが入っています"
        raise NotVisible(f"{what}。1つの区の1年度分に分けてください。")
    ((ward, year),) = origins
    plan = (
        YearPlan.objects.visible_to(by)
        .select_related("ward", "edition")
        .filter(ward__slug=ward, fiscal_year=year)
        .first()
    )
    if plan is None:
        raise NotVisible(f"{ward} の{year}年度の計画は見つかりません。")
    return plan


@transaction.atomic
def apply(
    plan: YearPlan,
    reading: Reading,
    *,
    by: User,
    at: datetime.datetime,
    choices: Mapping[str, str] | None = None,
    taken: Collection[str] | None = None,
    seen: Mapping[str, str] | None = None,
    partial: bool = False,
) -> list[Event]:
    """Take over what Excel changed: all of it or nothing, in one transaction.

    `choices` says for each conflict's key "mine" (Excel) or "theirs"; `taken` are the keys of the changes
    that are wanted, all when it is None. `seen` are prints of the texts against which conflicts were decided.
    With `partial` what cannot be taken over is left out. Each sheet goes through the same verb
    as everywhere. Raises NotApplied with a fresh preview, or the refusal when nothing could be taken at all.
    """
    numbers = [sheet.stamp.number for sheet in reading.sheets if sheet.stamp]
    locked = Initiative.objects.select_for_update(no_key=True).filter(plan=plan, number__in=numbers)
    list(locked.order_by("pk").values_list("pk", flat=True))
    found = preview(plan, reading, by=by, at=at)
    choices = choices or {}
    if found.refusal is not None:
        raise found.refusal
    if found.problems and not partial:
        raise NotApplied(
            "反映できないところがあるため、何も反映していません。"
            "直して取り込み直すか、「残りだけ反映する」を選んでください。",
            found,
        )
    undecided = [change for change in found.conflicts if choices.get(change.key) not in ("mine", "theirs")]
    if undecided:
        raise NotApplied(
            f"食い違いが{len(undecided)}欄残っています。どちらの文を使うか選んでください。", found
        )
    stale = [
        change
        for change in found.conflicts
        if seen is not None
        and choices[change.key] == "mine"
        and seen.get(change.key) != print_of(change.words(change.theirs))
    ]
    if stale:
        raise NotApplied("確認している間に、他の方が保存しました。もう一度確かめてください。", found)

    wanted = [change for change in found.changes if taken is None or change.key in taken]
    wanted += [change for change in found.conflicts if choices[change.key] == "mine"]
    events = []
    for (pk, phase), case in found.cases.items():
        mine = [change for change in wanted if (change.initiative.pk, change.phase.key) == (pk, phase)]
        if not mine:
            continue
        answers = copy.deepcopy(case.review.answers)
        for change in mine:
            put(answers, change.question.key, change.target, change.mine)
        event = workflow.import_answers(
            case.initiative, phase, by=by, at=at, version=case.review.version, answers=answers
        )
        events += [event] if event else []
    return events


# ---- between two pages ---------------------------------------------------------------------------------

SALT = "reviews.importing"


def pack(plan: YearPlan, reading: Reading, found: ImportPreview, name: str, by: User) -> str:
    """Sign what was read, so that it can wait in the page: nothing is kept on the server before `apply`."""
    content = {
        "for": [by.pk, plan.pk],
        "name": name,
        "reading": asdict(reading),
        "seen": {change.key: print_of(change.words(change.theirs)) for change in found.conflicts},
    }
    return signing.dumps(content, salt=SALT, compress=True)


def unpack(packed: str, plan: YearPlan, by: User) -> tuple[Reading, str, dict[str, str]]:
    """Read again what `pack` signed: the reading, the file's name, and what conflicts were decided against.

    Raises BadSignature for what was not signed here for this person and plan.
    """
    content = signing.loads(packed, salt=SALT, max_age=datetime.timedelta(days=1))
    if content["for"] != [by.pk, plan.pk]:
        raise signing.BadSignature("signed for another person or plan")
    reading = content["reading"]
    sheets = [
        Returned(
            title=sheet["title"],
            stamp=Stamp(**{**sheet["stamp"], "plan": tuple(sheet["stamp"]["plan"])})
            if sheet["stamp"]
            else None,
            filled={cell: Filled(**filled) for cell, filled in sheet["filled"].items()},
            lost=tuple(sheet["lost"]),
            plan_changed=sheet["plan_changed"],
        )
        for sheet in reading["sheets"]
    ]
    problems = [Problem(**problem) for problem in reading["problems"]]
    return Reading(sheets, reading["others"], problems), content["name"], content["seen"]
