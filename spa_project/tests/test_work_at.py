"""Tests of the command with which staff of several branches choose where they work today."""

import pytest
from django.test import Client

from accounts.models import Branch, Presence, Therapist, User, Workplace
from accounts.tests.by_token import post
from conftest import make_cashier, make_therapist, make_user, open_socket, session_of
from payments.counter import claim_next
from payments.tests.drawer_records import make_drawer_records
from queueing import services
from queueing.models import Room, SetupVersion
from queueing.services import Choice
from queueing.states import Status
from spa_project.chain.moves import work_at
from spa_project.lib.db.pool import pool
from spa_project.tests.concurrency import shared_workers
from spa_project.tests.race_steps import of, said

pytestmark = pytest.mark.django_db

WORK_AT = "/api/commands/work_at/"
workers = shared_workers(2)


def also_at(person: User, branch: Branch) -> User:
    Workplace.objects.create(user=person, branch=branch)
    return person


def ask(person: User, slug: str) -> dict:
    answer: dict = post(session_of(person), WORK_AT, {"branch": slug}).json()
    return answer


def branch_of(person: User) -> str:
    branch = User.objects.get(pk=person.pk).branch
    assert branch is not None
    return branch.slug


def test_a_person_works_at_another_branch_and_comes_back(carl, other_branch):
    also_at(carl.user, other_branch)
    assert ask(carl.user, "cebu") == {"ok": True, "branch": {"slug": "cebu", "name": "Cebu"}}
    assert branch_of(carl.user) == "cebu"
    assert ask(carl.user, "makati")["ok"]
    assert branch_of(carl.user) == "makati"
    assert list(carl.user.workplaces.values_list("branch__slug", flat=True)) == ["cebu"]


@pytest.mark.parametrize("slug", ["cebu", "nowhere"])
def test_nobody_works_where_no_manager_has_put_them(carl, maria, other_branch, slug):
    for person in (carl.user, maria):
        assert ask(person, slug)["code"] == "wrong_state"
        assert branch_of(person) == "makati"


def test_an_owner_works_everywhere(branch, other_branch):
    owner = make_user("Olivia", branch, is_staff=True, is_superuser=True)
    assert ask(owner, "cebu")["ok"]
    assert ask(owner, "makati")["ok"]
    assert not Workplace.objects.exists()


@pytest.mark.parametrize("status", [Status.THERAPIST_CONFIRMED, Status.AWAITING_PAYMENT])
def test_nobody_leaves_a_customer(maya, carl, other_branch, make_transaction, status):
    make_transaction(status)
    person = carl.user if status == Status.AWAITING_PAYMENT else maya.user
    refused = ask(also_at(person, other_branch), "cebu")
    assert refused["code"] == "wrong_state"
    assert "is with 0001" in refused["error"]
    assert branch_of(person) == "makati"


def test_nobody_leaves_an_open_drawer(carl, other_branch):
    make_drawer_records(carl.user)
    carl.user.refresh_from_db()
    refused = ask(also_at(carl.user, other_branch), "cebu")
    assert refused["code"] == "drawer_open"
    assert branch_of(carl.user) == "makati"


def test_two_of_one_name_do_not_work_at_one_branch(maya, other_branch):
    other = make_therapist("Maya2", other_branch, "7")
    Therapist.objects.filter(pk=other.pk).update(display_name="maya")
    assert ask(also_at(maya.user, other_branch), "cebu")["code"] == "wrong_state"


def test_a_therapist_goes_off_duty_and_has_a_room_in_each_branch(maya, other_branch):
    also_at(maya.user, other_branch)
    room = Room.objects.create(branch=other_branch, number="9")
    assert ask(maya.user, "cebu")["ok"]
    assert not Presence.objects.filter(active_therapist=maya).exists()
    assert Therapist.objects.get(pk=maya.pk).own_room is None
    Therapist.objects.filter(pk=maya.pk).update(own_room=room)
    assert ask(maya.user, "makati")["ok"]
    assert Therapist.objects.get(pk=maya.pk).room_number == "1"
    assert ask(maya.user, "cebu")["ok"]
    assert Therapist.objects.get(pk=maya.pk).room_number == "9"


def test_the_move_is_in_the_history_and_in_both_setups(carl, branch, other_branch):
    also_at(carl.user, other_branch)
    before = dict(SetupVersion.objects.values_list("branch", "last"))
    work_at(carl.user, "cebu")
    record = User.history.filter(id=carl.user.pk).first()
    assert (record.branch, record.history_user) == (other_branch, carl.user)
    now = dict(SetupVersion.objects.values_list("branch", "last"))
    assert all(now[pk] > before[pk] for pk in (branch.pk, other_branch.pk))


@pytest.mark.django_db(transaction=True)
@pytest.mark.asyncio
async def test_their_sockets_reconnect_to_the_new_branch(carl, other_branch):
    await pool.run(also_at, carl.user, other_branch)
    async with open_socket("/ws/cashier/", carl.user) as till:
        await till.hear("snapshot")
        assert (await till.ask("work_at", branch="cebu"))["ok"]
        assert await till.close_code() == 1012
    async with open_socket("/ws/cashier/", carl.user) as till:
        assert (await till.hear("snapshot"))["data"]["branch"]["slug"] == "cebu"


# -- The form in the header -----------------------------------------------------------------------


def choose(client: Client, slug: str, page: str = "/desk/") -> tuple[int, str]:
    answer = client.post("/chain/work-at/", {"branch": slug, "next": page})
    return answer.status_code, answer.headers.get("Location", "")


def test_the_header_offers_the_branches_of_a_person(carl, other_branch):
    client = session_of(also_at(carl.user, other_branch))
    assert 'value="cebu"' in client.get("/desk/").text
    assert choose(client, "cebu") == (302, "/desk/")
    assert branch_of(carl.user) == "cebu"


def test_the_header_offers_nothing_to_those_with_one_branch(carl, other_branch):
    assert "/chain/work-at/" not in session_of(carl.user).get("/desk/").text


def test_a_refused_choice_says_why(maya, other_branch, make_transaction):
    make_transaction(Status.IN_SERVICE)
    client = session_of(also_at(maya.user, other_branch))
    answer = client.post("/chain/work-at/", {"branch": "cebu", "next": "/therapist/"})
    assert answer.status_code == 409
    assert "is with 0001" in answer.text


@pytest.mark.parametrize("page", ["//evil.example/", "https://evil.example/", ""])
def test_the_form_leads_to_no_other_site(carl, page):
    assert choose(session_of(carl.user), "makati", page) == (302, "/")


def test_the_form_takes_no_address_and_nobody_who_only_watches(mona):
    assert session_of(mona).get("/chain/work-at/").status_code == 405
    assert choose(session_of(mona), "makati")[0] == 403
    assert choose(Client(), "makati")[1].startswith("/accounts/login/")


# -- At the same moment ---------------------------------------------------------------------------


def call_next(therapist_id: int, slug: str) -> str:
    therapist = of(therapist_id)
    therapist.user.branch = Branch.objects.get(slug=slug)  # as it was read before the move
    return said(services.confirm_next, therapist)


def leave(user_id: int, slug: str) -> str:
    return said(work_at, User.objects.get(pk=user_id), slug)


def test_who_has_moved_calls_nobody_of_the_branch_they_left(maya, other_branch, branch, hour):
    services.confirm_selection(branch, choices=[Choice(hour.pk)])
    before = of(maya.pk)
    work_at(also_at(maya.user, other_branch), "cebu")
    assert said(services.confirm_next, before) == "wrong_state"


def test_a_cashier_who_has_moved_takes_no_customer_of_the_branch_they_left(
    carl, other_branch, make_transaction
):
    make_transaction(Status.FINISHED)
    work_at(also_at(carl.user, other_branch), "cebu")
    assert carl.user.branch.slug == "makati"  # as it was read before
    assert said(claim_next, carl) == "wrong_state"


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_move_and_a_call_at_once(workers, branch, other_branch, hour):
    make_cashier("Carl", branch, "1")
    for number in range(12):
        nadia = make_therapist(f"Nadia{number}", branch, f"{number}")
        also_at(nadia.user, other_branch)
        services.confirm_selection(branch, choices=[Choice(hour.pk)])
        jobs = [(leave, nadia.user.pk, "cebu"), (call_next, nadia.pk, "makati")]
        assert sorted(workers.at_once(jobs)) == ["done", "wrong_state"]
