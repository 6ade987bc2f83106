"""Tests of the commands in docs/operations.md: pasted as they stand, they install the system."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from spa_project.tests.deploy.installation import DEPLOY, MANAGE
from spa_project.tests.deploy.test_files import known_settings
from tools.servers import PROJECT, MariaDB, Redis

PAGE = (PROJECT / "docs" / "operations.md").read_text()


def blocks(text: str) -> list[str]:
    return re.findall(r"^```\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def section(title: str) -> str:
    return PAGE.split(f"## {title}\n")[1].split("\n## ")[0]


INSTALLATION = blocks(section("Install on Debian").split("### Settings")[0])
#: Other programs of the machine: here they only write down that they were called.
STUBS = ("apt-get", "useradd", "git", "pip", "mariadb", "systemctl", "nginx", "certbot")


@pytest.mark.parametrize("block", blocks(PAGE))
def test_a_shell_understands_each_block(block):
    done = subprocess.run(["bash", "-n"], input=block, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_nothing_is_used_before_it_is_installed():
    """A minimal Debian has neither git nor sudo."""
    text = "\n".join(INSTALLATION)
    assert "sudo" not in PAGE
    packages = set(re.findall(r"[\w.+-]+", text.split("apt-get install")[1].split("\nuseradd")[0]))
    needed = {"git", "certbot", "curl", "openssl", "nginx", "python3-venv", "mariadb-server"}
    assert needed <= packages
    before = text.split("apt-get install")[0]
    assert not re.findall(r"^(?:git|curl|openssl|python3)\b", before, re.MULTILINE)


def test_versions_are_those_of_the_changelog():
    released = set(re.findall(r"^## (\d+\.\d+\.\d+)", (PROJECT / "CHANGELOG.md").read_text(), re.M))
    assert set(re.findall(r"\bv(\d+\.\d+\.\d+)\b", PAGE)) <= released


def test_commands_of_the_spa_exist():
    named = set(re.findall(r"^\s*spa (\w+)", "\n".join(blocks(PAGE)), re.MULTILINE))
    named |= set(re.findall(r"manage\.py (\w+)", PAGE))
    told = subprocess.run(
        [*MANAGE, "help", "--commands"], capture_output=True, text=True, cwd=PROJECT
    )
    assert named
    assert named <= set(told.stdout.split())


def test_files_of_deploy_exist():
    for name in re.findall(r"/srv/spa/app/deploy/([\w./-]*\w)", PAGE):
        assert (DEPLOY / name).exists(), name


def written(path: Path, text: str) -> Path:
    path.write_text(f"#!/bin/bash\n{text}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def programs(tmp_path) -> Path:
    """Return a directory with programs that this machine may not have, or may not run."""
    directory = tmp_path / "programs"
    directory.mkdir()
    for name in STUBS:
        written(directory / name, f'echo "{name} $*" >>{tmp_path}/called')
    # As any user: without the owner of files, without another user, without a question.
    written(
        directory / "install", 'exec /usr/bin/install $(printf "%s\\n" "$@" | sed "/^-[og]$/,+1d")'
    )
    written(
        directory / "runuser",
        '[ "${!#}" != createsuperuser ] || set -- "$@" --no-input\nexec "${@:4}"',
    )
    return directory


@pytest.mark.servers
@pytest.mark.sample(0)
def test_the_installation_as_it_stands_makes_a_spa_that_can_be_opened(tmp_path, programs):
    with MariaDB() as database, Redis() as broker:
        changes = {
            "DATABASE_URL=mysql://spa:$password@127.0.0.1:3306/spa": f"DATABASE_URL={database.url}",
            "redis://127.0.0.1:6379/0": broker.url,
            "/srv/spa/venv/bin/python": sys.executable,
            "/srv/spa/venv/bin/pip": "pip",
            "python3 -m venv /srv/spa/venv": "python3 --version",
            "/srv/spa/app": os.fspath(PROJECT),
            "/srv/spa": f"{tmp_path}/srv",
            "/etc/": f"{tmp_path}/etc/",
            "/var/": f"{tmp_path}/var/",
        }
        script = "\n".join(["set -euo pipefail", *INSTALLATION])
        for theirs, ours in changes.items():
            assert theirs in script, theirs
            script = script.replace(theirs, ours)
        for directory in ("mysql/mariadb.conf.d", "redis", "nginx/conf.d", "systemd/system"):
            (tmp_path / "etc" / directory).mkdir(parents=True)
        our_names = known_settings() | {"DJANGO_SETTINGS_MODULE"}  # the tests' own
        outside = {name: value for name, value in os.environ.items() if name not in our_names}
        first = {"USERNAME": "olivia", "EMAIL": "o@spa.example", "PASSWORD": "a-walk-to-the-sea-9"}
        done = subprocess.run(
            ["bash", written(tmp_path / "installation", script)],
            stdin=subprocess.DEVNULL,
            env=outside
            | {"PATH": f"{programs}:{os.environ['PATH']}"}
            | {f"DJANGO_SUPERUSER_{name}": value for name, value in first.items()},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
        assert database.ask("SELECT username FROM accounts_user WHERE is_superuser") == [
            ("olivia",)
        ]
    env = (tmp_path / "etc/spa/env").read_text()
    assert {line.partition("=")[0] for line in env.splitlines()} <= known_settings()
    assert "ALLOWED_HOSTS=spa.example,localhost" in env
    assert "server_name spa.example;" in (tmp_path / "etc/nginx/conf.d/spa.conf").read_text()
    assert (tmp_path / "etc/systemd/system/nginx.service.d/spa.conf").is_file()
    assert list((tmp_path / "srv/static").iterdir())
    shown = ["openssl", "x509", "-noout", "-ext", "subjectAltName", "-in"]
    certificate = tmp_path / "etc/ssl/spa/fullchain.pem"
    told = subprocess.run([*shown, certificate], capture_output=True, text=True, check=True)
    assert "DNS:spa.example" in told.stdout
    called = (tmp_path / "called").read_text()
    [asked] = [line for line in called.splitlines() if line.startswith("certbot")]
    assert "--domain spa.example" in asked
    renewed = tmp_path / "renewed"
    renewed.mkdir()
    for name in ("fullchain.pem", "privkey.pem"):
        (renewed / name).write_text(f"renewed {name}")
    hook = asked.split("--deploy-hook ")[1]
    path = {"PATH": f"{programs}:{os.environ['PATH']}", "RENEWED_LINEAGE": os.fspath(renewed)}
    subprocess.run([hook], env=path, check=True)
    assert certificate.read_text() == "renewed fullchain.pem"
    assert (tmp_path / "called").read_text().splitlines()[-1] == "systemctl reload nginx"
