import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from initiatives.models import Event, Initiative, PlanPhase
from reviews.models import Review
from tests.cast import NOW

URL = "/queue/"


@pytest.fixture
def read(client):
    def read(user):
        client.force_login(user)
        response = client.get(URL)
        assert response.status_code == 200
        return response.content.decode()

    return read


def add_initiative(cast, number, **fields):
    return Initiative.objects.create(
        plan=cast.plan,
        number=str(number),
        position=number * 1_000_000,
        title=f"取組{number}",
        section=cast.section,
        **fields,
    )


def test_queue_shows_submitter_marks_due_and_whole_text(cast, read):
    cast.review_in("submitted")
    page = read(cast.manager)
    assert "人と人とのつながりづくり" in page
    assert "担当 太郎 9月22日(火)12:00" in page
    assert "10月2日(金)17:15 あと5日" in page
    assert "初めての提出" in page
    assert '<span class="mark-symbol mark-forcing">②</span>' in page
    assert "若年層の参加が少ない。\n区役所のSNSでの発信を増やし、参加を呼びかける。" in page


def test_decisions_are_forms_with_the_version_the_manager_sees(cast, read):
    review = cast.review_in("submitted")
    page = read(cast.manager)
    for verb in ("approve", "return"):
        form = page.split(f'action="/mihon/2020/1/midyear/{verb}/"')[1].split("</form>")[0]
        assert f'name="version" value="{review.version}"' in form
        assert 'name="next" value="/queue/"' in form
        assert "csrfmiddlewaretoken" in form
    assert 'name="reason"' in form
    assert "この欄も公開請求の対象になります。" in form
    assert 'name="until"' not in page
    assert 'href="/mihon/2020/1/midyear/"' in page


def test_return_in_a_closed_window_asks_for_a_date(cast, read):
    cast.review_in("submitted")
    cast.set_window("midyear", "closed")
    assert 'name="until"' in read(cast.manager)


def test_resubmission_says_so_and_quotes_the_return(cast, read):
    review = cast.review_in("returned")
    Review.objects.filter(pk=review.pk).update(
        status="submitted", version=review.version + 1, submitted_by=cast.staff
    )
    Event.objects.create(
        ward=cast.ward,
        fiscal_year=2020,
        initiative=cast.initiative,
        phase="midyear",
        version=review.version + 1,
        verb="submit",
        from_status="returned",
        to_status="submitted",
        by=cast.staff,
        by_name=cast.staff.name,
        at=NOW,
    )
    page = read(cast.manager)
    assert "<b>再提出</b>" in page
    assert "改善策を具体的に書いてください。" in page
    assert "担当 太郎 9月25日(金)10:00" in page


def test_own_submission_has_no_decision(cast, read):
    cast.review_in("submitted", submitted_by=cast.manager)
    page = read(cast.manager)
    assert "自分が提出したため承認できません。" in page
    assert "/approve/" not in page
    assert "/return/" not in page
    assert "字句を直す" not in page
    assert "/approve/" in read(cast.second_manager)


def test_deputy_sees_the_queue_too(cast, read):
    cast.review_in("submitted")
    assert "/mihon/2020/1/midyear/approve/" in read(cast.deputy)


def test_queue_holds_only_what_waits_in_the_own_section(cast, read):
    cast.review_in("submitted")
    cast.review_in("draft", "self_evaluation")
    page = read(cast.manager_other_section)
    assert "人と人とのつながりづくり" not in page
    assert "承認を待っているシートはありません" in page
    assert "自己評価" not in read(cast.manager)


def test_rows_stand_by_due_date_then_by_number(cast, read):
    PlanPhase.objects.filter(phase="midyear").update(due_at=NOW + datetime.timedelta(days=1))
    for number in (10, 9):
        cast.review_in("submitted", initiative=add_initiative(cast, number))
    cast.review_in("submitted", "self_evaluation")
    page = read(cast.manager)
    places = [page.index(words) for words in ("取組9", "取組10", "人と人との")]
    assert places == sorted(places)


def test_text_is_escaped(cast, read):
    cast.review_in("submitted", answers=cast.answers(issues="<script>alert(1)</script>"))
    page = read(cast.manager)
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


@pytest.mark.parametrize("who", ["staff", "viewer", "admin"])
def test_queue_is_for_managers(cast, client, who):
    client.force_login(cast.actor(who))
    response = client.get(URL)
    assert response.status_code == 403
    assert "課長承認待ちを見られるのは、担当課の課長(承認者)です。" in response.content.decode()


def test_other_wards_manager_sees_nothing_of_this_one(cast, read):
    cast.review_in("submitted")
    assert "承認を待っているシートはありません" in read(cast.other_ward)


def test_stranger_is_asked_to_log_in(cast, client):
    assert client.get(URL)["Location"] == "/accounts/login/?next=/queue/"


def test_approving_from_the_queue_leads_back_to_it(cast, client):
    review = cast.review_in("submitted")
    client.force_login(cast.manager)
    response = client.post(
        "/mihon/2020/1/midyear/approve/", {"version": review.version, "next": URL}, follow=True
    )
    assert response.redirect_chain == [(URL, 302)]
    assert cast.review().status == "approved"
    assert "承認を待っているシートはありません" in response.content.decode()


def test_queries_do_not_grow_with_the_queue(cast, client):
    client.force_login(cast.manager)
    counts = []
    for numbers in (range(3, 4), range(4, 6), range(6, 33)):
        for number in numbers:
            initiative = add_initiative(cast, number)
            for phase in ("midyear", "self_evaluation"):
                cast.review_in("submitted", phase, initiative=initiative)
        client.get(URL)
        with CaptureQueriesContext(connection) as queries:
            page = client.get(URL).content.decode()
        counts.append(len(queries))
    assert page.count("/approve/") == 60
    assert counts[0] == counts[1] == counts[2] <= 3 + 7
