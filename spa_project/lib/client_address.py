"""The network address of a client, behind proxies too."""

import ipaddress
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.http import HttpRequest


def rate_limit_key(address: str) -> str:
    """Return the key an address is counted by: of IPv6 the /64 network, which a home has."""
    if ":" not in address:
        return address
    return str(ipaddress.ip_network(f"{address.partition('%')[0]}/64", strict=False))


def client_address(asked: HttpRequest | Mapping[str, Any]) -> str:
    """Return the address that sent a request or opened a socket (its ASGI scope).

    Each of our own proxies (the setting `TRUSTED_PROXIES` says how many) appends one address to
    `X-Forwarded-For`; what precedes those was written by the client and is not trusted.
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
