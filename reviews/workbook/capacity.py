"""Whether a sheet still fits its page while it is written, measured like the workbook itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reviews.sheet import Sheet

from .contents import Content, contents_of, plain
from .layout import Layout, answer_name
from .layout_file import layout_for
from .pages import Pages, arrange, fit

SOON_FULL = 10
"""Lines. With fewer left the page says how many; with more it only says that all fits."""


@dataclass(frozen=True)
class Capacity:
    """How a text fits: pages of the whole sheet, and lines that this text can grow on a single page."""

    pages: int
    lines_left: int

    @property
    def words(self) -> str:
        if self.pages > 1:
            return f"{self.pages}枚になります"
        return f"あと{self.lines_left}行" if self.lines_left < SOON_FULL else "A4 1枚に収まります"


def capacities(sheet: Sheet, phase: str, texts: Mapping[str, str]) -> dict[str, Capacity]:
    """Measure the printed sheet with a phase's texts as they are typed now: name of the field -> Capacity.

    `texts` are by field name (issues, results_a1); fields that are not printed are left out. Lines are
    counted by trying them, since what one cell needs depends on the cells beside it. Asks no query.
    """
    block = sheet.block(phase)
    if block is None:
        return {}
    layout = layout_for(sheet.form, tuple(line.key for line in sheet.annual_targets))
    contents = contents_of(sheet)
    slots = {}
    for answer in block.on_paper:
        name = f"{answer.question.key}_{answer.target}" if answer.target else answer.question.key
        if answer.question.kind == "text" and name in texts:
            slots[name] = answer_name(answer.question, answer.target)
            contents[slots[name]] = plain(texts[name])
    pages = arrange(layout, contents)
    count = len(pages.breaks) + 1
    return {
        name: Capacity(count, _lines_left(layout, contents, slot, pages) if count == 1 else 0)
        for name, slot in slots.items()
    }


def _lines_left(layout: Layout, contents: Mapping[str, Content], slot: str, now: Pages) -> int:
    """Count how many more lines a text may have before the sheet, which fits `now`, needs a second page."""
    number, own = next(
        (number, block)
        for number, block in enumerate(layout.blocks)
        if any(place.slot == slot for place in block.places)
    )
    others = sum(row.height for row in now.rows if row.block != number)
    text = contents[slot].text

    def still_fits(lines: int) -> bool:
        longer = {**contents, slot: plain(text + "\n" * lines)}
        return layout.paper.holds(others + sum(fit(own, layout.columns, longer)))

    if still_fits(SOON_FULL):
        return SOON_FULL
    fitting, too_many = 0, SOON_FULL
    while too_many - fitting > 1:
        lines = (fitting + too_many) // 2
        fitting, too_many = (lines, too_many) if still_fits(lines) else (fitting, lines)
    return fitting
