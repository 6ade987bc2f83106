"""Check a history against the database: each acknowledged command took effect, exactly once."""

import datetime
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from payments.models import CASH, Payment, PaymentAttempt
from queueing.models import Transaction, TransactionEvent
from queueing.states import Status
from tools.faults.findings import Doubled, Finding, Lost
from tools.faults.history import OK, History, Operation
from tools.faults.till_checks import slack, till_findings, unasked


class Event(NamedTuple):
    """Row of the floor's event log."""

    transaction: int
    version: int
    was: str
    to: str
    reason: str
    at: datetime.datetime
    by: str


class Step(NamedTuple):
    """Transition that a command leaves in the event log."""

    was: Status | None
    to: Status
    reason: str = ""

    def made(self, event: Event) -> bool:
        """Return whether this event is such a transition."""
        return (
            event.to == self.to
            and (self.was is None or event.was == self.was)
            and event.reason.startswith(self.reason)
        )


STEPS = {
    "therapist_start_service": Step(Status.THERAPIST_CONFIRMED, Status.IN_SERVICE),
    "therapist_add_service": Step(Status.IN_SERVICE, Status.IN_SERVICE, "+"),
    "therapist_finish_service": Step(Status.IN_SERVICE, Status.FINISHED),
    "therapist_no_show": Step(Status.THERAPIST_CONFIRMED, Status.NO_SHOW),
    "therapist_release": Step(Status.THERAPIST_CONFIRMED, Status.PENDING_THERAPIST),
}


class QueueLine(NamedTuple):
    """Queue that customers are claimed from, with its claiming command and its two time columns."""

    claim: str
    step: Step
    entered: str
    stamp: str


LINES = (
    QueueLine(
        "therapist_confirm_next",
        Step(Status.PENDING_THERAPIST, Status.THERAPIST_CONFIRMED),
        "selection_confirmed_at",
        "therapist_confirmed_at",
    ),
    QueueLine(
        "cashier_claim_next",
        Step(Status.FINISHED, Status.AWAITING_PAYMENT),
        "service_finish_at",
        "cashier_claimed_at",
    ),
)
#: How long an older customer may be free and unclaimed while a younger one is claimed.
FIFO_SECONDS = 1.0
#: How long a process may hold a row after its client has given up, or has its answer already.
LATE_SECONDS = 2.0
#: Refusals that follow from a screen that is a moment old. Any other is a finding.
EXPECTED_CODES = frozenset(
    {
        *("queue_empty", "room_not_ready", "wrong_state", "transaction_not_found", "busy"),
        # The drawer was closed since, or the day ended; a sale of before is a manager's to refund.
        *("drawer_open", "drawer_closed", "close_yesterday_first", "approval_needed"),
    }
)


class Checker:
    """Checker of one history. It reads the database once, when it is created."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._transactions = {row.pk: row for row in Transaction.objects.all()}
        rows = TransactionEvent.objects.order_by("transaction_id", "version").values_list(
            *("transaction_id", "version", "from_status", "to_status", "reason", "at"),
            "by__username",
        )
        self._events = [Event._make((*row[:-1], row[-1] or "")) for row in rows]

    def findings(self) -> Iterator[Finding]:
        """Yield a sentence for each thing that is wrong."""
        yield from self._answers()
        yield from self._confirmations()
        yield from self._payments()
        yield from till_findings(self._history)
        yield from self._steps()
        for line in LINES:
            yield from self._claims(line)
            yield from self._order(line)

    # -- Answers ----------------------------------------------------------------------------------

    def _answers(self) -> Iterator[Finding]:
        """Check that no answer is a server error or an unexpected refusal."""
        for operation in self._history.operations:
            code = operation.reply.get("code")
            if code and code not in EXPECTED_CODES:
                yield f"{operation.client} {operation.command} was told {code}: {operation.reply}"

    # -- Idempotency: a request takes effect once, however often it is sent ------------------------

    def _confirmations(self) -> Iterator[Finding]:
        """Check that acknowledged orders and transactions match one to one, with their services."""
        rows = {row.request_id: row for row in self._transactions.values()}
        asked = self._history.requests("customer_confirm_selection")
        yield from unasked("transaction", rows, asked)
        for request, tries in asked.items():
            answers = {(t.transaction["id"], t.reply["key"]) for t in tries if t.phase == OK}
            row = rows.get(request)
            if len(answers) > 1:
                yield Doubled(f"order {request} was answered {answers}, the database has {row}")
            elif answers and row is None:
                yield Lost(f"order {request} was answered {answers}, the database has none")
            elif answers and row and answers != {(row.pk, row.key)}:
                yield f"order {request} was answered {answers}, the database has {row.pk}"
            if row and not _has_items(row, tries[0].data["items"]):
                yield f"order {request} of transaction {row.pk} lacks services"

    def _payments(self) -> Iterator[Finding]:
        """Check that each acknowledged payment exists once, for this customer and this amount."""
        rows = _tenders()
        asked = self._history.requests("cashier_pay")
        yield from unasked("payment", rows, asked)
        for request, tries in asked.items():
            acknowledged, row = any(each.phase == OK for each in tries), rows.get(request)
            if acknowledged and row is None:
                yield Lost(f"payment {request} was acknowledged and is not there")
            if row and row != _asked_payment(tries[0].data):
                yield f"payment {request} of {tries[0].data} is {row}"
        yield from self._paid()

    def _paid(self) -> Iterator[Finding]:
        """Check that the amounts in the answers are those in the database."""
        rows = {row.transaction_id: row for row in Payment.objects.all()}
        for operation in self._history.of("cashier_pay", "cashier_payment_result"):
            paid = operation.phase == OK and operation.transaction.get("payment")
            if paid and not _tells(paid, rows.get(operation.transaction["id"])):
                yield f"{operation.client} was told {paid} of {operation.transaction['id']}"

    # -- Transitions: at least those acknowledged, at most the unclear ones more ------------------

    def _steps(self) -> Iterator[Finding]:
        for command, step in STEPS.items():
            done = Counter((e.by, e.transaction) for e in self._events if step.made(e))
            acknowledged = Counter[tuple[str, int]]()
            unclear = Counter[tuple[str, int]]()
            for operation in self._history.of(command):
                who = (operation.client, operation.data["transaction_id"])
                acknowledged[who] += operation.phase == OK
                unclear[who] += slack(operation)
            for who in done | acknowledged:
                if not acknowledged[who] <= done[who] <= acknowledged[who] + unclear[who]:
                    kind = Lost if done[who] < acknowledged[who] else Doubled
                    yield kind(
                        f"{command} by {who[0]} for transaction {who[1]}: acknowledged "
                        f"{acknowledged[who]} times, unclear {unclear[who]}, done {done[who]}"
                    )

    # -- Claims -----------------------------------------------------------------------------------

    def _claims(self, line: QueueLine) -> Iterator[Finding]:
        """Check that each acknowledged claim belongs to its claimant, and to nobody else."""
        done = {(e.transaction, e.at): e.by for e in self._events if line.step.made(e)}
        acknowledged: dict[tuple[int, datetime.datetime], str] = {}
        for operation in self._history.of(line.claim):
            if operation.phase != OK:
                continue
            claim = _claim_in(operation, line)
            who = acknowledged.setdefault(claim, operation.client)
            if who != operation.client:
                yield Doubled(
                    f"transaction {claim[0]} was given to {who} and to {operation.client}"
                )
            if done.get(claim) != operation.client:
                holder = done.get(claim)
                yield Lost(f"{operation.client} was given transaction {claim[0]}, {holder} has it")
        yield from self._unacknowledged_claims(line, done, set(acknowledged))

    def _unacknowledged_claims(
        self, line: QueueLine, done: dict, acknowledged: set
    ) -> Iterator[Finding]:
        unacknowledged = Counter(by for claim, by in done.items() if claim not in acknowledged)
        for who, count in unacknowledged.items():
            unclear = sum(slack(o) for o in self._history.of(line.claim) if o.client == who)
            if count > unclear:
                yield Doubled(f"{who} claimed {count} times unheard, only {unclear} never knew")

    def _order(self, line: QueueLine) -> Iterator[Finding]:
        """Check that claims are first come, first served.

        A customer who was locked by an unfinished claim may be passed over.
        """
        doubts = [
            (o.began, o.ended + LATE_SECONDS * bool(slack(o)))
            for o in self._history.of(line.claim, "customer_cancel")
            if slack(o) or o.ended - o.began > FIFO_SECONDS
        ]
        taken = self._taken(line)
        waiting: dict[int, tuple[Place, float]] = {}
        for event in sorted(self._events, key=lambda event: (event.at, event.version)):
            number, now = event.transaction, event.at.timestamp()
            place, _since = waiting.pop(number, (None, now))
            if place and line.step.made(event):
                begin = now - FIFO_SECONDS
                overtaken = [
                    other
                    for other, (before, since) in waiting.items()
                    if before < place and since < begin
                    # A customer locked by another claim is rightly skipped (SKIP LOCKED).
                    if not any(_overlap((now, now), claim) for claim in taken[other])
                ]
                # Each of these may have locked one customer, no more.
                if len(overtaken) > sum(_overlap((begin, now), doubt) for doubt in doubts):
                    yield f"{line.claim} took {number} before {overtaken}"
            if event.to == line.step.was:
                waiting[number] = (self._place(number, line), now)

    def _taken(self, line: QueueLine) -> Mapping[int, list[tuple[float, float]]]:
        """Return the intervals in which successful claims of each customer were under way."""
        taken: dict[int, list[tuple[float, float]]] = defaultdict(list)
        for operation in self._history.of(line.claim):
            if operation.phase == OK:
                number, _at = _claim_in(operation, line)
                taken[number].append((operation.began, operation.ended))
        return taken

    def _place(self, number: int, line: QueueLine) -> "Place":
        return getattr(self._transactions[number], line.entered), number


#: Time of entry into a queue, and the transaction's number as the tie-breaker.
Place = tuple[datetime.datetime, int]


def _overlap(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return one[0] <= other[1] and other[0] <= one[1]


def _has_items(row: Transaction, asked: list[dict[str, Any]]) -> bool:
    has = Counter(row.items.values_list("service_classification_id", flat=True))
    return Counter(each["service_classification_id"] for each in asked) <= has


def _asked_payment(data: dict[str, Any]) -> tuple[int, Decimal]:
    """Return the visit, and what its first row says: of a split payment the terminal's part."""
    if parts := data.get("tenders"):
        by_card = [part for part in parts if part["method"] != CASH]
        first = by_card[:1] or parts
        return data["transaction_id"], sum((Decimal(part["amount"]) for part in first), Decimal(0))
    return data["transaction_id"], Decimal(data["amount_paid"])


def _tenders() -> dict[str | None, tuple[int, Decimal]]:
    """Return each request id with its effect: a payment for cash, first an attempt for a card."""
    cash = Payment.objects.filter(request_id__isnull=False)
    return {
        **{row.request_id: (row.transaction_id, row.amount_paid) for row in cash},
        **{
            row.request_id: (row.transaction_id, row.amount_due)
            for row in PaymentAttempt.objects.all()
        },
    }


def _tells(told: dict[str, str], row: Payment | None) -> bool:
    """Return whether an answer has the amounts of the database."""
    names = ("amount_due", "amount_paid", "change_amount")
    return row is not None and all(Decimal(told[name]) == getattr(row, name) for name in names)


def _claim_in(operation: Operation, line: QueueLine) -> tuple[int, datetime.datetime]:
    claimed = operation.transaction
    return claimed["id"], datetime.datetime.fromisoformat(claimed[line.stamp])


# -- After the run --------------------------------------------------------------------------------

#: Exceptions in the logs that follow from the nemesis's faults.
ANNOUNCED = (
    "django.db.utils.OperationalError",
    "django.db.utils.InterfaceError",
    "MySQLdb.OperationalError",
    "redis.exceptions.",
    # Two tasks of the Redis client reopen its broken connection at once; the next try succeeds:
    # https://github.com/redis/redis-py/issues/2722
    "RuntimeError: read() called while another coroutine is already waiting",
    "Connection",  # refused, reset
    "TimeoutError",
    "asyncio.exceptions.CancelledError",
    "spa_project.lib.errors.Busy",
)
#: The last line of a traceback, unless another was raised while it was handled.
_LAST_LINE = re.compile(
    r"^Traceback .*\n(?:[ \t].*\n)*(\S.*)\n(?!\n(?:During handling|The above exception))",
    re.MULTILINE,
)


def log_findings(log: Path, secrets: Iterable[str]) -> Iterator[Finding]:
    """Yield unexpected exceptions and secrets in a process's log."""
    text = log.read_text(errors="replace")
    for end in _LAST_LINE.findall(text):
        if not end.startswith(ANNOUNCED):
            yield f"unannounced in the log: {end}"
    for secret in secrets:
        if secret in text:
            yield f"a secret is in the log: {secret[:4]}..."


def phantoms(told: Iterable[tuple[int, int, str]]) -> Iterator[Finding]:
    """Yield states that a screen received and that the event log does not have."""
    rows = TransactionEvent.objects.values_list("transaction_id", "version", "to_status")
    were = set(rows)
    for state in sorted(set(told) - were):
        yield f"a screen was told of {state}, which never was"
