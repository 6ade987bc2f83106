"""HTTP's own translations: request bodies, snapshots, refusals, and the commands' twins."""

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

#: Programs ask here: they are refused in the contract's shape, people on a page.
API = "/api/"


def read_json(request: HttpRequest) -> Any:
    """The body as JSON, an empty one as no data; raises `Invalid`."""
    try:
        return json.loads(request.body or b"null")
    except RequestDataTooBig:
        raise Invalid(_("This request is too big.")) from None
    except (ValueError, RecursionError):
        raise Invalid(_("The body is not JSON.")) from None


def read(request: HttpRequest, model: type[D]) -> D:
    """The body as what its model says; raises `Invalid`."""
    return validated(model, read_json(request))


def require_own_page(request: HttpRequest, caller: Caller) -> None:
    """Raise `NotAllowed` when a session comes without the proof that the page is ours.

    A browser sends a session with whatever page asks; a token is sent on purpose.
    """
    if caller.is_sent_by_browser and check_csrf(request):
        raise NotAllowed(_("Please reload the page and try again."))


def json_with_etag(request: HttpRequest, data: Any, *, version: str) -> HttpResponse:
    """Data as JSON, or 304 when the browser has this version already."""
    etag = quote_etag(version)
    response: HttpResponse
    if request.headers.get("If-None-Match") == etag:
        response = HttpResponse(status=304)
    else:
        response = JsonResponse(data)
    # Who asks keeps it, and sends the tag: nothing of it is kept by the browser itself.
    response["ETag"] = etag
    return response


def snapshot_response(request: HttpRequest, screen: Screen) -> HttpResponse:
    """A screen over HTTP, for browsers whose sockets are blocked. Its time is not its version."""
    snapshot = screen.read()
    version = fingerprint(snapshot)[:32]
    return json_with_etag(request, snapshot | server_time(), version=version)


def refusal_response(refusal: DomainError) -> HttpResponse:
    """A refusal as an HTTP answer, in the same shape as over a socket."""
    return reply_response(refusal.as_reply(), refusal.http_status)


def reply_response(reply: Reply, status: int) -> HttpResponse:
    return with_retry_after(JsonResponse(reply, status=status), reply)


def with_retry_after(response: HttpResponse, reply: Reply) -> HttpResponse:
    """The answer, with the seconds to wait where trying again will help."""
    if response.status_code in (Busy.http_status, RateLimited.http_status):
        response["Retry-After"] = str(reply.get("retry_after", 1))
    return response
