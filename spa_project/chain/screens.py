"""The screen of a chain's managers: the same over the socket, over HTTP and in the page."""

from functools import partial

from accounts.auth import Caller
from accounts.branches import branches_of
from accounts.models import Role, User
from queueing.consumers import StaffConsumer
from spa_project.chain.overview import ChainRows, overviews_of
from spa_project.lib.commands import require_role
from spa_project.lib.errors import NotAllowed
from spa_project.lib.realtime.screen import DigestSource, Screen


def manages_a_chain(person: User) -> bool:
    """Return whether a manager may work in more than one branch."""
    return Role.MANAGER in person.roles and branches_of(person)[:2].count() > 1


def chain_screen(caller: Caller) -> Screen:
    """Return the screen of the manager's branches, whose heartbeat contains all that it shows.

    Raises `NotAllowed` for who manages one branch alone.
    """
    require_role(caller, {Role.MANAGER})
    person = caller.person
    if not manages_a_chain(person):
        raise NotAllowed
    topic = f"chain.{person.pk}"
    return Screen(topic, partial(_overview_of, person.pk), DigestSource(overviews_of, person.pk))


def _overview_of(user_id: int) -> ChainRows:
    return overviews_of([user_id]).get(user_id, {"branches": []})


class ChainConsumer(StaffConsumer):
    """The socket of a chain's managers."""

    roles = frozenset({Role.MANAGER})

    def screen(self, caller: Caller) -> Screen:
        """Return the screen of their branches."""
        return chain_screen(caller)
