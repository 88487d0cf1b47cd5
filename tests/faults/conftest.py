"""What do the faults find ready? One installation a database for all of them, and a trial for each.

`@pytest.mark.fault(number)` carries the number of the plan; what a change need not pass is left out without ALL=1.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.databases import NoServer
from tests.faults import EVERY_CHANGE, SOAK
from tests.faults.installation import Installation, installed
from tests.faults.jumping_clock import JumpingClock
from tests.faults.postgresql import PostgreSQL, killable_server
from tests.faults.trial import Trial

IS_THOROUGH = os.environ.get("ALL", "") not in ("", "0")
ON_BOTH = ("sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is for ALL=1, and keep the trials of one database in one process."""
    for item in items:
        database = getattr(item, "callspec", None) and item.callspec.params.get("installation")
        if database:
            item.add_marker(pytest.mark.xdist_group(database))
    rest = [item for item in items if not _is_wanted(_number(item))]
    config.hook.pytest_deselected(items=rest)
    items[:] = [item for item in items if item not in rest]


@pytest.fixture(scope="session")
def is_thorough() -> bool:
    """Whether there is time for the long form."""
    return IS_THOROUGH


@pytest.fixture(scope="session")
def server() -> Iterator[PostgreSQL]:
    """A PostgreSQL that may be killed."""
    try:
        with killable_server() as found:
            yield found
    except NoServer as error:
        pytest.skip(f"no PostgreSQL that may be killed: {error}")


@pytest.fixture(scope="session", params=ON_BOTH)
def installation(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    """The installation on one database."""
    server = request.getfixturevalue("server") if request.param == "postgresql" else None
    with ExitStack() as stack:
        yield stack.enter_context(installed(tmp_path_factory.mktemp(f"on-{request.param}"), server=server))


@pytest.fixture
def trial(installation: Installation, record_property: Any) -> Iterator[Trial]:
    """A trial; what it has broken is whole again after it."""
    one = Trial(installation, record_property)
    yield one
    for path in installation.armed.iterdir():
        path.unlink()
    installation.revive()


@pytest.fixture
def empty_database(installation: Installation, tmp_path: Path) -> str:
    """The URL of a database without tables, beside the installation's own."""
    if installation.server is None:
        return f"sqlite:///{tmp_path}/fresh.db"
    name = f"fresh_{os.getpid()}_{time.monotonic_ns()}"
    return installation.server.make_database(name).render_as_string(hide_password=False)


@pytest.fixture
def faked(tmp_path: Path) -> JumpingClock:
    """The environment of processes whose clock is set by the test."""
    return JumpingClock(tmp_path)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Any:
    """The number goes with the report, over to the process that prints."""
    report = yield
    number = _number(item)
    if number is not None and report.when == "call":
        report.user_properties.append(("fault", number))
    return report


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """A line for each trial: what was lost, and what came twice."""
    reports = [each for kind in ("passed", "failed") for each in terminalreporter.stats.get(kind, ())]
    numbered = [(dict(each.user_properties), each) for each in reports if each.when == "call"]
    for told, report in sorted(
        (pair for pair in numbered if "fault" in pair[0]), key=lambda pair: (pair[0]["fault"], pair[1].nodeid)
    ):
        terminalreporter.write_line(_line(told, report))


def _line(told: dict[str, Any], report: Any) -> str:
    name = report.nodeid.rpartition("::")[2].removeprefix("test_").replace("_", " ")
    figures = told.get("figures")
    counted = "judged by itself" if figures is None else (
        f"{figures['events']} events, {figures['deliveries']} deliveries, lost {figures['lost']}, "
        f"duplicates {figures['duplicates']} of at most {figures['most']}, "
        f"{figures['kills']} kills, drained in {figures['drained']} s"
    )  # fmt: skip
    seed = f", seed {told['seed']}" if "seed" in told else ""
    return f"{told['fault']:>3} {report.outcome}: {name}: {counted}{seed} ({report.duration:.0f} s)"


def _is_wanted(number: int | None) -> bool:
    if number == SOAK:
        return bool(os.environ.get("SOAK"))
    return number is None or IS_THOROUGH or number in EVERY_CHANGE


def _number(item: pytest.Item) -> int | None:
    mark = item.get_closest_marker("fault")
    return mark.args[0] if mark else None
