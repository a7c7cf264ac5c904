"""Which characters a cell of an Excel file can hold, and how those are written that it cannot."""

from __future__ import annotations

import re

LONGEST_TEXT = 32_767
"""What one cell holds, in UTF-16 units; Excel cuts the rest in silence."""

REPLACEMENT = "\ufffd"
# Newlines as the site stores them, and what no XML file can hold.
_NEWLINES = re.compile("\r\n?")
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
# Excel reads _x000D_ as the character U+000D, so a text that says it is written _x005F_x000D_.
_ESCAPE = re.compile("_(?=x[0-9A-Fa-f]{4}_)")
_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")


def holdable(text: str) -> tuple[str, int]:
    """Make a text one that a file can hold, and count the characters that had to be replaced for it."""
    return _FORBIDDEN.subn(REPLACEMENT, _NEWLINES.sub("\n", text) if "\r" in text else text)


def escape(text: str) -> str:
    """Write text so that Excel reads it back as it is: _x000D_ becomes _x005F_x000D_."""
    return _ESCAPE.sub("_x005F_", text) if "_x" in text else text


def unescape(text: str) -> str:
    """Read text as Excel does: _x005F_x000D_ is _x000D_ again."""
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text) if "_x" in text else text


def units(text: str) -> int:
    """Count as Excel does, in UTF-16 units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
