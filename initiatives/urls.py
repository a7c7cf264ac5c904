from django.urls import path

from . import views, views_indicator, views_target

app_name = "initiatives"

urlpatterns = [
    path("<slug:ward>/<year:year>/plan/confirm/", views.plan_confirm, name="plan_confirm"),
    path("<slug:ward>/<year:year>/plan/publish/", views.plan_publish, name="plan_publish"),
    path(
        "<slug:ward>/<year:year>/<slug:number>/targets/<slug:key>/resolve/",
        views_target.resolve,
        name="resolve",
    ),
    # /<ward>/indicators/
    path("<slug:ward>/indicators/", views_indicator.indicators, name="indicators"),
    path("<slug:ward>/indicators/<int:pk>/", views_indicator.indicator, name="indicator"),
    path(
        "<slug:ward>/indicators/<int:pk>/figure/", views_indicator.measurement_year, name="measurement_year"
    ),
    path("<slug:ward>/indicators/<int:pk>/<year:year>/", views_indicator.measurement, name="measurement"),
]
