"""Raising or lowering many prices at once, by percent or by an amount, with rounding."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django import forms
from django.conf import settings
from django.db.transaction import atomic
from django.utils.functional import lazystr
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalog.models import ServiceClassification
from spa_project.lib.money import MAX_DIGITS, display_amount, read_amount
from spa_project.lib.web.amount_field import AmountField

_CENT = Decimal("0.01")
_LIMIT = Decimal(10) ** (MAX_DIGITS - 2)


class BulkChangeForm(forms.Form):
    """How to change the chosen prices."""

    direction = forms.ChoiceField(
        label=gettext_lazy("Direction"),
        choices=[("raise", gettext_lazy("Raise")), ("lower", gettext_lazy("Lower"))],
    )
    value = AmountField(label=gettext_lazy("By"), min_value=_CENT)
    unit = forms.ChoiceField(
        label=gettext_lazy("Unit"),
        choices=[("percent", gettext_lazy("percent")), ("amount", lazystr(settings.CURRENCY))],
    )
    rounding = forms.ChoiceField(
        label=gettext_lazy("Round to"),
        required=False,
        choices=[("", gettext_lazy("don't round")), ("1", "1"), ("5", "5"), ("10", "10")],
    )

    def new_price(self, old: Decimal) -> Decimal:
        """Return the price after the change; only for a valid form."""
        value: Decimal = self.cleaned_data["value"]
        step = old * value / 100 if self.cleaned_data["unit"] == "percent" else value
        changed = old + step if self.cleaned_data["direction"] == "raise" else old - step
        unit = Decimal(self.cleaned_data["rounding"] or _CENT)
        return ((changed / unit).quantize(Decimal(1), ROUND_HALF_UP) * unit).quantize(_CENT)


@dataclass(frozen=True)
class NewPrice:
    """An option with its price before and after the change."""

    option: ServiceClassification
    old: Decimal
    new: Decimal

    @property
    def difference(self) -> Decimal:
        """Return by how much the price changes."""
        return self.new - self.old

    @property
    def error(self) -> str:
        """Return why this cannot be a price, empty when it can."""
        if self.new < 0:
            return _("Below zero")
        return _("Too high") if self.new >= _LIMIT else ""


def preview(form: BulkChangeForm, options: Iterable[ServiceClassification]) -> list[NewPrice]:
    """Return what the change makes of each price; only for a valid form."""
    return [NewPrice(option, option.price, form.new_price(option.price)) for option in options]


@atomic
def apply(
    form: BulkChangeForm, options: Sequence[ServiceClassification], seen: dict[str, Any]
) -> tuple[list[NewPrice], list[str]]:
    """Write the new prices unless somebody changed one since the preview that showed `seen`.

    Returns what was written, and the reasons why nothing was.
    """
    keys = [option.pk for option in options]
    now = ServiceClassification.objects.select_for_update().in_bulk(keys)
    refusals = [
        reason for option in options if (reason := _refusal(option, now.get(option.pk), seen))
    ]
    for option in options:
        if option.pk in now:
            now[option.pk].service = option.service
    changes = preview(form, now.values())
    refusals += [f"{change.option}: {change.error}" for change in changes if change.error]
    if refusals:
        return [], refusals
    written = [change for change in changes if change.difference]
    for change in written:
        change.option.price = change.new
        change.option.save(update_fields=["price"])
    return written, []


def _refusal(
    option: ServiceClassification, now: ServiceClassification | None, seen: dict[str, Any]
) -> str:
    """Return why this option cannot be changed as its preview said, empty when it can."""
    if now is None:
        return _("%(option)s was deleted meanwhile.") % {"option": option}
    try:
        shown = read_amount(str(seen.get(str(option.pk), "")))
    except ValueError:
        return _("%(option)s was not in the preview.") % {"option": option}
    if shown == now.price:
        return ""
    values = {"option": option, "now": display_amount(now.price), "seen": display_amount(shown)}
    return _("%(option)s: the price is now %(now)s, the preview showed %(seen)s.") % values
