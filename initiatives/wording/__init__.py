"""Target wording: from a line of the plan to what it means, and back. It proposes; a person confirms.

Nothing here touches the database, and no figure is ever computed from another one.
"""

from initiatives.wording.names import subject_of, survey_of
from initiatives.wording.quotes import read_baselines
from initiatives.wording.reading import read_targets
from initiatives.wording.rendering import render, render_baselines
from initiatives.wording.structure import Baselines, Doubt, TargetReading, UnreadableWording

__all__ = [
    "Baselines",
    "Doubt",
    "TargetReading",
    "UnreadableWording",
    "read_baselines",
    "read_targets",
    "render",
    "render_baselines",
    "subject_of",
    "survey_of",
]
