"""The language of a socket, for which Django has no middleware."""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from django.http.cookie import parse_cookie
from django.utils.translation import get_language_from_request


def language_of(scope: Mapping[str, Any]) -> str:
    """Return the language that `LocaleMiddleware` would choose for this socket's headers."""
    headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
    cookies = parse_cookie(headers.get(b"cookie", ""))
    meta = {"HTTP_ACCEPT_LANGUAGE": headers.get(b"accept-language", "")}
    return get_language_from_request(SimpleNamespace(COOKIES=cookies, META=meta))  # type: ignore[arg-type]
