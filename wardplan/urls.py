from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path, register_converter

from wardplan.fiscal_year import FiscalYearConverter

handler400 = "wardplan.errors.bad_request"
handler403 = "wardplan.errors.permission_denied"
handler404 = "wardplan.errors.page_not_found"
handler500 = "wardplan.errors.server_error"

register_converter(FiscalYearConverter, "year")

# Fixed words come first and <ward>/<year>/ last: a ward must never take over a word such as "admin".
urlpatterns: list[URLPattern | URLResolver] = [
    path("admin/", admin.site.urls),
    path("accounts/", include("wardplan.accounts.urls")),
    path("public/", include("reviews.urls_public")),
    path("", include("initiatives.urls")),
    path("", include("reviews.urls")),
]
