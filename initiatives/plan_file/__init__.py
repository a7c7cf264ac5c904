"""The JSON plan file: a ward's plan of a year as text, out and in.

Out: `plan_content`. In: `read_plan_text` -> `check_plan`, one form per record -> `apply_plan`.
"""

from .applying import apply_plan, plan_changes
from .checking import check_plan
from .differences import differences
from .problems import PlanErrors, Problem
from .reading import read_plan_text
from .writing import plan_content

__all__ = [
    "PlanErrors",
    "Problem",
    "apply_plan",
    "check_plan",
    "differences",
    "plan_changes",
    "plan_content",
    "read_plan_text",
]
