"""Tests of the administration's isolation of branches, and of the last owner."""

from collections.abc import Iterator

import pytest
from django.conf import settings
from django.contrib import admin
from django.db import connection
from django.test import Client, override_settings

from accounts.models import Branch, User
from conftest import PASSWORD, make_cashier, make_therapist, make_user, session_of
from payments.tests.drawer_records import make_drawer_records
from queueing import services
from queueing.models import Room
from queueing.services import Choice
from spa_project.lib.web.admin import BranchScopedAdmin
from spa_project.tests.concurrency import Workers

pytestmark = pytest.mark.django_db
STAFF = "/admin/accounts/user/"


@pytest.fixture
def elsewhere(db) -> Branch:
    return Branch.objects.create(name="Cebu", slug="cebu")


@pytest.fixture
def owner(branch) -> User:
    return make_user("Olivia", branch, is_staff=True, is_superuser=True)


@pytest.fixture
def as_maria(maria) -> Client:
    return session_of(maria)


def test_every_page_of_ours_is_of_a_branch_or_says_that_the_chain_shares_it():
    ours = {
        model: page
        for model, page in admin.site._registry.items()
        if model._meta.app_label in ("accounts", "catalog", "queueing", "payments")
    }
    assert all(isinstance(page, BranchScopedAdmin) for page in ours.values())
    shared = {
        model._meta.label_lower
        for model, page in ours.items()
        if not getattr(page, "branch_path", "")
    }
    assert shared == {
        "catalog.pricelist",
        "catalog.notemark",
        "catalog.service",
        "catalog.servicecategory",
        "catalog.serviceclassification",
        "catalog.skill",
        "payments.discount",
        "payments.paymentmethod",
    }


def test_a_manager_sets_no_password_in_another_branch(as_maria, elsewhere):
    otto = make_cashier("Otto", elsewhere, "9").user
    chosen = {"_selected_action": [otto.pk], "confirmed": "yes"}
    as_maria.post(STAFF, chosen | {"action": "new_passwords"})
    otto.refresh_from_db()
    assert otto.check_password(PASSWORD)


def test_a_manager_logs_out_and_unlocks_nobody_of_another_branch(as_maria, elsewhere):
    otto = make_cashier("Otto", elsewhere, "9").user
    chosen = {"_selected_action": [otto.pk], "confirmed": "yes"}
    as_maria.post(STAFF, chosen | {"action": "end_logins"})
    otto.refresh_from_db()
    assert otto.login_epoch == 0


def test_a_manager_closes_no_room_of_another_branch(as_maria, elsewhere):
    room = Room.objects.create(branch=elsewhere, number="9")
    as_maria.post("/admin/queueing/room/", {"action": "close", "_selected_action": [room.pk]})
    room.refresh_from_db()
    assert room.status == "available"


@pytest.mark.parametrize("branch_id", ["elsewhere", "none"])
def test_a_manager_moves_nobody_into_another_branch(as_maria, maria, elsewhere, branch_id):
    chosen = str(elsewhere.pk) if branch_id == "elsewhere" else ""
    fields = {"name": "Maria", "username": "maria", "branch": chosen, "roles": ["manager"]}
    refused = as_maria.post(f"{STAFF}{maria.pk}/change/", fields | {"is_active": "on"})
    assert set(refused.context["adminform"].form.errors) == {"branch"}
    maria.refresh_from_db()
    assert maria.branch.slug == "makati"


def test_a_manager_adds_no_room_to_another_branch(as_maria, elsewhere):
    as_maria.post("/admin/queueing/room/add/", {"branch": elsewhere.pk, "number": "13"})
    assert not Room.objects.filter(number="13").exists()


@pytest.mark.parametrize(
    "address",
    [
        "/admin/accounts/user/",
        "/admin/accounts/user/?q=otto",
        "/admin/accounts/user/add/",
        "/admin/accounts/user/?role=cashier",
        "/admin/queueing/room/",
        "/admin/queueing/transaction/",
        "/admin/payments/payment/",
        "/admin/payments/paymentattempt/",
        "/admin/payments/drawersession/",
        "/admin/payments/cashmovement/",
        "/admin/payments/approval/",
    ],
)
def test_no_list_form_or_filter_names_another_branch_or_its_people(as_maria, elsewhere, address):
    make_therapist("Olga", elsewhere, "9")
    otto = make_cashier("Otto", elsewhere, "9").user
    make_drawer_records(otto)
    shown = as_maria.get(address).content.decode()
    assert "Cebu" not in shown
    assert "Olga" not in shown
    assert "Otto" not in shown


def test_a_manager_is_offered_the_rooms_and_counters_of_the_own_branch_only(as_maria, elsewhere):
    make_cashier("Otto", elsewhere, "desk of Cebu")
    room = Room.objects.create(branch=elsewhere, number="901")
    shown = as_maria.get(f"{STAFF}add/").content.decode()
    assert "901" not in shown
    assert "desk of" not in shown
    fields = {"name": "Tess", "roles": ["therapist"], "own_room": room.pk}
    as_maria.post(f"{STAFF}add/", fields | {"branch": elsewhere.pk})
    assert not User.objects.filter(username="tess").exists()


def test_an_owner_is_offered_every_branch(owner, elsewhere):
    assert b"Cebu" in session_of(owner).get("/admin/queueing/room/add/").content


def test_a_manager_without_a_branch_sees_nobody(branch):
    nowhere = make_user("Nora", None, is_staff=True)
    lone = make_user("Lone", None)
    assert session_of(nowhere).get(f"{STAFF}{lone.pk}/change/").status_code == 302
    assert session_of(nowhere).get(f"{STAFF}{nowhere.pk}/change/").status_code == 302


@pytest.fixture
def workers(owner, django_db_blocker) -> Iterator[Workers]:
    with django_db_blocker.unblock():
        workers = Workers(2)
    yield workers
    workers.stop()


def switch_off(owner_id: int, other_id: int) -> int:
    """Switch another owner off, as an owner's browser does; return the answer's status."""
    other = User.objects.get(pk=other_id)
    fields = {"name": other.username, "username": other.username, "branch": other.branch_id}
    page = session_of(User.objects.get(pk=owner_id))
    # As in the tests' own process: the client's host is allowed, static files are not collected.
    plain = {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
    with override_settings(ALLOWED_HOSTS=["testserver"], STORAGES=settings.STORAGES | plain):
        answer = page.post(f"{STAFF}{other_id}/change/", fields | {"roles": ["manager"]})
    return answer.status_code


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "mysql", reason="SQLite has one writer at a time")
def test_two_owners_cannot_switch_each_other_off_at_once(owner, branch, workers):
    other = make_user("Olaf", branch, is_staff=True, is_superuser=True)
    for _round in range(10):
        User.objects.update(is_active=True)
        jobs = [(switch_off, owner.pk, other.pk), (switch_off, other.pk, owner.pk)]
        answers = workers.at_once(jobs)
        assert set(answers) <= {200, 302}, answers
        assert User.objects.filter(is_superuser=True, is_active=True).count() == 1


def test_the_autocompletion_offers_nothing_of_another_branch(as_maria, maya, elsewhere):
    Room.objects.create(branch=elsewhere, number="901")
    named = "app_label=accounts&model_name=therapist&field_name=own_room&term="
    found = as_maria.get(f"/admin/autocomplete/?{named}").json()["results"]
    assert [row["id"] for row in found] == [str(maya.own_room_id)]


def test_a_row_of_another_branch_is_not_said_to_be_removed(as_maria, branch, elsewhere):
    own = Room.objects.create(branch=branch, number="7")
    theirs = Room.objects.create(branch=elsewhere, number="901")
    page = as_maria.get(f"/admin/queueing/room/{own.pk}/change/")
    made_from = page.context["adminform"].form.made_from_token()
    fields = {"made_from": made_from, "branch": branch.pk, "number": "8"}
    answer = as_maria.post(f"/admin/queueing/room/{theirs.pk}/change/", fields, follow=True)
    assert "meanwhile" not in answer.content.decode()


def test_a_manager_without_a_branch_takes_none(branch):
    nowhere = make_user("Nora", None, is_staff=True)
    client = session_of(nowhere)
    client.post("/first-day/branch/")
    client.post("/first-day/rooms/", {"count": "3"})
    nowhere.refresh_from_db()
    assert nowhere.branch is None
    assert not Room.objects.exists()
    assert client.get("/first-day/devices/").status_code == 302


def test_the_first_day_names_no_customer_of_another_branch(as_maria, elsewhere, hour):
    visit = services.confirm_selection(elsewhere, choices=[Choice(hour.pk)])
    assert visit.code not in as_maria.get("/").content.decode()


@pytest.mark.parametrize(
    "lookup",
    [
        "queueing/transaction/?key__regex=^a",
        "queueing/transaction/?key__startswith=a",
        "queueing/transaction/?customer_name__startswith=A",
        "queueing/transaction/?therapist__user__password__startswith=argon2",
        "queueing/transaction/?status__regex=p",
        "payments/payment/?receipt_key__startswith=a",
        "accounts/user/?pin__startswith=argon2",
        "accounts/user/?branch__user__password__startswith=argon2",
        "queueing/room/?current_transaction__key__startswith=a",
        "catalog/service/?category__services__image_url__startswith=h",
    ],
)
def test_a_list_takes_no_lookup_but_those_of_its_filters(as_maria, lookup):
    assert as_maria.get(f"/admin/{lookup}").status_code == 400


@pytest.mark.parametrize(
    "lookup",
    [
        "queueing/transaction/?status__exact=paid&therapist__id__exact=1&therapist__isnull=True",
        "queueing/transaction/?business_date__year=2026&business_date__month=5&business_date__day=1",
        "queueing/transaction/?business_date__gte=2026-01-01&business_date__lt=2026-02-01",
        "queueing/transactionevent/?transaction__branch__id__exact=1",
        "payments/payment/?method__code__exact=cash",
        "accounts/user/?is_active__exact=1&branch__id__exact=1",
        "catalog/service/?category__id__exact=1",
        "catalog/serviceclassification/?service__category__id__exact=1",
    ],
)
def test_a_list_takes_the_lookups_of_its_filters(as_maria, lookup):
    assert as_maria.get(f"/admin/{lookup}").status_code in (200, 302)
