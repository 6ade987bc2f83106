"""Insert years of a spa's visits by the database server itself, which is the fastest way.

Each visit is complete: two or three items, every timestamp, a payment with its receipt. MariaDB
only (its sequence engine).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection
from tqdm import tqdm

from accounts.models import Branch

CHUNK = 50_000
#: Visits of a day: 40 an hour for ten hours.
A_DAY = 400
TABLES = (
    *("queueing_transaction", "queueing_transactionitem"),
    *("payments_payment", "payments_receiptcounter"),
)

# A visit's number is `seq`; the newest, with the highest number, are yesterday's.
VISITS = """
INSERT INTO queueing_transaction (id, branch_id, business_date, running_number, code, `key`, status,
    version, customer_name, therapist_id, cashier_id, room_number, total_amount,
    total_duration_minutes, created_at, queued_at, selection_confirmed_at, therapist_confirmed_at,
    service_start_at, service_finish_at, cashier_claimed_at, paid_at, request_digest)
SELECT seq, %(branch)s, @day := DATE(%(today)s) - INTERVAL (%(rows)s - seq) DIV %(a_day)s + 1 DAY,
    1 + (%(rows)s - seq) %% %(a_day)s, LPAD(seq %% 10000, 4, '0'), MD5(seq), 'paid', 7, '',
    %(first_therapist)s + seq %% %(therapists)s, %(first_cashier)s + seq %% %(cashiers)s,
    1 + seq %% %(therapists)s, 0, 0,
    @at := @day + INTERVAL (%(a_day)s - (%(rows)s - seq) %% %(a_day)s) * 36000 DIV %(a_day)s SECOND,
    @at + INTERVAL 70 MINUTE, @at, @at + INTERVAL 5 + seq %% 20 MINUTE, @at + INTERVAL 25 MINUTE,
    @at + INTERVAL 70 MINUTE, @at + INTERVAL 72 MINUTE, @at + INTERVAL 75 MINUTE, ''
FROM seq_{first}_to_{last}
"""
ITEMS = """
INSERT INTO queueing_transactionitem (transaction_id, service_id, service_classification_id,
    service_name, classification, price, duration_minutes)
SELECT visit.seq, offer.service_id, offer.id, service.name, offer.classification, offer.price,
    offer.duration_minutes
FROM seq_{first}_to_{last} visit
JOIN seq_1_to_3 number ON number.seq <= 2 + visit.seq %% 2
JOIN (SELECT *, ROW_NUMBER() OVER (ORDER BY id) - 1 AS place
      FROM catalog_serviceclassification) offer
    ON offer.place = (visit.seq + number.seq) %% %(offers)s
JOIN catalog_service service ON service.id = offer.service_id
"""
SUMS = """
UPDATE queueing_transaction JOIN (
    SELECT transaction_id, SUM(price) AS amount, SUM(duration_minutes) AS minutes
    FROM queueing_transactionitem WHERE transaction_id BETWEEN {first} AND {last}
    GROUP BY transaction_id) items ON items.transaction_id = queueing_transaction.id
SET total_amount = amount, total_duration_minutes = minutes
"""
PAYMENTS = """
INSERT INTO payments_payment (transaction_id, branch_id, business_date, cashier_id, amount_due,
    amount_paid, change_amount, method_id, reference, receipt_number, receipt_key, created_at,
    request_digest)
SELECT id, branch_id, business_date, cashier_id, total_amount, total_amount, 0, 'cash', '', id,
    MD5(id), paid_at, ''
FROM queueing_transaction WHERE id BETWEEN {first} AND {last}
"""


def fill(branch: Branch, rows: int) -> int:
    """Insert this many paid visits up to yesterday; return the number of their items.

    There must be no visit yet.
    """
    places = _places(branch, rows)
    with _in_haste(), tqdm(total=rows, desc="visits", unit="", disable=None) as progress:
        for first in range(1, rows + 1, CHUNK):
            last = min(first + CHUNK - 1, rows)
            for statement in (VISITS, ITEMS, SUMS, PAYMENTS):
                with connection.cursor() as cursor:
                    cursor.execute(statement.format(first=first, last=last), places)
            progress.update(last - first + 1)
    with connection.cursor() as cursor:
        cursor.execute(
            "REPLACE INTO payments_receiptcounter (branch_id, last) VALUES (%(branch)s, %(rows)s)",
            places,
        )
        cursor.execute(f"ANALYZE TABLE {', '.join(TABLES)}")
        cursor.fetchall()
        cursor.execute("SELECT COUNT(*) FROM queueing_transactionitem")
        return int(cursor.fetchone()[0])


def _places(branch: Branch, rows: int) -> dict[str, Any]:
    """Return the parameters of the statements; people's ids are consecutive, as seeded."""
    from accounts.models import Cashier, Therapist
    from catalog.models import ServiceClassification

    therapists, cashiers = (model.objects.order_by("pk") for model in (Therapist, Cashier))
    return {
        "branch": branch.pk,
        "today": branch.business_date(),
        "rows": rows,
        "a_day": A_DAY,
        "first_therapist": therapists[0].pk,
        "therapists": therapists.count(),
        "first_cashier": cashiers[0].pk,
        "cashiers": cashiers.count(),
        "offers": ServiceClassification.objects.count(),
    }


@contextmanager
def _in_haste() -> Iterator[None]:
    """Switch the checks of keys and the flush of commits off inside the block."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT @@GLOBAL.innodb_flush_log_at_trx_commit")
        [usual] = cursor.fetchone()
        cursor.execute("SET GLOBAL innodb_flush_log_at_trx_commit = 0")
        cursor.execute("SET unique_checks = 0, foreign_key_checks = 0")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SET unique_checks = 1, foreign_key_checks = 1")
            cursor.execute(f"SET GLOBAL innodb_flush_log_at_trx_commit = {int(usual)}")
