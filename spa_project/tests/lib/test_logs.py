"""Tests of the log: one line for each request with its details, and never a secret."""

import json
import logging
import sys
from importlib import import_module

import pytest

from conftest import open_socket
from queueing.models import new_key
from queueing.states import Status
from spa_project.lib.logs import JsonLines, NumberRequests, PlainLines, redacted
from spa_project.lib.request_context import bind


@pytest.fixture
def lines(caplog):
    """Return the JSON log lines about requests and commands while a test runs."""
    import_module("spa_project.asgi")  # its first import sets up logging again
    caplog.set_level(logging.INFO, logger="spa")
    caplog.handler.addFilter(NumberRequests())

    def read(logger: str) -> list[dict]:
        return [json.loads(as_json(each)) for each in caplog.records if each.name == logger]

    return read


def as_json(record: logging.LogRecord) -> str:
    names = {"asctime": "time", "levelname": "level", "name": "logger"}
    form = "{asctime}{levelname}{name}{message}{correlation_id}"
    return JsonLines(form, style="{", rename_fields=names).format(record)


def record_of(message: str, *args, **extra) -> logging.LogRecord:
    logger = logging.getLogger("spa.test")
    record = logger.makeRecord("spa.test", 30, "file", 1, message, args, None, extra=extra)
    NumberRequests().filter(record)
    return record


def test_a_request_is_told_with_its_kind_never_its_address(client, lines, make_transaction):
    key = make_transaction(Status.PENDING_THERAPIST).key
    response = client.get(f"/ticket/{key}/?auth_token=abc")
    [line] = lines("spa.requests")
    assert (line["route"], line["status"]) == ("/ticket/<str:key>/", 200)
    assert line["correlation_id"] == response["X-Request-ID"]
    assert line["ms"] > 0
    assert key not in json.dumps(line)


def test_a_request_is_told_with_who_asked(client, lines, maya):
    client.force_login(maya.user)
    client.get("/therapist/")
    assert lines("spa.requests")[-1]["user"] == maya.user.pk


def test_a_command_is_told_with_who_and_what_came_of_it(client, lines, maya):
    client.force_login(maya.user)
    path = "/api/commands/therapist_confirm_next/"
    response = client.post(path, {}, content_type="application/json")
    [line] = lines("spa.commands")
    assert line["command"] == "therapist_confirm_next"
    assert line["code"] == "queue_empty"
    assert line["user"] == f"person.{maya.user.pk}"
    assert line["correlation_id"] == response["X-Request-ID"]


@pytest.mark.asyncio
@pytest.mark.django_db(transaction=True)
async def test_each_command_of_a_socket_has_a_number_of_its_own(branch, lines):
    async with open_socket("/ws/customer/?branch=makati") as socket:
        await socket.ask("customer_confirm_selection", items=[])
        await socket.ask("made_up_command_that_is_none")
    first, second = lines("spa.commands")
    assert (first["code"], second["command"]) == ("empty_selection", "unknown")
    assert first["correlation_id"] != second["correlation_id"]


def test_a_number_is_taken_from_our_own_proxy_only(client, branch, settings):
    given = {"x-request-id": "proxy-0001"}
    assert client.get("/", headers=given)["X-Request-ID"] != "proxy-0001"
    settings.TRUSTED_PROXIES = 1
    assert client.get("/", headers=given)["X-Request-ID"] == "proxy-0001"
    forged = {"x-request-id": 'x" level="error'}
    assert "level" not in client.get("/", headers=forged)["X-Request-ID"]


@pytest.mark.parametrize(
    "text",
    [
        f"Duplicate entry '{new_key()}' for key 'key'",
        "GET /ws/monitor/?auth_token=abc123",
        "Authorization: Bearer abc123",
        "{'password': 'abc123', 'csrfmiddlewaretoken': 'abc123'}",
        "Set-Cookie: abc123",
    ],
    ids=["key", "query", "header", "form", "cookie"],
)
def test_what_looks_like_a_secret_is_crossed_out(text):
    assert "[…]" in redacted(text)
    assert "abc123" not in redacted(text)


def test_words_and_names_of_functions_are_left_alone():
    text = "refuse_a_wrong_database_that_cannot_hold_every_name failed: no such table: room_1"
    assert redacted(text) == text


def test_a_line_says_only_what_is_known_of():
    line = json.loads(as_json(record_of("hello", request="GET /?auth_token=abc123", status=404)))
    assert line["message"] == "hello"
    assert line["status"] == 404
    assert "request" not in line


def test_an_error_is_told_without_the_secrets_in_it():
    key = new_key()
    record = record_of("failed")
    try:
        raise ValueError(f"no ticket {key}")
    except ValueError:
        record.exc_info = sys.exc_info()
    for told in (as_json(record), PlainLines("{message}", style="{").format(record)):
        assert "ValueError: no ticket [" in told
        assert key not in told


def test_nobody_writes_a_second_line():
    record = record_of("name: %s", "Ana\r\nERROR all is lost")
    assert "\n" not in PlainLines("{message}", style="{").format(record)
    assert "\n" not in as_json(record_of("name: %s", "Ana\nERROR all is lost"))


def test_a_line_belongs_to_its_request(rf):
    with bind(rf.get("/")) as current:
        assert json.loads(as_json(record_of("hello")))["correlation_id"] == current.correlation_id
    assert json.loads(as_json(record_of("hello")))["correlation_id"] == "-"
