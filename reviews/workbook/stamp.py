"""The signed stamp of a sheet: which form, ward, year, item and versions a returned file was written from."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from django.core.signing import BadSignature, Signer

NAME = "stamp"
_SALT = "wardplan.workbook.stamp"
_PIECE = 240
_PIECES = re.compile(r'"((?:[^"]|"")*)"')


@dataclass(frozen=True)
class Stamp:
    """What a sheet was written from. `versions` names only the phases whose text the file holds."""

    edition: str
    ward: str
    year: int
    number: str
    versions: Mapping[str, int] = field(default_factory=dict)


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
        return Stamp(**Signer(salt=_SALT).unsign_object(signed))
    except BadSignature:
        raise
    except (ValueError, TypeError) as error:
        raise BadSignature("not a stamp") from error
