"""Next year's plan out of this year's: what a draft starts from, every cell of it still to be confirmed."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db import transaction

from wardplan.accounts.models import User
from wardplan.era import ERA_SIGNS, ERAS, wareki
from wardplan.fiscal_year import FiscalYear
from wardplan.numbers import half_width

from . import loading
from .loading import Loaded
from .models import Event, Target, YearPlan
from .plan_file import plan_content
from .refusals import TransitionNotAllowed
from .unconfirmed import cells_of
from .wording import Baselines, UnreadableWording, render_baselines
from .wording.years import find_brackets, find_mentions, plain

Record = dict[str, Any]

_WRITTEN_YEAR = re.compile(r"(?P<era>令和|平成|昭和|[RHSrhs])? *(?P<number>元|[0-9]{1,4})")
_LABEL = re.compile(r"(?P<era>令和|平成|昭和)(?P<number>元|[0-9]+)")
_LETTERS = {era.name: era.letter for era in ERAS}
_FULL_WIDTH = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}


# --- content: pure functions on what a plan file holds ---------------------------------------------------


def next_year(content: Record, edition: str) -> Record:
    """Turn a year's plan, as a plan file holds it, into the next year's.

    Every sheet continues its own; each cell of it is listed as unconfirmed. Figures are the ward's already:
    the last two years' are quoted (newest first), none is entered anew. Targets whose year would be past
    are left out: see `dropped_targets`.
    """
    year = FiscalYear(content["fiscal_year"])
    figures = {(row["indicator"], row["fiscal_year"]): row["value"] for row in content["measurements"]}
    return {
        "ward": content["ward"],
        "fiscal_year": int(year.next),
        "edition": edition,
        "indicators": content["indicators"],
        "measurements": [],
        "initiatives": [_initiative(item, year, figures) for item in content["initiatives"]],
    }


def dropped_targets(content: Record) -> list[tuple[str, Record]]:
    """List the targets that `next_year` leaves out, with the numbers of their sheets."""
    year = FiscalYear(content["fiscal_year"])
    return [
        (item["number"], target)
        for item in content["initiatives"]
        for target in item["targets"]
        if _is_past(target, year)
    ]


def _initiative(item: Record, year: FiscalYear, figures: Mapping[tuple[str, int], str]) -> Record:
    targets = [target for target in item["targets"] if not _is_past(target, year)]
    carried = {
        **item,
        "continues": item["number"],
        "targets": [_target(target, year, figures) for target in targets],
    }
    return {**carried, "unconfirmed": cells_of(carried)}


def _moves(target: Record, year: FiscalYear) -> bool:
    """Tell whether a target is this year's own and becomes the next year's; sums keep their years."""
    return (
        target["scope"] == Target.Scope.ANNUAL
        and target["kind"] != Target.Kind.CUMULATIVE
        and target["fiscal_year"] <= year
    )


def _is_past(target: Record, year: FiscalYear) -> bool:
    return target["fiscal_year"] <= year and not _moves(target, year)


def _target(target: Record, year: FiscalYear, figures: Mapping[tuple[str, int], str]) -> Record:
    """Carry a target over: an annual one to the new year, with its base year; the others as they stand."""
    past = [(quoted, figures.get((target["indicator"], int(quoted)))) for quoted in (year, year.previous)]
    carried = {
        **target,
        "baselines": [{"fiscal_year": int(quoted), "value": value} for quoted, value in past],
    }
    if target.get("quote"):
        known: Baselines = tuple((quoted, Decimal(value) if value else None) for quoted, value in past)
        carried["quote"] = render_baselines(known, target["unit"])
    return _annual(carried, year) if _moves(target, year) else carried


def _annual(target: Record, year: FiscalYear) -> Record:
    """Move an annual target by a year: its own, its base year, and these years in its words.

    A base year further back (平成27年度比) is fixed and stays.
    """
    moved = {target["fiscal_year"]: int(year.next)}
    base = target.get("base_fiscal_year")
    if base and base >= year.previous:
        moved[base] = base + 1
    words = {
        name: moved_years(target[name], moved, year)
        for name in ("heading", "wording", "milestone")
        if target.get(name)
    }
    years = {"fiscal_year": int(year.next)}
    if base:
        years["base_fiscal_year"] = moved.get(base) or base
    return {**target, **words, **years}


def moved_years(text: str, moved: Mapping[int, int], plan_year: FiscalYear) -> str:
    """Write other fiscal years in a text, each in the spelling it had: R2 → R3, 平成30年度 → 令和元年度.

    `moved` maps a year to the one that takes its place. Spans (令和2～4年度), 前年度 and calendar years stay,
    and so does a text whose years cannot be read.
    """
    try:
        readable = plain(text)
        mentions = find_mentions(readable, plan_year)
        brackets = [
            bracket
            for bracket in find_brackets(readable, plan_year)
            if not any(bracket.start <= mention.start < bracket.end for mention in mentions)
        ]
    except UnreadableWording:
        return text
    for mention in sorted([*mentions, *brackets], key=lambda found: -found.start):
        if mention.year is None or mention.until or mention.offset is not None:
            continue
        if mention.year in moved:
            written = text[mention.start : mention.end]
            text = text[: mention.start] + _respell(written, moved[mention.year]) + text[mention.end :]
    return text


def _respell(written: str, year: int) -> str:
    """Write a year as another one was written: western, with an era in words or by letter, or without."""
    found = _WRITTEN_YEAR.search(half_width(written).translate(ERA_SIGNS))
    label = _LABEL.fullmatch(FiscalYear(year).label.removesuffix("年度"))
    if found is None or label is None:
        return written
    era = found["era"] or ""
    if len(found["number"]) == 4:
        spelled = str(year)
    elif era.upper() in _LETTERS.values():
        letter = _LETTERS[label["era"]]
        spelled = f"{letter if era.isupper() else letter.lower()}{label['number']}"
    else:
        spelled = f"{label['era'] if era else ''}{label['number']}"
    if re.search("[０-９Ｒ-Ｓｒ-ｓＨｈ]", written):
        spelled = spelled.translate(_FULL_WIDTH)
    before, _, behind = half_width(written).translate(ERA_SIGNS).partition(found[0])
    return f"{before}{spelled}{behind}"


@dataclass(frozen=True)
class Merged:
    """Next year's plan with what was carried into it. `content` is the whole, `carried` the new sheets."""

    content: Record
    carried: tuple[Record, ...]
    left_alone: tuple[str, ...] = ()


def merge(draft: Record, carried: Record, removed: frozenset[str] = frozenset()) -> Merged:
    """Add to a draft the sheets that it does not continue yet; what people have there stays as it is.

    `removed` are the numbers of sheets that were carried before and taken out since: they stay out.
    """
    continued = {item.get("continues") for item in draft["initiatives"]}
    numbers = {item["number"] for item in draft["initiatives"]}
    new, left_alone = [], []
    for item in carried["initiatives"]:
        about = f"取組項目{item['number']}「{item['title']}」"
        if item["continues"] in continued:
            continue
        if item["number"] in numbers:
            left_alone.append(
                f"{about}: 案に同じ番号の取組項目があるため、引き継ぎません。同じ取組であれば、"
                "案のほうで「前年度の取組項目」を選んでください。"
            )
        elif item["continues"] in removed:
            left_alone.append(f"{about}: 引き継いだあとに案から外されているため、加えません。")
        else:
            new.append(item)
    known = {row["name"] for row in draft["indicators"]}
    content = {
        **draft,
        "indicators": [
            *draft["indicators"],
            *(row for row in carried["indicators"] if row["name"] not in known),
        ],
        "measurements": [],
        "initiatives": [*draft["initiatives"], *new],
    }
    return Merged(content, tuple(new), tuple(left_alone))


# --- the plan --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class RolledOver:
    """What was carried over, or would be. `carried` are new sheets as a plan file holds them."""

    fiscal_year: FiscalYear
    edition: str
    is_new: bool
    carried: tuple[Record, ...]
    left_alone: tuple[str, ...]
    dropped: dict[str, list[Record]] = field(default_factory=dict)
    changes: tuple[str, ...] = ()

    @property
    def nothing_to_do(self) -> bool:
        return not self.carried and not self.is_new


@transaction.atomic
def roll_over(plan: YearPlan, *, by: User | None, at: datetime.datetime, dry_run: bool = False) -> RolledOver:
    """Carry a plan over into the draft of the next year, which is made when there is none.

    Twice changes nothing. With a user the record names him or her, who must be 取りまとめ担当.
    Raises TransitionNotAllowed when the next year's plan is confirmed, PlanErrors for texts that a plan
    file would not be allowed to hold, and what `workflow.edit` raises.
    """
    # Two who press at once take turns; the second finds the draft of the first.
    plan = YearPlan.objects.select_for_update(of=("self",)).select_related("ward", "edition").get(pk=plan.pk)
    year = following(FiscalYear(plan.fiscal_year))
    standing = loading.find_plan(plan.ward, year)
    if standing is not None and standing.status != YearPlan.Status.DRAFT:
        raise TransitionNotAllowed(
            f"{year}の計画は確定しているため、引き継ぎません{_who_confirmed(standing)}。"
            "引き継げるのは、次の年度の計画がないときと、案のときです。"
        )
    content = plan_content(plan)
    carried = next_year(content, loading.find_edition(None, year, standing).code)
    draft = plan_content(standing) if standing else {**carried, "indicators": [], "initiatives": []}
    merged = merge(draft, carried, _once_carried(plan, year) if standing else frozenset())
    changes = _load(plan, year, merged.content, by, at, dry_run=dry_run).changes
    numbers = {item["number"] for item in merged.carried}
    dropped: dict[str, list[Record]] = {}
    for number, target in dropped_targets(content):
        if number in numbers:
            dropped.setdefault(number, []).append(target)
    return RolledOver(
        fiscal_year=year,
        edition=merged.content["edition"],
        is_new=standing is None,
        carried=merged.carried,
        left_alone=merged.left_alone,
        dropped=dropped,
        changes=tuple(changes),
    )


def following(year: FiscalYear) -> FiscalYear:
    """Give the next fiscal year. Raises TransitionNotAllowed after the last one there is."""
    if year >= FiscalYear.LAST:
        raise TransitionNotAllowed(f"{year}より後の年度の計画は作れません。")
    return year.next


def _load(
    plan: YearPlan, year: FiscalYear, content: Record, by: User | None, at: datetime.datetime, dry_run: bool
) -> Loaded:
    if dry_run:
        return loading.preview(plan.ward, year, content)
    return loading.load(plan.ward, year, content, by=by, at=at)


def _who_confirmed(plan: YearPlan) -> str:
    """Name in brackets who fixed a plan and when; nothing when the record does not tell."""
    events = Event.objects.filter(ward=plan.ward, fiscal_year=plan.fiscal_year, initiative=None)
    event = events.filter(verb="confirm").order_by("-version").first()
    return f"({wareki(event.at)}に{event.by_name}さんが確定)" if event else ""


def _once_carried(plan: YearPlan, year: FiscalYear) -> frozenset[str]:
    """Read from the record which sheets were carried into this draft at any time since it was made."""
    carried: set[str] = set()
    events = Event.objects.filter(ward=plan.ward, fiscal_year=year, initiative=None).order_by("-version")
    for event in events.iterator():
        if event.verb == "delete":
            break
        if event.verb == "edit":
            items = event.content.get("initiatives", [])
            carried.update(item["continues"] for item in items if item.get("continues"))
    return frozenset(carried)
