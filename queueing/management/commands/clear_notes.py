"""Delete customers' notes that are older than their branch keeps them."""

from typing import Any

from django.core.management.base import BaseCommand

from queueing import notes


class Command(BaseCommand):
    """The command `manage.py clear_notes`."""

    help = "Delete customers' notes that are older than their branch keeps them. Run it once a day."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{notes.clear()} deleted.")
