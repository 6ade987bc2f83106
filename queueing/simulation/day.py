"""Shared state of a simulation: sockets, clock, random numbers and the tally."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from queueing.simulation.client import Hear, LiveClient

Visit = dict[str, Any]  # a transaction as it goes over the wire
#: A function that opens a socket: its path, the member of staff or None, and an event handler.
OpenLine = Callable[[str, str, Hear], LiveClient]
#: A function that reads whom a customer may ask for with these options of the menu.
ReadChoices = Callable[[Sequence[int]], Visit]


def nobody_to_ask_for(items: Sequence[int]) -> Visit:
    """Return that a customer may ask for nobody."""
    return {"missing_skills": [], "therapists": [], "genders": []}


@dataclass(frozen=True)
class Chances:
    """Probabilities, in thousandths, of unusual behaviour."""

    no_show: int = 40
    release: int = 10
    added_service: int = 250
    tablet_dies: int = 15
    card: int = 300
    declined: int = 100
    #: Pay a part by card and the rest in cash.
    split: int = 50
    #: Ask for a therapist, for a woman or a man; of the former, agree to nobody else.
    asks_for_one: int = 150
    asks_for_a_gender: int = 100
    agrees_to_nobody: int = 200
    #: Rather wait for who has the skill than leave the treatment out, while nobody on duty has it.
    waits_for_a_skill: int = 300
    #: Take a break after a treatment.
    takes_break: int = 100


@dataclass
class Tally:
    """Counts of what has happened so far."""

    counts: Counter[str] = field(default_factory=Counter)
    taken: Decimal = Decimal(0)
    refusals: Counter[str] = field(default_factory=Counter)
    #: The last state that each customer was shown of their visit, by its key.
    tickets: dict[str, Visit] = field(default_factory=dict)


@dataclass
class Day:
    """A simulated day; `minute` is how many real seconds one of its minutes takes."""

    open_line: OpenLine
    offers: list[Visit]
    minute: float
    chance: random.Random
    read_choices: ReadChoices = nobody_to_ask_for
    branch: str = ""
    chances: Chances = field(default_factory=Chances)
    tally: Tally = field(default_factory=Tally)

    async def minutes(self, low: float, high: float | None = None) -> None:
        """Wait for a random number of this day's minutes between the two."""
        minutes = low if high is None else self.chance.uniform(low, high)
        await asyncio.sleep(minutes * self.minute)

    def happens(self, thousandth: int) -> bool:
        """Return True so many times in a thousand."""
        return self.chance.randrange(1000) < thousandth


def ignore(event: str, data: Visit) -> None:
    """Ignore an event."""
