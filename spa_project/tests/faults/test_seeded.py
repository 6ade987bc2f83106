"""The faults to seed still fit the code; whether they are found, `seeded` itself says."""

import pytest

from tools.faults.seeded import BUGS
from tools.servers import PROJECT


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_what_a_fault_changes_is_there_once(bug):
    for change in bug.changes:
        path = PROJECT / change.file
        assert path.read_text().count(change.old) == 1 if change.old else not path.exists()
