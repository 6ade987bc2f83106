"""Undo of a price change: the price of before, unless somebody changed it since."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.transaction import atomic
from django.utils.translation import gettext as _

from catalog.models import ServiceClassification
from spa_project.lib.db.history import UNDO, because, records_of
from spa_project.lib.money import display_amount
from spa_project.lib.web.history_page import Entry
from spa_project.lib.web.optimistic_forms import who_and_when


@dataclass(frozen=True)
class PriceChange:
    """A record of a changed price."""

    record: Any
    old: Decimal
    new: Decimal

    def refusal(self, option: ServiceClassification | None) -> str:
        """Return why the change cannot be undone, empty when it can."""
        if option is None:
            return _("This option was deleted, so its price can't be undone.")
        if option.price == self.new:
            return ""
        if option.price == self.old:
            return _("The price is %(price)s already.") % {"price": display_amount(self.old)}
        values = who_and_when([(option, "price")]) | {"price": display_amount(option.price)}
        if values["ago"]:
            told = _("%(who)s changed the price to %(price)s %(ago)s ago. Nothing was undone.")
        else:
            told = _("%(who)s just changed the price to %(price)s. Nothing was undone.")
        return told % values


def find(key: int) -> PriceChange | None:
    """Return the price change with this record, None where the record is not of one."""
    records = records_of(ServiceClassification)
    record = records.filter(history_id=key, history_type="~").select_related("history_user").first()
    if record is None:
        return None
    before = records.filter(id=record.id, history_id__lt=key).order_by("-history_id").first()
    if before is None or before.price == record.price:
        return None
    return PriceChange(record, before.price, record.price)


@atomic
def undo(change: PriceChange) -> str:
    """Write the price of before; return why not, empty when it was written."""
    rows = ServiceClassification.objects.select_for_update()
    option = rows.filter(pk=change.record.id).first()
    if (refusal := change.refusal(option)) or option is None:
        return refusal
    option.price = change.old
    with because(UNDO):
        option.save(update_fields=["price"])
    return ""


def possible(entries: Iterable[Entry]) -> list[Entry]:
    """Return the price changes among these whose new price is still the present one."""
    changed = [
        entry
        for entry in entries
        if entry.record.history_type == "~"
        and entry.before is not None
        and entry.before.price != entry.record.price
    ]
    keys = {entry.record.id for entry in changed}
    prices = dict(ServiceClassification.objects.filter(pk__in=keys).values_list("pk", "price"))
    return [entry for entry in changed if prices.get(entry.record.id) == entry.record.price]
