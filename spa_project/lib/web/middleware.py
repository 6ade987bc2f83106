"""What happens to every request around its view: headers, limits, one line in the log."""

import logging
import time
from collections.abc import Callable
from typing import TypeAlias

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from spa_project.lib.client_address import rate_limit_key
from spa_project.lib.errors import Invalid, RateLimited
from spa_project.lib.logs import describe
from spa_project.lib.rate_limits import LOGINS, REQUESTS
from spa_project.lib.request_context import bind, current
from spa_project.lib.web.error_views import problem, route_of

logger = logging.getLogger("spa.requests")

#: Where passwords and PINs are tried.
PROOFS = ("/login/", "/unlock/", "/pin/")

View: TypeAlias = Callable[[HttpRequest], HttpResponse]

PERMISSIONS = "camera=(), microphone=(), geolocation=(), payment=(), usb=()"
#: Asked by machines of ours, as often as they like.
UNLIMITED = frozenset({"/healthz", "/readyz", "/metrics"})


def content_policy() -> str:
    """The setting `SECURE_CSP` as a header. Django 6 has this itself."""
    return "; ".join(" ".join([name, *sources]) for name, sources in settings.SECURE_CSP.items())


def secured(response: HttpResponse) -> HttpResponse:
    """An answer with what it forbids a browser; kept by nobody unless its view says otherwise."""
    response["Content-Security-Policy"] = content_policy()
    response["Permissions-Policy"] = PERMISSIONS
    response.headers.setdefault("Cache-Control", "no-store")
    return response


def secure(get_response: View) -> View:
    """Middleware: the headers of every page. A logout also empties what the browser keeps."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = secured(get_response(request))
        is_logout = request.method == "POST" and request.path == reverse("logout")
        if is_logout and request.is_secure():
            response["Clear-Site-Data"] = '"storage"'
        return response

    return middleware


def log(get_response: View) -> View:
    """Middleware: give the request its number, and the log a line about it."""

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
    """Middleware: refuse what is too much or too often, before anything is done for it."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.path in UNLIMITED:
            return get_response(request)
        try:
            _count(request)
        except (RateLimited, Invalid) as refusal:
            return problem(request.path, refusal)
        return get_response(request)

    return middleware


def _count(request: HttpRequest) -> None:
    who = rate_limit_key(current().address)
    REQUESTS.hit(who)
    # However a person logs in, on the page, in the admin or by the API; or proves who they are.
    if request.method == "POST" and request.path.endswith(PROOFS):
        LOGINS.hit(who)
    size = request.META.get("CONTENT_LENGTH") or "0"
    if not size.isdecimal() or int(size) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
        raise Invalid


def _user_id(request: HttpRequest) -> int | None:
    """Who it was, where the view wanted to know: nobody is looked up for the log."""
    user = getattr(request, "_cached_user", None)
    return user.pk if user else None
