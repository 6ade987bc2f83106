"""The integrity rule of notes."""

from django.db.models import Exists, OuterRef, Q

from queueing.models import Transaction, VisitNote
from spa_project.lib.db.integrity import Broken, Rows, RuleSet

rules = RuleSet()


@rules.rule("A visit has a note exactly where it says so.", of=Transaction)
def notes(rows: Rows) -> Broken:
    """Find transactions whose `has_note` does not fit the notes."""
    kept = Exists(VisitNote.objects.filter(transaction=OuterRef("pk")))
    wrong = Q(kept, has_note=False) | Q(~kept, has_note=True)
    for row in rows.filter(wrong):
        yield row.pk, "it has no note, but says so" if row.has_note else "its note is not shown"
