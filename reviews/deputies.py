"""Standing deputies (代理承認): who names them, from when until when, and what they decided meanwhile."""

from __future__ import annotations

import datetime
from collections.abc import Collection

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from initiatives.models import Event
from initiatives.refusals import Incomplete, NotAllowed, TransitionNotAllowed
from wardplan.accounts.models import Membership, Section, User
from wardplan.era import wareki

from . import permissions
from .models import Review

LONGEST = 366  # days
TOLD_FOR = datetime.timedelta(days=30)
"""How long a manager is told what a deputy decided."""


@transaction.atomic
def name_deputy(
    section: Section,
    deputy: User,
    *,
    by: User,
    on: datetime.date,
    starts_on: datetime.date,
    ends_on: datetime.date,
) -> Membership:
    """Let a person of the ward approve in a section's place from one day until another, both included.

    Raises NotAllowed unless `by` is the section's manager in the own right; Incomplete with a sentence per
    field when the person or the days do not fit. The same request sent twice gives the same deputy.
    """
    if not permissions.can_name_deputy(by, section):
        raise NotAllowed("代理承認者を決められるのは、その課の課長(承認者)です。")
    Section.objects.select_for_update(no_key=True).filter(pk=section.pk).order_by("pk").first()
    held = Membership.objects.filter(user=deputy, section=section, role=Membership.Role.MANAGER)
    period = {"starts_on": starts_on, "ends_on": ends_on}
    if repeated := held.filter(acting=True, **period).first():
        return repeated
    if found := _problems(section, deputy, held, by=by, on=on, **period):
        raise Incomplete(found)
    return Membership.objects.create(
        user=deputy, ward=section.ward, section=section, role=Membership.Role.MANAGER, acting=True, **period
    )


def _problems(
    section: Section,
    deputy: User,
    held: QuerySet[Membership],
    *,
    by: User,
    on: datetime.date,
    starts_on: datetime.date,
    ends_on: datetime.date,
) -> dict[str, str]:
    found = {}
    if deputy == by:
        found["deputy"] = "自分以外の人を選んでください。"
    elif not candidates(section, on).filter(pk=deputy.pk).exists():
        found["deputy"] = "この区で有効な利用者から選んでください。"
    if starts_on < on:
        found["starts_on"] = "開始日は今日以後の日にしてください。"
    if ends_on < starts_on:
        found["ends_on"] = "終了日は開始日以後の日にしてください。"
    elif (ends_on - starts_on).days > LONGEST:
        found["ends_on"] = "1年以内の日にしてください。"
    overlapping = held.filter(starts_on__lte=ends_on).exclude(ends_on__lt=starts_on).first()
    if overlapping is not None and not found:
        until = f"{wareki(overlapping.ends_on)}まで" if overlapping.ends_on else "期限なしで"
        found["deputy"] = (
            f"{deputy.name}さんは、すでに{wareki(overlapping.starts_on)}から{until}承認できます。"
        )
    return found


@transaction.atomic
def end_deputy(membership: Membership, *, by: User, on: datetime.date) -> Membership | None:
    """End a deputyship with this day; one that has not begun is taken back, and None comes back.

    A role that was held is never deleted, because the history was written in it. Raises NotAllowed for who
    may not name deputies of the section, TransitionNotAllowed when it has ended already.
    """
    found = (
        Membership.objects.select_for_update(of=("self",), no_key=True)
        .select_related("section")
        .filter(pk=membership.pk, acting=True)
        .first()
    )
    if found is None:
        raise TransitionNotAllowed("この代理承認は、すでに取りやめになっています。")
    if found.section is None or not permissions.can_name_deputy(by, found.section):
        raise NotAllowed("代理承認を終えられるのは、その課の課長(承認者)です。")
    if found.starts_on > on:
        found.delete()
        return None
    if found.ends_on is not None and found.ends_on < on:
        raise TransitionNotAllowed("この代理承認は、すでに終わっています。")
    found.ends_on = on
    found.save(update_fields=["ends_on"])
    return found


def candidates(section: Section, on: datetime.date) -> QuerySet[User]:
    """List who can be named: everybody who works in the ward on that day."""
    working = Membership.objects.valid_on(on).filter(ward=section.ward_id)
    return User.objects.filter(is_active=True, pk__in=working.values("user")).order_by("name", "pk")


def read_deputies(sections: Collection[int], on: datetime.date) -> list[Membership]:
    """List the deputyships of these sections that run or are to come, and those of the last year."""
    return list(
        Membership.objects.filter(section__in=sections, role=Membership.Role.MANAGER, acting=True)
        .exclude(ends_on__lt=on - datetime.timedelta(days=LONGEST))
        .select_related("user", "section")
        .order_by("section__order", "-starts_on", "-pk")
    )


def read_deciders(
    sections: Collection[int | None], user: User, now: datetime.datetime
) -> dict[int | None, tuple[str, str, bool]]:
    """Say who decides in each section instead of the reader: (post, name, whether a deputy).

    A deputy comes first: he or she was named for such a case.
    """
    managers = (
        Membership.objects.valid_on(timezone.localdate(now))
        .filter(section__in=sections, role=Membership.Role.MANAGER, user__is_active=True)
        .exclude(user=user)
        .select_related("user", "section")
        .order_by(F("acting").asc(), "starts_on", "pk")
    )
    return {one.section_id: (one.title, one.user.name, one.acting) for one in managers}


def decided_by_deputies(user: User, now: datetime.datetime) -> list[Event]:
    """List what deputies decided in the person's sections lately, newest first: for their return.

    Approvals, returns and withdrawn approvals, and words mended before an approval. Only for managers in
    the own right; for everybody else there is no query.
    """
    sections = permissions.deputised_sections(user)
    if not sections:
        return []
    mended = Q(verb="save", from_status=Review.Status.SUBMITTED)
    decided = Event.objects.filter(mended | Q(verb__in=["approve", "return", "reopen"])).filter(
        initiative__section__in=sections, on_behalf=True, at__gt=now - TOLD_FOR
    )
    return list(
        decided.exclude(by=user)
        .select_related("initiative__plan__ward")
        .defer("content")
        .order_by("-at", "-pk")
    )
