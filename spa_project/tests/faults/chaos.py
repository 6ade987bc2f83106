"""Relay that loses, doubles and reorders messages, with a seeded random generator."""

from random import Random

from spa_project.lib.realtime import hub
from spa_project.lib.realtime.relay import Deliver, Relay

LOST, DOUBLED, HELD_BACK = 0.3, 0.2, 0.2


class Chaos:
    """Filter between the channel layer and the hub."""

    def __init__(self, deliver: Deliver, seed: int) -> None:
        self._deliver = deliver
        self._dice = Random(seed)
        self._held_back: list[tuple[str, str]] = []

    def __call__(self, topic: str, text: str) -> None:
        """Take one message of the channel layer."""
        fate, overtaken = self._dice.random(), self._held_back
        if fate < LOST:
            return
        if fate < LOST + HELD_BACK:
            overtaken.append((topic, text))
            return
        self._held_back = []
        times = 2 if fate < LOST + HELD_BACK + DOUBLED else 1
        for event in [(topic, text)] * times + overtaken:
            self._deliver(*event)


def install(seed: str) -> None:
    """Receive the other processes' messages through the filter."""

    class ChaoticRelay(Relay):
        def __init__(self, identity: str, deliver: Deliver) -> None:
            super().__init__(identity, Chaos(deliver, int(seed)))

    hub.Relay = ChaoticRelay  # type: ignore[attr-defined]
