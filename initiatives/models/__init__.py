"""What was promised: the form of a year, the plan, its targets and figures, and the record of changes."""

from .edition import FormEdition, FormLayout, Mark, Question
from .indicator import Indicator, IndicatorChange, Measurement
from .plan import Initiative, PlanPhase, YearPlan
from .record import Event, PublishedSheet
from .target import Baseline, Target, TargetResolution

__all__ = [
    "Baseline",
    "Event",
    "FormEdition",
    "FormLayout",
    "Indicator",
    "IndicatorChange",
    "Initiative",
    "Mark",
    "Measurement",
    "PlanPhase",
    "PublishedSheet",
    "Question",
    "Target",
    "TargetResolution",
    "YearPlan",
]
