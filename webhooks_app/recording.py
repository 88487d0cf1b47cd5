"""What did my code send? For an application's tests: events are collected instead of stored.

    with hooks.recording() as sent:
        db.session.add(Person(name="Joe"))
        db.session.commit()
    assert sent[0].hook == "person" and sent[0].payload["name"] == "Joe"
    assert sent.would_reach(PersonHook().listener(url="http://where.joe/is/listening").match(name="Joe"))

What a transaction sent is collected when it is sent, whether or not it commits.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, overload

from webhooks_app.filter import Filter
from webhooks_app.payload import encode
from webhooks_app.registry import Occurrence, Port

if TYPE_CHECKING:
    from webhooks_app.draft import ListenerDraft
    from webhooks_app.event import Hook


@dataclass(frozen=True, slots=True)
class Sent:
    """One event that would have been stored: the hook's name, its payload, sender, and what changed."""

    hook: str
    payload: dict[str, Any]
    sender: str
    changes: dict[str, Any] | None


class Recording(Sequence[Sent]):
    """The events sent inside the block, in order. `before` is the port that was bound outside it, if any."""

    def __init__(self, before: Port | None = None) -> None:
        self._before = before
        self._sent: list[Sent] = []
        self.problems: list[Exception] = []
        self.listeners: list[ListenerDraft] = []

    def would_reach(self, listener: Any) -> bool:
        """Whether one of the events would go to this listener: a draft built in code, or a stored Listener."""
        hook = listener.hook if isinstance(listener.hook, str) else listener.hook.name
        filter_ = (
            listener.filter if isinstance(listener.filter, Filter) else Filter.from_json(listener.filter)
        )
        return any(one.hook == hook and filter_.accepts(one.payload, one.changes) for one in self._sent)

    def publish(self, occurrence: Occurrence, *, session: Any | None) -> str:  # noqa: ARG002 (the Port's signature)
        """Collect the occurrence; what could not be stored is refused here too."""
        encode(occurrence.payload)
        self._sent.append(
            Sent(occurrence.hook.name, occurrence.payload, occurrence.sender, occurrence.changes)
        )
        return f"evt_recorded{len(self._sent)}"

    def save_listener(self, draft: ListenerDraft) -> Any:
        """Collect the draft instead of storing it; gives the draft."""
        self.listeners.append(draft)
        return draft

    def report_problem(self, hook: Hook, error: Exception, *, session: Any | None) -> None:  # noqa: ARG002 (the Port's signature)
        """Collect what kept a hook from sending."""
        self.problems.append(error)

    @overload
    def __getitem__(self, index: int) -> Sent: ...
    @overload
    def __getitem__(self, index: slice) -> list[Sent]: ...
    def __getitem__(self, index: int | slice) -> Sent | list[Sent]:
        return self._sent[index]

    def __len__(self) -> int:
        return len(self._sent)

    def __iter__(self) -> Iterator[Sent]:
        return iter(self._sent)
