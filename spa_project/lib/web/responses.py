"""Parsing of request bodies, the CSRF check of the API, and responses with ETag."""

import json
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.http import quote_etag
from django.utils.translation import gettext_lazy as _
from ninja.utils import check_csrf

from spa_project.lib.commands import Caller, D, Reply, validated
from spa_project.lib.errors import Busy, DomainError, Invalid, NotAllowed, RateLimited
from spa_project.lib.fingerprint import fingerprint
from spa_project.lib.realtime.screen import Screen, server_time

#: Requests below this path get refusals as JSON, others as pages.
API = "/api/"


def read_json(request: HttpRequest) -> Any:
    """Return the body as JSON, an empty one as no data; raise `Invalid`."""
    try:
        return json.loads(request.body or b"null")
    except RequestDataTooBig:
        raise Invalid(_("That was too large to send.")) from None
    except (ValueError, RecursionError):
        raise Invalid(_("The body isn't JSON.")) from None


def read(request: HttpRequest, model: type[D]) -> D:
    """Return the body as its model; raise `Invalid`."""
    return validated(model, read_json(request))


def require_own_page(request: HttpRequest, caller: Caller) -> None:
    """Raise `NotAllowed` when a session comes without a valid CSRF token.

    A browser sends a session cookie with a request of any page; a token is sent on purpose.
    """
    if caller.is_sent_by_browser and check_csrf(request):
        raise NotAllowed(_("Reload the page and try again."))


def json_with_etag(request: HttpRequest, data: Any, *, version: str) -> HttpResponse:
    """Return data as JSON with an ETag, or 304 to a conditional request that matches."""
    etag = quote_etag(version)
    response: HttpResponse
    if request.headers.get("If-None-Match") == etag:
        response = HttpResponse(status=304)
    else:
        response = JsonResponse(data)
    # Clients revalidate with ETag; browsers must not cache (no-store).
    response["ETag"] = etag
    return response


def snapshot_response(request: HttpRequest, screen: Screen) -> HttpResponse:
    """Return a screen over HTTP, for browsers without sockets; the ETag ignores its time."""
    snapshot = screen.read()
    version = fingerprint(snapshot)[:32]
    return json_with_etag(request, snapshot | server_time(), version=version)


def refusal_response(refusal: DomainError) -> HttpResponse:
    """Return a refusal as an HTTP response, in the same shape as over a socket."""
    return reply_response(refusal.as_reply(), refusal.http_status)


def reply_response(reply: Reply, status: int) -> HttpResponse:
    """Return a reply as an HTTP response with this status."""
    return with_retry_after(JsonResponse(reply, status=status), reply)


def with_retry_after(response: HttpResponse, reply: Reply) -> HttpResponse:
    """Add Retry-After to the response, where trying again will help."""
    if response.status_code in (Busy.http_status, RateLimited.http_status):
        response["Retry-After"] = str(reply.get("retry_after", 1))
    return response
