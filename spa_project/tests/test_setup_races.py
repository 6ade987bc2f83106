"""Tests of managers in several processes who change one row of the setup at once."""

from decimal import Decimal
from typing import Any

import pytest
from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.test import Client, override_settings
from django.urls import reverse

from accounts.models import Branch, User
from catalog.models import ServiceClassification
from conftest import make_offer, make_user
from queueing import services
from queueing.models import SetupVersion, Transaction
from queueing.services import Choice
from spa_project.lib.db.history import records_of
from spa_project.lib.errors import DomainError
from spa_project.tests.concurrency import shared_workers

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

ROUNDS = 10
#: The worker processes have no manifest of static files.
UNBUILT = {
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
SAVED = 302
SHOWN_AGAIN = 200


workers = shared_workers(2)


@pytest.fixture
def managers(branch, maria) -> tuple[User, User]:
    return maria, make_user("Olivia", branch, is_staff=True)


# -- What the processes do ------------------------------------------------------------------------


def send(user: int, address: str, typed: dict[str, Any]) -> tuple[int, str]:
    """Send a manager's form; return the status and the page."""
    ContentType.objects.clear_cache()  # each test has its own
    client = Client(headers={"host": "localhost"})
    client.force_login(User.objects.get(pk=user))
    with override_settings(STORAGES=settings.STORAGES | UNBUILT):
        answer = client.post(address, typed)
    return answer.status_code, answer.text


def order(branch: int, option: int) -> str:
    """Order an option; return "ok" or the code of the refusal."""
    try:
        services.confirm_selection(Branch.objects.get(pk=branch), choices=[Choice(option)])
    except DomainError as refusal:
        return refusal.code
    return "ok"


# -- The forms that both have opened --------------------------------------------------------------


def price_list(client: Client, option: ServiceClassification, price: str) -> tuple[str, dict]:
    prefix = f"option-{option.pk}"
    shown = {
        f"{prefix}-price": f"{option.price:.2f}",
        f"{prefix}-duration_minutes": str(option.duration_minutes),
    }
    typed = shown | {f"{prefix}-price": price}
    made_from = {f"initial-{name}": value for name, value in shown.items()}
    return reverse("admin:catalog_pricelist_changelist"), typed | made_from | {"_save": "Save"}


def option_page(client: Client, option: ServiceClassification, price: str) -> tuple[str, dict]:
    address = reverse("admin:catalog_serviceclassification_change", args=[option.pk])
    form = client.get(address).context["adminform"].form
    shown = {name: value for name, value in form.initial.items() if value not in (None, False)}
    return address, shown | {"price": price, "made_from": form.made_from_token()}


@pytest.mark.parametrize("form", [price_list, option_page])
def test_of_two_who_save_one_price_one_wins_and_the_other_is_told(
    managers, hour, workers, client, form
):
    client.force_login(managers[0])
    for at in range(ROUNDS):
        hour.refresh_from_db()
        typed = [f"{600 + 2 * at}.00", f"{601 + 2 * at}.00"]
        forms = [form(client, hour, price) for price in typed]
        version = SetupVersion.objects.get().last
        count = records_of(ServiceClassification).count()

        answers = workers.at_once(
            [(send, manager.pk, *sent) for manager, sent in zip(managers, forms, strict=True)]
        )

        statuses = [status for status, _page in answers]
        assert sorted(statuses) == [SHOWN_AGAIN, SAVED], (at, answers)
        winner = statuses.index(SAVED)
        hour.refresh_from_db()
        assert hour.price == Decimal(typed[winner])
        refused = answers[1 - winner][1]
        assert managers[winner].username in refused
        assert str(hour.price) in refused
        assert SetupVersion.objects.get().last == version + 1
        assert records_of(ServiceClassification).count() == count + 1
        assert records_of(ServiceClassification).first().history_user == managers[winner]


def test_two_who_take_an_option_off_the_menu_make_one_change(managers, branch, hour, workers):
    services.confirm_selection(branch, choices=[Choice(hour.pk)])
    address = reverse("admin:catalog_serviceclassification_delete", args=[hour.pk])
    for _round in range(ROUNDS):
        hour.active = True
        hour.save()
        version = SetupVersion.objects.get().last
        count = records_of(ServiceClassification).count()
        jobs = [(send, manager.pk, address, {"confirmed": "yes"}) for manager in managers]
        assert [status for status, _page in workers.at_once(jobs)] == [SAVED, SAVED]
        hour.refresh_from_db()
        assert not hour.active
        assert SetupVersion.objects.get().last == version + 1
        assert records_of(ServiceClassification).count() == count + 1


def test_an_option_that_is_ordered_while_it_is_deleted_is_ordered_or_gone(
    managers, branch, massage, workers
):
    for at in range(ROUNDS):
        option = make_offer(massage, f"Round {at}", "10.00", 10)
        address = reverse("admin:catalog_serviceclassification_delete", args=[option.pk])
        orders = Transaction.objects.count()
        (status, page), ordered = workers.at_once(
            [
                (send, managers[0].pk, address, {"post": "yes"}),
                (order, branch.pk, option.pk),
            ]
        )
        kept = ServiceClassification.objects.filter(pk=option.pk).exists()
        if ordered == "ok":
            assert (status, kept) == (SHOWN_AGAIN, True)
            assert "was booked 1 time" in page
        else:
            assert (status, kept) == (SAVED, False)
        assert Transaction.objects.count() == orders + (ordered == "ok")
