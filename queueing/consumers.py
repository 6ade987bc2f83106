"""Consumers of the floor's sockets: roles that may open each, and its screen."""

from typing import ClassVar
from urllib.parse import parse_qs

from accounts.auth import Caller, revoked_among, staff_of
from accounts.branches import visited_branch
from accounts.models import Role
from queueing import screens
from spa_project.lib.realtime.consumer import LiveConsumer
from spa_project.lib.realtime.screen import Screen


class VisitorConsumer(LiveConsumer):
    """A socket that anyone may open, in the branch its URL names."""

    def identify(self) -> Caller:
        """Return an anonymous caller in the branch as it is now."""
        query = parse_qs(self.scope["query_string"].decode("latin-1"))
        return Caller(None, visited_branch(query.get("branch", [""])[0]))


class StaffConsumer(LiveConsumer):
    """A socket for staff."""

    revoked_among = staticmethod(revoked_among)

    def identify(self) -> Caller:
        """Return the person of the token or session, as they are now."""
        return staff_of(self.scope)


class CustomerConsumer(VisitorConsumer):
    """The socket of the menu, which sends the order."""

    def screen(self, caller: Caller) -> Screen | None:
        """Return the setup, None without a branch: the page has the menu, and reads it again."""
        return screens.menu_screen(caller.branch) if caller.branch else None


class TicketConsumer(VisitorConsumer):
    """The socket of a customer's ticket; the key in the URL authorizes."""

    def screen(self, caller: Caller) -> Screen:
        """Return the screen of one visit, from waiting to paid."""
        return screens.ticket_screen(self.scope["url_route"]["kwargs"]["key"])


class BoardConsumer(VisitorConsumer):
    """The socket of the public board."""

    def screen(self, caller: Caller) -> Screen:
        """Return the screen of codes and rooms."""
        return screens.board_screen(caller)


class TherapistConsumer(StaffConsumer):
    """The socket of a therapist's desk."""

    roles: ClassVar[frozenset[str]] = frozenset({Role.THERAPIST})

    def screen(self, caller: Caller) -> Screen:
        """Return the screen of the line and the rooms."""
        return screens.therapist_screen(caller)


class MonitorConsumer(StaffConsumer):
    """The socket of the whole floor, for all staff."""

    roles: ClassVar[frozenset[str]] = frozenset(Role)

    def screen(self, caller: Caller) -> Screen:
        """Return the screen of all open transactions and rooms."""
        return screens.monitor_screen(caller)
