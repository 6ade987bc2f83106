"""Seed a floor in the middle of an afternoon, the same each time, for screenshots and layout tests.

`python -m tools.screens.demo_day [CROWD]` plays it into the seeded spa of the environment, with so
many more customers in the queue.
"""

import datetime
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

import django
import time_machine
from django.utils import timezone

from tools.servers import AppServer, open_spa, run_quietly
from tools.servers.clients import PASSWORD

#: Arrival, and begin and end of the treatment, of customers who have paid; in minutes ago.
GONE = ((170, 160, 100), (150, 140, 80), (140, 130, 70), (120, 110, 50), (95, 90, 30))
#: How long ago the business day began; longer than anything here, shorter than half a day.
EARLIER = datetime.timedelta(hours=10)
MANAGE = (sys.executable, "manage.py")
NAMES = ("Ana", "Ben", "Carla", "Dante", "Elena", "Felix", "Grace", "Hugo", "Ines", "Jun", "Kai")


class Scene:
    """Player of a day's steps at moments of the past, by the operations themselves.

    It imports the apps' modules once they are loaded.
    """

    def __init__(self) -> None:
        from accounts.models import Branch, Cashier, Therapist
        from catalog.models import ServiceClassification

        self.branch = Branch.objects.get()
        self.therapists = list(Therapist.objects.order_by("pk"))
        self.cashiers = list(Cashier.objects.order_by("pk"))
        self.offers = list(ServiceClassification.objects.on_the_menu().order_by("pk"))
        self.now = timezone.now()
        self._numbers = count()
        self._begin_the_day()

    def _begin_the_day(self) -> None:
        """Let the business day begin hours ago, so that no step falls into the one before."""
        began = timezone.localtime(self.now - EARLIER, ZoneInfo(self.branch.time_zone))
        self.branch.day_start = began.time().replace(second=0, microsecond=0)
        self.branch.save()

    def at(self, minutes_ago: float) -> time_machine.travel:
        return time_machine.travel(self.now - datetime.timedelta(minutes=minutes_ago), tick=False)

    def comes(self, minutes_ago: float, *offers: int, name: str = "") -> int:
        """Confirm an order; return the transaction's number."""
        from queueing.services import Choice, confirm_selection

        number = next(self._numbers)
        wanted = offers or (number * 3 % len(self.offers),)
        choices = [Choice(self.offers[each].pk) for each in wanted]
        with self.at(minutes_ago):
            visit = confirm_selection(
                self.branch,
                choices=choices,
                customer_name=name or NAMES[number % len(NAMES)],
            )
        return visit.pk

    def called(self, minutes_ago: float, therapist: int) -> int:
        """Claim the next customer for a therapist; return the transaction's number."""
        from queueing.models import Room
        from queueing.services import confirm_next

        Room.objects.filter(status="preparing").update(status="available", ready_at=None)
        with self.at(minutes_ago):
            return confirm_next(self.therapists[therapist]).pk

    def starts(self, minutes_ago: float, therapist: int, pk: int) -> None:
        from queueing.services import start_service

        with self.at(minutes_ago):
            start_service(self.therapists[therapist], transaction_id=pk)

    def ends(self, minutes_ago: float, therapist: int, pk: int) -> None:
        from queueing.services import finish_service

        with self.at(minutes_ago):
            finish_service(self.therapists[therapist], transaction_id=pk)

    def treated(self, came: float, began: float, ended: float, therapist: int) -> int:
        """Bring a new customer to the cashier's queue; return the transaction's number."""
        self.comes(came)
        pk = self.called(began + 1, therapist)
        self.starts(began, therapist, pk)
        self.ends(ended, therapist, pk)
        return pk

    def takes(self, minutes_ago: float, cashier: int) -> None:
        """Claim the customer who finished first, for a cashier."""
        from payments.counter import claim_next

        with self.at(minutes_ago):
            claim_next(self.cashiers[cashier])

    def pays(self, minutes_ago: float, cashier: int, method: str = "cash") -> None:
        """Pay for the customer who waits longest; a card payment stays pending at the terminal."""
        from payments.counter import claim_next
        from payments.payment import pay

        with self.at(minutes_ago):
            visit = claim_next(self.cashiers[cashier])
            amount = visit.total_amount
            if method == "cash":
                amount = (amount / 100).to_integral_value(rounding="ROUND_UP") * 100
            pay(
                self.cashiers[cashier],
                transaction_id=visit.pk,
                amount_paid=Decimal(amount),
                method=method,
                confirmed=True,
            )


def play(crowd: int) -> None:
    """Play an afternoon up to now, with customers at every point of their journey."""
    scene = Scene()
    for number, (came, began, ended) in enumerate(GONE):
        scene.treated(came, began, ended, number % 4)
        scene.pays(ended - 4, 0)
    scene.treated(85, 78, 14, 3)
    scene.treated(75, 70, 5, 2)
    scene.treated(74, 65, 2, 1)
    scene.pays(1.5, 1, "card")
    for began, therapist in ((44, 0), (27, 1)):
        scene.comes(began + 8, therapist)
        scene.starts(began, therapist, scene.called(began + 1, therapist))
    scene.comes(18)
    scene.called(1, 2)
    for minutes_ago in (23, 12, 6):
        scene.comes(minutes_ago)
    scene.comes(0.5, 0, 2)
    for _ in range(crowd):
        scene.comes(0.4)


@contextmanager
def afternoon(*, crowd: int = 0) -> Iterator[AppServer]:
    """Run one process on SQLite without Redis, with this floor in its database."""
    with TemporaryDirectory() as folder:
        settings = {
            "DATABASE_URL": f"sqlite:///{Path(folder) / 'spa.sqlite3'}",
            "STATIC_ROOT": str(Path(folder) / "static"),
            "SECRET_KEY": secrets.token_urlsafe(45),
            "RATE_LIMITS": "off",
            "DJANGO_SETTINGS_MODULE": "spa_project.settings",
        }
        open_spa("--password", PASSWORD, **settings)
        run_quietly([sys.executable, "-m", "tools.screens.demo_day", str(crowd)], **settings)
        with AppServer(**settings) as server:
            yield server


if __name__ == "__main__":
    django.setup()
    play(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
