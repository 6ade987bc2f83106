"""Fill an empty system with a menu, a branch, rooms and staff."""

from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from spa_project import seeding

MANY = 500


class Command(BaseCommand):
    """`manage.py seed [--therapists N] [--cashiers N] [--rooms N] [--password PW] [--reset]`."""

    help = "Demo menu, one branch, rooms, and staff therapist1.., cashier1.., manager1, monitor1."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--therapists", type=int, default=4, metavar="N")
        parser.add_argument("--cashiers", type=int, default=2, metavar="N")
        parser.add_argument("--rooms", type=int, metavar="N", help="one for each therapist")
        parser.add_argument(
            "--password",
            metavar="PW",
            help="of every account, which are then ordinary ones; else random passwords are made, "
            "printed once, and the accounts are marked as demo",
        )
        parser.add_argument(
            "--reset",
            action="store_true",
            help="remove EVERYTHING first: menu, staff, customers and payments",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        sizes = {
            "therapists": options["therapists"],
            "cashiers": options["cashiers"],
            "rooms": options["therapists"] if options["rooms"] is None else options["rooms"],
        }
        for name, size in sizes.items():
            if not 0 <= size <= MANY:
                raise CommandError(f"--{name} must be between 0 and {MANY}.")
        _check(options["password"])
        if options["reset"]:
            seeding.clear()
        elif not seeding.is_empty():
            raise CommandError("There is a spa already. --reset removes it, payments included.")
        logins = seeding.seed(
            **sizes, password=options["password"], quiet=options["verbosity"] == 0
        )
        for login in logins:
            self.stdout.write(f"  {login.username:<14}{login.password}")


def _check(password: str | None) -> None:
    if password is None:
        return
    try:
        validate_password(password)
    except ValidationError as error:
        raise CommandError("--password: " + " ".join(error.messages)) from error
