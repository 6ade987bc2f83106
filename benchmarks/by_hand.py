"""Hand-written SQL for the work of the services, through mysqlclient: the baseline."""

import datetime
import json
import secrets
from decimal import Decimal
from typing import Any

import MySQLdb

PICK = """
    SELECT * FROM queueing_transaction
    WHERE branch_id = %s AND status = %s ORDER BY queued_at, id LIMIT 1 FOR UPDATE SKIP LOCKED
"""
EVENT = """
    INSERT INTO queueing_transactionevent
    (transaction_id, version, at, by_id, from_status, to_status, reason)
    VALUES (%s, %s, %s, %s, %s, %s, '')
"""
ITEMS = """
    SELECT id, service_id, service_classification_id, service_name, classification, price,
    duration_minutes FROM queueing_transactionitem WHERE transaction_id = %s ORDER BY id
"""
#: Columns of a transaction that staff receive, beside its people and items; and the public ones.
SHOWN = (
    *("id", "version", "code", "status", "customer_name", "therapist_id", "cashier_id"),
    *("room_number", "total_amount", "total_duration_minutes", "created_at", "queued_at"),
    *("selection_confirmed_at", "therapist_confirmed_at", "service_start_at"),
    *("service_finish_at", "cashier_claimed_at", "paid_at"),
)
PUBLIC = ("id", "version", "code", "status", "room_number")


class Hand:
    """Connection for one branch; each method is one database transaction."""

    def __init__(self, settings: dict[str, Any], branch_id: int) -> None:
        self._connection = MySQLdb.connect(
            host=settings["HOST"],
            port=int(settings["PORT"]),
            user=settings["USER"],
            passwd=settings["PASSWORD"],
            db=settings["NAME"],
            charset="utf8mb4",
        )
        self._cursor = self._connection.cursor()
        self._branch_id = branch_id
        self._run("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")
        self._connection.autocommit(True)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _run(self, sql: str, *values: Any) -> Any:
        self._cursor.execute(sql, values)
        return self._cursor

    def _row(self, sql: str, *values: Any) -> dict[str, Any] | None:
        """Return the first row as a dictionary, or `None`."""
        row = self._run(sql, *values).fetchone()
        return row and dict(
            zip((column[0] for column in self._cursor.description), row, strict=True)
        )

    def confirm(self, offer_ids: list[int], day: datetime.date) -> int:
        """Confirm a customer's order of these services; return the transaction's id."""
        self._run(
            """INSERT INTO queueing_transactioncounter (branch_id, business_date, last)
            VALUES (%s, %s, LAST_INSERT_ID(1))
            ON DUPLICATE KEY UPDATE last = LAST_INSERT_ID(last + 1)""",
            self._branch_id,
            day,
        )
        number = self._cursor.lastrowid
        code = f"{(number - 1) % 9999 + 1:04}"
        self._run(
            "SELECT 1 FROM queueing_transaction WHERE branch_id = %s AND active_code = %s",
            self._branch_id,
            code,
        ).fetchall()
        self._run("BEGIN")
        marks = ", ".join(["%s"] * len(offer_ids))
        offers = self._run(
            f"""SELECT c.id, c.service_id, s.name, c.classification, c.price, c.duration_minutes
            FROM catalog_serviceclassification c JOIN catalog_service s ON s.id = c.service_id
            JOIN catalog_servicecategory g ON g.id = s.category_id
            WHERE c.active AND s.active AND g.active AND c.id IN ({marks})""",
            *offer_ids,
        ).fetchall()
        now = datetime.datetime.now(datetime.UTC).replace(tzinfo=None)
        self._run(
            """INSERT INTO queueing_transaction (branch_id, business_date, running_number, code,
            `key`, status, version, customer_name, room_number, total_amount,
            total_duration_minutes, active_code, created_at, request_digest)
            VALUES (%s, %s, %s, %s, %s, 'selecting', 0, '', '', %s, %s, %s, %s, '')""",
            self._branch_id,
            day,
            number,
            code,
            secrets.token_urlsafe(24),
            sum((offer[4] for offer in offers), Decimal(0)),
            sum(offer[5] for offer in offers),
            code,
            now,
        )
        pk = self._cursor.lastrowid
        self._cursor.executemany(
            """INSERT INTO queueing_transactionitem (transaction_id, service_id,
            service_classification_id, service_name, classification, price, duration_minutes)
            VALUES (%s, %s, %s, %s, %s, %s, %s)""",
            [(pk, row[1], row[0], row[2], row[3], row[4], row[5]) for row in offers],
        )
        self._run(
            """UPDATE queueing_transaction SET status = 'pending_therapist', version = 1,
            selection_confirmed_at = %s, queued_at = %s
            WHERE id = %s AND status = 'selecting' AND version = 0""",
            now,
            now,
            pk,
        )
        self._event(pk, 1, now, None, "selecting", "pending_therapist")
        self._tell(
            {"id": pk, "version": 1, "code": code, "status": "pending_therapist"}
            | {"created_at": now, "queued_at": now, "selection_confirmed_at": now},
        )
        self._run("COMMIT")
        return int(pk)

    def claim(self, therapist_id: int, user_id: int, room_number: str) -> int | None:
        """Claim the next customer with the therapist's own room; return the transaction's id."""
        self._run("BEGIN")
        self._run("SELECT id FROM accounts_therapist WHERE id = %s FOR UPDATE", therapist_id)
        self._run(
            "SELECT id FROM queueing_transaction WHERE active_therapist_id = %s", therapist_id
        )
        row = self._row(PICK, self._branch_id, "pending_therapist")
        if row is None:
            self._run("ROLLBACK")
            return None
        pk, version = row["id"], row["version"]
        room_id, _status, room_version = self._room(room_number)
        self._set_room(room_number, room_id, room_version, "occupied")
        now = datetime.datetime.now(datetime.UTC).replace(tzinfo=None)
        self._run(
            """UPDATE queueing_transaction SET status = 'therapist_confirmed', version = %s,
            therapist_confirmed_at = %s, therapist_id = %s, active_therapist_id = %s,
            active_room_id = %s, room_number = %s, active_cashier_id = NULL
            WHERE id = %s AND status = 'pending_therapist' AND version = %s""",
            version + 1,
            now,
            therapist_id,
            therapist_id,
            room_id,
            room_number,
            pk,
            version,
        )
        self._event(pk, version + 1, now, user_id, "pending_therapist", "therapist_confirmed")
        self._tell(
            row
            | {"status": "therapist_confirmed", "version": version + 1, "room_number": room_number}
            | {"therapist_id": therapist_id, "therapist_confirmed_at": now}
        )
        self._run("COMMIT")
        return int(pk)

    def start(self, pk: int, therapist_id: int, user_id: int) -> None:
        """Start the service."""
        self._run("BEGIN")
        row = self._own("therapist_id", pk, therapist_id)
        self._move(row, user_id, "therapist_confirmed", "in_service", "service_start_at")
        self._run("COMMIT")

    def finish(self, pk: int, therapist_id: int, user_id: int, room_number: str) -> None:
        """Finish the service; the room has to be prepared."""
        self._run("BEGIN")
        row = self._own("therapist_id", pk, therapist_id)
        room_id, _status, room_version = self._room(room_number)
        self._set_room(room_number, room_id, room_version, "preparing")
        self._move(
            row,
            user_id,
            "in_service",
            "finished",
            "service_finish_at",
            ", queued_at = UTC_TIMESTAMP(6), active_therapist_id = NULL, active_room_id = NULL",
        )
        self._run("COMMIT")

    def ready(self, room_number: str) -> None:
        """Make the room available."""
        self._run("BEGIN")
        room_id, _status, room_version = self._room(room_number)
        self._set_room(room_number, room_id, room_version, "available")
        self._run("COMMIT")

    def claim_finished(self, cashier_id: int, user_id: int) -> int | None:
        """Claim the next finished customer for the cashier; return the transaction's id."""
        self._run("BEGIN")
        self._run("SELECT id FROM accounts_cashier WHERE id = %s FOR UPDATE", cashier_id)
        self._run("SELECT id FROM queueing_transaction WHERE active_cashier_id = %s", cashier_id)
        row = self._row(PICK, self._branch_id, "finished")
        if row is None:
            self._run("ROLLBACK")
            return None
        self._move(
            row,
            user_id,
            "finished",
            "awaiting_payment",
            "cashier_claimed_at",
            f", cashier_id = {cashier_id}, active_cashier_id = {cashier_id}",
        )
        self._run("COMMIT")
        return int(row["id"])

    def pay(self, pk: int, cashier_id: int, user_id: int, amount: Decimal) -> None:
        """Record the payment."""
        self._run("BEGIN")
        row = self._own("cashier_id", pk, cashier_id)
        version, due = row["version"], row["total_amount"]
        now = datetime.datetime.now(datetime.UTC).replace(tzinfo=None)
        self._run(
            """INSERT INTO payments_receiptcounter (branch_id, last)
            VALUES (%s, LAST_INSERT_ID(1))
            ON DUPLICATE KEY UPDATE last = LAST_INSERT_ID(last + 1)""",
            self._branch_id,
        )
        self._run(
            """INSERT INTO payments_payment (transaction_id, branch_id, business_date, cashier_id,
            amount_due, amount_paid, change_amount, method_id, reference, receipt_number,
            receipt_key, created_at, request_digest)
            VALUES (%s, %s, %s, %s, %s, %s, %s, 'cash', '', %s, %s, %s, '')""",
            pk,
            self._branch_id,
            row["business_date"],
            cashier_id,
            due,
            amount,
            amount - due,
            self._cursor.lastrowid,
            secrets.token_urlsafe(24),
            now,
        )
        self._event(pk, version + 1, now, user_id, "awaiting_payment", "paying")
        self._move(
            row | {"version": version + 1},
            user_id,
            "awaiting_payment",
            "paid",
            "paid_at",
            ", active_cashier_id = NULL, active_code = NULL",
            guard=version,
        )
        self._run("COMMIT")

    def _own(self, column: str, pk: int, person_id: int) -> dict[str, Any]:
        row = self._row(
            f"SELECT * FROM queueing_transaction WHERE id = %s AND {column} = %s FOR UPDATE",
            pk,
            person_id,
        )
        assert row
        return row

    def _move(
        self,
        row: dict[str, Any],
        user_id: int,
        was: str,
        to: str,
        stamp: str,
        more: str = "",
        *,
        guard: int | None = None,
    ) -> None:
        pk, version = row["id"], row["version"]
        now = datetime.datetime.now(datetime.UTC).replace(tzinfo=None)
        self._run(
            f"""UPDATE queueing_transaction SET status = %s, version = %s, {stamp} = %s{more}
            WHERE id = %s AND status = %s AND version = %s""",
            to,
            version + 1,
            now,
            pk,
            was,
            version if guard is None else guard,
        )
        self._event(pk, version + 1, now, user_id, was, to)
        self._tell(row | {"status": to, "version": version + 1, stamp: now})

    def _room(self, number: str) -> tuple[int, str, int]:
        row: tuple[int, str, int] = self._run(
            """SELECT id, status, version FROM queueing_room
            WHERE branch_id = %s AND number = %s FOR UPDATE""",
            self._branch_id,
            number,
        ).fetchone()
        return row

    def _set_room(self, number: str, room_id: int, version: int, status: str) -> None:
        self._run(
            """UPDATE queueing_room SET status = %s, version = version + 1
            WHERE id = %s AND version = %s""",
            status,
            room_id,
            version,
        )
        _event_text("room", {"number": number, "status": status, "version": version + 1})

    def _event(
        self, pk: int, version: int, at: datetime.datetime, by: int | None, was: str, to: str
    ) -> None:
        self._run(EVENT, pk, version, at, by, was, to)

    def _tell(self, row: dict[str, Any]) -> None:
        """Serialize the reply and the events, as the services do."""
        items = [
            {
                "id": item[0],
                "service_id": item[1],
                "service_classification_id": item[2],
                "service_name": item[3],
                "classification": item[4],
                "price": str(item[5]),
                "duration_minutes": item[6],
            }
            for item in self._run(ITEMS, row["id"]).fetchall()
        ]
        shown = {name: row.get(name) for name in SHOWN}
        people = {"branch": "bench", "therapist": "T", "cashier": "C", "counter_number": "1"}
        _event_text("transaction", shown | people | {"items": items})
        _event_text("transaction", {name: row.get(name) for name in PUBLIC})


def _event_text(name: str, data: dict[str, Any]) -> str:
    return json.dumps({name: data}, default=_plain)


def _plain(value: Any) -> str:
    """Return money as text and times in ISO 8601 with their offset."""
    if isinstance(value, datetime.datetime):
        return value.replace(tzinfo=datetime.UTC).isoformat()
    return str(value)
