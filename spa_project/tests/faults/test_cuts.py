"""Tests that screens converge although their connections break again and again."""

import pytest

from spa_project.tests.faults.cut_connections import cut_again_and_again
from tools.faults.people import screens_on

pytestmark = [pytest.mark.servers, pytest.mark.timed, pytest.mark.asyncio]


async def test_every_screen_ends_right_however_often_it_was_cut(processes, shift, staff):
    screens = [
        screen for _each in range(6) for server in processes for screen in screens_on(server, staff)
    ]
    outcome = await cut_again_and_again(screens, processes, shift, every=2.5, away=0.7, lasting=6.0)
    assert outcome.cuts >= 2 * len(screens)
