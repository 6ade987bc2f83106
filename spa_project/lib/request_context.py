"""The context of the request or message being handled: its correlation id and its client's address.

Bound at the edge; code below it can read it on any thread.
"""

import contextlib
import re
import secrets
from collections.abc import Iterator, MutableMapping
from contextvars import ContextVar
from typing import Any, NamedTuple

from django.conf import settings
from django.http import HttpRequest

from spa_project.lib.client_address import client_address
from spa_project.lib.known_clients import rate_limit_name

#: The key of a socket's scope with its name.
_SOCKET = "socket_name"
_PROXYS_ID = re.compile(r"[A-Za-z0-9-]{8,64}")


class RequestContext(NamedTuple):
    """One request, or one message of a socket."""

    correlation_id: str = "-"
    address: str = ""
    #: What its rate limits count by (known_clients.py).
    counted_as: str = ""
    #: The socket, for as long as it is open; empty for a request.
    socket: str = ""


_NOTHING = RequestContext()
_current: ContextVar[RequestContext] = ContextVar("request_context", default=_NOTHING)


def current() -> RequestContext:
    """Return the current context, an empty one outside requests and messages."""
    return _current.get()


@contextlib.contextmanager
def bind(source: HttpRequest | MutableMapping[str, Any]) -> Iterator[RequestContext]:
    """Bind everything inside the block to this request, or to a message of this socket."""
    number = _proxy_request_id(source) if isinstance(source, HttpRequest) else ""
    names = (client_address(source), rate_limit_name(source), _socket_of(source))
    context = RequestContext(number or secrets.token_hex(8), *names)
    token = _current.set(context)
    try:
        yield context
    finally:
        _current.reset(token)


def _socket_of(source: HttpRequest | MutableMapping[str, Any]) -> str:
    if isinstance(source, HttpRequest):
        return ""
    if _SOCKET not in source:
        source[_SOCKET] = secrets.token_hex(8)
    name: str = source[_SOCKET]
    return name


def _proxy_request_id(request: HttpRequest) -> str:
    """Return the request number set by our own proxy; clients may not choose what is logged."""
    given: str = request.headers.get("X-Request-ID", "") if settings.TRUSTED_PROXIES else ""
    return given if _PROXYS_ID.fullmatch(given) else ""
