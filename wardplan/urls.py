from django.urls import URLPattern, URLResolver

handler400 = "wardplan.errors.bad_request"
handler403 = "wardplan.errors.permission_denied"
handler404 = "wardplan.errors.page_not_found"
handler500 = "wardplan.errors.server_error"

# Fixed words come first and <ward>/<year>/ last: a ward must never take over a word such as "admin".
urlpatterns: list[URLPattern | URLResolver] = []
