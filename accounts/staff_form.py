"""The form of a person: name, user name, roles, room and counter."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Length
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from accounts.models import Branch, Cashier, Gender, Role, Therapist, User
from accounts.staff import (
    LAST_OWNER,
    NAMESAKE,
    WITH_CUSTOMER,
    is_last_owner,
    lock_profiles,
    namesake,
    profile_of,
    role_in_use,
    roles_given,
    save_role,
    set_skills,
    set_workplaces,
    skills_of,
    suggest_username,
)
from spa_project.lib.natural_order import natural_key

_NAME_LENGTH = 60
#: By name: accounts does not import the app of the rooms.
_ROOMS = Therapist._meta.get_field("own_room").remote_field.model._default_manager
#: By name, too: accounts does not import the app of the menu.
_SKILLS = Therapist._meta.get_field("skills").remote_field.model._default_manager


class RoomChoice(forms.ModelChoiceField):
    """A room, with its branch where there are several."""

    def label_from_instance(self, room: Any) -> str:
        """Return the room as people name it."""
        return f"{room.branch} · {room.number}" if self._has_branches else str(room.number)

    @property
    def _has_branches(self) -> bool:
        if not hasattr(self, "_several"):
            self._several = Branch.objects.count() > 1
        return self._several


class Suggestions(forms.TextInput):
    """A text with a list to choose from."""

    choices: list[str] = []

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        """Return the input with its list."""
        known = f"{name}-known"
        options = format_html_join("", '<option value="{}">', ((each,) for each in self.choices))
        field = super().render(name, value, {**(attrs or {}), "list": known}, renderer)
        return format_html('{}<datalist id="{}">{}</datalist>', field, known, options)


class StaffForm(forms.ModelForm):
    """A person with their roles; a new person's password is made by the server."""

    #: The branch of the manager who edits; None for an owner, who edits all.
    branch_id: int | None = None

    #: The branches that the manager who edits may give the person.
    offered: Sequence[Branch] = ()

    name = forms.CharField(
        label=_("Name on screens"),
        max_length=_NAME_LENGTH,
        help_text=_("As customers and colleagues read it."),
    )
    workplaces = forms.ModelMultipleChoiceField(
        label=_("Also works at"),
        queryset=Branch.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Staff of several branches choose where they work today."),
    )
    roles = forms.MultipleChoiceField(
        label=_("Roles"),
        choices=Role.choices,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one role.")},
    )
    own_room = RoomChoice(
        label=_("Own room"),
        queryset=_ROOMS.select_related("branch").order_by("branch", Length("number"), "number"),
        required=False,
        empty_label=_("None"),
    )
    gender = forms.ChoiceField(
        label=_("Gender"),
        choices=[("", _("Not stated")), *Gender.choices],
        required=False,
        help_text=_("For customers who ask for a woman or a man."),
    )
    skills = forms.ModelMultipleChoiceField(
        label=_("Skills"),
        queryset=_SKILLS.order_by("name"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Treatments that need a skill are for therapists who have it."),
    )
    counter = forms.CharField(
        label=_("Counter"),
        max_length=Cashier._meta.get_field("counter_number").max_length,
        required=False,
        widget=Suggestions(attrs={"size": 10}),
        help_text=_("Choose one, or enter a new one."),
    )

    class Meta:
        model = User
        fields = ("username", "branch", "is_active")
        labels = {"is_active": _("Switched on")}
        help_texts = {
            "username": _("To log in with. Empty = made from the name."),
            "is_active": _("Off: cannot log in. Visits and reports keep the name."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.initial = {**self.initial, **_shown(self.instance)}
        # The form's validation writes the new values into the instance.
        self._before = roles_given(self.instance)
        self._branch_before = self.instance.branch
        if "username" in self.fields:
            self.fields["username"].required = False
        if "workplaces" in self.fields:
            workplaces: Any = self.fields["workplaces"]
            workplaces.queryset = Branch.objects.filter(pk__in=[it.pk for it in self.offered])
        if "counter" in self.fields:
            self.fields["counter"].widget.choices = _counters(self.branch_id)
        if "own_room" in self.fields and self.branch_id is not None:
            room: Any = self.fields["own_room"]
            room.queryset = room.queryset.filter(branch=self.branch_id)

    def clean_name(self) -> str:
        """Return the name with single spaces."""
        return " ".join(self.cleaned_data["name"].split())

    def clean(self) -> dict[str, Any]:
        """Refuse what the floor or the reports could not bear, each at its field."""
        data = super().clean() or self.cleaned_data
        if self.instance.pk:
            lock_profiles(self.instance.pk)
        if self.errors:
            return data
        if not data["username"]:
            data["username"] = suggest_username(data["name"])
        for refuse in (
            self._refuse_no_branch,
            self._refuse_other_room,
            self._refuse_namesake,
            self._refuse_with_customer,
            self._refuse_last_owner,
        ):
            if not self.errors:  # a refused value is no longer in the data
                refuse(data)
        return data

    def _refuse_no_branch(self, data: dict[str, Any]) -> None:
        if data["branch"] is None and not self.instance.is_superuser:
            self.add_error("branch", _("Choose a branch."))

    def _refuse_other_room(self, data: dict[str, Any]) -> None:
        room = data["own_room"]
        if room and Role.THERAPIST in data["roles"] and room.branch != data["branch"]:
            told = _("Room %(room)s is in %(branch)s. Choose one of the person's own branch.")
            self._refuse("own_room", told, room=room.number, branch=room.branch)

    def _refuse_namesake(self, data: dict[str, Any]) -> None:
        # Only where it is new, so that two people who share a name already can be changed.
        if not {"name", "branch"} & set(self.changed_data):
            return
        other = namesake(data["name"], data["branch"], self.instance)
        if other:
            self._refuse("name", NAMESAKE, name=data["name"], username=other.username)

    def _refuse_with_customer(self, data: dict[str, Any]) -> None:
        stays = data.get("is_active", True) and data["branch"] == self._branch_before
        ends = self._before - set(data["roles"]) if stays else self._before
        if (found := role_in_use(self.instance, ends)) is None:
            return
        role, code = found
        field = "roles" if stays else "branch" if data.get("is_active", True) else "is_active"
        self._refuse(field, WITH_CUSTOMER[role], name=self.instance.shown_name, code=code)

    def _refuse_last_owner(self, data: dict[str, Any]) -> None:
        stays = data.get("is_active", True) and Role.MANAGER in data["roles"]
        if self.instance.pk and not stays and is_last_owner(self.instance):
            field = "roles" if data.get("is_active", True) else "is_active"
            self._refuse(field, LAST_OWNER, name=self.instance.shown_name)

    def _refuse(self, field: str, told: Any, **params: Any) -> None:
        self.add_error(field, ValidationError(told, params=params))

    def recorded_in(self, name: str) -> list[tuple[models.Model, str | None]]:
        """Return the rows and columns in whose history changes of a field are found."""
        person = self.instance
        rows: dict[str, tuple[tuple[models.Model | None, str | None], ...]] = {
            "name": (
                (person, "first_name"),
                (profile_of(person, Role.THERAPIST), "display_name"),
                (profile_of(person, Role.CASHIER), "display_name"),
            ),
            "roles": (
                (person, "is_staff"),
                (person, "is_monitor"),
                (profile_of(person, Role.THERAPIST), "active"),
                (profile_of(person, Role.CASHIER), "active"),
            ),
            "own_room": ((profile_of(person, Role.THERAPIST), "own_room"),),
            "gender": ((profile_of(person, Role.THERAPIST), "gender"),),
            "skills": tuple((row, None) for row in skills_of(getattr(person, "therapist", None))),
            "counter": ((profile_of(person, Role.CASHIER), "counter_number"),),
            "workplaces": tuple((row, None) for row in person.workplaces.all()),
        }
        return [(row, column) for row, column in rows.get(name, ((person, name),)) if row]

    def save(self, commit: bool = True) -> User:
        """Return the person with the switches of their roles; `save_profiles` writes the rows."""
        person: User = super().save(commit=False)
        if "roles" in self.changed_data:
            person.is_monitor = Role.MONITOR in self.cleaned_data["roles"]
            person.is_staff = Role.MANAGER in self.cleaned_data["roles"]
        if "name" in self.changed_data:
            person.first_name, person.last_name = self.cleaned_data["name"], ""
        if person.pk is None:
            person.set_unusable_password()
        if commit:
            person.save()
            self.save_profiles(person)
        return person

    def save_profiles(self, person: User) -> None:
        """Write the rows of the person's roles: only what this form changed."""
        data = self.cleaned_data
        changed = set(self.changed_data)
        if changed & {"workplaces", "branch"}:
            set_workplaces(person, data.get("workplaces", ()), self.offered)
        if not changed & {"roles", "name", "own_room", "gender", "skills", "counter"}:
            return
        details: dict[Role, dict[str, Any]] = {
            Role.THERAPIST: {
                name: data[name] for name in ("own_room", "gender") if name in changed
            },
            Role.CASHIER: {"counter_number": data["counter"]} if "counter" in changed else {},
        }
        for role, its_details in details.items():
            if "name" in changed or profile_of(person, role) is None:
                its_details["display_name"] = data["name"]
            save_role(person, role, played=role in data["roles"], **its_details)
        therapist = profile_of(person, Role.THERAPIST)
        if "skills" in changed and isinstance(therapist, Therapist):
            set_skills(therapist, {skill.pk for skill in data["skills"]})


def _shown(person: User) -> dict[str, Any]:
    therapist, cashier = (profile_of(person, role) for role in (Role.THERAPIST, Role.CASHIER))
    return {
        "name": person.shown_name,
        "roles": sorted(roles_given(person)),
        "own_room": getattr(therapist, "own_room_id", None),
        "gender": getattr(therapist, "gender", ""),
        "skills": sorted(row.skill_id for row in skills_of(getattr(person, "therapist", None))),
        "counter": getattr(cashier, "counter_number", ""),
        "workplaces": sorted(person.workplaces.values_list("branch", flat=True)),
    }


def _counters(branch_id: int | None) -> list[str]:
    """Return the counters in use (in a branch) and the next number, as people count."""
    cashiers = Cashier.objects.all()
    if branch_id is not None:
        cashiers = cashiers.filter(user__branch=branch_id)
    known = set(cashiers.values_list("counter_number", flat=True)) - {""}
    numbers = (str(number) for number in range(1, len(known) + 2))
    return sorted(known | {next(each for each in numbers if each not in known)}, key=natural_key)
