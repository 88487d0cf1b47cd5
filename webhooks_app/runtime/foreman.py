"""Supervisor, in this process: keep the programs running, and tell the person only what matters.

supervisor's own log says everything to its file. People hear when the pages answer, when a program dies or
cannot start (and what it wrote just before), and when everything stops.
"""

from __future__ import annotations

import os
import signal
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

from supervisor import events
from supervisor.medusa import asyncore_25 as asyncore
from supervisor.options import ServerOptions
from supervisor.states import SupervisorStates
from supervisor.supervisord import Supervisor

from webhooks_app.runtime import leftovers
from webhooks_app.runtime.instance import Instance
from webhooks_app.runtime.supervise import log_of

# supervisor looks around once a second unless something wakes it, and a signal does not: Ctrl-C would lag.
_LONGEST_NAP_SECONDS = 0.2
_TAIL_LINES = 15
# What a program wrote longer before its end than this does not tell why it ended.
_LAST_WORDS_SECONDS = 10.0
# A program that dies again and again is told of once in this time.
_QUIET_SECONDS = 60.0


class Foreman(Supervisor):  # type: ignore[misc]  # supervisor ships no types
    """supervisord with a voice."""

    def __init__(
        self,
        options: Any,
        *,
        instance: Instance,
        answers: Callable[[], bool],
        welcome: Callable[[], str],
        say: Callable[[str], None],
    ) -> None:
        super().__init__(options)
        self._instance = instance
        self._answers = answers
        self._welcome: Callable[[], str] | None = welcome
        self._say = say
        self._noted: set[int] = set()
        self._told_at: dict[str, float] = {}
        self._wait = options.waitpid
        self._last_status = 0
        options.waitpid = self._waitpid
        self.has_failed = False

    def runforever(self) -> None:
        """The loop; here, because run() forgets every subscription just before it."""
        events.subscribe(events.ProcessStateBackoffEvent, self._on_bad_start)
        events.subscribe(events.ProcessStateExitedEvent, self._on_death)
        events.subscribe(events.ProcessStateFatalEvent, self._on_given_up)
        events.subscribe(events.SupervisorStoppingEvent, self._on_stopping)
        super().runforever()

    def tick(self, now: float | None = None) -> None:
        """Once a round: note the processes, and greet when the pages answer."""
        super().tick(now)
        self._note_processes()
        if self._welcome and self.options.mood == SupervisorStates.RUNNING and self._answers():
            self._say(self._welcome())
            self._welcome = None

    def _waitpid(self) -> tuple[int | None, int | None]:
        """supervisor's own, whose status its events do not tell; what follows from it is done before the next."""
        pid, status = self._wait()
        self._last_status = status or 0
        return pid, status

    def _note_processes(self) -> None:
        running = {
            pid
            for group in self.process_groups.values()
            for each in group.processes.values()
            if (pid := each.pid)
        }
        if running != self._noted:
            leftovers.note(self._instance, running)
            self._noted = running

    def _on_bad_start(self, event: Any) -> None:
        self._tell(event.process.config.name, "stopped right after its start; trying again.")

    def _on_death(self, event: Any) -> None:
        name = event.process.config.name
        words = last_words(log_of(name, instance=self._instance), now=time.time())
        self._tell(name, f"{how_it_ended(self._last_status)}; it is started again.", words=words)

    def _on_given_up(self, event: Any) -> None:
        name = event.process.config.name
        self._told_at.pop(name, None)
        self._tell(name, "cannot be started. Everything is stopped.")
        self.has_failed = True
        self.options.mood = SupervisorStates.SHUTDOWN

    def _on_stopping(self, _event: Any) -> None:
        self._say("Stopping …")

    def _tell(self, name: str, what: str, *, words: str | None = None) -> None:
        now = time.monotonic()
        if self.stopping or now - self._told_at.get(name, -_QUIET_SECONDS) < _QUIET_SECONDS:
            return
        self._told_at[name] = now
        log = log_of(name, instance=self._instance)
        words = tail(log) if words is None else words
        self._say(
            f"{name} {what} The end of {log}:\n{words}" if words else f"{name} {what} Its log is {log}."
        )


def keep_running(
    config: Path,
    *,
    instance: Instance,
    answers: Callable[[], bool],
    welcome: Callable[[], str],
    say: Callable[[str], None],
) -> int:
    """Run the configured programs until Ctrl-C, SIGTERM or a hang-up; 0, or 1 if one could not be started."""
    options = ServerOptions()
    options.realize(["-c", str(config)])
    options.first = True
    options.test = False
    _shorten_naps(options)
    foreman = Foreman(options, instance=instance, answers=answers, welcome=welcome, say=say)
    try:
        foreman.main()
    except asyncore.ExitNow:
        pass  # how supervisor's loop says that everything has stopped
    finally:
        options.close_logger()
    leftovers.forget(instance)
    return 1 if foreman.has_failed else 0


def _shorten_naps(options: Any) -> None:
    poll = options.poller.poll
    options.poller.poll = lambda timeout: poll(min(timeout, _LONGEST_NAP_SECONDS))


def how_it_ended(status: int) -> str:
    """A process's wait status in words."""
    if not os.WIFSIGNALED(status):
        return f"ended by itself with status {os.waitstatus_to_exitcode(status)}"
    number = os.WTERMSIG(status)
    try:
        return f"was killed by {signal.Signals(number).name}"
    except ValueError:  # a real-time signal has no name
        return f"was killed by signal {number}"


def last_words(log: Path, *, now: float) -> str:
    """The end of the log of a program that ended just now; "" if it is of an earlier time."""
    try:
        is_old = log.stat().st_mtime < now - _LAST_WORDS_SECONDS
    except OSError:
        is_old = True
    return "" if is_old else tail(log)


def tail(log: Path) -> str:
    """The last lines of a log, indented."""
    try:
        with log.open(encoding="utf-8", errors="replace") as file:
            lines = deque(file, maxlen=_TAIL_LINES)
    except OSError:
        lines = deque()
    return "".join(f"    {line.rstrip()}\n" for line in lines) or "    (it says nothing)\n"
