"""ASGI application with a fault built in: `FAULT=chaos:7`. The product has no such switch."""

import os

from spa_project.asgi import application
from spa_project.tests.faults import chaos, crash, points, skew

__all__ = ["application"]

kind, _colon, argument = os.environ["FAULT"].partition(":")
INSTALL = {
    "chaos": chaos.install,
    "crash": crash.install,
    "points": points.install,
    "skew": skew.install,
}
INSTALL[kind](argument)
