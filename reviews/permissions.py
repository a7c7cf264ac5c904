"""Who may do what with a review. Views, verbs, templates, side doors and tests ask the same predicates.

A predicate looks at the person and the sheet; whether the state and the window take the act is the
workflow's to say. Only four eyes need both: nobody decides on what he or she submitted.
"""

from __future__ import annotations

from initiatives.models import Initiative, YearPlan
from initiatives.permissions import belongs_to_section, can_administer, can_view_plan
from wardplan.accounts.models import Section, User

from .models import Review


def is_manager_of(user: User, initiative: Initiative) -> bool:
    """Say whether the person is 承認者 of the sheet's section, in the own right or as standing deputy."""
    return initiative.section_id is not None and initiative.section_id in user.roles().manager_of


def can_write(user: User, initiative: Initiative) -> bool:
    """Say whether the person may save or import: the section's people, and the admin on behalf."""
    return belongs_to_section(user, initiative) or can_administer(user, initiative.plan.ward_id)


def can_import(user: User, plan: YearPlan) -> bool:
    """Say whether the person may bring Excel files: who may write any sheet of the plan."""
    if can_administer(user, plan.ward_id):
        return True
    return plan.initiatives.of_sections(user.roles().sections).exists()


def can_submit(user: User, initiative: Initiative) -> bool:
    """Say whether the person may submit or withdraw: the section's people, never the admin."""
    return belongs_to_section(user, initiative)


def can_decide(user: User, initiative: Initiative) -> bool:
    """Say whether the person may approve or return: the section's manager."""
    return is_manager_of(user, initiative)


def can_hand_over(user: User, initiative: Initiative) -> bool:
    """Say whether the person may hand the sheet on and keep its handover notes: the section's people."""
    return belongs_to_section(user, initiative)


def can_receive(user: User, initiative: Initiative) -> bool:
    """Say whether the sheet may be handed to the person: to who may submit it then."""
    return user.is_active and can_submit(user, initiative)


def deputised_sections(user: User) -> frozenset[int]:
    """List the sections whose deputies the person names: as manager in the own right, never as deputy."""
    return user.roles().manager_of - user.roles().acting_for


def can_name_deputy(user: User, section: Section) -> bool:
    """Say whether the person may name and end the section's deputies: its manager in the own right."""
    return section.pk in deputised_sections(user)


def can_reopen(user: User, initiative: Initiative) -> bool:
    """Say whether the person may take an approval back: the section's manager, or the admin."""
    return is_manager_of(user, initiative) or can_administer(user, initiative.plan.ward_id)


def can_run_phase(user: User, initiative: Initiative) -> bool:
    """Say whether the person may extend, publish or correct: the ward's admin."""
    return can_administer(user, initiative.plan.ward_id)


def is_own_submission(user: User, review: Review) -> bool:
    """Say whether the person submitted what now waits: such a person neither approves nor mends it."""
    return review.submitted_by_id == user.pk


def can_see_differences(user: User, plan: YearPlan) -> bool:
    """Say whether the person may list a plan's differing marks: the ward's managers, and its admin."""
    own = user.roles().manager_of
    return can_administer(user, plan.ward_id) or plan.ward.sections.filter(pk__in=own).exists()


def can_read(user: User, review: Review) -> bool:
    """Say whether the person may read the review's text, not only its status.

    From 課長承認待ち on everybody of the ward; before that, and again after a return, only the section
    and the admin.
    """
    return review.is_readable_by_all or can_write(user, review.initiative)


def can_see_history(user: User, initiative: Initiative) -> bool:
    """Say whether the person may read the sheet's history: the section's people and the admin."""
    return can_write(user, initiative)


def can_read_notes(user: User, initiative: Initiative) -> bool:
    """Say whether the person may read the sheet's handover notes, reasons of return and comments.

    The section's people and the admin. Who may do so for this year's sheet may do so for the one that it
    continues: after a 機構改革 that one belongs to a section which is gone.
    """
    return can_write(user, initiative)


def can_see_desk(user: User, section: Section) -> bool:
    """Say whether the person may read everything at a section's desk: its people and the ward's admin."""
    return section.pk in user.roles().sections or can_administer(user, section.ward_id)


def can_quote(user: User, review: Review, plan: YearPlan) -> bool:
    """Say whether a review's words may be shown as an example to somebody who writes a sheet of `plan`.

    Of this ward's year everything from 課長承認待ち on; of its other years what was approved; of another
    ward only what is public.
    """
    its = review.initiative.plan
    if its.ward_id != plan.ward_id:
        return review.status == Review.Status.PUBLISHED and its.status == YearPlan.Status.PUBLISHED
    if its.fiscal_year == plan.fiscal_year:
        return review.is_readable_by_all
    return review.status in (Review.Status.APPROVED, Review.Status.PUBLISHED)


def can_report_mistake(user: User, plan: YearPlan) -> bool:
    """Say whether the person may tell the admin of a mistake in the plan: everybody who may read it."""
    return can_view_plan(user, plan)


def can_answer_reports(user: User, ward_id: int) -> bool:
    """Say whether the person may answer reports of mistakes: the ward's admin."""
    return can_administer(user, ward_id)
