"""Tests of failed logins: the same refusal for all, and a lock-out after five."""

import datetime
from typing import Any

import pytest
import time_machine
from asgiref.sync import async_to_sync
from axes.models import AccessAttempt
from django.contrib.auth.hashers import get_hasher
from django.test import AsyncClient, Client
from django.utils import timezone

from accounts.tests.by_token import post
from conftest import PASSWORD, make_user

pytestmark = pytest.mark.django_db

LIMIT = 5
MINUTE = datetime.timedelta(minutes=1)


def api_login(username: str, password: str, address: str = "10.0.0.1"):
    client = Client(REMOTE_ADDR=address)
    return post(client, "/api/login/", {"username": username, "password": password})


def page_login(username: str, password: str, address: str = "10.0.0.1", page="/accounts/login/"):
    return Client(REMOTE_ADDR=address).post(page, {"username": username, "password": password})


def lock(username: str, address: str = "10.0.0.1") -> None:
    for _try in range(LIMIT):
        api_login(username, "wrong", address)


@pytest.fixture
def hashings(monkeypatch) -> list[str]:
    """Record every password that is hashed."""
    done: list[str] = []
    hasher = type(get_hasher())
    for name in ("encode", "verify"):
        original = getattr(hasher, name)

        def counted(self, *args, _original=original, _name=name):
            # MD5's own verify calls encode, which would count twice.
            before = len(done)
            result = _original(self, *args)
            del done[before:]
            done.append(_name)
            return result

        monkeypatch.setattr(hasher, name, counted)
    return done


def test_whatever_is_wrong_the_answer_and_the_work_are_the_same(maya, branch, hashings):
    make_user("Gone", branch, is_active=False)
    answers = {}
    for username, password in (("maya", "wrong"), ("nobody", "wrong"), ("gone", PASSWORD)):
        hashings.clear()
        response = api_login(username, password)
        answers[username] = (response.status_code, response.content, len(hashings))
    assert set(answers.values()) == {answers["maya"]}
    assert answers["maya"][0] == 401
    assert answers["maya"][2] == 1


def test_whatever_is_wrong_the_page_is_the_same(maya, branch, hashings):
    make_user("Gone", branch, is_active=False)
    said = set()
    for username, password in (("maya", "wrong"), ("nobody", "wrong"), ("gone", PASSWORD)):
        hashings.clear()
        response = page_login(username, password)
        said.add((response.status_code, str(response.context["form"].errors), len(hashings)))
    assert len(said) == 1


@pytest.mark.parametrize("username", ["maya", "nobody", "gone"])
def test_the_fifth_wrong_password_locks_out_whoever_it_is(maya, branch, username, hashings):
    make_user("Gone", branch, is_active=False)
    for _try in range(LIMIT - 1):
        assert api_login(username, "wrong").status_code == 401
    assert api_login(username, "wrong").status_code == 429
    hashings.clear()
    response = api_login(username, PASSWORD)
    reply = response.json()
    assert (response.status_code, reply["code"]) == (429, "rate_limited")
    assert 14 * 60 < int(response["Retry-After"]) == reply["retry_after"] <= 15 * 60 + 1
    assert hashings == []


async def locked_out_async(username: str) -> Any:
    """Return the response of the asynchronous path, which is the one in production."""
    client = AsyncClient()
    data = {"username": username, "password": PASSWORD}
    return await client.post("/api/login/", data, content_type="application/json")


def test_the_asynchronous_path_says_how_long_to_wait_too(maya):
    lock("maya", address="127.0.0.1")
    response = async_to_sync(locked_out_async)("maya")
    assert response.status_code == 429
    assert 14 * 60 < int(response["Retry-After"]) == response.json()["retry_after"]


def test_the_page_says_how_long_to_wait(maya):
    lock("maya")
    response = page_login("maya", PASSWORD)
    assert response.status_code == 429
    assert int(response["Retry-After"]) > 14 * 60
    assert b"Try again in 15 minutes." in response.content


def test_the_admins_own_login_is_locked_as_well(maria):
    lock("maria")
    assert page_login("maria", PASSWORD, page="/admin/login/").status_code == 429


def test_tries_at_all_doors_count_together(maria):
    for _try in range(2):
        api_login("maria", "wrong")
        page_login("maria", "wrong", page="/admin/login/")
    assert page_login("maria", "wrong").status_code == 429


def test_nobody_locks_a_colleague_out_from_elsewhere(maya, noor):
    lock("maya", address="10.0.0.66")
    assert api_login("maya", PASSWORD).status_code == 200
    assert api_login("noor", PASSWORD, address="10.0.0.66").status_code == 200


def test_a_made_up_address_opens_nothing(maya):
    lock("maya")
    client = Client(REMOTE_ADDR="10.0.0.1")
    data = {"username": "maya", "password": PASSWORD}
    assert post(client, "/api/login/", data, x_forwarded_for="1.2.3.4").status_code == 429


def test_behind_our_proxy_the_clients_own_address_counts(maya, settings):
    settings.TRUSTED_PROXIES = 1
    data = {"username": "maya", "password": "wrong"}
    for _try in range(LIMIT):
        post(Client(), "/api/login/", data, x_forwarded_for="10.0.0.66")
    right = data | {"password": PASSWORD}
    assert post(Client(), "/api/login/", right, x_forwarded_for="10.0.0.66").status_code == 429
    assert post(Client(), "/api/login/", right, x_forwarded_for="10.0.0.1").status_code == 200


def test_other_browsers_of_the_same_address_count_together(maya):
    data = {"username": "maya", "password": "wrong"}
    for number in range(LIMIT):
        post(Client(), "/api/login/", data, user_agent=f"browser {number}")
    assert post(Client(), "/api/login/", data | {"password": PASSWORD}).status_code == 429


def test_after_a_quarter_of_an_hour_it_opens_again(maya):
    lock("maya")
    with time_machine.travel(timezone.now() + 10 * MINUTE, tick=True):
        assert api_login("maya", PASSWORD).status_code == 429
    # The attempt in between has not extended the lock-out.
    with time_machine.travel(timezone.now() + 16 * MINUTE, tick=True):
        assert api_login("maya", PASSWORD).status_code == 200


def test_a_right_password_makes_the_wrong_ones_forgotten(maya):
    for _round in range(3):
        for _try in range(LIMIT - 1):
            assert api_login("maya", "wrong").status_code == 401
        assert api_login("maya", PASSWORD).status_code == 200


def test_what_is_kept_of_a_try_has_no_secret(maya, caplog):
    client = Client()
    form = {"username": "maya", "password": "guess-guess-guess", "csrfmiddlewaretoken": "csrf-csrf"}
    client.post("/accounts/login/?auth_token=ticket-ticket", form)
    kept = str(list(AccessAttempt.objects.values())) + caplog.text
    for secret in ("guess-guess", "csrf-csrf", "ticket-ticket"):
        assert secret not in kept


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({"username": "maya", "password": "wrong"}, "Mali ang username o password"),
        ({"username": "maya", "password": ""}, "Kailangan ito."),
    ],
)
def test_the_page_refuses_in_a_language_django_does_not_speak(form, sentence):
    page = Client(headers={"accept-language": "fil"}).post("/accounts/login/", form)
    assert sentence in page.content.decode()
