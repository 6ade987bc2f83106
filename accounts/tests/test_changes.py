"""Tests of revocation: a logout, a lost role or a switched-off account closes sockets."""

import asyncio
import datetime

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.auth import revoked_among, staff_of
from accounts.models import AuthToken, Branch, Therapist, User
from accounts.tests.by_token import bearer, log_in, post
from conftest import open_socket, session_of
from spa_project.lib.db.pool import pool
from spa_project.lib.realtime import session_watch

pytestmark = [pytest.mark.asyncio, pytest.mark.django_db(transaction=True)]


async def test_a_logout_closes_the_sockets_of_that_session(maya):
    client = await pool.run(session_of, maya.user)
    async with open_socket("/ws/therapist/", client=client) as desk:
        await desk.hear("snapshot")
        await pool.run(client.post, "/accounts/logout/")
        assert await desk.close_code() == 4401


async def test_a_logout_elsewhere_leaves_other_sessions_alone(maya):
    here, there = [await pool.run(session_of, maya.user) for _each in range(2)]
    async with open_socket("/ws/therapist/", client=here) as desk:
        await desk.hear("snapshot")
        await pool.run(there.post, "/accounts/logout/")
        assert (await desk.ask("therapist_confirm_next"))["code"] == "queue_empty"


async def test_who_is_switched_off_is_out_at_once(maya):
    async with open_socket("/ws/therapist/", maya.user) as desk:
        await desk.hear("snapshot")
        await pool.run(_save, User.objects, maya.user.pk, is_active=False)
        assert await desk.close_code() == 4401


async def test_who_is_no_longer_a_therapist_leaves_that_desk(maya):
    async with open_socket("/ws/therapist/", maya.user) as desk:
        await desk.hear("snapshot")
        await pool.run(_save, Therapist.objects, maya.pk, active=False)
        assert await desk.close_code() == 4403


async def test_a_new_password_ends_what_the_old_one_opened(maya):
    async with open_socket("/ws/therapist/", maya.user) as desk:
        await desk.hear("snapshot")
        await pool.run(_set_password, maya.user.pk)
        assert await desk.close_code() == 4401


async def test_a_login_elsewhere_disturbs_nobody(maya):
    async with open_socket("/ws/therapist/", maya.user) as desk:
        await desk.hear("snapshot")
        await pool.run(Client().force_login, maya.user)
        assert (await desk.ask("therapist_confirm_next"))["code"] == "queue_empty"


# -- By token -------------------------------------------------------------------------------------


@pytest.mark.parametrize("header", ["authorization", "x-auth-token"])
async def test_a_token_opens_a_socket(maya, header):
    token = await pool.run(log_in, "maya")
    value = f"Bearer {token}" if header == "authorization" else token
    async with open_socket("/ws/therapist/", headers={header: value}) as desk:
        assert (await desk.hear("snapshot"))["data"]["me"]["name"] == "Maya"
        assert (await desk.ask("therapist_confirm_next"))["code"] == "queue_empty"


async def test_a_token_comes_before_the_session(maya, carl):
    token = await pool.run(log_in, "maya")
    async with open_socket("/ws/therapist/", carl.user, headers=bearer(token)) as desk:
        await desk.hear("snapshot")
    async with open_socket("/ws/therapist/", maya.user, headers=bearer("nonsense")) as desk:
        assert await desk.close_code() == 4401


async def test_a_token_of_another_role_is_told_so(maya):
    token = await pool.run(log_in, "maya")
    async with open_socket("/ws/cashier/", headers=bearer(token)) as desk:
        assert await desk.close_code() == 4403


async def test_a_logout_closes_the_sockets_of_that_token_only(maya):
    one, two = [await pool.run(log_in, "maya") for _each in range(2)]
    async with (
        open_socket("/ws/therapist/", headers=bearer(one)) as gone,
        open_socket("/ws/therapist/", headers=bearer(two)) as other,
    ):
        await gone.hear("snapshot")
        await other.hear("snapshot")
        await pool.run(lambda: post(Client(), "/api/logout/", **bearer(one)))
        assert await gone.close_code() == 4401
        assert (await other.ask("therapist_confirm_next"))["code"] == "queue_empty"


async def test_a_logout_of_all_closes_every_socket_of_the_person(maya, noor):
    token, noors = [await pool.run(log_in, name) for name in ("maya", "noor")]
    async with (
        open_socket("/ws/therapist/", maya.user) as by_session,
        open_socket("/ws/monitor/", headers=bearer(token)) as by_token,
        open_socket("/ws/therapist/", headers=bearer(noors)) as other,
    ):
        for each in (by_session, by_token, other):
            await each.hear("snapshot")
        await pool.run(lambda: post(Client(), "/api/logout/", {"all": True}, **bearer(token)))
        assert await by_session.close_code() == 4401
        assert await by_token.close_code() == 4401
        assert (await other.ask("therapist_confirm_next"))["code"] == "queue_empty"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda maya: _save(User.objects, maya.user.pk, is_active=False), 4401),
        (lambda maya: _set_password(maya.user.pk), 4401),
        (lambda maya: _save(Therapist.objects, maya.pk, active=False), 4403),
        (lambda maya: _move(maya.user.pk), 1012),
    ],
    ids=["switched off", "new password", "other role", "other branch"],
)
async def test_a_change_of_the_person_closes_the_sockets_of_tokens(
    maya, other_branch, change, code
):
    token = await pool.run(log_in, "maya")
    async with open_socket("/ws/therapist/", headers=bearer(token)) as desk:
        await desk.hear("snapshot")
        await pool.run(change, maya)
        assert await desk.close_code() == code


# -- Without an event -----------------------------------------------------------------------------


@pytest.fixture
def often(monkeypatch) -> None:
    """Check the access of open sockets many times a second."""
    monkeypatch.setattr(session_watch, "CHECK_SECONDS", 0.05)


async def quietly(change, *args) -> None:
    """Change rows without a signal or an event, as if the message were lost."""
    await pool.run(change, *args)


SILENT_CHANGES = {
    "token gone": (lambda maya: AuthToken.objects.all().delete(), 4401),
    "token over": (lambda maya: AuthToken.objects.update(expires_at=timezone.now()), 4401),
    "switched off": (lambda maya: User.objects.update(is_active=False), 4401),
    "new password": (lambda maya: User.objects.update(password="!"), 4401),
    "every login ended": (lambda maya: User.objects.update(login_epoch=7), 4401),
    "other role": (lambda maya: Therapist.objects.update(active=False), 4403),
    "other branch": (
        lambda maya: User.objects.update(branch=Branch.objects.get(slug="cebu")),
        1012,
    ),
}


@pytest.mark.parametrize(("change", "code"), SILENT_CHANGES.values(), ids=SILENT_CHANGES)
async def test_what_nobody_told_is_found_out(maya, other_branch, often, change, code):
    token = await pool.run(log_in, "maya")
    async with open_socket("/ws/therapist/", headers=bearer(token)) as desk:
        await desk.hear("snapshot")
        await quietly(change, maya)
        assert await desk.close_code() == code


async def test_a_session_that_is_gone_is_found_out(maya, often):
    async with open_socket("/ws/therapist/", maya.user) as desk:
        await desk.hear("snapshot")
        await quietly(lambda: Session.objects.all().delete())
        assert await desk.close_code() == 4401


async def test_a_silent_logout_is_seen_with_the_next_command(maya):
    async with open_socket("/ws/therapist/", maya.user) as desk:
        await desk.hear("snapshot")
        await quietly(lambda: Session.objects.all().delete())
        assert (await desk.ask("therapist_confirm_next"))["code"] == "not_authenticated"
        assert await desk.close_code() == 4401


async def test_who_gets_one_role_more_stays_and_is_asked_about_no_more_than_before(
    maya, often, monkeypatch
):
    looks: list[session_watch.SessionWatcher] = []
    recheck = session_watch.SessionWatcher.recheck

    def counted(watcher: session_watch.SessionWatcher) -> None:
        looks.append(watcher)
        recheck(watcher)

    monkeypatch.setattr(session_watch.SessionWatcher, "recheck", counted)
    async with open_socket("/ws/therapist/", maya.user) as desk:
        await desk.hear("snapshot")
        await quietly(lambda: User.objects.update(is_monitor=True))
        await asyncio.sleep(0.5)
        assert (await desk.ask("therapist_confirm_next"))["code"] == "queue_empty"
    assert len(looks) == 1


async def test_a_socket_keeps_its_token_alive(maya):
    token = await pool.run(log_in, "maya")
    caller = await pool.run(staff_of, {"headers": _encoded(token), "query_string": b""})
    for hours in (20, 40):
        with time_machine.travel(timezone.now() + datetime.timedelta(hours=hours), tick=True):
            assert await pool.run(revoked_among, {caller.access_state}) == set()


async def test_all_who_are_in_are_asked_about_in_two_statements(maya, noor, carl, mona):
    def count() -> int:
        scopes = [{"headers": _encoded(log_in(name)), "query_string": b""} for name in NAMES]
        access_states = {staff_of(scope).access_state for scope in scopes}
        assert len(access_states) == len(NAMES)
        with CaptureQueriesContext(connection) as statements:
            assert revoked_among(access_states) == set()
        return len(statements)

    assert await pool.run(count) == 2


NAMES = ("maya", "maya", "noor", "carl", "mona")


def _encoded(token: str) -> list[tuple[bytes, bytes]]:
    return [(b"authorization", f"Bearer {token}".encode())]


def _move(pk: int) -> None:
    _save(User.objects, pk, branch=Branch.objects.get(slug="cebu"))


def _save(people, pk: int, **changes) -> None:
    person = people.get(pk=pk)
    for name, value in changes.items():
        setattr(person, name, value)
    person.save()


def _set_password(pk: int) -> None:
    user = User.objects.get(pk=pk)
    user.set_password("another-walk-to-the-sea")
    user.save()
