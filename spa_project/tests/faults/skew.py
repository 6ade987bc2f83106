"""Fault: a process whose wall clock is wrong by so many seconds; the monotonic clock is right."""

import datetime

import time_machine


def install(seconds: str) -> None:
    """Shift the wall clock of this process from now on."""
    wrong = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=int(seconds))
    time_machine.travel(wrong, tick=True).start()
