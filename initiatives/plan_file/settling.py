"""What a plan document leaves unsaid, from what the ward has already."""

from __future__ import annotations

import re
from itertools import count
from typing import Any

from django.db.models import Prefetch

from initiatives.models import Indicator, Target, YearPlan
from wardplan.accounts.models import Ward
from wardplan.numbers import half_width

from .documents import DocumentReading
from .problems import Problem

Record = dict[str, Any]


def settle(reading: DocumentReading, ward: Ward, plan: YearPlan | None) -> None:
    """Let a document that was read belong to a ward, and take over what it does not say.

    A document names no keys, often no section and no sheet of last year: those of the standing plan's sheet
    with the same number stay. Indicators that are registered keep their unit, direction and source, so that
    nobody is asked for them again. A document that names another ward above its sheets is refused. A plan
    file is left alone.
    """
    if not reading.is_document:
        return
    content = reading.content = {"ward": ward.slug, **reading.content}
    _refuse_other_ward(reading, ward)
    _settle_sections(content, ward)
    if plan is not None:
        targets = Target.objects.order_by("-scope", "position", "pk").select_related("indicator")
        sheets = plan.initiatives.select_related("section", "continues")
        standing = {row.number: row for row in sheets.prefetch_related(Prefetch("targets", targets))}
        for record in content["initiatives"]:
            row = standing.get(record["number"])
            if row is None:
                continue
            if row.section and "section" not in record:
                record["section"] = row.section.name
            if row.continues:
                record["continues"] = row.continues.number
            _settle_targets(record["targets"], list(row.targets.all()))
        _note_missing(reading, list(standing))

    known: dict[str, Indicator] = {}
    for indicator in Indicator.objects.usable_in(ward):
        if indicator.ward_id is not None or indicator.name not in known:
            known[indicator.name] = indicator
    content["indicators"] = [row for row in content["indicators"] if row["name"] not in known]
    confirmed = {
        f"initiatives[{index}].targets[{position}]"
        for index, record in enumerate(content["initiatives"])
        for position, target in enumerate(record["targets"])
        if (found := known.get(target.get("indicator", ""))) and found.direction
    }
    reading.unsure = [row for row in reading.unsure if row.field != "direction" or row.place not in confirmed]


def _refuse_other_ward(reading: DocumentReading, ward: Ward) -> None:
    others = list(Ward.objects.exclude(pk=ward.pk).values_list("name", flat=True)) if reading.heads else []
    for line in reading.heads:
        named = next((name for name in others if name in line.text), None)
        if named and ward.name not in line.text:
            place = f"line[{line.number}]"
            reading.places[place] = reading.place(line.number)
            sentence = f"{named}の文書です。{ward.name}の計画には取り込めません。区を確かめてください。"
            reading.problems.append(Problem(place, sentence))


def _note_missing(reading: DocumentReading, standing: list[str]) -> None:
    """Warn of sheets that would go: somebody may take in the file of one sheet only."""
    read = {record["number"] for record in reading.content["initiatives"]}
    if missing := [number for number in standing if number not in read]:
        reading.notes.append(
            f"いまの計画にある取組項目{'、'.join(missing)}が、ファイルにはありません。"
            "このまま取り込むと、計画からなくなります。"
        )


def _settle_sections(content: Record, ward: Ward) -> None:
    """Take 総務課(庶務) for 総務課 where only that is registered: the rest says who to ask there."""
    names = set(ward.sections.values_list("name", flat=True))
    for record in content["initiatives"]:
        section = record.get("section", "")
        shorter = re.sub(r"[(（].*", "", section)
        if section not in names and shorter in names:
            record["section"] = shorter


def _settle_targets(read: list[Record], standing: list[Target]) -> None:
    """Let each target that was read be the standing one it means, by indicator, or else by its place.

    It keeps the key, and with it what people did about it: a number put to it, confirmed cells, answers.
    """
    free = list(standing)
    keys = {row.key for row in standing}
    for scope in (*Target.Scope.values, ""):
        waiting = []
        for record in (row for row in read if row["scope"] == scope):
            same = [
                row for row in free if row.scope == scope and row.indicator.name == record.get("indicator")
            ]
            if same:
                nearest = max(
                    same,
                    key=lambda row, record=record: (  # type: ignore[misc]
                        row.fiscal_year == record.get("fiscal_year"),
                        row.wording == record["wording"],
                    ),
                )
                free.remove(nearest)
                _be(record, nearest)
            else:
                waiting.append(record)
        left = [row for row in free if row.scope == scope]
        for record, row in zip(waiting, left, strict=False):
            free.remove(row)
            _be(record, row)
        letter = (scope or "target")[0]
        unused = (key for number in count(1) if (key := f"{letter}{number}") not in keys)
        for record, key in zip(waiting[len(left) :], unused, strict=False):
            record["key"] = key


def _be(record: Record, row: Target) -> None:
    record["key"] = row.key
    quoted = record.get("quote", "")
    if quoted != row.quote and _blank(quoted, row) == _blank(row.quote, row):
        # Paper shows the known figures in the blanks of the quote; the plan keeps the blanks.
        record["quote"] = row.quote


def _blank(quote: str, row: Target) -> str:
    """Take the figures out of a quote, with their unit behind them, and what stands for an unknown one."""
    unit = re.escape(half_width(row.indicator.unit))
    return re.sub(rf"[-▲0-9.,]+(?={unit})" if unit else "$^", "", half_width(quote))
