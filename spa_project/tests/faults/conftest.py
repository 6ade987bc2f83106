"""Faults are done to the servers that all tests share; each is mended by the test's end."""

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from spa_project.tests.faults.faulty import FaultyServer
from tools.faults.people import Shift, Staff, staff_of
from tools.servers import AppServer, run_quietly
from tools.servers.clients import PASSWORD

SEED = (sys.executable, "manage.py", "seed", "--reset", "--password", PASSWORD, "-v", "0")


@pytest.fixture(scope="package")
def staff(spa, processes) -> Staff:
    """Who works here, in a spa that has just opened."""
    run_quietly(SEED, **spa)
    return staff_of(processes.one)


@pytest.fixture
def shift(processes, staff) -> Shift:
    """People who work on both processes."""
    return Shift(processes, staff)


@pytest.fixture
def start_faulty(spa) -> Iterator[Callable[[str], AppServer]]:
    """Starts processes with a fault; they end with the test."""
    with ExitStack() as running:
        yield lambda fault: running.enter_context(FaultyServer(fault, **spa))
