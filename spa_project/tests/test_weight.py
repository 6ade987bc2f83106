"""Tests of the size of the style sheets that a page loads before it is rendered."""

import gzip
import re

import pytest
from django.conf import settings

MOST_STYLE = 20_000  # bytes over the wire


def style_of(page: str) -> int:
    sheets = re.findall(r'<link rel="stylesheet" href="/static/([^"?]+)"', page)
    assert sheets
    return sum(
        len(gzip.compress((settings.BASE_DIR / "static" / name).read_bytes())) for name in sheets
    )


@pytest.mark.parametrize("path", ["/", "/menu/", "/menu/?kiosk=1", "/board/", "/accounts/login/"])
def test_a_visitors_page_is_light(client, branch, hour, path):
    assert style_of(client.get(path).content.decode()) <= MOST_STYLE


@pytest.mark.parametrize("path", ["/therapist/", "/cashier/", "/monitor/"])
def test_a_desk_is_light(client, maya, carl, maria, path):
    people = {"/therapist/": maya.user, "/cashier/": carl.user, "/monitor/": maria}
    client.force_login(people[path])
    assert style_of(client.get(path).content.decode()) <= MOST_STYLE
