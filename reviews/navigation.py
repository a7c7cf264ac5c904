"""What the head of every page shows: where one may go, and who one is."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from wardplan.accounts.models import Membership, Roles, User


def navigation(request: HttpRequest) -> dict[str, Any]:
    """Give every template the links that the person's roles open, and the post; no query of its own."""
    user = getattr(request, "user", None)
    if not isinstance(user, User):
        return {}
    roles = user.roles()
    counts = getattr(request, "navigation_counts", {})
    links = [("my_work", "やること", reverse("reviews:my_work"))]
    links += [("year", "計画一覧", reverse("reviews:years"))] if roles.wards else []
    if roles.memberships:
        links += [("indicators", "指標", _indicators(request, roles))]
    if desk := next((row for row in roles.memberships if row.section_id), None):
        links += [
            ("desk", "この席の仕事", reverse("reviews:section_desk", args=[desk.ward.slug, desk.section_id]))
        ]
    links += [("queue", "課長承認待ち", reverse("reviews:queue"))] if roles.manager_of else []
    administered = [row.ward.slug for row in roles.memberships if row.ward_id in roles.admin_of]
    if administered:
        here = _ward_of_page(request)
        ward_of_admin = here if here in administered else administered[0]
        links += [("progress", "進行管理", reverse("reviews:ward_progress", args=[ward_of_admin]))]
    links += [("admin", "管理", reverse("admin:index"))] if roles.admin_of or user.is_superuser else []
    current = _current(request)
    return {
        "navigation": [
            {"label": label, "url": url, "current": name == current, "count": counts.get(name)}
            for name, label, url in links
        ],
        "office": office(user, roles),
    }


def _ward_of_page(request: HttpRequest) -> str:
    """Give the ward in the page's address; "" for pages that belong to none."""
    match = request.resolver_match
    return str(match.kwargs.get("ward", "")) if match else ""


def _indicators(request: HttpRequest, roles: Roles) -> str:
    """Lead to the indicators of the ward one is looking at, of the only ward, or to a choice of wards."""
    wards = {row.ward.slug for row in roles.memberships}
    here = _ward_of_page(request)
    ward = here if here in wards else next(iter(wards)) if len(wards) == 1 else ""
    return reverse("initiatives:indicators", args=[ward]) if ward else reverse("initiatives:indicator_wards")


def _current(request: HttpRequest) -> str:
    match = request.resolver_match
    if match is None:
        return ""
    if match.app_name == "initiatives" and (match.url_name or "").startswith(("indicator", "measurement")):
        return "indicators"
    if match.app_name != "reviews":
        return ""
    if match.url_name in ("queue_print", "deputies"):
        return "queue"
    if match.url_name == "section_desk":
        return "desk"
    if (match.url_name or "").startswith(("progress", "ward_progress")):
        return "progress"
    return match.url_name if match.url_name in ("my_work", "queue", "desk") else "year"


def office(user: User, roles: Roles) -> dict[str, str]:
    """Name the person's ward, post and name for the head of the page; the first membership names the post."""
    first: Membership | None = roles.memberships[0] if roles.memberships else None
    return {
        "ward": first.ward.name if first else "",
        "post": first.title if first else "",
        "person": user.name,
        "contact": "取りまとめ担当",
    }
