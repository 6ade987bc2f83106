"""Tests that the files of deploy/ agree with the project and with each other."""

import configparser
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import REGISTRY

from spa_project.tests.deploy.installation import DEPLOY, unit
from tools import drill
from tools.servers import PROJECT

PROCESSES = {"web1", "web2", "live1", "live2"}


def known_settings() -> set[str]:
    lines = (PROJECT / ".env.example").read_text()
    names = set(re.findall(r"^#([A-Z_]+)=", lines, re.MULTILINE))
    return names | {f"{name}_FILE" for name in names}


def compose() -> dict[str, Any]:
    return yaml.safe_load((DEPLOY / "compose.yaml").read_text())


def app_services() -> dict[str, dict[str, Any]]:
    return {
        name: service
        for name, service in compose()["services"].items()
        if service["image"].startswith("spa-floor:")
    }


def test_containers_are_given_only_settings_that_exist():
    given = {name for service in app_services().values() for name in service["environment"]}
    assert given
    assert given <= known_settings()


def test_containers_run_pinned_images():
    images = [service["image"] for service in compose()["services"].values()]
    images += re.findall(r"^FROM (\S+)", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE)
    assert all(re.search(r":\d+\.\d+\.\d+", image) for image in images), images


def test_containers_need_only_what_is_declared():
    whole = compose()
    for part in ("volumes", "networks", "secrets"):
        used = {
            entry.split(":")[0]
            for service in whole["services"].values()
            for entry in service.get(part, [])
            if not entry.startswith((".", "/"))
        }
        assert used == set(whole[part]), part
    services = set(whole["services"])
    assert all(set(each.get("depends_on", [])) <= services for each in whole["services"].values())
    assert services > PROCESSES
    assert {each["hostname"] for each in app_services().values() if "hostname" in each} == PROCESSES


def test_nothing_but_the_proxy_can_be_reached_from_outside():
    whole = compose()
    assert whole["networks"]["inside"] == {"internal": True}
    open_to_all = {name for name, each in whole["services"].items() if "ports" in each}
    assert open_to_all == {"nginx"}
    assert {n for n, each in whole["services"].items() if "outside" in each["networks"]} == {
        "nginx"
    }


def test_files_that_containers_mount_and_copy_are_there():
    for service in compose()["services"].values():
        for entry in service.get("volumes", []):
            name = entry.split(":")[0]
            if name.startswith("./") and name != "./certificates":
                assert (DEPLOY / name).is_file(), name
    kept = (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()
    assert all((PROJECT / name[1:]).exists() for name in kept if name.startswith("!"))


def test_everybody_means_the_same_processes():
    nginx = (DEPLOY / "nginx" / "spa.conf").read_text()
    assert set(re.findall(r"server unix:/run/spa/(\w+)\.sock", nginx)) == PROCESSES
    scraped = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text())
    assert set(scraped["scrape_configs"][0]["static_configs"][0]["targets"]) == PROCESSES
    assert set(drill.PROCESSES) == PROCESSES


def test_the_proxy_takes_in_what_the_application_takes_in(settings):
    nginx = (DEPLOY / "nginx" / "spa.conf").read_text()
    [size] = re.findall(r"client_max_body_size (\d+)k", nginx)
    assert int(size) * 1024 == settings.BODY_BYTES


def test_nginx_may_open_the_files_it_says():
    main = (DEPLOY / "nginx" / "nginx.conf").read_text()
    [files] = map(int, re.findall(r"^worker_rlimit_nofile (\d+);", main, re.MULTILINE))
    [connections] = map(int, re.findall(r"worker_connections (\d+);", main))
    assert files >= 2 * connections
    assert unit("nginx.service.d/spa.conf")["LimitNOFILE"] == [str(files)]
    assert compose()["services"]["nginx"]["ulimits"] == {"nofile": files}


def test_units_run_what_exists():
    for path in (DEPLOY / "systemd").glob("*.service"):
        for line in unit(path.name)["ExecStart"]:
            for name in re.findall(r"manage.py (\w+)", line):
                assert list(PROJECT.glob(f"*/management/commands/{name}.py")), name
    assert "spa_project.server --unix /run/spa/%i.sock" in unit("spa@.service")["ExecStart"][0]
    # A process shuts down by itself before systemd's timeout kills it.
    from spa_project.lib.daphne import LINGER, SHUTDOWN_TIMEOUT

    assert SHUTDOWN_TIMEOUT + 2 * LINGER < 5 < int(unit("spa@.service")["TimeoutStopSec"][0])


def test_the_processes_may_read_the_settings():
    """A unit that names another group takes the user's own from its processes."""
    page = (PROJECT / "docs" / "operations.md").read_text()
    [group] = re.findall(
        r"^install -D -m 0640 -g (\w+) /dev/null /etc/spa/env$", page, re.MULTILINE
    )
    for name in ("spa@.service", "spa-daily.service"):
        settings = unit(name)
        groups = settings.get("Group", settings["User"]) + settings.get("SupplementaryGroups", [])
        assert group in groups, name


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd on this machine")
def test_systemd_understands_the_units():
    paths = [str(path) for path in (DEPLOY / "systemd").iterdir() if path.is_file()]
    done = subprocess.run(["systemd-analyze", "verify", *paths], capture_output=True, text=True)
    complaints = [
        line for line in done.stderr.splitlines() if "not executable: No such file" not in line
    ]
    assert complaints == []


def measured() -> set[str]:
    """Return every metric of a process, as its samples are named."""
    found = set()
    for metric in REGISTRY.collect():
        ends = {"counter": ["_total"], "histogram": ["_bucket", "_sum", "_count"]}
        found |= {metric.name + end for end in ends.get(metric.type, [""])}
    return found


def expressions() -> list[str]:
    board = json.loads((DEPLOY / "grafana" / "spa.json").read_text())
    shown = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    rules = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yml").read_text())
    return shown + [rule["expr"] for group in rules["groups"] for rule in group["rules"]]


def test_the_dashboard_and_the_alerts_ask_for_figures_that_exist():
    asked = set(re.findall(r"\b(?:spa|process)_\w+", " ".join(expressions())))
    assert asked
    assert asked <= measured()


def test_every_figure_of_ours_is_on_the_dashboard():
    asked = " ".join(expressions())
    ours = {name for name in measured() if name.startswith("spa_")}
    ours -= {name for name in ours if name.endswith(("_sum", "_count"))}
    assert [name for name in sorted(ours) if name not in asked] == []


def test_alerts_say_what_to_do():
    rules = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yml").read_text())
    for rule in rules["groups"][0]["rules"]:
        assert {"summary", "do"} == set(rule["annotations"]), rule["alert"]
        assert rule["labels"]["severity"] in {"page", "warning"}


@pytest.mark.parametrize(
    ("alert", "figure"),
    [
        ("BackupFailed", 'spa_task_failed{task="backup"}'),
        ("BackupIsOld", 'spa_task_succeeded_timestamp_seconds{task="backup"}'),
        ("LedgerIsWrong", 'spa_task_failed{task="verify_ledger"}'),
        ("DiskIsFull", "spa_disk_free_ratio"),
        ("CertificateExpires", "spa_certificate_expiry_timestamp_seconds"),
    ],
)
def test_what_nobody_looks_at_has_an_alert(alert, figure):
    groups = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yml").read_text())["groups"]
    rules = {rule["alert"]: rule["expr"] for group in groups for rule in group["rules"]}
    assert figure in rules[alert]


def test_databases_settings_can_be_read():
    parser = configparser.ConfigParser(allow_no_value=True, inline_comment_prefixes="#")
    parser.read(DEPLOY / "mariadb.cnf")
    assert parser["mysqld"]["innodb_flush_log_at_trx_commit"] == "1"
    assert parser["mysqld"]["transaction-isolation"] == "READ-COMMITTED"


def test_no_secret_is_written_down():
    for path in (p for p in DEPLOY.rglob("*") if p.is_file()):
        assert not re.search(r"(?i)(password|secret_key)\s*[=:]\s*[\"']?\w{8}", text(path)), path


def text(path: Path) -> str:
    return path.read_text()
