"""Initial data: a branch, a menu, rooms and staff.

It belongs to the frame because it fills every app; no app could import them all.
"""

from pathlib import Path

from django.conf import settings
from django.db.models.functions import Length
from django.db.transaction import atomic
from django.utils.text import slugify
from tqdm import tqdm

from accounts.demo import DemoAccount, StaffFactory
from accounts.models import Branch, Cashier, Presence, Therapist, User
from catalog.menu_import import importer
from catalog.models import NoteMark, Service, ServiceCategory, ServiceClassification, Skill
from payments.methods import create_defaults
from payments.models import (
    AppliedDiscount,
    Approval,
    CashMovement,
    Discount,
    DrawerClose,
    DrawerCount,
    DrawerSession,
    Payment,
    PaymentAttempt,
    PaymentMethod,
    PinTries,
    ReceiptCounter,
    ReceiptPrint,
    Refund,
    RefundCounter,
    RefundedTip,
    RefundLine,
    RefundPrint,
    RefundTender,
    Tender,
    TipShare,
    ZCounter,
)
from payments.offers import create_demo_discounts
from queueing.models import (
    Room,
    SkillSet,
    Transaction,
    TransactionCounter,
    TransactionEvent,
    TransactionItem,
    TurnEntry,
)
from spa_project.lib.db.history import update_many

MENU = Path(importer.__file__).with_name("demo_menu.csv")
NOTE_MARKS = (
    ("allergies", "Allergies"),
    ("pregnant", "Pregnant"),
    ("light-pressure", "Light pressure"),
    ("firm-pressure", "Firm pressure"),
)
ADD_ONS = "Add-ons"  # the menu's category of extras


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
        create_demo_discounts()
    if not ServiceClassification.objects.exists():
        importer.import_file(MENU)
        _illustrate()
        _mark_add_ons()
        for order, (code, name) in enumerate(NOTE_MARKS):
            NoteMark.objects.create(code=code, name=name, order=order)
    if not Room.objects.exists():
        for number in range(1, rooms + 1):
            Room.objects.create(branch=branch, number=str(number))
    return branch


def _illustrate() -> None:
    """Show each treatment of the demo's menu with its own drawing (tools/artwork.py)."""
    services = list(Service.objects.all())
    for service in services:
        service.image_url = f"{settings.STATIC_URL}img/menu/{slugify(service.name)}.webp"
    update_many(Service, services, ["image_url"])


def _mark_add_ons() -> None:
    """Suggest the demo's extras to go with a treatment."""
    extras = ServiceCategory.objects.get(name=ADD_ONS)
    extras.add_ons = True
    extras.save()


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
        RefundLine,
        RefundTender,
        RefundedTip,
        RefundPrint,
        Refund,
        RefundCounter,
        ReceiptPrint,
        Tender,
        TipShare,
        Payment,
        PaymentAttempt,
        PaymentMethod,
        AppliedDiscount,
        Discount,
        ReceiptCounter,
        DrawerClose,
        DrawerCount,
        CashMovement,
        DrawerSession,
        ZCounter,
        Approval,
        PinTries,
        TurnEntry,
        TransactionEvent,
        TransactionItem,
        Transaction,
        TransactionCounter,
        SkillSet,
        Presence,
        Room,
        ServiceClassification,
        Service,
        ServiceCategory,
        NoteMark,
        Skill,
        User,
        Branch,
    ):
        model._default_manager.all().delete()
