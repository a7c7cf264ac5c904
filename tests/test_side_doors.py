"""The permission table at the side doors: the admin site and autosave, which must answer as the pages do.

The third one, the Excel import, has rows of its own in the table: tests/reviews/views.
"""

import pytest
from django.test import Client

from initiatives.models import Event, YearPlan
from tests.cast import difference, scratch, snapshot
from tests.initiatives.test_admin import filled_in
from tests.permission_table import PLAN_CASES, REVIEW_CASES, Case, Row

PLAN = "/admin/initiatives/yearplan/{plan}/change/"
DELETE = "/admin/initiatives/yearplan/{plan}/delete/"
ITEM = "/admin/initiatives/initiative/{item}/change/"
SECTION = "/admin/initiatives/initiative/{item}/section/"
# What no form of the admin site asks for, and a browser can be made to send.
FORGED = {"status": "published", "version": "99", "answers": '{"issues": "裏口から"}', "submitted_by": "1"}


def client_of(world, word):
    client = Client()
    if word != "anonymous":
        client.force_login(world.actor(word))
    return client


# ---- the admin site --------------------------------------------------------------------------------------


def form_of(world, action):
    """Give (address, fields): what the admin's browser sends for an act, forged fields with it."""
    places = {"plan": world.plan.pk, "item": world.initiative.pk}
    if action == "delete":
        return DELETE.format(**places), {"post": "yes", **FORGED}
    if action == "assign_section":
        return SECTION.format(**places), {"section": world.other_section.pk, **FORGED}
    address = ITEM.format(**places)
    sent = filled_in(client_of(world, "admin").get(address), **FORGED)
    return address, {**sent, "title": "裏口からの題名"}


def answer_of(world, row, address, sent, before):
    """Send it as somebody, and answer in the words of the table."""
    events = Event.objects.count()
    response = client_of(world, row.actor).post(address, sent)
    if response.status_code == 302 and response["Location"].startswith("/accounts/login/"):
        answer = "login"
    elif Event.objects.count() == events + 1:
        event = Event.objects.latest("pk")
        told = (event.verb, event.by, event.from_status, event.version)
        expected = (row.action, world.actor(row.actor), row.state, world.plan.version + 1)
        return "ok" if told == expected else f"{told} instead of {expected}"
    elif response.status_code == 403 and row.actor == "admin":
        answer = "409"  # the state's refusal: the site offers no such form then
    else:
        answer = str(response.status_code)
    return answer if not difference(before, snapshot()) else f"{answer}, but something was written"


@pytest.mark.django_db
@pytest.mark.parametrize(
    "case",
    [case for case in PLAN_CASES if case.action in ("edit", "delete", "assign_section")],
    ids=str,
)
def test_plan_rows_through_the_admin_site(world, case: Case):
    wrong = []
    with scratch():
        world.plan_in("draft")  # in which the form has all its fields
        address, sent = form_of(world, case.action)
        world.plan_in(case.state)
        before = snapshot()
        for row in case.rows:
            with scratch():
                answer = answer_of(world, row, address, sent, before)
                plan = YearPlan.objects.filter(pk=world.plan.pk).first()
                if plan is not None and plan.status != case.state:
                    answer = f"the plan is {plan.status}"
            # A viewer does not come in here at all, and so learns nothing of a draft either.
            expected = "403" if (row.actor, row.expected) == ("viewer", "404") else row.expected
            wrong += [row.wrong(answer)] if answer != expected else []
    assert not wrong, "\n" + "\n".join(wrong)


@pytest.mark.django_db
@pytest.mark.parametrize("state", ["draft", "confirmed", "published"])
def test_status_and_version_of_a_plan_cannot_be_sent(world, state):
    with scratch():
        plan = world.plan_in(state)
        world.review_in("approved")
        client, address = client_of(world, "admin"), PLAN.format(plan=plan.pk)
        before = snapshot()
        client.post(address, filled_in(client.get(address), **FORGED))
        plan.refresh_from_db()
        assert plan.status == state
        changed = difference(before, snapshot())
        assert changed.keys() <= {"YearPlan", "Event"}  # at most: saved once more, with nothing changed
        assert {"YearPlan", "Event"} <= changed.keys() or not changed
        assert plan.version <= {"draft": 0, "confirmed": 1, "published": 2}[state] + 1


@pytest.mark.django_db
@pytest.mark.parametrize("model", ["review", "unsavedtext", "note", "publishedsheet"])
def test_what_a_review_says_has_no_page_in_the_admin_site(world, model):
    client, before = client_of(world, "admin"), snapshot()
    for app in ("reviews", "initiatives"):
        for ending in ("", "add/", "1/change/", "1/delete/"):
            for answer in (client.get, client.post):
                assert answer(f"/admin/{app}/{model}/{ending}").status_code == 404
    assert not difference(before, snapshot())


# ---- autosave --------------------------------------------------------------------------------------------

SAVE_CASES = [case for case in REVIEW_CASES if case.action == "save"]
CODES = {
    "ok": 200,
    "ok_late": 200,
    "ok_if_not_own_submission": 200,
    "login_text_kept": 401,
    "403": 403,
    "404": 404,
    "409": 409,
    "409_text_kept": 409,
}
FIELDS = {"midyear": "issues", "self_evaluation": "results"}


def autosave(world, row: Row, version: int, before) -> tuple[int, object]:
    """Autosave as somebody; give the code and what is wrong with what was written."""
    address = f"/mihon/2020/1/{row.phase.replace('_', '-')}/autosave/"
    sent = {"version": version, FIELDS[row.phase]: "まだ保存していない文。"}
    code = client_of(world, row.actor).post(address, sent).status_code
    changed = difference(before, snapshot())
    return code, changed if changed != ({"UnsavedText": (1, 0, 0)} if code == 200 else {}) else ""


@pytest.mark.django_db
@pytest.mark.parametrize("case", SAVE_CASES, ids=str)
def test_autosave_asks_the_permission_of_a_save(world, case: Case):
    wrong = []
    with scratch():
        world.set_window(case.phase, case.window)
        version = world.review_in(case.state, case.phase).version
        before = snapshot()
        for row in case.rows:
            with scratch():
                code, written = autosave(world, row, version, before)
            if (code, written) != (CODES[row.expected], ""):
                wrong.append(row.wrong((code, written)))
            if row.expected == "ok_if_not_own_submission":
                with scratch():
                    world.review_in(case.state, case.phase, submitted_by=world.actor(row.actor))
                    code, written = autosave(world, row, version, snapshot())
                if (code, written) != (403, ""):
                    wrong.append(row.wrong(("own submission", code, written)))
    assert not wrong, "\n" + "\n".join(wrong)
