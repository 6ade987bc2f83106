"""A spa to begin with: a branch, a menu, rooms and staff.

It lives in the frame because it fills every app; no app below could import them all.
"""

from pathlib import Path

from django.db.transaction import atomic
from tqdm import tqdm

from accounts.demo import DemoAccount, StaffFactory
from accounts.models import Branch, User
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
    """Whether nobody has set up anything yet."""
    return not Branch.objects.exists() and not User.objects.exists()


@atomic
def seed(
    *, therapists: int, cashiers: int, rooms: int, password: str | None, quiet: bool = False
) -> list[DemoAccount]:
    """Fill an empty system; returns the logins made. All or nothing."""
    branch = Branch.objects.create(name="Main Street", slug="main")
    importer.import_file(MENU)
    create_defaults()
    for number in range(1, rooms + 1):
        Room.objects.create(branch=branch, number=str(number))
    hiring = StaffFactory(branch, password)
    hiring.manager(1)
    hiring.monitor(1)
    # Each password is hashed slowly on purpose, so many people take a while.
    with tqdm(total=therapists + cashiers, desc="Staff", disable=quiet or None) as progress:
        for number in range(1, therapists + 1):
            hiring.therapist(number, str(number) if number <= rooms else "")
            progress.update()
        for number in range(1, cashiers + 1):
            hiring.cashier(number)
            progress.update()
    return hiring.logins


@atomic
def clear() -> None:
    """Remove everything, transactions and payments included."""
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
        Room,
        ServiceClassification,
        Service,
        ServiceCategory,
        User,
        Branch,
    ):
        model._default_manager.all().delete()
