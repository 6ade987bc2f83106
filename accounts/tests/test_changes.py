"""Whoever is logged out, switched off or loses a role loses their open sockets."""

import pytest
from django.test import Client

from accounts.models import Therapist, User
from conftest import open_socket, session_of
from spa_project.lib.dbpool import pool

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


def _save(people, pk: int, **changes) -> None:
    person = people.get(pk=pk)
    for name, value in changes.items():
        setattr(person, name, value)
    person.save()


def _set_password(pk: int) -> None:
    user = User.objects.get(pk=pk)
    user.set_password("another-walk-to-the-sea")
    user.save()
