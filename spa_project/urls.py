"""URLs of the whole site."""

from django.contrib import admin
from django.urls import include, path
from django.views.i18n import set_language

from accounts.views import StaffLoginView
from spa_project import first_day
from spa_project.api import api
from spa_project.api_docs import docs, openapi
from spa_project.health import healthz, metrics, readyz
from spa_project.lib.web.changes import changes_view
from spa_project.pwa import manifest, offline, service_worker

urlpatterns = [
    path("", first_day.home, name="home"),
    path("first-day/", include(first_day.urlpatterns)),
    path("", include("accounts.urls")),
    path("", include("catalog.urls")),
    path("", include("queueing.urls")),
    path("", include("payments.urls")),
    path("", include("spa_project.chain.urls")),
    path("api/docs", docs, name="api-docs"),
    path("api/openapi.json", openapi, name="openapi"),
    path("api/", api.urls),
    path("admin/changes/", admin.site.admin_view(changes_view), name="changes"),
    # One login page for all: Django's own is without our words, look and languages.
    path("admin/login/", StaffLoginView.as_view(next_page="admin:index"), name="admin-login"),
    path("admin/", admin.site.urls),
    path("language/", set_language, name="set_language"),
    path("manifest.webmanifest", manifest, name="manifest"),
    path("service-worker.js", service_worker, name="service_worker"),
    path("offline/", offline, name="offline"),
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("metrics", metrics, name="metrics"),
]

handler400 = "spa_project.lib.web.error_views.bad_request"
handler403 = "spa_project.lib.web.error_views.forbidden"
handler404 = "spa_project.lib.web.error_views.not_found"
handler500 = "spa_project.lib.web.error_views.server_error"
