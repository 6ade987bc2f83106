"""B7: invalid credentials, wherever a request carries them, always get the same refusal."""

import datetime
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
import time_machine
from asgiref.sync import async_to_sync
from django.test import Client
from django.utils import timezone

from accounts.logins import end_every_login
from accounts.models import AuthToken
from accounts.tests.by_token import bearer, post
from accounts.tokens import digest_of, login_by_token, new_ticket, new_token
from conftest import open_socket
from spa_project.tests.hostile.changes import everything
from spa_project.tests.hostile.clients import use_the_tests_thread
from spa_project.tests.hostile.visits import Asker, Floor

pytestmark = pytest.mark.django_db
CLAIM = "/api/commands/therapist_confirm_next/"


def _ticket(token: str) -> str:
    login = login_by_token(token)
    assert login is not None
    return new_ticket(login).text


def _expired(floor: Floor, token: str) -> str:
    AuthToken.objects.update(expires_at=timezone.now() - datetime.timedelta(seconds=1))
    return token


def _revoked(floor: Floor, token: str) -> str:
    end_every_login(floor.people[Asker.THERAPIST])
    return token


def _switched_off(floor: Floor, token: str) -> str:
    person = floor.people[Asker.THERAPIST]
    person.is_active = False
    person.save()
    return token


def _given_another_password(floor: Floor, token: str) -> str:
    person = floor.people[Asker.THERAPIST]
    person.set_password("something-else-entirely")
    person.save()
    return token


BAD: dict[str, Callable[[Floor, str], str]] = {
    "empty": lambda floor, token: "",
    "blank": lambda floor, token: "   ",
    "10 kB": lambda floor, token: "x" * 10_000,
    "forged, of the same length": lambda floor, token: "A" * len(token),
    "one letter off": lambda floor, token: token[:-1] + ("A" if token[-1] != "A" else "B"),
    "cut short": lambda floor, token: token[:-1],
    "one letter more": lambda floor, token: token + "A",
    "another case": lambda floor, token: token.swapcase(),
    "its own digest": lambda floor, token: digest_of(token),
    "SQL": lambda floor, token: "' OR 1=1 --",
    "letters of the world": lambda floor, token: "tökén",
    "a socket's ticket": lambda floor, token: _ticket(token),
    "expired a second ago": _expired,
    "revoked": _revoked,
    "of somebody switched off": _switched_off,
    "from before another password": _given_another_password,
}


@pytest.fixture
def token(floor) -> str:
    return floor.tokens[Asker.THERAPIST]


@pytest.mark.parametrize("case", BAD)
@pytest.mark.parametrize("header", ["authorization", "x-auth-token"])
def test_a_bad_token_is_nobody_over_http(floor, token, case, header):
    text = BAD[case](floor, token)
    sent = {header: f"Bearer {text}" if header == "authorization" else text}
    nobody = post(Client(), CLAIM)
    refused = post(Client(), CLAIM, **{key.replace("-", "_"): value for key, value in sent.items()})
    assert nobody.status_code == refused.status_code == 401
    assert nobody.json() == refused.json()


@pytest.mark.sample(4)
@pytest.mark.parametrize("case", [case for case in BAD if case != "a socket's ticket"])
@pytest.mark.parametrize("carrier", ["authorization", "x-auth-token", "address"])
def test_a_bad_token_opens_no_socket(floor, token, monkeypatch, case, carrier):
    text = BAD[case](floor, token)
    assert _close_code(monkeypatch, text, carrier) == 4401


@pytest.mark.parametrize("carrier", ["address"])
def test_a_token_is_no_ticket(token, monkeypatch, carrier):
    assert _close_code(monkeypatch, token, carrier) == 4401


@pytest.mark.parametrize("scheme", ["Basic", "Digest", "Token", "bearer:", ""])
def test_another_scheme_is_no_token(token, scheme):
    assert post(Client(), CLAIM, authorization=f"{scheme} {token}").status_code == 401


def test_a_ticket_opens_one_socket_once_and_not_after_half_a_minute(token, monkeypatch):
    ticket = _ticket(token)
    assert _close_code(monkeypatch, ticket, "address") == "yes"
    assert _close_code(monkeypatch, ticket, "address") == 4401
    old = _ticket(token)
    with time_machine.travel(timezone.now() + datetime.timedelta(seconds=31), tick=True):
        assert _close_code(monkeypatch, old, "address") == 4401


def test_the_header_counts_where_header_and_address_disagree(floor, token, monkeypatch):
    ticket = _ticket(token)
    path = f"/ws/therapist/?auth_token={ticket}"
    assert _first_word(monkeypatch, path, bearer("A" * 43)) == "4401"
    other = new_token(floor.people[Asker.CASHIER]).text
    assert _first_word(monkeypatch, path, bearer(other)) == "4403"


def test_a_session_does_not_mend_a_bad_token(floor, token):
    client = Client()
    client.force_login(floor.people[Asker.THERAPIST])
    assert post(client, CLAIM).status_code == 409
    assert post(client, CLAIM, **bearer("A" * 43)).status_code == 401


def test_the_database_holds_nothing_that_opens_anything(floor, token):
    ticket = _ticket(token)
    rows = everything()
    assert [secret for secret in (token, ticket) if secret in rows] == []


def _close_code(monkeypatch: Any, text: str, carrier: str) -> int | str:
    path, headers = "/ws/therapist/", {}
    if carrier == "address":
        path += f"?auth_token={quote(text)}"
    else:
        headers = {carrier: f"Bearer {text}" if carrier == "authorization" else text}
    word = _first_word(monkeypatch, path, headers)
    return word if word == "yes" else int(word)


def _first_word(monkeypatch: Any, path: str, headers: dict[str, str]) -> str:
    use_the_tests_thread(monkeypatch)
    return async_to_sync(_ask)(path, headers)


async def _ask(path: str, headers: dict[str, str]) -> str:
    async with open_socket(path, headers=headers) as socket:
        return await socket.first_word()
