"""Tests that every page has the brand and a way on, error pages included."""

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.translation import override

from accounts.models import Branch
from spa_project.lib.errors import NotAllowed, ServerError
from spa_project.lib.web.error_views import problem

pytestmark = pytest.mark.django_db


def header_of(page: str) -> str:
    return page[page.index("<header") : page.index("</header>")]


@pytest.mark.parametrize("path", ["/nothing/", "/offline/", "/api/docs", "/accounts/login/"])
def test_a_visitors_page_has_the_brand_that_leads_home(client, branch, path):
    header = header_of(client.get(path).content.decode())
    assert branch.name in header
    assert f'class="brand" href="{reverse("home")}"' in header


@pytest.mark.parametrize("path", ["/nothing/", "/api/docs"])
def test_a_page_that_belongs_to_no_screen_has_the_navigation_of_staff(client, maria, path):
    client.force_login(maria)
    header = header_of(client.get(path).content.decode())
    for name in ("desk", "monitor", "reports", "admin:index"):
        assert reverse(name) in header


def test_a_page_that_is_not_for_a_person_has_their_navigation(client, maya):
    client.force_login(maya.user)
    answer = client.get("/reports/")
    assert answer.status_code == 403
    assert reverse("therapist") in header_of(answer.content.decode())


@pytest.mark.parametrize("refusal", [ServerError(), NotAllowed("Go back.")])
def test_a_page_about_a_failure_has_the_brand_without_asking_for_anything(
    refusal, django_assert_num_queries
):
    with django_assert_num_queries(0):
        page = problem("/menu/", refusal).content.decode()
    assert 'class="brand" href="/"' in header_of(page)


def test_a_refused_form_has_the_brand(branch: Branch):
    answer = Client(enforce_csrf_checks=True).post("/accounts/login/", {"username": "x"})
    assert answer.status_code == 403
    assert 'class="brand" href="/"' in header_of(answer.content.decode())


def test_the_admin_has_the_navigation_of_the_floor(client, maria):
    client.force_login(maria)
    header = header_of(client.get("/admin/").content.decode())
    for name in ("desk", "monitor", "reports", "home"):
        assert f'href="{reverse(name)}"' in header
    assert 'aria-current="page"' in header


def test_money_that_is_given_back_is_not_what_the_admin_calls_a_change(client, maria):
    client.force_login(maria)
    with override("fil"):
        page = client.get("/admin/", headers={"accept-language": "fil"}).content.decode()
    assert "Sukli" not in page


def test_the_lists_of_visits_name_the_day_in_the_language_of_the_page(client, maria):
    client.force_login(maria)
    page = client.get("/admin/queueing/transaction/", headers={"accept-language": "fil"})
    assert "Business date" not in page.content.decode()
