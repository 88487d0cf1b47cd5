"""Did every promise hold? Eight of them, judged after every run from what the database and the receiver say.

Pure: `Seen` holds what was found, `complaints` says what is wrong with it, one sentence each. The numbers of
the invariants stand in front of the sentences.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

ENDED = {"delivered", "failed", "held", "cancelled"}
UNKNOWN_ENDS = {"worker_lost", "superseded"}  # the sender does not know whether the receiver got it


@dataclass(frozen=True)
class DeliveryRow:
    """A delivery, with where it went to."""

    id: str
    event_id: str  # as it is shown
    listener_id: str
    path: str  # of the listener's URL
    status: str
    most_attempts: int  # what its listener's schedule allows


@dataclass(frozen=True)
class AttemptRow:
    """A recorded attempt."""

    delivery_id: str
    number: int
    status_code: int | None
    error_class: str | None

    @property
    def is_ambiguous(self) -> bool:
        """Whether the receiver may have taken it although we cannot say so."""
        return self.error_class in UNKNOWN_ENDS or self.status_code is None

    @property
    def was_refused(self) -> bool:
        return self.status_code is not None and not 200 <= self.status_code < 300


@dataclass(frozen=True)
class Arrival:
    """A request, as the receiver noted it."""

    event_id: str
    path: str
    is_signed: bool
    body_hash: str
    was_broken_off: bool = (
        False  # by the receiver; on a kept connection it may be sent again in the same attempt
    )


@dataclass(frozen=True)
class Seen:
    """What was found after a run."""

    committed: frozenset[str]  # events whose caller saw the commit
    stored: dict[str, str]  # events in the database, and the hash of their bodies
    wanted: dict[str, frozenset[str]]  # which listeners each of them matches
    deliveries: list[DeliveryRow]
    attempts: list[AttemptRow]
    arrivals: list[Arrival]
    damage: str = ""  # what the database itself complains about
    ends: frozenset[str] = frozenset({"delivered"})  # how deliveries of this run may end
    _by_place: dict[tuple[str, str], list[Arrival]] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        found: dict[tuple[str, str], list[Arrival]] = defaultdict(list)
        for arrival in self.arrivals:
            found[arrival.event_id, arrival.path].append(arrival)
        object.__setattr__(self, "_by_place", dict(found))

    def arrivals_of(self, delivery: DeliveryRow) -> list[Arrival]:
        return self._by_place.get((delivery.event_id, delivery.path), [])

    def attempts_by_delivery(self) -> dict[str, list[AttemptRow]]:
        found: dict[str, list[AttemptRow]] = defaultdict(list)
        for attempt in self.attempts:
            found[attempt.delivery_id].append(attempt)
        return found


@dataclass(frozen=True)
class Figures:
    """What is printed of a run."""

    events: int
    deliveries: int
    lost: int  # committed, matching, and neither arrived nor shown with a reason
    duplicates: int  # arrivals more than there should be
    explained: int  # attempts whose end nobody could know: as many more arrivals are allowed


def figures_of(seen: Seen) -> Figures:
    """Count."""
    attempts = seen.attempts_by_delivery()
    ended = {one.event_id: set[str]() for one in seen.deliveries}
    for one in seen.deliveries:
        if one.status in ENDED and (one.status != "delivered" or seen.arrivals_of(one)):
            ended[one.event_id].add(one.listener_id)
    lost = sum(
        len(seen.wanted.get(event_id, frozenset()) - ended.get(event_id, set()))
        if event_id in seen.stored
        else 1
        for event_id in seen.committed
    )
    return Figures(
        events=len(seen.stored),
        deliveries=len(seen.deliveries),
        lost=lost,
        duplicates=sum(duplicates_of(seen, one, attempts[one.id]) for one in seen.deliveries),
        explained=sum(one.is_ambiguous for one in seen.attempts),
    )


def duplicates_of(seen: Seen, delivery: DeliveryRow, attempts: list[AttemptRow]) -> int:
    """Arrivals beyond the first that no refusal of the receiver asked for."""
    refused = sum(one.was_refused and one.error_class not in UNKNOWN_ENDS for one in attempts)
    return max(0, len(seen.arrivals_of(delivery)) - 1 - refused)


def complaints(seen: Seen) -> list[str]:
    """What does not hold."""
    return [*_of_events(seen), *_of_deliveries(seen), *_of_arrivals(seen)]


def _of_events(seen: Seen) -> Iterator[str]:
    for event_id in sorted(seen.committed - seen.stored.keys()):
        yield f"I1: the event {event_id} was committed and is not stored."
    there: dict[str, Counter[str]] = defaultdict(Counter)
    for one in seen.deliveries:
        there[one.event_id][one.listener_id] += 1
    for event_id, listeners in seen.wanted.items():
        if there[event_id] != Counter(listeners):
            yield f"I1: {event_id} has {sum(there[event_id].values())} deliveries for {len(listeners)} listeners."


def _of_deliveries(seen: Seen) -> Iterator[str]:
    attempts = seen.attempts_by_delivery()
    for one in seen.deliveries:
        mine, arrived = attempts[one.id], seen.arrivals_of(one)
        if one.status not in seen.ends:
            yield f"I2: the delivery {one.id} is {one.status}."
        if one.status == "delivered" and not any(
            each.is_signed and each.body_hash == seen.stored[one.event_id] for each in arrived
        ):
            yield f"I3: the delivery {one.id} counts as delivered, and nothing whole arrived."
        ambiguous = sum(each.is_ambiguous for each in mine)
        if duplicates_of(seen, one, mine) > ambiguous + sum(each.was_broken_off for each in arrived):
            yield f"I5: {one.event_id} arrived {len(arrived)} times at {one.path} in {_told(mine)}."
        if len(mine) - ambiguous > one.most_attempts:
            yield f"I6: the delivery {one.id} had {len(mine)} attempts of {one.most_attempts}."
        if [each.number for each in mine] != list(range(1, len(mine) + 1)):
            yield f"I6: the attempts of {one.id} are numbered {[each.number for each in mine]}."
        if any(each.status_code is None and each.error_class is None for each in mine):
            yield f"I6: an attempt of {one.id} has no end."
        if one.status == "sending":
            yield f"I7: the delivery {one.id} is still leased."
    if seen.damage:
        yield f"I7: the database says {seen.damage}."


def _of_arrivals(seen: Seen) -> Iterator[str]:
    for one in seen.arrivals:
        if one.event_id not in seen.stored:
            yield f"I4: {one.event_id} arrived, and no such event was committed."
        elif not one.is_signed:
            yield f"I3: {one.event_id} arrived at {one.path} without a good signature."
        elif one.body_hash != seen.stored[one.event_id]:
            yield f"I3: {one.event_id} arrived at {one.path} with another body."


def _told(attempts: list[AttemptRow]) -> str:
    return (
        ", ".join(f"{one.number}: {one.error_class or one.status_code}" for one in attempts) or "no attempt"
    )
