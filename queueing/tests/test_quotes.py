"""Tests of quoted waits: what came of them, and whether they hold on a simulated Saturday."""

import re
import subprocess
import sys
from datetime import timedelta

import pytest
from django.db.models import F
from prometheus_client import REGISTRY

from queueing import services
from queueing.models import Transaction
from queueing.states import Status
from tools.servers import PROJECT

#: Of a hundred first quotes, how many must hold.
ENOUGH = 80.0


@pytest.mark.sample(0)
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


@pytest.mark.parametrize(
    ("quoted", "outcome"),
    [((5, 10), "within"), ((10, 20), "shorter"), ((1, 5), "longer"), ((None, None), None)],
)
def test_a_treatment_that_begins_counts_its_quote(
    make_transaction, maya, django_capture_on_commit_callbacks, quoted, outcome
):
    """The customer was called after eight minutes."""
    visit = make_transaction(Status.THERAPIST_CONFIRMED)
    low, high = quoted
    Transaction.objects.filter(pk=visit.pk).update(
        selection_confirmed_at=F("therapist_confirmed_at") - timedelta(minutes=8),
        quoted_from_minutes=low,
        quoted_to_minutes=high,
    )
    before = counted()
    with django_capture_on_commit_callbacks(execute=True):
        services.start_service(maya, transaction_id=visit.pk)
    assert counted() == before | ({outcome: before[outcome] + 1} if outcome else {})


def counted() -> dict[str, float]:
    """Return how many quotes of the branch had each outcome so far."""
    return {
        outcome: REGISTRY.get_sample_value(
            "spa_quotes_total", {"branch": "makati", "outcome": outcome}
        )
        or 0.0
        for outcome in ("within", "shorter", "longer")
    }
