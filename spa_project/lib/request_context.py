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


class Asking(NamedTuple):
    """One request, or one message of a socket."""

    id: str = "-"
    address: str = ""


_NOTHING = Asking()
_asking: ContextVar[Asking] = ContextVar("asking", default=_NOTHING)


def asking() -> Asking:
    """What is being asked; nothing in particular outside requests and sockets."""
    return _asking.get()


@contextlib.contextmanager
def asked(source: HttpRequest | Mapping[str, Any]) -> Iterator[Asking]:
    """Everything inside the block belongs to this request, or to a message of this socket."""
    number = _proxys_id(source) if isinstance(source, HttpRequest) else ""
    current = Asking(number or secrets.token_hex(8), client_address(source))
    token = _asking.set(current)
    try:
        yield current
    finally:
        _asking.reset(token)


def _proxys_id(request: HttpRequest) -> str:
    """The number our own proxy gave the request. Nobody else's: it goes into the log."""
    given: str = request.headers.get("X-Request-ID", "") if settings.TRUSTED_PROXIES else ""
    return given if _PROXYS_ID.fullmatch(given) else ""
