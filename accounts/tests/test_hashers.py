"""Tests of password hashing: the algorithm, its cost, and the limit of hashes at a time."""

import threading

import pytest
from django.contrib.auth.hashers import (
    Argon2PasswordHasher,
    check_password,
    identify_hasher,
    make_password,
)
from django.test import Client

from accounts import hashers
from accounts.tests.by_token import post
from conftest import PASSWORD
from spa_project.lib.errors import Busy

OURS = "accounts.hashers.FrugalArgon2PasswordHasher"
DJANGOS = "django.contrib.auth.hashers.Argon2PasswordHasher"


@pytest.fixture(autouse=True)
def real_hasher(settings, _quick_settings) -> None:
    settings.PASSWORD_HASHERS = [OURS]


def test_passwords_are_hashed_with_argon2id_in_19_mib():
    encoded = make_password(PASSWORD)
    assert "$argon2id$v=19$m=19456,t=2,p=1$" in encoded
    assert check_password(PASSWORD, encoded)
    assert not check_password(PASSWORD + "!", encoded)


def test_a_hash_with_other_parameters_is_renewed_at_the_next_login(settings):
    settings.PASSWORD_HASHERS = [DJANGOS]
    old = make_password(PASSWORD)
    settings.PASSWORD_HASHERS = [OURS]
    renewed: list[str] = []
    assert check_password(PASSWORD, old, setter=renewed.append)
    assert renewed == [PASSWORD]
    assert identify_hasher(old).algorithm == "argon2"


def test_the_application_uses_it():
    from spa_project.settings import PASSWORD_HASHERS

    assert PASSWORD_HASHERS[0] == OURS


def test_four_at_once_are_enough_and_the_fifth_hears_busy(monkeypatch):
    monkeypatch.setattr(hashers, "PLACE_WAIT", 0.01)
    inside, done = threading.Semaphore(0), threading.Event()
    original = Argon2PasswordHasher.encode

    def slowly(self, password, salt):
        inside.release()
        done.wait(10)
        return original(self, password, salt)

    monkeypatch.setattr(Argon2PasswordHasher, "encode", slowly)
    threads = [threading.Thread(target=make_password, args=[PASSWORD]) for _each in range(4)]
    for thread in threads:
        thread.start()
    for _each in threads:
        assert inside.acquire(timeout=10)
    try:
        with pytest.raises(Busy):
            make_password(PASSWORD)
    finally:
        done.set()
        for thread in threads:
            thread.join()
    assert make_password(PASSWORD)


@pytest.mark.django_db
@pytest.mark.parametrize("page", ["/api/login/", "/accounts/login/", "/admin/login/"])
def test_a_login_that_finds_no_place_is_told_to_come_again(maria, monkeypatch, page):
    monkeypatch.setattr(hashers, "PLACE_WAIT", 0)
    monkeypatch.setattr(hashers, "_places", threading.Semaphore(0))
    data = {"username": "maria", "password": PASSWORD}
    client = Client(raise_request_exception=False)
    response = post(client, page, data) if page.startswith("/api/") else client.post(page, data)
    assert response.status_code == 503
    assert response["Retry-After"] == "1"
