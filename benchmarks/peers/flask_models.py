"""Tables of the original system, as its documents describe them."""

import datetime
import enum
import os
from typing import Any

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import DateTime, Enum, ForeignKey, Index, Numeric, String, select
from sqlalchemy.dialects.mysql import DATETIME
from sqlalchemy.orm import Mapped, mapped_column, relationship

#: Without two features of the documents that nobody would miss: a committed row is not read again
#: for the answer, and a token's lifetime is not written with every command.
LEAN = "LEAN" in os.environ
TOKEN_LIFE = datetime.timedelta(hours=24)

db = SQLAlchemy(session_options={"expire_on_commit": not LEAN})
Moment = DateTime().with_variant(DATETIME(fsp=6), "mysql")


class TransactionStatus(enum.Enum):
    """Status of a customer's visit."""

    selecting = "selecting"
    pending_therapist = "pending_therapist"
    therapist_confirmed = "therapist_confirmed"
    in_service = "in_service"
    finished = "finished"
    awaiting_payment = "awaiting_payment"
    paying = "paying"
    paid = "paid"


class Service(db.Model):  # type: ignore[name-defined]
    """Kind of treatment."""

    id: Mapped[int] = mapped_column(primary_key=True)
    service_name: Mapped[str] = mapped_column(String(120))


class ServiceClassification(db.Model):  # type: ignore[name-defined]
    """Duration and price of a treatment."""

    id: Mapped[int] = mapped_column(primary_key=True)
    service_id: Mapped[int] = mapped_column(ForeignKey("service.id"))
    classification: Mapped[str] = mapped_column(String(60))
    price: Mapped[Any] = mapped_column(Numeric(9, 2))
    duration_minutes: Mapped[int]
    service: Mapped[Service] = relationship(lazy="joined", innerjoin=True)


class Therapist(db.Model):  # type: ignore[name-defined]
    """Therapist, known by a token."""

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(60))
    room_number: Mapped[str] = mapped_column(String(20))
    auth_token: Mapped[str] = mapped_column(String(64), unique=True)
    token_expires_at: Mapped[datetime.datetime] = mapped_column(Moment)


class Cashier(db.Model):  # type: ignore[name-defined]
    """Cashier, known by a token."""

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(60))
    auth_token: Mapped[str] = mapped_column(String(64), unique=True)
    token_expires_at: Mapped[datetime.datetime] = mapped_column(Moment)


class TransactionItem(db.Model):  # type: ignore[name-defined]
    """Service of a visit, at the price of its day."""

    id: Mapped[int] = mapped_column(primary_key=True)
    transaction_id: Mapped[int] = mapped_column(ForeignKey("transaction.id"), index=True)
    service_id: Mapped[int] = mapped_column(ForeignKey("service.id"))
    service_classification_id: Mapped[int] = mapped_column(ForeignKey("service_classification.id"))
    service_name: Mapped[str] = mapped_column(String(120))
    classification: Mapped[str] = mapped_column(String(60))
    price: Mapped[Any] = mapped_column(Numeric(9, 2))
    duration_minutes: Mapped[int]


class Payment(db.Model):  # type: ignore[name-defined]
    """Payment of a visit."""

    id: Mapped[int] = mapped_column(primary_key=True)
    transaction_id: Mapped[int] = mapped_column(ForeignKey("transaction.id"), unique=True)
    cashier_id: Mapped[int] = mapped_column(ForeignKey("cashier.id"))
    amount_due: Mapped[Any] = mapped_column(Numeric(9, 2))
    amount_paid: Mapped[Any] = mapped_column(Numeric(9, 2))
    change_amount: Mapped[Any] = mapped_column(Numeric(9, 2))
    method: Mapped[str] = mapped_column(String(20))
    created_at: Mapped[datetime.datetime] = mapped_column(Moment)


class Transaction(db.Model):  # type: ignore[name-defined]
    """Visit of a customer."""

    # The documents have no index for the queue; without one its claims block each other.
    __table_args__ = (Index("line", "status", "selection_confirmed_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(12), unique=True)
    customer_name: Mapped[str] = mapped_column(String(60), default="")
    status: Mapped[TransactionStatus] = mapped_column(Enum(TransactionStatus))
    therapist_id: Mapped[int | None] = mapped_column(ForeignKey("therapist.id"))
    cashier_id: Mapped[int | None] = mapped_column(ForeignKey("cashier.id"))
    room_number: Mapped[str | None] = mapped_column(String(20))
    total_amount: Mapped[Any] = mapped_column(Numeric(9, 2), default=0)
    total_duration_minutes: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime.datetime] = mapped_column(Moment)
    selection_confirmed_at: Mapped[datetime.datetime | None] = mapped_column(Moment)
    therapist_confirmed_at: Mapped[datetime.datetime | None] = mapped_column(Moment)
    service_start_at: Mapped[datetime.datetime | None] = mapped_column(Moment)
    service_finish_at: Mapped[datetime.datetime | None] = mapped_column(Moment)
    cashier_claimed_at: Mapped[datetime.datetime | None] = mapped_column(Moment)
    paid_at: Mapped[datetime.datetime | None] = mapped_column(Moment)
    therapist: Mapped[Therapist | None] = relationship()
    cashier: Mapped[Cashier | None] = relationship()
    items: Mapped[list[TransactionItem]] = relationship()
    payment: Mapped[Payment | None] = relationship(uselist=False)

    def recompute_totals(self) -> None:
        """Recompute price and duration of all items together."""
        self.total_amount = sum(item.price for item in self.items)
        self.total_duration_minutes = sum(item.duration_minutes for item in self.items)


class TransactionCounter(db.Model):  # type: ignore[name-defined]
    """Counter of the codes."""

    id: Mapped[int] = mapped_column(primary_key=True)
    next_number: Mapped[int]


def now() -> datetime.datetime:
    """Return the time, as the database stores it."""
    return datetime.datetime.now(datetime.UTC).replace(tzinfo=None)


def generate_code() -> str:
    """Return the next code; its row is locked until the transaction ends."""
    counter = db.session.execute(select(TransactionCounter).with_for_update()).scalar_one()
    number = counter.next_number
    counter.next_number += 1
    return f"{number:04d}"


def serialize_transaction(tx: Transaction) -> dict[str, Any]:
    """Return a transaction as its screens receive it."""
    data = {
        "id": tx.id,
        "code": tx.code,
        "status": tx.status.value,
        "customer_name": tx.customer_name,
        "therapist": tx.therapist.name if tx.therapist else None,
        "cashier": tx.cashier.name if tx.cashier else None,
        "room_number": tx.room_number,
        "total_amount": str(tx.total_amount),
        "total_duration_minutes": tx.total_duration_minutes,
        "created_at": _iso(tx.created_at),
        "selection_confirmed_at": _iso(tx.selection_confirmed_at),
        "therapist_confirmed_at": _iso(tx.therapist_confirmed_at),
        "service_start_at": _iso(tx.service_start_at),
        "service_finish_at": _iso(tx.service_finish_at),
        "cashier_claimed_at": _iso(tx.cashier_claimed_at),
        "paid_at": _iso(tx.paid_at),
        "items": [
            {
                "id": item.id,
                "service_id": item.service_id,
                "service_classification_id": item.service_classification_id,
                "service_name": item.service_name,
                "classification": item.classification,
                "price": str(item.price),
                "duration_minutes": item.duration_minutes,
            }
            for item in tx.items
        ],
    }
    if tx.payment:
        data["payment"] = {
            "amount_due": str(tx.payment.amount_due),
            "amount_paid": str(tx.payment.amount_paid),
            "change_amount": str(tx.payment.change_amount),
            "method": tx.payment.method,
            "created_at": _iso(tx.payment.created_at),
        }
    return data


def _iso(moment: datetime.datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def fill(staff: int) -> None:
    """Create a spa with two offers, and therapists and cashiers with tokens `t1`, `c1`, ..."""
    db.drop_all()
    db.create_all()
    service = Service(service_name="Swedish Massage")
    for minutes, price in ((60, 500), (90, 700)):
        offer = ServiceClassification(
            service=service,
            classification=f"{minutes} minutes",
            price=price,
            duration_minutes=minutes,
        )
        db.session.add(offer)
    for number in range(1, staff + 1):
        until = now() + TOKEN_LIFE
        therapist = Therapist(
            name=f"Therapist {number}",
            room_number=str(number),
            auth_token=f"t{number}",
            token_expires_at=until,
        )
        cashier = Cashier(name=f"Cashier {number}", auth_token=f"c{number}", token_expires_at=until)
        db.session.add_all([therapist, cashier])
    db.session.add(TransactionCounter(next_number=1))
    db.session.commit()
