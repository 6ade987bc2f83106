"""Export the menu as CSV."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from catalog.menu_import.importer import export_text

HELP = """Write the menu as a price list (CSV, UTF-8): what is active, in the menu's order.

Importing the file again changes nothing. A text that a spreadsheet would take for a formula gets
an apostrophe in front, which import_menu takes away again."""


class Command(BaseCommand):
    """The command `manage.py export_menu [FILE.csv] [--excel]`."""

    help = HELP

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", nargs="?", metavar="FILE.csv", help="else it is printed")
        parser.add_argument(
            "--excel", action="store_true", help="begin the file so that Excel reads accents right"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        text = export_text()
        if options["file"] is None:
            self.stdout.write(text, ending="")
        else:
            self._write(Path(options["file"]), text, "utf-8-sig" if options["excel"] else "utf-8")

    def _write(self, path: Path, text: str, encoding: str) -> None:
        try:
            path.write_text(text, encoding=encoding, newline="")
        except OSError as error:
            raise CommandError(f"“{path}” cannot be written: {error.strerror}.") from None
