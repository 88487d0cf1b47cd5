"""What had somebody typed into a form that is gone? Each value under the words of its field; nothing secret.

Pure: the form itself cannot be made again here, so its fields are known by their names.
"""

from __future__ import annotations

from collections.abc import Iterable

from webhooks_app.match import MATCHERS

MOST = 100
# Never shown again, not even to who typed them.
_SECRET = ("csrf_token", "password", "secret", "headers")
# What the form says to the server, and nobody typed.
_UNTYPED = frozenset({"act", "back", "hook", "id", "made_as", "next", "overwrite", "version"})
_LABELS = {
    "url": "Listener URL", "timeout_seconds": "Timeout", "rate_limit_per_second": "Rate limit",
    "filter_json": "Further conditions, as JSON", "further": "Further arguments, as JSON", "email": "E-mail",
}  # fmt: skip
_PREFIXES = ("match-", "config-", "arg-")


def typed_values(fields: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """The labels and values of the fields that were filled in."""
    given = [(name, value) for name, value in fields if value and not name.endswith(_SECRET)]
    idle = {name.removesuffix("_cond") for name, value in given if name.endswith("_cond") and value == "any"}
    shown = []
    for name, value in given:
        row = name.rpartition("_")[0]
        if name in _UNTYPED or (name.startswith("match-") and row in idle and name != f"{row}_query"):
            continue
        shown.append((_label(name), _words(name, value)))
    return shown[:MOST]


def _label(name: str) -> str:
    prefix = next((one for one in _PREFIXES if name.startswith(one)), "")
    bare = name.removeprefix(prefix)
    if prefix == "match-":
        argument, _, part = bare.rpartition("_")
        words = {"cond": "How {} is matched", "query": "Value of {}", "type": "Type of {}"}
        return words.get(part, bare).format(argument)
    if prefix == "arg-":
        return f"How {bare.removesuffix('_as')} is meant" if bare.endswith("_as") else f"Value of {bare}"
    return _LABELS.get(bare) or bare.replace("_", " ").capitalize()


def _words(name: str, value: str) -> str:
    is_matcher = name.startswith("match-") and name.endswith("_cond") and value in MATCHERS
    return MATCHERS[value].label if is_matcher else value
