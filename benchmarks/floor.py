"""Database of a floor to measure on: one branch, therapists with rooms, cashiers, customers."""

from dataclasses import dataclass
from decimal import Decimal

from django.db import connection
from tqdm import tqdm

from accounts.models import Branch, Cashier, Therapist, User
from catalog.models import Service, ServiceCategory, ServiceClassification
from queueing.models import Room
from queueing.states import Status

CHUNK = 50_000


@dataclass(frozen=True)
class Floor:
    """Rows of a floor; therapists and cashiers come with their branch loaded."""

    branch: Branch
    therapists: list[Therapist]
    cashiers: list[Cashier]
    offers: list[ServiceClassification]


def build(*, staff: int) -> Floor:
    """Build a floor with this many therapists (each with a room) and as many cashiers."""
    branch = Branch.objects.create(name="Bench", slug="bench")
    category = ServiceCategory.objects.create(name="Massage")
    service = Service.objects.create(category=category, name="Swedish Massage")
    for minutes, price in ((60, Decimal("500.00")), (90, Decimal("700.00"))):
        ServiceClassification.objects.create(
            service=service,
            classification=f"{minutes} minutes",
            price=price,
            duration_minutes=minutes,
        )
    numbers = range(1, staff + 1)
    rooms = [Room.objects.create(branch=branch, number=str(number)) for number in numbers]
    people = User.objects.bulk_create(
        User(username=f"{role}{number}", branch=branch)
        for role in ("therapist", "cashier")
        for number in numbers
    )
    for room, person in zip(rooms, people[:staff], strict=True):
        Therapist.objects.create(user=person, display_name=f"T{room}", own_room=room)
    for number, person in zip(numbers, people[staff:], strict=True):
        Cashier.objects.create(user=person, display_name=f"C{number}", counter_number=str(number))
    return load()


def load() -> Floor:
    """Return the floor as it was built."""
    return Floor(
        Branch.objects.get(slug="bench"),
        list(Therapist.objects.select_related("user__branch").order_by("id")),
        list(Cashier.objects.select_related("user__branch").order_by("id")),
        list(ServiceClassification.objects.order_by("id")),
    )


def add_waiting(floor: Floor, count: int, *, first: int = 1) -> None:
    """Add customers to the therapists' queue with two items each, numbered from `first`."""
    _insert_transactions(floor, Status.PENDING_THERAPIST, first, count)
    with connection.cursor() as cursor:
        for offer in floor.offers:
            cursor.execute(
                """INSERT INTO queueing_transactionitem (transaction_id, service_id,
                service_classification_id, service_name, classification, price, duration_minutes)
                SELECT id, %s, %s, 'Swedish Massage', %s, %s, %s FROM queueing_transaction
                WHERE running_number BETWEEN %s AND %s""",
                [
                    offer.service_id,
                    offer.pk,
                    offer.classification,
                    offer.price,
                    offer.duration_minutes,
                    first,
                    first + count - 1,
                ],
            )


def add_history(floor: Floor, count: int, *, first: int) -> None:
    """Add paid transactions of former customers, numbered from `first`."""
    with tqdm(total=count, desc="history", disable=None) as progress:
        for start in range(first, first + count, CHUNK):
            size = min(CHUNK, first + count - start)
            _insert_transactions(floor, Status.PAID, start, size)
            progress.update(size)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE TABLE queueing_transaction")
        cursor.fetchall()


def _insert_transactions(floor: Floor, status: Status, first: int, count: int) -> None:
    """Insert rows by the server's sequence engine, which is the fastest way."""
    # More customers are open at once here than there are four-digit codes, so they have none.
    with connection.cursor() as cursor:
        cursor.execute(
            f"""INSERT INTO queueing_transaction (branch_id, business_date, running_number, code,
            `key`, status, version, customer_name, room_number, total_amount,
            total_duration_minutes, created_at, queued_at, selection_confirmed_at, paid_at,
            request_digest)
            SELECT %s, '2020-01-01', seq, LPAD(seq %% 10000, 4, '0'), MD5(seq), %s, 1, '', '',
            1200, 150, @at := TIMESTAMPADD(MICROSECOND, seq * 1000, '2020-01-01'), @at, @at,
            IF(%s = 'paid', @at, NULL), ''
            FROM seq_{first}_to_{first + count - 1}""",
            [floor.branch.pk, status, status],
        )


def free_everyone() -> None:
    """Empty the floor between two rounds: no customers, all rooms available."""
    with connection.cursor() as cursor:
        cursor.execute("SET FOREIGN_KEY_CHECKS = 0")
        for table in (
            "payments_payment",
            "queueing_transactionevent",
            "queueing_transactionitem",
            "queueing_transaction",
            "queueing_transactioncounter",
        ):
            cursor.execute(f"TRUNCATE TABLE {table}")
        cursor.execute("SET FOREIGN_KEY_CHECKS = 1")
        cursor.execute("UPDATE queueing_room SET status = 'available'")
