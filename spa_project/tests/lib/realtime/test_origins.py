"""Tests of allowed origins: the same scheme, host and port, and no other."""

import pytest

from spa_project.lib.realtime.origins import is_allowed

HOST = "spa.example:8443"


def scope(*origins: str, query: str = "", **headers: str) -> dict:
    pairs = [(b"host", HOST.encode()), *((b"origin", each.encode()) for each in origins)]
    pairs += [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return {"headers": pairs, "query_string": query.encode()}


@pytest.fixture(autouse=True)
def https(settings) -> None:
    settings.HTTPS, settings.ALLOWED_HOSTS = True, ["spa.example"]
    settings.CSRF_TRUSTED_ORIGINS = ["https://kiosk.example", "https://*.spa.example"]


@pytest.mark.parametrize("origin", [f"https://{HOST}", "https://kiosk.example"])
def test_our_own_pages_open_sockets(origin):
    assert is_allowed(scope(origin))


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "",
        "https://evil.example",
        "https://spa.example:8443.evil.example",
        "https://spa.example",
        "https://spa.example:9443",
        f"http://{HOST}",
        "HTTPS://SPA.EXAMPLE:8443",
        f"https://{HOST}/menu/",
        "https://other.spa.example",
        "https://*.spa.example.evil.example",
    ],
)
def test_other_pages_do_not(origin):
    assert not is_allowed(scope(origin))


def test_an_origin_is_told_once():
    assert not is_allowed(scope(f"https://{HOST}", "https://evil.example"))


def test_a_host_that_is_not_ours_makes_no_origin_ours(settings):
    settings.ALLOWED_HOSTS = ["elsewhere.example"]
    assert not is_allowed(scope(f"https://{HOST}"))


def test_a_program_without_a_page_is_a_visitor():
    assert is_allowed(scope())


def test_a_program_without_a_page_brings_a_token_and_no_session_alone():
    assert not is_allowed(scope(cookie="sessionid=abc"))
    assert is_allowed(scope(authorization="Bearer abc"))
    assert is_allowed(scope(x_auth_token="abc"))
    assert is_allowed(scope(query="auth_token=abc"))


def test_a_token_does_not_excuse_a_foreign_page():
    assert not is_allowed(scope("https://evil.example", query="auth_token=abc"))


def test_over_plain_http_the_origin_is_plain_too(settings):
    settings.HTTPS = False
    assert is_allowed(scope(f"http://{HOST}"))
    assert not is_allowed(scope(f"https://{HOST}"))
