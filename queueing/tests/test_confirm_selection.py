"""Tests of confirming a selection."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from queueing import codes, services
from queueing.errors import EmptySelection, ServiceNotFound
from queueing.models import Transaction, TransactionCounter
from queueing.services import Choice
from queueing.states import Status
from spa_project.lib.errors import Conflict


def test_a_customer_gets_a_code_and_waits(branch, hour, compress):
    transaction = services.confirm_selection(
        branch, choices=[Choice(hour.pk), Choice(compress.pk, 2)], customer_name="Ana"
    )
    transaction.refresh_from_db()
    assert transaction.status == Status.PENDING_THERAPIST
    assert transaction.code == transaction.active_code == "0001"
    assert transaction.customer_name == "Ana"
    assert transaction.total_amount == Decimal("701.00")
    assert transaction.total_duration_minutes == 80
    assert transaction.items.count() == 3
    assert transaction.queued_at == transaction.selection_confirmed_at


def test_codes_follow_one_another(branch, hour):
    made = [services.confirm_selection(branch, choices=[Choice(hour.pk)]) for _each in range(3)]
    assert [transaction.code for transaction in made] == ["0001", "0002", "0003"]


def test_each_branch_counts_for_itself(branch, other_branch, hour):
    here = services.confirm_selection(branch, choices=[Choice(hour.pk)])
    there = services.confirm_selection(other_branch, choices=[Choice(hour.pk)])
    assert here.code == there.code == "0001"


def test_after_9999_comes_0001_unless_its_customer_is_still_here(branch, hour):
    services.confirm_selection(branch, choices=[Choice(hour.pk)])
    TransactionCounter.objects.update(last=9999)
    transaction = services.confirm_selection(branch, choices=[Choice(hour.pk)])
    assert (transaction.code, transaction.running_number) == ("0002", 10001)


def test_reset_starts_again_at_0001_and_skips_codes_still_open(branch, hour, make_transaction):
    make_transaction(Status.PAID)
    services.confirm_selection(branch, choices=[Choice(hour.pk)])
    codes.reset(branch)
    made = [services.confirm_selection(branch, choices=[Choice(hour.pk)]) for _each in range(2)]
    assert [transaction.code for transaction in made] == ["0001", "0003"]


def test_the_price_stays_what_it_was(branch, hour):
    transaction = services.confirm_selection(branch, choices=[Choice(hour.pk)])
    hour.price = Decimal("900.00")
    hour.save()
    assert transaction.items.get().price == Decimal("500.00")


def test_an_empty_selection_is_refused(branch):
    with pytest.raises(EmptySelection):
        services.confirm_selection(branch, choices=[])
    assert not Transaction.objects.exists()


def test_an_unknown_service_is_refused(branch, hour):
    with pytest.raises(ServiceNotFound):
        services.confirm_selection(branch, choices=[Choice(hour.pk), Choice(hour.pk + 99)])
    assert not Transaction.objects.exists()


@pytest.mark.parametrize("level", ["classification", "service", "category"])
def test_what_is_switched_off_cannot_be_chosen(branch, hour, level):
    row = {
        "classification": hour,
        "service": hour.service,
        "category": hour.service.category,
    }[level]
    row.active = False
    row.save()
    with pytest.raises(ServiceNotFound, match="Swedish Massage is no longer on the menu"):
        services.confirm_selection(branch, choices=[Choice(hour.pk)])


def test_the_same_request_again_gets_the_first_customer(branch, hour):
    first, again = (
        services.confirm_selection(branch, choices=[Choice(hour.pk)], request_id="tap-00001")
        for _each in range(2)
    )
    assert again == first
    assert again.key == first.key
    assert Transaction.objects.count() == 1


def test_the_same_request_with_other_content_is_a_conflict(branch, hour, compress):
    services.confirm_selection(branch, choices=[Choice(hour.pk)], request_id="tap-00001")
    with pytest.raises(Conflict):
        services.confirm_selection(branch, choices=[Choice(compress.pk)], request_id="tap-00001")
    assert Transaction.objects.count() == 1


def test_a_key_cannot_be_guessed_from_another(branch, hour):
    keys = {services.confirm_selection(branch, choices=[Choice(hour.pk)]).key for _each in range(5)}
    assert len(keys) == 5
    assert all(len(key) == 32 for key in keys)


def test_a_clock_set_back_meanwhile_does_not_confirm_before_the_beginning(
    branch, hour, monkeypatch
):
    an_hour_ago = timezone.now() - timedelta(hours=1)
    monkeypatch.setattr("queueing.lifecycle.timezone.now", lambda: an_hour_ago)
    transaction = services.confirm_selection(branch, choices=[Choice(hour.pk)])
    transaction.refresh_from_db()
    assert transaction.selection_confirmed_at == transaction.created_at


def test_a_request_id_in_other_case_is_another_request(branch, hour):
    first = services.confirm_selection(branch, choices=[Choice(hour.pk)], request_id="tap-0000A")
    other = services.confirm_selection(branch, choices=[Choice(hour.pk)], request_id="tap-0000a")
    assert first.pk != other.pk


def test_a_key_in_other_case_opens_nothing(branch, hour):
    ticket = services.confirm_selection(branch, choices=[Choice(hour.pk)])
    assert not Transaction.objects.filter(key=ticket.key.swapcase()).exists()
