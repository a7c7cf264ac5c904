import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from initiatives.models import Event
from initiatives.workflow import TRANSITIONS
from reviews.admin import PLAN_VERB_WORDS

EVENTS = "/admin/initiatives/event/"
SECRET = "若年層の参加が少ない。"


def page(response, status=200):
    assert response.status_code == status
    return response.content.decode()


@pytest.fixture
def as_admin(client, cast):
    client.force_login(cast.admin)
    return client


def test_the_record_tells_who_did_what_and_not_what_was_written(as_admin, cast):
    cast.review_in("returned")
    html = page(as_admin.get(EVENTS))
    for word in ("一時保存", "提出", "差戻し", "確定", "担当 太郎", "1 人と人とのつながりづくり", "年間計画"):
        assert word in html
    for event in Event.objects.all():
        html += page(as_admin.get(f"{EVENTS}{event.pk}/change/"))
    assert SECRET not in html
    assert "改善策を具体的に" not in html


def test_the_record_speaks_the_words_of_the_office(as_admin, cast):
    assert set(PLAN_VERB_WORDS) >= set(TRANSITIONS)
    cast.review_in("submitted")
    html = page(as_admin.get(EVENTS))
    event = page(as_admin.get(f"{EVENTS}{cast.events()[0].pk}/change/"))
    for shown in (html, event):
        assert "中間振り返り" in shown and "midyear" not in shown
    cast.edition.labels["phase.midyear"] = "年度の途中"
    cast.edition.save()
    assert "年度の途中" in page(as_admin.get(EVENTS))


def test_the_record_is_not_asked_for_what_was_written(as_admin, cast):
    cast.review_in("draft")
    for lookup in ("content__contains", "content__answers__issues__startswith", "reason__contains"):
        assert as_admin.get(EVENTS, {lookup: SECRET}).status_code == 400


def test_the_record_is_append_only(as_admin, cast):
    event = cast.review_in("draft") and cast.events()[0]
    page(as_admin.get(f"{EVENTS}add/"), 403)
    page(as_admin.post(f"{EVENTS}{event.pk}/change/", {"verb": "approve", "by_name": "別人"}), 403)
    page(as_admin.post(f"{EVENTS}{event.pk}/delete/", {"post": "yes"}), 403)
    assert cast.events() == [event]
    assert cast.events()[0].by_name == "担当 太郎"


def test_the_record_of_another_ward_is_not_found(client, cast):
    client.force_login(cast.other_ward)
    cast.review_in("draft")
    assert list(client.get(EVENTS).context["cl"].queryset) == []
    page(client.get(f"{EVENTS}{cast.events()[0].pk}/change/"), 404)


def test_the_record_costs_the_same_with_1_3_and_30_rows(as_admin, cast):
    as_admin.get(EVENTS)  # touches the session
    costs = []
    for rows in (1, 3, 30):
        Event.objects.filter(initiative=cast.initiative).delete()
        Event.objects.bulk_create(
            Event(
                ward=cast.ward,
                fiscal_year=2020,
                initiative=cast.initiative,
                phase="midyear",
                version=version,
                verb="save",
                from_status="draft",
                to_status="draft",
                by=cast.staff,
                by_name=cast.staff.name,
                at=cast.plan_events()[0].at,
            )
            for version in range(rows)
        )
        with CaptureQueriesContext(connection) as queries:
            page(as_admin.get(EVENTS))
        costs.append(len(queries))
    assert len(set(costs)) == 1, costs
