"""Tests of samples: which tests run where not all are run."""

import os
import subprocess
import sys

import pytest
from django.conf import settings

from spa_project.tests.extent import spread

TESTS = "spa_project/tests"


@pytest.mark.parametrize(
    ("count", "size", "chosen"),
    [
        (6, 3, {0, 2, 4}),
        (7, 2, {0, 3}),
        (3, 3, {0, 1, 2}),
        (2, 5, {0, 1}),
        (4, 0, set()),
    ],
)
def test_a_sample_is_spread_evenly(count, size, chosen):
    assert spread(count, size) == chosen


def collected(*arguments: str, sample: str) -> list[str]:
    """Return the names of the tests that pytest would run."""
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", *arguments],
        cwd=settings.BASE_DIR,
        env=os.environ | {"SAMPLE": sample},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return [line for line in run.stdout.splitlines() if "::" in line]


@pytest.mark.slow
@pytest.mark.sample(0)
def test_a_function_or_a_file_with_the_mark_is_sampled():
    points = collected(f"{TESTS}/faults/test_points.py", "-m", "servers", sample="1")
    looks = collected(f"{TESTS}/journey/test_look.py", "-m", "servers", sample="")
    some = collected(f"{TESTS}/journey/test_look.py", "-m", "servers", sample="1")
    of_the_function = [name for name in points if "test_what_died_half_way" in name]
    assert (len(of_the_function), len(some)) == (3, 5)
    assert set(some) < set(looks)


@pytest.mark.slow
@pytest.mark.sample(0)
def test_what_is_no_sample_runs_on_one_of_the_databases():
    here = collected("queueing/tests", sample="1")
    there = collected("queueing/tests", "--needs-servers", "-m", "", sample="1")
    every = collected("queueing/tests", "-m", "", sample="")
    alike = collected("queueing/tests", "-m", "sample", sample="")
    assert {*every} > {*here}
    assert {*every} - {*here, *there} < {*alike}
