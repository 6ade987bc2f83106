"""Tests of a manager's pages for staff: create, set a password, switch off, never gain rights."""

import pytest
from axes.models import AccessAttempt
from django.contrib.admin.models import LogEntry
from django.test import Client

from accounts.models import Role, User
from accounts.tests.by_token import LET_IN, NOBODY, bearer, claim, log_in, post
from conftest import PASSWORD, make_user

NO_PROFILES = {
    "therapist-TOTAL_FORMS": 0,
    "therapist-INITIAL_FORMS": 0,
    "cashier-TOTAL_FORMS": 0,
    "cashier-INITIAL_FORMS": 0,
}


@pytest.fixture
def as_maria(client, maria):
    client.force_login(maria)
    return client


def test_a_manager_hires_a_therapist(as_maria, branch):
    response = as_maria.post(
        "/admin/accounts/user/add/",
        NO_PROFILES
        | {
            "username": "tess",
            "usable_password": "true",
            "password1": PASSWORD,
            "password2": PASSWORD,
            "branch": branch.pk,
            "therapist-TOTAL_FORMS": 1,
            "therapist-0-display_name": "Tess",
            "therapist-0-own_room": "",
            "therapist-0-active": "on",
        },
    )
    assert response.status_code == 302, response.context["errors"]
    tess = User.objects.with_roles().get(username="tess")
    assert tess.roles == {Role.THERAPIST}
    assert tess.check_password(PASSWORD)


def test_a_manager_sets_a_new_password(as_maria, maya):
    response = as_maria.post(
        f"/admin/accounts/user/{maya.user.pk}/password/",
        {"usable_password": "true", "password1": "wet-stones-7", "password2": "wet-stones-7"},
    )
    assert response.status_code == 302
    maya.user.refresh_from_db()
    assert maya.user.check_password("wet-stones-7")


def test_a_manager_switches_somebody_off(as_maria, branch, mona):
    fields = {"username": "mona", "branch": branch.pk, "is_monitor": "on"}
    response = as_maria.post(f"/admin/accounts/user/{mona.pk}/change/", NO_PROFILES | fields)
    assert response.status_code == 302, response.context["errors"]
    mona.refresh_from_db()
    assert not mona.is_active
    assert mona.roles == frozenset()


def test_a_manager_cannot_make_a_superuser(as_maria, branch, mona):
    fields = {"username": "mona", "branch": branch.pk, "is_active": "on", "is_superuser": "on"}
    as_maria.post(f"/admin/accounts/user/{mona.pk}/change/", NO_PROFILES | fields)
    mona.refresh_from_db()
    assert not mona.is_superuser


def test_a_manager_does_not_see_superusers(as_maria, branch):
    root = make_user("Root", branch, is_staff=True, is_superuser=True)
    assert as_maria.get(f"/admin/accounts/user/{root.pk}/change/").status_code == 302
    assert as_maria.get(f"/admin/accounts/user/{root.pk}/password/").status_code in (302, 404)


def test_nobody_is_deleted(as_maria, mona):
    assert as_maria.get(f"/admin/accounts/user/{mona.pk}/delete/").status_code == 403


@pytest.mark.parametrize("person", ["maya", "carl", "mona"])
def test_the_admin_is_for_managers(client, maya, carl, mona, person):
    client.force_login({"maya": maya.user, "carl": carl.user, "mona": mona}[person])
    assert client.get("/admin/").status_code == 302


PEOPLE = "/admin/accounts/user/"


def test_a_manager_ends_every_login_of_a_person_after_saying_so_twice(as_maria, maya, noor):
    token, noors = log_in("maya"), log_in("noor")
    chosen = {"action": "end_logins", "_selected_action": [maya.user.pk]}
    asked = as_maria.post(PEOPLE, chosen)
    assert b"maya" in asked.content
    assert b"noor" not in asked.content
    assert claim(**bearer(token)) == LET_IN
    done = as_maria.post(PEOPLE, chosen | {"confirmed": "yes"}, follow=True)
    assert b"1 person is logged out everywhere." in done.content
    assert claim(**bearer(token)) == NOBODY
    assert claim(**bearer(noors)) == LET_IN
    assert LogEntry.objects.get().object_id == str(maya.user.pk)


def test_a_manager_ends_no_login_of_a_superuser(as_maria, branch):
    root = make_user("Root", branch, is_staff=True, is_superuser=True)
    chosen = {"action": "end_logins", "_selected_action": [root.pk], "confirmed": "yes"}
    as_maria.post(PEOPLE, chosen)
    root.refresh_from_db()
    assert root.login_epoch == 0


def test_a_manager_lets_somebody_try_again(as_maria, maya):
    for _try in range(5):
        post(Client(), "/api/login/", {"username": "maya", "password": "wrong"})
    right = {"username": "maya", "password": PASSWORD}
    assert post(Client(), "/api/login/", right).status_code == 429
    as_maria.post(PEOPLE, {"action": "allow_new_tries", "_selected_action": [maya.user.pk]})
    assert not AccessAttempt.objects.exists()
    assert post(Client(), "/api/login/", right).status_code == 200
