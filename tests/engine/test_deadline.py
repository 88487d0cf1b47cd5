"""Does the watchdog fire in time, only then, and only at the right socket?"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from tests.patience import PATIENCE, SOON, wait_until
from webhooks_app.engine import deadline as module
from webhooks_app.engine.deadline import Watchdog


@pytest.fixture
def watchdog(monkeypatch: pytest.MonkeyPatch) -> Iterator[Watchdog]:
    """One that does not look around by itself: what comes soon, comes because it was woken."""
    monkeypatch.setattr(module, "_LONGEST_SLEEP_SECONDS", PATIENCE)
    watchdog = Watchdog(housekeeping=lambda: None, housekeeping_seconds=PATIENCE)
    yield watchdog
    watchdog.close()


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    ours.settimeout(PATIENCE)
    with ours, theirs:
        yield ours, theirs


def test_a_blocked_reader_returns_at_the_deadline(
    watchdog: Watchdog, pair: tuple[socket.socket, socket.socket]
) -> None:
    began = time.monotonic()
    deadline = watchdog.start(0.1)
    watchdog.watch(deadline, pair[0])

    assert pair[0].recv(1) == b""

    assert 0.1 <= time.monotonic() - began < SOON
    assert deadline.fired
    assert watchdog.finish(deadline)


def test_a_nearer_deadline_overtakes_one_the_watchdog_sleeps_for(
    watchdog: Watchdog, pair: tuple[socket.socket, socket.socket]
) -> None:
    watchdog.start(PATIENCE)
    wait_until(lambda: watchdog._sleeps_until)
    deadline = watchdog.start(PATIENCE)
    watchdog.watch(deadline, pair[0])
    watchdog.bring_forward(deadline, 0.1)
    began = time.monotonic()

    assert pair[0].recv(1) == b""

    assert time.monotonic() - began < SOON


def test_a_deadline_is_never_put_off(watchdog: Watchdog) -> None:
    deadline = watchdog.start(1)
    at = deadline.at

    watchdog.bring_forward(deadline, 5)

    assert deadline.at == at


def test_a_finished_attempt_leaves_its_socket_alone(
    watchdog: Watchdog, pair: tuple[socket.socket, socket.socket]
) -> None:
    deadline = watchdog.start(PATIENCE)
    watchdog.watch(deadline, pair[0])

    assert not watchdog.finish(deadline)
    watchdog.bring_forward(deadline, 0)
    wait_until(lambda: not watchdog._heap)

    pair[1].send(b"x")
    assert pair[0].recv(1) == b"x"
    assert not deadline.fired


def test_a_socket_that_comes_after_the_deadline_is_shut_at_once(
    watchdog: Watchdog, pair: tuple[socket.socket, socket.socket]
) -> None:
    deadline = watchdog.start(0.01)
    wait_until(lambda: deadline.fired)

    watchdog.watch(deadline, pair[0])

    assert pair[0].recv(1) == b""


def test_finished_deadlines_do_not_pile_up(watchdog: Watchdog) -> None:
    for _ in range(5000):
        watchdog.finish(watchdog.start(60))

    assert len(watchdog._heap) < 500


def test_housekeeping_runs_now_and_then_and_may_fail(caplog: pytest.LogCaptureFixture) -> None:
    ran: list[float] = []

    def failing() -> None:
        ran.append(time.monotonic())
        raise OSError("no")

    watchdog = Watchdog(housekeeping=failing, housekeeping_seconds=0.02)
    watchdog.finish(watchdog.start(1))
    wait_until(lambda: len(ran) >= 2)
    watchdog.close()

    assert "could not be closed" in caplog.text


def test_where_no_thread_can_be_started_the_next_deadline_asks_again(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    class Short(threading.Thread):
        left = 1

        def start(self) -> None:
            Short.left -= 1
            if Short.left >= 0:
                raise RuntimeError("can't start new thread")
            super().start()

    watchdog = Watchdog(housekeeping=lambda: None, thread=Short)
    with pytest.raises(RuntimeError):
        watchdog.start(0.1)

    deadline = watchdog.start(0.1)
    watchdog.watch(deadline, pair[0])
    assert pair[0].recv(1) == b""
    assert deadline.fired
    watchdog.close()
