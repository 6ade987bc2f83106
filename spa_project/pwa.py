"""The progressive web app: manifest, service worker and offline page.

The worker caches the offline page and nothing else. Data always comes from the server.
"""

import json

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import get_language, gettext
from django.views.decorators.cache import cache_control

from accounts.branches import BRANCH_COOKIE, visited_branch
from spa_project.lib.fingerprint import fingerprint

THEME = "#1f6b57"
GROUND = "#f5f3ed"
#: Files of the offline page.
SHELL = (
    "css/tokens.css",
    "css/base.css",
    "css/parts.css",
    "img/icon.svg",
    "vendor/lucide-icons.svg",
    "js/pwa.js",
    "js/pages/offline.js",
)


@cache_control(no_cache=True)
def manifest(request: HttpRequest) -> HttpResponse:
    """Return the application's name and icons (W3C, Web Application Manifest)."""
    branch = visited_branch(request.COOKIES.get(BRANCH_COOKIE))
    icons = [("img/icon-192.png", "192x192", "any"), ("img/icon-512.png", "512x512", "any")]
    icons.append(("img/icon-maskable-512.png", "512x512", "maskable"))
    content = {
        "id": reverse("home"),
        "name": branch.name if branch else gettext("Spa"),
        "short_name": branch.name if branch else gettext("Spa"),
        "lang": get_language(),
        "start_url": reverse("home"),
        "scope": reverse("home"),
        "display": "standalone",
        "theme_color": THEME,
        "background_color": GROUND,
        "icons": [
            {"src": static(path), "sizes": sizes, "type": "image/png", "purpose": purpose}
            for path, sizes, purpose in icons
        ],
    }
    return JsonResponse(content, content_type="application/manifest+json")


@cache_control(no_cache=True)
def service_worker(request: HttpRequest) -> HttpResponse:
    """Return the worker's script, at the root: it may only serve addresses below its own."""
    page = reverse("offline")
    files = [static(path) for path in SHELL]
    # Another language or release needs another cache.
    version = fingerprint([page, files, get_language()])[:12]
    shell = {"name": f"shell-{version}", "page": page, "files": files}
    return render(
        request, "service-worker.js", {"shell": json.dumps(shell)}, content_type="text/javascript"
    )


def offline(request: HttpRequest) -> HttpResponse:
    """Show the page for browsers without a connection, which retries by itself."""
    return render(request, "offline.html")
