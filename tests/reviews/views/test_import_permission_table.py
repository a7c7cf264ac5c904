"""The rows `import` of tests/data/permissions.csv over HTTP: upload a file with one sheet, then apply it."""

import io

import pytest
from openpyxl import load_workbook

from initiatives.models import Event
from tests.cast import Cast, scratch, snapshot
from tests.permission_table import REVIEW_CASES, Case, Row
from tests.reviews.views.test_importing import MINE, apply, client_of, upload
from tests.reviews.workbook.returned import exported, filled, page_of

CASES = [case for case in REVIEW_CASES if case.action == "import"]
FIELDS = {"midyear": "issues", "self_evaluation": "results"}


def file_of(world: Cast, case: Case) -> bytes:
    """Build the state, and write one sheet's file that changes something in it."""
    world.set_window(case.phase, case.window)
    world.review_in(case.state, case.phase)
    name = f"{case.phase}_{FIELDS[case.phase]}"
    book = load_workbook(io.BytesIO(filled(exported(world.admin, world.plan), "1", **{name: MINE})))
    book.remove(page_of(book, "2"))
    saved = io.BytesIO()
    book.save(saved)
    return saved.getvalue()


def answer_of(row: Row, world: Cast, content: bytes) -> str:
    client = client_of(world.actor(row.actor))
    before, events = snapshot(), Event.objects.count()
    response = upload(client, content)
    if response.status_code == 200:
        response = apply(client, response)
    elif response.status_code == 409:
        # Applying what the preview refused is refused as well.
        response = apply(client, response, 409)
    if response.status_code == 302:
        if response["Location"].startswith("/accounts/login/"):
            answer = "login"
        else:
            assert Event.objects.count() == events + 1
            event = Event.objects.latest("pk")
            assert (event.verb, event.by) == ("import", world.actor(row.actor))
            return "ok_late" if event.late else "ok"
    elif response.status_code == 409 and MINE in response.content.decode():
        answer = "409_text_kept"
    else:
        answer = str(response.status_code)
    return answer if snapshot() == before else f"{answer}, but something was written"


@pytest.mark.django_db
@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_import_row_over_http(world: Cast, case: Case) -> None:
    wrong = []
    with scratch():
        content = file_of(world, case)
        for row in case.rows:
            with scratch():
                answer = answer_of(row, world, content)
            if answer != row.expected and (row.expected, answer) != ("409", "409_text_kept"):
                wrong.append(row.wrong(answer))
    assert wrong == []
