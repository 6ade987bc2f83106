"""Known clients: browsers in which staff have logged in, and devices that a manager has paired.

They have rate limits of their own: where a spa shares one address, customers' phones have it too.
A signed cookie names the client, so that a flood of requests costs no query. It grants no more.
Each process remembers the few devices whose pairing was revoked (accounts/devices.py reads them).
"""

from collections.abc import Iterable, Mapping, MutableMapping
from typing import Any

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.http.cookie import parse_cookie

from spa_project.lib.client_address import client_address, rate_limit_key

COOKIE = "client"
SECONDS = 365 * 24 * 3600
_SALT = "spa.known_client"
#: How the names of paired devices begin, and those of people.
_DEVICE, _PERSON = "device ", "person "
#: The attribute of a request with the name to remember.
_REMEMBERED = "_known_client"
#: The key of a socket's scope with its name.
_NAME = "rate_limit_name"
#: The names of devices whose pairing was revoked; replaced as a whole.
_revoked: frozenset[str] = frozenset()


def rate_limit_name(asked: HttpRequest | MutableMapping[str, Any]) -> str:
    """Return what a request or socket is counted by: the known client, else its address.

    A socket has one cookie and one address, so its name is found once and stays in its scope, until
    its device is revoked.
    """
    if isinstance(asked, HttpRequest):
        return _name_of(asked)
    if asked.get(_NAME) in _revoked or _NAME not in asked:
        asked[_NAME] = _name_of(asked)
    name: str = asked[_NAME]
    return name


def _name_of(asked: HttpRequest | Mapping[str, Any]) -> str:
    return known_client(asked) or rate_limit_key(client_address(asked))


def is_known(scope: MutableMapping[str, Any]) -> bool:
    """Return whether a request or socket comes from a known client."""
    return rate_limit_name(scope).startswith((_DEVICE, _PERSON))


def is_paired(request: HttpRequest) -> bool:
    """Return whether this browser is a paired device."""
    return (known_client(request) or "").startswith(_DEVICE)


def known_client(asked: HttpRequest | Mapping[str, Any]) -> str | None:
    """Return the name in the cookie of a request or socket; None without a valid one."""
    try:
        name: str = signing.loads(_cookie(asked), salt=_SALT, max_age=SECONDS)
    except signing.BadSignature:
        return None
    return None if name in _revoked else name


def remember_person(request: HttpRequest, person_id: int) -> None:
    """Have the response name this browser by its person; a paired device keeps its name."""
    if not is_paired(request):
        setattr(request, _REMEMBERED, f"{_PERSON}{person_id}")


def pair_device(request: HttpRequest, name: str) -> None:
    """Have the response name this browser as the device of this name."""
    setattr(request, _REMEMBERED, _DEVICE + name)


def set_revoked(names: Iterable[str]) -> None:
    """Have the devices of these names, and no others, be counted by their address."""
    global _revoked
    _revoked = frozenset(_DEVICE + name for name in names)


def revoke(names: Iterable[str]) -> None:
    """Have these devices be counted by their address from now on, in this process."""
    global _revoked
    _revoked |= {_DEVICE + name for name in names}


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
