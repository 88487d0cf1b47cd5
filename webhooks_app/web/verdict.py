"""Is everything in order? One sentence for the top of the dashboard. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from webhooks_app.storage.models import State
from webhooks_app.storage.queries.figures import Slot
from webhooks_app.web.present import plural


@dataclass(frozen=True, slots=True)
class Verdict:
    """`tone` is ok, warn, bad or info; `short` is for the title of the browser's tab."""

    tone: str
    sentence: str
    short: str = ""


def verdict(
    states: Mapping[State, int],
    total: Slot,
    *,
    stoppages: Sequence[str],
    said: str,
    retrying: int = 0,
    is_new: bool = False,
) -> Verdict:
    """The sentence; what stops everything comes before what stops one listener.

    `total` are the deliveries of the span that `said` names ("in the last hour"), `stoppages` sentences about
    what does not run, `retrying` the active listeners that are tried again. `is_new`: nothing was ever delivered.
    """
    if stoppages:
        return Verdict("bad", stoppages[0], "Trouble")
    listeners = sum(states.values())
    # Counted a moment before the states: one may have been disabled since.
    retrying = min(retrying, states[State.ACTIVE])
    ailing = states[State.FAILING] + states[State.DISABLED]
    if ailing:
        sentence = _ailing(states, ailing=ailing, retrying=retrying, listeners=listeners)
        return Verdict("bad", sentence, f"{ailing:,} {_ailment(states)}")
    if retrying:
        sentence = _retried(retrying, total, listeners=listeners, said=said)
        return Verdict("warn", sentence, f"{retrying:,} retrying")
    if total.failed:
        failed = plural(total.failed, "delivery", "deliveries")
        return Verdict("warn", f"No listener is failing, but {failed} failed {said}.")
    if is_new:
        return Verdict("info", "Welcome. A few steps lead to the first delivered event.")
    if not listeners:
        return Verdict("info", "Nobody listens yet.")
    return Verdict("ok", _calm(states, total, listeners=listeners, said=said))


def _ailing(states: Mapping[State, int], *, ailing: int, retrying: int, listeners: int) -> str:
    word = _ailment(states)
    if ailing == listeners:
        return (
            f"The only listener is {word}." if listeners == 1 else f"All {listeners:,} listeners are {word}."
        )
    also = f", and {retrying:,} {_is(retrying)} retrying" if retrying else ""
    rest = " Everything else is delivering." if states[State.ACTIVE] > retrying else ""
    return f"{ailing:,} of {plural(listeners, 'listener')} {_is(ailing)} {word}{also}.{rest}"


def _ailment(states: Mapping[State, int]) -> str:
    """Failing and disabled are two states: each by its own word, in the sentence and in the title."""
    if not states[State.FAILING]:
        return "disabled"
    return "failing or disabled" if states[State.DISABLED] else "failing"


def _retried(retrying: int, total: Slot, *, listeners: int, said: str) -> str:
    who = f"{retrying:,} of {plural(listeners, 'listener')} {_is(retrying)}"
    if retrying == listeners:
        who = "The only listener is" if listeners == 1 else f"All {listeners:,} listeners are"
    failed = f", and {plural(total.failed, 'delivery', 'deliveries')} failed {said}" if total.failed else ""
    return f"{who} retrying after a send that failed{failed}."


def _is(count: int) -> str:
    return "is" if count == 1 else "are"


def _calm(states: Mapping[State, int], total: Slot, *, listeners: int, said: str) -> str:
    paused = states[State.PAUSED]
    if paused == listeners:
        return (
            "The only listener is paused." if listeners == 1 else f"All {listeners:,} listeners are paused."
        )
    but = f" {paused:,} {_is(paused)} paused." if paused else ""
    if not total.made:
        return f"All is well. Nothing was sent {said}.{but}"
    active = listeners - paused
    who = "The only listener is" if listeners == 1 else f"All {active:,} active listeners are"
    if active == 1 < listeners:
        who = "The active listener is"
    return f"{who} delivering.{but}"
