"""Add a menu, a branch, rooms and staff to a system that lacks them."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DEFAULT_DB_ALIAS

from spa_project import seeding

MANY = 500


class Command(BaseCommand):
    """`manage.py seed [--therapists N] [--cashiers N] [--rooms N] [--password PW] [--reset]`.

    It changes nothing that exists. `--reset` deletes everything first, once the name of the spa
    has been typed and a backup has been written.
    """

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
            help="remove EVERYTHING first: menu, staff, customers and payments; after a backup",
        )
        parser.add_argument(
            "--yes-delete", metavar="NAME", help="the spa's name in full, instead of typing it"
        )
        parser.add_argument(
            "--backups",
            type=Path,
            default=settings.BACKUPS_DIR,
            metavar="DIRECTORY",
            help="where the backup before --reset is written (%(default)s)",
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
        if options["reset"] and not seeding.is_empty():
            self._reset(options["yes_delete"], options["backups"])
        logins = seeding.seed(
            **sizes, password=options["password"], quiet=options["verbosity"] == 0
        )
        for login in logins:
            self.stdout.write(f"  {login.username:<14}{login.password}")

    def _reset(self, confirmed: str | None, backups: Path) -> None:
        """Delete everything, after a backup, if it is a demo and its name is confirmed."""
        if count := seeding.real_payments():
            raise CommandError(
                f"Nothing is deleted: {count} payments were not taken by demo accounts. "
                "Start a new spa in a new database."
            )
        name = seeding.name_of_the_spa()
        if confirmed is None:
            confirmed = _typed(f"This deletes {name} with all its data. Type this name in full: ")
        if confirmed != name:
            raise CommandError(f"Nothing is deleted: the name is not “{name}”.")
        call_command("backup", backups, database=DEFAULT_DB_ALIAS, stdout=self.stdout)
        seeding.clear()


def _typed(question: str) -> str:
    try:
        return input(question)
    except EOFError:
        raise CommandError("Nothing is deleted: scripts need --yes-delete NAME.") from None


def _check(password: str | None) -> None:
    if password is None:
        return
    try:
        validate_password(password)
    except ValidationError as error:
        raise CommandError("--password: " + " ".join(error.messages)) from error
