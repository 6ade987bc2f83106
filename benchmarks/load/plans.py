"""Query plans of the floor's statements by EXPLAIN."""

from collections.abc import Iterator

from django.db import connection
from django.db.transaction import atomic
from django.test.utils import CaptureQueriesContext

from accounts.models import Branch
from benchmarks.report import say
from payments.reports import Period, report_of
from queueing.events import AUDIENCES, MONITOR
from queueing.queries import lock_next
from queueing.snapshots import digests_of, transactions_of
from queueing.states import Status
from queueing.statistics import statistics_of, takings_of

#: A full scan of a table with fewer rows than this is as fast as an index.
SMALL = 5_000


def scans(branch: Branch) -> list[str]:
    """Return the statements of claims, screens and reports that scan a large table or index."""
    found = [sql for sql in dict.fromkeys(_statements(branch)) if _reads_a_whole_table(sql)]
    for sql in found:
        say(f"  reads a whole table: {sql}")
    return found


def _statements(branch: Branch) -> Iterator[str]:
    today = branch.business_date()
    with atomic(), CaptureQueriesContext(connection) as captured:
        for line in (Status.PENDING_THERAPIST, Status.FINISHED):
            lock_next(branch.pk, line)
        transactions_of(branch, MONITOR.shows)
        statistics_of(branch)
        takings_of(branch)
        for audience in AUDIENCES:
            digests_of(audience.shows, [branch.pk], with_rooms=audience.shows_rooms)
        report_of(branch, Period(today, today))
    for query in captured:
        if query["sql"].lstrip("( ").upper().startswith("SELECT"):
            yield query["sql"]


def _reads_a_whole_table(sql: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {sql}")
        columns = [column[0] for column in cursor.description]
        plan = [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
    return any(step["type"] in ("ALL", "index") and int(step["rows"] or 0) > SMALL for step in plan)
