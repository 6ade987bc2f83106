"""Base classes of the admin pages on which managers change the setup.

Their forms, rows and lists merge what two people change at a time (optimistic_forms.py).
"""

from collections.abc import Mapping, Sequence
from functools import reduce
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import ValidationError
from django.core.signing import BadSignature
from django.db import models
from django.db.transaction import atomic
from django.forms.formsets import DELETION_FIELD_NAME
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from spa_project.lib.db.history import has_history, records_of
from spa_project.lib.web.admin import (
    BranchChoices,
    branch_id_of,
    is_owner,
)
from spa_project.lib.web.amount_field import AmountField
from spa_project.lib.web.deactivation import DeactivatingAdmin, is_referred_to
from spa_project.lib.web.history_page import Entry, page_of_records
from spa_project.lib.web.optimistic_forms import (
    OptimisticForm,
    OptimisticFormSet,
    OptimisticInlineFormSet,
    deleted_by_others,
    name_of_row,
    posted_values,
    removed_row,
)


def optimistic(form: type[forms.ModelForm], leave_out: Any = ()) -> type[forms.ModelForm]:
    """Return the form with optimistic concurrency, without its declared fields to leave out."""
    if issubclass(form, OptimisticForm):
        return form
    without = {name: None for name in leave_out if name in form.declared_fields}
    return type(form.__name__, (OptimisticForm, form), without)


#: Amounts are read as people write them.
AMOUNTS: dict[type[models.Field], dict[str, Any]] = {
    models.DecimalField: {"form_class": AmountField}
}


class SetupAdmin(DeactivatingAdmin):
    """The admin of a model of the setup: menu, rooms, staff, branches, payment methods."""

    formfield_overrides = AMOUNTS

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **options: Any
    ) -> Any:
        """Return the form of the page, for a change with optimistic concurrency."""
        if obj is not None:
            readonly = self.get_readonly_fields(request, obj)
            options["form"] = optimistic(options.get("form", self.form), readonly)
        return super().get_form(request, obj, change=change, **options)

    def get_changelist_form(self, request: HttpRequest, **options: Any) -> Any:
        """Return the form of one row of the list."""
        options["form"] = optimistic(options.get("form", forms.ModelForm))
        return super().get_changelist_form(request, **options)

    def get_changelist_formset(self, request: HttpRequest, **options: Any) -> Any:
        """Return the forms of the list."""
        options.setdefault("formset", OptimisticFormSet)
        return super().get_changelist_formset(request, **options)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Any = None,
    ) -> Any:
        """Show or save the form, with the row locked while it is compared and saved."""
        if request.method != "POST" or object_id is None:
            return super().changeform_view(request, object_id, form_url, extra_context)
        with atomic():
            self._lock(unquote(object_id))
            return super().changeform_view(request, object_id, form_url, extra_context)

    object_history_template = "admin/setup_history.html"

    #: Models whose rows are parts of this page's rows, with the relation that leads to them.
    recorded_with: ClassVar[Mapping[type[models.Model], str]] = {}

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> Any:
        """Show the changes of the row with their values, instead of Django's log of pages."""
        if not has_history(self.model):
            return super().history_view(request, object_id, extra_context)
        key = unquote(object_id)
        records: dict[Any, Any] = {
            part: records_of(part).filter(**{relation: key})
            for part, relation in self.recorded_with.items()
        }
        records[self.model] = records_of(self.model).filter(**{self.opts.pk.attname: key})
        page = page_of_records(records, request.GET.get("p"))
        self.describe(request, list(page))
        context = {
            "entries": page,
            "page_range": page.paginator.get_elided_page_range(page.number),
            "query": "",
            **(extra_context or {}),
        }
        return super().history_view(request, object_id, context)

    def visible_records(
        self, request: HttpRequest, model: type[models.Model]
    ) -> models.QuerySet[Any]:
        """Return the records of this model, or of a part, of branches that this person manages."""
        records: models.QuerySet[Any] = records_of(model)
        if is_owner(request) or not self.branch_path:
            return records
        path = self.opts.pk.attname if self.branch_path == "pk" else self.branch_path
        prefix = f"{self.recorded_with[model]}__" if model in self.recorded_with else ""
        branch_id = branch_id_of(request)
        return records.filter(**{f"{prefix}{path}": branch_id}) if branch_id else records.none()

    def describe(self, request: HttpRequest, entries: Sequence[Entry]) -> None:
        """Fill in the names and links of those entries that belong on this page."""
        for model in (self.model, *self.recorded_with):
            own = [entry for entry in entries if entry.model is model]
            if own:
                self.describe_entries(request, own)

    def describe_entries(self, request: HttpRequest, entries: Sequence[Entry]) -> None:
        """Fill in the names and links of entries of one model, this page's own or a part's."""
        model = entries[0].model
        relation = self.recorded_with.get(model)
        row_key = model._meta.pk.attname
        keys = {getattr(entry.record, row_key) for entry in entries}
        rows = model._base_manager.select_related(*self._named_with(model)).in_bulk(keys)
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_change"
        for entry in entries:
            row = rows.get(getattr(entry.record, row_key))
            named = row or entry.record.instance
            entry.name = str(getattr(named, "shown_name", "")) or name_of_row(named)
            if row:
                page_key = row.pk
                if relation:
                    *path, last = relation.split("__")
                    page_key = getattr(reduce(getattr, path, row), f"{last}_id")
                entry.address = reverse(name, args=[page_key])

    def _named_with(self, model: type[models.Model]) -> list[str]:
        """Return the relations that a row's name is made of."""
        parents = (field for field in model._meta.concrete_fields if field.many_to_one)
        return [field.name for field in parents if not field.null]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """Show or save the list; the forms lock their rows."""
        if request.method != "POST" or "_save" not in request.POST:
            return super().changelist_view(request, extra_context)
        with atomic():
            response = super().changelist_view(request, extra_context)
        self._show_posted_rows(request, response)
        return response

    def _show_posted_rows(self, request: HttpRequest, response: HttpResponse) -> None:
        """Show a refused form beside its own row: the list may have another order by now."""
        shown = getattr(response, "context_data", None) or {}
        formset = getattr(shown.get("cl"), "formset", None)
        if formset is None or not formset.is_bound:
            return
        formset.hide_removed()
        keys = [form.instance.pk for form in formset.forms]
        rows = self.get_queryset(request).in_bulk(keys)
        shown["cl"].result_list = [
            rows.get(form.instance.pk, form.instance) for form in formset.forms
        ]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Save a new row, and of an existing one the changed columns only."""
        if change and isinstance(form, OptimisticForm):
            obj.save(update_fields=form.changed_columns())
        else:
            super().save_model(request, obj, form, change)

    def _get_obj_does_not_exist_redirect(
        self, request: HttpRequest, opts: Any, object_id: str
    ) -> HttpResponse:
        """Say who removed the row and what the person had entered, on the list."""
        entered = self._entered_for_a_removed_row(request, unquote(object_id))
        if not entered:
            plain: HttpResponse = super()._get_obj_does_not_exist_redirect(  # type: ignore[misc]
                request, opts, object_id
            )  # Django's own, which the stubs leave out
            return plain
        self.message_user(request, entered, messages.ERROR)
        return HttpResponseRedirect(
            reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")
        )

    def _entered_for_a_removed_row(self, request: HttpRequest, key: str) -> str:
        # A row that exists was not removed: it is another branch's.
        if request.method != "POST" or self.model._base_manager.filter(pk=key).exists():
            return ""
        try:
            shown = posted_values(self.model, request.POST)
        except BadSignature:
            return ""
        if shown is None:
            return ""
        row = removed_row(self.model, key, shown)
        form = self.get_form(request, row, change=True)(request.POST, instance=row)
        return deleted_by_others(row, form.entered())


def _without_deletion_in_use(form: type[forms.ModelForm]) -> type[forms.ModelForm]:
    """Return the form of a row, which refuses its deletion in our words instead of Django's."""

    class PlainDeletion(form):  # type: ignore[valid-type, misc]  # a class made by Django
        def hand_clean_DELETE(self) -> None:
            row = self.instance
            ticked = self.cleaned_data.get(DELETION_FIELD_NAME)
            if ticked and not row._state.adding and is_referred_to(row):
                told = _("%(name)s is in use. Untick “%(field)s” instead of deleting it.")
                field = row._meta.get_field("active").verbose_name
                params = {"name": row, "field": capfirst(field)}
                raise ValidationError(told, params=params)

    return PlainDeletion


class _SetupInline(BranchChoices, admin.options.InlineModelAdmin):
    formset = OptimisticInlineFormSet
    formfield_overrides = AMOUNTS

    def get_formset(self, request: HttpRequest, obj: Any = None, **options: Any) -> Any:
        """Return the forms of the rows, with optimistic concurrency."""
        readonly = self.get_readonly_fields(request, obj)
        options["form"] = optimistic(options.get("form", self.form), readonly)
        formset = super().get_formset(request, obj, **options)
        formset.form = _without_deletion_in_use(formset.form)
        return formset


class SetupTabularInline(_SetupInline, admin.TabularInline):
    """Rows of the setup in a table on the page of what they belong to."""


class SetupStackedInline(_SetupInline, admin.StackedInline):
    """Rows of the setup as blocks on the page of what they belong to."""
