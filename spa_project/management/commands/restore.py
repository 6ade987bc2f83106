"""Restore a copy made by `backup` into an empty database."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DEFAULT_DB_ALIAS, connection

from spa_project.backups import BackupFailed, copy_pictures, restore


class Command(BaseCommand):
    """`manage.py restore FILE`: fills the database of DATABASE_URL, and checks its integrity."""

    help = "Fill an empty database with a copy, and verify its books."
    requires_system_checks = []  # there is nothing yet to check

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            restore(connection, options["file"])
            copy_pictures(options["file"].parent / "media", settings.MEDIA_ROOT)
        except (BackupFailed, OSError) as error:
            raise CommandError(f"Not restored: {error}") from error
        call_command("verify_ledger", database=DEFAULT_DB_ALIAS, stdout=self.stdout)
