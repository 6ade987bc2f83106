"""Tests of what scanners try: it is answered in plain words, and is one line of the log."""

import io
import logging
from collections.abc import Callable, Iterator

import pytest
from django.test import Client

from conftest import session_of
from spa_project.lib.logs import PlainLines

pytestmark = pytest.mark.django_db

HOSTS = ["evil.example", "10.0.0.1:8000", "a b", "[::1", "x\r\ny", "é"]


@pytest.fixture
def log() -> Iterator[Callable[[], list[str]]]:
    """Return the lines that Django's loggers write, with the console's filters, in plain format."""
    django = logging.getLogger("django")  # pytest adds its own handlers
    [console] = [each for each in django.handlers if type(each) is logging.StreamHandler]
    written = io.StringIO()
    # A handler of its own: the console's also has the lines of requests, and may write JSON.
    handler = logging.StreamHandler(written)
    handler.setFormatter(PlainLines("{levelname} {name}: {message}", style="{"))
    for each in console.filters:
        handler.addFilter(each)
    django.addHandler(handler)
    yield lambda: written.getvalue().splitlines()
    django.removeHandler(handler)


@pytest.mark.parametrize("path", ["/menu/", "/nothing/", "/admin/", "/api/menu/"])
@pytest.mark.parametrize("host", HOSTS)
def test_a_wrong_host_is_one_line_and_no_traceback(branch, log, host, path):
    answer = Client(raise_request_exception=False).get(path, headers={"host": host})
    assert answer.status_code == 400
    text = answer.content.decode()
    assert "Reload the page and try again" in text
    assert "ALLOWED_HOSTS" not in text
    [line] = log()
    assert "WARNING" in line
    assert "Invalid HTTP_HOST header" in line


@pytest.mark.parametrize(
    "lookup", ["key__regex=a", "branch__user__password__startswith=a", "nothing=1"]
)
def test_a_lookup_that_no_filter_has_is_one_line_and_no_traceback(maria, log, lookup):
    answer = session_of(maria).get(f"/admin/queueing/transaction/?{lookup}")
    assert answer.status_code in {302, 400}
    assert all("Traceback" not in line and "  File" not in line for line in log())
    assert len(log()) == (answer.status_code == 400)


def test_an_error_of_ours_keeps_its_traceback(log):
    try:
        raise RuntimeError("broken")
    except RuntimeError:
        logging.getLogger("django").exception("A page failed")
    assert "Traceback (most recent call last):" in log()
