"""Staff accounts for the demo."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.contrib.auth.hashers import make_password

from accounts.models import Branch, Cashier, Therapist, User
from accounts.passwords import new_password
from accounts.staff import suggest_username

THERAPIST_NAMES = ("Anna", "Ben", "Carmen", "Dario", "Elena", "Felix", "Grace", "Hugo")
CASHIER_NAMES = ("Ines", "Jun", "Kaya", "Lito")


@dataclass(frozen=True)
class DemoAccount:
    """A newly made account, with the password to print once."""

    username: str
    password: str


def logins_file() -> Path:
    """Return the path of the demo's logins: beside the database they belong to."""
    return Path(str(settings.DATABASES["default"]["NAME"])).with_name("demo_logins.json")


def keep(logins: Iterable[DemoAccount]) -> None:
    """Write the demo's logins to a file that only its owner can read."""
    path = logins_file()
    path.touch(mode=0o600)
    path.write_text(json.dumps({login.username: login.password for login in logins}))


def kept_logins() -> dict[str, str]:
    """Return passwords by user name, empty where the demo has not made any."""
    path = logins_file()
    return json.loads(path.read_text()) if path.exists() else {}


class StaffFactory:
    """A maker of accounts for a branch, with one `given` password or one password each.

    Accounts with a generated password are marked as demo accounts.
    """

    def __init__(self, branch: Branch, given: str | None) -> None:
        self._branch = branch
        self._given = given
        self.logins: list[DemoAccount] = []

    def therapist(self, number: int, room_id: int | None) -> None:
        """Create `therapist<number>`, with this room of their own."""
        user = self._user(f"therapist{number}")
        name = _name(THERAPIST_NAMES, number)
        Therapist.objects.create(user=user, display_name=name, own_room_id=room_id)

    def cashier(self, number: int) -> None:
        """Create `cashier<number>`, at the counter of that number."""
        user = self._user(f"cashier{number}")
        name = _name(CASHIER_NAMES, number)
        Cashier.objects.create(user=user, display_name=name, counter_number=str(number))

    def manager(self, number: int) -> None:
        """Create `manager<number>`, who may enter the admin."""
        self._user(f"manager{number}", is_staff=True)

    def monitor(self, number: int) -> None:
        """Create `monitor<number>`, the account of a wall screen."""
        self._user(f"monitor{number}", is_monitor=True)

    def _user(self, username: str, **roles: bool) -> User:
        password = self._given or new_password()
        if User.objects.filter(username=username).exists():  # somebody's in another role
            username = suggest_username(username)
        self.logins.append(DemoAccount(username, password))
        return User.objects.create(
            username=username,
            password=make_password(password),
            branch=self._branch,
            is_demo=self._given is None,
            **roles,
        )


def _name(names: tuple[str, ...], number: int) -> str:
    rounds, place = divmod(number - 1, len(names))
    return names[place] + (f" {rounds + 1}" if rounds else "")
