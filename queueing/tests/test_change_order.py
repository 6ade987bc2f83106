"""Tests of changing an order or a name before the customer is called."""

from decimal import Decimal

import pytest

from accounts.models import TherapistSkill
from catalog.models import Skill
from conftest import make_offer
from queueing import requests, services
from queueing.errors import (
    EmptySelection,
    NobodyAble,
    NotAble,
    PriceChanged,
    ServiceNotFound,
    TransactionNotFound,
    WrongState,
)
from queueing.lanes import Lane
from queueing.models import Transaction
from queueing.order_changes import change_order
from queueing.requests import Request
from queueing.services import Choice
from queueing.states import Status
from spa_project.lib.errors import Conflict, Invalid
from spa_project.lib.money import LARGEST_AMOUNT


@pytest.fixture
def waiting(make_transaction) -> Transaction:
    return make_transaction(Status.PENDING_THERAPIST)


def chosen(transaction: Transaction) -> list[int]:
    items = transaction.items.order_by("pk")
    return list(items.values_list("service_classification", flat=True))


def test_the_order_is_what_was_chosen_instead(carl, waiting, hour, compress):
    wanted = [Choice(hour.pk), Choice(compress.pk, 2)]
    changed = change_order(carl.user, transaction_id=waiting.pk, choices=wanted)
    waiting.refresh_from_db()
    assert waiting.total_amount == Decimal("701.00")
    assert waiting.total_duration_minutes == 80
    assert chosen(waiting) == [hour.pk, compress.pk, compress.pk]
    assert [item.pk for item in changed.item_list] == list(
        waiting.items.order_by("pk").values_list("pk", flat=True)
    )


def test_the_place_in_line_stays(carl, waiting, compress, make_transaction):
    make_transaction(Status.PENDING_THERAPIST)
    before = waiting.queued_at
    change_order(carl.user, transaction_id=waiting.pk, choices=[Choice(compress.pk)])
    waiting.refresh_from_db()
    assert waiting.queued_at == before
    line = Transaction.objects.in_line(waiting.branch_id, Status.PENDING_THERAPIST)
    assert line.first() == waiting


def test_what_was_ordered_keeps_its_price_and_what_is_new_has_todays(carl, waiting, hour, compress):
    hour.price = Decimal("900.00")
    hour.save()
    wanted = [Choice(hour.pk, 2), Choice(compress.pk)]
    change_order(
        carl.user, transaction_id=waiting.pk, choices=wanted, expected_total=Decimal("1500.50")
    )
    waiting.refresh_from_db()
    assert waiting.total_amount == Decimal("500.00") + Decimal("900.00") + Decimal("100.50")


def test_what_has_left_the_menu_stays_in_the_order_but_is_not_added(carl, waiting, hour):
    hour.active = False
    hour.save()
    change_order(carl.user, transaction_id=waiting.pk, choices=[Choice(hour.pk)])
    with pytest.raises(ServiceNotFound):
        change_order(carl.user, transaction_id=waiting.pk, choices=[Choice(hour.pk, 2)])
    assert waiting.items.count() == 1


def test_another_total_than_displayed_changes_nothing(carl, waiting, compress):
    wanted = [Choice(compress.pk)]
    with pytest.raises(PriceChanged):
        change_order(
            carl.user, transaction_id=waiting.pk, choices=wanted, expected_total=Decimal("100.00")
        )
    waiting.refresh_from_db()
    assert (waiting.version, waiting.total_amount) == (1, Decimal("500.00"))


def test_an_order_changed_by_somebody_else_meanwhile_is_not_overwritten(
    carl, maria, waiting, hour, compress
):
    change_order(maria, transaction_id=waiting.pk, choices=[Choice(hour.pk), Choice(compress.pk)])
    with pytest.raises(Conflict, match=f"{waiting.code} was changed meanwhile"):
        change_order(carl.user, transaction_id=waiting.pk, choices=[Choice(hour.pk)], version=1)
    assert waiting.items.count() == 2


def test_a_name_is_changed_kept_or_removed(carl, waiting, hour):
    same = [Choice(hour.pk)]
    for given, name in (("Ana Cruz", "Ana Cruz"), (None, "Ana Cruz"), ("", "")):
        change_order(carl.user, transaction_id=waiting.pk, choices=same, customer_name=given)
        waiting.refresh_from_db()
        assert waiting.customer_name == name


def test_the_log_has_who_changed_what_but_not_the_name(carl, waiting, compress):
    change_order(
        carl.user,
        transaction_id=waiting.pk,
        choices=[Choice(compress.pk)],
        customer_name="Ana Cruz",
    )
    event = waiting.events.last()
    assert event.by == carl.user
    assert event.reason == (
        "- Swedish Massage · 60 minutes, + Swedish Massage · Hot compress, Name changed."
    )


def test_a_long_change_fits_the_log(carl, waiting, massage):
    dear = [make_offer(massage, f"{number}" + "x" * 70, "1.00", 1) for number in range(9)]
    change_order(carl.user, transaction_id=waiting.pk, choices=[Choice(each.pk) for each in dear])
    assert len(waiting.events.last().reason) == 400


def test_a_request_for_a_therapist_stays_with_its_lane(carl, maya, waiting, compress):
    requests.set_request(carl.user, transaction_id=waiting.pk, request=Request(maya.pk))
    change_order(carl.user, transaction_id=waiting.pk, choices=[Choice(compress.pk)])
    waiting.refresh_from_db()
    assert (waiting.requested_therapist, waiting.lane) == (maya, maya.pk)


@pytest.fixture
def stones(massage):
    """Return a price of a treatment that needs a skill."""
    skill = Skill.objects.create(name="Hot stone")
    service = massage.category.services.create(name="Hot stones", skill=skill)
    return make_offer(service, "60 minutes", "800.00", 60)


def test_the_lane_follows_the_skills_of_the_order(carl, noor, waiting, stones, hour):
    TherapistSkill.objects.create(therapist=noor, skill=stones.service.skill)
    change_order(carl.user, transaction_id=waiting.pk, choices=[Choice(stones.pk)])
    waiting.refresh_from_db()
    assert waiting.lane == Lane(0, waiting.skill_set_id).number != 0
    change_order(carl.user, transaction_id=waiting.pk, choices=[Choice(hour.pk)])
    waiting.refresh_from_db()
    assert (waiting.lane, waiting.skill_set) == (0, None)


def test_what_nobody_here_can_do_is_not_added(carl, waiting, stones):
    with pytest.raises(NobodyAble, match="Hot stone"):
        change_order(carl.user, transaction_id=waiting.pk, choices=[Choice(stones.pk)])
    assert waiting.items.get().service_classification_id != stones.pk


def test_what_the_requested_therapist_cannot_do_is_not_added(carl, maya, noor, waiting, stones):
    TherapistSkill.objects.create(therapist=noor, skill=stones.service.skill)
    requests.set_request(carl.user, transaction_id=waiting.pk, request=Request(maya.pk))
    with pytest.raises(NotAble, match="Maya"):
        change_order(carl.user, transaction_id=waiting.pk, choices=[Choice(stones.pk)])


def test_nothing_is_no_order(carl, waiting):
    with pytest.raises(EmptySelection, match="Cancel it instead"):
        change_order(carl.user, transaction_id=waiting.pk, choices=[])


def test_more_than_a_bill_can_hold_is_refused(carl, waiting, massage):
    dear = make_offer(massage, "Gold", str(LARGEST_AMOUNT), 60)
    with pytest.raises(Invalid):
        change_order(carl.user, transaction_id=waiting.pk, choices=[Choice(dear.pk, 2)])
    assert waiting.items.count() == 1


@pytest.mark.parametrize("status", [Status.THERAPIST_CONFIRMED, Status.IN_SERVICE, Status.ON_HOLD])
def test_once_called_or_on_hold_the_order_stays(carl, make_transaction, hour, status):
    visit = make_transaction(status)
    with pytest.raises(WrongState):
        change_order(carl.user, transaction_id=visit.pk, choices=[Choice(hour.pk, 2)])
    assert visit.items.count() == 1


def test_another_branchs_order_cannot_be_changed(carl, waiting, hour, other_branch):
    carl.user.branch = other_branch
    carl.user.save()
    with pytest.raises(TransactionNotFound):
        change_order(carl.user, transaction_id=waiting.pk, choices=[Choice(hour.pk, 2)])


def test_the_first_order_sent_again_does_not_make_a_second_customer(branch, carl, hour, compress):
    choices = [Choice(hour.pk)]
    visit = services.confirm_selection(branch, choices=choices, request_id="request-1")
    change_order(carl.user, transaction_id=visit.pk, choices=[Choice(compress.pk)])
    again = services.confirm_selection(branch, choices=choices, request_id="request-1")
    assert again.pk == visit.pk
