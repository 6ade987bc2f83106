"""Tests of tokens over HTTP: issued for a password, carried in three ways, ended in four."""

import datetime
import hashlib

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from accounts.models import AuthToken, SocketTicket
from accounts.tests.by_token import CLAIM, LET_IN, NOBODY, bearer, claim, log_in, post
from conftest import PASSWORD, make_user, session_of

pytestmark = pytest.mark.django_db

HOUR = datetime.timedelta(hours=1)
DAY = 24 * HOUR


def later(delta: datetime.timedelta) -> time_machine.travel:
    return time_machine.travel(timezone.now() + delta, tick=True)


# -- Issued ---------------------------------------------------------------------------------------


def test_a_login_answers_with_a_token_and_who_it_is(maya):
    response = post(Client(), "/api/login/", {"username": "maya", "password": PASSWORD})
    reply = response.json()
    expires_at = datetime.datetime.fromisoformat(reply.pop("expires_at"))
    assert abs(expires_at - timezone.now() - DAY) < datetime.timedelta(minutes=1)
    assert len(reply.pop("token")) == 43
    user = {"name": "Maya", "roles": ["therapist"], "branch": "makati"}
    assert reply == {"ok": True, "user": user}
    assert response["Cache-Control"] == "no-store"
    assert not response.cookies


def test_each_login_has_a_token_of_its_own(maya):
    assert log_in("maya") != log_in("maya")


def test_the_database_knows_the_digest_only(maya):
    token = log_in("maya")
    row = AuthToken.objects.values().get()
    assert row["digest"] == hashlib.sha256(token.encode()).hexdigest()
    assert token not in str(row)


def test_a_manager_without_a_name_on_screens_has_their_own(branch):
    make_user("Rosa", branch, is_staff=True, first_name="Rosa", last_name="Lim")
    reply = post(Client(), "/api/login/", {"username": "rosa", "password": PASSWORD}).json()
    assert reply["user"] == {"name": "Rosa Lim", "roles": ["manager"], "branch": "makati"}


def test_a_login_is_noted_on_the_person(maya):
    log_in("maya")
    maya.user.refresh_from_db()
    assert maya.user.last_login is not None


@pytest.mark.parametrize(
    "data", [{}, {"username": "maya"}, {"username": 1, "password": "x"}, {"who": "maya"}, []]
)
def test_a_login_with_other_data_is_refused_in_words(db, data):
    response = post(Client(), "/api/login/", data)
    assert (response.status_code, response.json()["code"]) == (400, "invalid")


# -- Carried --------------------------------------------------------------------------------------


def test_a_token_lets_in_without_a_csrf_token(maya):
    assert claim(**bearer(log_in("maya"))) == LET_IN


def test_a_token_may_come_in_a_header_of_its_own(maya):
    assert claim(x_auth_token=log_in("maya")) == LET_IN


def test_the_bearer_comes_first(maya):
    assert claim(x_auth_token="nonsense", **bearer(log_in("maya"))) == LET_IN
    assert claim(x_auth_token=log_in("maya"), **bearer("nonsense")) == NOBODY


def test_a_token_comes_before_the_session(maya, carl):
    client = session_of(carl.user)
    assert post(client, CLAIM).status_code == 403
    assert post(client, CLAIM, **bearer(log_in("maya"))).status_code == 409


def test_a_bad_token_is_not_mended_by_a_session(maya):
    assert post(session_of(maya.user), CLAIM, **bearer("nonsense")).status_code == 401


def test_another_scheme_leaves_it_to_the_session(maya):
    assert post(session_of(maya.user), CLAIM, authorization="Basic eDp5").status_code == 409


@pytest.mark.parametrize("token", ["", "nonsense", "x" * 10_000, "ü" * 43])
def test_what_is_no_token_is_nobody(db, token):
    assert claim(x_auth_token=token) == NOBODY
    assert claim(**bearer(token)) == NOBODY


def test_a_token_as_a_wrong_scheme_is_nobody(maya):
    assert claim(authorization=f"Basic {log_in('maya')}") == NOBODY


def test_a_token_in_the_address_works_only_where_that_is_allowed(maya, settings):
    address = f"{CLAIM}?auth_token={log_in('maya')}"
    assert post(Client(), address).status_code == 401
    settings.ALLOW_TOKEN_IN_QUERY = True
    assert post(Client(), address).status_code == 409


@pytest.mark.parametrize("address", ["/api/snapshots/therapist/", "/therapist/"])
def test_screens_and_pages_open_with_a_token(maya, address):
    shown = Client().get(address, headers=bearer(log_in("maya")))
    assert b"maya" in shown.content.lower()


def test_a_page_sends_a_bad_token_to_the_login(db):
    response = Client().get("/therapist/", headers=bearer("nonsense"))
    assert (response.status_code, response["Location"][:17]) == (302, "/accounts/login/?")


# -- Ended ----------------------------------------------------------------------------------------


def test_an_unused_token_ends_after_a_day(maya):
    token = log_in("maya")
    with later(DAY + datetime.timedelta(seconds=1)):
        assert claim(**bearer(token)) == NOBODY


def test_a_used_token_lives_on(maya):
    token = log_in("maya")
    for hours in (20, 40, 60):
        with later(hours * HOUR):
            assert claim(**bearer(token)) == LET_IN


def test_a_tokens_end_is_put_off_once_a_minute_at_most(maya, captured_statements):
    token = log_in("maya")
    with later(datetime.timedelta(seconds=50)), captured_statements() as statements:
        claim(**bearer(token))
    assert not [sql for sql in statements if "authtoken" in sql and sql.startswith("UPDATE")]
    with later(datetime.timedelta(seconds=70)), captured_statements() as statements:
        claim(**bearer(token))
        claim(**bearer(token))
    assert len([sql for sql in statements if "authtoken" in sql and "UPDATE" in sql]) == 1


def test_even_a_used_token_ends_after_a_week(maya, captured_statements):
    token = log_in("maya")
    for hours in range(20, 161, 20):
        with later(hours * HOUR):
            assert claim(**bearer(token)) == LET_IN
    with later(7 * DAY - HOUR):
        claim(**bearer(token))
        with captured_statements() as statements:
            assert claim(**bearer(token)) == LET_IN
        assert not [sql for sql in statements if sql.startswith("UPDATE")]
    with later(7 * DAY):
        assert claim(**bearer(token)) == NOBODY


def test_a_logout_ends_this_token_only(maya):
    one, two = log_in("maya"), log_in("maya")
    assert post(Client(), "/api/logout/", **bearer(one)).json() == {"ok": True}
    assert claim(**bearer(one)) == NOBODY
    assert claim(**bearer(two)) == LET_IN


def test_a_logout_of_a_session_ends_that_session(maya):
    client = session_of(maya.user)
    assert post(client, "/api/logout/").json() == {"ok": True}
    assert post(client, CLAIM).status_code == 401


def test_a_logout_by_session_needs_a_page_of_ours(maya):
    client = Client(enforce_csrf_checks=True)
    client.force_login(maya.user)
    assert post(client, "/api/logout/").status_code == 403


def test_nobody_cannot_log_out(db):
    assert post(Client(), "/api/logout/").status_code == 401


@pytest.mark.parametrize("by", ["token", "session"])
def test_a_logout_of_all_ends_every_token_and_session(maya, noor, by):
    asking, other, session = log_in("maya"), log_in("maya"), session_of(maya.user)
    noors = log_in("noor")
    headers = bearer(asking) if by == "token" else {}
    assert post(session, "/api/logout/", {"all": True}, **headers).json() == {"ok": True}
    assert {claim(**bearer(asking)), claim(**bearer(other))} == {NOBODY}
    assert post(session, CLAIM).status_code == 401
    assert claim(**bearer(noors)) == LET_IN
    assert claim(**bearer(log_in("maya"))) == LET_IN


def test_a_new_password_ends_every_token(maya):
    token = log_in("maya")
    maya.user.set_password("another-walk-to-the-sea")
    maya.user.save()
    assert claim(**bearer(token)) == NOBODY


def test_who_is_switched_off_is_nobody(maya):
    token = log_in("maya")
    maya.user.is_active = False
    maya.user.save()
    assert claim(**bearer(token)) == NOBODY


def test_a_token_survives_a_change_of_the_sites_key(maya, settings):
    token = log_in("maya")
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another-" * 8
    assert claim(**bearer(token)) == LET_IN
    settings.SECRET_KEY_FALLBACKS = []
    assert claim(**bearer(token)) == NOBODY


def test_a_session_survives_a_change_of_the_sites_key(maya, settings):
    used, unused = session_of(maya.user), session_of(maya.user)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another-" * 8
    assert is_in(used)
    settings.SECRET_KEY_FALLBACKS = []
    assert is_in(used)
    assert not is_in(unused)


def test_a_role_taken_away_is_seen_with_the_next_command(maya):
    token = log_in("maya")
    maya.active = False
    maya.save()
    assert claim(**bearer(token)) == (403, "not_allowed")


# -- Cleared --------------------------------------------------------------------------------------


def test_a_login_clears_what_is_over(maya):
    post(Client(), "/api/ws-ticket/", **bearer(log_in("maya")))
    with later(2 * DAY):
        log_in("maya")
        assert (AuthToken.objects.count(), SocketTicket.objects.count()) == (1, 0)


def test_a_command_clears_what_is_over_and_nothing_else(maya, capsys):
    session_of(maya.user)
    post(Client(), "/api/ws-ticket/", **bearer(log_in("maya")))
    call_command("clear_logins")
    assert AuthToken.objects.count() == SocketTicket.objects.count() == Session.objects.count() == 1
    with later(30 * DAY):
        call_command("clear_logins")
    assert AuthToken.objects.count() == SocketTicket.objects.count() == Session.objects.count() == 0
    assert capsys.readouterr().out == "0 forgotten.\n3 forgotten.\n"


# -- Sessions end as tokens do -----------------------------------------------------------------


def is_in(client: Client) -> bool:
    return client.get("/therapist/").status_code == 200


def test_an_unused_session_ends_after_a_day(maya):
    client = session_of(maya.user)
    with later(DAY - HOUR / 2):
        assert Session.objects.get().expire_date > timezone.now()
    with later(DAY + HOUR):
        assert not is_in(client)


def test_a_session_in_use_goes_on_until_its_absolute_end(maya, settings):
    settings.TOKEN_MAX_DAYS = 3
    client = session_of(maya.user)
    for half_days in range(1, 6):
        with later(half_days * DAY / 2):
            assert is_in(client), half_days
    with later(3 * DAY + HOUR):
        assert not is_in(client)


def test_a_cookie_lasts_until_the_absolute_end(maya, settings):
    settings.TOKEN_MAX_DAYS = 3
    response = Client().post("/accounts/login/", {"username": "maya", "password": PASSWORD})
    assert abs(int(response.cookies["sessionid"]["max-age"]) - 3 * DAY.total_seconds()) < 60


def test_a_session_is_extended_once_a_minute_at_most(maya, captured_statements):
    client = session_of(maya.user)
    with captured_statements() as statements:
        assert is_in(client)
    assert not [sql for sql in statements if sql.startswith("UPDATE")]
