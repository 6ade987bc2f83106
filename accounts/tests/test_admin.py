"""Tests of a manager's pages for staff: one form, passwords, roles, nobody gains rights."""

import re
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.contrib.admin.models import LogEntry
from django.http import HttpResponse
from django.test import Client

from accounts.models import Branch, Role, User
from accounts.tests.by_token import LET_IN, NOBODY, bearer, claim, log_in, post
from conftest import PASSWORD, make_therapist, make_user

PEOPLE = "/admin/accounts/user/"


@pytest.fixture
def as_maria(client, maria):
    client.force_login(maria)
    return client


@pytest.fixture
def as_owner(client, branch):
    client.force_login(make_user("Olivia", branch, is_staff=True, is_superuser=True))
    return client


def change(client: Client, person: User, **fields) -> Any:
    """Save a person's form as the browser sends it, with these fields changed."""
    page = client.get(f"{PEOPLE}{person.pk}/change/")
    shown = page.context["adminform"].form.initial
    sent = {name: value for name, value in (shown | fields).items() if value not in (None, False)}
    return client.post(f"{PEOPLE}{person.pk}/change/", sent)


def errors_of(response: Any) -> dict[str, list[str]]:
    assert response.status_code == 200, "it was saved"
    return response.context["adminform"].form.errors


def password_shown(response: HttpResponse) -> str:
    [password] = re.findall(r'<code id="password-\d+">([^<]+)</code>', response.content.decode())
    return password


def test_a_manager_hires_a_therapist(as_maria, branch, noor):
    room = noor.own_room
    response = as_maria.post(
        f"{PEOPLE}add/",
        {"name": "Tess", "username": "tess", "branch": branch.pk, "roles": ["therapist"]}
        | {"own_room": room.pk},
    )
    tess = User.objects.with_roles().get(username="tess")
    assert tess.roles == {Role.THERAPIST}
    assert (tess.shown_name, tess.therapist.own_room) == ("Tess", room)
    assert tess.check_password(password_shown(response))


def test_a_first_password_is_shown_once_and_stored_nowhere(as_maria, branch):
    fields = {"name": "Tess", "branch": branch.pk, "roles": ["cashier"], "counter": "3"}
    first = password_shown(as_maria.post(f"{PEOPLE}add/", fields))
    tess = User.objects.get(username="tess")
    assert tess.cashier.counter_number == "3"
    for path in (PEOPLE, f"{PEOPLE}{tess.pk}/change/", f"{PEOPLE}{tess.pk}/history/"):
        assert first not in as_maria.get(path).content.decode()
    assert first not in str(LogEntry.objects.values_list("change_message"))
    assert first not in str(as_maria.session.items())


def test_the_form_shows_no_hash_and_no_words_about_passwords(as_maria, maya):
    for path in (f"{PEOPLE}add/", f"{PEOPLE}{maya.user.pk}/change/"):
        page = as_maria.get(path).content.decode()
        for word in ("algorithm", "LDAP", "usable_password", "md5", "150 characters"):
            assert word not in page


def test_a_username_is_made_from_the_name(as_maria, branch, maya):
    make_user("ana.maria", branch)
    fields = {"name": "Ana María", "branch": branch.pk, "roles": ["manager"]}
    as_maria.post(f"{PEOPLE}add/", fields)
    assert User.objects.get(first_name="Ana María").username == "ana.maria2"


def test_a_manager_sets_a_new_password_that_is_shown_once(as_maria, maya):
    token = log_in("maya")
    chosen = {"action": "new_passwords", "_selected_action": [maya.user.pk]}
    asked = as_maria.post(PEOPLE, chosen)
    assert "Maya (maya)" in asked.content.decode()
    assert claim(**bearer(token)) == LET_IN
    password = password_shown(as_maria.post(PEOPLE, chosen | {"confirmed": "yes"}))
    maya.user.refresh_from_db()
    assert maya.user.check_password(password)
    assert claim(**bearer(token)) == NOBODY
    assert LogEntry.objects.get().object_id == str(maya.user.pk)


def test_a_manager_sets_no_password_of_a_superuser(as_maria, branch):
    root = make_user("Root", branch, is_staff=True, is_superuser=True)
    chosen = {"action": "new_passwords", "_selected_action": [root.pk], "confirmed": "yes"}
    as_maria.post(PEOPLE, chosen)
    root.refresh_from_db()
    assert root.check_password(PASSWORD)


def test_a_managers_own_new_password_leaves_them_logged_in(as_maria, maria):
    chosen = {"action": "new_passwords", "_selected_action": [maria.pk], "confirmed": "yes"}
    password = password_shown(as_maria.post(PEOPLE, chosen))
    maria.refresh_from_db()
    assert maria.check_password(password)
    assert as_maria.get(PEOPLE).status_code == 200


def test_a_manager_switches_somebody_off(as_maria, mona):
    response = change(as_maria, mona, is_active=False)
    assert response.status_code == 302
    mona.refresh_from_db()
    assert not mona.is_active
    assert mona.roles == frozenset()


def test_a_manager_cannot_make_a_superuser(as_maria, mona):
    assert change(as_maria, mona, is_superuser="on").status_code == 302
    mona.refresh_from_db()
    assert not mona.is_superuser


def test_a_manager_does_not_see_superusers(as_maria, branch):
    root = make_user("Root", branch, is_staff=True, is_superuser=True)
    assert as_maria.get(f"/admin/accounts/user/{root.pk}/change/").status_code == 302
    assert as_maria.get(f"/admin/accounts/user/{root.pk}/password/").status_code in (302, 404)


def test_nobody_is_deleted(as_maria, mona):
    assert as_maria.get(f"/admin/accounts/user/{mona.pk}/delete/").status_code == 403


@pytest.mark.parametrize("person", ["maya", "carl", "mona"])
def test_the_admin_is_for_managers(client, maya, carl, mona, person):
    client.force_login({"maya": maya.user, "carl": carl.user, "mona": mona}[person])
    assert client.get("/admin/").status_code == 302


def test_a_manager_ends_every_login_of_a_person_after_saying_so_twice(as_maria, maya, noor):
    token, noors = log_in("maya"), log_in("noor")
    chosen = {"action": "end_logins", "_selected_action": [maya.user.pk]}
    asked = as_maria.post(PEOPLE, chosen)
    assert b"maya" in asked.content
    assert b"noor" not in asked.content
    assert claim(**bearer(token)) == LET_IN
    done = as_maria.post(PEOPLE, chosen | {"confirmed": "yes"}, follow=True)
    assert b"1 person is logged out everywhere." in done.content
    assert claim(**bearer(token)) == NOBODY
    assert claim(**bearer(noors)) == LET_IN
    assert LogEntry.objects.get().object_id == str(maya.user.pk)


def test_a_manager_ends_no_login_of_a_superuser(as_maria, branch):
    root = make_user("Root", branch, is_staff=True, is_superuser=True)
    chosen = {"action": "end_logins", "_selected_action": [root.pk], "confirmed": "yes"}
    as_maria.post(PEOPLE, chosen)
    root.refresh_from_db()
    assert root.login_epoch == 0


def test_a_manager_lets_somebody_try_again(as_maria, maya):
    for _try in range(5):
        post(Client(), "/api/login/", {"username": "maya", "password": "wrong"})
    right = {"username": "maya", "password": PASSWORD}
    assert post(Client(), "/api/login/", right).status_code == 429
    as_maria.post(PEOPLE, {"action": "allow_new_tries", "_selected_action": [maya.user.pk]})
    assert not AccessAttempt.objects.exists()
    assert post(Client(), "/api/login/", right).status_code == 200


# -- Roles on one form ----------------------------------------------------------------------------


def test_roles_are_check_boxes_and_never_deleted(as_maria, maya):
    change(as_maria, maya.user, roles=["cashier", "monitor"], counter="2")
    user = User.objects.with_roles().get(pk=maya.user.pk)
    assert user.roles == {Role.CASHIER, Role.MONITOR}
    assert user.therapist == maya
    change(as_maria, user, roles=["therapist"])
    user = User.objects.with_roles().get(pk=maya.user.pk)
    assert user.roles == {Role.THERAPIST}
    assert (user.therapist, user.cashier.counter_number) == (maya, "2")


def test_a_changed_name_is_the_one_on_screens(as_maria, maya):
    change(as_maria, maya.user, name="  Maya  R. ")
    maya.refresh_from_db()
    assert maya.display_name == "Maya R."


def test_saving_a_person_unchanged_changes_nothing(as_maria, maya, maria):
    for person in (maya.user, maria):
        before = User.objects.filter(pk=person.pk).values().get()
        assert change(as_maria, person).status_code == 302
        assert User.objects.filter(pk=person.pk).values().get() == before


def test_an_own_room_is_one_of_the_persons_branch(as_owner, maya, olga):
    told = errors_of(change(as_owner, maya.user, own_room=olga.own_room_id))
    assert told == {
        "own_room": ["Room 1 is in Cebu. Choose one of the person's own branch."],
    }


def test_everybody_but_an_owner_has_a_branch_and_a_role(as_maria, maya):
    assert errors_of(change(as_maria, maya.user, branch="")) == {"branch": ["Choose a branch."]}
    assert errors_of(change(as_maria, maya.user, roles=[])) == {
        "roles": ["Choose at least one role."]
    }


def test_two_people_of_a_branch_have_two_names(as_owner, maya, branch, other_branch):
    fields = {"name": "maya", "username": "other", "branch": branch.pk, "roles": ["cashier"]}
    told = errors_of(as_owner.post(f"{PEOPLE}add/", fields))
    assert told == {"name": ["maya is the name of maya, too. Add an initial, for example."]}
    elsewhere = fields | {"branch": other_branch.pk}
    assert password_shown(as_owner.post(f"{PEOPLE}add/", elsewhere))


def test_people_who_share_a_name_already_can_be_changed(as_maria, maya, branch, noor):
    noor.display_name = "Maya"
    noor.save()
    assert change(as_maria, noor.user, is_active=False).status_code == 302


# -- People with a customer -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "value"), [("is_active", False), ("branch", "other"), ("roles", ["manager"])]
)
def test_a_therapist_with_a_customer_stays(
    as_owner, maya, make_transaction, other_branch, field, value
):
    code = make_transaction("in_service").code
    if value == "other":
        value = other_branch.pk
    without_room = {"own_room": ""} if field == "branch" else {}
    told = errors_of(change(as_owner, maya.user, **{field: value, **without_room}))
    assert told == {field: [f"Maya is with {code}. Finish or hand over first."]}
    maya.refresh_from_db()
    assert maya.active
    assert maya.user.is_active


def test_a_cashier_with_a_customer_stays(as_maria, carl, make_transaction):
    code = make_transaction("awaiting_payment").code
    assert errors_of(change(as_maria, carl.user, is_active=False)) == {
        "is_active": [f"Carl is with {code}. Take the payment or return to line first."]
    }


def test_a_person_with_a_customer_may_gain_a_role_and_a_name(as_maria, maya, make_transaction):
    make_transaction("in_service")
    changed = change(as_maria, maya.user, roles=["therapist", "cashier"], name="Maya R.")
    assert changed.status_code == 302


def test_the_last_owner_stays(client, branch):
    root = make_user("Root", branch, is_staff=True, is_superuser=True)
    client.force_login(root)
    told = ["root is the last owner, who must be able to open Administration."]
    assert errors_of(change(client, root, is_active=False)) == {"is_active": told}
    assert errors_of(change(client, root, roles=["cashier"])) == {"roles": told}
    make_user("Second", branch, is_staff=True, is_superuser=True)
    assert change(client, root, is_active=False).status_code == 302


# -- The list -------------------------------------------------------------------------------------


def test_the_list_shows_roles_and_the_current_customer(as_maria, maya, carl, make_transaction):
    visit = make_transaction("in_service")
    page = as_maria.get(PEOPLE).content.decode()
    assert f'<a href="/admin/queueing/transaction/{visit.pk}/change/">{visit.code}</a>' in page
    assert "In treatment" in page
    assert "Therapist" in page


def test_people_are_found_by_their_name_on_screens(as_maria, branch, maya):
    make_therapist("Zenaida", branch, "5")
    User.objects.filter(username="zenaida").update(username="t9")
    page = as_maria.get(PEOPLE, {"q": "Zenai"}).content.decode()
    assert "t9" in page
    assert "Maya" not in page


@pytest.mark.parametrize("role", Role)
def test_people_are_filtered_by_role(as_maria, maya, carl, mona, maria, role):
    names = {"therapist": "maya", "cashier": "carl", "monitor": "mona", "manager": "maria"}
    found = as_maria.get(PEOPLE, {"role": role}).context["cl"].result_list
    assert [person.username for person in found] == [names[role]]


def test_the_list_asks_no_more_for_more_people(as_maria, branch, maya, captured_statements):
    with captured_statements() as few:
        as_maria.get(PEOPLE)
    for number in range(5):
        make_therapist(f"T{number}", branch, f"1{number}")
    with captured_statements() as many:
        as_maria.get(PEOPLE)
    assert len(many) == len(few)


@pytest.mark.parametrize("typed", ["2400", "2,400", "₱2,400.00"])
def test_the_large_change_limit_is_read_as_people_write_it(as_maria, branch, typed):
    address = f"/admin/accounts/branch/{branch.pk}/change/"
    form = as_maria.get(address).context["adminform"].form
    assert 'value="1,000.00"' in str(form["doubtful_change"])
    sent = {k: v for k, v in form.initial.items() if v is not False and (v or v == 0)}
    assert as_maria.post(address, sent | {"doubtful_change": typed}).status_code == 302
    assert Branch.objects.get(pk=branch.pk).doubtful_change == 2400
