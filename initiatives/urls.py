from django.urls import path

from . import views

app_name = "initiatives"

urlpatterns = [
    path("<slug:ward>/<year:year>/plan/confirm/", views.plan_confirm, name="plan_confirm"),
    path("<slug:ward>/<year:year>/plan/publish/", views.plan_publish, name="plan_publish"),
]
