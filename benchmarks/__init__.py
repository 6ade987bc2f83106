"""Measurements, both sides in one run. They print ratios and are never part of the tests."""
