"""Error responses: a page, or JSON under `/api/`."""

import logging
import sys
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext_lazy as _
from django.views import defaults

from spa_project.lib.commands import database_failed
from spa_project.lib.errors import (
    Busy,
    DomainError,
    Invalid,
    NotAllowed,
    NotFound,
    RateLimited,
    ServerError,
)
from spa_project.lib.web.responses import API, refusal_response, with_retry_after

logger = logging.getLogger(__name__)

_TITLES = {
    Invalid.http_status: _("That didn't work"),
    NotAllowed.http_status: _("Not allowed"),
    RateLimited.http_status: _("Too many attempts"),
    ServerError.http_status: _("Something went wrong"),
    Busy.http_status: _("One moment, please"),
}


def problem(path: str, refusal: DomainError) -> HttpResponse:
    """Return a refusal as a page or as JSON, by the path; independent of what may be broken."""
    if path.startswith(API):
        return refusal_response(refusal)
    context = {
        "title": _TITLES[refusal.http_status],
        "sentence": refusal.sentence,
        "may_pass": isinstance(refusal, Busy | ServerError),
    }
    response = HttpResponse(render_to_string("problem.html", context), status=refusal.http_status)
    return with_retry_after(response, refusal.as_reply())


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Return 400 for a malformed request; the details go to the log only."""
    return problem(request.path, Invalid())


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Return 403 for a person without permission."""
    if request.path.startswith(API):
        return refusal_response(NotAllowed())
    return defaults.permission_denied(request, PermissionDenied())


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Return 404."""
    if request.path.startswith(API):
        return refusal_response(NotFound())
    return defaults.page_not_found(request, exception)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Return 403 for a form without a valid CSRF token, usually because the page is old."""
    return problem(request.path, NotAllowed(_("Go back, reload the page and try again.")))


def server_error(request: HttpRequest) -> HttpResponse:
    """Return 500, or 503 while the database is unavailable."""
    error = sys.exc_info()[1]
    route = route_of(request)
    if isinstance(error, Busy):
        return problem(request.path, error)
    if isinstance(error, DatabaseError):
        return problem(request.path, database_failed(route, error))
    logger.error("%s failed", route, exc_info=error)
    return problem(request.path, ServerError())


def route_of(request: HttpRequest) -> str:
    """Return the route, such as `ticket/<str:key>/`: the address itself may be a secret."""
    match: Any = request.resolver_match
    return f"/{match.route}" if match else "none"
