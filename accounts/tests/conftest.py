"""What all tests of people have in common."""

import pytest


@pytest.fixture(autouse=True)
def _no_rates(settings) -> None:
    """One address logs in here more often than an address may; lib/limits.py has its own tests."""
    settings.RATE_LIMITS = False
