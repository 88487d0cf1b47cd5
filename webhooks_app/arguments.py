"""What arguments does a hook provide, and of what type is each?

The type decides which matchers a filter form offers: "text", "number", "boolean", "list", "object", or ""
where it is not known.
"""

from __future__ import annotations

import enum
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

# In this order, because a bool is an int and a datetime a date.
_TYPE_WORDS: tuple[tuple[type, str], ...] = (
    (bool, "boolean"),
    (enum.Enum, "text"),  # becomes its value or its name
    (str, "text"),
    (int, "number"),
    (float, "number"),
    (Decimal, "text"),  # these become strings in the payload
    (datetime, "text"),
    (date, "text"),
    (time, "text"),
    (uuid.UUID, "text"),
    (list, "list"),
    (dict, "object"),
)


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of a hook: its name, and its type's word ("" if unknown)."""

    name: str
    type: str = ""


def type_word(kind: type | None) -> str | None:
    """The word for a Python type; None if it has no JSON form."""
    if kind is None:
        return ""
    return next((word for known, word in _TYPE_WORDS if issubclass(kind, known)), None)


def declared(provides_args: Iterable[str] | Mapping[str, type]) -> tuple[Argument, ...]:
    """`provides_args` as arguments, in the order written (a set has none, so its names are sorted)."""
    if isinstance(provides_args, Mapping):
        return tuple(Argument(name, type_word(kind) or "") for name, kind in provides_args.items())
    names = sorted(provides_args) if isinstance(provides_args, set | frozenset) else provides_args
    return tuple(Argument(name) for name in names)


def of_columns(mapper: Any) -> tuple[Argument, ...]:
    """The columns of an SQLAlchemy mapper that have a JSON form, without the primary key."""
    found = []
    for attribute in mapper.column_attrs:
        column = attribute.columns[0]
        word = type_word(_python_type(column))
        if word is not None and not getattr(column, "primary_key", False):
            found.append(Argument(attribute.key, word))
    return tuple(found)


def _python_type(column: Any) -> type | None:
    try:
        kind: type = column.type.python_type
    except NotImplementedError:  # a column type that does not say
        return None
    # SQLAlchemy says `object` of JSON, which may be anything that JSON is, as of what it knows nothing about.
    return None if kind is object and _is_json(column.type) else kind


def _is_json(column_type: Any) -> bool:
    inner = getattr(column_type, "impl_instance", column_type)
    return str(getattr(inner, "__visit_name__", "")).startswith("JSON")
