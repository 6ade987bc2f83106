"""Check that links, paths and commands in the documentation work."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management.utils import get_random_secret_key

ROOT = settings.BASE_DIR
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
TOP_LEVEL = (
    *("accounts/", "catalog/", "queueing/", "payments/", "spa_project/", "static/"),
    *("templates/", "tools/", "benchmarks/", "deploy/", "docs/", "requirements/"),
)


def code_spans(page: Path) -> set[str]:
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    return set(re.findall(r"`([^`\n]+)`", text))


def commands_of(page: Path) -> list[str]:
    blocks = re.findall(r"```\n(.*?)```", page.read_text(), re.DOTALL)
    return [line for block in blocks for line in block.splitlines()]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_relative_link_leads_to_a_file(page):
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text())
    relative = [link for link in links if "://" not in link and not link.startswith("mailto:")]

    assert [link for link in relative if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_named_path_exists(page):
    named = [span for span in code_spans(page) if re.fullmatch(r"[\w./-]+", span)]
    paths = [name for name in named if name.startswith(TOP_LEVEL)]

    assert [path for path in paths if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_make_target_that_is_named_exists(page):
    text = page.read_text()
    named = set(re.findall(r"`(?:[A-Z_]+=\S+ )?make ([a-z][\w-]*)", text))
    named |= set(re.findall(r"^make ([a-z][\w-]*)", text, re.MULTILINE))
    targets = set(re.findall(r"^([a-z][\w-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))

    assert named - targets == set()


def test_every_test_that_is_named_exists():
    page = ROOT / "docs" / "architecture.md"
    named = {span for span in code_spans(page) if re.fullmatch(r"test_\w+", span)}
    folders = ("accounts", "catalog", "payments", "queueing", "spa_project")
    files = [file for folder in folders for file in (ROOT / folder).rglob("test_*.py")]
    known = {name for file in files for name in re.findall(r"def (test_\w+)", file.read_text())}

    assert named
    assert named - known == set()


@pytest.mark.slow
def test_the_set_up_commands_run_in_the_order_of_the_page(tmp_path):
    environment = {
        "PATH": os.environ["PATH"],
        "ENV_FILE": "",
        "SECRET_KEY": get_random_secret_key(),
        "DATABASE_URL": f"sqlite:///{tmp_path}/spa.sqlite3",
        "STATIC_ROOT": str(tmp_path / "static"),
    }
    page = (ROOT / "docs" / "start.md").read_text()
    section = page.split("## Set up a spa by hand\n")[1].split("\n## ")[0]
    lines = re.findall(r"^\.venv/bin/python (.+)$", section, re.MULTILINE)

    assert lines[0] == "manage.py migrate"
    assert lines[-1] == "manage.py import_menu prices.csv"
    for line in lines:
        program, *arguments = line.split()
        command = [sys.executable, str(ROOT / program), *arguments]
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
