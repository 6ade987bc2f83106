"""Tests of the health checks and the metrics of a process."""

import datetime
import time

import pytest
from django.utils import timezone
from prometheus_client import REGISTRY

from queueing import services
from queueing.metrics import measure_lines
from queueing.models import Transaction
from queueing.states import Status
from spa_project import health
from spa_project.lib.commands import answer_safely


def figure(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


@pytest.mark.parametrize(
    ("asked_from", "status"), [("127.0.0.1", 200), ("::1", 200), ("", 200), ("192.168.1.7", 404)]
)
def test_figures_are_for_this_machine_alone(client, db, asked_from, status):
    assert client.get("/metrics", REMOTE_ADDR=asked_from).status_code == status


def test_the_proxys_word_counts_for_who_asks(client, db, settings):
    settings.TRUSTED_PROXIES = 1
    outside = {"X-Forwarded-For": "203.0.113.9"}
    assert client.get("/metrics", REMOTE_ADDR="127.0.0.1", headers=outside).status_code == 404


def test_a_database_that_lacks_a_migration_is_not_ready(client, db, monkeypatch):
    assert client.get("/readyz").status_code == 200
    monkeypatch.setattr(health, "_migrations", lambda: frozenset({("queueing", "9999_future")}))
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert b"queueing.9999_future" in answer.content


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(2.0, b"2.0 s ahead of"), (-3.0, b"3.0 s behind"), (0.9, b"ok"), (-0.9, b"ok")],
)
def test_a_clock_that_differs_from_the_databases_is_told(client, db, monkeypatch, seconds, told):
    monkeypatch.setattr("spa_project.health.hub.echo_received", lambda within: True)
    monkeypatch.setattr(health, "_database_time", lambda: time.time() - seconds)
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert told in answer.content


def test_the_databases_clock_is_read(db):
    assert abs(health._database_time() - time.time()) < 60


def test_without_the_layers_echo_a_process_works_on(client, db, monkeypatch):
    monkeypatch.setattr("spa_project.health.hub.echo_received", lambda within: False)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.content[:8]) == (200, b"degraded")


def test_commands_are_counted_by_name_and_result(maya):
    name = {"command": "therapist_start_service"}
    before = figure("spa_commands_total", **name, code="not_authenticated")
    timed = figure("spa_command_seconds_count", **name)

    class Nobody:
        roles: frozenset[str] = frozenset()
        is_authenticated = False
        is_sent_by_browser = is_locked = False
        topic = access_state = None

    answer_safely(Nobody(), "therapist_start_service", {})
    assert figure("spa_commands_total", **name, code="not_authenticated") == before + 1
    assert figure("spa_command_seconds_count", **name) == timed + 1


def test_lines_are_measured_in_every_branch(make_transaction, other_branch, maya):
    make_transaction(Status.PENDING_THERAPIST)
    ten_minutes_ago = timezone.now() - datetime.timedelta(minutes=10)
    Transaction.objects.update(queued_at=ten_minutes_ago)
    measure_lines()
    line = {"branch": "makati", "line": "therapists"}
    assert figure("spa_waiting", **line) == 1
    assert figure("spa_oldest_wait_seconds", **line) == pytest.approx(600, abs=30)
    assert figure("spa_waiting", branch="cebu", line="therapists") == 0
    services.confirm_next(maya)
    measure_lines()
    assert figure("spa_waiting", **line) == 0
    assert figure("spa_oldest_wait_seconds", **line) == 0
