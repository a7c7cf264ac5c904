"""When a phase takes reviews: before it opens, open, overdue, closed (moments in JST)."""

from __future__ import annotations

import datetime
from enum import StrEnum

from django.utils import timezone

from initiatives.models import PlanPhase, YearPlan

from .models import Review


class Window(StrEnum):
    BEFORE_OPEN = "before_open"
    OPEN = "open"
    OVERDUE = "overdue"
    CLOSED = "closed"


def window(plan: YearPlan, phase: PlanPhase | None, review: Review | None, at: datetime.datetime) -> Window:
    """Tell in which window a moment lies for one sheet.

    While the plan is a draft, or its phase has no opening, nothing is open. A 個別延長 keeps the sheet open,
    and not late, until its end. Up to and including the due moment is on time; likewise the closing.
    """
    if plan.status == YearPlan.Status.DRAFT or phase is None or phase.opens_at is None:
        return Window.BEFORE_OPEN
    if at < phase.opens_at:
        return Window.BEFORE_OPEN
    if review is not None and review.is_extended(at):
        return Window.OPEN
    if phase.closes_at is not None and at > phase.closes_at:
        return Window.CLOSED
    if phase.due_at is not None and at > phase.due_at:
        return Window.OVERDUE
    return Window.OPEN


def deadline(phase: PlanPhase | None, review: Review | None = None) -> datetime.datetime | None:
    """Give the moment that counts for one sheet: the end of its extension when that is later than the due."""
    due = phase.due_at if phase else None
    extended = review.open_until if review else None
    return max(moment for moment in (due, extended) if moment) if due or extended else None


def end_of(day: datetime.date) -> datetime.datetime:
    """Give the last second of a day in JST: a date named as a limit counts to its end."""
    return datetime.datetime.combine(day, datetime.time(23, 59, 59), timezone.get_default_timezone())
