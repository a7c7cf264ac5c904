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
        ward = roles.memberships[0].ward.slug
        links += [("indicators", "指標", reverse("initiatives:indicators", args=[ward]))]
    links += [("queue", "課長承認待ち", reverse("reviews:queue"))] if roles.manager_of else []
    if ward_of_admin := next(
        (row.ward.slug for row in roles.memberships if row.ward_id in roles.admin_of), ""
    ):
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
    if (match.url_name or "").startswith(("progress", "ward_progress")):
        return "progress"
    return match.url_name if match.url_name in ("my_work", "queue") else "year"


def office(user: User, roles: Roles) -> dict[str, str]:
    """Name the person's ward, post and name for the head of the page; the first membership names the post."""
    first: Membership | None = roles.memberships[0] if roles.memberships else None
    return {
        "ward": first.ward.name if first else "",
        "post": first.title if first else "",
        "person": user.name,
        "contact": "取りまとめ担当",
    }
