"""May a hook say this of itself? What is allowed for each attribute whose value could stop its deliveries.

Asked when a hook is made and again when it is registered, so that a wrong value is told where it was written,
and not by the worker that comes upon it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any

from webhooks_app.errors import BadHook
from webhooks_app.schedule import MOST_WAITS, waits_of

if TYPE_CHECKING:
    from webhooks_app.event import Hook

TIMEOUT_SECONDS = (1.0, 60.0)
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,128}")
_NO_NAMES = frozenset((".", ".."))  # in a URL they mean this folder and the one above
_LONGEST_SHOWN = 100


def check_attributes(hook: Hook) -> None:
    """Raise BadHook, naming hook, attribute, value and what is allowed, for a value that is not."""
    if not isinstance(hook.name, str) or not _NAME.fullmatch(hook.name) or hook.name in _NO_NAMES:
        raise BadHook(
            f"A hook cannot be named {hook.name!r}: write 1 to 128 letters, digits, _ . or -, "
            "and more than one or two dots."
        )
    for attribute, refuse in _REFUSE.items():
        value = getattr(hook, attribute)
        try:
            refuse(value)
        except ValueError as error:
            shown = repr(value)[:_LONGEST_SHOWN]
            raise BadHook(f"The hook {hook.name} cannot have {attribute}={shown}: it {error}") from error


def _refuse_arguments(value: Any) -> None:
    # A text is a collection of letters, and an iterator could be read only once.
    if isinstance(value, str | bytes) or not isinstance(value, Collection):
        raise ValueError('must be a list of names, such as ["name"], or a dict of name and Python type.')
    if not all(isinstance(name, str) and name for name in value):
        raise ValueError("must hold the arguments' names, as texts.")
    kinds = value.values() if isinstance(value, Mapping) else ()
    if not all(kind is None or isinstance(kind, type) for kind in kinds):
        raise ValueError("must give Python types such as str or int; None where it is not known.")


def _refuse_timeout(value: Any) -> None:
    least, most = TIMEOUT_SECONDS
    if value is not None and not (_is_number(value) and least <= value <= most):
        raise ValueError(f"must be a number of seconds from {least:g} to {most:g}, or None.")


def _refuse_retry(value: Any) -> None:
    if isinstance(value, bool):
        return
    try:
        waits_of(value)
    except ValueError as error:
        raise ValueError(f"must be True, False or a schedule; a schedule {error}") from error


def _refuse_max_retries(value: Any) -> None:
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    if value is not None and not (is_whole and 0 <= value <= MOST_WAITS):
        raise ValueError(f"must be a whole number from 0 to {MOST_WAITS}, or None.")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


_REFUSE: Mapping[str, Callable[[Any], None]] = {
    "provides_args": _refuse_arguments,
    "timeout": _refuse_timeout,
    "retry": _refuse_retry,
    "max_retries": _refuse_max_retries,
}
