"""How high a row must be for its text, and where pages end: Excel never fits merged rows by itself.

The form as it is delivered is set in BIZ UDゴシック, a fixed-pitch font, so widths can be counted instead of
measured: a character is one em wide or half an em. Other fonts get more room (see `Type`).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

# Latin words stay whole, closing marks stay with what they close, opening marks with what they open.
_CLOSING = (
    "、。，．・：；？！゛゜ヽヾゝゞ々ー’”）〕］｝〉》」』】°′″℃％‰〟–〜～‐"
    "ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮヵヶ"
)
_OPENING = "‘“（〔［｛〈《「『【〝([{"
_TOKEN = re.compile(rf"[{re.escape(_OPENING)}]*(?:[!-~]+|.)?[{_CLOSING}]*", re.DOTALL)

LINE_HEIGHT = 1.3
"""Height of a line in font sizes. Excel draws about 1.25, LibreOffice 1.0."""

FONT = "BIZ UDゴシック"

_FIXED_PITCH = ("BIZ UDゴシック", "BIZ UD明朝", "MS ゴシック", "MS 明朝", "ＭＳ ゴシック", "ＭＳ 明朝")
_WIDE_LINES = 1.8
"""Font sizes that Excel draws a line of 游ゴシック or メイリオ, at most; what is not known gets as much."""

TALLEST_ROW = 408.75
"""Points, in whole pixels; neither program takes a row of more than 409."""


class _Widths(dict[str, int]):
    """Widths of characters in half ems, looked up once."""

    def __missing__(self, character: str) -> int:
        if character == "\t":
            width = 8
        elif unicodedata.combining(character):
            width = 0
        else:
            width = 2 if unicodedata.east_asian_width(character) in "FWA" else 1
        self[character] = width
        return width


_WIDTHS = _Widths()


def text_width(text: str) -> float:
    """Measure a line in ems."""
    return sum(map(_WIDTHS.__getitem__, text)) / 2


def lines_needed(text: str, width: float, size: float) -> int:
    """Count the lines that a text takes in a cell `width` pixels wide (96 to the inch), set in `size` points.

    Wraps like Excel: greedily, Latin words whole, no 、 or 」 at the start of a line (行頭禁則) and no 「 at
    its end (行末禁則). One em stays free for what the programs measure differently, so the count is seldom
    too high and never too low.
    """
    ems = (width - 6) / (size * 4 / 3) - 1.0
    capacity = max(2, int(ems * 2))
    return sum(_wrapped(paragraph, capacity) for paragraph in text.split("\n"))


def _wrapped(paragraph: str, capacity: int) -> int:
    widths = _WIDTHS
    if sum(map(widths.__getitem__, paragraph)) <= capacity:
        return 1
    lines, used = 1, 0
    for token in _TOKEN.findall(paragraph):
        width = widths[token] if len(token) == 1 else sum(map(widths.__getitem__, token))
        if used + width <= capacity:
            used += width
        else:
            # A token longer than a line (a URL, 100 dashes) is broken wherever the line ends.
            overlong = (width - 1) // capacity
            lines += overlong + (used > 0)
            used = width - overlong * capacity
    return lines


def height_for(text: str, width: float, size: float) -> float:
    """Give the height in points that a text needs, with two points of air above and below."""
    return lines_needed(text, width, size) * size * LINE_HEIGHT + 4


@dataclass(frozen=True)
class Type:
    """How a cell's text is set: font sizes in points, lines in font sizes, and how much wider than counted.

    Widths are counted for a fixed-pitch font; Latin letters of other fonts may take more than half an em.
    """

    size: float
    line: float = LINE_HEIGHT
    wider: float = 1.0

    def height(self, text: str, width: float) -> float:
        return lines_needed(text, width / self.wider, self.size) * self.size * self.line + 4


def type_of(font: str, size: float) -> Type:
    """Tell how a font is set: what is not known to be fixed-pitch gets wider letters and higher lines."""
    return Type(size) if font in _FIXED_PITCH else Type(size, _WIDE_LINES, 1.1)
