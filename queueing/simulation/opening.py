"""Arrival times of simulated customers: a Saturday, or a steady rate."""

import random
from collections.abc import Iterator
from itertools import count

#: How many of a Saturday's customers come in each hour, by the hour it begins.
SATURDAY = {10: 2, 11: 4, 12: 5, 13: 6, 14: 8, 15: 9, 16: 9, 17: 8, 18: 7, 19: 5, 20: 3}
OPENS_AT = min(SATURDAY)
#: How many customers are present when a steady day begins.
CROWD = 6


def saturday(customers: int, chance: random.Random) -> Iterator[float]:
    """Return the minute after opening at which each of so many customers comes, in order."""
    hours = chance.choices([*SATURDAY], [*SATURDAY.values()], k=customers)
    yield from sorted((hour - OPENS_AT + chance.random()) * 60 for hour in hours)


def steadily(gap: float, chance: random.Random) -> Iterator[float]:
    """Yield some arrivals at once, then one after about `gap` minutes, without end."""
    minute = 0.0
    for number in count():
        minute += chance.expovariate(1 / gap) if number >= CROWD else 0.5
        yield minute
