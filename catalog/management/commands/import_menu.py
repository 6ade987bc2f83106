"""Import a menu from CSV or XLSX."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from catalog.menu_import.importer import ImportReport, import_file
from catalog.menu_import.rows import COLUMNS, BadPriceList
from spa_project.lib.db.history import because
from spa_project.lib.db.transactions import durable
from spa_project.lib.errors import Busy

HELP = f"""Bring a price list (CSV in UTF-8, or XLSX) in. Its columns: {", ".join(COLUMNS)}.

A row is found by its names: category > service > classification. New ones are added, others take
over what the file says. What is listed is on the menu, in the order of the file, even if it was
switched off before. What is not listed stays as it is. One bad cell, and nothing is imported."""


class Command(BaseCommand):
    """The command `manage.py import_menu FILE [--dry-run]`."""

    help = HELP

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE")
        parser.add_argument(
            "--dry-run", action="store_true", help="only show, line by line, what would change"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        dry_run = options["dry_run"]
        try:
            with because(f"import_menu {Path(options['file']).name}"):
                report = durable(import_file)(options["file"], dry_run=dry_run)
        except BadPriceList as error:
            raise CommandError(f"Nothing was imported.\n{error}") from None
        except Busy as error:
            raise CommandError(str(error.sentence)) from None
        if dry_run or options["verbosity"] > 1:
            for change in report.changes:
                self.stdout.write(str(change))
        self._summarise(report, dry_run=dry_run)

    def _summarise(self, report: ImportReport, *, dry_run: bool) -> None:
        counts = f"{report.added} added, {report.changed} changed, {report.unchanged} unchanged"
        self.stdout.write(f"{report.rows} rows: {counts}.")
        if report.left_alone:
            self.stdout.write(f"Prices not in the file, left as they are: {report.left_alone}.")
        if not report.changes:
            self.stdout.write("The menu is as the file says; nothing to change.")
        elif dry_run:
            self.stdout.write("This was a dry run: nothing was written.")
