"""The sheet 決裁: by which post and when each phase was submitted and approved. Never inside the form."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from openpyxl.worksheet.worksheet import Worksheet

from initiatives.form import LABELS, FormPhase
from reviews.models import Review
from reviews.sheet import Sheet
from wardplan.era import wareki, wareki_moment

from .beside import BODY, HEAD, MIDDLE, PLAIN, TITLE, Pen, set_paper, set_widths

NAME = "決裁"
APPROVED = (Review.Status.APPROVED, Review.Status.PUBLISHED)
SUBMITTED = (Review.Status.SUBMITTED, *APPROVED)


@dataclass(frozen=True)
class Signed:
    """An act on record: by which post, as it was called then, and when. Names stay in the history."""

    post: str
    at: datetime.datetime
    on_behalf: bool = False

    @property
    def words(self) -> str:
        deputy = "(代理)" if self.on_behalf and "代理" not in self.post else ""
        return f"{self.post}{deputy}\n{wareki_moment(self.at)}"


@dataclass(frozen=True)
class Decision:
    """A phase's decision as the coordinator noted it: post, day and number of the document."""

    phase: str
    post: str
    on: datetime.date | None
    document: str

    @property
    def words(self) -> str:
        day = wareki(self.on) if self.on else ""
        number = f"文書番号 {self.document}" if self.document else ""
        return " ".join(filter(None, (self.post, day, number)))


@dataclass(frozen=True)
class Approvals:
    """What is on record. `signed` by (initiative, phase, verb), the newest each; `decisions` by phase."""

    signed: Mapping[tuple[int, str, str], Signed]
    decisions: Sequence[Decision]


def fill_cover(
    page: Worksheet,
    sheets: Sequence[Sheet],
    approvals: Approvals,
    *,
    heading: str,
    at: datetime.datetime,
) -> None:
    """List who approved what, a row for each 取組項目; what is not approved now says where it stands."""
    pen = Pen(page)
    phases: dict[str, FormPhase] = {phase.key: phase for sheet in sheets for phase in sheet.form.phases}
    columns = {
        "番号": 60,
        sheets[0].form.label("item") if sheets else LABELS["item"]: 220,
        "担当課": 110,
        **{f"{phase.label}\n{act}": 190 for phase in phases.values() for act in ("提出", "承認")},
    }
    widths = list(columns.values())
    set_widths(page, widths)
    pen.put(1, 1, heading, TITLE)
    page.row_dimensions[1].height = 28
    pen.put(2, 1, f"職名は、提出と承認をしたときのものです。出力 {wareki_moment(at)}", PLAIN)
    head = 3
    for decision in approvals.decisions:
        label = phases[decision.phase].label if decision.phase in phases else decision.phase
        pen.put(head, 1, f"{label}の決裁: {decision.words}", PLAIN)
        head += 1
    head += 1
    pen.row(head, list(columns), [HEAD] * len(columns), widths)
    for row, sheet in enumerate(sheets, head + 1):
        cells = [sheet.number, sheet.title, sheet.section]
        looks = [MIDDLE, BODY, BODY]
        for phase in phases.values():
            cells += _acts(sheet, phase.key, approvals)
            looks += [MIDDLE] * 2
        pen.row(row, cells, looks, widths)
    page.freeze_panes = f"A{head + 1}"
    set_paper(page, at, landscape=True, head=head)


def _acts(sheet: Sheet, phase: str, approvals: Approvals) -> list[str]:
    """Say of submission and approval which one stands; in the first that does not, where the sheet is.

    A returned sheet has neither any more.
    """
    block = sheet.block(phase)
    if block is None:
        return ["", ""]
    cells = []
    for verb, standing in (("submit", SUBMITTED), ("approve", APPROVED)):
        signed = approvals.signed.get((sheet.initiative.pk, phase, verb))
        if block.status in standing and signed is not None:
            cells.append(signed.words)
        else:
            cells.append("")
    if "" in cells:
        cells[cells.index("")] = block.status_label
    return cells
