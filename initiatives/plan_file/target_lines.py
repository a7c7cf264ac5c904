"""The lines under (目標): where each begins, and what it says as the record of a plan file."""

from __future__ import annotations

import re
from typing import Any

from initiatives.models import Target
from initiatives.wording import Doubt, TargetReading
from wardplan.numbers import half_width

from .cells import Line
from .writing import number_text

BULLETS = "・○◯●◎◆◇■□▪•‣"
# A bullet opens a line or follows a blank or a full stop; 防災・防犯 and 「A ・ B」 hold none.
_BULLET = re.compile(rf"(?:(?<=\s)|(?<=。))(?=[{BULLETS}](?![{BULLETS}…]))(?!・\s)")


def bullets(lines: list[Line]) -> list[Line]:
    """Give every bullet a line of its own; a bullet within words (防災・防犯) is none."""
    return [
        Line(part, line.number)
        for line in lines
        for part in (piece.strip() for piece in _BULLET.split(line.text))
        if part
    ]


def target_lines(lines: list[Line]) -> list[tuple[Line, bool]]:
    """Put the lines of each target together: name, 【令和2年度】 8件 and (令和元年度: %) may each have one.

    The second value tells that words were joined which a line break parted.
    """
    targets: list[tuple[Line, bool]] = []
    for line in bullets(lines):
        opens = half_width(line.text[0])
        if not targets or line.text[0] in BULLETS:
            targets.append((line, False))
            continue
        last, joined = targets[-1]
        text, number = last.text, last.number
        has_promise = "【" in text
        if opens == "【" or opens == "(":
            targets[-1] = (Line(f"{text} {line.text}", number), joined)
        elif not has_promise or text.endswith(("(", "（", "、")):
            targets[-1] = (Line(f"{text}{line.text}", number), True)
        else:
            targets.append((line, False))
    return targets


def target_record(reading: TargetReading) -> dict[str, Any]:
    """Write what a target line says as a plan file does. The direction is a person's to confirm."""
    given: dict[str, Any] = {
        "indicator": reading.subject,
        **({"unit": reading.unit} if reading.unit else {}),
        "heading": reading.heading,
        "fiscal_year": reading.fiscal_year and int(reading.fiscal_year),
        "kind": reading.kind,
        "comparator": reading.comparator,
    }
    optional = {
        "value": number_text(reading.value),
        "value_max": number_text(reading.value_max),
        "from_fiscal_year": reading.from_fiscal_year and int(reading.from_fiscal_year),
        "change": number_text(reading.change),
        "change_unit": reading.change_unit,
        "base_fiscal_year": reading.base_fiscal_year and int(reading.base_fiscal_year),
        "milestone": reading.milestone,
    }
    given |= {key: value for key, value in optional.items() if value not in (None, "")}
    given["wording"] = reading.wording
    if reading.quote:
        given["quote"] = reading.quote
    given["baselines"] = [
        {"fiscal_year": int(year), "value": number_text(value)} for year, value in reading.baselines
    ]
    return given


def target_doubt(doubt: Doubt) -> tuple[str, str]:
    """Name the field of a target file that a doubt is about: a proposed comparison is the direction's."""
    known = {row.name for row in Target._meta.concrete_fields} | {"unit", "baselines"}
    if doubt.field == "comparator_proposed":
        return "direction", doubt.sentence
    return (doubt.field if doubt.field in known else ""), doubt.sentence
