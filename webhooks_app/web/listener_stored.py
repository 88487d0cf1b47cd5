"""What of a stored listener can its form still show? All that can be read, and a sentence for what cannot.

Headers are lost with the encryption key they were stored under; a filter can name a matcher that this version,
or this installation, no longer has. Neither may take the rest of the listener with it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from webhooks_app.engine import Engine
from webhooks_app.engine.listeners import Wanted, own_headers, wanted_of
from webhooks_app.errors import BadFilter, SecretUnavailable
from webhooks_app.filter import Filter
from webhooks_app.storage.models import Listener

NO_HEADERS = (
    "The listener's headers cannot be read with today's encryption keys. Saving replaces them with those that "
    "you write here."
)


@dataclass(frozen=True, slots=True)
class Stored:
    """`wanted` has no headers, or no filter, where there is a problem with them."""

    wanted: Wanted
    headers_problem: str = ""
    filter_problem: str = ""
    filter_text: str = ""  # the filter that cannot be read, to be mended

    @property
    def problems(self) -> list[str]:
        """What the page has to say."""
        return [problem for problem in (self.headers_problem, self.filter_problem) if problem]


def read(engine: Engine, listener: Listener) -> Stored:
    """The listener, column by column."""
    headers, headers_problem, filter_problem = {}, "", ""
    try:
        headers = own_headers(engine, listener)
    except SecretUnavailable:
        headers_problem = NO_HEADERS
    try:
        wanted_filter = Filter.from_json(listener.filter)
    except BadFilter as error:
        wanted_filter = Filter({})
        filter_problem = (
            f"The stored filter cannot be read any more: {error} Mend it below, or write another; "
            "until then the listener cannot be saved."
        )
    return Stored(
        wanted_of(engine, listener, filter=wanted_filter, headers=headers),
        headers_problem,
        filter_problem,
        json.dumps(listener.filter, indent=2, ensure_ascii=False) if filter_problem else "",
    )
