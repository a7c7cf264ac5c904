"""Numbers as an office types and prints them: full-width digits, ▲ for minus, 1,200, 43.3%."""

import re
from decimal import Decimal

from wardplan.text import is_blank, quote

WHOLE_DIGITS = 11
DECIMAL_PLACES = 4
MAX_DIGITS = WHOLE_DIGITS + DECIMAL_PLACES
"""SQLite keeps decimals as REAL; 15 digits with 4 places are what it keeps exactly."""

EXAMPLE = "例: 43.3"

# Only the full-width copies of ASCII (U+FF01 to U+FF5E). NFKC would also read ² and ٣ as digits.
_FULL_WIDTH = {0xFF01 + offset: 0x21 + offset for offset in range(94)} | {0x3000: " "}

_MINUS = "-−‐–ー▲△"
_DASHES = "-−‐‑‒–—―─ー"
_NUMBER = re.compile(
    rf"(?P<sign>[{_MINUS}+]?) *(?P<whole>[0-9]{{1,3}}(?:,[0-9]{{3}})+|[0-9]+)(?:\.(?P<fraction>[0-9]+))?"
)


def half_width(text: str) -> str:
    """Turn the full-width copies of ASCII (１, Ｒ, ％, U+3000) into ASCII and leave everything else.

    For fields that hold a number, a date or a fiscal year. Free text is never passed through this.
    """
    return text.translate(_FULL_WIDTH)


def read_number(text: str | None, unit: str = "") -> Decimal | None:
    """Read the number a person typed; None when the field is blank.

    Blank (not known yet), 0 and "-" are three different things, so a lone dash is refused instead of
    being guessed to be one of the other two. A trailing % is dropped, and so is `unit` when it is given
    (8件). The value is what is written: 43.3% is 43.3, not 0.433. Trailing zeros are not kept.

    Raises ValueError with a sentence for the user, always with an example.
    """
    if text is None or is_blank(text):
        return None
    typed = half_width(text).strip()
    if all(character in _DASHES for character in typed):
        raise ValueError(
            f"{quote(typed)}だけでは数値になりません。"
            f"まだ分からないときは空欄に、実績がないときは0にしてください({EXAMPLE})。"
        )
    figure = typed.removesuffix(half_width(unit)).removesuffix("%").rstrip()
    match = _NUMBER.fullmatch(figure)
    if match is None:
        raise ValueError(f"{quote(text)}は数値として読み取れません。数字で入力してください({EXAMPLE})。")

    whole = match["whole"].replace(",", "").lstrip("0") or "0"
    fraction = (match["fraction"] or "").rstrip("0")
    if len(whole) > WHOLE_DIGITS or len(fraction) > DECIMAL_PLACES:
        raise ValueError(
            f"整数部分は{WHOLE_DIGITS}桁、小数部分は{DECIMAL_PLACES}桁までで入力してください({EXAMPLE})。"
        )
    number = Decimal(f"{whole}.{fraction}" if fraction else whole)
    return number if match["sign"] in ("", "+") else -number


def format_number(number: Decimal, *, thousands: bool = False) -> str:
    """Write a number without exponent, trailing zeros or a negative zero: 43.3, 100, 0.

    `thousands` adds commas for the screen and paper; files for machines go without. Raises ValueError
    for NaN and infinities, which are never a figure.
    """
    if not number.is_finite():
        raise ValueError(f"not a finite number: {number}")
    if not number:
        return "0"
    return format(number.normalize(), ",f" if thousands else "f")


def with_unit(number: Decimal, unit: str, *, thousands: bool = True) -> str:
    """Write a number with its unit directly behind it, as the sheets print it: 43.3%, 8件, 1,200人."""
    return format_number(number, thousands=thousands) + unit
