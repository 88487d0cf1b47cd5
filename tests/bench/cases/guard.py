"""What do the guard, the watchdog and the signature cost a delivery, and what ten patterns an event?

A send on a warm connection is measured with them and without, by turns, in CPU of this process, to which the
watchdog's thread belongs; the receiver is a process of its own.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median

from tests.bench.cases import Plan
from tests.bench.figures import Figure, Findings
from tests.bench.ground import BODY_BYTES, Ground
from tests.bench.loop import HEADERS
from tests.bench.ours import Ours
from tests.bench.progress import progress
from tests.bench.unguarded import Unguarded
from webhooks_app.engine.message import Message
from webhooks_app.engine.signing import sign
from webhooks_app.engine.transport import Transport
from webhooks_app.filter import Filter
from webhooks_app.match import Like

MOST_US = 40.0
MOST_FILTER_MS = 0.2
TURN = 50  # sends, before it is the other's turn
PATTERNS = 10
PAYLOAD_BYTES = 4096
TURNS_A_SECOND = 50  # about, of both
COLUMNS = ("what", "CPU µs")
BODY = b"x" * BODY_BYTES
KEY = b"k" * 32


def run(ground: Ground, plan: Plan) -> Findings:
    """Measure the sends on a warm connection, and the filter."""
    with ground.place(ground.databases[0]) as place:
        ours = Ours(place)
        try:
            with_us, without_us = _sends(ours.engine.transport, place.url(0), _turns(plan))
        finally:
            ours.engine.transport.close()
            ours.sa_engine.dispose()
    progress(f"{PATTERNS} patterns", part=0.9)
    filter_ms = _filter_ms(_turns(plan))
    cost = with_us - without_us
    return Findings(
        title="The guard: what it costs to be safe",
        notes=(
            f"one warm connection, body {BODY_BYTES} bytes; medians of {_turns(plan)} turns of {TURN} sends each",
            f"the filter: {PATTERNS} patterns, each searched to the end, in a payload of {PAYLOAD_BYTES} bytes",
        ),
        columns=COLUMNS,
        rows=[
            ("a send with guard, watchdog and signature", f"{with_us:.1f}"),
            ("the same send without them", f"{without_us:.1f}"),
            (f"a filter of {PATTERNS} patterns", f"{filter_ms * 1000:.1f}"),
        ],
        figures=(
            Figure("guard, watchdog and signature, a delivery", cost, "µs", target=MOST_US, at_most=True),
            Figure(f"a filter of {PATTERNS} patterns", filter_ms, "ms", target=MOST_FILTER_MS, at_most=True),
        ),
    )


def _turns(plan: Plan) -> int:
    return max(2, round(plan.seconds * plan.rounds * TURNS_A_SECOND))


def _sends(transport: Transport, url: str, turns: int) -> tuple[float, float]:
    """CPU microseconds of a send with us and without, by turns, so that what else runs here meets both alike."""
    unguarded = Unguarded(transport)
    others = tuple(header for header in HEADERS if header[0] != "webhook-signature")

    def message(signature: str) -> Message:
        return Message(url, (*others, ("webhook-signature", signature)), BODY, 15.0)

    def safely() -> None:
        signature = sign(BODY, webhook_id="evt_" + "0" * 32, timestamp=1_700_000_000, keys=[KEY])
        assert transport.send(message(signature)).accepted

    def bare() -> None:
        assert unguarded.send(message("unsigned")).accepted

    try:
        safely()  # the connections are open before anything is measured
        bare()
        found = [(_cpu_us(safely), _cpu_us(bare)) for _ in range(turns)]
    finally:
        unguarded.close()
    return median(each[0] for each in found), median(each[1] for each in found)


def _cpu_us(act: Callable[[], None]) -> float:
    began = time.process_time()
    for _ in range(TURN):
        act()
    return (time.process_time() - began) * 1_000_000 / TURN


def _filter_ms(turns: int) -> float:
    names = [f"text{number}" for number in range(PATTERNS)]
    size = PAYLOAD_BYTES // PATTERNS - len('"text0":"",')
    payload = dict.fromkeys(names, ("the quick brown fox 12 " * size)[:size])
    # The end of each text does not fit at first sight anywhere else, so the whole text is searched.
    wanted = Filter({name: Like(r"(fox|dog) [0-9]{1,3}.*[a-z0-9 ]$") for name in names})
    assert wanted.accepts(payload)
    return median(_cpu_us(lambda: _ask(wanted, payload)) for _ in range(turns)) / 1000


def _ask(wanted: Filter, payload: dict[str, str]) -> None:
    assert wanted.accepts(payload)
