"""Delete logins that have expired."""

from typing import Any

from django.core.management.base import BaseCommand

from accounts.tokens import clear_expired, clear_expired_sessions


class Command(BaseCommand):
    """The command `manage.py clear_logins`."""

    help = "Forget tokens, tickets and sessions that are over. Once a day is enough."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{clear_expired() + clear_expired_sessions()} forgotten.")
