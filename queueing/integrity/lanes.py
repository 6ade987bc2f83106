"""The integrity rule of lanes: who waits, waits in the lane of their request and skills."""

from queueing.lanes import ANYONE, lane_of
from queueing.models import Transaction
from queueing.states import UNCLAIMED, Status
from spa_project.lib.db.integrity import Broken, Rows, RuleSet

rules = RuleSet()


@rules.rule("Who waits is in the lane of whom they asked for.", of=Transaction)
def lanes(rows: Rows) -> Broken:
    """Find waiting transactions whose lane does not fit their request, and others with a lane."""
    waiting = rows.filter(status__in=UNCLAIMED) | rows.exclude(lane=ANYONE)
    for row in waiting:
        lane = lane_of(row, Status(row.status))
        if row.lane != lane:
            yield row.pk, f"it is in lane {row.lane}, but its request makes it {lane}"
