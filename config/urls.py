"""The admin, where people work; a health check for machines; and what vendors post to."""

from django.contrib import admin
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from django.views.generic import RedirectView


def healthy(request: HttpRequest) -> HttpResponse:
    """200 when this process can reach its database."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return HttpResponse("ok", content_type="text/plain; charset=utf-8")


urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index", permanent=False)),
    path("healthz", healthy, name="healthz"),
    path("admin/", admin.site.urls),
    path("hooks/", include("integrations.webhooks.urls")),
]

handler400, handler403 = "config.errors.bad_request", "config.errors.permission_denied"
handler404, handler500 = "config.errors.not_found", "config.errors.server_error"
