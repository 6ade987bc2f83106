"""Metrics of the lines: how many customers wait, and for how long."""

from django.db.models import Count, Min
from django.utils import timezone

from accounts.models import Branch
from queueing.models import Transaction
from queueing.states import Status
from spa_project.lib.metrics import OLDEST_WAIT, WAITING

LINES = {Status.PENDING_THERAPIST: "therapists", Status.FINISHED: "cashiers"}


def measure_lines() -> None:
    """Read every line's length and oldest wait: two small queries, by the claim's own index."""
    branches: dict[int, str] = dict(Branch.objects.values_list("pk", "slug"))
    found = (
        # By branch, because the index begins with it.
        Transaction.objects.filter(branch__in=branches, status__in=LINES)
        .order_by()
        .values_list("branch", "status")
        .annotate(Count("pk"), Min("queued_at"))
    )
    lines = {(branch, status): (waiting, since) for branch, status, waiting, since in found}
    now = timezone.now()
    for branch, slug in branches.items():
        for status, line in LINES.items():
            waiting, since = lines.get((branch, status), (0, None))
            WAITING.labels(slug, line).set(waiting)
            seconds = (now - since).total_seconds() if since else 0.0
            OLDEST_WAIT.labels(slug, line).set(seconds)
