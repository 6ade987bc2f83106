"""Initial data: a branch, a menu, rooms and staff.

It belongs to the frame because it fills every app; no app could import them all.
"""

from pathlib import Path

from django.conf import settings
from django.db.models.functions import Length
from django.db.transaction import atomic
from tqdm import tqdm

from accounts.demo import DemoAccount, StaffFactory
from accounts.models import Branch, Cashier, Presence, Therapist, User
from catalog.menu_import import importer
from catalog.models import Service, ServiceCategory, ServiceClassification
from payments.methods import create_defaults
from payments.models import (
    AppliedDiscount,
    Discount,
    Payment,
    PaymentAttempt,
    PaymentMethod,
    ReceiptCounter,
    ReceiptPrint,
    Tender,
    TipShare,
)
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


def name_of_the_spa() -> str:
    """Return the name that confirms a deletion: of each branch, or of the database without any."""
    names = Branch.objects.order_by("pk").values_list("name", flat=True)
    return ", ".join(names) or str(settings.DATABASES["default"]["NAME"])


def real_payments() -> int:
    """Return the number of payments that no demo account took."""
    return Payment.objects.exclude(cashier__user__is_demo=True).count()


@atomic
def seed(
    *, therapists: int, cashiers: int, rooms: int, password: str | None, quiet: bool = False
) -> list[DemoAccount]:
    """Add what a spa lacks, in one transaction; return the logins made.

    Each kind of row (menu, rooms, therapists and so on) is added only where there is none of it.
    """
    branch = _furnish(rooms)
    therapists = 0 if Therapist.objects.exists() else therapists
    cashiers = 0 if Cashier.objects.exists() else cashiers
    hiring = StaffFactory(branch, password)
    if not User.objects.filter(is_staff=True).exists():
        hiring.manager(1)
    if not User.objects.filter(is_monitor=True).exists():
        hiring.monitor(1)
    own_rooms = dict(enumerate(_free_rooms(branch), 1))
    # Each password is hashed slowly on purpose, so many accounts take a while.
    with tqdm(total=therapists + cashiers, desc="Staff", disable=quiet or None) as progress:
        for number in range(1, therapists + 1):
            hiring.therapist(number, own_rooms.get(number))
            progress.update()
        for number in range(1, cashiers + 1):
            hiring.cashier(number)
            progress.update()
    return hiring.logins


def _furnish(rooms: int) -> Branch:
    """Return the first branch; add it with its methods, the menu and the rooms if missing."""
    branch = Branch.objects.order_by("pk").first()
    if branch is None:
        branch = Branch.objects.create(name="Main Street", slug="main")
        create_defaults()  # a migrated database has cash only
    if not ServiceClassification.objects.exists():
        importer.import_file(MENU)
    if not Room.objects.exists():
        for number in range(1, rooms + 1):
            Room.objects.create(branch=branch, number=str(number))
    return branch


def _free_rooms(branch: Branch) -> list[int]:
    """Return the branch's rooms that are nobody's own, as people count: 2 before 10."""
    rooms = Room.objects.filter(branch=branch, owners=None)
    return list(rooms.order_by(Length("number"), "number").values_list("pk", flat=True))


@atomic
def clear() -> None:
    """Delete everything, transactions and payments included."""
    # A removal refers to the discount that it removes.
    AppliedDiscount.objects.exclude(removal_of=None).delete()
    for model in (
        ReceiptPrint,
        Tender,
        TipShare,
        Payment,
        PaymentAttempt,
        PaymentMethod,
        AppliedDiscount,
        Discount,
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
