import pytest
from django.core.exceptions import PermissionDenied
from django.db import InterfaceError, OperationalError
from django.http import HttpResponse
from django.middleware.csrf import (
    REASON_BAD_ORIGIN,
    REASON_BAD_REFERER,
    REASON_CSRF_TOKEN_MISSING,
    REASON_NO_CSRF_COOKIE,
    CsrfViewMiddleware,
)
from django.test import RequestFactory

from wardplan import errors

TEXT = "課題は<b>回収率</b>である。\n改善策は次のとおり。"


@pytest.fixture
def post():
    def build(**headers):
        fields = {"issues": TEXT, "outlook": "2", "version": "12", "password": "ひみつ"}
        return RequestFactory().post("/mihon/2020/1/midyear/", fields, headers=headers)

    return build


def accepted(request):
    """Let the CSRF check pass, as it has before any view runs."""
    request._dont_enforce_csrf_checks = True
    CsrfViewMiddleware(lambda _: HttpResponse()).process_view(request, None, (), {})
    return request


def body(response):
    return response.content.decode()


@pytest.mark.parametrize("reason", [REASON_CSRF_TOKEN_MISSING, "CSRF token from POST incorrect."])
def test_csrf_failure_hands_back_text_when_only_the_token_is_wrong(post, reason):
    response = errors.csrf_failure(post(), reason)
    assert response.status_code == 403
    assert "課題は&lt;b&gt;回収率&lt;/b&gt;である。\n改善策は次のとおり。" in body(response)
    assert "ひみつ" not in body(response)


@pytest.mark.parametrize("reason", [REASON_BAD_ORIGIN % "https://evil.example", REASON_BAD_REFERER % "x"])
def test_csrf_failure_never_shows_text_of_another_site(post, reason):
    page = body(errors.csrf_failure(post(), reason))
    assert "改善策は次のとおり" not in page
    assert "この画面の外から送られたため" in page


def test_csrf_failure_without_cookie_trusts_only_a_checked_origin(post):
    assert "改善策は次のとおり" not in body(errors.csrf_failure(post(), REASON_NO_CSRF_COOKIE))
    from_here = post(Origin="http://testserver")
    assert "改善策は次のとおり" in body(errors.csrf_failure(from_here, REASON_NO_CSRF_COOKIE))


@pytest.mark.parametrize(
    ("referer", "link"),
    [("http://testserver/mihon/2020/1/", "/mihon/2020/1/"), ("http://evil.example/", "/")],
)
def test_csrf_failure_leads_back_to_pages_of_this_site_only(post, referer, link):
    page = body(errors.csrf_failure(post(Referer=referer), REASON_CSRF_TOKEN_MISSING))
    assert f'<a class="btn btn-primary" href="{link}">画面を開き直す</a>' in page


@pytest.mark.parametrize("exception", [OperationalError("server closed"), InterfaceError("gone")])
def test_database_unavailable_is_503_with_the_typed_text(post, exception):
    response = errors.DatabaseUnavailable(None).process_exception(accepted(post()), exception)
    assert response.status_code == 503
    assert response["Retry-After"] == "60"
    assert "改善策は次のとおり" in body(response)
    assert "server closed" not in body(response)


def test_database_unavailable_leaves_other_exceptions_alone(post):
    assert errors.DatabaseUnavailable(None).process_exception(post(), ValueError()) is None


def test_server_error_hands_back_text_only_after_the_csrf_check(post):
    assert "改善策は次のとおり" in body(errors.server_error(accepted(post())))
    assert "改善策は次のとおり" not in body(errors.server_error(post()))


def test_server_error_outside_a_view_still_says_that_the_database_is_away(post):
    try:
        raise OperationalError("session could not be saved")
    except OperationalError:
        assert errors.server_error(post()).status_code == 503


def test_permission_denied_shows_its_sentence(rf):
    response = errors.permission_denied(rf.get("/"), PermissionDenied("自分が提出したため承認できません。"))
    assert response.status_code == 403
    assert "自分が提出したため承認できません。" in body(response)


def test_bad_request_and_server_error_need_no_database(rf):
    # No database mark: any query would fail the test.
    assert "内容を受け取れませんでした" in body(errors.bad_request(rf.get("/")))
    assert "画面を表示できませんでした" in body(errors.server_error(rf.get("/")))


@pytest.mark.django_db
def test_unknown_page_is_404_in_plain_words(client):
    response = client.get("/no-such-page/at/all/anywhere/")
    assert response.status_code == 404
    assert "ページが見つかりません" in body(response)


def test_conflict_says_what_happened_and_keeps_the_reason(rf):
    response = errors.conflict(
        rf.get("/"),
        title="他の方が先に保存しました",
        happened="谷口さんが承認しました。",
        your_action="差戻しは行われませんでした。",
        next_step="企画担当へ依頼してください。",
        kept={"理由": TEXT},
        kept_label="書いた理由",
        actions=[("課長承認待ちへ戻る", "/queue/")],
    )
    page = body(response)
    assert response.status_code == 409
    assert page.index("差戻しは行われませんでした。") < page.index("書いた理由") < page.index("次にすること")
    assert "改善策は次のとおり。" in page
    assert '<a class="btn btn-primary" href="/queue/">課長承認待ちへ戻る</a>' in page
