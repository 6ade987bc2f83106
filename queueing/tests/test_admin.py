"""Tests of the admin pages: transactions and events are read-only, rooms are edited."""

import pytest

from conftest import make_user
from queueing.models import Room, Transaction
from queueing.states import Status

LOOK_ONLY = ("queueing/transaction", "queueing/transactionevent", "payments/payment")


@pytest.fixture(params=["manager", "superuser"])
def boss(request, client, branch):
    """Return a client logged in as a manager, then as a superuser: neither may change the log."""
    client.force_login(
        make_user("Boss", branch, is_staff=True, is_superuser=request.param == "superuser")
    )
    return client


@pytest.mark.parametrize("model", LOOK_ONLY)
def test_history_can_be_seen_but_not_touched(boss, make_transaction, model):
    paid = make_transaction(Status.PAID)
    pk = {
        "queueing/transaction": paid.pk,
        "queueing/transactionevent": paid.events.first().pk,
        "payments/payment": paid.payment.pk,
    }[model]
    assert boss.get(f"/admin/{model}/").status_code == 200
    assert boss.get(f"/admin/{model}/{pk}/change/").status_code == 200
    assert boss.get(f"/admin/{model}/add/").status_code == 403
    assert (
        boss.post(f"/admin/{model}/{pk}/change/", {"status": "pending_therapist"}).status_code
        == 403
    )
    assert boss.post(f"/admin/{model}/{pk}/delete/", {"post": "yes"}).status_code == 403
    assert Transaction.objects.get().status == Status.PAID


@pytest.mark.parametrize("model", LOOK_ONLY)
def test_a_list_is_read_in_its_own_order_and_joins_nothing(
    boss, make_transaction, captured_statements, model
):
    """A join with few cashiers would sort a million payments."""
    make_transaction(Status.PAID)
    with captured_statements() as statements:
        boss.get(f"/admin/{model}/")
    rows_of = f'FROM "{model.replace("/", "_")}"'
    read = [each for each in statements if rows_of in each.replace("`", '"')]
    [rows] = [each for each in read if "ORDER BY" in each and "LIMIT 1" not in each]
    assert "JOIN" not in rows


def test_the_days_of_visits_are_offered_within_a_year(boss, make_transaction):
    day = make_transaction(Status.PAID).business_date
    year = day.year
    visits = "/admin/queueing/transaction/"
    everything = boss.get(visits).content.decode()
    assert f"?business_date__year={year}" in everything
    assert "business_date__month" not in everything
    one_year = boss.get(f"{visits}?business_date__year={year}").content.decode()
    assert f"business_date__month={day.month}" in one_year
    assert boss.get(f"{visits}?business_date__year=x&business_date__month=y").status_code == 302


def test_a_customers_key_is_not_shown(boss, make_transaction):
    paid = make_transaction(Status.PAID)
    page = boss.get(f"/admin/queueing/transaction/{paid.pk}/change/")
    assert paid.key not in page.content.decode()


def test_a_manager_adds_a_room(boss, branch):
    boss.post("/admin/queueing/room/add/", {"branch": branch.pk, "number": "VIP"})
    assert Room.objects.get().status == "available"


def test_a_room_with_a_customer_in_it_stays(boss, make_transaction):
    make_transaction(Status.IN_SERVICE)
    room = Room.objects.exclude(current_transaction=None).get()
    page = boss.get(f"/admin/queueing/room/{room.pk}/delete/").content.decode()
    assert "Room 1 is occupied by 0001." in page
    boss.post(f"/admin/queueing/room/{room.pk}/delete/", {"post": "yes"})
    several = {"action": "delete_selected", "_selected_action": [room.pk], "post": "yes"}
    boss.post("/admin/queueing/room/", several)
    assert Room.objects.filter(pk=room.pk).exists()


def test_an_empty_room_can_go(boss, branch):
    room = Room.objects.create(branch=branch, number="9")
    boss.post(f"/admin/queueing/room/{room.pk}/delete/", {"post": "yes"})
    assert not Room.objects.exists()


def test_renaming_a_room_leaves_its_status_to_the_floor(boss, make_transaction):
    make_transaction(Status.IN_SERVICE)
    room = Room.objects.exclude(current_transaction=None).get()
    boss.post(f"/admin/queueing/room/{room.pk}/change/", {"branch": room.branch_id, "number": "1b"})
    room.refresh_from_db()
    assert (room.number, room.status) == ("1b", "occupied")


def act_on_rooms(boss, action: str) -> str:
    chosen = {"action": action, "_selected_action": list(Room.objects.values_list("pk", flat=True))}
    return boss.post("/admin/queueing/room/", chosen, follow=True).content.decode()


def test_a_room_is_taken_out_of_service_and_put_back(boss, branch):
    room = Room.objects.create(branch=branch, number="9")
    act_on_rooms(boss, "close")
    room.refresh_from_db()
    assert room.status == "out_of_service"
    act_on_rooms(boss, "open")
    room.refresh_from_db()
    assert room.status == "available"


def test_a_room_in_use_closes_later_and_cannot_be_opened(boss, make_transaction):
    make_transaction(Status.IN_SERVICE)
    assert "Room 1 is occupied." in act_on_rooms(boss, "open")
    act_on_rooms(boss, "close")
    room = Room.objects.get()
    assert (room.status, room.closing) == ("occupied", True)
