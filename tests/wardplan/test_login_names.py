import pytest
from django.test import RequestFactory

from wardplan.login_names import lock_key


@pytest.mark.parametrize("name", ["staff", "STAFF", "ｓｔａｆｆ", "ＳＴＡＦＦ", " staff ", "\u3000staff"])
def test_spellings_of_one_name_share_a_lock(name):
    assert lock_key(None, {"username": name}) == "staff"


def test_name_comes_from_the_form_without_credentials():
    request = RequestFactory().post("/accounts/login/", {"username": "Ｓtaff"})
    assert lock_key(request, None) == "staff"


def test_missing_name_counts_as_empty():
    assert lock_key(RequestFactory().post("/accounts/login/"), None) == ""
    assert lock_key(None, None) == ""


def test_name_that_grows_still_fits_its_column():
    assert len(lock_key(None, {"username": "\ufdfa" * 150})) == 255
