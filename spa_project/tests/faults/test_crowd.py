"""Tests of a thousand screens that reconnect at once without overloading the database."""

import asyncio

import pytest

from tools.faults.people import all_are_right, counted
from tools.faults.screen import BOARD_VIEW, MONITOR_VIEW, Screen, living
from tools.servers import AppServer, MariaDB

pytestmark = [pytest.mark.servers, pytest.mark.timed, pytest.mark.asyncio]

CROWD = 1000
BACK_WITHIN = 30.0
#: Queries for the login and its access: each socket must make its own.
READS_FOR_A_SOCKET = 4


def selects(database: MariaDB) -> int:
    [[_name, count]] = database.ask("SHOW GLOBAL STATUS LIKE 'Com_select'")
    return int(count)


async def test_a_thousand_screens_survive_the_death_of_a_process(
    spa, spa_database, processes, shift, staff
):
    _first, survivor = processes
    with AppServer(**spa) as doomed:
        servers = [doomed, survivor]
        half = [servers, servers[::-1]]
        screens = [
            Screen(MONITOR_VIEW, half[number % 2], staff.monitor)
            if number % 4 < 2
            else Screen(BOARD_VIEW, half[number % 2])
            for number in range(CROWD)
        ]
        async with living(screens):
            await all_are_right(survivor, screens, within=60)
            lost = [screen for screen in screens if screen.cuts == 0][: CROWD // 2]
            assert len(lost) == CROWD // 2
            reads, asked = counted(survivor, "snapshot_reads"), selects(spa_database)
            await asyncio.to_thread(doomed.kill)
            await shift.confirm()
            took = await all_are_right(survivor, screens, within=BACK_WITHIN)
            came_back = sum(screen.cuts > 0 for screen in screens)
            assert came_back >= CROWD // 2
            # One read a second of each of the two kinds, however many ask; a few for the events.
            assert counted(survivor, "snapshot_reads") - reads <= 2 * (took + 5)
            assert selects(spa_database) - asked <= READS_FOR_A_SOCKET * came_back + 200
