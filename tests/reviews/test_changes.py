from initiatives.models import Initiative
from reviews.case import open_case
from reviews.changes import count_changes, read_changes
from reviews.sheet import read_sheet, with_everything


def changes(cast, before, now, phase="midyear", **more):
    case = open_case(cast.initiative, phase, cast.manager)
    complete = with_everything(Initiative.objects.filter(pk=cast.initiative.pk)).get()
    sheet = read_sheet(complete, case.form, cast.manager)
    found = read_changes(case.phase, sheet.annual_targets, now, before, **more)
    return {one.field.name: one for one in found}


def test_changes_are_told_field_by_field(cast):
    before = cast.answers(issues="第2回以降はオンラインの活用を検討する。")
    found = changes(cast, before, cast.answers(outlook=1, issues="第2回はオンラインで開催する。"))
    assert [name for name, one in found.items() if one.is_changed] == ["outlook", "issues"]
    assert (found["outlook"].before, found["outlook"].now) == ("②達成できない見込み", "①達成見込み")
    pieces = found["issues"].pieces
    assert "".join(one.text for one in pieces if one.kind != "inserted") == found["issues"].before
    assert "".join(one.text for one in pieces if one.kind != "deleted") == found["issues"].now
    assert pieces[0].text == "第2回"


def test_first_submission_has_nothing_to_compare_with(cast):
    found = changes(cast, None, cast.answers())
    assert not any(one.is_changed for one in found.values())
    assert found["issues"].now == cast.answers()["issues"]


def test_figure_is_told_with_where_it_comes_from(cast):
    now = cast.answers("self_evaluation")
    found = changes(cast, {}, now, "self_evaluation")
    assert found["figure_a1"].now == "9件(令和3年3月31日現在、市民協働課調べ)"
    assert found["figure_a2"].now == "" and not found["figure_a2"].is_changed


def test_fields_are_counted_without_comparing_characters(cast):
    before = cast.answers("self_evaluation")
    other = {"a1": {**before["figure"]["a1"], "value": "10"}}
    assert count_changes(before, cast.answers("self_evaluation", figure=other, results="別の文")) == 2
    assert count_changes(before, {**before, "results": before["results"] + "\n"}) == 0
