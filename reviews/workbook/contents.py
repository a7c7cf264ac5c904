"""What a sheet writes into each named cell of the layout."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from initiatives.form import OfficialForm
from reviews.sheet import Line, PhaseBlock, Sheet, TargetLine

from . import names
from .layout import answer_name

GAP = "______"
"""A figure that is not known yet: a gap to write in, as on the paper form."""


CHOSEN, UNCHOSEN = " ✓ ", " 　 "
"""What stands before a printed answer."""


class Run(NamedTuple):
    """A piece of text, bold or not."""

    text: str
    bold: bool = False


class Content(NamedTuple):
    """What stands in a cell. `chosen` is the answer that the legend frames."""

    runs: tuple[Run, ...]
    chosen: bool = False

    @property
    def text(self) -> str:
        return "".join(run.text for run in self.runs)


def contents_of(sheet: Sheet) -> dict[str, Content]:
    """Write everything that a sheet says, by the names of cells. Asks no query."""
    form = sheet.form
    section = f"  担当課 {sheet.section}" if sheet.section else ""
    contents = {
        names.TITLE: plain(form.title),
        names.ABOUT: plain(f"{sheet.ward_name} {sheet.fiscal_year.label}{section}"),
        names.HEADING: plain(sheet.heading),
        names.POLICY: _policy(sheet, form),
        names.ANNUAL: _annual(sheet, form),
    }
    headings = {line.key: line.heading for line in sheet.annual_targets}
    for block in sheet.blocks:
        contents.update(_answers(block, headings))
    return contents


def labelled(label: str, heading: str) -> str:
    """Write a question's label with the target's heading after it; either may be missing."""
    return " ".join(filter(None, (label, heading)))


def plain(text: str) -> Content:
    return Content((Run(text),))


def _policy(sheet: Sheet, form: OfficialForm) -> Content:
    return _paragraphs(
        *_part(form.label("plan.purpose"), sheet.purpose),
        *_part(form.label("plan.overview"), sheet.overview),
        *_targets(form.label("plan.targets"), sheet.policy_targets),
    )


def _annual(sheet: Sheet, form: OfficialForm) -> Content:
    return _paragraphs(
        *_part(form.label("plan.activities"), sheet.activities),
        *_targets(form.label("plan.targets"), sheet.annual_targets),
    )


def _paragraphs(*paragraphs: Run) -> Content:
    last = len(paragraphs) - 1
    return Content(
        tuple(
            Run(text if index == last else f"{text}\n", bold) for index, (text, bold) in enumerate(paragraphs)
        )
    )


def _part(label: str, lines: Sequence[Line]) -> Iterator[Run]:
    yield Run(label, bold=True)
    for line in lines:
        yield Run(line.as_written)


def _targets(label: str, targets: Sequence[TargetLine]) -> Iterator[Run]:
    """Write targets as the form does; a relative one keeps its wording, and its number follows when set."""
    yield Run(label, bold=True)
    for target in targets:
        yield Run(f"○{target.heading}")
        resolved = f" (目標値: {target.resolved})" if target.resolved else ""
        yield Run(f"　{target.wording}{resolved}", bold=True)
        quote = target.quote_text(GAP)
        if quote:
            yield Run(f"　{quote}")


def _answers(block: PhaseBlock, headings: dict[str, str]) -> Iterator[tuple[str, Content]]:
    """Write a phase's answers; where the text may not be read yet, only its status (作成中).

    What the form prints beside them stands in the layout: of a legend only a chosen answer is said here, of
    a heading only the target that it is about.
    """
    for answer in block.on_paper:
        question = answer.question
        name = answer_name(question, answer.target)
        if answer.target:
            yield names.label_of(name), plain(f"○{headings.get(answer.target, '')}")
        if question.kind == "mark":
            chosen = answer.chosen
            yield name, plain(chosen.symbol if chosen and chosen.on_paper else "")
            if chosen and chosen.on_paper:
                yield names.legend_of(name, chosen), Content((), chosen=True)
        else:
            yield name, plain(answer.text if block.readable else block.status_label)
