"""Which pages may open a socket: our own, and no others.

A browser sends its session with a socket to whatever page asks for one, and no cross-origin rule
stops it; only the page's origin, which it always tells, does (OWASP: cross-site WebSocket
hijacking). So the origin has to match exactly: scheme, host and port.
"""

import logging
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qs

from channels.security.websocket import WebsocketDenier
from django.conf import settings
from django.http.request import split_domain_port, validate_host

logger = logging.getLogger(__name__)

#: What a page cannot make a browser send; whoever has it has come on purpose.
TOKEN_HEADERS = (b"authorization", b"x-auth-token")
TOKEN_QUERY = "auth_token"


class OwnOrigins:
    """An ASGI application whose sockets are opened by our own pages, or by programs with a token.

    Others are refused at the handshake, with 403.
    """

    def __init__(self, application: Any) -> None:
        self._application = application

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Let the socket in, or not."""
        if is_welcome(scope):
            await self._application(scope, receive, send)
            return
        logger.warning("A socket of another origin was refused.")
        await WebsocketDenier()(scope, receive, send)


def is_welcome(scope: dict[str, Any]) -> bool:
    """Whether one of our pages opens this socket, or a program that brings a token of its own."""
    origins = _values(scope, b"origin")
    if not origins:
        return _brings_token(scope)
    return len(origins) == 1 and origins[0] in {*_own(scope), *settings.CSRF_TRUSTED_ORIGINS}


def _own(scope: dict[str, Any]) -> Iterable[str]:
    """The origin of the pages that this very address serves."""
    scheme = "https" if settings.HTTPS else "http"
    for host in _values(scope, b"host"):
        domain, _port = split_domain_port(host)
        if domain and validate_host(domain, settings.ALLOWED_HOSTS):
            yield f"{scheme}://{host}"


def _brings_token(scope: dict[str, Any]) -> bool:
    query = parse_qs(scope.get("query_string", b"").decode("latin-1"))
    return TOKEN_QUERY in query or any(_values(scope, name) for name in TOKEN_HEADERS)


def _values(scope: dict[str, Any], name: bytes) -> list[str]:
    return [value.decode("latin-1") for key, value in scope["headers"] if key == name]
