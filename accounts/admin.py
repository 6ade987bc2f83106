"""Admin pages on which managers create branches and staff, set passwords, switch accounts off."""

from collections.abc import Iterable
from typing import Any

from axes.utils import reset as forget_wrong_passwords
from django.contrib import admin, messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.models import Group
from django.db import models
from django.db.models import QuerySet
from django.forms import Script
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from accounts import devices
from accounts.branches import branches_of
from accounts.logins import end_every_login
from accounts.models import (
    Branch,
    Cashier,
    PairedDevice,
    Role,
    Therapist,
    TherapistSkill,
    User,
    Workplace,
)
from accounts.staff import (
    PROFILES,
    lock_profiles,
    profile_of,
    roles_given,
    set_new_password,
    visit_of,
    why_switched_on,
)
from accounts.staff_form import StaffForm
from spa_project.lib.web.admin import (
    BranchScopedAdmin,
    branch_id_of,
    choices_of_branch,
    is_owner,
)
from spa_project.lib.web.deactivation import OutOfUse, counted
from spa_project.lib.web.pictures import PictureField
from spa_project.lib.web.setup_admin import SetupAdmin

admin.site.site_header = admin.site.site_title = admin.site.index_title = _("Administration")
admin.site.unregister(Group)  # roles are the three kinds of profile and two switches


@admin.register(Branch)
class BranchAdmin(SetupAdmin):
    branch_path = "pk"
    list_display = ("name", "slug", "time_zone", "active")
    prepopulated_fields = {"slug": ("name",)}
    formfield_overrides = SetupAdmin.formfield_overrides | {
        models.FileField: {"form_class": PictureField, "widget": PictureField.widget}
    }
    out_of_use = OutOfUse(
        button=_("Close branch"),
        done=_("%(name)s is closed."),
        already=_("%(name)s is closed already. Receipts and reports keep it."),
    )

    def explain(self, row: Branch) -> str:
        """Return how many visits the branch had, and what closing it does."""
        count = row.transaction_set.count()
        had = ngettext("%(name)s had %(count)s visit.", "%(name)s had %(count)s visits.", count)
        told = had if count else gettext("%(name)s has rooms or staff.")
        does = gettext(
            "It will be closed: no new customers, while those inside are still served. Receipts"
            " and reports keep it."
        )
        return told % {"name": row, "count": counted(count)} + " " + does

    def save_model(self, request: HttpRequest, obj: Branch, form: Any, change: bool) -> None:
        """Save the branch; whoever adds one and has none works there."""
        super().save_model(request, obj, form, change)
        person = request.user
        if not change and isinstance(person, User) and person.branch is None:
            person.branch = obj
            person.save(update_fields=["branch"])

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Return whether this person manages every branch: the new one is nobody's own."""
        return is_owner(request) and super().has_add_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether this person manages every branch."""
        return is_owner(request) and super().has_delete_permission(request, obj)


class RoleFilter(admin.SimpleListFilter):
    """A filter by role."""

    title = _("role")
    parameter_name = "role"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Return all roles."""
        return list(Role.choices)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return the people who have the chosen role."""
        having = {
            Role.THERAPIST: {"therapist__active": True},
            Role.CASHIER: {"cashier__active": True},
            Role.MONITOR: {"is_monitor": True},
            Role.MANAGER: {"is_staff": True},
        }
        role = self.value()
        return queryset.filter(**having[Role(role)]) if role in Role.values else queryset


@admin.register(User)
class StaffAdmin(SetupAdmin):
    """A person with their roles on one form; managers cannot grant rights beyond their own here."""

    branch_path = "branch"
    recorded_with = {
        Therapist: "user",
        TherapistSkill: "therapist__user",
        Cashier: "user",
        Workplace: "user",
    }
    form = StaffForm
    list_display = ("shown_name", "username", "plays", "branch", "is_active", "customer")
    list_display_links = ("shown_name", "username")
    list_filter = (("branch", choices_of_branch("pk")), RoleFilter, "is_active")
    list_select_related = (
        "branch",
        "therapist__current_transaction",
        "cashier__current_transaction",
    )
    search_fields = (
        "therapist__display_name",
        "cashier__display_name",
        "first_name",
        "last_name",
        "username",
    )
    ordering = ("branch", "username")
    fieldsets = (
        (None, {"fields": ("name", "username", "branch", "workplaces")}),
        (_("Roles"), {"fields": ("roles", "own_room", "gender", "skills", "counter")}),
        (_("Account"), {"fields": ("is_active", "last_login", "date_joined")}),
    )
    readonly_fields = ("last_login", "date_joined")
    actions = ("new_passwords", "end_logins", "allow_new_tries", "switch_off")
    out_of_use = OutOfUse(
        button=_("Switch off"),
        done=_("%(name)s is switched off."),
        already=_("%(name)s is switched off already."),
    )

    class Media:
        js = (Script("js/pages/staff_form.js", type="module"),)

    @admin.display(description=_("Name on screens"), ordering="first_name")
    def shown_name(self, person: User) -> str:
        """Return the name on screens."""
        return person.shown_name

    @admin.display(description=_("Roles"))
    def plays(self, person: User) -> str:
        """Return the person's roles in words."""
        return ", ".join(sorted(str(role.label) for role in roles_given(person))) or "-"

    @admin.display(description=_("Current customer"))
    def customer(self, person: User) -> SafeString | str:
        """Return the code and status of the person's customers, with links to the visits."""
        visits = filter(None, (visit_of(profile_of(person, role)) for role in PROFILES))
        return (
            format_html_join(
                ", ",
                '<a href="{}">{}</a> ({})',
                (
                    (
                        reverse("admin:queueing_transaction_change", args=[visit.pk]),
                        visit.code,
                        visit.get_status_display(),
                    )
                    for visit in visits
                ),
            )
            or "-"
        )

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        """Return the form's parts: a new person is switched on, and has no past."""
        parts = self.fieldsets if obj else self.fieldsets[:2]
        if len(self._offered(request)) > 1:
            return parts
        return ((None, {"fields": ("name", "username", "branch")}), *parts[1:])

    def _offered(self, request: HttpRequest) -> list[Branch]:
        """Return the branches that this manager may give: none but where they may work."""
        return list(branches_of(request.user)) if isinstance(request.user, User) else []

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        """Return the form, in which a branch is chosen and not edited."""
        form: Any = super().get_form(request, obj, change, **kwargs)
        # A manager without a branch has a page of nobody, and 0 is no branch.
        form.branch_id = None if is_owner(request) else branch_id_of(request) or 0
        form.offered = self._offered(request)
        if len(form.offered) < 2:
            form.base_fields.pop("workplaces")
        if branch := form.base_fields.get("branch"):
            for right in ("add", "change", "delete", "view"):
                setattr(branch.widget, f"can_{right}_related", False)
        return form

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Return the manager's own branch, or the only one."""
        branch = getattr(request.user, "branch", None) or Branch.objects.order_by("pk").first()
        return {"branch": branch and branch.pk, **super().get_changeform_initial_data(request)}

    def get_object(self, request: HttpRequest, object_id: str, from_field: Any = None) -> Any:
        """Return the person with branch and roles, in one query."""
        person = super().get_object(request, object_id, from_field)
        return person and User.objects.with_roles().get(pk=person.pk)

    def _lock(self, key: str) -> None:
        """Lock the person, after all owners: two who switch each other off take turns.

        With the rows of their roles, so that they claim no customer meanwhile.
        """
        owners = User.objects.filter(is_superuser=True)
        if key.isdecimal() and owners.filter(pk=key).exists():
            list(owners.order_by("pk").select_for_update().values_list("pk"))
        super()._lock(key)
        if key.isdecimal():
            lock_profiles(int(key))

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Add the actions on one person; a new person is saved by one button."""
        is_new = kwargs.get("obj") is None
        names = () if is_new else ("new_passwords", "end_logins", "switch_off")
        actions = {
            name: label for _each, name, label in filter(None, self.get_actions(request).values())
        }
        context |= {
            "person_actions": [(name, actions[name]) for name in names if name in actions],
            "show_save_and_add_another": False,
            "show_save_and_continue": not is_new,
        }
        return super().render_change_form(request, context, *args, **kwargs)

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        """Save the person, then the rows of their roles."""
        super().save_model(request, obj, form, change)
        form.save_profiles(obj)

    def response_add(self, request: HttpRequest, obj: User, post_url_continue: Any = None) -> Any:
        """Answer with the new person's first password."""
        return self._show_new_passwords(request, [obj], _("First password"))

    @admin.action(description=_("New password"), permissions=["change"])
    def new_passwords(self, request: HttpRequest, people: QuerySet[User]) -> HttpResponse:
        """Show new passwords for these people once, after the manager has confirmed it."""
        if "confirmed" not in request.POST:
            template = "admin/accounts/user/confirm_new_passwords.html"
            return self._page(request, template, _("New password"), people=people)
        return self._show_new_passwords(request, people, _("New password"))

    def _show_new_passwords(
        self, request: HttpRequest, people: Iterable[User], title: Any
    ) -> HttpResponse:
        """Answer with the passwords themselves: no redirect could carry them without storing."""
        made = []
        for person in people:
            made.append((person, set_new_password(person)))
            self.log_change(request, person, str(_("New password.")))
            if person == request.user:
                update_session_auth_hash(request, person)
        template = "admin/accounts/user/new_passwords.html"
        address = request.build_absolute_uri(reverse("login"))
        return self._page(request, template, title, made=made, login=address)

    def _page(
        self, request: HttpRequest, template: str, title: Any, **context: Any
    ) -> HttpResponse:
        common = self.admin_site.each_context(request) | {"title": title, "opts": self.opts}
        return TemplateResponse(request, template, common | context)

    @admin.action(description=_("Log out everywhere"), permissions=["change"])
    def end_logins(self, request: HttpRequest, people: QuerySet[User]) -> HttpResponse | None:
        """Log these people out everywhere, after the manager has confirmed it (revocation)."""
        if "confirmed" not in request.POST:
            template = "admin/accounts/user/end_logins.html"
            return self._page(request, template, _("Log out everywhere"), people=people)
        for person in people:
            end_every_login(person)
            self.log_change(request, person, str(_("Logged out everywhere.")))
        told = ngettext(
            "%(count)d person is logged out everywhere.",
            "%(count)d people are logged out everywhere.",
            len(people),
        )
        self.message_user(request, told % {"count": len(people)}, messages.SUCCESS)
        return None

    @admin.action(description=_("Unlock account"), permissions=["change"])
    def allow_new_tries(self, request: HttpRequest, people: QuerySet[User]) -> None:
        """Reset the failed logins that lock these people out."""
        for person in people:
            forget_wrong_passwords(username=person.username)
        self.message_user(request, _("Account unlocked."), messages.SUCCESS)

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        """Return all users for superusers, and all but superusers for managers."""
        people = super().get_queryset(request)
        return people if is_owner(request) else people.filter(is_superuser=False)

    def visible_records(self, request: HttpRequest, model: Any) -> Any:
        """Return the records of people, for managers without those of superusers."""
        records = super().visible_records(request, model)
        path = self.recorded_with.get(model)
        owner = f"{path}__is_superuser" if path else "is_superuser"
        return records if is_owner(request) else records.filter(**{owner: False})

    # -- Switching off ----------------------------------------------------------------------------

    @admin.action(description=_("Switch off"), permissions=["change"])
    def switch_off(self, request: HttpRequest, people: QuerySet[User]) -> HttpResponse:
        """Switch these people off, after the manager has confirmed it."""
        return self.deactivate_chosen(request, people)

    def is_deactivated(self, row: User) -> bool:
        """Return whether the person is switched off."""
        return not row.is_active

    def name_of(self, row: User) -> str:
        """Return the name on screens."""
        return row.shown_name

    def explain(self, row: User) -> str:
        """Return what switching the person off does."""
        told = gettext(
            "%(name)s will be logged out and can’t log in again. Visits, receipts and reports keep"
            " the name."
        )
        return told % {"name": row.shown_name}

    def why_not(self, row: User) -> str:
        """Return that the person has a customer, or is the last owner."""
        return why_switched_on(row)

    def write_deactivation(self, row: User) -> None:
        """Switch the person off."""
        row.is_active = False
        row.save(update_fields=["is_active"])

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False: people are switched off, so that records keep their names."""
        return False


@admin.register(PairedDevice)
class PairedDeviceAdmin(BranchScopedAdmin):
    """Kiosks and waiting room screens that a manager has paired; they are paired on themselves."""

    list_display = ("label", "branch", "paired_at", "paired_by", "revoked_at")
    branch_path = "branch"
    list_filter = (("branch", choices_of_branch("pk")),)
    list_select_related = ("branch", "paired_by")
    ordering = ("-pk",)
    actions = ("revoke",)

    @admin.action(description=_("Revoke pairing"))
    def revoke(self, request: HttpRequest, queryset: QuerySet[PairedDevice]) -> None:
        """Have the devices be counted by their address again, as any phone is."""
        count = devices.revoke(queryset)
        told = ngettext("%(count)s pairing revoked.", "%(count)s pairings revoked.", count)
        self.message_user(request, told % {"count": counted(count)}, messages.SUCCESS)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
