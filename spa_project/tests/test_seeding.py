"""Tests that `seed` fills an empty system once, and leaves a filled one alone."""

import io

import pytest
from django.contrib.auth import authenticate
from django.core.management import CommandError, call_command
from django.test import RequestFactory

from accounts.demo import kept_logins
from accounts.models import Branch, Cashier, Role, Therapist, User
from catalog.models import ServiceClassification
from queueing import services
from queueing.models import Room, Transaction
from queueing.services import Choice
from queueing.states import Status
from spa_project.management.commands import demo

A_REQUEST = RequestFactory().post("/")  # the counter of wrong passwords needs its address

pytestmark = pytest.mark.django_db


def seed(*arguments: str) -> str:
    output = io.StringIO()
    call_command("seed", *arguments, stdout=output, verbosity=0)
    return output.getvalue()


def test_an_empty_system_gets_a_whole_spa():
    seed()
    assert Branch.objects.count() == 1
    assert ServiceClassification.objects.count() > 10
    assert (Therapist.objects.count(), Cashier.objects.count(), Room.objects.count()) == (4, 2, 4)
    roles = {user.username: user.roles for user in User.objects.with_roles()}
    assert roles["therapist1"] == {Role.THERAPIST}
    assert roles["cashier2"] == {Role.CASHIER}
    assert roles["manager1"] == {Role.MANAGER}
    assert roles["monitor1"] == {Role.MONITOR}


def test_the_printed_passwords_let_in_and_are_all_different():
    lines = [line.split() for line in seed().splitlines()]
    assert len({password for _name, password in lines}) == len(lines) == 8
    for username, password in lines:
        assert User.objects.get(username=username).is_demo
        assert authenticate(A_REQUEST, username=username, password=password)


def test_a_given_password_makes_ordinary_accounts():
    seed("--password", "tall-green-bamboo", "--therapists", "1", "--cashiers", "0")
    assert authenticate(A_REQUEST, username="therapist1", password="tall-green-bamboo")
    assert not User.objects.filter(is_demo=True).exists()


def test_a_weak_password_is_refused():
    with pytest.raises(CommandError, match="too common"):
        seed("--password", "password")
    assert not Branch.objects.exists()


def test_a_seeded_therapist_can_work_at_once():
    seed("--therapists", "2", "--rooms", "1")
    branch, offer = Branch.objects.get(), ServiceClassification.objects.earliest("pk")
    services.confirm_selection(branch, choices=[Choice(offer.pk)])
    therapist = Therapist.objects.get(user__username="therapist1")
    assert services.confirm_next(therapist).status == Status.THERAPIST_CONFIRMED
    assert Therapist.objects.get(user__username="therapist2").room_number == ""


def test_a_system_in_use_is_left_alone(branch):
    with pytest.raises(CommandError, match="--reset"):
        seed()
    assert Branch.objects.get() == branch


def test_reset_removes_everything_first(make_transaction):
    make_transaction(Status.PAID)
    seed("--reset")
    assert not Transaction.objects.exists()
    assert Branch.objects.get().slug == "main"


@pytest.mark.parametrize("arguments", [("--therapists", "-1"), ("--rooms", "100000")])
def test_sizes_out_of_range_are_refused(arguments):
    with pytest.raises(CommandError, match="between"):
        seed(*arguments)


def test_reset_counter_names_a_branch_that_is_none(branch):
    with pytest.raises(CommandError, match="cebu"):
        call_command("reset_counter", "--branch", "cebu")


def test_reset_counter_starts_the_codes_again(branch, hour, make_transaction):
    make_transaction(Status.PAID)
    call_command("reset_counter", "--branch", "makati", stdout=io.StringIO())
    again = services.confirm_selection(branch, choices=[Choice(hour.pk)])
    assert (again.code, again.running_number) == ("0001", 10000)


def test_the_demo_keeps_its_logins_over_every_start(tmp_path, monkeypatch):
    kept = tmp_path / "logins.json"
    monkeypatch.setattr("accounts.demo.logins_file", lambda: kept)
    demo.seed_when_empty()
    first = kept_logins()
    demo.seed_when_empty()
    assert first == kept_logins()
    assert authenticate(A_REQUEST, username="manager1", password=first["manager1"])
    assert kept.stat().st_mode & 0o777 == 0o600
