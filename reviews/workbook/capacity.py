"""Whether a sheet still fits its page while it is written, measured like the workbook itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from initiatives.form import OfficialForm
from reviews.sheet import Sheet

from .contents import Content, contents_of, plain
from .layout import Layout, answer_name, build_layout
from .pages import arrange, fit, fits_one_page

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
    layout = _layout(sheet.form, tuple(line.key for line in sheet.annual_targets))
    contents = contents_of(sheet)
    slots = {}
    for answer in block.on_paper:
        name = f"{answer.question.key}_{answer.target}" if answer.target else answer.question.key
        if answer.question.kind == "text" and name in texts:
            slots[name] = f"answer:{answer_name(answer.question, answer.target)}"
            contents[slots[name]] = plain(texts[name])
    pages = len(arrange(layout, contents).breaks) + 1
    return {
        name: Capacity(pages, _lines_left(layout, contents, slot) if pages == 1 else 0)
        for name, slot in slots.items()
    }


@lru_cache(maxsize=8)
def _layout(form: OfficialForm, targets: tuple[str, ...]) -> Layout:
    return build_layout(form, targets)


def _lines_left(layout: Layout, contents: Mapping[str, Content], slot: str) -> int:
    """Count how many more lines a text may have before the sheet needs a second page."""
    own = next(block for block in layout.blocks if any(place.slot == slot for place in block.places))
    others = sum(
        sum(fit(block, layout.columns, contents)) for block in (layout.head, *layout.blocks) if block != own
    )
    text = contents[slot].text
    fitting, too_many = 0, SOON_FULL + 1
    while too_many - fitting > 1:
        lines = (fitting + too_many) // 2
        longer = {**contents, slot: plain(text + "\n" * lines)}
        if fits_one_page(others + sum(fit(own, layout.columns, longer))):
            fitting = lines
        else:
            too_many = lines
    return fitting
