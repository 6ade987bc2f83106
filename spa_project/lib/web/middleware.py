"""Middleware: compression, security headers, rate limits, the replica alone, and a log line."""

import logging
import time
from collections.abc import Callable
from typing import TypeAlias

from django.conf import settings
from django.db import connections
from django.http import HttpRequest, HttpResponse
from django.middleware.gzip import GZipMiddleware
from django.urls import Resolver404, resolve, reverse

from spa_project.lib.db.replica import primary_answers
from spa_project.lib.db.router import REPORTS, replica_alone
from spa_project.lib.errors import Invalid, RateLimited
from spa_project.lib.known_clients import set_cookie
from spa_project.lib.logs import describe
from spa_project.lib.rate_limits import LOGINS, REQUESTS
from spa_project.lib.request_context import bind, current
from spa_project.lib.web.error_views import problem, route_of

logger = logging.getLogger("spa.requests")

#: URL names at which passwords and PINs are entered.
PROOFS = ("/login/", "/unlock/", "/pin/")

View: TypeAlias = Callable[[HttpRequest], HttpResponse]

PERMISSIONS = "camera=(), microphone=(), geolocation=(), payment=(), usb=()"
#: Paths that our own monitoring reads, without a rate limit.
UNLIMITED = frozenset({"/healthz", "/readyz", "/metrics"})
#: Below this path managers send pictures, price lists and forms of the whole menu.
UPLOADS = "/admin/catalog/"
#: URL names of what shows the past only, and says how old it is (`urls.py`, `api.py`).
READ_WITHOUT_PRIMARY = frozenset({"reports", "api-1:therapist_day"})


def content_policy() -> str:
    """Return the setting `SECURE_CSP` as a header, which Django 6 does itself."""
    return "; ".join(" ".join([name, *sources]) for name, sources in settings.SECURE_CSP.items())


def secured(response: HttpResponse) -> HttpResponse:
    """Return the response with its security headers, and `no-store` unless its view decides."""
    response["Content-Security-Policy"] = content_policy()
    response["Permissions-Policy"] = PERMISSIONS
    response.headers.setdefault("Cache-Control", "no-store")
    return response


def compress(get_response: View) -> View:
    """Compress pages; not the API, whose answers are small or compared by their ETag.

    Django adds a random number of bytes to each, so that the length of a page tells nothing about
    the tokens in it (https://docs.djangoproject.com/en/5.2/ref/middleware/#module-django.middleware.gzip).
    """
    gzip = GZipMiddleware(get_response)

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if response.headers.get("Content-Type", "").startswith("text/html"):
            gzip.process_response(request, response)
        return response

    return middleware


def secure(get_response: View) -> View:
    """Add the security headers to every response, and clear the browser's data at logout."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = secured(get_response(request))
        is_logout = request.method == "POST" and request.path == reverse("logout")
        if is_logout and request.is_secure():
            response["Clear-Site-Data"] = '"storage"'
        return response

    return middleware


def log(get_response: View) -> View:
    """Assign the request its number, and write a line about it to the log."""

    def middleware(request: HttpRequest) -> HttpResponse:
        started = time.perf_counter()
        with bind(request) as context:
            response = get_response(request)
            response["X-Request-ID"] = context.correlation_id
            line = {
                "method": request.method,
                "route": route_of(request),
                "status": response.status_code,
                "user": _user_id(request),
                "ms": round((time.perf_counter() - started) * 1000, 1),
            }
            if request.path not in UNLIMITED:
                logger.info(describe(line), extra=line)
        return response

    return middleware


def limit(get_response: View) -> View:
    """Refuse requests over a rate limit, before anything is done for them."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.path in UNLIMITED:
            return get_response(request)
        try:
            _count(request)
        except (RateLimited, Invalid) as refusal:
            return problem(request.path, refusal)
        response = get_response(request)
        set_cookie(request, response)
        return response

    return middleware


def read_without_primary(get_response: View) -> View:
    """Read reports, with the session and its person, from the replica while the primary is away."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if not _is_read_without_primary(request) or primary_answers():
            return get_response(request)
        with replica_alone():
            try:
                return get_response(request)
            finally:
                # This connection may lead to a node that stays cut off when others are back.
                connections[REPORTS].close()

    return middleware


def _is_read_without_primary(request: HttpRequest) -> bool:
    if REPORTS not in settings.DATABASES or request.method not in ("GET", "HEAD"):
        return False
    try:
        return resolve(request.path_info).view_name in READ_WITHOUT_PRIMARY
    except Resolver404:
        return False


def _count(request: HttpRequest) -> None:
    who = current().counted_as
    REQUESTS.hit(who)
    # All ways to log in or to prove one's identity: on the page, in the admin or by the API.
    if request.method == "POST" and request.path.endswith(PROOFS):
        LOGINS.hit(who)
    size = request.META.get("CONTENT_LENGTH") or "0"
    most = settings.UPLOAD_BYTES if request.path.startswith(UPLOADS) else settings.BODY_BYTES
    if not size.isdecimal() or int(size) > most:
        raise Invalid


def _user_id(request: HttpRequest) -> int | None:
    """Return the user where the view has looked them up: the log alone costs no query."""
    user = getattr(request, "_cached_user", None)
    return user.pk if user else None
