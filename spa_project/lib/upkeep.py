"""Metrics of upkeep: backups, the ledger check, disks, the certificate.

The commands write how they ended to a file beside the backups, which all processes of the machine
can read; nothing else connects a nightly command with the processes that Prometheus scrapes.
"""

import json
import logging
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import REGISTRY, Collector

logger = logging.getLogger(__name__)

BACKUP, LEDGER = "backup", "verify_ledger"
#: Those that are measured before they have ever run, too.
TASKS = (BACKUP, LEDGER)
FILE = "tasks.json"


@contextmanager
def recorded(task: str) -> Iterator[None]:
    """Record whether the block succeeds; an error, Ctrl-C too, is a failure."""
    try:
        yield
    except BaseException:
        _record(task, succeeded=False)
        raise
    _record(task, succeeded=True)


def _record(task: str, *, succeeded: bool) -> None:
    """Write the outcome, where backups are kept: a spa without them has nobody to tell."""
    path = settings.BACKUPS_DIR / FILE
    if not path.parent.is_dir():
        return
    tasks = _outcomes()
    succeeded_at = datetime.now(UTC).timestamp()
    before = tasks.get(task, {}).get("succeeded_at", 0)
    tasks[task] = {
        "failed": not succeeded,
        "succeeded_at": succeeded_at if succeeded else before,
    }
    unfinished = path.with_name(f".{FILE}.{os.getpid()}")
    try:
        unfinished.write_text(json.dumps(tasks))
        unfinished.replace(path)
    except OSError as error:
        logger.warning("The outcome of %s could not be written: %s", task, error)


def _outcomes() -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads((settings.BACKUPS_DIR / FILE).read_text())
    except (OSError, ValueError):
        return {}
    return found


class Upkeep(Collector):
    """The collector of these metrics; it reads files when Prometheus asks, and no database."""

    def describe(self) -> list[GaugeMetricFamily]:
        """Return the metrics without their values."""
        return [_failed(), _succeeded(), _disks(), _certificate()]

    def collect(self) -> list[GaugeMetricFamily]:
        """Return the metrics as they are now."""
        failed, succeeded, disks, certificate = self.describe()
        outcomes = _outcomes()
        for task in TASKS:
            outcome = outcomes.get(task, {})
            failed.add_metric([task], float(outcome.get("failed", False)))
            succeeded.add_metric([task], float(outcome.get("succeeded_at", 0)))
        for path in settings.MONITORED_DISKS:
            with suppress(OSError):
                usage = shutil.disk_usage(path)
                disks.add_metric([path], usage.free / usage.total)
        if settings.CERTIFICATE_FILE:
            certificate.add_metric([], expiry_of(Path(settings.CERTIFICATE_FILE)))
        return [failed, succeeded, disks, certificate]


def _failed() -> GaugeMetricFamily:
    return GaugeMetricFamily(
        "spa_task_failed", "Whether a daily task failed when it last ran.", labels=["task"]
    )


def _succeeded() -> GaugeMetricFamily:
    return GaugeMetricFamily(
        "spa_task_succeeded_timestamp_seconds",
        "When a daily task last succeeded; 0: never.",
        labels=["task"],
    )


def _disks() -> GaugeMetricFamily:
    return GaugeMetricFamily(
        "spa_disk_free_ratio", "Free part of the disk that a directory is on.", labels=["path"]
    )


def _certificate() -> GaugeMetricFamily:
    return GaugeMetricFamily(
        "spa_certificate_expiry_timestamp_seconds",
        "When the certificate ends; 0: it cannot be read.",
        labels=[],
    )


def expiry_of(path: Path) -> float:
    """Return when the first certificate of a file ends; 0 when it cannot be read."""
    from cryptography import x509  # Daphne's TLS needs it too

    try:
        return x509.load_pem_x509_certificate(path.read_bytes()).not_valid_after_utc.timestamp()
    except (OSError, ValueError) as error:
        logger.warning("The certificate %s cannot be read: %s", path, error)
        return 0.0


def measure() -> None:
    """Add these metrics to those of the process."""
    REGISTRY.register(Upkeep())
