"""Initial data: a branch, a menu, rooms and staff.

It belongs to the frame because it fills every app; no app could import them all.
"""

from pathlib import Path

from django.db.transaction import atomic
from tqdm import tqdm

from accounts.demo import DemoAccount, StaffFactory
from accounts.models import Branch, Presence, User
from catalog.menu_import import importer
from catalog.models import Service, ServiceCategory, ServiceClassification
from payments.methods import create_defaults
from payments.models import Payment, PaymentAttempt, PaymentMethod, ReceiptCounter, ReceiptPrint
from queueing.models import (
    Room,
    Transaction,
    TransactionCounter,
    TransactionEvent,
    TransactionItem,
)

MENU = Path(importer.__file__).with_name("demo_menu.csv")


def is_empty() -> bool:
    """Return whether nothing has been set up yet."""
    return not Branch.objects.exists() and not User.objects.exists()


@atomic
def seed(
    *, therapists: int, cashiers: int, rooms: int, password: str | None, quiet: bool = False
) -> list[DemoAccount]:
    """Fill an empty system in one transaction; return the logins made."""
    branch = Branch.objects.create(name="Main Street", slug="main")
    importer.import_file(MENU)
    create_defaults()
    own_rooms = [
        Room.objects.create(branch=branch, number=str(number)).pk for number in range(1, rooms + 1)
    ]
    hiring = StaffFactory(branch, password)
    hiring.manager(1)
    hiring.monitor(1)
    # Each password is hashed slowly on purpose, so many accounts take a while.
    with tqdm(total=therapists + cashiers, desc="Staff", disable=quiet or None) as progress:
        for number in range(1, therapists + 1):
            hiring.therapist(number, own_rooms[number - 1] if number <= rooms else None)
            progress.update()
        for number in range(1, cashiers + 1):
            hiring.cashier(number)
            progress.update()
    return hiring.logins


@atomic
def clear() -> None:
    """Delete everything, transactions and payments included."""
    for model in (
        ReceiptPrint,
        Payment,
        PaymentAttempt,
        PaymentMethod,
        ReceiptCounter,
        TransactionEvent,
        TransactionItem,
        Transaction,
        TransactionCounter,
        Presence,
        Room,
        ServiceClassification,
        Service,
        ServiceCategory,
        User,
        Branch,
    ):
        model._default_manager.all().delete()
