"""Tests of the setup's version: every change of the setup counts, whoever makes it."""

from decimal import Decimal

import pytest
from django.contrib.auth import user_logged_in
from django.db.transaction import atomic, set_rollback
from django.test import RequestFactory

from accounts.logins import end_every_login
from accounts.models import Branch, Therapist
from catalog.menu_import.importer import import_file
from catalog.models import Service, ServiceCategory, ServiceClassification
from catalog.serializers import menu_version
from conftest import make_user, open_socket
from queueing import services
from queueing.events import AUDIENCES, MENU_EVENT, SETUP_EVENT, menu_topic, ticket_topic
from queueing.models import Room, RoomStatus
from queueing.snapshots import setup_digests
from queueing.states import Status
from spa_project.lib.db.pool import pool

SNAPSHOT = '{"command": "snapshot"}'


def version_of(branch: Branch) -> int:
    return setup_digests([branch.pk])[branch.pk]["setup"]


@pytest.fixture
def counted(branch, other_branch):
    """Return by how much a change increments the versions of this branch and the other."""

    def run(change) -> tuple[int, int]:
        before = version_of(branch), version_of(other_branch)
        change()
        return version_of(branch) - before[0], version_of(other_branch) - before[1]

    return run


def renamed(row, field: str):
    setattr(row, field, "Other")
    return row.save


MENU_CHANGES = {
    "a price": lambda hour: renamed(hour, "classification"),
    "a treatment": lambda hour: renamed(hour.service, "name"),
    "a category": lambda hour: renamed(hour.service.category, "name"),
    "prices in bulk": lambda hour: lambda: ServiceClassification.objects.update(price=7),
    "treatments in bulk": lambda hour: lambda: Service.objects.update(active=False),
    "an import": lambda hour: (
        lambda: import_file(
            ["category,service,description,classification,price,duration_minutes", "A,B,,C,1.00,10"]
        )
    ),
    "a removed price": lambda hour: hour.delete,
}


@pytest.mark.parametrize("change", MENU_CHANGES)
def test_a_change_of_the_menu_counts_in_every_branch(counted, hour, change):
    here, elsewhere = counted(MENU_CHANGES[change](hour))
    assert here == elsewhere > 0


def test_a_branch_its_rooms_and_its_staff_count_in_that_branch_alone(counted, branch, maya, carl):
    room = Room.objects.get(number="1")
    for row in (branch, room, maya.user, maya, carl):
        assert counted(row.save) == (1, 0), row
    assert counted(lambda: Room.objects.create(branch=branch, number="7")) == (1, 0)
    assert counted(lambda: Room.objects.get(number="7").delete()) == (1, 0)


def test_who_moves_counts_in_both_branches(counted, maya, other_branch):
    maya.user.branch = other_branch
    assert counted(maya.user.save) == (1, 1)


def test_operations_and_logins_change_no_setup(counted, branch, maya, make_transaction):
    make_transaction(Status.PENDING_THERAPIST)

    def work() -> None:
        visit = services.confirm_next(maya)
        services.start_service(maya, transaction_id=visit.pk)
        services.finish_service(maya, transaction_id=visit.pk)
        services.room_set_status(branch, "1", RoomStatus.AVAILABLE)
        request = RequestFactory().get("/")
        user_logged_in.send(type(maya.user), request=request, user=maya.user)
        end_every_login(maya.user)

    assert counted(work) == (0, 0)


def test_every_screen_of_the_branch_hears_of_its_setup(branch, maya, heard, make_transaction):
    visit = make_transaction(Status.PENDING_THERAPIST)
    sent = heard(maya.save)
    topics = {audience.topic(branch.pk) for audience in AUDIENCES}
    topics |= {menu_topic(branch.pk), ticket_topic(visit.pk)}
    of_setup = [(topic, data) for topic, event, data in sent if event == SETUP_EVENT]
    assert dict(of_setup) == {topic: {"version": version_of(branch)} for topic in topics}
    assert len(of_setup) == len(topics)


def test_menus_hear_the_menus_version(branch, hour, heard):
    hour.price = Decimal("530.00")
    sent = [(topic, data) for topic, event, data in heard(hour.save) if event == MENU_EVENT]
    assert {menu_topic(branch.pk), f"therapist_queue.{branch.pk}"} < {topic for topic, _ in sent}
    assert {data["version"] for _topic, data in sent} == {menu_version()}


def test_many_changes_in_one_transaction_are_published_once(branch, hour, heard):
    def change() -> None:
        with atomic():
            for _ in range(5):
                hour.save()

    sent = [data for topic, event, data in heard(change) if topic == menu_topic(branch.pk)]
    assert sent == [{"version": version_of(branch)}, {"version": menu_version()}]


def test_what_is_rolled_back_counts_nothing(counted, branch, hour, heard):
    def undo() -> None:
        with atomic():
            hour.save()
            set_rollback(True)

    assert counted(lambda: heard(undo)) == (0, 0)


@pytest.mark.asyncio
@pytest.mark.django_db(transaction=True)
async def test_an_open_desk_is_shown_another_own_room_name_and_sharing(branch, maya):
    async with open_socket("/ws/therapist/", maya.user) as desk:
        before = await desk.hear("snapshot")

        def change() -> None:
            room = Room.objects.create(branch=branch, number="Garden")
            Therapist.objects.filter(pk=maya.pk).update(own_room=room, display_name="May")
            Branch.objects.filter(pk=branch.pk).update(shared_rooms=True)
            branch.refresh_from_db()
            branch.save()

        await pool.run(change)
        told = await desk.hear("setup_updated")
        await desk.send(SNAPSHOT)
        after = await desk.hear("snapshot")
        assert after["data"]["me"] == {
            "id": maya.pk,
            "name": "May",
            "room_number": "Garden",
            "gender": "",
            "shared_rooms": True,
        }
        assert after["data"]["setup"] >= told["data"]["version"] > before["data"]["setup"]


@pytest.mark.asyncio
@pytest.mark.django_db(transaction=True)
async def test_an_open_menu_hears_that_its_branch_has_closed(branch):
    async with open_socket("/ws/customer/?branch=makati") as phone:
        assert (await phone.hear("snapshot"))["data"]["branch"]["active"] is True

        def close() -> None:
            branch.active = False
            branch.save()

        await pool.run(close)
        await phone.hear("setup_updated")
        await phone.send(SNAPSHOT)
        assert (await phone.hear("snapshot"))["data"]["branch"]["active"] is False


def test_a_category_that_is_added_counts(counted):
    here, elsewhere = counted(lambda: ServiceCategory.objects.create(name="Face"))
    assert here == elsewhere == 1


def test_a_person_without_a_branch_counts_nowhere(counted):
    assert counted(lambda: make_user("Owner", None)) == (0, 0)
