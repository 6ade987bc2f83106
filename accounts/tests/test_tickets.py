"""Tests of tickets: each opens one socket, once, within half a minute, for its own login."""

import datetime

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from accounts.models import SocketTicket
from accounts.tests.by_token import bearer, log_in, post
from accounts.tokens import login_by_token, new_ticket, redeem_ticket
from conftest import open_socket, session_of
from spa_project.lib.db.pool import pool
from spa_project.tests.concurrency import shared_workers

pytestmark = pytest.mark.django_db(transaction=True)


workers = shared_workers(2)


def ask_for_ticket(client: Client, **headers: str) -> str:
    reply = post(client, "/api/ws-ticket/", **headers).json()
    assert reply["ok"], reply
    return reply["ticket"]


def spent(text: str) -> bool:
    """Redeem the ticket in a process of its own; return whether it was the first."""
    return redeem_ticket(text) is not None


@pytest.mark.asyncio
async def test_a_ticket_opens_a_socket_once(maya):
    ticket = await pool.run(lambda: ask_for_ticket(Client(), **bearer(log_in("maya"))))
    async with open_socket(f"/ws/therapist/?auth_token={ticket}") as desk:
        assert (await desk.hear("snapshot"))["data"]["me"]["name"] == "Maya"
        assert (await desk.ask("therapist_confirm_next"))["code"] == "queue_empty"
    async with open_socket(f"/ws/therapist/?auth_token={ticket}") as desk:
        assert await desk.close_code() == 4401


@pytest.mark.asyncio
async def test_a_sessions_ticket_opens_a_socket_and_ends_with_the_session(maya):
    client = await pool.run(session_of, maya.user)
    ticket = await pool.run(ask_for_ticket, client)
    async with open_socket(f"/ws/therapist/?auth_token={ticket}") as desk:
        await desk.hear("snapshot")
        await pool.run(client.post, "/accounts/logout/")
        assert await desk.close_code() == 4401


@pytest.mark.asyncio
async def test_a_ticket_of_a_token_that_is_over_opens_nothing(maya):
    token = await pool.run(log_in, "maya")
    ticket = await pool.run(lambda: ask_for_ticket(Client(), **bearer(token)))
    await pool.run(lambda: post(Client(), "/api/logout/", **bearer(token)))
    async with open_socket(f"/ws/therapist/?auth_token={ticket}") as desk:
        assert await desk.close_code() == 4401


@pytest.mark.asyncio
async def test_a_token_in_the_address_opens_a_socket_only_where_that_is_allowed(maya, settings):
    address = f"/ws/therapist/?auth_token={await pool.run(log_in, 'maya')}"
    async with open_socket(address) as desk:
        assert await desk.close_code() == 4401
    settings.ALLOW_TOKEN_IN_QUERY = True
    async with open_socket(address) as desk:
        await desk.hear("snapshot")


@pytest.mark.asyncio
@pytest.mark.parametrize("text", ["", "nonsense", "%ff%00", "x" * 5000])
async def test_what_is_no_ticket_is_nobody_even_with_a_session(maya, text):
    async with open_socket(f"/ws/therapist/?auth_token={text}", maya.user) as desk:
        assert await desk.close_code() == 4401


def test_a_ticket_is_good_for_half_a_minute(maya):
    ticket = ask_for_ticket(Client(), **bearer(log_in("maya")))
    with time_machine.travel(timezone.now() + datetime.timedelta(seconds=31)):
        assert not spent(ticket)
    assert spent(ticket)


def test_the_database_knows_no_ticket(maya):
    ticket = ask_for_ticket(Client(), **bearer(log_in("maya")))
    assert ticket not in str(SocketTicket.objects.values().get())


def test_a_ticket_is_no_token(maya):
    ticket = ask_for_ticket(Client(), **bearer(log_in("maya")))
    assert post(Client(), "/api/ws-ticket/", **bearer(ticket)).status_code == 401


def test_tickets_are_for_those_who_are_in(db):
    assert post(Client(), "/api/ws-ticket/").status_code == 401


def test_a_session_asks_for_a_ticket_on_a_page_of_ours_only(maya):
    client = Client(enforce_csrf_checks=True)
    client.force_login(maya.user)
    assert post(client, "/api/ws-ticket/").status_code == 403


@pytest.mark.slow
def test_of_two_processes_with_one_ticket_one_gets_in(workers, maya):
    login = login_by_token(log_in("maya"))
    assert login is not None
    for _round in range(40):
        ticket = new_ticket(login).text
        assert sorted(workers.at_once([(spent, ticket)] * 2)) == [False, True]
