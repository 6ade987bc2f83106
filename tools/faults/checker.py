"""Holds the history against the database: what was said to be done is there, once, and no more."""

import datetime
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from payments.models import Payment, PaymentAttempt
from queueing.models import Transaction, TransactionEvent
from queueing.states import Status
from tools.faults.history import FAIL, INFO, OK, History, Operation

Finding = str


class Event(NamedTuple):
    """A row of the floor's own history."""

    transaction: int
    version: int
    was: str
    to: str
    reason: str
    at: datetime.datetime
    by: str


class Step(NamedTuple):
    """What a command leaves in the floor's history: where it leads, and from where."""

    was: Status | None
    to: Status
    reason: str = ""

    def made(self, event: Event) -> bool:
        """Whether this event is such a step."""
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
    """A line people are claimed from: by which command, when they entered it, what it stamps."""

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
#: How long an older customer may stand free while a younger one is claimed.
FIFO_SECONDS = 1.0
#: For how long a process may hold a row after its client has given up, or was answered already.
LATE_SECONDS = 2.0
#: Refusals that people meet who look at screens of a moment ago. Anything else is a finding.
EXPECTED_CODES = frozenset(
    {"queue_empty", "room_not_ready", "wrong_state", "transaction_not_found", "busy"}
)


class Checker:
    """Reads everything once; `findings` says what is not as it must be."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._transactions = {row.pk: row for row in Transaction.objects.all()}
        rows = TransactionEvent.objects.order_by("transaction_id", "version").values_list(
            *("transaction_id", "version", "from_status", "to_status", "reason", "at"),
            "by__username",
        )
        self._events = [Event._make((*row[:-1], row[-1] or "")) for row in rows]

    def findings(self) -> Iterator[Finding]:
        """Everything that is wrong."""
        yield from self._answers()
        yield from self._confirmations()
        yield from self._payments()
        yield from self._steps()
        for line in LINES:
            yield from self._claims(line)
            yield from self._order(line)

    # -- What was answered ------------------------------------------------------------------------

    def _answers(self) -> Iterator[Finding]:
        """No answer is a fault of ours, or a refusal nobody can explain."""
        for operation in self._history.operations:
            code = operation.reply.get("code")
            if code and code not in EXPECTED_CODES:
                yield f"{operation.client} {operation.command} was told {code}: {operation.reply}"

    # -- Requests: known again, whatever happened to their first answer ---------------------------

    def _requests(self, command: str) -> Iterator[tuple[str, list[Operation]]]:
        tries: dict[str, list[Operation]] = defaultdict(list)
        for operation in self._history.of(command):
            tries[operation.data["request_id"]].append(operation)
        yield from tries.items()

    def _confirmations(self) -> Iterator[Finding]:
        """Each acknowledged order is one transaction with these services; each has its order."""
        rows = {row.request_id: row for row in self._transactions.values()}
        asked = dict(self._requests("customer_confirm_selection"))
        yield from _unasked("transaction", rows, asked)
        for request, tries in asked.items():
            answers = {(t.transaction["id"], t.reply["key"]) for t in tries if t.phase == OK}
            row = rows.get(request)
            if len(answers) > 1 or (answers and row is None):
                yield f"order {request} was answered {answers}, the database has {row}"
            elif answers and row and answers != {(row.pk, row.key)}:
                yield f"order {request} was answered {answers}, the database has {row.pk}"
            if row and not _has_items(row, tries[0].data["items"]):
                yield f"order {request} of transaction {row.pk} lacks services"

    def _payments(self) -> Iterator[Finding]:
        """Each acknowledged payment or card is there once, for this customer and this amount."""
        rows = _tenders()
        asked = dict(self._requests("cashier_pay"))
        yield from _unasked("payment", rows, asked)
        for request, tries in asked.items():
            acknowledged, row = any(each.phase == OK for each in tries), rows.get(request)
            if acknowledged and row is None:
                yield f"payment {request} was acknowledged and is not there"
            if row and row != _asked_payment(tries[0].data):
                yield f"payment {request} of {tries[0].data} is {row}"
        yield from self._paid()

    def _paid(self) -> Iterator[Finding]:
        """Whoever was told what was paid was told what the database holds."""
        rows = {row.transaction_id: row for row in Payment.objects.all()}
        for operation in self._history.of("cashier_pay", "cashier_payment_result"):
            paid = operation.phase == OK and operation.transaction.get("payment")
            if paid and not _tells(paid, rows.get(operation.transaction["id"])):
                yield f"{operation.client} was told {paid} of {operation.transaction['id']}"

    # -- Steps: as often in the database as acknowledged, or as nobody knows ----------------------

    def _steps(self) -> Iterator[Finding]:
        for command, step in STEPS.items():
            done = Counter((e.by, e.transaction) for e in self._events if step.made(e))
            told = Counter[tuple[str, int]]()
            unclear = Counter[tuple[str, int]]()
            for operation in self._history.of(command):
                who = (operation.client, operation.data["transaction_id"])
                told[who] += operation.phase == OK
                unclear[who] += _slack(operation)
            for who in done | told:
                if not told[who] <= done[who] <= told[who] + unclear[who]:
                    yield (
                        f"{command} by {who[0]} for transaction {who[1]}: acknowledged "
                        f"{told[who]} times, unclear {unclear[who]}, done {done[who]}"
                    )

    # -- Claims -----------------------------------------------------------------------------------

    def _claims(self, line: QueueLine) -> Iterator[Finding]:
        """Whoever was told "this customer is yours" has them, and nobody else had them then."""
        done = {(e.transaction, e.at): e.by for e in self._events if line.step.made(e)}
        told: dict[tuple[int, datetime.datetime], str] = {}
        for operation in self._history.of(line.claim):
            if operation.phase != OK:
                continue
            claim = _claim_in(operation, line)
            who = told.setdefault(claim, operation.client)
            if who != operation.client:
                yield f"transaction {claim[0]} was given to {who} and to {operation.client}"
            if done.get(claim) != operation.client:
                holder = done.get(claim)
                yield f"{operation.client} was given transaction {claim[0]}, {holder} has it"
        yield from self._claimed_in_silence(line, done, set(told))

    def _claimed_in_silence(self, line: QueueLine, done: dict, told: set) -> Iterator[Finding]:
        unheard = Counter(by for claim, by in done.items() if claim not in told)
        for who, count in unheard.items():
            unclear = sum(_slack(o) for o in self._history.of(line.claim) if o.client == who)
            if count > unclear:
                yield f"{who} claimed {count} times unheard, only {unclear} asked and never knew"

    def _order(self, line: QueueLine) -> Iterator[Finding]:
        """First come, first served, but for whom a claim that came to nothing had locked."""
        doubts = [
            (o.began, o.ended + LATE_SECONDS * bool(_slack(o)))
            for o in self._history.of(line.claim, "customer_cancel")
            if _slack(o) or o.ended - o.began > FIFO_SECONDS
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
                    # Whom another is just being given is locked, and rightly passed over.
                    if not any(_overlap((now, now), claim) for claim in taken[other])
                ]
                # Each of these may have held one customer, no more.
                if len(overtaken) > sum(_overlap((begin, now), doubt) for doubt in doubts):
                    yield f"{line.claim} took {number} before {overtaken}"
            if event.to == line.step.was:
                waiting[number] = (self._place(number, line), now)

    def _taken(self, line: QueueLine) -> Mapping[int, list[tuple[float, float]]]:
        """From when to when each customer was being claimed by somebody who was given them."""
        taken: dict[int, list[tuple[float, float]]] = defaultdict(list)
        for operation in self._history.of(line.claim):
            if operation.phase == OK:
                number, _at = _claim_in(operation, line)
                taken[number].append((operation.began, operation.ended))
        return taken

    def _place(self, number: int, line: QueueLine) -> "Place":
        return getattr(self._transactions[number], line.entered), number


#: When somebody entered a line, and their number where two did at once.
Place = tuple[datetime.datetime, int]


def _slack(operation: Operation) -> int:
    """How many times it may have been done beyond what was acknowledged."""
    if operation.phase == INFO:
        return operation.copies
    return operation.copies - 1 if operation.phase in (OK, FAIL) else 0


def _overlap(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return one[0] <= other[1] and other[0] <= one[1]


def _unasked(what: str, rows: Iterable[str | None], asked: dict) -> Iterator[Finding]:
    for request in rows:
        if request not in asked:
            yield f"{what} of request {request}, which nobody sent"


def _has_items(row: Transaction, asked: list[dict[str, Any]]) -> bool:
    has = Counter(row.items.values_list("service_classification_id", flat=True))
    return Counter(each["service_classification_id"] for each in asked) <= has


def _asked_payment(data: dict[str, Any]) -> tuple[int, Decimal]:
    return data["transaction_id"], Decimal(data["amount_paid"])


def _tenders() -> dict[str | None, tuple[int, Decimal]]:
    """Requests and what they left: cash at once a payment, a card first an attempt."""
    cash = Payment.objects.filter(request_id__isnull=False)
    return {
        **{row.request_id: (row.transaction_id, row.amount_paid) for row in cash},
        **{
            row.request_id: (row.transaction_id, row.amount_due)
            for row in PaymentAttempt.objects.all()
        },
    }


def _tells(told: dict[str, str], row: Payment | None) -> bool:
    """Whether an answer says what the database holds."""
    names = ("amount_due", "amount_paid", "change_amount")
    return row is not None and all(Decimal(told[name]) == getattr(row, name) for name in names)


def _claim_in(operation: Operation, line: QueueLine) -> tuple[int, datetime.datetime]:
    claimed = operation.transaction
    return claimed["id"], datetime.datetime.fromisoformat(claimed[line.stamp])


# -- What stays after the run ---------------------------------------------------------------------

#: Ends of tracebacks that tell of what the nemesis did.
ANNOUNCED = (
    "django.db.utils.OperationalError",
    "django.db.utils.InterfaceError",
    "MySQLdb.OperationalError",
    "redis.exceptions.",
    # Two tasks of the Redis client open its broken line again at once; the next try succeeds:
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
    """Faults nobody announced, and secrets, in what a process wrote."""
    text = log.read_text(errors="replace")
    for end in _LAST_LINE.findall(text):
        if not end.startswith(ANNOUNCED):
            yield f"unannounced in the log: {end}"
    for secret in secrets:
        if secret in text:
            yield f"a secret is in the log: {secret[:4]}..."


def phantoms(told: Iterable[tuple[int, int, str]]) -> Iterator[Finding]:
    """States that a screen was told of and that never were."""
    rows = TransactionEvent.objects.values_list("transaction_id", "version", "to_status")
    were = set(rows)
    for state in sorted(set(told) - were):
        yield f"a screen was told of {state}, which never was"
