"""Is everything in order? One sentence for the top of the dashboard, and an error in a few words. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from webhooks_app.storage.models import Delivery, State
from webhooks_app.storage.queries.figures import Slot
from webhooks_app.web.delivery_filter import ERROR_CLASSES
from webhooks_app.web.present import plural


@dataclass(frozen=True, slots=True)
class Verdict:
    """`tone` is ok, warn, bad or info; `short` is for the title of the browser's tab."""

    tone: str
    sentence: str
    short: str = ""


def verdict(
    states: Mapping[State, int], total: Slot, *, stoppages: Sequence[str], said: str, is_new: bool = False
) -> Verdict:
    """The sentence; what stops everything comes before what stops one listener.

    `total` are the deliveries of the span that `said` names ("in the last hour"), `stoppages` sentences about
    what does not run. `is_new`: nothing was ever delivered.
    """
    if stoppages:
        return Verdict("bad", stoppages[0], "Trouble")
    listeners = sum(states.values())
    ailing = states[State.FAILING] + states[State.DISABLED]
    if ailing:
        return Verdict("bad", _ailing(states, ailing=ailing, listeners=listeners), f"{ailing:,} failing")
    if total.failed:
        failed = plural(total.failed, "delivery", "deliveries")
        return Verdict("warn", f"No listener is failing, but {failed} failed {said}.")
    if is_new:
        return Verdict("info", "Welcome. A few steps lead to the first delivered event.")
    if not listeners:
        return Verdict("info", "Nobody listens yet.")
    return Verdict("ok", _calm(states, total, listeners=listeners, said=said))


def last_error(delivery: Delivery) -> str:
    """What went wrong last: Answered 500, DNS failure."""
    if delivery.last_status_code:
        return f"Answered {delivery.last_status_code}"
    error_class = delivery.last_error_class or ""
    return ERROR_CLASSES.get(error_class, error_class.replace("_", " ").capitalize())


def _ailing(states: Mapping[State, int], *, ailing: int, listeners: int) -> str:
    disabled = states[State.DISABLED]
    word = "disabled" if disabled == ailing else "failing or disabled" if disabled else "failing"
    if ailing == listeners:
        return (
            f"The only listener is {word}." if listeners == 1 else f"All {listeners:,} listeners are {word}."
        )
    rest = " Everything else is delivering." if states[State.ACTIVE] else ""
    return f"{ailing:,} of {plural(listeners, 'listener')} {'is' if ailing == 1 else 'are'} {word}.{rest}"


def _calm(states: Mapping[State, int], total: Slot, *, listeners: int, said: str) -> str:
    paused = states[State.PAUSED]
    if paused == listeners:
        return (
            "The only listener is paused." if listeners == 1 else f"All {listeners:,} listeners are paused."
        )
    but = f" {paused:,} {'is' if paused == 1 else 'are'} paused." if paused else ""
    if not total.made:
        return f"All is well. Nothing was sent {said}.{but}"
    active = listeners - paused
    who = "The only listener is" if listeners == 1 else f"All {active:,} active listeners are"
    if active == 1 < listeners:
        who = "The active listener is"
    return f"{who} delivering.{but}"
