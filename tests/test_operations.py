"""What the files for running the program name is there: commands, options, ports, paths and limits."""

import re
import shlex
from pathlib import Path
from typing import Any

import click
import pytest
import typer
import yaml

from api.cli import app
from api.limits import BY_PREFIX, MIB
from api.operation_commands import _IDLE_SECONDS, GRACE_SECONDS
from tests.conftest import SETTINGS

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs" / "operations"
CONTAINER, COMPOSE = ROOT / "Containerfile", ROOT / "compose.yaml"
FILES = [CONTAINER, COMPOSE, ROOT / "docs" / "operations.md", *sorted(FOLDER.iterdir())]
# At the beginning of a line, between backticks, or by its path; up to what is no word of a call.
_CALL = re.compile(r"(?:^|`|/bin/)yougang ([a-z][^`#|…·,;&\n]*)", re.MULTILINE)
OURS = re.compile(r"YOUGANG_[A-Z_]+")


def words_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def composed() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(words_of(COMPOSE))
    return document


def seconds(text: str) -> int:
    return int(text.removesuffix("s"))


def commands() -> list[list[str]]:
    """Return every call of the program that the files show, as words without the program's name."""
    calls = [call for path in FILES for call in _CALL.findall(words_of(path))]
    return [CMD_OF_IMAGE, *(shlex.split(call.replace('"', " ").replace("'", " ")) for call in calls)]


CMD_OF_IMAGE = [
    word.strip(' "') for word in re.findall(r"^CMD \[(.+)\]$", words_of(CONTAINER), re.MULTILINE)[0].split(",")
]


def resolved(call: list[str]) -> tuple[Any, list[str]]:
    """Return the command that words lead to, and the words behind it."""
    command: Any = typer.main.get_command(app)
    rest = list(call)
    while isinstance(command, click.Group) or hasattr(command, "commands"):
        if not rest or rest[0] not in command.commands:
            break
        command = command.commands[rest.pop(0)]
    return command, rest


def test_every_command_that_the_files_show_is_one_with_these_options() -> None:
    shown = commands()
    assert len(shown) >= 12
    for call in shown:
        command, rest = resolved(call)
        assert command.name != "yougang", call
        options = {name for parameter in command.params for name in parameter.opts}
        assert {word.partition("=")[0] for word in rest if word.startswith("--")} <= options, call


def test_every_step_of_the_units_is_a_call_that_the_program_takes() -> None:
    """One that it refuses ends a unit there: whatever comes after it would never be done."""
    units = sorted(FOLDER.glob("*.service"))
    steps = [
        one for path in units for one in re.findall(r"^ExecStart\w*=\S+/yougang (.+)$", words_of(path), re.MULTILINE)
    ]
    assert len(steps) >= 6
    for step in steps:
        command, rest = resolved(shlex.split(re.sub(r"\$\{?\w+\}?|%\w", "x", step)))
        command.make_context(command.name, rest)


def test_every_setting_that_the_files_name_is_read_by_the_program() -> None:
    for path in FILES:
        assert set(OURS.findall(words_of(path))) <= set(SETTINGS), path.name


def test_image_and_unit_start_the_service_alike_and_the_proxy_finds_it() -> None:
    started = re.findall(r"^ExecStart=\S+/yougang (.+)$", words_of(FOLDER / "yougang.service"), re.MULTILINE)
    assert started[0].split() == CMD_OF_IMAGE
    port = CMD_OF_IMAGE[CMD_OF_IMAGE.index("--port") + 1]
    assert f"server 127.0.0.1:{port};" in words_of(FOLDER / "nginx.conf")
    assert f"http://127.0.0.1:{port}/healthz" in words_of(CONTAINER)
    assert "--behind-proxy" in CMD_OF_IMAGE


def test_the_proxy_takes_what_the_service_takes_and_hangs_up_first() -> None:
    told = words_of(FOLDER / "nginx.conf")
    largest = max(limit.body for limit in BY_PREFIX.values())
    assert f"client_max_body_size {largest // MIB}m;" in told
    longest = max(limit.answer for limit in BY_PREFIX.values())
    assert seconds(re.findall(r"proxy_read_timeout (\S+);", told)[0]) > longest
    kept = [seconds(found) for found in re.findall(r"keepalive_timeout (\S+);", told)]
    assert max(kept) < _IDLE_SECONDS


def test_the_proxy_says_itself_who_asks_and_logs_no_address() -> None:
    told = words_of(FOLDER / "nginx.conf")
    assert "X-Forwarded-For $remote_addr;" in told
    assert "X-Forwarded-Proto https;" in told
    assert "proxy_add_x_forwarded_for" not in told
    logged = re.findall(r"log_format [^;]+;", told)[0]
    assert not {"$request ", "$request_uri", "$uri", "$args", "$http_referer", "$remote_user"} & set(logged.split())
    assert re.search(r"location = /metrics \{\s+return 404;", told)


def test_whoever_stops_the_service_waits_as_long_as_it_takes() -> None:
    unit = words_of(FOLDER / "yougang.service")
    assert int(re.findall(r"TimeoutStopSec=(\d+)", unit)[0]) > GRACE_SECONDS
    assert seconds(composed()["services"]["app"]["stop_grace_period"]) > GRACE_SECONDS


def test_the_unit_gives_the_service_no_more_than_it_needs() -> None:
    unit = set(words_of(FOLDER / "yougang.service").splitlines())
    assert {
        "User=yougang",
        "NoNewPrivileges=yes",
        "ProtectSystem=strict",
        "ProtectHome=yes",
        "StateDirectory=yougang",
        "CapabilityBoundingSet=",
        "LimitCORE=0",
        "UMask=0077",
        "IPAddressDeny=any",
    } <= unit


def test_the_image_runs_as_nobody_of_weight_and_takes_only_what_the_locks_name() -> None:
    told = words_of(CONTAINER)
    users = re.findall(r"^USER (.+)$", told, re.MULTILINE)
    assert users == ["10001"]
    installs = re.findall(r"pip install ([^\\\n]+)", told)
    assert installs
    assert all("--require-hashes" in install or "--no-deps" in install for install in installs)
    assert "EXPOSE" not in told


def test_no_service_of_the_composition_has_a_secret_in_its_environment_or_more_rights_than_it_needs() -> None:
    document = composed()
    for name, service in document["services"].items():
        assert "no-new-privileges:true" in service["security_opt"], name
        assert "privileged" not in service, name
        for value in service.get("environment", {}).values():
            assert not re.search(r"://[^/@]+:[^/@]+@", value), name
        assert set(service.get("secrets", [])) <= document["secrets"].keys(), name
        assert {volume.split(":")[0] for volume in service.get("volumes", [])} <= (
            document["volumes"].keys() | {"./docs/operations/nginx.conf", "./secrets/tls"}
        )
    assert all(secret.keys() == {"file"} for secret in document["secrets"].values())


def test_only_the_proxy_of_the_composition_can_be_reached_and_the_database_by_nobody_outside() -> None:
    document = composed()
    services = document["services"]
    assert [name for name, service in services.items() if service.get("ports")] == ["app"]
    assert services["app"]["ports"] == ["80:80", "443:443"]
    assert services["proxy"]["network_mode"] == "service:app"
    assert services["database"]["networks"] == ["inside"]
    assert document["networks"]["inside"]["internal"] is True


def test_the_nightly_backup_is_restored_in_the_same_night() -> None:
    told = re.findall(r"^ExecStart=(.+)$", words_of(FOLDER / "yougang-backup.service"), re.MULTILINE)[0]
    assert re.search(r'yougang backup "\$out" && \S+yougang restore "\$out" --verify', told)


def test_old_archives_go_so_that_nobody_erased_stays_in_them_for_good() -> None:
    told = words_of(FOLDER / "yougang-backup.service")
    assert re.search(r"^ExecStartPost=\S+/find /var/backups/yougang .*-mtime \+30 -delete$", told, re.MULTILINE)
    assert "30 days" in words_of(ROOT / "docs" / "operations.md")


def test_the_proxy_logs_to_files_for_systemd_gives_it_a_socket_that_cannot_be_opened() -> None:
    told = re.findall(r"^\s*(?:access|error)_log (\S+)", words_of(FOLDER / "nginx.conf"), re.MULTILINE)
    assert [Path(where).parent.as_posix() for where in told] == ["/var/log/nginx"] * 2


@pytest.mark.parametrize("name", ["yougang.service", "yougang-backup.service", "yougang-daily.service"])
def test_a_refused_call_of_the_system_is_an_error_and_does_not_kill_the_service(name: str) -> None:
    unit = words_of(FOLDER / name).splitlines()
    assert "SystemCallErrorNumber=EPERM" in unit


def test_the_user_of_the_image_can_write_where_the_composition_lets_it() -> None:
    made = re.findall(r"install -d -m 700 -o yougang -g yougang (.+)$", words_of(CONTAINER), re.MULTILINE)[0].split()
    for service in composed()["services"].values():
        if "build" in service:
            assert {volume.split(":")[1] for volume in service["volumes"]} <= set(made)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_no_host_of_a_registry_is_named(path: Path) -> None:
    hosts = re.findall(r"\b[a-z0-9-]+\.(?:io|com|org|net|cn)\b", words_of(path))
    assert hosts == []
