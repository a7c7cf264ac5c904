"""The official form read from its edition."""

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from initiatives.form import read_form
from initiatives.models import FormEdition, Question


@pytest.fixture
def form(cast):
    return read_form(cast.edition)


def test_phases_questions_and_marks_in_order(form):
    assert [(phase.key, phase.slug, phase.label) for phase in form.phases] == [
        ("midyear", "midyear", "中間振り返り"),
        ("self_evaluation", "self-evaluation", "自己評価"),
    ]
    midyear = form.by_phase["midyear"]
    assert [question.name for question in midyear.questions] == [
        "midyear.implementation", "midyear.outlook", "midyear.issues",
    ]  # fmt: skip
    outlook = midyear.question("outlook")
    assert [(mark.position, mark.symbol, mark.meaning, mark.requires) for mark in outlook.marks] == [
        (1, "①", "met", ""),
        (2, "②", "not_met", "issues"),
    ]
    assert str(outlook.mark(2)) == "②達成できない見込み"
    assert outlook.mark(3) is None and outlook.mark("2") is None
    assert midyear.question("issues").limit == 4000 and midyear.question("none") is None


def test_a_process_asks_once_for_each_revision(cast):
    with CaptureQueriesContext(connection) as queries:
        before = read_form(cast.edition)
    assert len(queries) == 2
    Question.objects.filter(edition=cast.edition, key="outlook").update(label="到達の見込み")
    with CaptureQueriesContext(connection) as queries:
        assert read_form(FormEdition.objects.get(pk=cast.edition.pk)) == before
    assert len(queries) == 1  # for the edition itself
    cast.edition.renew()
    found = read_form(FormEdition.objects.get(pk=cast.edition.pk))
    assert found.by_phase["midyear"].question("outlook").label == "到達の見込み"


def test_an_edition_loaded_from_a_fixture_is_read_anew(cast):
    was = read_form(cast.edition)
    Question.objects.filter(edition=cast.edition).delete()
    call_command("loaddata", "editions", verbosity=0)
    found = read_form(FormEdition.objects.get(pk=cast.edition.pk))
    assert found != was and found.by_phase["self_evaluation"].question("reason")


def test_a_phase_without_questions_does_not_exist(cast):
    Question.objects.filter(edition=cast.edition, phase="midyear").delete()
    form = read_form(cast.edition)
    assert form.phase_at("midyear") is None and "midyear" not in form.by_phase
    assert form.phase_at("self-evaluation").key == "self_evaluation"


def test_phases_stand_in_the_order_of_their_first_question(cast):
    Question.objects.filter(edition=cast.edition, phase="self_evaluation", key="issues").update(position=0)
    assert [phase.key for phase in read_form(cast.edition).phases] == ["self_evaluation", "midyear"]


def test_words_come_from_the_edition_or_else_are_the_usual_ones(cast):
    FormEdition.objects.filter(pk=cast.edition.pk).update(
        labels={"item": "重点取組", "phase.midyear": "上半期の点検", "plan": ""}
    )
    form = read_form(FormEdition.objects.get(pk=cast.edition.pk))
    assert (form.label("item"), form.by_phase["midyear"].label) == ("重点取組", "上半期の点検")
    assert (form.label("plan"), form.label("plan.targets")) == ("計画", "(目標)")
    assert form.label("phase.unheard_of") == "phase.unheard_of"
