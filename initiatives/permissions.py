"""Who may do what with a plan. Views, verbs, templates, the admin site and tests ask the same predicates."""

from __future__ import annotations

from wardplan.accounts.models import User

from .models import Indicator, Initiative, YearPlan


def can_view_plan(user: User, plan: YearPlan) -> bool:
    """Say whether the plan exists for this person: the own ward's; a viewer sees no draft."""
    roles = user.roles()
    if plan.ward_id not in roles.wards:
        return False
    if plan.status != YearPlan.Status.DRAFT:
        return True
    return any(row.ward_id == plan.ward_id and row.role != row.Role.VIEWER for row in roles.memberships)


def can_administer(user: User, ward_id: int) -> bool:
    """Say whether the person is 取りまとめ担当 of the ward: loads, confirms, publishes and chases."""
    return ward_id in user.roles().admin_of


def can_confirm(user: User, plan: YearPlan) -> bool:
    """Say whether the person may edit, confirm, publish, renew or delete the plan, and assign sections."""
    return can_administer(user, plan.ward_id)


def belongs_to_section(user: User, initiative: Initiative) -> bool:
    """Say whether the sheet is the person's own section's, as staff or as manager."""
    return initiative.section_id is not None and initiative.section_id in user.roles().sections


def can_resolve(user: User, initiative: Initiative) -> bool:
    """Say whether the person may put a number to a relative target: the own section's people and admins."""
    return belongs_to_section(user, initiative) or can_administer(user, initiative.plan.ward_id)


def can_record_measurement(user: User, plan: YearPlan, indicator: Indicator) -> bool:
    """Say whether the person may enter a figure: admins, and the sections whose sheets quote it."""
    if can_administer(user, plan.ward_id):
        return True
    return plan.initiatives.filter(section__in=user.roles().sections, targets__indicator=indicator).exists()


def can_describe_indicator(user: User, plan: YearPlan) -> bool:
    """Say whether the person may put on record that an indicator means something else now: the admin."""
    return can_administer(user, plan.ward_id)


def can_rewrite_indicator(user: User, plan: YearPlan, indicator: Indicator) -> bool:
    """Say whether the person may write its words and direction: the own ward's admin, never for all wards."""
    return can_administer(user, plan.ward_id) and indicator.ward_id == plan.ward_id


def can_export_wards(user: User) -> bool:
    """Say whether the person may take every ward's sheets out at once: who is 取りまとめ担当 of any ward.

    Which wards those are, and what of their sheets can be read, is decided by the membership in each.
    """
    return bool(user.roles().admin_of)


def can_set_layout(user: User) -> bool:
    """Say whether the person may change how an edition's form looks in Excel: it is every ward's form."""
    return user.is_superuser
