from django.contrib.auth import views as auth_views
from django.contrib.auth.forms import AuthenticationForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from wardplan import errors


class LoginForm(AuthenticationForm):
    error_messages = {
        "invalid_login": "利用者IDかパスワードが違います。確かめて、もう一度入力してください。",
        "inactive": "この利用者IDは使えません。取りまとめ担当へ連絡してください。",
    }


class Login(auth_views.LoginView):
    template_name = "accounts/login.html"
    authentication_form = LoginForm
    redirect_authenticated_user = True


def login_in_place(request: HttpRequest, back: str, *, will_come_back: bool = False) -> HttpResponse:
    """Answer what was sent without a session with the log-in page, which shows what was typed.

    `will_come_back` says that the page behind the log-in puts it back into its fields.
    """
    context = {
        "form": LoginForm(request),
        "kept": errors.written_by_hand(request),
        "will_come_back": will_come_back,
        "next": back,
        "login_action": reverse("accounts:login"),
    }
    return render(request, "accounts/login.html", context)


@never_cache
@require_POST
def keep_alive(request):
    # That the session is asked for at all moves its end along (wardplan.idle).
    return HttpResponse(status=204 if request.user.is_authenticated else 401)
