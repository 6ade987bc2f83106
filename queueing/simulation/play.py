"""A simulated day, played through the sockets of a running server."""

import asyncio
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from urllib.parse import urlencode

from queueing.simulation.client import Hear, LiveClient, log_in, read_json
from queueing.simulation.customers import Customer
from queueing.simulation.day import Day, Tally, Visit, ignore
from queueing.simulation.staff import Cashier, Therapist, Worker

#: Minutes in the line after which a customer leaves.
PATIENCE = (45.0, 240.0)
ROLES: dict[str, type[Worker]] = {"therapist": Therapist, "cashier": Cashier}


class Play:
    """The staff of `logins` (user names and passwords) and their customers, at the spa of `url`.

    `speed` is how many minutes pass in one. Raises `OSError` when the spa does not answer.
    """

    def __init__(
        self, url: str, logins: Mapping[str, str], *, speed: float, chance: random.Random
    ) -> None:
        self._url = url
        self._chance = chance
        found = {name: log_in(url, name, logins[name]) for name in logins}
        self._tokens = {name: login.token for name, login in found.items()}
        [self._branch] = {login.branch for login in found.values()}
        menu = read_json(f"{url}/api/menu/?branch={self._branch}")
        offers, minute = offers_of(menu), 60 / speed
        self._day = Day(self._open_line, offers, minute, chance, self._read_choices)

    @property
    def tally(self) -> Tally:
        """Return what has happened so far."""
        return self._day.tally

    async def run(self, arrivals: Iterator[float], left: Callable[[], object]) -> None:
        """Let customers come at these minutes; `left` is called as each leaves.

        Returns when the last has left. Raises the first error that a simulated person could not
        handle.
        """
        async with asyncio.TaskGroup() as staff:
            working = [staff.create_task(worker.work()) for worker in self._staff()]
            await self._customers(arrivals, left)
            for work in working:
                work.cancel()

    def _staff(self) -> Iterator[Worker]:
        for name in self._tokens:
            yield ROLES[name.rstrip("0123456789")](self._day, name)

    async def _customers(self, arrivals: Iterator[float], left: Callable[[], object]) -> None:
        path = f"/ws/customer/?branch={self._branch}"
        async with self._open_line(path, "", ignore) as kiosk, asyncio.TaskGroup() as crowd:
            minute = 0.0
            for arrival in arrivals:
                await self._day.minutes(arrival - minute)
                minute = arrival
                crowd.create_task(self._visit(kiosk, left))

    async def _visit(self, kiosk: LiveClient, left: Callable[[], object]) -> None:
        await Customer(self._day, patience=self._chance.uniform(*PATIENCE)).visit(kiosk)
        left()

    def _read_choices(self, items: Sequence[int]) -> Visit:
        """Return whom a customer may ask for who has chosen these options of the menu."""
        query = urlencode({"branch": self._branch, "item": list(items)}, doseq=True)
        choices: Visit = read_json(f"{self._url}/api/therapists/?{query}")
        return choices

    def _open_line(self, path: str, username: str, hear: Hear) -> LiveClient:
        return LiveClient([self._url], path, token=self._tokens.get(username, ""), hear=hear)


def is_staff(username: str) -> bool:
    """Return whether a login is one that works on the floor."""
    return username.rstrip("0123456789") in ROLES


def offers_of(menu: Visit) -> list[Visit]:
    """Return everything on a menu that can be chosen, with the skill that it needs."""
    return [
        offer | {"skill": service["skill"]}
        for category in menu["categories"]
        for service in category["services"]
        for offer in service["classifications"]
    ]
