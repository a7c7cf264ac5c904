"""Judgement: a target and the figures of its indicator to met, not met or "cannot say", with the working.

A proposal beside the choice, never the choice. Nothing here touches the database.
"""

from initiatives.judgement.combining import RULES, combine
from initiatives.judgement.facts import LABELS, Figures, Judgement, Outcome, TargetFacts, facts_of
from initiatives.judgement.judging import Derived, change_caution, derive, judge
from initiatives.judgement.sentences import midyear_sentence, sentence

__all__ = [
    "LABELS",
    "RULES",
    "Derived",
    "Figures",
    "Judgement",
    "Outcome",
    "TargetFacts",
    "change_caution",
    "combine",
    "derive",
    "facts_of",
    "judge",
    "midyear_sentence",
    "sentence",
]
