"""Tests of the metrics of upkeep, and of their alerts."""

import datetime
import operator
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.core.management import call_command
from django.core.management.base import CommandError
from prometheus_client import REGISTRY

from queueing.models import Transaction
from queueing.states import Status
from spa_project.backups import BackupFailed
from tools.servers import PROJECT

pytestmark = pytest.mark.django_db

DAY = 24 * 3600


@pytest.fixture(autouse=True)
def machine(settings, tmp_path) -> Path:
    settings.BACKUPS_DIR = tmp_path / "backups"
    settings.BACKUPS_DIR.mkdir()
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.MONITORED_DISKS = [str(tmp_path)]
    settings.CERTIFICATE_FILE = ""
    return tmp_path


def rule(name: str) -> dict[str, Any]:
    rules = yaml.safe_load((PROJECT / "deploy/prometheus/alerts.yml").read_text())
    [found] = [each for each in rules["groups"][0]["rules"] if each["alert"] == name]
    return found


def fires(name: str) -> bool:
    """Evaluate the rule of an alert, which compares one metric, or its age, with a number."""
    shape = (
        r"(time\(\) - )?(?:max|min)(?: by \(path\) )?\((\w+)(?:\{(\w+)=\"(\w+)\"\})?\)"
        r"( - time\(\))? (==|<|>) ([\d.]+)"
    )
    found = re.fullmatch(shape, rule(name)["expr"])
    assert found, rule(name)["expr"]
    since, metric, label, value, until, sign, limit = found.groups()
    now = datetime.datetime.now(datetime.UTC).timestamp()
    compare = {"==": operator.eq, "<": operator.lt, ">": operator.gt}[sign]
    samples = [
        sample.value
        for family in REGISTRY.collect()
        for sample in family.samples
        if sample.name == metric and (label is None or sample.labels[label] == value)
    ]
    ages = [now - sample if since else sample - now if until else sample for sample in samples]
    return any(compare(age, float(limit)) for age in ages)


def test_a_failed_backup_is_told(monkeypatch, settings):
    call_command("backup", settings.BACKUPS_DIR)
    assert not fires("BackupFailed")
    monkeypatch.setattr(
        "spa_project.management.commands.backup.back_up", lambda *_: raise_(BackupFailed("full"))
    )
    with pytest.raises(CommandError):
        call_command("backup", settings.BACKUPS_DIR)
    assert fires("BackupFailed")
    monkeypatch.undo()
    call_command("backup", settings.BACKUPS_DIR)
    assert not fires("BackupFailed")


def raise_(error: Exception) -> None:
    raise error


def test_no_backup_and_an_old_one_are_told(settings, monkeypatch):
    assert fires("BackupIsOld")
    call_command("backup", settings.BACKUPS_DIR)
    assert not fires("BackupIsOld")
    path = settings.BACKUPS_DIR / "tasks.json"
    at = re.search(r'"succeeded_at": ([\d.]+)', path.read_text())
    assert at
    path.write_text(path.read_text().replace(at[1], str(float(at[1]) - 2 * DAY)))
    assert fires("BackupIsOld")


def test_a_failed_ledger_check_is_told(make_transaction):
    visit = make_transaction(Status.PENDING_THERAPIST)
    call_command("verify_ledger")
    assert not fires("LedgerIsWrong")
    Transaction.objects.filter(pk=visit.pk).update(total_amount=1)
    with pytest.raises(CommandError):
        call_command("verify_ledger")
    assert fires("LedgerIsWrong")
    assert not fires("BackupFailed")


def test_without_a_place_for_backups_nothing_is_written(settings):
    settings.BACKUPS_DIR.rmdir()
    call_command("verify_ledger")
    assert not settings.BACKUPS_DIR.exists()


@pytest.mark.parametrize(("free", "is_told"), [(0.09, True), (0.11, False)])
def test_a_full_disk_is_told(monkeypatch, free, is_told):
    usage = shutil._ntuple_diskusage(1000, 1000 - int(free * 1000), int(free * 1000))
    monkeypatch.setattr("spa_project.lib.upkeep.shutil.disk_usage", lambda _path: usage)
    assert fires("DiskIsFull") == is_told


def test_a_directory_that_is_not_there_is_no_full_disk(settings):
    settings.MONITORED_DISKS = ["/nowhere/at/all"]
    assert not fires("DiskIsFull")


def certificate(path: Path, days: int) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "spa.example")])
    now = datetime.datetime.now(datetime.UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), 1)
    made = made.not_valid_before(now - datetime.timedelta(days=60))
    made = made.not_valid_after(now + datetime.timedelta(days=days))
    path.write_bytes(made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    return path


@pytest.mark.parametrize(("days", "is_told"), [(13, True), (15, False), (-1, True)])
def test_a_certificate_that_ends_soon_is_told(settings, machine, days, is_told):
    settings.CERTIFICATE_FILE = str(certificate(machine / "fullchain.pem", days))
    assert fires("CertificateExpires") == is_told


def test_a_certificate_that_cannot_be_read_is_told(settings, machine):
    settings.CERTIFICATE_FILE = str(machine / "fullchain.pem")
    assert fires("CertificateExpires")
    (machine / "fullchain.pem").write_text("nonsense")
    assert fires("CertificateExpires")


def test_without_a_certificate_of_ours_nothing_is_told():
    assert not fires("CertificateExpires")
