from django.urls import path

from . import views, views_import, views_indicator, views_roll_over, views_sections, views_target

app_name = "initiatives"

urlpatterns = [
    path("<slug:ward>/<year:year>/plan/confirm/", views.plan_confirm, name="plan_confirm"),
    path("<slug:ward>/<year:year>/plan/publish/", views.plan_publish, name="plan_publish"),
    path("<slug:ward>/<year:year>/plan/import/", views_import.plan_import, name="plan_import"),
    path("<slug:ward>/<year:year>/plan/new-version/", views_import.plan_new_version, name="plan_new_version"),
    path("<slug:ward>/<year:year>/plan/roll-over/", views_roll_over.plan_roll_over, name="plan_roll_over"),
    path("<slug:ward>/<year:year>/plan/confirm-cells/", views_roll_over.confirm_cells, name="confirm_cells"),
    path("<slug:ward>/<year:year>/plan/sections/", views_sections.plan_sections, name="plan_sections"),
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
