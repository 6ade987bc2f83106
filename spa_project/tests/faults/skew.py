"""A process whose clock is wrong by so many seconds; what measures time by itself goes right."""

import datetime

import time_machine


def install(seconds: str) -> None:
    """From now on this process takes every moment for one so much later, or earlier."""
    wrong = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=int(seconds))
    time_machine.travel(wrong, tick=True).start()
