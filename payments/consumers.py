"""The consumer of the cashier's socket."""

from typing import ClassVar

from accounts.auth import Caller
from accounts.models import Role
from payments.screens import cashier_screen
from queueing.consumers import StaffConsumer
from spa_project.lib.realtime.screen import Screen


class CashierConsumer(StaffConsumer):
    """The socket of a cashier's desk."""

    roles: ClassVar[frozenset[str]] = frozenset({Role.CASHIER})

    def screen(self, caller: Caller) -> Screen:
        """Return the screen of finished customers and occupied counters."""
        return cashier_screen(caller)
