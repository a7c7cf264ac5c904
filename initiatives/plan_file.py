"""The JSON plan file: a ward's plan of a year as text, out and in."""

from __future__ import annotations

import datetime
from typing import Any

from wardplan.accounts.models import User

from .models import YearPlan


def plan_content(plan: YearPlan) -> dict[str, Any]:
    raise NotImplementedError


def apply_plan(plan: YearPlan, content: dict[str, Any], *, by: User | None, at: datetime.datetime) -> None:
    raise NotImplementedError
