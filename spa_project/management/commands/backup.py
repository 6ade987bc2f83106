"""Write a backup of the whole database while people work."""

from argparse import ArgumentTypeError
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections

from spa_project.backups import BackupFailed, back_up, copy_pictures
from spa_project.lib.db.replica import add_database_option, source_named
from spa_project.lib.upkeep import BACKUP, recorded


def _at_least_one(text: str) -> int:
    """Return a whole number of backups to keep; 0 or less would delete the new one too, or none."""
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError("it must be a whole number, 1 or more.")
    return int(text)


class Command(BaseCommand):
    """`manage.py backup DIRECTORY`: writes the copy, prints its path, and can delete old ones."""

    help = "Copy the whole database into a directory, without holding anybody up."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("directory", type=Path)
        parser.add_argument(
            "--keep", type=_at_least_one, metavar="N", help="delete all but the newest N"
        )
        add_database_option(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        with recorded(BACKUP):
            self._back_up(options)

    def _back_up(self, options: dict[str, Any]) -> None:
        directory: Path = options["directory"]
        source = source_named(options["database"])
        try:
            path = back_up(connections[source.alias], directory)
            # After the database: every picture that it names is there by now.
            copy_pictures(settings.MEDIA_ROOT, directory / "media")
        except (BackupFailed, OSError) as error:
            raise CommandError(f"No backup: {error}") from error
        if options["keep"]:
            for old in sorted(directory.glob("spa-*Z.*.gz"))[: -options["keep"]]:
                old.unlink()
        self.stdout.write(f"{path} ({path.stat().st_size:,} bytes)")
        if words := source.in_words():
            self.stdout.write(words)
