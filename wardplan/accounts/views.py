from django.contrib.auth import views as auth_views
from django.contrib.auth.forms import AuthenticationForm
from django.http import HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST


class LoginForm(AuthenticationForm):
    error_messages = {
        "invalid_login": "利用者IDかパスワードが違います。確かめて、もう一度入力してください。",
        "inactive": "この利用者IDは使えません。取りまとめ担当へ連絡してください。",
    }


class Login(auth_views.LoginView):
    template_name = "accounts/login.html"
    authentication_form = LoginForm
    redirect_authenticated_user = True


@never_cache
@require_POST
def keep_alive(request):
    # That the session is asked for at all moves its end along (wardplan.idle).
    return HttpResponse(status=204 if request.user.is_authenticated else 401)
