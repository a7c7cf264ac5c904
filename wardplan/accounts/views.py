from django.contrib.auth import views as auth_views
from django.contrib.auth.forms import AuthenticationForm


class LoginForm(AuthenticationForm):
    error_messages = {
        "invalid_login": "利用者IDかパスワードが違います。確かめて、もう一度入力してください。",
        "inactive": "この利用者IDは使えません。取りまとめ担当へ連絡してください。",
    }


class Login(auth_views.LoginView):
    template_name = "accounts/login.html"
    authentication_form = LoginForm
    redirect_authenticated_user = True
