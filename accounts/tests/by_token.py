"""Requests of programs that log in with a token, for tests."""

import json
from typing import Any

from django.test import Client

from conftest import PASSWORD


def post(client: Client, path: str, data: Any = None, **headers: str) -> Any:
    """Send a POST of JSON; headers are given by name, with `_` for `-`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    body = json.dumps(data or {})
    return client.post(path, body, content_type="application/json", headers=named)


def log_in(username: str, password: str = PASSWORD) -> str:
    """Return a new token."""
    reply = post(Client(), "/api/login/", {"username": username, "password": password}).json()
    assert reply["ok"], reply
    return reply["token"]


def bearer(token: str) -> dict[str, str]:
    """Return the header that carries a token."""
    return {"authorization": f"Bearer {token}"}


def claim(**headers: str) -> tuple[int, str]:
    """Claim the next customer from an empty line; the refusal shows how the caller is known."""
    response = post(Client(enforce_csrf_checks=True), CLAIM, **headers)
    return response.status_code, response.json()["code"]


CLAIM = "/api/commands/therapist_confirm_next/"
LET_IN = (409, "queue_empty")
NOBODY = (401, "not_authenticated")
