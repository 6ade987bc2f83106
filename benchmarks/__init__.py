"""Benchmarks that compare two sides in one run. They print ratios and are not part of the tests."""
