"""Metrics of the lines: how many customers wait, and for how long."""

from django.utils import timezone

from accounts.models import Branch
from queueing.statistics import lines_in
from spa_project.lib.metrics import OLDEST_WAIT, WAITING


def measure_lines() -> None:
    """Read every line's length and oldest wait, in two small queries."""
    branches: dict[int, str] = dict(Branch.objects.values_list("pk", "slug"))
    now = timezone.now()
    for (branch, line), (customers, since) in lines_in(branches).items():
        WAITING.labels(branches[branch], line).set(customers)
        seconds = (now - since).total_seconds() if since else 0.0
        OLDEST_WAIT.labels(branches[branch], line).set(seconds)
