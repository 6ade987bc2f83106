"""Tests of quoted waits on a simulated Saturday."""

import re
import subprocess
import sys

import pytest

from tools.servers import PROJECT

#: Of a hundred first quotes, how many must hold.
ENOUGH = 80.0


@pytest.mark.slow
@pytest.mark.one_database
def test_four_of_five_first_quotes_of_a_saturday_hold():
    """A Saturday with requests, skills and breaks; it is the same again with the same seed."""
    played = subprocess.run(
        [sys.executable, "-m", "benchmarks.quotes", "--days", "1", "--first-seed", "2"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    )
    found = re.search(r"all of them :\s+(\d+) quotes:\s+([\d.]+) % held", played.stdout)
    assert found, played.stdout
    assert int(found[1]) > 30
    assert float(found[2]) >= ENOUGH
