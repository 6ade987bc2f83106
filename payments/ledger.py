"""What must be true of visits and money, whoever wrote the rows; `verify_ledger` checks it.

One function for each rule: it picks the rows that break the rule and says what is wrong. To add a
rule, add a function.
"""

from collections.abc import Iterable
from itertools import pairwise
from typing import Any

from django.db.models import (
    Case,
    Count,
    DecimalField,
    Exists,
    F,
    FloatField,
    IntegerField,
    Model,
    OuterRef,
    Q,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Abs, Cast, Coalesce
from django.db.models.lookups import GreaterThan

from accounts.models import Cashier
from catalog.models import Service
from payments.models import Kind, Payment, PaymentAttempt, PaymentMethod, ReceiptCounter
from queueing.codes import LAST_CODE
from queueing.models import (
    CODE_DIGITS,
    Room,
    RoomStatus,
    Transaction,
    TransactionEvent,
    TransactionItem,
)
from queueing.states import (
    BEFORE_CASHIER,
    LATER_STAMPS,
    MOVES,
    OPEN,
    STAMPS,
    UNCLAIMED,
    UNDOABLE,
    WITH_CASHIER,
    WITH_THERAPIST,
    Status,
)
from spa_project.lib.audit import Audit, Broken, Rows
from spa_project.lib.money import format_amount

ledger = Audit()


def _differ(one: Any, other: Any) -> GreaterThan:
    # SQLite adds decimals as floats, so the same to the cent is the same.
    return GreaterThan(Abs(one - other, output_field=FloatField()), 0.005)


def _sum(expression: Any) -> Coalesce:
    return Coalesce(Sum(expression), 0, output_field=DecimalField())


def _of(model: type[Model], key: str, column: str) -> Subquery:
    """A column of the row that `key` leads to, nothing when it leads nowhere."""
    return Subquery(model._default_manager.filter(pk=OuterRef(key)).values(column))


def _another(model: type[Model], **same: str) -> Subquery:
    """The key of another row with these of its columns equal to ours, if there is one."""
    equal = {column: OuterRef(ours) for column, ours in same.items()}
    others = model._default_manager.filter(**equal).exclude(pk=OuterRef("pk"))
    return Subquery(others.order_by().values("pk")[:1])


def _any_of(conditions: Iterable[Q]) -> Q:
    return Q(*conditions, _connector=Q.OR)


def _empty(name: str) -> Q:
    """A transaction without this."""
    field = Transaction._meta.get_field(name)
    return Q(**{f"{name}__isnull": True}) if field.null else Q(**{name: ""})


def _value(row: Transaction, name: str) -> Any:
    """What a transaction has in a column, for a person the key."""
    field: Any = Transaction._meta.get_field(name)
    return getattr(row, field.attname)


# -- Money --------------------------------------------------------------------------------------


@ledger.rule("A total is what the items come to, in money and in minutes.", of=Transaction)
def totals(rows: Rows) -> Broken:
    """No item added or removed without the total."""
    sums = rows.annotate(price=_sum("items__price"), minutes=_sum("items__duration_minutes"))
    wrong = sums.filter(
        _differ(F("total_amount"), F("price")) | ~Q(total_duration_minutes=F("minutes"))
    )
    for row in wrong:
        yield (
            row.pk,
            f"its total is {format_amount(row.total_amount)} and {row.total_duration_minutes} "
            f"minutes, its items come to {format_amount(row.price)} and {row.minutes}",
        )


@ledger.rule("Who has paid has a payment.", of=Transaction)
def payment_missing(rows: Rows) -> Broken:
    """No paid transaction without its record."""
    for row in rows.filter(status=Status.PAID, payment__isnull=True):
        yield row.pk, "it is paid, and there is no payment"


@ledger.rule("The payments of a day are what the day's paid visits cost.", of=Transaction)
def money_conserved(rows: Rows) -> Broken:
    """No money appears or disappears. Looks at a part of a day when the day is large."""
    # Transaction and payment in one statement: a payment made meanwhile is in both or in neither.
    paid = Case(When(status=Status.PAID, then=F("total_amount")))
    days = rows.values("branch", "business_date").annotate(
        cost=_sum(paid), taken=_sum("payment__amount_due")
    )
    for day in days.filter(_differ(F("cost"), F("taken"))):
        yield (
            f"of branch {day['branch']} on {day['business_date']}",
            f"paid visits cost {format_amount(day['cost'])}, "
            f"their payments are {format_amount(day['taken'])}",
        )


@ledger.rule("A payment is the only one of a paid transaction.", of=Payment)
def payment_out_of_place(rows: Rows) -> Broken:
    """Money is taken once, and then it is over."""
    rows = rows.annotate(
        status=_of(Transaction, "transaction_id", "status"),
        another=_another(Payment, transaction="transaction_id"),
    )
    wrong = rows.filter(
        Q(another__isnull=False) | (Q(status__isnull=False) & ~Q(status=Status.PAID))
    )
    for row in wrong:
        also = f" and has payment {row.another} as well" if row.another else ""
        yield row.pk, f"transaction {row.transaction_id} is {row.status}{also}"


@ledger.rule("What was due is the total; what was given is due and change.", of=Payment)
def amounts(rows: Rows) -> Broken:
    """No payment of another amount, no change out of nothing."""
    due, change = F("amount_due"), F("change_amount")
    rows = rows.annotate(total=Coalesce(_of(Transaction, "transaction_id", "total_amount"), due))
    wrong = rows.filter(
        _differ(due, F("total"))
        | _differ(F("amount_paid"), due + change)
        | Q(amount_due__lt=0)
        | Q(change_amount__lt=0)
    )
    for row in wrong:
        yield (
            row.pk,
            f"the total is {format_amount(row.total)}, due {format_amount(row.amount_due)}, "
            f"given {format_amount(row.amount_paid)}, change {format_amount(row.change_amount)}",
        )


@ledger.rule("A terminal takes the total, no more, and its approval is kept.", of=Payment)
def terminals(rows: Rows) -> Broken:
    """No change from a card, no terminal's money that nobody asked a terminal for."""
    approvals = PaymentAttempt.objects.order_by().filter(
        transaction=OuterRef("transaction"), approved=True
    )
    same = approvals.filter(method=OuterRef("method"), amount_due=OuterRef("amount_due"))
    rows = rows.annotate(
        kind=_of(PaymentMethod, "method_id", "kind"),
        approved=Exists(approvals),
        approved_so=Exists(same),
    )
    terminal = Q(kind=Kind.TERMINAL)
    wrong = rows.filter(
        terminal & (Q(approved_so=False) | ~Q(change_amount=0)) | ~terminal & Q(approved=True)
    )
    for row in wrong:
        yield (
            row.pk,
            f"by {row.method_id}, due {format_amount(row.amount_due)}, change "
            f"{format_amount(row.change_amount)}, "
            f"{'approved' if row.approved else 'approved by no terminal'}",
        )


@ledger.rule("While somebody pays, one terminal is at work, and never otherwise.", of=Transaction)
def terminal_at_work(rows: Rows) -> Broken:
    """A `paying` that hangs has an attempt that can be answered."""
    attempts = PaymentAttempt.objects.order_by().filter(ended_at=None, transaction=OuterRef("pk"))
    count = attempts.values("transaction").annotate(count=Count("pk")).values("count")
    rows = rows.annotate(at_work=Coalesce(Subquery(count), 0))
    for row in rows.exclude(at_work=Case(When(status=Status.PAYING, then=1), default=0)):
        yield row.pk, f"it is {row.status} with {row.at_work} terminals at work"


@ledger.rule("A terminal is asked for the total, and answers once.", of=PaymentAttempt)
def attempts(rows: Rows) -> Broken:
    """Open and asked about by one transaction, or answered: by whom, what, and when."""
    is_open = Q(active_transaction=F("transaction"), ended_at=None, ended_by=None, approved=None)
    answered = Q(
        active_transaction=None,
        ended_at__gte=F("started_at"),
        ended_by__isnull=False,
        approved__isnull=False,
    )
    rows = rows.annotate(
        total=Coalesce(_of(Transaction, "transaction_id", "total_amount"), F("amount_due"))
    )
    # A declined attempt may be older than a change of the bill; who pays has the bill of now.
    asked = Q(approved=True) | Q(ended_at=None)
    for row in rows.exclude(is_open | answered):
        yield row.pk, f"of transaction {row.transaction_id} is neither open nor answered"
    for row in rows.filter(asked & _differ(F("amount_due"), F("total"))):
        yield (
            row.pk,
            f"it asks for {format_amount(row.amount_due)}, the total is {format_amount(row.total)}",
        )


@ledger.rule("Receipts of a branch are numbered from 1 without a gap.", of=Payment)
def receipt_numbers(rows: Rows) -> Broken:
    """Each number once, and each but the first after another."""
    before = Payment.objects.filter(
        branch=OuterRef("branch"), receipt_number=OuterRef("receipt_number") - 1
    )
    rows = rows.annotate(
        another=_another(Payment, branch="branch", receipt_number="receipt_number"),
        follows=Case(When(receipt_number__gt=1, then=Exists(before)), default=Value(True)),
    )
    for row in rows.filter(Q(another__isnull=False) | Q(follows=False) | Q(receipt_number=0)):
        also = f"payment {row.another} has it as well" if row.another else "none is before it"
        yield row.pk, f"its receipt is {row.receipt_number}, {also}"


@ledger.rule("The counter of receipts stands at the last one.", of=ReceiptCounter)
def receipt_counters(rows: Rows) -> Broken:
    """The next receipt will follow the last."""
    last = Payment.objects.order_by("-receipt_number").filter(branch=OuterRef("branch"))
    rows = rows.annotate(used=Coalesce(Subquery(last.values("receipt_number")[:1]), 0))
    for row in rows.exclude(last=F("used")):
        yield row.pk, f"it stands at {row.last}, the last receipt is {row.used}"


@ledger.rule("A payment is kept in the books of its visit's branch.", of=Payment)
def payment_elsewhere(rows: Rows) -> Broken:
    """No receipt of one spa for a visit to another."""
    rows = rows.annotate(home=_of(Transaction, "transaction_id", "branch"))
    for row in rows.exclude(home=None).exclude(home=F("branch")):
        yield row.pk, f"it is of branch {row.branch_id}, its visit of {row.home}"


# -- The way through the house ------------------------------------------------------------------


@ledger.rule("Every event is an arrow of the table of moves.", of=TransactionEvent)
def arrows(rows: Rows) -> Broken:
    """Nobody went a way that does not exist."""
    ahead = _any_of(Q(from_status=was, to_status__in=to) for was, to in MOVES.items())
    back = _any_of(Q(to_status=was, from_status__in=to) for was, to in UNDOABLE.items())
    for row in rows.exclude(Q(is_undo=False) & ahead | Q(is_undo=True) & back):
        yield row.pk, f"transaction {row.transaction_id} went {row.from_status} > {row.to_status}"


@ledger.rule("What was taken back is the step just before.", of=TransactionEvent)
def undone(rows: Rows) -> Broken:
    """A member of staff goes one step back; nobody takes back what was taken back."""
    before = TransactionEvent.objects.order_by().filter(
        transaction=OuterRef("transaction"),
        version=OuterRef("before"),
        from_status=OuterRef("to_status"),
        to_status=OuterRef("from_status"),
        is_undo=False,
    )
    # Only where there is one before: MariaDB cannot count below zero.
    number = Case(When(version__gt=1, then=F("version") - 1), default=0)
    undos = rows.filter(is_undo=True).annotate(before=number)
    for row in undos.filter(~Exists(before) | Q(by__isnull=True)):
        who = f"person {row.by_id}" if row.by_id else "nobody"
        yield (
            row.pk,
            (
                f"version {row.version} of transaction {row.transaction_id}, taken back by {who}, "
                "is not the way back of the step before"
            ),
        )


@ledger.rule("Every event begins where the one before it ended.", of=TransactionEvent)
def path(rows: Rows) -> Broken:
    """The first begins with the selection; none is missing in between."""
    before = TransactionEvent.objects.order_by().filter(
        transaction=OuterRef("transaction"), version=OuterRef("version") - 1
    )
    rows = rows.annotate(
        began=Case(
            # Only asked where there is one: MariaDB cannot count below zero.
            When(version__gt=1, then=Coalesce(Subquery(before.values("to_status")), Value(""))),
            When(version=1, then=Value(Status.SELECTING)),
            default=Value(""),
        )
    )
    for row in rows.exclude(began=F("from_status")):
        yield (
            row.pk,
            f"version {row.version} of transaction {row.transaction_id} begins at "
            f"{row.from_status}, the one before ended at {row.began or 'nothing'}",
        )


@ledger.rule("A transaction stands where its events led, one for each version.", of=Transaction)
def standing(rows: Rows) -> Broken:
    """No status written behind the back of the history."""
    events = TransactionEvent.objects.order_by().filter(transaction=OuterRef("pk"))
    count = events.values("transaction").annotate(count=Count("pk")).values("count")
    rows = rows.annotate(
        events_count=Coalesce(Subquery(count), 0),
        led_to=Coalesce(
            Subquery(events.order_by("-version").values("to_status")[:1]), Value(Status.SELECTING)
        ),
    )
    for row in rows.exclude(version=F("events_count"), status=F("led_to")):
        yield (
            row.pk,
            f"it is {row.status} at version {row.version}, "
            f"its {row.events_count} events led to {row.led_to}",
        )


#: The stamps of a life in their order.
LIFE = ("created_at", *STAMPS.values())


@ledger.rule("Time never runs backwards in a visit.", of=Transaction)
def order_of_stamps(rows: Rows) -> Broken:
    """Each stamp is at or after the one before it."""
    pairs = tuple(pairwise(LIFE))
    backwards = (Q(**{f"{later}__lt": F(earlier)}) for earlier, later in pairs)
    for row in rows.filter(_any_of(backwards)):
        wrong = (
            f"{later} is before {earlier}"
            for earlier, later in pairs
            if (was := getattr(row, earlier)) and (at := getattr(row, later)) and at < was
        )
        yield row.pk, ", ".join(wrong)


def _passed(status: Status) -> frozenset[Status]:
    """The statuses that nobody gets to `status` without."""
    return frozenset(s for s in Status if status not in _reached_without(s))


def _reached_without(closed: Status) -> frozenset[Status]:
    reached: set[Status] = set()
    ahead = {Status.SELECTING} - {closed}
    while ahead:
        reached |= ahead
        ahead = {to for was in ahead for to in MOVES[was]} - reached - {closed}
    return frozenset(reached)


#: What a status gives a transaction besides its stamp, for good.
GIVEN = {
    Status.PENDING_THERAPIST: ("queued_at",),
    Status.THERAPIST_CONFIRMED: ("therapist", "room_number"),
    Status.AWAITING_PAYMENT: ("cashier",),
}
#: What a transaction in a status must have, from everywhere it must have been.
NEEDED = {
    status: tuple(
        name
        for passed in Status
        if passed in _passed(status)
        for name in (*filter(None, [STAMPS.get(passed)]), *GIVEN.get(passed, ()))
    )
    for status in Status
}


@ledger.rule("Who came this far has the times and the people of the way.", of=Transaction)
def needed(rows: Rows) -> Broken:
    """A treatment has a therapist, a room and a beginning, a payment has a cashier."""
    lacks = (Q(status=status) & _empty(name) for status in Status for name in NEEDED[status])
    for row in rows.filter(_any_of(lacks)):
        missing = [name for name in NEEDED[Status(row.status)] if not _value(row, name)]
        yield row.pk, f"it is {row.status} without {', '.join(missing)}"


@ledger.rule("Nobody has what is still ahead of them.", of=Transaction)
def not_yet(rows: Rows) -> Broken:
    """Who was given back or went back has lost the later times and people."""
    has = (Q(status=status) & ~_empty(name) for status, names in AHEAD.items() for name in names)
    for row in rows.filter(_any_of(has)):
        ahead = [name for name in AHEAD[Status(row.status)] if _value(row, name)]
        yield row.pk, f"it is {row.status} and has {', '.join(ahead)}"


#: What a transaction in a status must not have yet.
AHEAD: dict[Status, tuple[str, ...]] = {
    status: (
        *stamps,
        *(("therapist", "room_number") if status in UNCLAIMED else ()),
        *(("cashier",) if status in BEFORE_CASHIER else ()),
    )
    for status, stamps in LATER_STAMPS.items()
    if status != Status.PAID
}


@ledger.rule("A place in a line is from when the customer joined it.", of=Transaction)
def places(rows: Rows) -> Broken:
    """Whoever comes back to a line has their old place, not the last and not the first."""
    joined = Coalesce("service_finish_at", "selection_confirmed_at")
    for row in rows.annotate(joined=joined).exclude(queued_at=F("joined")):
        if row.joined:
            yield row.pk, f"it joined its line at {row.joined}, its place is from {row.queued_at}"


@ledger.rule("As often as a customer was called, they were called.", of=Transaction)
def calls(rows: Rows) -> Broken:
    """Every call since the customer last stood in line is counted, and kept with its time."""
    events = TransactionEvent.objects.order_by().filter(transaction=OuterRef("pk"), is_undo=False)
    back_in_line = TransactionEvent.objects.order_by().filter(
        transaction=OuterRef("transaction"),
        to_status__in=UNCLAIMED,
        version__gt=OuterRef("version"),
    )
    called = events.filter(~Exists(back_in_line), to_status=Status.THERAPIST_CONFIRMED)
    count = called.values("transaction").annotate(count=Count("pk")).values("count")
    rows = rows.annotate(called=Coalesce(Subquery(count), 0))
    for row in rows.exclude(calls=F("called")):
        yield row.pk, f"it was called {row.called} times and counts {row.calls}"


# -- What only one can have ---------------------------------------------------------------------

#: Columns that are filled in these statuses only, and of what they are then a copy.
HELD = {
    "active_therapist": (WITH_THERAPIST, "therapist"),
    "active_room": (WITH_THERAPIST, None),
    "active_cashier": (WITH_CASHIER, "cashier"),
    "active_code": (OPEN, "code"),
    "held_until": (frozenset({Status.ON_HOLD}), None),
}


@ledger.rule("Staff, room and code are held while they are needed, no longer.", of=Transaction)
def held(rows: Rows) -> Broken:
    """What the database's unique columns guard must be in them, or they guard nothing."""
    wrong = {name: _wrongly_held(name, *rule) for name, rule in HELD.items()}
    marked = rows.annotate(
        **{f"wrong_{name}": Case(When(q, then=1), default=0) for name, q in wrong.items()}
    )
    for row in marked.filter(_any_of(wrong.values())):
        names = (name for name in HELD if getattr(row, f"wrong_{name}"))
        holds = ", ".join(f"{name} is {_value(row, name) or 'empty'}" for name in names)
        yield row.pk, f"it is {row.status}, but {holds}"


def _wrongly_held(name: str, statuses: frozenset[Status], copy_of: str | None) -> Q:
    empty, needed = Q(**{f"{name}__isnull": True}), Q(status__in=statuses)
    wrong = (needed & empty) | (~needed & ~empty)
    return wrong | (~empty & ~Q(**{name: F(copy_of)})) if copy_of else wrong


@ledger.rule("Nobody of the staff has two customers at once.", of=Transaction)
def one_customer_each(rows: Rows) -> Broken:
    """A therapist treats one, a cashier serves one."""
    for role, statuses in (("therapist", WITH_THERAPIST), ("cashier", WITH_CASHIER)):
        another = _another(Transaction, **{f"active_{role}": role})
        for row in rows.filter(status__in=statuses).annotate(another=another):
            if row.another:
                person = getattr(row, f"{role}_id")
                yield row.pk, f"{role} {person} has transaction {row.another} as well"


@ledger.rule("A room is occupied exactly while one customer is in it.", of=Room)
def occupied_rooms(rows: Rows) -> Broken:
    """No customer in a room that looks free, no room that stays taken after its customer."""
    counted = rows.annotate(customers=Count("current_transaction"))
    expected = Case(When(status=RoomStatus.OCCUPIED, then=1), default=0)
    for room in counted.exclude(customers=expected):
        yield room.pk, f"number {room.number} is {room.status} with {room.customers} customers"


@ledger.rule("Only a room in use closes later, only one being prepared is ready later.", of=Room)
def what_rooms_wait_for(rows: Rows) -> Broken:
    """Nothing happens to a room by itself that is not due any more."""
    closes = Q(closing=True) & ~Q(status=RoomStatus.OCCUPIED)
    gets_ready = Q(ready_at__isnull=False) & ~Q(status=RoomStatus.PREPARING)
    for room in rows.filter(closes | gets_ready):
        waits = "closes" if room.closing else "is ready"
        yield room.pk, f"number {room.number} {waits} later, but it is {room.status}"


@ledger.rule("Running numbers of a day, and codes of the open, are not shared.", of=Transaction)
def numbers(rows: Rows) -> Broken:
    """A code that is called out calls one customer."""
    same_day = ("branch", "business_date", "running_number")
    rows = rows.annotate(
        number_of=_another(Transaction, **{name: name for name in same_day}),
        code_of=Case(
            When(status__in=OPEN, then=_another(Transaction, branch="branch", active_code="code"))
        ),
    )
    for row in rows.filter(Q(number_of__isnull=False) | Q(code_of__isnull=False)):
        if row.number_of:
            yield row.pk, f"transaction {row.number_of} is number {row.running_number} as well"
        else:
            yield row.pk, f"transaction {row.code_of} is open with code {row.code} as well"


@ledger.rule("A code is made of the running number.", of=Transaction)
def codes(rows: Rows) -> Broken:
    """0001 for 1, 9999 for 9999, then 0001 again."""
    # One less than the number, without going below zero: MariaDB cannot.
    digits = (F("running_number") + LAST_CODE - 1) % LAST_CODE + 1
    rows = rows.annotate(digits=digits, shown=Cast("code", IntegerField()))
    for row in rows.exclude(code__regex=rf"^[0-9]{{{CODE_DIGITS}}}$", shown=F("digits")):
        yield row.pk, f"its code is {row.code}, its number {row.running_number}"


# -- Requests, and what belongs to what ---------------------------------------------------------


def _requests(model: type[Model]) -> None:
    @ledger.rule(f"A request made one {model._meta.verbose_name}, and can be told again.", of=model)
    def requests(rows: Rows) -> Broken:
        """Sent twice, it finds the first, and knows whether it is the same."""
        rows = rows.annotate(another=_another(model, request_id="request_id"))
        unknown = Q(request_id__isnull=False, request_digest="")
        for row in rows.filter(unknown | Q(another__isnull=False)):
            what = f"made {row.another} as well" if row.another else "is kept without its content"
            yield row.pk, f"request {row.request_id} {what}"


def _belongings(model: type[Model], **owners: type[Model]) -> None:
    @ledger.rule(f"No {model._meta.verbose_name} without what it belongs to.", of=model)
    def belongings(rows: Rows) -> Broken:
        """Every key leads somewhere."""
        for name, owner in owners.items():
            found = owner._default_manager.filter(pk=OuterRef(f"{name}_id"))
            for row in rows.filter(~Exists(found)):
                yield row.pk, f"there is no {name} {getattr(row, f'{name}_id')}"


_requests(Transaction)
_requests(Payment)
_requests(PaymentAttempt)
_belongings(TransactionItem, transaction=Transaction, service=Service)
_belongings(TransactionEvent, transaction=Transaction)
_belongings(Payment, transaction=Transaction, cashier=Cashier)
_belongings(PaymentAttempt, transaction=Transaction, cashier=Cashier)
