"""Tests that screens converge when messages between processes are lost, doubled or reordered."""

import pytest

from tools.faults.people import Shift, all_are_right, screens_on
from tools.faults.screen import Screen, living, ticket_view

pytestmark = [pytest.mark.servers, pytest.mark.timed, pytest.mark.asyncio, pytest.mark.sample(1)]

CUSTOMERS = 12


async def test_screens_are_right_within_seven_seconds_of_chaos(start_faulty, staff):
    servers = [start_faulty(f"chaos:{seed}") for seed in (7, 8)]
    shift = Shift(servers, staff)
    key = (await shift.confirm())["key"]
    screens = [screen for server in servers for screen in screens_on(server, staff)]
    screens += [Screen(ticket_view(key), [server]) for server in servers]
    async with living(screens):
        await all_are_right(servers[0], screens)
        for _each in range(CUSTOMERS):
            await shift.serve()
        await shift.confirm()
        await all_are_right(servers[0], screens)
    assert sum(screen.corrections for screen in screens), "chaos did no harm"
    assert not sum(screen.cuts for screen in screens)


async def test_a_process_that_dies_before_it_publishes_is_believed_at_once(
    start_faulty, processes, staff, tmp_path
):
    trigger = tmp_path / "die"
    doomed, (other, _third) = start_faulty(f"crash:{trigger}"), processes
    screens = screens_on(other, staff)
    async with living(screens):
        await Shift([other], staff).confirm()
        await all_are_right(other, screens)
        before = screens[0].shown()["rows"].copy()
        last = Shift([doomed], staff)
        trigger.touch()
        with pytest.raises(OSError, match=r"closed|reset"):
            await last.confirm()
        assert not doomed.running
        await all_are_right(other, screens)
        assert len(screens[0].shown()["rows"]) == len(before) + 1
