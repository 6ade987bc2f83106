"""Tests of the user name at the login: exactly the account's own."""

import json

import pytest

from accounts.models import User
from conftest import PASSWORD

pytestmark = pytest.mark.django_db


@pytest.fixture
def collation(maya, monkeypatch) -> None:
    """Find Maya by every name, as MariaDB finds her by those that its collation makes equal."""
    manager = type(User._default_manager)
    monkeypatch.setattr(manager, "get_by_natural_key", lambda self, name: maya.user)


@pytest.mark.parametrize("name", ["máya", "MAYA"])
def test_a_name_that_only_collation_makes_equal_does_not_log_in(client, collation, name):
    entered = {"username": name, "password": PASSWORD}
    assert client.post("/api/login/", json.dumps(entered), "application/json").status_code == 401
    assert client.post("/accounts/login/", entered).status_code == 200
    assert "_auth_user_id" not in client.session


def test_the_exact_name_logs_in(client, collation):
    entered = {"username": "maya", "password": PASSWORD}
    assert client.post("/accounts/login/", entered).status_code == 302


@pytest.mark.parametrize("name", ["a\0b", "\0", "maya\0"])
def test_a_name_with_a_nul_does_not_log_in(client, maya, name):
    entered = {"username": name, "password": PASSWORD}
    assert client.post("/accounts/login/", entered).status_code == 200
    assert client.post("/api/login/", json.dumps(entered), "application/json").status_code == 401
