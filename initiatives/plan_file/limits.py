"""How much one plan file may hold: more than any ward has, far less than would stop the server."""

from __future__ import annotations

from typing import Any

from .problems import Problem

MOST_INITIATIVES = 500
MOST_TARGETS = 3_000
# One sheet is corrected on one page, which may send 1,000 fields.
MOST_TARGETS_OF_ONE = 40
MOST_BASELINES = 50
MOST_INDICATORS = 3_000
MOST_FIGURES = 30_000


def too_much(content: dict[str, Any]) -> list[Problem]:
    """Name every list of a plan file's content that is longer than any plan; looks at no record."""
    problems: list[Problem] = []

    def count(found: Any, place: str, most: int, what: str, where: str) -> int:
        amount = len(found) if isinstance(found, list) else 0
        if amount > most:
            sentence = f"{what}が{amount:,}件あります。{where}{most:,}件までです。確かめてください。"
            problems.append(Problem(place, sentence))
        return amount

    count(content.get("indicators"), "indicators", MOST_INDICATORS, "指標", "1つの計画に")
    count(content.get("measurements"), "measurements", MOST_FIGURES, "実績", "1つの計画に")
    initiatives = content.get("initiatives")
    if count(initiatives, "initiatives", MOST_INITIATIVES, "取組項目", "1つの計画に") > MOST_INITIATIVES:
        return problems

    targets = 0
    for index, initiative in enumerate(initiatives if isinstance(initiatives, list) else []):
        found = initiative.get("targets") if isinstance(initiative, dict) else None
        place = f"initiatives[{index}].targets"
        targets += count(found, place, MOST_TARGETS_OF_ONE, "目標", "1つの取組項目に")
        for position, target in enumerate(found[:MOST_TARGETS_OF_ONE] if isinstance(found, list) else []):
            baselines = target.get("baselines") if isinstance(target, dict) else None
            where = f"{place}[{position}].baselines"
            count(baselines, where, MOST_BASELINES, "過年度実績", "1つの目標に")
    if targets > MOST_TARGETS and not problems:
        sentence = f"目標が全部で{targets:,}件あります。1つの計画に{MOST_TARGETS:,}件までです。"
        problems.append(Problem("initiatives", sentence))
    return problems
