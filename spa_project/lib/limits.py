"""How fast anyone may ask, and from where they ask."""

import ipaddress
import time
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.http import HttpRequest


class TokenBucket:
    """`burst` at once, then `rate` a second; the setting `RATE_LIMITS` turns all of them off."""

    def __init__(self, *, rate: float, burst: int) -> None:
        self._rate = rate
        self._burst = burst
        self._tokens = float(burst)
        self._at = time.monotonic()

    def take(self) -> bool:
        """Whether one more is allowed now; if so it is counted."""
        now = time.monotonic()
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate)
        self._at = now
        if self._tokens < 1 and settings.RATE_LIMITS:
            return False
        self._tokens -= 1
        return True


def client_address(asked: HttpRequest | Mapping[str, Any]) -> str:
    """The address of who sent a request or opened a socket (its ASGI scope).

    Each of our own proxies (the setting `TRUSTED_PROXIES` says how many) adds one address to
    `X-Forwarded-For`, at its end; what stands before those was written by the client.
    """
    peer, forwarded = _addresses(asked)
    proxies: int = settings.TRUSTED_PROXIES
    entries = forwarded.split(",")
    if proxies == 0 or len(entries) < proxies:
        return peer
    try:
        return str(ipaddress.ip_address(entries[-proxies].strip()))
    except ValueError:
        return peer


def _addresses(asked: HttpRequest | Mapping[str, Any]) -> tuple[str, str]:
    if isinstance(asked, HttpRequest):
        return asked.META.get("REMOTE_ADDR", ""), asked.headers.get("X-Forwarded-For", "")
    headers = [value for name, value in asked["headers"] if name == b"x-forwarded-for"]
    return (asked.get("client") or [""])[0], b",".join(headers).decode("latin-1")
