"""Tests of the branch's business day."""

import datetime
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError

from accounts.models import Branch

MANILA = ZoneInfo("Asia/Manila")


@pytest.mark.parametrize(("hour", "minute", "day"), [(3, 59, 21), (4, 0, 22), (23, 59, 22)])
def test_the_day_begins_when_the_branch_says(hour, minute, day):
    branch = Branch(time_zone="Asia/Manila", day_start=datetime.time(4, 0))
    moment = datetime.datetime(2026, 11, 22, hour, minute, tzinfo=MANILA)
    assert branch.business_date(moment) == datetime.date(2026, 11, day)


def test_the_day_is_the_branchs_not_the_servers():
    branch = Branch(time_zone="Asia/Manila", day_start=datetime.time(4, 0))
    late = datetime.datetime(2026, 11, 21, 22, 0, tzinfo=datetime.UTC)
    assert branch.business_date(late) == datetime.date(2026, 11, 22)


def test_a_day_on_which_clocks_change_is_one_day():
    branch = Branch(time_zone="Europe/Madrid", day_start=datetime.time(4, 0))
    spring = datetime.datetime(2026, 3, 29, 3, 30, tzinfo=ZoneInfo("Europe/Madrid"))
    assert branch.business_date(spring) == datetime.date(2026, 3, 28)
    assert branch.business_date(spring.replace(hour=4)) == datetime.date(2026, 3, 29)


def test_a_time_zone_that_is_none_is_refused():
    with pytest.raises(ValidationError, match="Middle-earth"):
        Branch(name="Shire", slug="shire", time_zone="Middle-earth/Shire").clean_fields()
