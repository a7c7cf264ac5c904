from django.urls import path

from .views import public

app_name = "public"

urlpatterns = [
    path("<slug:ward>/", public.ward, name="ward"),
    path("<slug:ward>/<year:year>/", public.year, name="year"),
    path("<slug:ward>/<year:year>/<slug:number>/", public.sheet, name="sheet"),
]
