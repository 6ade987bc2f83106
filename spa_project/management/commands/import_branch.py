"""Import one branch into an empty installation."""

from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DEFAULT_DB_ALIAS

from spa_project.branch_files import BranchFileError, import_branch

HELP = """Bring a branch that `export_branch` wrote into an empty installation of the same version.

Empty means a database after `migrate` and before anything else. All of the file is imported or
nothing; afterwards the sums must be those of the file, and `verify_ledger` checks every row."""


class Command(BaseCommand):
    """The command `manage.py import_branch FILE`."""

    help = HELP

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            sums = import_branch(options["file"])
        except BranchFileError as error:
            raise CommandError(f"Nothing was imported. {error}") from error
        self.stdout.write(", ".join(f"{name} {value}" for name, value in sums.items()))
        call_command("verify_ledger", database=DEFAULT_DB_ALIAS, stdout=self.stdout)
