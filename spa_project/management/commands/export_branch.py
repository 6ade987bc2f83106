"""Export one branch with all that belongs to it."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import Branch
from spa_project.branch_files import BranchFileError, export_branch, open_visits

HELP = """Write one branch with all that belongs to it into a file, for `import_branch`.

These are its settings, rooms, staff with their passwords, visits, payments, drawers, counters and
history, and the menu and payment methods of all branches. It only reads, from one moment; what is
done afterwards is not in the file. Close the branch first."""


class Command(BaseCommand):
    """The command `manage.py export_branch SLUG FILE`."""

    help = HELP

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("branch", metavar="SLUG", help="the branch's URL name")
        parser.add_argument("file", type=Path, metavar="FILE", help="such as main.branch.gz")

    def handle(self, *args: Any, **options: Any) -> None:
        branch = Branch.objects.filter(slug=options["branch"]).first()
        if branch is None:
            slugs = ", ".join(Branch.objects.values_list("slug", flat=True))
            raise CommandError(f"There is no branch “{options['branch']}”, but: {slugs}.")
        path: Path = options["file"]
        try:
            sums = export_branch(branch, path)
        except BranchFileError as error:
            raise CommandError(f"No export: {error}") from error
        self.stdout.write(f"{path} ({path.stat().st_size:,} bytes)")
        self.stdout.write(", ".join(f"{name} {value}" for name, value in sums.items()))
        if count := open_visits(branch):
            self.stdout.write(f"{count:,} visits are not over. Close the branch, and export again.")
