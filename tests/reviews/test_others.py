import datetime

import pytest

from reviews import workflow
from reviews.models import UnsavedText
from reviews.others import RECENT
from tests.cast import NOW
from tests.pages import Page

FORM = "/mihon/2020/1/midyear/"
SECOND = datetime.timedelta(seconds=1)


@pytest.fixture
def notices(cast, client):
    def notices(user):
        client.force_login(user)
        return [notice for notice in Page(client.get(FORM)).notices if "さんが" in notice]

    return notices


def save(cast, user, at):
    version = cast.events()[-1].version if cast.events() else 0
    answers = cast.answers(issues=f"{version}回目の文")
    workflow.save(cast.initiative, "midyear", by=user, at=at, version=version, answers=answers)


def type_text(cast, user, at):
    UnsavedText.objects.create(
        user=user,
        initiative=cast.initiative,
        phase="midyear",
        base_version=0,
        fields={"issues": "ひみつの書きかけ"},
        at=at,
    )


def test_who_saved_a_moment_ago_is_named_with_the_time(cast, notices):
    save(cast, cast.second_staff, NOW - datetime.timedelta(minutes=14))
    assert "担当 次郎さんが9:46に保存しました。" in notices(cast.staff)[0]
    assert notices(cast.second_staff) == []


def test_who_types_is_named_but_never_what(cast, client, notices):
    type_text(cast, cast.second_staff, NOW - RECENT + SECOND)
    assert "担当 次郎さんが書いています。" in notices(cast.staff)[0]
    assert "ひみつの書きかけ" not in client.get(FORM).content.decode()


def test_one_person_is_named_once(cast, notices):
    save(cast, cast.second_staff, NOW - SECOND)
    type_text(cast, cast.second_staff, NOW)
    (notice,) = notices(cast.staff)
    assert notice.count("担当 次郎さん") == 1


def test_what_is_older_than_a_quarter_of_an_hour_is_past(cast, notices):
    save(cast, cast.second_staff, NOW - RECENT)
    type_text(cast, cast.manager, NOW - RECENT)
    assert notices(cast.staff) == []


def test_own_save_after_another_ones_says_nothing(cast, notices):
    save(cast, cast.second_staff, NOW - 2 * SECOND)
    save(cast, cast.staff, NOW - SECOND)
    assert notices(cast.staff) == []


def test_what_was_typed_before_the_submission_is_past(cast, notices):
    type_text(cast, cast.second_staff, NOW - 3 * SECOND)
    save(cast, cast.staff, NOW - 2 * SECOND)
    workflow.submit(
        cast.initiative, "midyear", by=cast.staff, at=NOW - SECOND, version=1, answers=cast.answers()
    )
    assert notices(cast.manager) == []
    UnsavedText.objects.update(at=NOW)
    assert "担当 次郎さんが書いています。" in notices(cast.manager)[0]
