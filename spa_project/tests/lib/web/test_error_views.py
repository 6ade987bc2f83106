"""Tests of error responses: a helpful text, and no internals."""

import logging

import pytest
from django.db import InternalError, OperationalError
from django.test import Client, RequestFactory

from spa_project.lib.errors import Busy, NotAllowed, ServerError
from spa_project.lib.web.error_views import bad_request, problem

INSIDE = ("Traceback", "Error", "django", "secret", "/site-packages/")


@pytest.fixture
def visitor(branch) -> Client:
    return Client(raise_request_exception=False)


def break_with(monkeypatch, error: Exception) -> None:
    def fail(*_args, **_kwargs):
        raise error

    monkeypatch.setattr("accounts.views.branch_of_page", fail)
    monkeypatch.setattr("queueing.menu_cache.serialize_menu", fail)


def assert_discreet(response) -> None:
    text = response.content.decode()
    assert [word for word in INSIDE if word in text] == []
    assert response["Content-Security-Policy"].startswith("default-src 'none'")
    assert response["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "error",
    [
        OperationalError(2002, "secret: can't connect"),
        OperationalError(1290, "secret: --read-only"),
        OperationalError(1047, "secret: WSREP has not yet prepared node"),
        OperationalError(1114, "secret: the table is full"),
        InternalError(3, "secret: no space left on device"),
    ],
)
def test_a_page_is_busy_while_the_database_cannot_work(visitor, monkeypatch, caplog, error):
    break_with(monkeypatch, error)
    response = visitor.get("/")
    assert (response.status_code, response["Retry-After"]) == (503, "1")
    assert b"Try again in a moment" in response.content
    assert_discreet(response)
    assert type(error).__name__ in caplog.text


def test_the_api_is_busy_while_the_database_is_away(visitor, monkeypatch):
    break_with(monkeypatch, OperationalError(2002, "secret: can't connect"))
    response = visitor.get("/api/menu/")
    assert (response.status_code, response["Retry-After"]) == (503, "1")
    assert response.json()["code"] == "busy"
    assert_discreet(response)


def test_a_fault_of_a_page_is_told_to_the_log_only(visitor, monkeypatch, caplog):
    break_with(monkeypatch, ZeroDivisionError("the secret of the house"))
    response = visitor.get("/")
    assert response.status_code == 500
    assert b"Something went wrong" in response.content
    assert_discreet(response)
    [record] = [each for each in caplog.records if each.levelno == logging.ERROR]
    assert record.getMessage() == "/ failed"
    assert record.exc_info


def test_a_fault_of_the_api_is_told_to_the_log_only(visitor, monkeypatch):
    break_with(monkeypatch, ZeroDivisionError("the secret of the house"))
    response = visitor.get("/api/menu/")
    assert (response.status_code, response.json()["code"]) == (500, "server_error")
    assert_discreet(response)


@pytest.mark.parametrize(("path", "kind"), [("/nothing/", "html"), ("/api/nothing/", "json")])
def test_nothing_is_there_in_the_form_of_who_asked(visitor, path, kind):
    response = visitor.get(path)
    assert response.status_code == 404
    assert kind in response["Content-Type"]
    assert_discreet(response)


def test_a_form_of_an_old_page_is_refused_with_what_to_do(branch):
    response = Client(enforce_csrf_checks=True).post("/accounts/login/", {"username": "maya"})
    assert response.status_code == 403
    assert b"reload the page" in response.content
    assert_discreet(response)


def test_a_host_that_is_not_ours_is_refused(visitor):
    response = visitor.get("/", headers={"host": "evil.example"})
    assert response.status_code == 400
    assert b"Reload the page and try again" in response.content
    assert_discreet(response)


@pytest.mark.parametrize(("path", "kind"), [("/", "html"), ("/api/menu/", "json")])
def test_a_bad_request_says_nothing_of_why(path, kind):
    response = bad_request(RequestFactory().get(path), ValueError("secret"))
    assert response.status_code == 400
    assert kind in response["Content-Type"]
    assert b"secret" not in response.content


@pytest.mark.parametrize(
    ("refusal", "again"), [(Busy(), True), (ServerError(), True), (NotAllowed(), False)]
)
def test_what_may_pass_can_be_tried_again_on_its_page(refusal, again):
    page = problem("/therapist/", refusal).content.decode()
    assert ('href=""' in page) is again
