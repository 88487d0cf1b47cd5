"""Do the image, the composition and the systemd units keep what they promise? Read, not run: no daemon is here."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from webhooks_app.attributes import TIMEOUT_SECONDS
from webhooks_app.runtime import clock, worker

ROOT = Path(__file__).resolve().parent.parent
UNITS = sorted((ROOT / "deploy").glob("*.service"))
DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))["services"]
OURS = ("web", "worker", "slow", "clock", "migrate")
SECRETS = re.compile(r"SECRET_KEY|ENCRYPTION_KEYS|PASSWORD|TOKEN|DATABASE_URL|REDIS_URL|\.env\b")
ANALYZE = shutil.which("systemd-analyze")


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile as (instruction, rest)."""
    text = re.sub(r"^#.*\n", "", DOCKERFILE, flags=re.MULTILINE).replace("\\\n", " ")
    return [(line.split()[0], line.partition(" ")[2]) for line in text.splitlines() if line.strip()]


def directives(unit: Path) -> dict[str, str]:
    """The unit's last word on each directive."""
    return dict(re.findall(r"^(\w+)=(.*)$", unit.read_text("utf-8"), flags=re.MULTILINE))


# The image


def test_the_image_runs_as_nobody_in_particular():
    names = [name for name, _ in instructions()]
    [user] = [rest for name, rest in instructions() if name == "USER"]

    assert user not in ("root", "0")
    assert names.index("USER") < names.index("CMD")
    assert "RUN" not in names[names.index("USER") :]
    assert f"useradd --system --no-create-home {user}" in DOCKERFILE


def test_the_image_installs_the_lock_and_can_compile_nothing():
    runs = " ".join(rest for name, rest in instructions() if name == "RUN")

    assert "--require-hashes" in runs and "--only-binary :all:" in runs and "requirements.lock" in runs
    assert not re.search(r"apt-get|apk |build-essential|gcc|\bcurl\b|\bwget\b", runs)
    assert [rest for name, rest in instructions() if name == "FROM"] == ["python:3.13-slim"]


def test_no_layer_of_the_image_holds_a_secret():
    assert [rest for name, rest in instructions() if name in ("ARG", "ADD")] == []
    assert [rest for name, rest in instructions() if SECRETS.search(rest)] == []


def test_only_what_is_copied_reaches_the_build():
    ignored, *allowed = [
        line for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if not line.startswith("#")
    ]
    copied = {word for name, rest in instructions() if name == "COPY" for word in rest.split()[:-1]}

    assert ignored == "*"
    assert {line[1:] for line in allowed if line.startswith("!")} == copied
    assert all((ROOT / word).exists() for word in copied)


def test_the_image_says_whether_it_is_well():
    [check] = [rest for name, rest in instructions() if name == "HEALTHCHECK"]

    assert "/healthz" in check and "--timeout=3s" in check


# The composition


def test_the_composition_can_be_told_of_the_proxy_in_front():
    assert COMPOSE["web"]["environment"]["WEBHOOKS_PROXY_HOPS"] == "${WEBHOOKS_PROXY_HOPS:-0}"


@pytest.mark.parametrize("page", ["README.md", "docs/security.md"])
def test_whoever_deploys_is_told_that_the_proxy_takes_in_whole_requests(page):
    assert "proxy_request_buffering on;" in (ROOT / page).read_text("utf-8")


@pytest.mark.parametrize("name", OURS)
def test_a_container_of_ours_may_write_and_do_nothing(name):
    service = COMPOSE[name]

    assert service["read_only"] and service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service and "volumes" not in service


def test_nothing_but_the_web_is_reached_from_outside_and_that_from_this_host_alone():
    assert {name: one["ports"] for name, one in COMPOSE.items() if "ports" in one} == {
        "web": ["127.0.0.1:8000:8000"]
    }


def test_the_composition_holds_no_secret_of_its_own():
    for name in OURS:
        for key, value in COMPOSE[name]["environment"].items():
            if SECRETS.search(key):
                assert "${" in value, f"{name}: {key}"


def test_the_redis_of_the_composition_wants_a_password_and_evicts_nothing():
    command = COMPOSE["redis"]["command"]

    assert "--requirepass ${REDIS_PASSWORD}" in command
    assert "--maxmemory-policy noeviction" in command


# Stopping


def seconds(text: str) -> int:
    return int(text.removesuffix("s"))


GRACE = {
    "web": 30,  # what gunicorn gives its own processes in production
    "worker": worker.DRAIN_SECONDS,
    "slow": worker.DRAIN_SECONDS,
    "clock": clock.DRAIN_SECONDS,
}


@pytest.mark.parametrize("name", GRACE)
def test_a_container_is_given_the_time_to_finish_what_is_in_flight(name):
    assert seconds(COMPOSE[name]["stop_grace_period"]) >= GRACE[name] + 5


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_a_unit_stops_its_main_process_and_gives_it_time(unit):
    found = directives(unit)
    name = unit.stem.removeprefix("webhooks-").rstrip("@")

    assert found["KillMode"] == "mixed"
    assert int(found["TimeoutStopSec"]) >= GRACE[name] + 5
    if name in ("worker", "slow"):
        assert int(found["TimeoutStopSec"]) >= TIMEOUT_SECONDS[1] + 10


# The units


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_a_unit_may_do_what_it_needs_and_no_more(unit):
    found = directives(unit)
    wanted = {
        "User": "webhooks",
        "EnvironmentFile": "/etc/webhooks/environment",
        "NoNewPrivileges": "yes",
        "CapabilityBoundingSet": "",
        "ProtectSystem": "strict",
        "ProtectHome": "yes",
        "PrivateTmp": "yes",
        "PrivateDevices": "yes",
        "RestrictAddressFamilies": "AF_INET AF_INET6 AF_UNIX",
        "RestrictNamespaces": "yes",
        "SystemCallArchitectures": "native",
        "UMask": "0077",
    }

    assert {name: found.get(name) for name in wanted} == wanted
    assert not SECRETS.search(unit.read_text("utf-8"))


def test_all_units_are_bound_alike():
    """What one of them may do more than the others would be its own weakness."""
    bounds = {unit.read_text("utf-8").partition("# It needs")[2].partition("[Install]")[0] for unit in UNITS}

    assert len(UNITS) == 4
    assert len(bounds) == 1


@pytest.mark.skipif(ANALYZE is None, reason="there is no systemd-analyze on the PATH")
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_systemd_understands_every_line_of_a_unit(unit, tmp_path):
    # The program is not here, and systemd would say so.
    here = tmp_path / unit.name
    here.write_text(
        re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", unit.read_text("utf-8"), flags=re.MULTILINE)
    )

    done = subprocess.run([ANALYZE, "verify", here], capture_output=True, text=True, timeout=60)

    assert unit.name not in done.stderr
    assert "Unknown" not in done.stderr
