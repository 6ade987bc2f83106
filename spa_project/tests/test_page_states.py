"""Tests of what pages say in their less usual states."""

import re
from datetime import date

import pytest
from django.utils.formats import date_format
from django.utils.translation import override

from accounts.branches import BRANCH_COOKIE
from accounts.models import Branch

OFF = "Your account is switched off. Ask a manager."


def brand_of(page: str) -> str:
    """Return the name in the page's header."""
    found = re.search(r'class="brand-mark".*?<span[^>]*>(.*?)</span>', page, re.DOTALL)
    assert found
    return found[1]


@pytest.mark.parametrize("path", ["/accounts/login/", "/nothing-here/"])
def test_a_page_without_a_branch_has_the_name_of_the_only_one(client, branch, path):
    assert brand_of(client.get(path).content.decode()) == branch.name


def test_a_page_without_a_branch_has_the_name_of_the_one_visited_last(client, branch, other_branch):
    client.cookies[BRANCH_COOKIE] = other_branch.slug
    assert brand_of(client.get("/accounts/login/").content.decode()) == other_branch.name


def test_a_phone_that_remembers_a_closed_branch_gets_the_menu_of_the_open_one(
    client, branch, other_branch
):
    client.cookies[BRANCH_COOKIE] = other_branch.slug
    Branch.objects.filter(pk=other_branch.pk).update(active=False)
    page = client.get("/menu/").content.decode()
    assert brand_of(page) == branch.name


def test_a_phone_that_remembers_a_closed_branch_chooses_among_the_open_ones(
    client, branch, other_branch, hour
):
    third = Branch.objects.create(name="Garden House", slug="garden")
    client.cookies[BRANCH_COOKIE] = other_branch.slug
    Branch.objects.filter(pk=other_branch.pk).update(active=False)
    page = client.get("/menu/", follow=True).content.decode()
    assert "?branch=garden" in page
    assert branch.name in page
    assert third.name in page
    assert other_branch.name not in page


def test_a_refused_page_has_the_name_of_the_persons_branch(client, branch, other_branch, maya):
    client.force_login(maya.user)
    response = client.get("/reports/")
    assert response.status_code == 403
    assert brand_of(response.content.decode()) == branch.name


def test_a_person_switched_off_meanwhile_learns_why_they_must_log_in(client, maya):
    client.force_login(maya.user)
    maya.user.is_active = False
    maya.user.save()
    page = client.get("/therapist/", follow=True).content.decode()
    assert OFF in page


def test_an_error_of_the_period_stands_below_the_form(client, maria):
    client.force_login(maria)
    page = client.get("/reports/?first=2026-02-30&last=2026-01-01").content.decode()
    form = page.partition('class="report-period"')[2].partition("</form>")[0]
    assert "Enter a valid date." in page
    assert "Enter a valid date." not in form


def test_the_header_has_the_name_that_the_screens_show(client, maya):
    client.force_login(maya.user)
    page = client.get("/therapist/").content.decode()
    assert f'title="My PIN" data-person-name>{maya.display_name}</a>' in page
    assert f'<span class="who">{maya.user.username}</span>' not in page


def test_spanish_months_begin_with_a_small_letter():
    with override("es"):
        assert date_format(date(2026, 11, 26), "MONTH_DAY_FORMAT") == "jue 26 nov"


def test_filipino_tables_name_days_and_months_as_the_chart_does():
    with override("fil"):
        assert date_format(date(2026, 11, 26), "MONTH_DAY_FORMAT") == "Huw, Nob 26"
        assert date_format(date(2026, 9, 1), "DATE_FORMAT") == "Set 1, 2026"
