"""What is being asked right now: its number for the log, and where it comes from.

The edge says so once; whatever runs below, on whichever thread, can look it up.
"""

import contextlib
import re
import secrets
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from typing import Any, NamedTuple

from django.conf import settings
from django.http import HttpRequest

from spa_project.lib.client_address import client_address

_PROXYS_ID = re.compile(r"[A-Za-z0-9-]{8,64}")


class RequestContext(NamedTuple):
    """One request, or one message of a socket."""

    correlation_id: str = "-"
    address: str = ""


_NOTHING = RequestContext()
_current: ContextVar[RequestContext] = ContextVar("request_context", default=_NOTHING)


def current() -> RequestContext:
    """What is being asked; nothing in particular outside requests and sockets."""
    return _current.get()


@contextlib.contextmanager
def bind(source: HttpRequest | Mapping[str, Any]) -> Iterator[RequestContext]:
    """Everything inside the block belongs to this request, or to a message of this socket."""
    number = _proxys_id(source) if isinstance(source, HttpRequest) else ""
    context = RequestContext(number or secrets.token_hex(8), client_address(source))
    token = _current.set(context)
    try:
        yield context
    finally:
        _current.reset(token)


def _proxys_id(request: HttpRequest) -> str:
    """The number our own proxy gave the request. Nobody else's: it goes into the log."""
    given: str = request.headers.get("X-Request-ID", "") if settings.TRUSTED_PROXIES else ""
    return given if _PROXYS_ID.fullmatch(given) else ""
