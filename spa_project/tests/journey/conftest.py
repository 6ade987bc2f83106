"""Fixtures of the journeys: an empty floor, and Chromium."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import expect

from tools.screens.browser import WAIT_MS, Windows, chromium
from tools.servers import reset_spa
from tools.servers.clients import PASSWORD, Floor


@pytest.fixture(scope="module")
def floor(spa, processes) -> Floor:
    """Return an empty spa with its menu, rooms and staff."""
    reset_spa("--password", PASSWORD, **spa)
    return processes


@pytest.fixture(scope="module")
def new_windows() -> Iterator[Callable[[], Windows]]:
    """Run Chromium with a short timeout for each step."""
    expect.set_options(timeout=WAIT_MS)
    with chromium() as new_windows:
        yield new_windows


@pytest.fixture
def windows(new_windows) -> Iterator[Windows]:
    """Return the windows of one test, which close with it, and their sockets too."""
    windows: Windows = new_windows()
    yield windows
    windows.close()


@pytest.fixture
def complaints(windows) -> list[str]:
    """Return the errors that pages report during one test."""
    return windows.complaints
