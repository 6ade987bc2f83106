"""Tests of the page that takes rows in use out of use instead of deleting them."""

from typing import Any

import pytest
from django.contrib import admin
from django.db.models import PROTECT
from django.test import Client
from django.urls import reverse

from accounts.models import Branch, User
from catalog.models import Service, ServiceCategory, ServiceClassification
from conftest import make_user, open_socket
from payments.models import PaymentMethod
from queueing.models import Room, RoomStatus, SetupVersion
from queueing.states import Status
from spa_project.lib.db.history import records_of
from spa_project.lib.db.pool import pool
from spa_project.lib.web.setup_admin import SetupAdmin

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner(client, branch) -> Client:
    client.force_login(make_user("Olivia", branch, is_staff=True, is_superuser=True))
    return client


@pytest.fixture
def manager(client, maria) -> Client:
    client.force_login(maria)
    return client


def address_of(row: Any, page: str = "delete") -> str:
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_{page}", args=[row.pk])


def take_off(client: Client, row: Any) -> Any:
    return client.post(address_of(row), {"confirmed": "yes"}, follow=True)


def act_on(client: Client, *rows: Any, **sent: str) -> Any:
    """Choose rows in their list, and the action that deletes them."""
    chosen = [row.pk for row in rows]
    listing = reverse(f"admin:{rows[0]._meta.app_label}_{rows[0]._meta.model_name}_changelist")
    sent = {"action": "delete_selected"} | sent
    return client.post(listing, sent | {"_selected_action": chosen}, follow=True)


def switch_off(client: Client, *people: User, **sent: str) -> Any:
    return act_on(client, *people, action="switch_off", **sent)


# -- The menu -------------------------------------------------------------------------------------


def test_a_booked_treatment_is_offered_to_be_taken_off_the_menu(manager, massage, make_transaction):
    make_transaction(Status.PAID)
    make_transaction(Status.PENDING_THERAPIST)
    page = manager.get(address_of(massage)).text
    assert f"{massage} was booked 2 times. It will be taken off the menu" in page
    assert "receipts and reports keep it" in page
    assert page.count('name="confirmed"') == 1
    assert "protected" not in page
    massage.refresh_from_db()
    assert massage.active, "a question writes nothing"


@pytest.mark.parametrize("level", ["category", "service", "option"])
def test_it_goes_off_the_menu_in_one_recorded_change(manager, maria, hour, make_transaction, level):
    make_transaction(Status.PAID)
    row = {"category": hour.service.category, "service": hour.service, "option": hour}[level]
    version = SetupVersion.objects.get().last
    answer = take_off(manager, row)
    assert f"{row} is off the menu." in answer.text
    row.refresh_from_db()
    assert not row.active
    assert SetupVersion.objects.get().last == version + 1
    record = records_of(type(row)).first()
    assert (record.history_user, record.active, record.history_type) == (maria, False, "~")
    latest = next(iter(manager.get("/admin/changes/").context["entries"]))
    assert (latest.who, latest.model) == (maria.username, type(row))
    assert str(hour.service) not in Client().get("/menu/?branch=makati&kiosk=1").text


def test_what_is_off_already_is_told_so_and_changes_nothing(manager, hour, make_transaction):
    make_transaction(Status.PAID)
    take_off(manager, hour)
    version = SetupVersion.objects.get().last
    page = manager.get(address_of(hour)).text
    assert f"{hour} is off the menu already." in page
    assert 'name="confirmed"' not in page
    take_off(manager, hour)
    assert SetupVersion.objects.get().last == version


def test_what_was_never_booked_is_deleted_as_before(manager, hour, massage):
    page = manager.get(address_of(massage)).text
    assert f"{massage} has 1 option. Delete it first, or take it off the menu." in page
    assert "Are you sure" in manager.get(address_of(hour)).text
    manager.post(address_of(hour), {"post": "yes"})
    manager.post(address_of(massage), {"post": "yes"})
    assert not Service.objects.exists()


def test_an_old_question_deletes_nothing_that_was_booked_since(manager, hour, make_transaction):
    assert "Are you sure" in manager.get(address_of(hour)).text
    make_transaction(Status.PENDING_THERAPIST)
    page = manager.post(address_of(hour), {"post": "yes"}).text
    assert "was booked 1 time." in page
    hour.refresh_from_db()
    assert hour.active


def test_what_was_to_be_taken_off_is_not_deleted_though_nothing_refers_to_it_any_more(
    manager, massage, hour
):
    assert "or take it off the menu" in manager.get(address_of(massage)).text
    hour.delete()
    take_off(manager, massage)
    massage.refresh_from_db()
    assert not massage.active


def test_of_several_the_booked_go_off_the_menu_and_the_others_are_deleted(
    manager, massage, hour, compress, make_transaction
):
    make_transaction(Status.PAID)
    page = act_on(manager, hour, compress).text
    assert "was booked 1 time. It will be taken off the menu" in page
    assert f"{compress} isn’t in use and will be deleted." in page
    assert ServiceClassification.objects.filter(active=True).count() == 2
    answer = act_on(manager, hour, compress, confirmed="yes").text
    assert f"{hour} is off the menu." in answer
    assert list(ServiceClassification.objects.values_list("pk", "active")) == [(hour.pk, False)]


def test_the_booked_option_of_a_treatments_page_is_refused_in_plain_words(
    manager, massage, hour, make_transaction
):
    make_transaction(Status.PAID)
    address = address_of(massage, "change")
    page = manager.get(address)
    sent = {
        "category": massage.category_id,
        "name": massage.name,
        "order": massage.order,
        "active": "on",
        "classifications-TOTAL_FORMS": 1,
        "classifications-INITIAL_FORMS": 1,
        "classifications-0-id": hour.pk,
        "classifications-0-service": massage.pk,
        "classifications-0-classification": hour.classification,
        "classifications-0-price": hour.price,
        "classifications-0-duration_minutes": hour.duration_minutes,
        "classifications-0-order": hour.order,
        "classifications-0-active": "on",
        "classifications-0-DELETE": "on",
        "made_from": page.context["adminform"].form.made_from_token(),
    }
    told = manager.post(address, sent).text
    assert f"{hour} is in use. Untick “On menu” instead of deleting it." in told
    assert "protected" not in told
    assert ServiceClassification.objects.filter(pk=hour.pk).exists()


@pytest.mark.asyncio
@pytest.mark.django_db(transaction=True)
async def test_open_kiosks_drop_the_treatment_at_once(client, maria, hour, make_transaction):
    def leave(confirm: bool) -> None:
        client.force_login(maria)
        if confirm:
            take_off(client, hour)
        else:
            make_transaction(Status.PAID)

    await pool.run(lambda: leave(False))
    async with open_socket("/ws/customer/?branch=makati") as kiosk:
        await kiosk.hear("snapshot")
        await pool.run(lambda: leave(True))
        await kiosk.hear("menu_updated")
    menu = await pool.run(lambda: Client().get("/api/menu?branch=makati").text)
    assert hour.classification not in menu


# -- Rooms, branches, methods, staff --------------------------------------------------------------


def test_a_room_with_a_customer_closes_after_the_visit(manager, make_transaction):
    visit = make_transaction(Status.IN_SERVICE)
    room = visit.active_room
    page = manager.get(address_of(room)).text
    assert f"Room 1 is occupied by {visit.code}. It will be closed after the visit." in page
    take_off(manager, room)
    room.refresh_from_db()
    assert (room.status, room.closing) == (RoomStatus.OCCUPIED, True)
    assert "Room 1 closes after the visit." in manager.get(address_of(room)).text


def test_a_therapists_own_room_is_closed_and_stays_theirs(manager, maya):
    room = maya.own_room
    assert "Room 1 is Maya&#x27;s own room. It will be closed" in manager.get(address_of(room)).text
    take_off(manager, room)
    room.refresh_from_db()
    maya.refresh_from_db()
    assert room.status == RoomStatus.OUT_OF_SERVICE
    assert maya.own_room == room


def test_a_branch_with_visits_is_closed(owner, branch, make_transaction):
    make_transaction(Status.PENDING_THERAPIST)
    version = SetupVersion.objects.get().last
    page = owner.get(address_of(branch)).text
    assert "Makati had 1 visit. It will be closed" in page
    assert "Makati is closed." in take_off(owner, branch).text
    branch.refresh_from_db()
    assert not branch.active
    assert SetupVersion.objects.get().last == version + 1
    assert records_of(Branch).first().active is False


def test_a_branch_with_nothing_is_deleted(owner, other_branch):
    owner.post(address_of(other_branch), {"post": "yes"})
    assert not Branch.objects.filter(pk=other_branch.pk).exists()


def test_a_method_that_was_used_is_no_longer_offered(manager, make_transaction):
    make_transaction(Status.PAID)
    cash = PaymentMethod.objects.get(code="cash")
    page = manager.get(address_of(cash)).text
    assert "Cash was used for 1 payment. Tills will no longer offer it" in page
    assert "Cash is no longer offered." in take_off(manager, cash).text
    cash.refresh_from_db()
    assert not cash.active


def test_a_person_is_switched_off_and_never_deleted(manager, noor):
    person = noor.user
    tablet = Client()
    tablet.force_login(person)
    assert tablet.get("/therapist/").status_code == 200
    assert "Visits, receipts and reports keep the name" in switch_off(manager, person).text
    version = SetupVersion.objects.get().last
    assert "Noor is switched off." in switch_off(manager, person, confirmed="yes").text
    person.refresh_from_db()
    assert not person.is_active
    assert SetupVersion.objects.get().last == version + 1
    assert records_of(User).first().is_active is False
    assert tablet.get("/therapist/").status_code == 302


def test_a_person_with_a_customer_stays_switched_on(manager, maya, make_transaction):
    visit = make_transaction(Status.IN_SERVICE)
    told = f"Maya is with {visit.code}. Finish or hand over first."
    page = switch_off(manager, maya.user).text
    assert told in page
    assert 'name="confirmed"' not in page
    assert told in switch_off(manager, maya.user, confirmed="yes").text
    maya.user.refresh_from_db()
    assert maya.user.is_active


def test_the_last_owner_stays_switched_on(owner):
    olivia = User.objects.get(username="olivia")
    assert "is the last owner" in switch_off(owner, olivia, confirmed="yes").text
    olivia.refresh_from_db()
    assert olivia.is_active


def test_several_people_are_switched_off_in_their_list(manager, maya, noor):
    assert "Switch off" in manager.get("/admin/accounts/user/").text
    page = switch_off(manager, maya.user, noor.user).text
    assert page.count("Visits, receipts and reports keep the name") == 2
    switch_off(manager, maya.user, noor.user, confirmed="yes")
    assert not User.objects.filter(is_active=True, therapist__isnull=False).exists()


# -- Who may --------------------------------------------------------------------------------------


def test_a_manager_closes_no_branch_and_nobody_elses_people(manager, branch, olga, maya):
    for row in (branch, olga.user, olga.own_room):
        answer = manager.post(address_of(row), {"confirmed": "yes"})
        assert answer.status_code in (302, 403), row
    switch_off(manager, olga.user, confirmed="yes")
    branch.refresh_from_db()
    assert branch.active
    assert User.objects.get(pk=olga.user_id).is_active
    assert Room.objects.get(pk=olga.own_room_id).status == RoomStatus.AVAILABLE


def test_therapists_take_nothing_off(client, maya, hour, make_transaction):
    make_transaction(Status.PAID)
    client.force_login(maya.user)
    assert client.post(address_of(hour), {"confirmed": "yes"}).status_code == 302
    hour.refresh_from_db()
    assert hour.active


def test_every_page_whose_rows_may_be_referred_to_has_words_for_it():
    pages = [page for page in admin.site._registry.values() if isinstance(page, SetupAdmin)]
    asked = 0
    for page in pages:
        relations = [
            field
            for field in page.model._meta.get_fields(include_hidden=True)
            if getattr(field, "on_delete", None) is PROTECT and field.auto_created
        ]
        if relations and not page.model._meta.proxy:
            asked += 1
            assert page.out_of_use is not None, page
    assert asked >= 6
    assert {ServiceCategory, Room} <= {page.model for page in pages if page.out_of_use}
