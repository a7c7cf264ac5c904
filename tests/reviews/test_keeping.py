"""Text that could not be saved: who opened the form is signed, and only the writer gets it back."""

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.core import signing
from django.http import QueryDict

from reviews import keeping
from reviews.case import open_case
from reviews.models import UnsavedText
from tests.cast import NOW


@pytest.fixture
def case(cast):
    return open_case(cast.initiative, "midyear", cast.staff)


@pytest.fixture
def post(rf):
    def post(**fields):
        request = rf.post("/")
        request.POST = QueryDict(mutable=True)
        request.POST.update(fields)
        request.session = SessionStore()
        return request

    return post


def test_opener_is_who_opened_which_form(cast, case, post):
    request = post(opened_by=keeping.opened_by(case, cast.staff))
    assert list(keeping.opener(request)) == [cast.staff.pk, cast.initiative.pk, "midyear"]


def test_what_was_signed_for_something_else_is_no_opener(cast, post):
    content = [cast.staff.pk, cast.initiative.pk, "midyear"]
    assert keeping.opener(post(opened_by=signing.dumps(content, salt=keeping.SALT))) is not None
    assert keeping.opener(post(opened_by=signing.dumps(content, salt="another"))) is None
    assert keeping.opener(post(opened_by=signing.dumps(content[:2], salt=keeping.SALT))) is None
    assert keeping.opener(post()) is None


def test_what_the_form_adds_itself_is_not_typed_text(post):
    request = post(csrfmiddlewaretoken="x", opened_by="y", version="3", issues="文\x00", outlook="2")
    assert keeping.typed_fields(request) == {"issues": "文\ufffd", "outlook": "2"}


def test_text_without_a_log_in_is_kept_for_its_writer(cast, case, post):
    request = post(opened_by=keeping.opened_by(case, cast.staff), issues="文")
    assert keeping.keep_in_session(request, 4)
    request.session.save()
    session = SessionStore(request.session.session_key)
    assert keeping.take_from_session(session, case, cast.staff) is True
    unsaved = keeping.unsaved_text(case, cast.staff)
    assert (unsaved.fields, unsaved.base_version, unsaved.at) == ({"issues": "文"}, 4, NOW)
    assert keeping.take_from_session(session, case, cast.staff) is None
    keeping.forget(case, cast.staff, unsaved.page)
    assert not UnsavedText.objects.exists()


def test_somebody_else_leaves_it_to_the_writer(cast, case, post):
    request = post(opened_by=keeping.opened_by(case, cast.staff), issues="文")
    keeping.keep_in_session(request, None)
    request.session.save()
    session = SessionStore(request.session.session_key)
    assert keeping.take_from_session(session, case, cast.manager) is False
    assert keeping.unsaved_text(case, cast.manager) is None
    assert keeping.unsaved_text(case, cast.staff).base_version == 0


def test_texts_of_two_forms_are_both_kept_even_when_the_session_goes(cast, case, post):
    other = open_case(cast.initiative, "self_evaluation", cast.staff)
    request = post()
    for one in (case, other):
        request.POST = QueryDict(mutable=True)
        request.POST.update({"opened_by": keeping.opened_by(one, cast.staff), "issues": one.phase.key})
        keeping.keep_in_session(request, 1)
    request.session.flush()
    for one in (case, other):
        assert keeping.unsaved_text(one, cast.staff).fields == {"issues": one.phase.key}


def test_text_of_a_sheet_that_has_gone_is_not_promised(cast, post):
    signed = signing.dumps([cast.staff.pk, 10**6, "midyear", "page"], salt=keeping.SALT)
    assert not keeping.keep_in_session(post(opened_by=signed, issues="文"), 1)


def test_text_of_another_form_waits(cast, case, post):
    request = post(opened_by=keeping.opened_by(case, cast.staff), issues="文")
    keeping.keep_in_session(request, 1)
    request.session.save()
    session = SessionStore(request.session.session_key)
    other = open_case(cast.initiative, "self_evaluation", cast.staff)
    assert keeping.take_from_session(session, other, cast.staff) is None
    assert keeping.SESSION_KEY in session


def test_nothing_is_kept_for_a_form_that_is_not_ours(post):
    request = post(opened_by="forged", issues="文")
    assert not keeping.keep_in_session(request, 1)
    assert keeping.SESSION_KEY not in request.session


def test_newer_text_replaces_older(cast, case):
    keeping.keep_for(cast.staff.pk, case, 1, {"issues": "前"})
    keeping.keep_for(cast.staff.pk, case, 2, {"issues": "後"})
    assert UnsavedText.objects.get().fields == {"issues": "後"}


def test_text_of_nobody_is_not_kept(cast, case):
    keeping.keep_for(10**6, case, 1, {"issues": "文"})
    assert not UnsavedText.objects.exists()
