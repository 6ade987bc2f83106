"""Export the menu as CSV or XLSX."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from catalog.menu_import.importer import export_text, export_workbook

HELP = """Write the menu as a price list: what is active, in the menu's order.

A file whose name ends in .xlsx is an Excel workbook, any other is CSV in UTF-8.

Importing the file again changes nothing. A text that a spreadsheet would take for a formula gets
an apostrophe in front, which import_menu takes away again."""


class Command(BaseCommand):
    """The command `manage.py export_menu [FILE] [--excel]`."""

    help = HELP

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", nargs="?", metavar="FILE", help="else it is printed")
        parser.add_argument(
            "--excel", action="store_true", help="begin the file so that Excel reads accents right"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["file"] is None:
            self.stdout.write(export_text(), ending="")
            return
        path = Path(options["file"])
        if path.suffix.lower() == ".xlsx":
            self._write(path, export_workbook())
        else:
            encoding = "utf-8-sig" if options["excel"] else "utf-8"
            self._write(path, export_text().encode(encoding))

    def _write(self, path: Path, content: bytes) -> None:
        try:
            path.write_bytes(content)
        except OSError as error:
            raise CommandError(f"“{path}” cannot be written: {error.strerror}.") from None
