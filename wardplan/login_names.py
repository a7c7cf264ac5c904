"""How two spellings of a log-in name are told to be one."""

import unicodedata
from typing import Any

from django.http import HttpRequest

# The column that keeps the failures is this long, and NFKC turns one character into up to 18.
LONGEST_KEY = 255


def lock_key(request: HttpRequest | None, credentials: dict[str, Any] | None = None) -> str:
    """Return the name under which failed log-ins are counted.

    Full width, capitals and surrounding spaces do not count: ＳＴＡＦＦ, Staff and staff share one lock,
    otherwise each spelling would buy five more tries. An absent name counts under "".
    """
    name = (credentials or {}).get("username")
    if name is None and request is not None:
        name = request.POST.get("username")
    return unicodedata.normalize("NFKC", name or "").strip().casefold()[:LONGEST_KEY]
