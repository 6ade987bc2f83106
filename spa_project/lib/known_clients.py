"""Known clients: browsers in which staff have logged in, and devices that a manager has paired.

They have rate limits of their own: where a spa shares one address, customers' phones have it too.
A signed cookie names the client, so that a flood of requests costs no query. It grants no more.
"""

import secrets
from collections.abc import Mapping, MutableMapping
from typing import Any

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.http.cookie import parse_cookie

from spa_project.lib.client_address import client_address, rate_limit_key

COOKIE = "client"
SECONDS = 365 * 24 * 3600
_SALT = "spa.known_client"
#: How the names of paired devices begin.
_DEVICE = "device "
#: The attribute of a request with the name to remember.
_REMEMBERED = "_known_client"
#: The key of a socket's scope with its name.
_NAME = "rate_limit_name"


def rate_limit_name(asked: HttpRequest | MutableMapping[str, Any]) -> str:
    """Return what a request or socket is counted by: the known client, else its address.

    A socket has one cookie and one address, so its name is found once and stays in its scope.
    """
    if isinstance(asked, HttpRequest):
        return _name_of(asked)
    if _NAME not in asked:
        asked[_NAME] = _name_of(asked)
    name: str = asked[_NAME]
    return name


def _name_of(asked: HttpRequest | Mapping[str, Any]) -> str:
    return known_client(asked) or rate_limit_key(client_address(asked))


def is_paired(request: HttpRequest) -> bool:
    """Return whether this browser is a paired device."""
    return (known_client(request) or "").startswith(_DEVICE)


def known_client(asked: HttpRequest | Mapping[str, Any]) -> str | None:
    """Return the name in the cookie of a request or socket; None without a valid one."""
    try:
        name: str = signing.loads(_cookie(asked), salt=_SALT, max_age=SECONDS)
    except signing.BadSignature:
        return None
    return name


def remember_person(request: HttpRequest, person_id: int) -> None:
    """Have the response name this browser by its person; a paired device keeps its name."""
    if not is_paired(request):
        setattr(request, _REMEMBERED, f"person {person_id}")


def pair_device(request: HttpRequest) -> None:
    """Have the response name this browser as a device of its own."""
    setattr(request, _REMEMBERED, f"{_DEVICE}{secrets.token_hex(8)}")


def set_cookie(request: HttpRequest, response: HttpResponse) -> None:
    """Set the cookie if the request was remembered."""
    if name := getattr(request, _REMEMBERED, None):
        response.set_cookie(
            COOKIE,
            signing.dumps(name, salt=_SALT),
            SECONDS,
            secure=settings.HTTPS,
            httponly=True,
            samesite="Lax",
        )


def _cookie(asked: HttpRequest | Mapping[str, Any]) -> str:
    if isinstance(asked, HttpRequest):
        return asked.COOKIES.get(COOKIE, "")
    headers = [value for name, value in asked["headers"] if name == b"cookie"]
    return parse_cookie(b"; ".join(headers).decode("latin-1")).get(COOKIE, "")
