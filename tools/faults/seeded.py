"""Mutation test of the fault run: seed known bugs in copies of the project; each must be found.

python -m tools.faults.seeded            # all of them, some ten minutes
python -m tools.faults.seeded no-lock    # one
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from tqdm import tqdm

from tools.servers import PROJECT

LEFT_BEHIND = shutil.ignore_patterns(".git", ".venv", "data", "__pycache__", ".*_cache")
SECONDS = 25
FAULT_RUN = ("tools.faults", "--seconds", str(SECONDS))
CRASH_POINTS = (
    *("tools.servers", "--", sys.executable, "-m", "pytest", "-q", "-x", "-m", ""),
    *("-p", "no:cacheprovider", "spa_project/tests/faults/test_points.py"),
)
DRAWERS = (
    *("pytest", "-q", "-x", "-m", "", "-p", "no:cacheprovider"),
    "payments/tests/test_drawer_machine.py",
)


class Change(NamedTuple):
    """Text in a file of the project and its replacement; an empty old text makes a new file."""

    file: str
    old: str
    new: str


class Bug(NamedTuple):
    """Seeded fault, and the program that must fail because of it."""

    name: str
    changes: tuple[Change, ...]
    proof: tuple[str, ...] = FAULT_RUN


QUERIES, SERVICES = "queueing/queries.py", "queueing/services.py"
LIFECYCLE = "queueing/lifecycle.py"
PAYMENT, SETTLEMENT = "payments/payment.py", "payments/settlement.py"
SEEN = 'seen = {"id": transaction.pk, "status": was, "version": transaction.version}'
NO_UNIQUE = """
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("payments", "%s")]
    operations = [
        migrations.RunSQL(
            [
                "CREATE INDEX seeded ON payments_payment (transaction_id)",
                "DROP INDEX transaction_id ON payments_payment",
            ]
        )
    ]
"""


def _last_migration() -> str:
    return max(path.stem for path in (PROJECT / "payments/migrations").glob("0*.py"))


BUGS = (
    Bug(
        "no-lock",
        (
            Change(QUERIES, ").select_for_update(skip_locked=True)[:1]", ")[:1]"),
            Change(LIFECYCLE, SEEN, 'seen = {"id": transaction.pk}'),
        ),
    ),
    Bug(
        "last-come-first-served",
        (Change("queueing/models/transactions.py", '"queued_at", "id")\n', '"-queued_at")\n'),),
    ),
    Bug(
        "key-ignored",
        (
            Change(
                SERVICES, "request_id=order.request_id,\n        request_digest", "request_digest"
            ),
        ),
    ),
    Bug(
        "told-before-the-commit",
        (
            Change(
                "spa_project/lib/realtime/publish.py",
                "transaction.on_commit(send, robust=True)",
                "send()",
            ),
        ),
        CRASH_POINTS,
    ),
    Bug(
        "version-outside-the-transaction",
        (
            Change(LIFECYCLE, '"version": transaction.version, **fields}', "**fields}"),
            Change(
                LIFECYCLE,
                "    announce(transaction, was, counter=counter)\n    return",
                "    announce(transaction, was, counter=counter)\n"
                "    from django.db.transaction import on_commit\n"
                '    row, version = {"id": transaction.pk}, {"version": transaction.version}\n'
                "    on_commit(lambda: update_one(Transaction, row, version))\n"
                "    return",
            ),
        ),
    ),
    Bug(
        "paid-twice-and-no-unique-column",
        (
            Change("payments/migrations/9999_seeded.py", "", NO_UNIQUE % _last_migration()),
            Change(
                PAYMENT,
                "        return first_answer(transaction, request)\n",
                "        if transaction.status == Status.PAID:\n"
                "            part = offer.tenders[0]\n"
                "            again = Part(part.method, CASH, part.amount, part.reference)\n"
                "            settle(transaction, [again], tip=NO_TIP, shares=())\n"
                "        return first_answer(transaction, request)\n",
            ),
        ),
    ),
    Bug(
        "login-looked-at-once",
        (
            Change(
                "spa_project/lib/realtime/consumer.py",
                "            caller = self.identify()\n            require_role",
                '            caller = vars(self).get("known") or self.identify()\n'
                "            self.known = caller\n            require_role",
            ),
            Change(
                "spa_project/lib/realtime/session_watch.py",
                "        if caller := await self._recheck_caller():\n"
                "            self.access_state = caller.access_state",
                "        pass",
            ),
        ),
    ),
    Bug(
        "total-not-recomputed",
        (
            Change(
                SERVICES,
                "        **totals_of(transaction.item_list),\n        **without_put_back",
                "        **without_put_back",
            ),
        ),
    ),
    Bug(
        "change-in-floats",
        (
            Change(
                SETTLEMENT,
                "change_amount=amount_paid - transaction.amount_due - tip",
                "change_amount=Decimal(\n"
                "            int((float(amount_paid) - float(transaction.amount_due)) * 100)\n"
                "        ) / 100",
            ),
        ),
    ),
    Bug(
        "refund-that-leaves-the-cash",
        (
            Change(
                "payments/drawer_figures.py",
                "self.float_amount + self.cash_taken - self.cash_refunded + net_of",
                "self.float_amount + self.cash_taken + net_of",
            ),
        ),
        DRAWERS,
    ),
    Bug(
        "refund-paid-again-when-sent-again",
        (
            Change(
                "payments/refunds.py",
                "    if first := _made_before(request_id, digest):\n        return first\n",
                "    request_id = None\n",
            ),
        ),
        ("tools.faults", "--sqlite", "--seconds", str(SECONDS)),
    ),
    Bug(
        "refund-paid-by-no-drawer",
        (Change("payments/refunds.py", "        drawer=drawer,\n", ""),),
        DRAWERS,
    ),
    Bug(
        "refunded-more-than-was-paid",
        (
            Change(
                "payments/refundable.py",
                "line.amount - returned[line.key]",
                "line.amount",
            ),
        ),
        DRAWERS,
    ),
    Bug(
        "payout-that-fills-the-drawer",
        (
            Change(
                "payments/drawer_figures.py",
                "a if kind == Movement.IN else -a",
                "-a if kind == Movement.OUT else a",
            ),
        ),
        DRAWERS,
    ),
    Bug(
        "sale-outside-the-session",
        (
            Change(
                PAYMENT,
                "        shares=offer.shares,\n        drawer=drawer,\n",
                "        shares=offer.shares,\n",
            ),
        ),
        DRAWERS,
    ),
)


def main(names: list[str]) -> int:
    """Seed each fault, or those named; return 1 when one was not found."""
    missed = 0
    for bug in tqdm([bug for bug in BUGS if not names or bug.name in names], disable=None):
        end = finding_of(bug)
        missed += end is None
        tqdm.write(f"{'NOT FOUND' if end is None else 'found':10}{bug.name:34}{end or ''}")
    return int(missed > 0)


def finding_of(bug: Bug) -> str | None:
    """Return the message with which the proof finds the fault, or `None` when it passes."""
    with tempfile.TemporaryDirectory(prefix="spa-seeded-") as directory:
        copy = Path(directory) / "project"
        shutil.copytree(PROJECT, copy, ignore=LEFT_BEHIND)
        for change in bug.changes:
            _make(copy, change)
        done = subprocess.run(
            [sys.executable, "-m", *bug.proof],
            cwd=copy,
            env=os.environ | {"TMPDIR": directory},  # kept artefacts are deleted with the copy
            capture_output=True,
            text=True,
        )
    return None if done.returncode == 0 else _finding(done.stdout + done.stderr)


def _make(copy: Path, change: Change) -> None:
    path = copy / change.file
    text = path.read_text() if change.old else ""
    if change.old not in text:
        raise LookupError(f"{change.file} has changed: {change.old!r} is not there")
    path.write_text(text.replace(change.old, change.new, 1))


def _finding(said: str) -> str:
    """Return the last finding in an output: ledger findings come after those of the screens."""
    lines = [line.strip() for line in said.splitlines()]
    found = [line for line in lines if re.match(r"WRONG: |E\s+AssertionError", line)]
    return (found or lines or [""])[-1][:160]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
