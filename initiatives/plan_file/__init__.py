"""Plan files: a ward's plan of a year, out as JSON and in from JSON, a plan document or an Excel workbook.

Out: `plan_content`. In: `read_upload` (`read_plan_text`, `read_document` or `read_workbook`) and `settle`
give the content; then `check_plan`, one form per record, and `apply_plan`.
"""

from .applying import apply_plan, plan_changes
from .checking import check_plan
from .differences import differences
from .documents import DocumentReading, Place, Unsure, read_document, read_workbook
from .problems import PlanErrors, Problem
from .reading import read_plan_text
from .settling import settle
from .uploads import read_upload
from .writing import plan_content, registered

__all__ = [
    "DocumentReading",
    "Place",
    "PlanErrors",
    "Problem",
    "Unsure",
    "apply_plan",
    "check_plan",
    "differences",
    "plan_changes",
    "plan_content",
    "read_document",
    "read_plan_text",
    "read_upload",
    "read_workbook",
    "registered",
    "settle",
]
