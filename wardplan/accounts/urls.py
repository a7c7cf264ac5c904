from django.contrib.auth import views as auth_views
from django.urls import path, reverse_lazy

from . import views

app_name = "accounts"

urlpatterns = [
    path("login/", views.Login.as_view(), name="login"),
    path("logout/", auth_views.LogoutView.as_view(), name="logout"),
    path("keep-alive/", views.keep_alive, name="keep_alive"),
    path(
        "password/",
        auth_views.PasswordChangeView.as_view(
            template_name="accounts/password_form.html", success_url=reverse_lazy("reviews:my_work")
        ),
        name="password_change",
    ),
]
