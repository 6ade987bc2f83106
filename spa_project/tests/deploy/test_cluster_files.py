"""Tests that the files of deploy/cluster agree with each other and with the project."""

import re
import shutil
import subprocess

import pytest

from spa_project import galera_health
from tools.cluster.files import ADDRESSES, DEPLOY, command_of, deployed, unit_settings
from tools.cluster.servers import DATABASE_UNIT, HEALTH_UNIT, PROCESS_UNIT, SECOND
from tools.servers import PROJECT

MACHINE = {"@NAME@": "spa-2", "@ADDRESS@": "10.0.0.12"}
PAGE = (PROJECT / "docs" / "cluster.md").read_text()
BLOCKS = re.findall(r"^```\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def text(name: str) -> str:
    return (DEPLOY / "cluster" / name).read_text()


def provider_options(name: str) -> dict[str, str]:
    """Return the options of Galera in a file."""
    return dict(re.findall(r"([\w.]+)=([^;\"\s]+)", text(name)))


def seconds(option: str) -> float:
    return float(option.removeprefix("PT").removesuffix("S"))


def listeners() -> dict[str, list[str]]:
    """Return the machines of each part of HAProxy's file, in its order."""
    parts = re.split(r"^(?:listen|backend) (\S+)$", text("haproxy.cfg"), flags=re.MULTILINE)[1:]
    return {
        name: re.findall(r"^\s+server (\S+) .*$", part, re.MULTILINE)
        for name, part in zip(parts[::2], parts[1::2], strict=True)
    }


@pytest.mark.parametrize("name", ["galera.cnf", "haproxy.cfg", "nftables.conf"])
def test_every_file_knows_the_three_machines(name):
    assert set(ADDRESSES.values()) <= set(re.findall(r"10[.]0[.]0[.]\d+", text(name)))


def test_a_machine_has_its_own_name_and_address():
    settings = deployed("cluster/galera.cnf", MACHINE)
    assert "@" not in settings.partition("[mysqld]")[2]
    assert "wsrep_node_address = 10.0.0.12" in settings


def test_a_silent_machine_is_asked_more_often_than_it_is_given_up():
    for name in ("galera.cnf", "garb"):
        options = provider_options(name)
        asked = seconds(options["evs.keepalive_period"])
        assert asked < seconds(options["evs.suspect_timeout"])
        assert seconds(options["evs.suspect_timeout"]) < seconds(options["evs.inactive_timeout"])


def test_the_arbitrator_waits_as_long_as_the_databases():
    of_database, of_arbitrator = provider_options("galera.cnf"), provider_options("garb")
    timing = {name: value for name, value in of_database.items() if name.startswith("evs.")}
    assert timing
    assert timing.items() <= of_arbitrator.items()


def test_the_last_to_write_is_the_first_to_be_read():
    found = listeners()
    assert found["writer"] == [*ADDRESSES]
    assert found["reader"] == found["reader-without-quorum"] == [*reversed(ADDRESSES)]


def test_only_one_machine_writes_at_a_time():
    servers = re.findall(r"^\s+server .*$", text("haproxy.cfg"), re.MULTILINE)
    assert [("backup" in line.split()) for line in servers] == 3 * [False, True, True]
    assert "on-marked-down shutdown-sessions" in text("haproxy.cfg")


def test_a_machine_without_a_quorum_is_read_only_while_no_other_can_be():
    _before, readers = text("haproxy.cfg").split("\nlisten reader\n")
    rule = re.findall(r"^    use_backend .*$", readers, re.MULTILINE)
    assert rule == ["    use_backend reader-without-quorum if { nbsrv(reader) eq 0 }"]


def test_haproxy_asks_what_the_health_service_answers():
    asked = set(re.findall(r"http-check send meth GET uri (\S+)", text("haproxy.cfg")))
    watch = galera_health.Watch({})
    assert asked == {"/writer", "/reader", "/reader-without-quorum"}
    assert {watch.answer(path)[0] for path in asked} == {503}
    [port] = re.findall(r"default-server port (\d+)", text("haproxy.cfg"))
    assert command_of(HEALTH_UNIT, {"SPA_ADDRESS": "10.0.0.11"})[3:7] == [
        *("--bind", "10.0.0.11", "--port", port)
    ]


def test_the_unit_of_a_database_checks_its_settings_as_the_user_who_runs_it():
    assert command_of(DATABASE_UNIT, {}, setting="ExecStartPost") == [
        *("/usr/bin/env", "--chdir=/srv/spa/app", "/srv/spa/venv/bin/python"),
        *("-m", "spa_project.galera_health", "--check-settings"),
        *("--socket", "/run/mysqld/mysqld.sock", "--user", "mysql"),
    ]


def test_connections_of_the_pool_may_rest_as_long_as_at_the_database():
    [wait] = re.findall(r"^wait_timeout = (\d+)", (DEPLOY / "mariadb.cnf").read_text(), re.M)
    for side in ("client", "server"):
        [hours] = re.findall(rf"timeout {side} (\d+)h", text("haproxy.cfg"))
        assert int(hours) * 3600 > int(wait)


def test_nginx_knows_the_port_of_every_process():
    ports = dict(
        pair.removeprefix("PORT_").split("=")
        for pair in unit_settings(PROCESS_UNIT)["Environment"].split()
    )
    for role in ("web", "live"):
        part = text("nginx/upstreams.conf").partition(f"upstream spa_{role} ")[2].partition("}")[0]
        known = set(re.findall(r"server (\S+:\d+)", part))
        own = [port for name, port in ports.items() if name.startswith(role)]
        assert known == {f"{address}:{port}" for address in ADDRESSES.values() for port in own}


def test_a_process_listens_inside_and_on_the_inner_network():
    line = command_of(PROCESS_UNIT, {"SPA_ADDRESS": "10.0.0.13"}, i="live1")
    assert line[1:] == [
        *("-m", "spa_project.server", "--unix", "/run/spa/live1.sock"),
        *("--bind", "10.0.0.13", "--port", "8003"),
    ]


def test_the_floating_address_stays_when_the_other_nginx_is_back():
    lines = [line.strip() for line in text("keepalived.conf").splitlines()]
    assert {"state BACKUP", "nopreempt"} <= set(lines)


def test_a_run_changes_the_second_keepalived_as_the_documentation_does():
    [script] = re.findall(r"sed -i '([^']*)' /etc/keepalived/keepalived[.]conf", PAGE)
    file = DEPLOY / "cluster" / "keepalived.conf"
    changed = subprocess.run(["sed", script, file], capture_output=True, text=True, check=True)
    body = changed.stdout.partition("global_defs")[2]
    assert body == deployed("cluster/keepalived.conf", SECOND).partition("global_defs")[2]


def test_keepalived_gets_the_interface_of_its_machine():
    [script] = re.findall(r'sed "(s/interface [^"]*)" /srv/spa/app/deploy/cluster/keepa', PAGE)
    file = DEPLOY / "cluster" / "keepalived.conf"
    script = script.replace("$interface", "enp1s0")
    changed = subprocess.run(
        ["sed", "-n", f"{script}p", file], capture_output=True, text=True, check=True
    )
    assert changed.stdout.strip() == "interface enp1s0"


@pytest.mark.parametrize("block", BLOCKS)
def test_a_shell_understands_each_block(block):
    done = subprocess.run(["bash", "-n"], input=block, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_page_installs_files_that_exist():
    named = re.findall(r"/srv/spa/app/deploy/([\w./-]*\w)", PAGE)
    assert named
    assert [name for name in named if not (DEPLOY / name).exists()] == []


def test_a_redis_receives_its_copy_where_its_unit_may_write():
    """Debian's unit has `ReadWritePaths=-/var/lib/redis`, and starts Redis in `/`."""
    assert re.findall(r"^dir (\S+)$", text("redis.conf"), re.MULTILINE) == ["/var/lib/redis"]


def test_sentinel_is_stopped_before_its_files_are_written():
    """One that runs writes what it knows into them."""
    writing = [block for block in BLOCKS if ">/etc/redis/" in block]
    assert len(writing) == 2
    assert all(block.startswith("systemctl stop redis-sentinel\n") for block in writing)


def test_processes_start_with_each_machine():
    [block] = [block for block in BLOCKS if "systemctl enable spa@" in block]
    assert "systemctl enable --now spa.target\n" in block


def test_the_firewall_closes_every_inner_port():
    [ports] = re.findall(r"elements = { ([\d, -]+) }", text("nftables.conf").partition("inner")[2])
    assert ports == "3306, 4444, 4567-4568, 6379, 26379, 8001-8004, 9200"


def test_nothing_is_replaced_that_a_file_does_not_say():
    with pytest.raises(ValueError, match="does not say"):
        deployed("cluster/redis.conf", {"@NOBODY@": "10.0.0.11"})


@pytest.mark.skipif(not shutil.which("haproxy", path="/usr/sbin:/usr/bin"), reason="no HAProxy")
def test_haproxy_understands_its_file(tmp_path):
    config = tmp_path / "haproxy.cfg"
    here = {"/run/haproxy/admin.sock": str(tmp_path / "admin.sock")}
    config.write_text(deployed("cluster/haproxy.cfg", here))
    done = subprocess.run(
        ["haproxy", "-c", "-f", str(config)],
        capture_output=True,
        text=True,
        env={"PATH": "/usr/sbin:/usr/bin"},
    )
    assert done.returncode == 0, done.stderr
    assert "warning" not in done.stderr.lower()
