"""What happens, in the order it happens.

    sources      blinker signals and SQLAlchemy session changes become occurrences
    publish      one occurrence becomes one Event row, in the transaction that joining finds
    intake       the same for the API and the command line, once a key; room says whether there is room
    outbox       after the outermost commit, and never before, rings the doorbell
    problems     tells what kept a hook from sending
    event_row    what is written down of an occurrence
    firsthand    a synchronous hook's first attempt, in the calling process
    seeking      which listeners can want an event; candidates asks their filters
    dispatch     claims events, matches, writes deliveries
    queueing     batches of their ids go to a queue; what it does not take waits in the database (queue_news tells it)
    deliver      sends a batch: the story of an attempt; sending is a single one, patience how long a job waits
    claim        takes deliveries for the length of a lease; pacing says what a rate allows
    unsealed     what sending needs of a listener, decrypted once a version; signing_keys are those that count now
    beginning    what had to wait says when it begins
    sender       the process-wide sending threads; lanes keep one listener from taking them all
    batch        what is sent together; keeps each result until it is recorded
    stragglers   what is still under way when its job ends
    message      the exact bytes and headers of one request; signing signs them
    transport    sends a Message; address_guard connects only to addresses it checked: resolver finds them, dial dials
    trust        whose certificates count; tls says why a handshake failed
    exchange     what is known of a request while it runs; deadline ends it in time
    answer       the head of what the receiver answers; failures says why there was none
    retry        outcome and attempt number become the next step
    unbegun      what could not begin goes back to a queue
    record       what came of attempts, written in groups; health counts it for each listener
    ladder       what a row of failures means for a listener; steps takes each step, climb is what it changes
    holding      what waits for a listener that stands still is held, and later let go at a pace
    probe        with which delivery a failing listener is tried; announce tells the built-in hooks
    sweep        due and not queued, published and never dispatched; rescue takes what a lost worker had claimed
    inline       what the sweep does itself while there is no queue; due says what is due
    leader       which of several clocks sweeps
    retention    what is old enough to delete, in small pieces
    key_rotation brings what is sealed to the newest encryption key, in small pieces too

Beside the path: listeners are what people change (listener_rows: one change at a time), wanted says what one may be,
with url, headers, authorities (that it trusts), wanted_filter and configuration for its parts; declared keeps those of
the code (postponed: until there are tables), trial sends a test, intervene retries and cancels, unreadable lets go on
what waited for a key, skew compares the clocks; echo, accounts (user_rows, user_passwords, passwords) and tokens;
shown_once says which secret was shown; audit notes who did it; sealing keeps secrets.
Below it: port is how the words reach the engine, documents how rows read as JSON, queue_facts what a queue says of
itself; busy tries a transaction again, forking renews threads after a fork, failpoints fail where a test wants it.
Every verb takes the `Engine`, opens its own session from `Engine.sessions` and commits once, at its end;
only `publish` joins a transaction that is not ours. Decisions (retry, ladder, candidates, message, signing) are
pure: no clock, session or network inside.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from sqlalchemy.orm import Session, sessionmaker

from webhooks_app.engine.message import Message
from webhooks_app.engine.outcome import Outcome
from webhooks_app.engine.postponed import Postponed
from webhooks_app.engine.queue_facts import QueueServer, QueueWorker
from webhooks_app.engine.queue_news import QueueNews
from webhooks_app.engine.stragglers import Stragglers
from webhooks_app.registry import HookRegistry
from webhooks_app.settings import Settings

if TYPE_CHECKING:
    from webhooks_app.engine.addresses import NetworkPolicy
    from webhooks_app.engine.sealing import Seal
    from webhooks_app.engine.sender import Sender


LEASE_MARGIN = timedelta(seconds=45)  # a lease lasts the longest timeout of its batch, and this


class QueueUnreachable(Exception):
    """The queue did not answer. What was to be queued stays in the database, and the sweep tries again."""


class QueueRefuses(QueueUnreachable):
    """The queue answers, but takes nothing: its memory or disk is full, or it is a copy that only reads."""


class Queue(Protocol):
    """The doorbell and the belt. Every call may raise QueueUnreachable, within half a second."""

    def ring(self, *, again: bool = False) -> None:
        """Ask for a dispatch, unless one is already asked for (`again`: even then)."""

    def answer(self) -> None:
        """Take the ring down; whoever dispatches does so before it claims, so that no later ring is lost."""

    def push(self, batches: Sequence[Sequence[str]], *, slow: bool = False) -> None:
        """Queue batches of delivery ids."""

    def try_out(self) -> None:
        """Make sure that the queue would take something. Raises QueueRefuses where it only answers."""

    def length(self, *, slow: bool = False) -> int:
        """How many jobs stand in the queue."""

    def was_wiped(self) -> bool:
        """Whether the queue lost everything since `mark` was last called."""

    def mark(self) -> None:
        """Leave a mark that is lost with everything else."""

    def workers(self) -> Sequence[QueueWorker]:
        """The workers that are alive."""

    def server(self) -> QueueServer:
        """The server that the queue stands on."""


class Transport(Protocol):
    """Sends one Message; an Outcome whatever happens, never an exception."""

    def send(self, message: Message) -> Outcome:
        """Send it within `message.timeout_seconds` in all."""


@dataclass(frozen=True, slots=True)
class Engine:
    """The replaceable parts. What differs between test and production is a field here."""

    hooks: HookRegistry
    settings: Settings
    sessions: sessionmaker[Session]  # our own; on SQLite its transactions begin IMMEDIATE
    readings: sessionmaker[Session]  # for what only reads: on SQLite they wait for no writer and hold none up
    caller_session: Callable[[], Session | None]  # the application's session, if there is one just now
    queue: Queue
    transport: Transport
    sender: Sender
    seal: Seal
    policy: NetworkPolicy
    clock: Callable[[], datetime]
    worker_name: str
    stragglers: Stragglers = field(default_factory=Stragglers)
    lease_margin: timedelta = LEASE_MARGIN
    postponed: Postponed = field(default_factory=Postponed)
    queue_news: QueueNews = field(default_factory=QueueNews)

    def queue_is_away(self, error: QueueUnreachable) -> None:
        """Tell the log, if it does not know yet."""
        self.queue_news.is_away(refuses=isinstance(error, QueueRefuses), why=str(error))
