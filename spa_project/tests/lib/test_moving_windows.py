"""Tests of the moving windows in memory, and of the library's internals that they depend on."""

import threading

import pytest
import time_machine
from limits.storage import MemoryStorage

from spa_project.lib.moving_windows import BoundedMemory


@pytest.fixture
def memory() -> BoundedMemory:
    storage = BoundedMemory(maximum=3)
    storage.timer.join()  # the library starts it once, when the storage is made
    return storage


def hit(memory: MemoryStorage, key: str, limit: int = 2) -> bool:
    return memory.acquire_entry(key, limit, 60)


def test_a_hit_starts_no_thread(memory):
    before = set(threading.enumerate())
    hit(memory, "a")
    assert not memory.timer.is_alive()
    assert set(threading.enumerate()) <= before


def test_the_librarys_own_memory_still_starts_one():
    storage = MemoryStorage()
    storage.timer.join()
    first = storage.timer
    hit(storage, "a")
    assert storage.timer is not first, "otherwise moving_windows.py is no longer needed"
    storage.timer.join()


def test_the_keys_used_longest_ago_are_forgotten_first(memory):
    for key in ("a", "b", "c", "a", "d"):
        assert hit(memory, key)
    assert list(memory.events) == ["c", "a", "d"]
    assert set(memory.locks) <= {"c", "a", "d"}


def test_a_refused_key_counts_as_used(memory):
    for key in ("a", "b", "c"):
        hit(memory, key, limit=1)
    assert not hit(memory, "a", limit=1)
    hit(memory, "d", limit=1)
    assert list(memory.events) == ["c", "a", "d"]


def test_keys_out_of_date_are_forgotten_by_the_next_hit(memory):
    with time_machine.travel(1_000_000_000, tick=False) as clock:
        hit(memory, "a")
        clock.shift(30)
        hit(memory, "b")
        clock.shift(31)
        hit(memory, "c")
    assert list(memory.events) == ["b", "c"]


def test_a_busy_key_keeps_no_more_entries_than_its_limit(memory):
    with time_machine.travel(1_000_000_000, tick=False) as clock:
        for _each in range(20):
            assert hit(memory, "a")
            clock.shift(31)
    assert len(memory.events["a"]) == 2
