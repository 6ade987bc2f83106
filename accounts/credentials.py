"""Where a login travels: in a header, in a socket's address, in the session's cookie.

In this order, and the first that is there decides: who shows a token that is over is nobody, even
with a session.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.http import HttpRequest
from django.http.cookie import parse_cookie

from accounts.logins import Login, login_of_session
from accounts.tokens import login_by_token, redeem_ticket

QUERY = "auth_token"


def shows_token(request: HttpRequest) -> bool:
    """Whether a request brings a token, good or not, or leaves it to the session."""
    return _token_of(request) is not None


def login_of_request(request: HttpRequest) -> Login | None:
    """The login an HTTP request brings."""
    token = _token_of(request)
    return login_of_session(request.session) if token is None else login_by_token(token)


def login_of_socket(scope: Mapping[str, Any]) -> Login | None:
    """The login a socket was opened with. A ticket is spent by this."""
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    if (token := _token_in(headers)) is not None:
        return login_by_token(token)
    query = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    if QUERY in query:
        return _login_in_address(query[QUERY][0])
    cookies = parse_cookie(headers.get("cookie", ""))
    return login_of_session(SessionStore(cookies.get(settings.SESSION_COOKIE_NAME)))


def _login_in_address(text: str) -> Login | None:
    """Addresses end up in logs and histories: a ticket is worth nothing there, a token is."""
    login = redeem_ticket(text)
    if login is None and settings.ALLOW_TOKEN_IN_QUERY:
        return login_by_token(text)
    return login


def _token_of(request: HttpRequest) -> str | None:
    token = _token_in(request.headers)
    if token is None and settings.ALLOW_TOKEN_IN_QUERY:
        return request.GET.get(QUERY)
    return token


def _token_in(headers: Mapping[str, str]) -> str | None:
    scheme, _space, token = headers.get("authorization", "").partition(" ")
    # Another scheme is a proxy's business, such as a password before the whole site.
    return token.strip() if scheme.lower() == "bearer" else headers.get("x-auth-token")
