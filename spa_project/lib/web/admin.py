"""Base classes of the apps' admin pages."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from spa_project.lib.db.router import for_reports
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


class LookOnlyAdmin(admin.ModelAdmin):
    """A read-only admin: nobody adds, changes or deletes rows, superusers included."""

    show_full_result_count = False
    # Not joined: with few cashiers and a million payments MariaDB would begin with the cashiers,
    # and sort all payments for the first page.
    list_select_related = ()
    #: Relations that the list shows.
    list_prefetch_related: tuple[str, ...] = ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Return rows of the replica where there is one, so that long lists delay nobody."""
        rows = super().get_queryset(request).using(for_reports())
        return rows.prefetch_related(*self.list_prefetch_related)

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
