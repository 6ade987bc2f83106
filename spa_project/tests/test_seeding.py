"""Tests that `seed` adds what a spa lacks, changes nothing else, and deletes with care."""

import io
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth import authenticate
from django.core.management import CommandError, call_command
from django.test import RequestFactory

from accounts.demo import kept_logins
from accounts.models import Branch, Cashier, Role, Therapist, User
from catalog.models import Service, ServiceClassification
from conftest import make_user
from payments.models import Discount, DrawerSession, PaymentMethod
from payments.tests.drawer_records import make_drawer_records
from queueing import services
from queueing.models import Room, Transaction
from queueing.services import Choice
from queueing.states import Status
from spa_project.backups import BackupFailed
from spa_project.management.commands import demo
from tools.artwork import DRAWINGS

STATIC = settings.BASE_DIR / "static"
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
    assert set(PaymentMethod.objects.values_list("code", flat=True)) == {"cash", "card", "e-wallet"}
    roles = {user.username: user.roles for user in User.objects.with_roles()}
    assert roles["therapist1"] == {Role.THERAPIST}
    assert roles["cashier2"] == {Role.CASHIER}
    assert roles["manager1"] == {Role.MANAGER}
    assert roles["monitor1"] == {Role.MONITOR}


def test_the_demo_has_a_discount_of_each_kind():
    seed()
    senior, member, manager = Discount.objects.all()
    assert (senior.value, senior.tax_exempt, senior.needs_id) == (Decimal(20), True, True)
    assert (member.value, member.cashier_limit) == (Decimal(10), None)
    assert (manager.value, manager.cashier_limit, manager.needs_reason) == (None, Decimal(0), True)


def test_a_spa_that_has_begun_gets_no_discounts(branch):
    seed()
    assert not Discount.objects.exists()


def test_each_treatment_of_the_demo_has_a_picture_of_its_own():
    seed()
    shown = list(Service.objects.values_list("image_url", flat=True))
    assert len(set(shown)) == len(shown) == 16
    files = [STATIC / path.removeprefix(settings.STATIC_URL) for path in shown]
    assert all(file.is_file() for file in files)
    assert {file.stem for file in files} == {file.stem for file in DRAWINGS.glob("*.svg")}


def test_the_pictures_of_the_demo_leave_the_menus_first_view_its_budget():
    sizes = [file.stat().st_size for file in (STATIC / "img" / "menu").iterdir()]
    assert sum(sizes) <= 55_000


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


def rows() -> dict[str, list[Any]]:
    """Return every row of the setup."""
    models = (Branch, User, Therapist, Cashier, Room, ServiceClassification, PaymentMethod)
    return {model.__name__: list(model.objects.order_by("pk").values()) for model in models}


def test_a_spa_with_an_owner_gets_what_it_lacks(branch):
    owner = make_user("Olivia", branch, is_staff=True, is_superuser=True)
    before = User.objects.filter(pk=owner.pk).values().get()
    made = [line.split()[0] for line in seed("--therapists", "1", "--cashiers", "1").splitlines()]
    assert made == ["monitor1", "therapist1", "cashier1"]
    assert User.objects.filter(pk=owner.pk).values().get() == before
    assert Branch.objects.get() == branch
    assert Therapist.objects.get().own_room == Room.objects.get(branch=branch)
    assert ServiceClassification.objects.count() > 10


def test_a_whole_spa_is_left_as_it_is():
    seed("--therapists", "2")
    before = rows()
    assert seed("--therapists", "3", "--rooms", "9") == ""
    assert rows() == before


def test_a_user_name_that_is_taken_is_not_taken_again(branch):
    make_user("therapist1", branch)
    seed("--therapists", "1", "--cashiers", "0")
    assert Therapist.objects.get().user.username != "therapist1"


@pytest.fixture
def backups(monkeypatch, tmp_path) -> list[int]:
    """Return the number of branches at each backup; the backup itself has tests of its own."""
    made: list[int] = []

    def back_up(_connection: Any, directory: Path) -> Path:
        made.append(Branch.objects.count())
        directory.mkdir(exist_ok=True)
        (directory / "spa-1Z.gz").touch()
        return directory / "spa-1Z.gz"

    monkeypatch.setattr("spa_project.management.commands.backup.back_up", back_up)
    return made


def demo_accounts() -> None:
    User.objects.update(is_demo=True)


def test_reset_removes_everything_after_a_backup(make_transaction, tmp_path, backups):
    make_transaction(Status.PAID)
    demo_accounts()
    told = seed("--reset", "--yes-delete", "Makati", f"--backups={tmp_path}")
    assert not Transaction.objects.exists()
    assert Branch.objects.get().slug == "main"
    assert backups == [1]
    assert f"{tmp_path}/spa-1Z.gz" in told


def test_reset_removes_the_records_of_cash_drawers(carl, tmp_path, backups):
    make_drawer_records(carl.user)
    demo_accounts()
    seed("--reset", "--yes-delete", "Makati", f"--backups={tmp_path}")
    assert not DrawerSession.objects.exists()


def test_reset_asks_for_the_name_of_the_spa_in_full(branch, monkeypatch, tmp_path, backups):
    answers = {"This deletes Makati with all its data. Type this name in full: ": "makati"}
    monkeypatch.setattr("builtins.input", lambda question: answers[question])
    with pytest.raises(CommandError, match="Nothing is deleted"):
        seed("--reset", f"--backups={tmp_path}")
    assert Branch.objects.get() == branch
    assert backups == []
    answers.update(dict.fromkeys(answers, "Makati"))
    seed("--reset", f"--backups={tmp_path}")
    assert Branch.objects.get() != branch


def test_reset_names_every_branch(branch, other_branch, tmp_path, backups):
    with pytest.raises(CommandError, match="Makati, Cebu"):
        seed("--reset", "--yes-delete", "Makati", f"--backups={tmp_path}")
    assert Branch.objects.count() == 2
    assert backups == []


def test_reset_without_a_terminal_deletes_nothing(branch, monkeypatch, backups):
    monkeypatch.setattr("sys.stdin", io.StringIO())
    with pytest.raises(CommandError, match="--yes-delete"):
        seed("--reset")
    assert Branch.objects.get() == branch


def test_reset_refuses_with_payments_that_are_not_the_demos(make_transaction, tmp_path, backups):
    make_transaction(Status.PAID)
    with pytest.raises(CommandError, match="1 payments were not taken by demo accounts"):
        seed("--reset", "--yes-delete", "Makati", f"--backups={tmp_path}")
    assert Transaction.objects.exists()
    assert backups == []


def test_reset_deletes_nothing_when_the_backup_fails(branch, monkeypatch, tmp_path):
    def fail(*_arguments: Any) -> None:
        raise BackupFailed("The disk is full.")

    monkeypatch.setattr("spa_project.management.commands.backup.back_up", fail)
    with pytest.raises(CommandError, match="The disk is full"):
        seed("--reset", "--yes-delete", "Makati", f"--backups={tmp_path}")
    assert Branch.objects.get() == branch


def test_reset_of_an_empty_system_asks_nothing():
    seed("--reset")
    assert Branch.objects.exists()


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
