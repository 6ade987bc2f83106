"""Restart the codes at 0001."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import Branch
from queueing.services import reset_codes


class Command(BaseCommand):
    """The command `manage.py reset_counter [--branch SLUG]`."""

    help = "Codes start again at 0001 with the next customer, skipping those still open."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--branch", metavar="SLUG", help="this branch only; else all of them")

    def handle(self, *args: Any, **options: Any) -> None:
        branches = Branch.objects.all()
        if slug := options["branch"]:
            branches = branches.filter(slug=slug)
            if not branches:
                raise CommandError(f"There is no branch “{slug}”.")
        for branch in branches:
            reset_codes(branch)
            self.stdout.write(f"{branch}: the next customer gets 0001, or the first code free.")
