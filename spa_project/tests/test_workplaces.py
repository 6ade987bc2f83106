"""Tests of the branches in which a person may work, as managers set them."""

import pytest

from accounts.models import Branch, User, Workplace
from accounts.tests.test_admin import PEOPLE, change, errors_of
from conftest import make_user, session_of
from queueing.models import SetupVersion

pytestmark = pytest.mark.django_db


@pytest.fixture
def as_owner(branch, other_branch):
    return session_of(make_user("Olivia", branch, is_staff=True, is_superuser=True))


def workplaces_of(person: User) -> list[str]:
    return sorted(person.workplaces.values_list("branch__slug", flat=True))


def test_an_owner_ticks_where_else_a_person_works(as_owner, noor, other_branch):
    assert change(as_owner, noor.user, workplaces=[other_branch.pk]).status_code == 302
    assert workplaces_of(noor.user) == ["cebu"]
    assert change(as_owner, noor.user, workplaces=[]).status_code == 302
    assert workplaces_of(noor.user) == []


def test_the_present_branch_is_no_other_workplace(as_owner, carl, branch, other_branch):
    change(as_owner, carl.user, workplaces=[branch.pk, other_branch.pk])
    assert workplaces_of(carl.user) == ["cebu"]
    change(as_owner, carl.user, branch=other_branch.pk)
    assert workplaces_of(carl.user) == []


def test_other_fields_leave_the_workplaces_alone(as_owner, carl, other_branch):
    Workplace.objects.create(user=carl.user, branch=other_branch)
    change(as_owner, carl.user, name="Carlo")
    assert workplaces_of(carl.user) == ["cebu"]


def test_a_new_person_has_workplaces(as_owner, branch, other_branch):
    fields = {"name": "Tess", "username": "tess", "branch": branch.pk, "roles": ["manager"]}
    as_owner.post(f"{PEOPLE}add/", fields | {"workplaces": [other_branch.pk]})
    assert workplaces_of(User.objects.get(username="tess")) == ["cebu"]


def test_one_branch_has_no_such_choice(maria, noor):
    page = session_of(maria).get(f"{PEOPLE}{noor.user.pk}/change/")
    assert "workplaces" not in page.context["adminform"].form.fields
    assert "Also works at" not in page.text


def test_a_manager_gives_only_branches_of_their_own(maria, noor, other_branch):
    elsewhere = Branch.objects.create(name="Davao", slug="davao")
    Workplace.objects.create(user=maria, branch=other_branch)
    Workplace.objects.create(user=noor.user, branch=elsewhere)
    client = session_of(maria)
    refused = change(client, noor.user, workplaces=[elsewhere.pk, other_branch.pk])
    assert set(errors_of(refused)) == {"workplaces"}
    change(client, noor.user, workplaces=[other_branch.pk])
    # What they may not give they do not take away.
    assert workplaces_of(noor.user) == ["cebu", "davao"]


def test_workplaces_are_in_the_list_of_changes_and_in_the_setup(as_owner, noor, other_branch):
    before = SetupVersion.objects.get(branch=noor.user.branch).last
    change(as_owner, noor.user, workplaces=[other_branch.pk])
    [latest, *_others] = as_owner.get("/admin/changes/").context["entries"]
    assert (latest.name, latest.who) == ("Noor: Cebu", "olivia")
    assert SetupVersion.objects.get(branch=noor.user.branch).last > before
