"""A number as its cell shows it: what somebody typed into a text and Excel took for a number or a day."""

from __future__ import annotations

import datetime
import re
from decimal import ROUND_HALF_UP, Decimal

from wardplan.era import ERAS
from wardplan.numbers import format_number

GENERAL = "General"
_WAREKI, _SHORT_WAREKI = 'ggge"年"m"月"d"日"', "ge.m.d"
_DAY = "yyyy/m/d"

# Excel's own formats, as a Japanese Excel shows them: a file names them by number only.
BUILT_IN = {
    "1": "0", "2": "0.00", "3": "#,##0", "4": "#,##0.00", "9": "0%", "10": "0.00%", "11": "0.00E+00",
    "14": _DAY, "15": "d-mmm-yy", "16": "d-mmm", "17": "mmm-yy", "18": "h:mm", "19": "h:mm:ss",
    "20": "h:mm", "21": "h:mm:ss", "22": "yyyy/m/d h:mm",
    "27": _SHORT_WAREKI, "28": _WAREKI, "29": _WAREKI, "30": "m/d/yy", "31": 'yyyy"年"m"月"d"日"',
    "32": 'h"時"mm"分"', "33": 'h"時"mm"分"ss"秒"', "34": 'yyyy"年"m"月"', "35": 'm"月"d"日"',
    "36": _SHORT_WAREKI, "37": "#,##0", "38": "#,##0", "39": "#,##0.00", "40": "#,##0.00",
    "45": "mm:ss", "46": "h:mm:ss", "48": "##0.0E+0", "49": "@", "50": _SHORT_WAREKI, "51": _WAREKI,
    "52": 'yyyy"年"m"月"', "53": 'm"月"d"日"', "54": _WAREKI, "55": 'yyyy"年"m"月"', "56": 'm"月"d"日"',
    "57": _SHORT_WAREKI, "58": _WAREKI,
}  # fmt: skip

_LITERAL = re.compile(r'"([^"]*)"|\\(.)|_.|\*.|\[[^\]]*\]')
_TOKENS = re.compile(
    r"\x00[0-9]+\x00|yyyy|yy|ggg|gg|g|ee|e|mmmm|mmm|mm|m|dd|d|aaaa|aaa|hh|h|ss|s|.", re.IGNORECASE | re.DOTALL
)
_WEEKDAYS = "月火水木金土日"


def shown(value: str, code: str, since_1904: bool = False) -> str:
    """Write a stored number as a cell of this number format shows it: 0.433 as 43.3%, 44286 as 2021/3/31.

    A format that is not understood (fractions, colours by value) shows the plain number. Raises ValueError
    for what is no number.
    """
    number = exact(value)
    literals: list[str] = []

    def keep(found: re.Match[str]) -> str:
        literals.append(found[1] or found[2] or "")
        return f"\x00{len(literals) - 1}\x00"

    plain = _LITERAL.sub(keep, code.split(";")[0])
    bare = re.sub("\x00[0-9]+\x00", "", plain)
    if bare.lower() == "general" or bare in ("", "@"):
        return format_number(number)
    if re.search("[ymdhsega]", bare, re.IGNORECASE) and "E+" not in bare.upper():
        return _day(number, plain, literals, since_1904)
    return _figure(number, plain, literals)


def exact(value: str) -> Decimal:
    """Read a stored number without the noise of binary fractions: 0.43299999999999999 is 0.433."""
    number = Decimal(repr(float(value)))
    if not number.is_finite():
        raise ValueError(value)
    return number


def _figure(number: Decimal, code: str, literals: list[str]) -> str:
    digits = re.search(r"[0#?][0#?.,]*(?:E\+[0#]+)?", code, re.IGNORECASE)
    if digits is None or "/" in code or number.adjusted() > 20:
        return format_number(number)
    pattern = digits[0]
    places = len(re.sub("[^0#?]", "", pattern.partition(".")[2].upper().partition("E")[0]))
    if "E+" in pattern.upper():
        written = f"{number:.{places}E}"
        mantissa, _, power = written.partition("E")
        written = f"{mantissa}E{power[0]}{power[1:]:0>2}"
    else:
        figure = number.scaleb(2) if "%" in code else number
        figure = figure.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
        written = f"{figure:{',' if ',' in pattern else ''}f}"
    text = code[: digits.start()] + written + code[digits.end() :]
    return _with_literals(text, literals)


def _with_literals(text: str, literals: list[str]) -> str:
    return re.sub("\x00([0-9]+)\x00", lambda found: literals[int(found[1])], text)


def _day(number: Decimal, code: str, literals: list[str], since_1904: bool) -> str:
    """Write a serial number as a day or a time; Excel counts days from 1899-12-30, old Macs from 1904."""
    start = datetime.datetime(1904, 1, 1) if since_1904 else datetime.datetime(1899, 12, 30)
    try:
        moment = start + datetime.timedelta(seconds=round(float(number) * 86_400))
    except OverflowError:
        return format_number(number)
    written, after_hour = [], False
    for token in _TOKENS.findall(code):
        kind = token.lower()
        if kind.startswith("\x00"):
            written.append(literals[int(kind.strip("\x00"))])
            continue
        is_minute = kind in ("m", "mm") and after_hour
        written.append(_part(moment, "minute" * is_minute or kind, kind) or token)
        if kind[0].isalpha():
            after_hour = kind in ("h", "hh")
    return "".join(written)


def _part(moment: datetime.datetime, kind: str, token: str) -> str:
    """Write one part of a moment; nothing for what is no part of one."""
    era = _era(moment.date())
    parts = {
        "yyyy": f"{moment.year}", "yy": f"{moment.year % 100:02}",
        "ggg": era[0], "gg": era[0][:1], "g": era[1], "ee": f"{era[2]:02}", "e": f"{era[2]}",
        "mmmm": moment.strftime("%B"), "mmm": moment.strftime("%b"),
        "mm": f"{moment.month:02}", "m": f"{moment.month}",
        "dd": f"{moment.day:02}", "d": f"{moment.day}",
        "aaaa": f"{_WEEKDAYS[moment.weekday()]}曜日", "aaa": _WEEKDAYS[moment.weekday()],
        "hh": f"{moment.hour:02}", "h": f"{moment.hour}",
        "ss": f"{moment.second:02}", "s": f"{moment.second}",
        "minute": f"{moment.minute:02}" if token == "mm" else f"{moment.minute}",
    }  # fmt: skip
    return parts.get(kind, "")


def _era(day: datetime.date) -> tuple[str, str, int]:
    """Give an era's name, letter and year; before 昭和, the western year without an era."""
    for era in ERAS:
        if day >= era.starts_on:
            return era.name, era.letter, day.year - era.starts_on.year + 1
    return "", "", day.year
