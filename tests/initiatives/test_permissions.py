"""Who may know of a plan and act on it, beyond the table."""

import pytest

from initiatives import permissions
from initiatives.models import YearPlan
from initiatives.refusals import NotAllowed, NotVisible
from tests.cast import difference, hold, newcomer, snapshot
from tests.initiatives.test_permission_table import VERBS


def test_superuser_bypasses_nothing(cast):
    operator = newcomer(is_superuser=True)
    before = snapshot()
    for act in VERBS.values():
        with pytest.raises(NotVisible):
            act(cast, operator)
    hold(operator, cast.section, "viewer")
    for act in VERBS.values():
        with pytest.raises(NotAllowed):
            act(cast, operator)
    assert not difference(before, snapshot())


def test_viewer_who_is_also_staff_sees_the_draft(cast):
    cast.plan_in("draft")
    assert not permissions.can_view_plan(cast.viewer, cast.plan)
    hold(cast.viewer, cast.section, "staff")
    assert permissions.can_view_plan(cast.viewer, cast.plan)
    assert YearPlan.objects.visible_to(cast.viewer).count() == 1


def test_viewer_of_one_ward_and_staff_of_another_sees_no_draft_there(cast):
    cast.plan_in("draft")
    hold(cast.other_ward, cast.section, "viewer")
    assert not permissions.can_view_plan(cast.other_ward, cast.plan)
    assert not YearPlan.objects.visible_to(cast.other_ward).exists()


def test_section_records_only_the_figures_that_its_sheets_quote(cast):
    allowed = permissions.can_record_measurement
    assert allowed(cast.staff_other_section, cast.plan, cast.shared_indicator)
    assert not allowed(cast.staff_other_section, cast.plan, cast.own_indicator)
    assert allowed(cast.admin, cast.plan, cast.own_indicator)
    assert not allowed(cast.viewer, cast.plan, cast.own_indicator)
