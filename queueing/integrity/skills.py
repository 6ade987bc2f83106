"""The integrity rule of skills: a visit needs those of its items."""

from django.db.models import Q

from queueing.models import Transaction
from queueing.skills import members_of
from spa_project.lib.db.integrity import Broken, Rows, RuleSet

rules = RuleSet()


@rules.rule("A visit needs the skills of its items.", of=Transaction)
def skills(rows: Rows) -> Broken:
    """Find transactions whose skill set is not that of their items."""
    skilled = rows.filter(Q(skill_set__isnull=False) | Q(items__skill__isnull=False)).distinct()
    for row in skilled.select_related("skill_set").prefetch_related("items"):
        has = row.skill_set.members if row.skill_set else ""
        needed = members_of({item.skill_id for item in row.items.all()})
        if has != needed:
            yield row.pk, f"it needs the skills {has or 'none'}, its items {needed or 'none'}"
