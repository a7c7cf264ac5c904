"""The one door: the only function that writes a status, and the verbs of a plan.

Order of checks in every verb: log-in, visible at all (404), allowed (403), state (409), window (409),
content, version (409). A refused verb raises a `Refused` and changes nothing.
"""

from __future__ import annotations

import datetime
import hashlib
import json
from collections.abc import Collection, Mapping
from copy import copy
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Max, Model
from django.utils import timezone

from wardplan.accounts.models import Membership, Section, User
from wardplan.fiscal_year import FiscalYear
from wardplan.numbers import format_number
from wardplan.text import is_blank, length

from . import indicator_changes, permissions, publication, unconfirmed
from .models import (
    Event,
    Indicator,
    IndicatorChange,
    Initiative,
    Measurement,
    PlanPhase,
    Target,
    TargetResolution,
    YearPlan,
)
from .plan_file import apply_plan, plan_content
from .refusals import (
    ChangedMeanwhile,
    Incomplete,
    LoginNeeded,
    NotAllowed,
    NotVisible,
    TransitionNotAllowed,
)

if TYPE_CHECKING:
    from reviews.models import Review

Status = YearPlan.Status

# What each of a plan's verbs makes of which state.
TRANSITIONS: dict[str, dict[str, str]] = {
    "edit": {Status.DRAFT: Status.DRAFT},
    "confirm": {Status.DRAFT: Status.CONFIRMED},
    "publish": {Status.CONFIRMED: Status.PUBLISHED},
    "new_version": {Status.CONFIRMED: Status.CONFIRMED, Status.PUBLISHED: Status.CONFIRMED},
    "delete": {Status.DRAFT: Status.DRAFT},
    "assign_section": {status: status for status in Status.values},
    "record_measurement": {status: status for status in Status.values},
    "resolve": {status: status for status in Status.values},
    "change_definition": {status: status for status in Status.values},
    "withdraw_definition": {status: status for status in Status.values},
    "confirm_direction": {status: status for status in Status.values},
    "set_window": {status: status for status in Status.values},
    "record_decision": {status: status for status in Status.values},
}

REFUSALS = {
    "edit": "確定した計画は直接直せません。理由を書いて「計画の変更」をしてください。",
    "confirm": "この計画はすでに確定しています。",
    "publish": "公表できるのは、確定していてまだ公表していない計画です。",
    "new_version": "案の計画は、そのまま直してから確定してください。",
    "delete": "確定した計画は削除できません。",
}


def fingerprint(verb: str, version: int | None, content: object) -> str:
    """Digest a request, so that the same one sent twice is known again.

    SHA-256 over canonical JSON of verb, base version and content; equal digests by the same actor as the
    last event mean a double click or a retry.
    """
    canonical = json.dumps([verb, version, content], ensure_ascii=True, sort_keys=True, default=str)
    return hashlib.sha256(canonical.encode()).hexdigest()


def record(row: YearPlan | Review, event: Event, **changes: Any) -> Event:
    """Write a change of state, inside the verb's transaction: the only place where a status is written.

    One conditional UPDATE on id, version and status carries status, version and every other change; what has
    no row yet (未入力) gets it with its first version. The event goes with it. Two people who act together
    are settled here: one wins. Raises ChangedMeanwhile for the other, and nothing is written.
    """
    event.version = row.version + 1
    event.from_status = row.status
    written = {"status": event.to_status, "version": event.version, **changes}
    if row.pk is None:
        _add(row, written)
    else:
        as_read = type(row)._base_manager.filter(pk=row.pk, version=row.version, status=row.status)
        if not as_read.update(**written):
            raise ChangedMeanwhile(_CAME_FIRST)
    event.save(force_insert=True)
    for name, value in written.items():
        setattr(row, name, value)
    return event


_CAME_FIRST = "他の方が先に変更しました。いまの内容を確かめてください。"


def _add(row: YearPlan | Review, written: Mapping[str, Any]) -> None:
    """Make the row that is not there yet; its unique key tells whether somebody else made it meanwhile."""
    new = copy(row)
    for name, value in written.items():
        setattr(new, name, value)
    try:
        new.save(force_insert=True)
    except IntegrityError as error:
        raise ChangedMeanwhile(_CAME_FIRST) from error
    row.pk = new.pk


def post_of(user: User, ward_id: int, role: str, section_id: int | None = None) -> str:
    """Name the post in which a person acts: of several, the one whose role gives the right to the act.

    Who holds none of that role acts in the post of the sheet's section, or else in any of the ward. The own
    right comes before the deputy's.
    """
    held = [row for row in user.roles().memberships if row.ward_id == ward_id]
    held.sort(
        key=lambda row: (
            row.role != role or row.section_id not in (None, section_id),
            section_id is None or row.section_id != section_id,
            row.acting,
        )
    )
    return held[0].title if held else ""


def _plan_event(plan: YearPlan, verb: str, by: User, at: datetime.datetime, **fields: Any) -> Event:
    return Event(
        ward_id=plan.ward_id,
        fiscal_year=plan.fiscal_year,
        verb=verb,
        to_status=TRANSITIONS[verb][plan.status],
        by=by,
        by_name=by.name,
        by_post=post_of(by, plan.ward_id, Membership.Role.ADMIN),
        at=at,
        **fields,
    )


def _fresh(plan: YearPlan, by: User) -> YearPlan:
    """Read the plan as it is now, for somebody who may know of it.

    The row lock makes verbs on one plan take turns, so that two figures entered at once are both taken.
    """
    if not by.is_authenticated:
        raise LoginNeeded("ログインしてください。")
    fresh = (
        YearPlan.objects.visible_to(by)
        .select_related("ward", "edition")
        .select_for_update(of=("self",), no_key=True)
        .filter(pk=plan.pk)
        .first()
    )
    if fresh is None:
        raise NotVisible("計画が見つかりません。")
    return fresh


def _check(verb: str, plan: YearPlan, allowed: bool) -> None:
    if not allowed:
        raise NotAllowed("この操作は、取りまとめ担当が行います。")
    if plan.status not in TRANSITIONS[verb]:
        raise TransitionNotAllowed(REFUSALS[verb])


def check_plan(verb: str, plan: YearPlan, by: User) -> None:
    """Refuse an admin's verb on a plan for the person or the state, as the verb itself would."""
    _check(verb, plan, permissions.can_confirm(by, plan))


def _check_version(plan: YearPlan, version: int | None) -> None:
    if version != plan.version:
        raise ChangedMeanwhile("他の方が先に計画を変更しました。いまの内容を確かめてください。")


def _repeated(plan: YearPlan, by: User, request: str) -> Event | None:
    """Find out whether the very same request was the last thing accepted (double click, retry)."""
    last = Event.objects.filter(
        ward=plan.ward_id, fiscal_year=plan.fiscal_year, initiative=None, version=plan.version
    ).first()
    return last if last and last.by_id == by.pk and last.fingerprint == request else None


def last_version(ward_id: int, fiscal_year: int) -> int:
    """Give the newest version in the record of a ward's year: a plan made anew goes on counting from it."""
    found = Event.objects.filter(ward=ward_id, fiscal_year=fiscal_year, initiative=None).aggregate(
        newest=Max("version")
    )
    return found["newest"] or 0


@transaction.atomic
def edit(plan: YearPlan, *, by: User, at: datetime.datetime) -> Event:
    """Record that a draft plan was edited; called in the transaction of the edit, after it.

    Raises NotAllowed, TransitionNotAllowed (the whole edit is rolled back with it).
    """
    plan = _fresh(plan, by)
    check_plan("edit", plan, by)
    return record(plan, _plan_event(plan, "edit", by, at, content=plan_content(plan)))


@transaction.atomic
def confirm(plan: YearPlan, *, by: User, at: datetime.datetime, version: int | None) -> Event:
    """Fix the plan of the year: from now on reviews are taken and text changes only by `new_version`.

    Every item needs its section by now, and nothing carried over from last year may be left unconfirmed.
    Raises Incomplete naming the items and cells.
    """
    plan = _fresh(plan, by)
    request = fingerprint("confirm", version, None)
    if repeated := _repeated(plan, by, request):
        return repeated
    check_plan("confirm", plan, by)
    missing = plan.initiatives.filter(section=None).values_list("number", "title")
    if missing:
        raise Incomplete(
            {
                f"initiative_{number}": f"{plan.edition.item}{number}「{title}」の担当課を決めてください。"
                for number, title in missing
            }
        )
    if not plan.initiatives.exists():
        raise Incomplete(
            {"initiatives": f"{plan.edition.item}がありません。計画を取り込んでから確定してください。"}
        )
    _refuse_unconfirmed(plan)
    _check_version(plan, version)
    content = plan_content(plan)
    return record(plan, _plan_event(plan, "confirm", by, at, content=content, fingerprint=request))


def too_long(model: type[Model], **texts: str) -> dict[str, str]:
    """Name each text that its column of a model cannot hold, counted as the forms do: field -> sentence.

    SQLite would store it all the same and PostgreSQL fail without a word for the user.
    """
    found = {}
    for name, text in texts.items():
        field = model._meta.get_field(name)
        limit = field.max_length  # type: ignore[union-attr]
        if limit is not None and (count := length(text)) > limit:
            label = str(field.verbose_name)  # type: ignore[union-attr]
            found[name] = f"{label}は{limit:,}文字以内にしてください({count - limit:,}文字超過)。"
    return found


def _refuse_unconfirmed(plan: YearPlan) -> None:
    """Raise Incomplete naming the sheets with cells carried over that nobody has confirmed.

    One sentence for all: the cells themselves are marked on each sheet.
    """
    waiting = [row for row in plan.initiatives.order_by("position", "number") if row.unconfirmed]
    if waiting:
        sheets = "、".join(f"{row.number}({len(row.unconfirmed)}欄)" for row in waiting)
        raise Incomplete(
            {
                "unconfirmed": "未確認の欄が残っています。次のシートを開いて、確かめてください。"
                f"{plan.edition.item}{sheets}"
            }
        )


@transaction.atomic
def confirm_cells(
    initiative: Initiative, *, by: User, at: datetime.datetime, cells: Collection[str]
) -> Event | None:
    """Confirm cells of a draft's sheet that were carried over from last year.

    Cells that do not wait (any more) are left out; None when none does: pressed twice, it is done already.
    """
    plan = _fresh(initiative.plan, by)
    check_plan("edit", plan, by)
    if not unconfirmed.confirm(plan.initiatives.get(pk=initiative.pk), cells):
        return None
    return record(plan, _plan_event(plan, "edit", by, at, content=plan_content(plan)))


@transaction.atomic
def publish(plan: YearPlan, *, by: User, at: datetime.datetime, version: int | None) -> Event:
    """Publish the confirmed plan: each sheet gets its next public revision with this plan part.

    What is published is the content of the event that confirmed or renewed the plan, never the live rows.
    A second publication prints the reason of the new version.
    """
    plan = _fresh(plan, by)
    request = fingerprint("publish", version, None)
    if repeated := _repeated(plan, by, request):
        return repeated
    check_plan("publish", plan, by)
    _check_version(plan, version)
    approved = publication.approved_plan(plan)
    items = {item["number"]: item for item in approved.content["initiatives"]}
    numbers = _confirmed_numbers(plan)
    for initiative in plan.initiatives.select_related("plan__ward", "plan__edition"):
        publication.publish_part(
            initiative,
            part=publication.PLAN,
            content={
                "initiative": _with_numbers(items[initiative.number], numbers),
                "indicators": [_public(row) for row in approved.content.get("indicators", [])],
                "confirmed_at": approved.at.isoformat(),
            },
            item=items[initiative.number],
            reason=approved.reason,
            at=at,
        )
    event = _plan_event(plan, "publish", by, at, content=approved.content, fingerprint=request)
    return record(plan, event)


def _confirmed_numbers(plan: YearPlan) -> dict[tuple[str, str], Decimal]:
    """Read the newest number put to each relative target, by the sheet's number and the target's key."""
    rows = TargetResolution.objects.filter(target__initiative__plan=plan).order_by("at", "pk")
    return {
        (number, key): value
        for number, key, value in rows.values_list("target__initiative__number", "target__key", "value")
    }


def _with_numbers(item: dict[str, Any], numbers: dict[tuple[str, str], Decimal]) -> dict[str, Any]:
    """Put beside the old wording of relative targets the numbers that they have by now, as dated steps."""
    targets = [
        {**target, "resolved": format_number(numbers[item["number"], target["key"]])}
        if (item["number"], target["key"]) in numbers
        else target
        for target in item["targets"]
    ]
    return {**item, "targets": targets}


def _public(indicator: dict[str, Any]) -> dict[str, Any]:
    """Leave out whom to ask for an indicator's figure and when it comes: that is for the office."""
    return {key: value for key, value in indicator.items() if key not in ("contact", "arrives")}


@transaction.atomic
def new_version(
    plan: YearPlan,
    *,
    by: User,
    at: datetime.datetime,
    version: int | None,
    content: dict[str, Any],
    reason: str,
) -> Event:
    """Apply a changed plan to a confirmed one, with a reason, in one transaction.

    `content` is a plan file as `plan_content` gives it. A sheet that already has a review cannot vanish.
    Raises Incomplete without a reason; ValidationError with every fault of the content.
    """
    plan = _fresh(plan, by)
    request = fingerprint("new_version", version, [content, reason])
    if repeated := _repeated(plan, by, request):
        return repeated
    check_plan("new_version", plan, by)
    if is_blank(reason):
        raise Incomplete({"reason": "計画を変更する理由を書いてください。"})
    _check_version(plan, version)
    apply_plan(plan, content, by=by, at=at)
    unassigned = plan.initiatives.filter(section=None).values_list("number", flat=True)
    if unassigned:
        raise Incomplete({"section": f"{plan.edition.item}{'、'.join(unassigned)}の担当課を決めてください。"})
    _refuse_unconfirmed(plan)
    after = plan_content(plan)
    event = _plan_event(plan, "new_version", by, at, reason=reason, content=after, fingerprint=request)
    return record(plan, event)


@transaction.atomic
def delete(plan: YearPlan, *, by: User, at: datetime.datetime, version: int | None) -> Event:
    """Delete a draft plan. Its whole content stays in the record and can be loaded again.

    Numbers that were already put to its relative targets go with it; their events stay, too.
    Raises TransitionNotAllowed when another year's plan continues it.
    """
    plan = _fresh(plan, by)
    check_plan("delete", plan, by)
    if Initiative.objects.filter(continues__plan=plan).exclude(plan=plan).exists():
        raise TransitionNotAllowed("ほかの年度の計画がこの計画を引き継いでいるため、削除できません。")
    _check_version(plan, version)
    event = record(plan, _plan_event(plan, "delete", by, at, content=plan_content(plan)))
    TargetResolution.objects.filter(target__initiative__plan=plan).delete()
    plan.delete()
    return event


@transaction.atomic
def assign_section(initiative: Initiative, *, by: User, at: datetime.datetime, section: Section) -> Event:
    """Give a sheet to a section of its ward, in any state of the plan (機構改革, a wrong guess)."""
    plan = _fresh(initiative.plan, by)
    check_plan("assign_section", plan, by)
    if section.ward_id != plan.ward_id:
        raise ValidationError("この計画の区の担当課を選んでください。")
    initiative = plan.initiatives.get(pk=initiative.pk)
    before = initiative.section.name if initiative.section else ""
    initiative.section = section
    initiative.save(update_fields=["section"])
    unconfirmed.confirm(initiative, ["section"])
    content = {"number": initiative.number, "section": section.name, "before": before}
    return record(plan, _plan_event(plan, "assign_section", by, at, content=content))


@transaction.atomic
def record_measurement(
    plan: YearPlan,
    indicator: Indicator,
    *,
    by: User,
    at: datetime.datetime,
    fiscal_year: int,
    value: Decimal,
    as_of: datetime.date | None = None,
    source: str = "",
    note: str = "",
    evidence: str = "",
    reason: str = "",
) -> Event:
    """Enter or correct an indicator's figure of a year; it shows on every sheet that quotes it.

    A correction of another figure needs a reason; the old one stays, superseded.
    Raises Incomplete when the reason is missing, or a text is longer than its column.
    """
    plan = _fresh(plan, by)
    _check("record_measurement", plan, permissions.can_record_measurement(by, plan, indicator))
    if problems := too_long(Measurement, source=source, note=note, evidence=evidence, reason=reason):
        raise Incomplete(problems)
    measurement = Measurement(
        indicator=indicator,
        ward_id=plan.ward_id,
        fiscal_year=FiscalYear(fiscal_year),
        value=value,
        as_of=as_of,
        source=source,
        note=note,
        evidence=evidence,
        by=by,
        at=at,
        reason=reason,
    )
    supersede(measurement)
    content = {"indicator": indicator.name, "fiscal_year": int(fiscal_year), "value": str(value)}
    return record(plan, _plan_event(plan, "record_measurement", by, at, reason=reason, content=content))


def lock_figures(*indicators: int) -> None:
    """Make writers of these indicators' figures (ids of rows) take turns until the transaction ends.

    Two first figures of one year would both see none. Always in one order, so that nobody waits in a circle.
    """
    list(Indicator.objects.select_for_update(no_key=True).filter(pk__in=indicators).order_by("pk"))


def supersede(measurement: Measurement) -> None:
    """Put a figure in the place of the current one of its indicator, ward and year.

    Raises Incomplete when another figure stands there and no reason for the correction is given.
    """
    lock_figures(measurement.indicator_id)
    current = Measurement.objects.current().filter(
        indicator=measurement.indicator, ward=measurement.ward_id, fiscal_year=measurement.fiscal_year
    )
    standing = current.first()
    if standing is not None and standing.value != measurement.value and is_blank(measurement.reason):
        raise Incomplete({"reason": "実績を直すときは、訂正の理由を書いてください。"})
    current.update(superseded_at=measurement.at)
    measurement.save(force_insert=True)


@transaction.atomic
def resolve(target: Target, *, by: User, at: datetime.datetime, value: Decimal, base_value: Decimal) -> Event:
    """Put the dated number to a relative target once its base year's figure is known.

    `base_value` must be the base year's current figure: the one the person saw. The old wording is kept.
    Raises TransitionNotAllowed for a target that is not relative, ChangedMeanwhile when the figure moved on.
    """
    initiative = Initiative.objects.select_related("plan").get(pk=target.initiative_id)
    plan = _fresh(initiative.plan, by)
    _check("resolve", plan, permissions.can_resolve(by, initiative))
    if target.kind != Target.Kind.RELATIVE or target.base_fiscal_year is None:
        raise TransitionNotAllowed("基準年度と比べる目標ではないため、目標値はもう決まっています。")
    base = (
        Measurement.objects.current()
        .filter(indicator=target.indicator_id, ward=plan.ward_id, fiscal_year=target.base_fiscal_year)
        .first()
    )
    if base is None:
        raise TransitionNotAllowed(
            f"{target.base_fiscal_year}の実績が未判明です。先に実績を入力してください。"
        )
    if base.value != base_value:
        raise ChangedMeanwhile("基準年度の実績が変わりました。いまの実績を確かめてください。")
    TargetResolution.objects.create(target=target, value=value, base_value=base_value, by=by, at=at)
    content = {
        "number": initiative.number,
        "target": target.key,
        "wording": target.wording,
        "value": str(value),
        "base_value": str(base_value),
    }
    return record(plan, _plan_event(plan, "resolve", by, at, content=content))


def definition_problems(what: str, reason: str) -> dict[str, str]:
    """Say what a change of definition still lacks: field -> sentence. Forms and verbs ask the same."""
    found = {}
    if is_blank(what):
        found["what"] = "何が変わったかを書いてください。例: アンケートの設問が変わった"
    if is_blank(reason):
        found["reason"] = "変更の理由を書いてください。"
    return found


@transaction.atomic
def change_definition(
    plan: YearPlan,
    indicator: Indicator,
    *,
    by: User,
    at: datetime.datetime,
    fiscal_year: int,
    what: str,
    reason: str,
    definition: str | None = None,
    source: str | None = None,
) -> Event:
    """Put on record that an indicator's figures mean something else from a year on (設問や出典の変更).

    Charts break there, and judgements across it warn. New words for definition and source may come with it,
    for the ward's own indicators; a city-wide one keeps its words, and the change holds in this ward.
    Raises Incomplete without what and why.
    """
    plan = _fresh(plan, by)
    words = {
        name: text for name, text in (("definition", definition), ("source", source)) if text is not None
    }
    request = fingerprint("change_definition", None, [indicator.pk, int(fiscal_year), what, reason, words])
    if repeated := _repeated(plan, by, request):
        return repeated
    _check("change_definition", plan, permissions.can_describe_indicator(by, plan))
    problems = definition_problems(what, reason) | too_long(IndicatorChange, what=what, reason=reason)
    if problems := problems | too_long(Indicator, source=words.get("source", "")):
        raise Incomplete(problems)
    lock_figures(indicator.pk)
    indicator = Indicator.objects.usable_in(plan.ward).get(pk=indicator.pk)
    if words and not permissions.can_rewrite_indicator(by, plan, indicator):
        raise NotAllowed("全区共通の指標の定義と出典は、システムの管理者が直します。")
    before = indicator_changes.standing_words(indicator)
    changed = [name for name, text in words.items() if text != before[name]]
    for name in changed:
        setattr(indicator, name, words[name])
    if changed:
        indicator.save(update_fields=changed)
    change = indicator_changes.write_change(
        indicator,
        IndicatorChange.Kind.DEFINITION,
        changed,
        before,
        by=by,
        at=at,
        ward=plan.ward,
        fiscal_year=FiscalYear(fiscal_year),
        what=what,
        reason=reason,
    )
    content = {
        "indicator": indicator.name,
        "fiscal_year": int(fiscal_year),
        "what": what,
        "before": change.before,
        "after": change.after,
    }
    return record(
        plan,
        _plan_event(plan, "change_definition", by, at, reason=reason, content=content, fingerprint=request),
    )


@transaction.atomic
def withdraw_definition(
    plan: YearPlan, change: IndicatorChange, *, by: User, at: datetime.datetime, reason: str
) -> Event:
    """Take back a change of definition that was recorded by mistake: years are comparable again.

    The row stays, with who took it back and why; the words of definition and source are not touched.
    Raises Incomplete without a reason, NotVisible for another ward's, TransitionNotAllowed the second time.
    """
    plan = _fresh(plan, by)
    request = fingerprint("withdraw_definition", None, [change.pk, reason])
    if repeated := _repeated(plan, by, request):
        return repeated
    _check("withdraw_definition", plan, permissions.can_describe_indicator(by, plan))
    lock_figures(change.indicator_id)
    row = IndicatorChange.objects.filter(pk=change.pk, ward=plan.ward).select_related("indicator").first()
    if row is None:
        raise NotVisible("この区で記録した変更ではありません。")
    if not row.breaks:
        raise TransitionNotAllowed("この変更は、すでに取り消されています。")
    if is_blank(reason):
        raise Incomplete({"reason": "取り消す理由を書いてください。"})
    if problems := too_long(IndicatorChange, reason=reason):
        raise Incomplete(problems)
    row.withdrawn_by, row.withdrawn_at, row.withdrawn_reason = by, at, reason
    row.save(update_fields=["withdrawn_by", "withdrawn_at", "withdrawn_reason"])
    content = {"indicator": row.indicator.name, "fiscal_year": row.fiscal_year, "what": row.what}
    return record(
        plan,
        _plan_event(plan, "withdraw_definition", by, at, reason=reason, content=content, fingerprint=request),
    )


@transaction.atomic
def confirm_direction(
    plan: YearPlan, indicator: Indicator, *, by: User, at: datetime.datetime, direction: str, reason: str = ""
) -> Event:
    """Confirm whether more or fewer of an indicator is better; who said so and when is kept.

    Confirming what stands already is on record, too. Turning a direction that stood needs a reason, because
    every outcome turns with it. Raises Incomplete; NotAllowed for a city-wide indicator.
    """
    plan = _fresh(plan, by)
    request = fingerprint("confirm_direction", None, [indicator.pk, direction, reason])
    if repeated := _repeated(plan, by, request):
        return repeated
    _check("confirm_direction", plan, permissions.can_describe_indicator(by, plan))
    if not permissions.can_rewrite_indicator(by, plan, indicator):
        raise NotAllowed("全区共通の指標のよい方向は、システムの管理者が確かめます。")
    if direction not in Indicator.Direction.values:
        raise Incomplete({"direction": "よい方向を選んでください。"})
    if problems := too_long(IndicatorChange, reason=reason):
        raise Incomplete(problems)
    lock_figures(indicator.pk)
    indicator = Indicator.objects.get(pk=indicator.pk)
    before = indicator_changes.standing_words(indicator)
    if before["direction"] not in ("", direction) and is_blank(reason):
        raise Incomplete({"reason": "よい方向を変えるときは、理由を書いてください。"})
    indicator.direction = direction
    indicator.save(update_fields=["direction"])
    indicator_changes.write_change(
        indicator,
        IndicatorChange.Kind.DIRECTION,
        ["direction"],
        before,
        by=by,
        at=at,
        ward=plan.ward,
        reason=reason,
    )
    content = {"indicator": indicator.name, "direction": direction, "before": before["direction"]}
    return record(
        plan,
        _plan_event(plan, "confirm_direction", by, at, reason=reason, content=content, fingerprint=request),
    )


def window_problems(
    opens_at: datetime.datetime | None, due_at: datetime.datetime | None, closes_at: datetime.datetime | None
) -> dict[str, str]:
    """Say what is wrong with the moments of a window: field -> sentence. Forms and verbs ask the same."""
    found = {}
    if opens_at and due_at and due_at < opens_at:
        found["due_at"] = "提出期限は受付開始より後にしてください。"
    if due_at and closes_at and closes_at < due_at:
        found["closes_at"] = "受付終了は提出期限より後にしてください。"
    elif opens_at and closes_at and closes_at < opens_at:
        found["closes_at"] = "受付終了は受付開始より後にしてください。"
    return found


@transaction.atomic
def set_window(
    plan: YearPlan,
    phase: str,
    *,
    by: User,
    at: datetime.datetime,
    version: int | None,
    opens_at: datetime.datetime | None,
    due_at: datetime.datetime | None,
    closes_at: datetime.datetime | None,
    as_of: datetime.date | None,
) -> Event:
    """Open or close a phase, or move its dates, in any state of the plan; None is never.

    Raises NotVisible for a phase that the plan lacks, Incomplete for moments in the wrong order.
    """
    moments = {"opens_at": opens_at, "due_at": due_at, "closes_at": closes_at, "as_of": as_of}
    return _change_phase(
        "set_window", plan, phase, by, at, version, moments, window_problems(opens_at, due_at, closes_at)
    )


def decision_record_problems(
    stage: str, decided_on: datetime.date | None, decided_by_post: str, at: datetime.datetime
) -> dict[str, str]:
    """Say what a 決裁 on record still lacks: field -> sentence. What is decided names its day and post."""
    found = {}
    decided = stage in (PlanPhase.Stage.DECIDED, PlanPhase.Stage.PUBLISHED)
    if stage not in PlanPhase.Stage.values:
        found["stage"] = "進みを選んでください。"
    if decided and decided_on is None:
        found["decided_on"] = "決裁日を入力してください。"
    elif decided_on and decided_on > timezone.localdate(at):
        found["decided_on"] = "決裁日は今日までの日付を入力してください。"
    if decided and is_blank(decided_by_post):
        found["decided_by_post"] = "決裁者の職を入力してください。例: 区長"
    return found


@transaction.atomic
def record_decision(
    plan: YearPlan,
    phase: str,
    *,
    by: User,
    at: datetime.datetime,
    version: int | None,
    stage: str,
    decided_on: datetime.date | None,
    decided_by_post: str,
    document_number: str,
) -> Event:
    """Put on record how far a whole phase is, and its 決裁, which was made in the document system.

    The product's own approval is never a 決裁; this only notes day, post and document number.
    Raises NotVisible for a phase that the plan lacks, Incomplete when a decided phase lacks day or post.
    """
    record_of_decision = {
        "stage": stage,
        "decided_on": decided_on,
        "decided_by_post": decided_by_post,
        "document_number": document_number,
    }
    return _change_phase(
        "record_decision",
        plan,
        phase,
        by,
        at,
        version,
        record_of_decision,
        decision_record_problems(stage, decided_on, decided_by_post, at)
        | too_long(PlanPhase, decided_by_post=decided_by_post, document_number=document_number),
    )


def _change_phase(
    verb: str,
    plan: YearPlan,
    phase: str,
    by: User,
    at: datetime.datetime,
    version: int | None,
    values: dict[str, Any],
    problems: dict[str, str],
) -> Event:
    """Write columns of one phase, with an event that tells the old and the new ones."""
    plan = _fresh(plan, by)
    request = fingerprint(verb, version, [phase, values])
    if repeated := _repeated(plan, by, request):
        return repeated
    check_plan(verb, plan, by)
    row = PlanPhase.objects.filter(plan=plan, phase=phase).first()
    if row is None:
        raise NotVisible("この計画には、その段階がありません。")
    if problems:
        raise Incomplete(problems)
    _check_version(plan, version)
    before = {name: _plain(getattr(row, name)) for name in values}
    PlanPhase.objects.filter(pk=row.pk).update(**values)
    content = {"phase": phase, **{name: _plain(value) for name, value in values.items()}, "before": before}
    return record(plan, _plan_event(plan, verb, by, at, content=content, fingerprint=request))


def _plain(value: Any) -> str | None:
    return value.isoformat() if isinstance(value, datetime.date) else value
