"""Public revisions of a sheet: what citizens see, fixed at the moment of publication."""

from __future__ import annotations

import datetime
import hashlib
import json
from typing import Any

from .models import Event, Initiative, PublishedSheet, YearPlan

PLAN = "plan"


def canonical(content: dict[str, Any]) -> str:
    """Write content as canonical JSON: sorted keys, no spaces, so that equal content has an equal digest."""
    return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def newest(initiative: Initiative) -> PublishedSheet | None:
    """Give the sheet's newest public revision, the one that citizens see."""
    return PublishedSheet.objects.filter(initiative=initiative).order_by("-revision").first()


def public_part(initiative: Initiative, part: str) -> dict[str, Any] | None:
    """Give a part (`plan`, or a phase's key) as it is public now; None when it never was published."""
    sheet = newest(initiative)
    return json.loads(sheet.content)["parts"].get(part) if sheet else None


def publish_part(
    initiative: Initiative,
    *,
    part: str,
    content: dict[str, Any],
    item: dict[str, Any],
    reason: str,
    at: datetime.datetime,
) -> PublishedSheet:
    """Make the sheet's next revision: the last one with this part replaced.

    `item` is the sheet as the plan's approval recorded it: a first revision takes its heading from there,
    never from the live rows. The first publication of a part is no 改訂 and prints no reason; every later
    one does. The row lock makes publications of one sheet wait for each other.
    """
    Initiative.objects.select_for_update().get(pk=initiative.pk)
    last = newest(initiative)
    before = json.loads(last.content) if last else {}
    parts = before.get("parts", {})
    heading = item if part == PLAN or not last else before
    text = canonical(
        {
            "ward": initiative.plan.ward.slug,
            "fiscal_year": int(initiative.plan.fiscal_year),
            "edition": initiative.plan.edition.code,
            "number": initiative.number,
            "title": heading["title"],
            "section": heading["section"],
            "parts": {**parts, part: content},
        }
    )
    return PublishedSheet.objects.create(
        initiative=initiative,
        revision=last.revision + 1 if last else 1,
        content=text,
        sha256=hashlib.sha256(text.encode()).hexdigest(),
        reason=reason if part in parts else "",
        at=at,
    )


def approved_plan(plan: YearPlan) -> Event:
    """Find the event that last confirmed or renewed the plan: its content is what may be published."""
    return Event.objects.filter(
        ward=plan.ward_id, fiscal_year=plan.fiscal_year, initiative=None, verb__in=["confirm", "new_version"]
    ).latest("version")
