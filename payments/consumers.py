"""Consumers of the sockets of the till and of its customer-facing screen."""

from typing import ClassVar

from accounts.auth import Caller
from accounts.models import Role
from payments.display import display_screen
from payments.screens import cashier_screen
from queueing.consumers import StaffConsumer
from spa_project.lib.realtime.screen import Screen


class CashierConsumer(StaffConsumer):
    """The socket of a cashier's desk."""

    roles: ClassVar[frozenset[str]] = frozenset({Role.CASHIER})

    def screen(self, caller: Caller) -> Screen:
        """Return the screen of finished customers and occupied counters."""
        return cashier_screen(caller)


class DisplayConsumer(StaffConsumer):
    """The socket of a counter's customer-facing screen, for the account of any screen."""

    roles: ClassVar[frozenset[str]] = frozenset(Role)

    def screen(self, caller: Caller) -> Screen:
        """Return the screen of the counter in the address."""
        return display_screen(caller.here, self.scope["url_route"]["kwargs"]["counter"])
