from django.urls import path

from .views import indicator, plan, plan_import, roll_over, sections, target

app_name = "initiatives"

urlpatterns = [
    path("<slug:ward>/<year:year>/plan/confirm/", plan.plan_confirm, name="plan_confirm"),
    path("<slug:ward>/<year:year>/plan/publish/", plan.plan_publish, name="plan_publish"),
    path("<slug:ward>/<year:year>/plan/import/", plan_import.plan_import, name="plan_import"),
    path("<slug:ward>/<year:year>/plan/new-version/", plan_import.plan_new_version, name="plan_new_version"),
    path("<slug:ward>/<year:year>/plan/roll-over/", roll_over.plan_roll_over, name="plan_roll_over"),
    path("<slug:ward>/<year:year>/plan/confirm-cells/", roll_over.confirm_cells, name="confirm_cells"),
    path("<slug:ward>/<year:year>/plan/sections/", sections.plan_sections, name="plan_sections"),
    path(
        "<slug:ward>/<year:year>/<slug:number>/targets/<slug:key>/resolve/",
        target.resolve,
        name="resolve",
    ),
    path("indicators/", indicator.indicator_wards, name="indicator_wards"),
    # /<ward>/indicators/
    path("<slug:ward>/indicators/", indicator.indicators, name="indicators"),
    path("<slug:ward>/indicators/<int:pk>/", indicator.indicator, name="indicator"),
    path("<slug:ward>/indicators/<int:pk>/figure/", indicator.measurement_year, name="measurement_year"),
    path("<slug:ward>/indicators/<int:pk>/definition/", indicator.definition, name="indicator_definition"),
    path(
        "<slug:ward>/indicators/<int:pk>/definition/<int:change>/withdraw/",
        indicator.definition_withdraw,
        name="indicator_definition_withdraw",
    ),
    path("<slug:ward>/indicators/<int:pk>/direction/", indicator.direction, name="indicator_direction"),
    path("<slug:ward>/indicators/<int:pk>/<year:year>/", indicator.measurement, name="measurement"),
]
