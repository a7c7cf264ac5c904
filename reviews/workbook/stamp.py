"""The signed stamp of a sheet: which form, ward, year, item and versions a returned file was written from."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from django.core.signing import BadSignature, Signer

from initiatives.xlsx.cells import FOR_READING, STAMP

__all__ = ["FOR_READING", "NAME", "Stamp", "print_of", "read_stamp", "write_stamp"]

NAME = STAMP
_SALT = "wardplan.workbook.stamp"
_PIECE = 240
_PIECES = re.compile(r'"((?:[^"]|"")*)"')


@dataclass(frozen=True)
class Stamp:
    """What a sheet was written from, and when (ISO).

    `versions` names only the phases whose text the file holds. `plan` are the prints of the plan's texts: who
    changes those in Excel is told that a plan is not changed that way.
    """

    edition: str
    ward: str
    year: int
    number: str
    versions: Mapping[str, int] = field(default_factory=dict)
    plan: tuple[str, ...] = ()
    at: str = ""


def write_stamp(stamp: Stamp) -> str:
    """Sign a stamp and write it as a text constant for a defined name.

    Document properties belong to a workbook, a defined name to a sheet, and it survives LibreOffice. Excel
    takes no text constant over 255 characters, so a long one is written in pieces: "abc"&"def".
    """
    signed = Signer(salt=_SALT).sign_object(asdict(stamp))
    return "&".join(f'"{signed[start : start + _PIECE]}"' for start in range(0, len(signed), _PIECE))


def read_stamp(text: str) -> Stamp:
    """Read a stamp from the text of its defined name.

    Raises BadSignature for everything that was not signed here, also for what was changed since.
    """
    signed = "".join(_PIECES.findall(text)) if '"' in text else text.strip()
    try:
        said = Signer(salt=_SALT).unsign_object(signed)
        return Stamp(**{**said, "plan": tuple(said.get("plan", ()))})
    except BadSignature:
        raise
    except (ValueError, TypeError, AttributeError) as error:
        raise BadSignature("not a stamp") from error


def print_of(text: str) -> str:
    """Give a short print of a text, the same however a program spaces it."""
    return hashlib.sha256("".join(text.split()).encode("utf-8", "surrogatepass")).hexdigest()[:12]
