import pytest

from initiatives.models import YearPlan
from tests.cast import hold, newcomer


@pytest.fixture
def lead(client):
    def lead(user):
        client.force_login(user)
        return client.get("/years/")

    return lead


def test_it_leads_to_this_fiscal_year(cast, lead):
    for year in (2019, 2021):
        YearPlan.objects.create(ward=cast.ward, fiscal_year=year, edition=cast.edition, status="confirmed")
    assert lead(cast.staff)["Location"] == "/mihon/2020/"


@pytest.mark.parametrize(
    ("moment", "year"), [("2021-03-31T23:59:59+09:00", 2020), ("2021-04-01T00:00:00+09:00", 2021)]
)
def test_the_year_changes_on_the_first_of_april_in_japan(cast, lead, clock, moment, year):
    YearPlan.objects.create(ward=cast.ward, fiscal_year=2021, edition=cast.edition, status="confirmed")
    clock.move_to(moment)
    user = newcomer()
    hold(user, cast.section, "staff")
    assert lead(user)["Location"] == f"/mihon/{year}/"


def test_without_this_year_s_plan_it_leads_to_the_newest(cast, lead):
    YearPlan.objects.filter(pk=cast.plan.pk).update(fiscal_year=2018)
    YearPlan.objects.create(ward=cast.ward, fiscal_year=2017, edition=cast.edition, status="confirmed")
    assert lead(cast.viewer)["Location"] == "/mihon/2018/"


def test_a_viewer_is_not_led_to_a_draft(cast, lead):
    YearPlan.objects.create(ward=cast.ward, fiscal_year=2019, edition=cast.edition, status="confirmed")
    cast.plan_in("draft")
    assert lead(cast.viewer)["Location"] == "/mihon/2019/"
    assert lead(cast.staff)["Location"] == "/mihon/2020/"


def test_without_any_plan_it_says_so_at_the_first_page(cast, lead, client):
    YearPlan.objects.filter(pk=cast.plan.pk).delete()
    response = lead(cast.viewer)
    assert response["Location"] == "/"
    assert "見られる計画は、まだありません。" in client.get("/").content.decode()


def test_without_any_plan_the_admin_is_led_to_taking_one_in(cast, lead, client):
    response = lead(cast.other_ward)
    assert response["Location"] == "/tonari/2020/plan/import/"
    assert (
        "計画は、まだありません。ここから取り込めます。" in client.get(response["Location"]).content.decode()
    )


def test_anonymous_logs_in(cast, client):
    assert client.get("/years/")["Location"] == "/accounts/login/?next=/years/"
