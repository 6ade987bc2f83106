"""Base classes of the apps' admin pages."""

from collections.abc import Callable, Iterator
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.contrib.admin.options import BaseModelAdmin
from django.contrib.admin.views.main import ChangeList
from django.contrib.admin.widgets import RelatedFieldWidgetWrapper
from django.db.models import OuterRef, QuerySet, Subquery
from django.db.models.constants import LOOKUP_SEP
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from spa_project.lib.db.replica import Source, source_for_reports
from spa_project.lib.money import display_amount


def amount_column(field: str, title: Any) -> Callable[[Any], SafeString | str]:
    """Return a column with the field's amount as people write it, such as "₱2,400.00"."""

    @admin.display(description=title, ordering=field, empty_value="-")
    def shown(row: Any) -> SafeString | str:
        amount = getattr(row, field)
        if amount is None:
            return "-"
        return format_html('<span class="amount">{}</span>', display_amount(amount))

    shown.__name__ = f"shown_{field}"
    return shown


#: What Django's filters and a list's dates add to the name of their field.
FILTER_LOOKUPS = frozenset({"exact", "isnull", "gte", "lt", "year", "month", "day"})


def is_owner(request: HttpRequest) -> bool:
    """Return whether this person manages every branch; other managers manage their own."""
    return bool(getattr(request.user, "is_superuser", False))


def branch_id_of(request: HttpRequest) -> int | None:
    """Return the id of the branch that this person manages."""
    return getattr(request.user, "branch_id", None)


class BranchChoices(BaseModelAdmin):
    """Forms that offer a manager what belongs to the manager's own branch, and an owner all.

    A model belongs to a branch if its admin page is a `BranchScopedAdmin` with a path.
    """

    def get_field_queryset(
        self, db: str | None, db_field: Any, request: HttpRequest
    ) -> QuerySet[Any] | None:
        """Return the rows that a foreign key may name."""
        related = self.admin_site._registry.get(db_field.remote_field.model)
        if isinstance(related, BranchScopedAdmin) and related.branch_path:
            return related.get_queryset(request).order_by(*related.get_ordering(request))
        rows: QuerySet[Any] | None = super().get_field_queryset(db, db_field, request)
        return rows

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer no deletion of what a field names: rows are deleted on their own pages."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        widget = getattr(field, "widget", None)
        if isinstance(widget, RelatedFieldWidgetWrapper):
            widget.can_delete_related = False
        return field

    def formfield_for_foreignkey(
        self, db_field: Any, request: HttpRequest, **kwargs: Any
    ) -> forms.ModelChoiceField | None:
        """Offer a manager no empty branch: a row without one would be lost to them."""
        field: forms.ModelChoiceField | None
        if db_field.name == "branch" and not is_owner(request):
            kwargs |= {"empty_label": None, "initial": branch_id_of(request)}
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        return field


class BranchScopedAdmin(BranchChoices, admin.ModelAdmin):
    """An admin page that shows a manager the rows of the manager's own branch, and an owner all.

    Lists, pages, histories, searches, actions and the choices of forms begin with `get_queryset`.
    A list takes no lookup in its address but those of its own filters.
    """

    #: The lookup that leads from the model to its branch; empty for what the whole chain shares.
    branch_path: ClassVar[str] = ""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Return the rows of this person's branch."""
        rows: QuerySet[Any] = super().get_queryset(request)
        return rows if is_owner(request) else self.of_branch(rows, branch_id_of(request))

    def of_branch(self, rows: QuerySet[Any], branch_id: int | None) -> QuerySet[Any]:
        """Return those rows that belong to a branch, or that the whole chain shares."""
        if not self.branch_path:
            return rows
        # None is no branch: `filter(branch=None)` would find the rows without one.
        return rows.filter(**{self.branch_path: branch_id}) if branch_id else rows.none()

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        """Return whether one of the list's filters makes this lookup.

        Django allows every lookup in the model's own fields: `key__startswith` would tell a
        customer's secret key letter by letter.
        """
        fields = set(
            _filtered_fields(self.list_filter if request is None else self.get_list_filter(request))
        )
        fields.add(self.date_hierarchy or "")
        name, _separator, last = lookup.rpartition(LOOKUP_SEP)
        if last not in FILTER_LOOKUPS:
            return lookup in fields
        # A relation is filtered by its target: `branch__id__exact`.
        return name in fields or (last == "exact" and name.rpartition(LOOKUP_SEP)[0] in fields)


def _filtered_fields(filters: Any) -> Iterator[str]:
    """Yield the fields of a list's filters, and the parameters of filters of our own."""
    for each in filters:
        if isinstance(each, tuple):
            yield each[0]
        elif isinstance(each, str):
            yield each
        elif parameter := getattr(each, "parameter_name", None):
            yield parameter


def choices_of_branch(branch_path: str) -> type[admin.RelatedFieldListFilter]:
    """Return a list filter that offers a manager the related rows of the manager's own branch.

    `branch_path` leads from the related model to its branch.
    """

    class BranchFilter(admin.RelatedFieldListFilter):
        def field_choices(
            self, field: Any, request: HttpRequest, model_admin: admin.ModelAdmin
        ) -> Any:
            own = {} if is_owner(request) else {branch_path: branch_id_of(request) or 0}
            ordering = self.field_admin_ordering(field, request, model_admin)
            return field.get_choices(include_blank=False, ordering=ordering, limit_choices_to=own)

    return BranchFilter


class YearFilter(admin.SimpleListFilter):
    """A filter by year for a list's `date_hierarchy`, from its first row to its last.

    Django would read every row to find the years, which takes longer each year.
    """

    title = _("year")

    def __init__(
        self, request: HttpRequest, params: dict[str, Any], model: Any, model_admin: Any
    ) -> None:
        self.parameter_name = f"{model_admin.date_hierarchy}__year"
        super().__init__(request, params, model, model_admin)

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return all years, the last first."""
        rows = model_admin.get_queryset(request).order_by("pk")
        days = rows.values_list(model_admin.date_hierarchy, flat=True)
        first, last = days.first(), days.last()
        years = range(last.year, first.year - 1, -1) if first else ()
        return [(str(year), str(year)) for year in years]

    def value(self) -> str | None:
        """Return the chosen year, if it is one of them."""
        chosen = super().value()
        return chosen if chosen in dict(self.lookup_choices) else None

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return the rows of the chosen year."""
        year = self.value()
        return queryset.filter(**{str(self.parameter_name): year}) if year else queryset


class DaysOfAYear(ChangeList):
    """A list that offers months and days of `date_hierarchy` once a year is chosen."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        years = (spec.value() for spec in self.filter_specs if isinstance(spec, YearFilter))
        if not any(years):
            self.date_hierarchy = None


class LookOnlyAdmin(BranchScopedAdmin):
    """A read-only admin: nobody adds, changes or deletes rows, superusers included."""

    show_full_result_count = False
    # Not joined: with few cashiers and a million payments MariaDB would begin with the cashiers,
    # and sort all payments for the first page.
    list_select_related = ()
    #: Relations that the list shows.
    list_prefetch_related: tuple[str, ...] = ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Return rows of the replica where there is one, so that long lists delay nobody."""
        rows = super().get_queryset(request).using(self._source(request).alias)
        return rows.prefetch_related(*self.list_prefetch_related)

    def of_branch(self, rows: QuerySet[Any], branch_id: int | None) -> QuerySet[Any]:
        """Return the rows of a branch, read in the list's order.

        MariaDB could begin a join with the branch, and sort all of its rows for the first page. It
        leaves a subquery for one value as it is.
        """
        relation, separator, path = self.branch_path.partition(LOOKUP_SEP)
        if not (separator and branch_id):
            return super().of_branch(rows, branch_id)
        field: Any = self.model._meta.get_field(relation)
        target = field.related_model._default_manager.filter(pk=OuterRef(field.attname))
        found: QuerySet[Any] = rows.alias(_branch=Subquery(target.values(path)))
        return found.filter(_branch=branch_id)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the list, and how far the replica is behind."""
        source = {"source": self._source(request)}
        return super().changelist_view(request, source | (extra_context or {}))

    def _source(self, request: HttpRequest) -> Source:
        """Return the database of this request, which reads the same one throughout."""
        known = vars(request)
        if "report_source" not in known:
            known["report_source"] = source_for_reports()
        source: Source = known["report_source"]
        return source

    def get_changelist(self, request: HttpRequest, **options: Any) -> type[ChangeList]:
        """Return a list that stays fast however many rows there are."""
        return DaysOfAYear

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class LookOnlyInline(admin.TabularInline):
    """A read-only inline."""

    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
