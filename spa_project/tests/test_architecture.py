"""Tests of rules that concern more than one file."""

import ast
import inspect
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from spa_project.lib.commands import REGISTRY

APPS = ("accounts", "catalog", "queueing", "payments", "spa_project")


@cache
def sources() -> dict[str, ast.Module]:
    """Return the project's own code without tests and migrations, by its files."""
    found = {}
    for app in APPS:
        for path in sorted((settings.BASE_DIR / app).rglob("*.py")):
            name = str(path.relative_to(settings.BASE_DIR))
            if "/tests/" not in name and "/migrations/" not in name:
                found[name] = ast.parse(path.read_text())
    return found


def writers_of(attribute: str) -> set[str]:
    """Return the files that assign `x.<attribute>`, or pass it to `update(...)`."""
    found = set()
    for name, tree in sources().items():
        for node in ast.walk(tree):
            targets = []
            if isinstance(node, ast.Assign):
                targets = node.targets
            elif isinstance(node, ast.AugAssign | ast.AnnAssign):
                targets = [node.target]
            assigns = any(isinstance(t, ast.Attribute) and t.attr == attribute for t in targets)
            updates = (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in {"update", "bulk_update", "update_or_create", "setattr"}
                and any(keyword.arg == attribute for keyword in node.keywords)
            )
            if assigns or updates:
                found.add(name)
    return found


def callers_of(function: str) -> set[str]:
    return {
        name
        for name, tree in sources().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == function
    }


def test_a_status_has_one_writer():
    """Only lifecycle.py (transactions) and rooms.py (rooms) write a `status`."""
    assert writers_of("status") == {"queueing/lifecycle.py", "queueing/rooms.py"}


def test_a_version_grows_with_the_status_only():
    assert writers_of("version") == {"queueing/lifecycle.py", "queueing/rooms.py"}


def test_only_the_audiences_publish():
    assert callers_of("publish") == {"queueing/events.py"}


def test_presence_has_one_writer():
    assert writers_of("active_therapist") == {"accounts/presence.py"}
    assert callers_of("announce_presence") == {"queueing/presence.py"}


def test_turns_have_one_writer():
    assert writers_of("turn_quarters") == {"queueing/lifecycle.py"}
    assert callers_of("announce_turns") == {"queueing/turn_ledger.py"}


@pytest.mark.parametrize("call", ["announce", "announce_room"])
def test_only_the_writers_of_a_status_announce(call):
    assert callers_of(call) <= {"queueing/lifecycle.py", "queueing/rooms.py"}


def test_every_setting_from_the_environment_is_in_the_example():
    settings_file = (settings.BASE_DIR / "spa_project" / "settings.py").read_text()
    names = set(re.findall(r'env\.\w+\(\s*"([A-Z_]+)"', settings_file))
    example = (settings.BASE_DIR / ".env.example").read_text()
    assert len(names) > 10
    assert {name for name in names if f"#{name}=" not in example} == set()


def templates() -> list[Path]:
    return sorted((settings.BASE_DIR / "templates").rglob("*.html"))


@pytest.mark.parametrize("path", templates(), ids=lambda path: path.name)
def test_no_template_has_inline_style_or_script(path):
    text = path.read_text()
    for mark in (" style=", " onclick=", " onchange=", " onsubmit=", "<style", "javascript:"):
        assert mark not in text
    for tag in text.split("<script")[1:]:
        assert "src=" in tag.split(">")[0]


ACTORS = ("customer_", "staff_", "therapist_", "manager_", "cashier_")


def names_used_by(function: Callable[..., Any]) -> set[str]:
    """Return every name in a function's body and in the private functions that it calls."""
    tree = ast.parse(inspect.getsource(function))
    names = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    names |= {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    helpers = (function.__globals__.get(name) for name in names if name.startswith("_"))
    return names.union(*(names_used_by(each) for each in helpers if inspect.isfunction(each)))


@pytest.mark.parametrize("name", sorted(REGISTRY))
def test_an_operation_has_the_name_of_its_command(name):
    """`therapist_release` calls `release`, `staff_cancel` calls `staff_cancel`."""
    actor = next((actor for actor in ACTORS if name.startswith(actor)), "")
    operation = name.removeprefix(actor)
    assert names_used_by(REGISTRY[name].run) & {name, operation, f"{operation}_last_step"}
