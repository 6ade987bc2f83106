"""Where a request comes from, behind proxies and with headers made up by a client."""

import pytest
from django.test import RequestFactory

from spa_project.lib.limits import client_address


def both(forwarded: str | None) -> set[str]:
    """The address of the same request as HTTP and as a socket's scope."""
    headers = {} if forwarded is None else {"x-forwarded-for": forwarded}
    request = RequestFactory().get("/", headers=headers, REMOTE_ADDR="10.0.0.9")
    pairs = [] if forwarded is None else [(b"x-forwarded-for", forwarded.encode())]
    return {
        client_address(request),
        client_address({"client": ("10.0.0.9", 4711), "headers": pairs}),
    }


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, None, "10.0.0.9"),
        (0, "1.2.3.4", "10.0.0.9"),
        (1, None, "10.0.0.9"),
        (1, "203.0.113.7", "203.0.113.7"),
        (1, "1.2.3.4, 203.0.113.7", "203.0.113.7"),
        (2, "1.2.3.4, 203.0.113.7, 10.0.0.1", "203.0.113.7"),
        (2, "203.0.113.7", "10.0.0.9"),
        (1, "2001:DB8::7", "2001:db8::7"),
        (1, "<script>", "10.0.0.9"),
        (1, "", "10.0.0.9"),
    ],
)
def test_only_our_proxies_say_where_a_request_comes_from(settings, proxies, forwarded, address):
    settings.TRUSTED_PROXIES = proxies
    assert both(forwarded) == {address}


def test_a_unix_socket_has_no_address():
    assert client_address({"client": None, "headers": []}) == ""
