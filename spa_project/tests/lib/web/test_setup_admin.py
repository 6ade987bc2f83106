"""Tests of the base class of the admin pages that change the setup."""

from django.contrib import admin

from spa_project.lib.web.admin import LookOnlyAdmin, LookOnlyInline
from spa_project.lib.web.setup_admin import SetupAdmin, SetupStackedInline, SetupTabularInline


def test_every_page_that_changes_something_is_one_of_the_setup():
    for model, page in admin.site._registry.items():
        assert isinstance(page, SetupAdmin | LookOnlyAdmin), model
        for inline in page.inlines:
            bases = (SetupTabularInline, SetupStackedInline, LookOnlyInline)
            assert issubclass(inline, bases), inline
