"""Simulate a day: customers, therapists and cashiers work through real sockets."""

import asyncio
import json
import random
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DEFAULT_DB_ALIAS
from tqdm import tqdm

from accounts.demo import logins_file
from queueing.simulation.client import ConnectionRejected
from queueing.simulation.day import Tally
from queueing.simulation.opening import saturday, steadily
from queueing.simulation.play import Play, is_staff
from queueing.simulation.tickets import wrong_tickets

HELP = """Play a day at the spa through the real sockets of a running server.

Customers come as on a Saturday, order, wait, are treated and pay; some leave, some never come,
some want more, and now and then a tablet dies. At the end the data is verified, and every
ticket is held against the database. Ends with 1 when something is not as it must be."""

#: Minutes between two customers of a steady floor, for each therapist: more than they can treat.
STEADY_GAP = 70.0


class Command(BaseCommand):
    """`manage.py simulate [--url URL] [--speed N] [--customers N] [--seed N] [--steady]`."""

    help = HELP

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--url", default="http://127.0.0.1:8000", help="of the running server")
        parser.add_argument(
            "--speed", type=float, default=120.0, metavar="N", help="minutes that pass in one"
        )
        parser.add_argument("--customers", type=int, default=40, metavar="N")
        parser.add_argument("--seed", type=int, metavar="N", help="the same day again")
        parser.add_argument(
            "--steady",
            action="store_true",
            help="customers come evenly until Ctrl-C; the last therapist and cashier stay free",
        )
        parser.add_argument(
            "--logins",
            type=Path,
            default=logins_file(),
            metavar="FILE",
            help='{"therapist1": "password", ...}; those of the demo if nothing is said',
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["speed"] <= 0:
            raise CommandError("--speed must be more than 0.")
        seed = random.randrange(10**6) if options["seed"] is None else options["seed"]
        chance = random.Random(seed)
        staff = _staff(options["logins"], leave_free=options["steady"])
        try:
            play = Play(options["url"], staff, speed=options["speed"], chance=chance)
        except OSError as error:
            raise CommandError(f"{options['url']} does not let us in: {error}") from error
        arrivals = saturday(options["customers"], chance)
        if options["steady"]:
            therapists = sum(name.startswith("therapist") for name in staff)
            arrivals = steadily(STEADY_GAP / therapists, chance)
        total = None if options["steady"] else options["customers"]
        self._run(play, arrivals, total, quiet=options["verbosity"] == 0)
        self._tell(play.tally, seed)
        if wrong := wrong_tickets(play.tally):
            raise CommandError("\n".join(["Tickets are wrong:", *wrong]))
        call_command(
            "verify_ledger",
            database=DEFAULT_DB_ALIAS,
            stdout=self.stdout,
            verbosity=options["verbosity"],
        )

    def _run(
        self, play: Play, arrivals: Iterator[float], total: int | None, *, quiet: bool
    ) -> None:
        """Play until the last customer has left, or until Ctrl-C closes early."""
        with (
            tqdm(total=total, unit=" customers", disable=quiet or None) as bar,
            suppress(KeyboardInterrupt),
        ):
            try:
                asyncio.run(play.run(arrivals, bar.update))
            except* ConnectionRejected as refused:
                code = refused.exceptions[0]
                raise CommandError(f"The server closed a socket for good: {code}") from refused

    def _tell(self, tally: Tally, seed: int) -> None:
        for what, count in sorted(tally.counts.items()):
            self.stdout.write(f"  {what:<18}{count:>6,}")
        self.stdout.write(f"  {'taken':<18}{tally.taken:>9,.2f}")
        for code, count in sorted(tally.refusals.items()):
            self.stdout.write(f"  refused: {code:<18}{count:>6,}")
        self.stdout.write(f"The same day again: --seed {seed}")


def _staff(logins: Path, *, leave_free: bool) -> Mapping[str, str]:
    """Return the logins of staff by name; `leave_free` leaves out the last of each kind."""
    try:
        found = json.loads(logins.read_text())
    except (OSError, ValueError) as error:
        raise CommandError(f"No logins to work with: {error}") from error
    names = sorted(filter(is_staff, found))
    therapists = [name for name in names if name.startswith("therapist")]
    cashiers = [name for name in names if name.startswith("cashier")]
    if leave_free:
        therapists, cashiers = therapists[:-1], cashiers[:-1]
    if not therapists or not cashiers:
        raise CommandError(f"{logins} has too few therapists or cashiers.")
    return {name: found[name] for name in (*therapists, *cashiers)}
