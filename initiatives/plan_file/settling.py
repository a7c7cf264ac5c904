"""What a plan document leaves unsaid, from what the ward has already."""

from __future__ import annotations

import re
from itertools import count
from typing import Any

from django.db.models import Prefetch

from initiatives.models import Baseline, Indicator, Target, YearPlan
from initiatives.unconfirmed import CELLS
from wardplan.accounts.models import Ward
from wardplan.numbers import half_width

from .documents import DocumentReading, Unsure
from .problems import Problem
from .writing import plan_content

Record = dict[str, Any]


def settle(reading: DocumentReading, ward: Ward, plan: YearPlan | None) -> None:
    """Let a document that was read belong to a ward, and take over what it does not say.

    A document names no keys, often no section and no sheet of last year: those of the standing plan's sheet
    with the same number stay. Indicators that are registered keep their unit, direction and source, so that
    nobody is asked for them again. Nor is anybody asked about what a confirmed plan says already, word for
    word. A document that names another ward above its sheets is refused. A plan file is left alone.
    """
    if not reading.is_document:
        return
    content = reading.content = {"ward": ward.slug, **reading.content}
    _refuse_other_ward(reading, ward)
    _settle_sections(content, ward)
    if plan is not None:
        targets = Target.objects.order_by("-scope", "position", "pk").select_related("indicator")
        past_years = Baseline.objects.order_by("position", "-fiscal_year")
        targets = targets.prefetch_related(Prefetch("baselines", past_years))
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
    if plan is not None and plan.status != YearPlan.Status.DRAFT:
        _drop_what_stands(reading, plan)


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


def _drop_what_stands(reading: DocumentReading, plan: YearPlan) -> None:
    """Drop the doubts about what reads back as a confirmed plan has it: people have confirmed that.

    A doubt about a target goes when the whole target is the standing one, a doubt about one of a sheet's
    texts when that text is, and one about the sheet when all of it is. What the document has and the plan
    would not goes on being named.
    """
    standing = {item["number"]: item for item in plan_content(plan)["initiatives"]}
    reading.unsure = [row for row in reading.unsure if row.is_left_out or not _stands(row, reading, standing)]


def _stands(row: Unsure, reading: DocumentReading, standing: dict[str, Record]) -> bool:
    """Tell whether what a doubt is about is the same in the document and in the standing sheet."""
    index, *of_target = [int(index) for index in re.findall(r"\[([0-9]+)\]", row.place)]
    record = reading.content["initiatives"][index]
    item = standing.get(record["number"])
    if item is None:
        return False
    if of_target:
        target = record["targets"][of_target[0]]
        return _said(target) in [_said(given) for given in item["targets"]]
    if row.field:
        return bool(record.get(row.field) == item.get(row.field))
    texts = all(record.get(name) == item.get(name) for name in CELLS)
    return texts and [_said(given) for given in record["targets"]] == [
        _said(given) for given in item["targets"]
    ]


def _said(target: Record) -> Record:
    """Take from a target what a document can say: no direction, and no figure that came after it."""
    said = {key: value for key, value in target.items() if key not in ("direction", "unit", "baselines")}
    said["baselines"] = [row["fiscal_year"] for row in target.get("baselines", [])]
    return {key: value for key, value in said.items() if value not in (None, "", [])}


def _be(record: Record, row: Target) -> None:
    """Give a target that was read the key of the standing one, and what paper does not print of it."""
    record["key"] = row.key
    quoted = record.get("quote", "")
    if not quoted and not row.quote and not record.get("baselines"):
        # Past years are printed in the quote only.
        record["baselines"] = [
            {"fiscal_year": int(past.fiscal_year), "value": None} for past in row.baselines.all()
        ]
    if quoted != row.quote and _blank(quoted, row) == _blank(row.quote, row):
        # Paper shows the known figures in the blanks of the quote; the plan keeps the blanks.
        record["quote"] = row.quote


def _blank(quote: str, row: Target) -> str:
    """Take the figures out of a quote, with their unit behind them, and what stands for an unknown one."""
    unit = re.escape(half_width(row.indicator.unit))
    return re.sub(rf"[-▲0-9.,]+(?={unit})" if unit else "$^", "", half_width(quote))
