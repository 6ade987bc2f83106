"""Fixtures of all tests of people."""

import pytest


@pytest.fixture(autouse=True)
def _no_rates(settings) -> None:
    """Switch rate limits off: these tests log in more often than one address may."""
    settings.RATE_LIMITS = False
