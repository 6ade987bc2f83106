"""The price list that managers edit in place: one small form for each option of the menu.

A form carries the values that its page showed (optimistic concurrency). Only what a person changed
is written, and only where the database still has the value they saw.
"""

import re
from collections.abc import Iterator
from itertools import groupby
from typing import Any, NamedTuple

from django import forms
from django.db.models import QuerySet
from django.db.transaction import atomic
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from catalog.models import DAY_MINUTES, MENU_ORDER, Service, ServiceCategory, ServiceClassification
from spa_project.lib.money import display_amount
from spa_project.lib.web.amount_field import AmountField
from spa_project.lib.web.optimistic_forms import changed_by_others

_PRICE = re.compile(r"option-(\d+)-price")


def options_in_order() -> QuerySet[ServiceClassification]:
    """Return every option, on the menu or not, in the order of the menu."""
    return ServiceClassification.objects.select_related("service__category").order_by(*MENU_ORDER)


class OptionForm(forms.Form):
    """The price and minutes of one option, beside the values that the page showed."""

    price = AmountField(label=gettext_lazy("Price"), show_hidden_initial=True)
    duration_minutes = forms.IntegerField(
        label=gettext_lazy("Minutes"),
        min_value=1,
        max_value=DAY_MINUTES,
        show_hidden_initial=True,
        widget=forms.TextInput(attrs={"size": 4, "inputmode": "numeric", "autocomplete": "off"}),
    )

    def __init__(self, data: QueryDict | None, option: ServiceClassification) -> None:
        self.option = option
        initial = {name: getattr(option, name) for name in ("price", "duration_minutes")}
        super().__init__(data, prefix=f"option-{option.pk}", initial=initial)
        for field in self.fields.values():
            field.widget.attrs["aria-label"] = f"{option}: {field.label}"

    @property
    def is_off_menu(self) -> bool:
        """Return whether customers cannot choose this option now."""
        service = self.option.service
        return not (self.option.active and service.active and service.category.active)

    def refuse_overwriting(self, now: ServiceClassification) -> list[str]:
        """Add an error to each field that somebody else has changed; return their names."""
        overwritten = []
        for name in self.changed_data:
            current = getattr(now, name)
            if current not in (self._shown(name), self.cleaned_data[name]):
                yours = _in_words(self.cleaned_data[name])
                self.add_error(name, changed_by_others([(now, name)], _in_words(current), yours))
                overwritten.append(name)
        return overwritten

    def _shown(self, name: str) -> Any:
        """Return the value that the page showed, None when it says nothing readable."""
        field = self[name]
        shown = field.field.widget.value_from_datadict(self.data, {}, field.html_initial_name)
        try:
            return field.field.to_python(shown)
        except forms.ValidationError:
            return None


def _in_words(value: Any) -> str:
    if value is None:
        return "–"
    return str(value) if isinstance(value, int) else display_amount(value)


class Change(NamedTuple):
    """An option that was written, and what changed in words."""

    option: ServiceClassification
    details: str


class Treatment(NamedTuple):
    """A treatment of the list with the forms of its options."""

    service: Service
    forms: list[OptionForm]


class Group(NamedTuple):
    """A category of the list with its treatments."""

    category: ServiceCategory
    treatments: list[Treatment]


class PriceListForm:
    """The forms of all options that a page shows, saved together or not at all."""

    def __init__(self, options: QuerySet[ServiceClassification], data: QueryDict | None) -> None:
        self._data = data.copy() if data is not None else None
        self.forms = [OptionForm(self._data_of(option), option) for option in options]
        self.errors: list[str] = []

    def _data_of(self, option: ServiceClassification) -> QueryDict | None:
        # An option that was added since the page was loaded is shown as it is.
        is_posted = self._data is not None and f"option-{option.pk}-price" in self._data
        return self._data if is_posted else None

    @property
    def groups(self) -> Iterator[Group]:
        """Yield categories with their treatments and forms, in the order of the menu."""
        for category, of_category in groupby(self.forms, lambda form: form.option.service.category):
            of_service = groupby(of_category, lambda form: form.option.service)
            yield Group(category, [Treatment(service, list(own)) for service, own in of_service])

    @property
    def changed(self) -> list[OptionForm]:
        """Return the forms with a value that is not the one which the page showed."""
        return [form for form in self.forms if form.is_bound and form.has_changed()]

    def is_valid(self) -> bool:
        """Return whether everything that was changed can be saved."""
        known = {form.option.pk for form in self.forms}
        posted = filter(None, map(_PRICE.fullmatch, self._data or ()))
        if any(int(match[1]) not in known for match in posted):
            self.errors.append(_("An option of this list was deleted meanwhile."))
        bad = sum(not form.is_valid() for form in self.changed)
        if bad:
            self.errors.append(_count_of_errors(bad))
        return not self.errors

    @atomic
    def save(self) -> list[Change]:
        """Write what was changed; return the changes, or none when somebody else was faster."""
        changed = self.changed
        rows = ServiceClassification.objects.select_for_update().select_related(None)
        now = rows.in_bulk([form.option.pk for form in changed])
        if len(now) < len(changed):
            self.errors.append(_("An option of this list was deleted meanwhile."))
            return []
        overwritten = 0
        for form in changed:
            for name in form.refuse_overwriting(now[form.option.pk]):
                overwritten += 1
                self._show_current_value(form, name, now[form.option.pk])
        if overwritten:
            self.errors.append(_count_of_errors(overwritten))
            return []
        return [change for form in changed if (change := _write(form, now[form.option.pk]))]

    def _show_current_value(
        self, form: OptionForm, name: str, current: ServiceClassification
    ) -> None:
        """Take the present value as the one the page shows: saving again replaces it knowingly."""
        assert self._data is not None
        self._data[form[name].html_initial_name] = form.fields[name].prepare_value(
            getattr(current, name)
        )


def _count_of_errors(count: int) -> str:
    return ngettext(
        "Nothing was saved: correct the value marked below.",
        "Nothing was saved: correct the %(count)d values marked below.",
        count,
    ) % {"count": count}


def _write(form: OptionForm, option: ServiceClassification) -> Change | None:
    details = []
    names = [name for name in form.changed_data if getattr(option, name) != form.cleaned_data[name]]
    for name in names:
        old, new = _in_words(getattr(option, name)), _in_words(form.cleaned_data[name])
        details.append(f"{form.fields[name].label} {old} → {new}")
        setattr(option, name, form.cleaned_data[name])
    if not names:
        return None
    option.save(update_fields=names)
    return Change(form.option, ", ".join(details))
