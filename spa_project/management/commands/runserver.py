"""Django's development server, which collects the static files before it serves them."""

import os
from typing import Any

from daphne.management.commands.runserver import Command as DaphneCommand
from django.core.management import call_command


class Command(DaphneCommand):
    """The command `manage.py runserver`."""

    def handle(self, *args: Any, **options: Any) -> None:
        """Collect static files, whose names have hashes, then serve as Daphne's command does."""
        if os.environ.get("RUN_MAIN") != "true":  # set in the child that the autoreloader starts
            call_command("collectstatic", interactive=False, verbosity=0)
        super().handle(*args, **options)
