"""Tests of a browser test that fails: its second run begins anew (decision 0011)."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
CONFTEST = """
from spa_project.tests.journey.conftest import (
    pytest_runtest_makereport,
    pytest_runtest_teardown,
)
"""
LEAVES_A_VISIT = """
import pytest

runs = iter(range(9))

@pytest.fixture(scope="module")
def floor():
    return []

@pytest.fixture(scope="module")
def asking(floor):
    floor.append("setting")
    return floor

@pytest.mark.flaky(reruns=1)
def test_one(asking):
    assert asking == ["setting"]
    asking.append("visit")
    assert next(runs) > 0
    asking.remove("visit")

def test_two(asking, floor):
    assert floor is asking
    assert floor == ["setting"]
"""


def test_the_second_run_of_a_test_has_new_fixtures_of_its_module(tmp_path):
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_visit.py").write_text(LEAVES_A_VISIT)
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:django"]
    ended = subprocess.run(
        [*command, "-c", "/dev/null", "--rootdir", tmp_path, tmp_path],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "2 passed, 1 rerun" in ended.stdout, ended.stdout + ended.stderr
