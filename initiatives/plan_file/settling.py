"""What a plan document leaves unsaid, from what the ward has already."""

from __future__ import annotations

from initiatives.models import Indicator, YearPlan
from wardplan.accounts.models import Ward

from .documents import DocumentReading, Place
from .problems import Problem


def settle(reading: DocumentReading, ward: Ward, plan: YearPlan | None) -> None:
    """Let a document that was read belong to a ward, and take over what it does not say.

    A document names no section and no sheet of last year: those of the standing plan's sheet with the same
    number stay. Indicators that are registered keep their unit, direction and source, so that nobody is asked
    for them again. A document that names another ward above its sheets is refused. A plan file is left alone.
    """
    if not reading.is_document:
        return
    content = reading.content = {"ward": ward.slug, **reading.content}
    _refuse_other_ward(reading, ward)
    if plan is not None:
        standing = {row.number: row for row in plan.initiatives.select_related("section", "continues")}
        for record in content["initiatives"]:
            row = standing.get(record["number"])
            if row is not None and row.section and "section" not in record:
                record["section"] = row.section.name
            if row is not None and row.continues:
                record["continues"] = row.continues.number

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
            reading.places[place] = Place(line.number, 0)
            sentence = f"{named}の文書です。{ward.name}の計画には取り込めません。区を確かめてください。"
            reading.problems.append(Problem(place, sentence))
