"""Read what pages send back besides their fields."""

from __future__ import annotations

from django.http import HttpRequest


def posted_version(request: HttpRequest) -> int | None:
    """Read the version that a page was opened at; None when it is missing or odd (then it is stale)."""
    return as_version(request.POST.get("version", ""))


def as_version(sent: str) -> int | None:
    return int(sent) if sent.isascii() and sent.isdigit() and len(sent) < 10 else None
