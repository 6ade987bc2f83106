"""The origin check of sockets, against cross-site WebSocket hijacking (the CSRF of sockets).

A browser sends its session cookie with a socket that any page opens, and no cross-origin rule
prevents it; only the Origin header, which it always sends, does (OWASP). So the origin has to match
exactly: scheme, host and port.
"""

import logging
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qs

from channels.security.websocket import WebsocketDenier
from django.conf import settings
from django.http.request import split_domain_port, validate_host

logger = logging.getLogger(__name__)

#: Headers a cross-site page cannot set, so they prove a non-browser client.
TOKEN_HEADERS = (b"authorization", b"x-auth-token")
TOKEN_QUERY = "auth_token"


class OwnOrigins:
    """An ASGI application that admits sockets of our own pages, and programs.

    A program brings a token, or no cookie: without either it would act with a browser's session.
    Others are refused at the handshake, with 403.
    """

    def __init__(self, application: Any) -> None:
        self._application = application

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Pass the socket on, or refuse it."""
        if is_allowed(scope):
            await self._application(scope, receive, send)
            return
        logger.warning("A socket of another origin was refused.")
        await WebsocketDenier()(scope, receive, send)


def is_allowed(scope: dict[str, Any]) -> bool:
    """Return whether one of our pages opens this socket, or a program without a session."""
    origins = _values(scope, b"origin")
    if not origins:
        return _brings_token(scope) or not _values(scope, b"cookie")
    return len(origins) == 1 and origins[0] in {*_own(scope), *settings.CSRF_TRUSTED_ORIGINS}


def _own(scope: dict[str, Any]) -> Iterable[str]:
    """Return the origin of the pages at this socket's host."""
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
