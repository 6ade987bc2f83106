"""Screens whose connections are cut again and again while the floor works."""

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

from tools.faults.people import HEALED_WITHIN, Shift, all_are_right
from tools.faults.screen import Screen, living
from tools.servers import AppServer


class Outcome(NamedTuple):
    """Number of screens and cuts, and the seconds until all screens were right."""

    screens: int
    cuts: int
    right_after: float


async def cut_again_and_again(
    screens: Sequence[Screen],
    servers: Sequence[AppServer],
    shift: Shift,
    *,
    every: float,
    away: float,
    lasting: float,
) -> Outcome:
    """Cut each screen's connection every `every` seconds for `away` seconds, `lasting` in all.

    The cuts are spread, so that some screen is always disconnected. Fails unless every screen
    converges to the database's state.
    """
    for screen in screens:
        screen.away = away
    async with living(screens):
        await all_are_right(servers[0], screens, within=60)
        async with shift.open():
            await asyncio.gather(
                *(
                    _cut(screen, every * (number + 1) / len(screens), every, lasting)
                    for number, screen in enumerate(screens)
                )
            )
        right_after = await all_are_right(servers[0], screens, within=away + HEALED_WITHIN)
    return Outcome(len(screens), sum(screen.cuts for screen in screens), right_after)


async def _cut(screen: Screen, first: float, every: float, lasting: float) -> None:
    loop = asyncio.get_running_loop()
    end = loop.time() + lasting
    await asyncio.sleep(first)
    while loop.time() < end:
        screen.cut()
        await asyncio.sleep(every)
