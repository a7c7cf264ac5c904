"""Export and import without a change in between: no text may show a difference."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reviews.import_preview import preview
from reviews.workbook.reader import read_workbook
from tests.cast import NOW, scratch
from tests.reviews.workbook.returned import exported

pieces = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=60),
    st.sampled_from(
        ["\n", "\t", "  ", "_x000D_", "_x005F_", "=1+1", "'", "\u3000", "\r\n", "#N/A", "0012", "😀"]
    ),
)
any_text = st.lists(pieces, max_size=8).map("".join)


@pytest.mark.django_db
@given(issues=any_text, results=any_text, outlook=st.sampled_from([None, 1, 2]))
@settings(max_examples=40, deadline=None)
def test_any_answers_come_back_without_a_difference(world, issues, results, outlook):
    with scratch():
        world.review_in("draft", answers=world.answers(issues=issues or None, outlook=outlook))
        evaluation = world.answers("self_evaluation", results=results or None)
        world.review_in("draft", "self_evaluation", answers=evaluation)
        content = exported(world.staff, world.plan)
        found = preview(world.plan, read_workbook(content), by=world.staff, at=NOW)
        assert not (found.changes or found.conflicts or found.kept or found.problems or found.notes)
