"""The original system's stack, written from its description: Flask-SocketIO and SQLAlchemy.

Rooms, threading mode, PyMySQL, Redis as message queue when `REDIS_URL` is set. As documented, each
command extends a valid token by 24 hours, and the session has its default settings; `LEAN` removes
both. Where the documents leave a choice it is the faster one: an index for the queue, no session
for each socket, the token's lifetime written in the command's own commit.
"""

import os
import sys
import time
from decimal import Decimal
from typing import Any

from flask import Flask, request
from flask_socketio import SocketIO, emit, join_room
from sqlalchemy import select

from benchmarks.peers.event import DATA, NAME, until_next
from benchmarks.peers.flask_models import (
    LEAN,
    TOKEN_LIFE,
    Cashier,
    Payment,
    ServiceClassification,
    Therapist,
    Transaction,
    TransactionItem,
    TransactionStatus,
    db,
    fill,
    generate_code,
    now,
    serialize_transaction,
)

app = Flask(__name__)
app.config["SECRET_KEY"] = "only-for-measuring"
url = os.environ["DATABASE_URL"].replace("mysql:", "mysql+pymysql:")
app.config["SQLALCHEMY_DATABASE_URI"] = url
app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {
    "isolation_level": "READ COMMITTED",
    "pool_size": 32,  # nobody waits for a connection
}
db.init_app(app)
socketio = SocketIO(
    app,
    async_mode="threading",
    message_queue=os.environ["REDIS_URL"] or None,
    manage_session=False,
    cors_allowed_origins="*",
)


def subscribe(event: str, room: str) -> None:
    """Register an event by which screens of one kind subscribe."""

    @socketio.on(event)
    def subscribed(_data: Any) -> None:
        join_room(room)
        emit("snapshot", {})


subscribe("therapist_subscribe", "therapist_queue")
subscribe("cashier_subscribe", "cashier_queue")
subscribe("monitor_subscribe", "monitor")
subscribe("customer_subscribe", "customers")


def prolong(person: Therapist | Cashier) -> None:
    """Extend a valid token by another day."""
    if not LEAN:
        person.token_expires_at = now() + TOKEN_LIFE


def therapist_of(data: dict[str, Any]) -> Therapist:
    """Return the therapist of the token."""
    query = select(Therapist).where(Therapist.auth_token == data["therapist_token"])
    therapist = db.session.execute(query).scalar_one()
    prolong(therapist)
    return therapist


def cashier_of(data: dict[str, Any]) -> Cashier:
    """Return the cashier of the token."""
    query = select(Cashier).where(Cashier.auth_token == data["cashier_token"])
    cashier = db.session.execute(query).scalar_one()
    prolong(cashier)
    return cashier


def next_of(status: TransactionStatus, stamp: Any) -> Transaction | None:
    """Lock and return the first free customer of a queue."""
    query = select(Transaction).where(Transaction.status == status).order_by(stamp).limit(1)
    return db.session.execute(query.with_for_update(skip_locked=True)).scalar_one_or_none()


def refuse(result: str, error: str) -> None:
    """Emit a refusal to the client."""
    db.session.rollback()
    emit(result, {"ok": False, "error": error})


def commit_and_tell(result: str, tx: Transaction, *screens: str) -> None:
    """Commit; emit to the screens, the customer and the client."""
    db.session.commit()
    data = serialize_transaction(tx)
    for room in screens:
        emit(f"{room}_updated", {"transaction": data}, to=room)
    emit("customer_txn_update", {"transaction": data}, to=f"txn_{tx.id}")
    emit(result, {"ok": True, "transaction": data})


@socketio.on("customer_confirm_selection")
def customer_confirm_selection(data: dict[str, Any]) -> None:
    """Add a customer to the queue."""
    moment = now()
    tx = Transaction(
        code=generate_code(),
        customer_name=data.get("customer_name", ""),
        status=TransactionStatus.pending_therapist,
        created_at=moment,
        selection_confirmed_at=moment,
    )
    for item in data["items"]:
        offer = db.session.get_one(ServiceClassification, item["service_classification_id"])
        tx.items.append(
            TransactionItem(
                service_id=offer.service_id,
                service_classification_id=offer.id,
                service_name=offer.service.service_name,
                classification=offer.classification,
                price=offer.price,
                duration_minutes=offer.duration_minutes,
            )
        )
    tx.recompute_totals()
    db.session.add(tx)
    commit_and_tell("customer_confirm_selection_result", tx, "therapist_queue", "monitor")


@socketio.on("therapist_confirm_next")
def therapist_confirm_next(data: dict[str, Any]) -> None:
    """Claim the next customer for a therapist."""
    therapist = therapist_of(data)
    tx = next_of(TransactionStatus.pending_therapist, Transaction.selection_confirmed_at)
    if tx is None:
        return refuse("therapist_confirm_next_result", "No one is waiting.")
    tx.therapist = therapist
    tx.room_number = therapist.room_number
    tx.status = TransactionStatus.therapist_confirmed
    tx.therapist_confirmed_at = now()
    return commit_and_tell("therapist_confirm_next_result", tx, "therapist_queue", "monitor")


@socketio.on("therapist_start_service")
def therapist_start_service(data: dict[str, Any]) -> None:
    """Start the service."""
    therapist = therapist_of(data)
    tx = db.session.get_one(Transaction, data["transaction_id"])
    if tx.therapist_id != therapist.id or tx.status != TransactionStatus.therapist_confirmed:
        return refuse("therapist_start_service_result", "Invalid transaction state")
    tx.status = TransactionStatus.in_service
    tx.service_start_at = now()
    return commit_and_tell("therapist_start_service_result", tx, "monitor")


@socketio.on("therapist_finish_service")
def therapist_finish_service(data: dict[str, Any]) -> None:
    """Finish the service."""
    therapist = therapist_of(data)
    tx = db.session.get_one(Transaction, data["transaction_id"])
    if tx.therapist_id != therapist.id or tx.status != TransactionStatus.in_service:
        return refuse("therapist_finish_service_result", "Invalid transaction state")
    tx.status = TransactionStatus.finished
    tx.service_finish_at = now()
    return commit_and_tell("therapist_finish_service_result", tx, "cashier_queue", "monitor")


@socketio.on("cashier_claim_next")
def cashier_claim_next(data: dict[str, Any]) -> None:
    """Claim the next customer for a cashier."""
    cashier = cashier_of(data)
    tx = next_of(TransactionStatus.finished, Transaction.selection_confirmed_at)
    if tx is None:
        return refuse("cashier_claim_next_result", "No finished customers.")
    tx.cashier = cashier
    tx.status = TransactionStatus.awaiting_payment
    tx.cashier_claimed_at = now()
    return commit_and_tell("cashier_claim_next_result", tx, "cashier_queue", "monitor")


@socketio.on("cashier_pay")
def cashier_pay(data: dict[str, Any]) -> None:
    """Record the payment."""
    cashier = cashier_of(data)
    tx = db.session.get_one(Transaction, data["transaction_id"])
    if tx.cashier_id != cashier.id or tx.status != TransactionStatus.awaiting_payment:
        return refuse("cashier_pay_result", "Invalid transaction state")
    paid = Decimal(data["amount_paid"])
    if paid < tx.total_amount:
        return refuse("cashier_pay_result", "Insufficient payment")
    moment = now()
    tx.payment = Payment(
        cashier_id=cashier.id,
        amount_due=tx.total_amount,
        amount_paid=paid,
        change_amount=paid - tx.total_amount,
        method="cash",
        created_at=moment,
    )
    tx.status = TransactionStatus.paid
    tx.paid_at = moment
    return commit_and_tell("cashier_pay_result", tx, "cashier_queue", "monitor")


@app.get("/publish")
def publish() -> list[float]:
    """Emit events to the monitors' room, as every handler does."""
    count, pause = int(request.args["count"]), float(request.args["pause"])
    moments: list[float] = []
    for _event in range(count):
        moments.append(time.monotonic())
        socketio.emit(NAME, DATA, to="monitor")
        time.sleep(until_next(moments, pause))
    return moments


if __name__ == "__main__":
    with app.app_context():
        fill(int(sys.argv[1]))
