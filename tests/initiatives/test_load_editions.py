"""A database that holds an older edition of the form gets the newer one, and loses nothing."""

import io

import pytest
from django.core.management import call_command

from initiatives.models import FormEdition, PlanPhase, Question
from tests.cast import difference, snapshot

NEW = ["reason", "change"]


def load(*arguments):
    out = io.StringIO()
    call_command("load_editions", *arguments, stdout=out)
    return out.getvalue()


@pytest.fixture
def older(official):
    """Put the form back to what it was: without reasons and proposals, everything else closed up."""
    Question.objects.filter(edition__code="r2", key__in=NEW).delete()
    Question.objects.filter(edition__code="r2").update(combine="", guide="")
    for place, question in enumerate(Question.objects.filter(edition__code="r2").order_by("position"), 1):
        Question.objects.filter(pk=question.pk).update(position=place)
    FormEdition.objects.filter(code="r5").delete()
    return official


def keys(code="r2"):
    found = Question.objects.filter(edition__code=code).order_by("position")
    return list(found.values_list("phase", "key"))


def test_an_older_form_gets_its_new_questions_and_rules(older):
    review = older.review_in("draft", "self_evaluation")
    was = keys()
    told = load()
    assert "様式の版r2 欄self_evaluation.reason: 加えました" in told
    assert "様式の版r2 欄self_evaluation.achievement: 数値からの判定、記入要領を変えました" in told
    assert ("self_evaluation", "reason") in keys() and set(was) < set(keys())
    assert Question.objects.get(edition__code="r2", key="achievement").combine == "all"
    assert FormEdition.objects.filter(code="r5").exists()
    review.refresh_from_db()
    assert review.answers == older.answers("self_evaluation")
    assert load() == "様式の版は最新です。\n"


def test_a_question_of_the_office_s_own_stays_behind_the_others(older):
    own = Question.objects.create(
        edition=older.edition, phase="year_end", key="own", kind="text", label="区の欄", position=50
    )
    load()
    own.refresh_from_db()
    assert keys()[-1] == ("year_end", "own") and own.position == len(keys())
    assert PlanPhase.objects.filter(plan=older.plan, phase="year_end").exists()


def test_a_dry_run_tells_and_changes_nothing(older):
    before, was = snapshot(), keys()
    assert "何も変えていません" in load("--dry-run")
    assert (difference(before, snapshot()), keys()) == ({}, was)
