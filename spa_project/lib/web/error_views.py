"""What people and programs get instead of an answer: a page, or JSON under `/api/`."""

import logging
import sys
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import InterfaceError, InternalError, OperationalError
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
    Invalid.http_status: _("This could not be understood"),
    NotAllowed.http_status: _("This was not allowed"),
    RateLimited.http_status: _("A little slower, please"),
    ServerError.http_status: _("Something went wrong"),
    Busy.http_status: _("One moment, please"),
}


def problem(path: str, refusal: DomainError) -> HttpResponse:
    """A refusal as whoever asked at this path can read it. Needs nothing that may be broken."""
    if path.startswith(API):
        return refusal_response(refusal)
    context = {"title": _TITLES[refusal.http_status], "sentence": refusal.sentence}
    response = HttpResponse(render_to_string("problem.html", context), status=refusal.http_status)
    return with_retry_after(response, refusal.as_reply())


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400: something about the request itself; what, goes to the log only."""
    return problem(request.path, Invalid())


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403: not for this person."""
    if request.path.startswith(API):
        return refusal_response(NotAllowed())
    return defaults.permission_denied(request, PermissionDenied())


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404: nothing here."""
    if request.path.startswith(API):
        return refusal_response(NotFound())
    return defaults.page_not_found(request, exception)


def foreign_page(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403: a form without the proof that the page is ours, usually because it is old."""
    return problem(request.path, NotAllowed(_("Please go back, reload the page and try again.")))


def server_error(request: HttpRequest) -> HttpResponse:
    """500; but 503 when the database is away or out of order, which ends."""
    error = sys.exc_info()[1]
    route = route_of(request)
    if isinstance(error, Busy):
        return problem(request.path, error)
    if isinstance(error, OperationalError | InterfaceError | InternalError):
        database_failed(route)
        return problem(request.path, Busy())
    logger.error("%s failed", route, exc_info=error)
    return problem(request.path, ServerError())


def route_of(request: HttpRequest) -> str:
    """The kind of address, such as `ticket/<str:key>/`: an address itself may be a secret."""
    match: Any = request.resolver_match
    return f"/{match.route}" if match else "none"
