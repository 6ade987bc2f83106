"""Tests of the delay of sockets from clients that send too much."""

import time

from spa_project.lib.realtime import flood_delay


def test_only_a_client_that_flooded_within_the_last_second_is_delayed(monkeypatch):
    delay = flood_delay.FloodDelay()
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now)
    delay.note("one")
    assert delay.seconds("one") == flood_delay.SECONDS
    assert delay.seconds("another") == 0
    now += flood_delay.SECONDS
    assert delay.seconds("one") == 0
    assert delay._closed_at == {}


def test_no_number_of_floods_takes_memory_without_end(monkeypatch):
    monkeypatch.setattr(flood_delay, "REMEMBERED", 3)
    delay = flood_delay.FloodDelay()
    for number in range(10):
        delay.note(str(number))
        assert len(delay._closed_at) <= 3
        assert delay.seconds(str(number)) > 0
