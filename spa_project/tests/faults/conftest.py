"""Fixtures of fault tests on the shared servers; each fault is repaired by the test's end."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from spa_project.tests.faults.faulty import FaultyServer
from tools.faults.people import Shift, Staff, staff_of
from tools.servers import AppServer, reset_spa
from tools.servers.clients import PASSWORD


@pytest.fixture(scope="package")
def staff(spa, processes) -> Staff:
    """Log in the staff of an empty spa."""
    reset_spa("--password", PASSWORD, **spa)
    return staff_of(processes.one)


@pytest.fixture
def shift(processes, staff) -> Shift:
    """Return a shift that works on both processes."""
    return Shift(processes, staff)


@pytest.fixture
def start_faulty(spa) -> Iterator[Callable[[str], AppServer]]:
    """Return a function that starts processes with a fault; they end with the test."""
    with ExitStack() as running:
        yield lambda fault: running.enter_context(FaultyServer(fault, **spa))
