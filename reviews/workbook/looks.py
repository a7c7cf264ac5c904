"""The looks of a layout's cells: taken over from its file, and every change that a sheet may need of them."""

from __future__ import annotations

from copy import copy

from openpyxl import Workbook
from openpyxl.styles import Alignment, Border, Font, PatternFill, Protection, Side
from openpyxl.styles.cell_style import StyleArray

from .drawing import OPEN, TEXT_SIZE
from .fitting import FONT

_THIN, _MEDIUM = Side("thin"), Side("medium")


class Looks:
    """Collects the looks of a layout's cells in a workbook of their own, with every change they may need."""

    def __init__(self, source: Workbook) -> None:
        self.source = source
        self.book = Workbook()
        self.book.loaded_theme = source.loaded_theme
        # Columns are counted in digits of this font; the layout's own may be another one, or not be there.
        self.book._fonts[0] = Font(name=FONT, size=TEXT_SIZE, family=3)
        self.book._fonts._dict = {self.book._fonts[0]: 0}
        self.made: dict[tuple[int, bool, bool], int] = {}
        self.answers: set[int] = set()
        self.legends: set[int] = set()

    def face(self, number: int, *, answer: bool, legend: bool) -> int:
        """Take over how a cell looks. What can be filled in is open and seen so; all else is locked."""
        key = (number, answer, legend)
        if key not in self.made:
            style = self.source._cell_styles[number]
            fill = copy(self.source._fills[style.fillId])
            if answer and fill.fill_type is None:
                fill = PatternFill("solid", fgColor=OPEN)
            alignment = copy(self.source._alignments[style.alignmentId])
            if answer:
                alignment = Alignment(
                    horizontal=alignment.horizontal,
                    vertical=alignment.vertical,
                    indent=alignment.indent,
                    wrap_text=True,
                )
            made = StyleArray()
            made.fontId = self.book._fonts.add(self.source._fonts[style.fontId])
            made.fillId = self.book._fills.add(fill)
            made.borderId = self.book._borders.add(self.source._borders[style.borderId])
            made.alignmentId = self.book._alignments.add(alignment)
            made.protectionId = self.book._protections.add(Protection(locked=not answer))
            # As text: 0012, 1e5, (1) and 2026/3/31 stay what was typed.
            made.numFmtId = 49 if answer else 0
            self.made[key] = self.book._cell_styles.add(made)
            (self.answers if answer else self.legends if legend else set()).add(self.made[key])
        return self.made[key]

    def variants(self, repeats: bool) -> dict[tuple[int, str], int]:
        """Make every change of every look that can be needed, always in one order."""
        styles = self.book._cell_styles
        found: dict[tuple[int, str], int] = {}
        answers, legends = set(self.answers), set(self.legends)
        changes = "tbT" if repeats else "tb"
        face = 0
        while face < len(styles):
            for change in changes:
                made = copy(styles[face])
                border = copy(self.book._borders[made.borderId])
                if change == "b":
                    border.bottom = Side()
                else:
                    border.top = _THIN if change == "T" else Side()
                made.borderId = self.book._borders.add(border)
                found[face, change] = styles.add(made)
                for kind in (answers, legends):
                    if face in kind:
                        kind.add(found[face, change])
            face += 1
        for face in sorted(answers):
            made = copy(styles[face])
            made.quotePrefix = 1
            found[face, "q"] = styles.add(made)
        for face in sorted(legends):
            made = copy(styles[face])
            font = copy(self.book._fonts[made.fontId])
            font.b = True
            made.fontId = self.book._fonts.add(font)
            made.borderId = self.book._borders.add(
                Border(top=_MEDIUM, right=_MEDIUM, bottom=_MEDIUM, left=_MEDIUM)
            )
            found[face, "c"] = styles.add(made)
        return found
