"""Credentials of a request or socket: header, query parameter or session cookie.

They are tried in this order, and the first that is present decides: a caller with an expired token
is not authenticated, even with a valid session.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

from django.conf import settings
from django.http import HttpRequest
from django.http.cookie import parse_cookie

from accounts.logins import Login, login_of_session
from accounts.sessions import SessionStore
from accounts.tokens import login_by_token, redeem_ticket

QUERY = "auth_token"


def shows_token(request: HttpRequest) -> bool:
    """Return whether a request carries a token, valid or not."""
    return _token_of(request) is not None


def login_of_request(request: HttpRequest) -> Login | None:
    """Return the login an HTTP request carries."""
    token = _token_of(request)
    return login_of_session(request.session) if token is None else login_by_token(token)


def login_of_socket(scope: Mapping[str, Any]) -> Login | None:
    """Return the login a socket was opened with, and consume its ticket, if it has one."""
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    if (token := _token_in(headers)) is not None:
        return login_by_token(token)
    query = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    if QUERY in query:
        return _login_in_address(query[QUERY][0])
    cookies = parse_cookie(headers.get("cookie", ""))
    return login_of_session(SessionStore(cookies.get(settings.SESSION_COOKIE_NAME)))


def _login_in_address(text: str) -> Login | None:
    """Return the login of a ticket in the address, or of a token where settings allow it.

    Addresses end up in logs and histories, where a used ticket is worthless but a token is not.
    """
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
    # Another scheme belongs to a proxy, such as a password for the whole site.
    return token.strip() if scheme.lower() == "bearer" else headers.get("x-auth-token")
