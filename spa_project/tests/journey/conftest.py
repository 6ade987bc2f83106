"""Fixtures of the journeys: an empty floor, and Chromium."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from tools.screens.browser import WAIT_MS, Windows, chromium
from tools.servers import reset_spa
from tools.servers.clients import PASSWORD, Floor

FAILED = pytest.StashKey[bool]()


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


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Any:
    report = yield
    if report.failed:
        item.stash[FAILED] = True
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Function) -> Any:
    """End the module's fixtures after a failed test, so that the next run begins on a new floor.

    What failed half way leaves its visit and its room, at which its second run would fail too.
    """
    try:
        return (yield)
    finally:
        if item.stash.get(FAILED, False):
            del item.stash[FAILED]
            _end_module_fixtures(item)


def _end_module_fixtures(item: pytest.Function) -> None:
    """End them by pytest's own records: it has no public call for it (decision 0011)."""
    request: Any = item._request
    for *_overridden, fixture in item._fixtureinfo.name2fixturedefs.values():
        if fixture.scope == "module":
            fixture.finish(request)
