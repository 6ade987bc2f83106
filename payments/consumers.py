"""The cashier's socket."""

from typing import ClassVar

from accounts.auth import Caller
from accounts.models import Role
from payments.screens import cashier_screen
from queueing.consumers import StaffConsumer
from spa_project.lib.realtime.screen import Screen


class CashierConsumer(StaffConsumer):
    """A cashier's desk."""

    roles: ClassVar[frozenset[str]] = frozenset({Role.CASHIER})

    def screen(self, caller: Caller) -> Screen:
        """Finished customers, and who is at which counter."""
        return cashier_screen(caller)
