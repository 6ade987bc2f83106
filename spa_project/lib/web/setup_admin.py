"""Base classes of the admin pages on which managers change the setup."""

from django.contrib import admin


class SetupAdmin(admin.ModelAdmin):
    """The admin of a model of the setup: menu, rooms, staff, branches, payment methods."""


class SetupTabularInline(admin.TabularInline):
    """Rows of the setup in a table on the page of what they belong to."""


class SetupStackedInline(admin.StackedInline):
    """Rows of the setup as blocks on the page of what they belong to."""
