"""Check every integrity rule of `payments.integrity` against every row."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from payments.integrity import all_rules
from spa_project.lib.db.integrity import Outcome
from spa_project.lib.db.replica import add_database_option, source_named
from spa_project.lib.upkeep import LEDGER, recorded

HELP = """Check every integrity rule of visits, rooms, events and payments.

It only reads, in short steps, so it may run during business hours. It exits with 1 when a row
breaks a rule, and names the rows."""


class Command(BaseCommand):
    """The command `manage.py verify_ledger [--database ALIAS]`."""

    help = HELP

    def add_arguments(self, parser: CommandParser) -> None:
        add_database_option(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        with recorded(LEDGER):
            self._verify(options["database"])

    def _verify(self, named: str | None) -> None:
        source = source_named(named)
        rows = all_rules.count_rows(source.alias)
        broken = 0
        with tqdm(total=rows, unit=" rows", disable=None, leave=False) as bar:
            for outcome in all_rules.run(bar.update, source.alias):
                bar.clear()
                self._report(outcome)
                broken += outcome.broken
        if words := source.in_words():
            self.stdout.write(words)
        if broken:
            raise CommandError(f"The data is inconsistent. Problems found: {broken:,}")
        self.stdout.write(f"The data is consistent: {len(all_rules.rules)} rules, {rows:,} rows.")

    def _report(self, outcome: Outcome) -> None:
        verdict = f"{outcome.broken:,} WRONG of" if outcome.broken else "ok,"
        what = outcome.rule.model._meta.verbose_name_plural
        self.stdout.write(f"{outcome.rule.sentence} {verdict} {outcome.looked_at:,} {what}")
        for finding in outcome.findings:
            self.stdout.write(f"    {finding}")
        if unsaid := outcome.broken - len(outcome.findings):
            self.stdout.write(f"    and {unsaid:,} more")
