"""Does a name server that hangs hold up only the deliveries to its own names?"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from tests.engine.hostile_receiver import records
from tests.patience import PATIENCE, SOON, wait_until
from webhooks_app.engine import resolver as resolving
from webhooks_app.engine.resolver import NameTimeout, NameUnknown, Resolver

LIMIT = 0.3


class HangingNames:
    """Hangs on every name that begins with "hang", until the test is over."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.over = threading.Event()

    def __call__(self, name: str, port: int) -> Any:
        self.asked[name] += 1
        if name.startswith("hang"):
            self.over.wait(PATIENCE)
        return records("8.8.8.8")


@pytest.fixture
def names() -> Iterator[HangingNames]:
    names = HangingNames()
    yield names
    names.over.set()


def timed(resolver: Resolver, name: str, *, within: float = PATIENCE) -> tuple[str, float]:
    began = time.monotonic()
    try:
        resolver.records(name, 80, within_seconds=within)
        result = "found"
    except NameTimeout:
        result = "timeout"
    return result, time.monotonic() - began


def in_threads(
    resolver: Resolver, names: list[str], *, within: float = PATIENCE
) -> dict[str, tuple[str, float]]:
    results: dict[str, tuple[str, float]] = {}

    def ask(key: str, name: str) -> None:
        results[key] = timed(resolver, name, within=within)

    threads = [threading.Thread(target=ask, args=(f"{n}:{name}", name)) for n, name in enumerate(names)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_one_hanging_name_of_many_does_not_hold_up_the_others(names: HangingNames) -> None:
    resolver = Resolver(names, limit_seconds=PATIENCE)
    hanging = threading.Thread(target=timed, args=(resolver, "hang"))
    hanging.start()
    wait_until(lambda: names.asked["hang"])

    results = in_threads(resolver, [f"good-{n}" for n in range(19)])

    assert {result for result, _ in results.values()} == {"found"}
    assert hanging.is_alive()  # so nobody has waited for it
    names.over.set()
    hanging.join()


def test_a_look_up_ends_at_the_limit_or_at_the_deadline(names: HangingNames) -> None:
    result, seconds = timed(Resolver(names, limit_seconds=LIMIT), "hang")
    assert result == "timeout"
    assert LIMIT <= seconds < SOON
    result, seconds = timed(Resolver(names, limit_seconds=PATIENCE), "hang-too", within=LIMIT)
    assert result == "timeout"
    assert LIMIT <= seconds < SOON


def test_those_who_wait_for_one_name_share_one_look_up(names: HangingNames) -> None:
    in_threads(Resolver(names, limit_seconds=LIMIT), ["hang"] * 8)

    assert names.asked["hang"] == 1


def test_a_name_that_timed_out_fails_fast(names: HangingNames) -> None:
    resolver = Resolver(names, limit_seconds=PATIENCE)
    timed(resolver, "hang", within=resolving.ENOUGH_SECONDS)

    result, seconds = timed(resolver, "hang")
    assert result == "timeout"
    assert seconds < SOON
    assert timed(resolver, "good")[0] == "found"


def test_an_attempt_with_hardly_any_time_says_nothing_about_a_name(names: HangingNames) -> None:
    resolver = Resolver(names, limit_seconds=PATIENCE)
    timed(resolver, "hang", within=0.02)
    names.over.set()

    assert timed(resolver, "hang")[0] == "found"


def test_with_every_thread_stuck_other_names_wait_and_are_not_held_against(names: HangingNames) -> None:
    resolver = Resolver(names, limit_seconds=PATIENCE)
    in_threads(resolver, [f"hang-{n}" for n in range(resolving.MAX_RUNNING + 4)], within=LIMIT)

    wait_until(lambda: sum(names.asked.values()) == resolving.MAX_RUNNING)
    assert timed(resolver, "good", within=resolving.ENOUGH_SECONDS)[0] == "timeout"
    assert names.asked["good"] == 0
    names.over.set()
    assert timed(resolver, "good")[0] == "found"


def test_an_answer_is_kept_for_nobody(names: HangingNames) -> None:
    resolver = Resolver(names)
    timed(resolver, "good")
    timed(resolver, "good")

    assert names.asked["good"] == 2


def test_whatever_a_look_up_raises_the_name_is_unknown() -> None:
    def failing(name: str, port: int) -> Any:
        raise UnicodeError("label empty or too long")

    with pytest.raises(NameUnknown):
        Resolver(failing).records("x", 80, within_seconds=1)
