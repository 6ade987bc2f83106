"""Tests of two processes whose clocks differ and that serve the same customers."""

import asyncio
import datetime
import json
import sys
import urllib.request

import pytest

from tools.faults.people import Shift, all_are_right, screens_on, staff_of
from tools.faults.screen import living
from tools.servers import AppServer, run_quietly

pytestmark = [pytest.mark.servers, pytest.mark.timed, pytest.mark.asyncio, pytest.mark.sample(1)]

CUSTOMERS = 6


def time_on(server: AppServer) -> datetime.datetime:
    """Return the current time of a process."""
    with urllib.request.urlopen(f"{server.url}/api/snapshots/board/") as response:
        return datetime.datetime.fromisoformat(json.load(response)["server_now"])


@pytest.mark.parametrize("seconds", [300, -90])
async def test_a_clock_that_is_wrong_harms_nobody(seconds, start_faulty, processes, staff, spa):
    wrong = start_faulty(f"skew:{seconds}")
    ahead = await asyncio.to_thread(time_on, wrong) - await asyncio.to_thread(time_on, processes[0])
    assert abs(ahead.total_seconds() - seconds) < 10
    servers = [processes.one, wrong]
    # A login on the process with the wrong clock is valid on the other.
    shift = Shift(servers, await asyncio.to_thread(staff_of, wrong))
    screens = [screen for server in servers for screen in screens_on(server, staff)]
    async with living(screens):
        for _each in range(CUSTOMERS):
            await shift.serve()
        await shift.confirm()
        await all_are_right(processes.one, screens)
    assert not sum(screen.cuts for screen in screens)
    await asyncio.to_thread(run_quietly, [sys.executable, "manage.py", "verify_ledger"], **spa)
