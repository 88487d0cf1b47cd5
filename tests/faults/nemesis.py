"""Who does the harm? One deed at a time, or a random mix that its seed repeats.

A deed names what it does; it ends with everything standing again, so that deeds can follow one another.
"""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable, Sequence

from tests.faults.installation import LEASE_SECONDS
from tests.faults.trial import Trial

WORKERS = ("worker", "worker 2")
KILLING_POINTS = (
    "dispatch.after_pop", "claim.before_commit", "claim.after_commit", "send.before", "send.after_request",
    "send.after_response", "record.before", "record.mid_tx", "record.after_commit", "rescue.mid",
)  # fmt: skip

Deed = Callable[[Trial, random.Random], None]


def kill_a_worker(trial: Trial, dice: random.Random, *, of: Sequence[str] = WORKERS) -> None:
    """kill -9, and start it again."""
    name = dice.choice(of)
    trial.installation.kill(name)
    trial.kills += 1
    trial.installation.stack.start(name)


def kill_at_a_point(trial: Trial, dice: random.Random) -> None:
    """kill -9 at one of the points, if anybody comes by."""
    point = dice.choice(KILLING_POINTS)
    trial.arm(point, "kill")
    time.sleep(2)
    (trial.installation.armed / point).unlink(missing_ok=True)
    if trial.taken_by(point):
        trial.wait_for_kill(point)
    trial.installation.revive(wait_for_web=False)


def stop_a_worker(trial: Trial, dice: random.Random) -> None:
    """Stand still for longer than a lease."""
    process = trial.installation.stack.processes[dice.choice(WORKERS)]
    process.send_signal(signal.SIGSTOP)
    time.sleep(LEASE_SECONDS * 1.5)
    process.send_signal(signal.SIGCONT)
    trial.kills += 1


def wipe_redis(trial: Trial, _dice: random.Random) -> None:
    """FLUSHALL."""
    with trial.installation.clean_redis() as client:
        client.flushall()


def restart_redis(trial: Trial, _dice: random.Random) -> None:
    """kill -9, and come back empty or not, after a while."""
    trial.installation.kill("redis")
    time.sleep(2)
    trial.installation.stack.start_redis()


def silence_redis(trial: Trial, _dice: random.Random) -> None:
    """A line that swallows everything, for a while."""
    trial.installation.redis.go_silent()
    time.sleep(3)
    trial.installation.redis.let_pass()


def break_the_databases_line(trial: Trial, _dice: random.Random) -> None:
    """Reset every connection, where the database has a line."""
    if trial.installation.database is not None:
        trial.installation.database.reset()
        trial.kills += len(WORKERS)


def restart_the_database(trial: Trial, _dice: random.Random) -> None:
    """At once, without a goodbye, where it is a server."""
    if trial.installation.server is not None:
        trial.installation.server.restart_at_once()
        trial.kills += len(WORKERS)


DEEDS: tuple[Deed, ...] = (
    kill_a_worker, kill_at_a_point, stop_a_worker, wipe_redis, restart_redis, silence_redis,
    break_the_databases_line, restart_the_database,
)  # fmt: skip


def random_mix(trial: Trial, *, seed: int, seconds: float) -> list[str]:
    """Deeds by chance for so long; gives their names, to be printed with the seed."""
    dice, done = random.Random(seed), []
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        deed = dice.choice(DEEDS)
        done.append(deed.__name__)
        deed(trial, dice)
        time.sleep(dice.uniform(0.2, 2))
    return done
