"""What all tests of people have in common."""

import pytest


@pytest.fixture(autouse=True)
def _no_rates(settings) -> None:
    """Switch rate limits off: one address logs in here more often than it may."""
    settings.RATE_LIMITS = False
