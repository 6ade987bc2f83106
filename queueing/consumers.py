"""The floor's sockets: who may open each, and what it shows."""

from typing import ClassVar
from urllib.parse import parse_qs

from accounts.auth import Caller, revoked_among, staff_of
from accounts.branches import visited_branch
from accounts.models import Role
from queueing import screens
from spa_project.lib.realtime.consumer import LiveConsumer
from spa_project.lib.realtime.screen import Screen


class VisitorConsumer(LiveConsumer):
    """A socket anyone may open, in the branch its address names."""

    _visitor: Caller | None = None

    def identify(self) -> Caller:
        """Nobody in particular; the branch is read once."""
        if self._visitor is None:
            query = parse_qs(self.scope["query_string"].decode("latin-1"))
            self._visitor = Caller(None, visited_branch(query.get("branch", [""])[0]))
        return self._visitor


class StaffConsumer(LiveConsumer):
    """A socket for people who work here."""

    revoked_among = staticmethod(revoked_among)

    def identify(self) -> Caller:
        """The person whose token or session it is, as they are now."""
        return staff_of(self.scope)


class CustomerConsumer(VisitorConsumer):
    """The menu: sends the customer's commands, shows nothing live."""

    def screen(self, caller: Caller) -> Screen | None:
        """Nothing: the menu is in the page."""
        return None


class TicketConsumer(VisitorConsumer):
    """A customer's own live page; the key in the address is the whole permission."""

    def screen(self, caller: Caller) -> Screen:
        """One visit, from waiting to paid."""
        return screens.ticket_screen(self.scope["url_route"]["kwargs"]["key"])


class BoardConsumer(VisitorConsumer):
    """The public TV."""

    def screen(self, caller: Caller) -> Screen:
        """Codes and rooms."""
        return screens.board_screen(caller)


class TherapistConsumer(StaffConsumer):
    """A therapist's desk."""

    roles: ClassVar[frozenset[str]] = frozenset({Role.THERAPIST})

    def screen(self, caller: Caller) -> Screen:
        """The line and the rooms."""
        return screens.therapist_screen(caller)


class MonitorConsumer(StaffConsumer):
    """The whole floor, for everyone who works on it."""

    roles: ClassVar[frozenset[str]] = frozenset(Role)

    def screen(self, caller: Caller) -> Screen:
        """All open transactions and rooms."""
        return screens.monitor_screen(caller)
