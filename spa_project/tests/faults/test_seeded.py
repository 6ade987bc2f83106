"""Tests that the seeded faults still fit the code; `tools.faults.seeded` itself finds them."""

import pytest

from tools.faults.seeded import BUGS
from tools.servers import PROJECT


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_what_a_fault_changes_is_there_once(bug):
    for change in bug.changes:
        path = PROJECT / change.file
        assert path.read_text().count(change.old) == 1 if change.old else not path.exists()
