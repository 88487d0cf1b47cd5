"""Which listeners have one of these keys? Found along their index, however many listeners there are.

All keys are sent as one value, so that the statement stays the same: to SQLite as JSON, to PostgreSQL a key a
line (keys are printable; as a list they would take four times as long). PostgreSQL is made to look them up one
by one: for many keys it would read the whole table by itself, and with `= ANY` it does.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import sqlalchemy as sa
from sqlalchemy.orm import Session

from webhooks_app.access_key import EVERY_EVENT, Kind
from webhooks_app.storage.models import Listener

Found: TypeAlias = sa.Row[str, str, int, str, str]
"""A listener as matching reads it: access_key, id, version, state, and the filter as it is written."""

_Statement: TypeAlias = sa.Select[*tuple[Any, ...]]

_COLUMNS = (
    Listener.access_key,
    Listener.id,
    Listener.version,
    Listener.state,
    sa.type_coerce(Listener.filter, sa.Text).label("filter"),  # whoever asks has read most of them before
)
_OF_HOOK = sa.and_(Listener.hook == sa.bindparam("hook"), Listener.deleted_at.is_(None))
_EVERY = sa.select(*_COLUMNS).where(_OF_HOOK)
_FIRST = _EVERY.limit(sa.bindparam("most"))
_END = ">"  # the keys of a kind stand between its name with "=" and its name with the next character
_ONE_MORE = (
    sa.select(Listener.access_key)
    .where(_OF_HOOK, Listener.access_key >= sa.bindparam("start"), Listener.access_key < sa.bindparam("end"))
    .order_by(Listener.access_key)  # along the index, and no further than so many
    .limit(1)
    .offset(sa.bindparam("than"))
)


@dataclass(frozen=True, slots=True)
class LookedUp:
    """What keys led to, and the kinds that the hook's keys had at that very moment."""

    listeners: Sequence[Found]
    kinds: Collection[Kind]


def every(session: Session, hook: str) -> Sequence[Found]:
    """Every listener of the hook that is not deleted."""
    return session.execute(_EVERY, {"hook": hook}).all()


def first(session: Session, hook: str, *, most: int) -> Sequence[Found]:
    """The same, but so many at most, whichever come first."""
    return session.execute(_FIRST, {"hook": hook, "most": most}).all()


def kinds(session: Session, hook: str, *, most: int) -> list[Kind]:
    """The kinds of key that the hook's listeners have, so many at most; each is one step along the index."""
    return _kinds(session.scalars(_KINDS[_dialect(session)], {"hook": hook, "most": most}).all())


def has_more(session: Session, hook: str, kind: Kind, *, than: int) -> bool:
    """Whether more listeners of the hook than so many have a key of this kind."""
    given = {"hook": hook, "start": f"{kind}=", "end": f"{kind}{_END}", "than": than}
    return session.scalar(_ONE_MORE, given) is not None


def look_up(
    session: Session, hook: str, keys: Collection[str], whole: Collection[Kind], *, most_kinds: int
) -> LookedUp:
    """The hook's listeners with one of these keys, or of these kinds; one that has both may be given twice.

    The kinds come by the same statement: to what is committed between two, the second would be asked too late.
    """
    dialect, names = _dialect(session), [str(kind) for kind in whole]
    rows = session.execute(
        _LOOK_UP[dialect],
        {"hook": hook, "keys": _sent(keys, dialect), "whole": _sent(names, dialect), "most": most_kinds},
    ).all()
    listeners = [row for row in rows if row.id is not None]
    return LookedUp(listeners, _kinds([row.access_key for row in rows if row.id is None]))


def _dialect(session: Session) -> str:
    return session.get_bind().dialect.name


def _sent(values: Collection[str], dialect: str) -> str:
    return "\n".join(values) if dialect == "postgresql" else json.dumps(list(values))


def _kinds(first_keys: Sequence[str | None]) -> list[Kind]:
    return [Kind.from_text(key.partition("=")[0]) for key in first_keys if key is not None]


def _first_after(key: sa.ColumnElement[str]) -> sa.ScalarSelect[str]:
    after = sa.select(Listener.access_key).where(_OF_HOOK, Listener.access_key > key)
    return after.order_by(Listener.access_key).limit(1).scalar_subquery()


def _first_keys(position: Any) -> sa.Subquery:
    """The first key of each kind, then NULL; `position` is the database's function that finds a character."""
    steps = sa.select(_first_after(sa.literal(EVERY_EVENT)).label("key")).cte("steps", recursive=True)
    name = sa.func.substr(steps.c.key, 1, position(steps.c.key, "=") - 1)
    steps = steps.union_all(sa.select(_first_after(name.concat(_END))).where(steps.c.key.is_not(None)))
    return sa.select(steps.c.key).limit(sa.bindparam("most")).subquery("first_keys")


_FIRST_KEYS = {"sqlite": _first_keys(sa.func.instr), "postgresql": _first_keys(sa.func.strpos)}
_KINDS = {dialect: sa.select(first_keys.c.key) for dialect, first_keys in _FIRST_KEYS.items()}


def _is_of(kind: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    return sa.and_(Listener.access_key >= kind.concat("="), Listener.access_key < kind.concat(_END))


def _looked_up(under: _Statement, of_kinds: _Statement, first_keys: sa.Subquery) -> sa.CompoundSelect[Any]:
    """Listeners, and then the kinds, in rows that have no id."""
    as_listeners = sa.select(first_keys.c.key, *[sa.null()] * (len(_COLUMNS) - 1))
    return sa.union_all(under, of_kinds, as_listeners)


def _on_sqlite() -> sa.CompoundSelect[Any]:
    keys = sa.func.json_each(sa.bindparam("keys")).table_valued("value", name="given_keys")
    whole = sa.func.json_each(sa.bindparam("whole")).table_valued("value", name="given_kinds")
    under = _EVERY.where(Listener.access_key.in_(sa.select(keys.c.value)))
    # An outer join, which begins with the kinds whatever it is thought to cost; it may give rows of NULLs.
    joined = whole.outerjoin(Listener, sa.and_(_OF_HOOK, _is_of(whole.c.value)))
    return _looked_up(under, sa.select(*_COLUMNS).select_from(joined), _FIRST_KEYS["sqlite"])


def _on_postgresql() -> sa.CompoundSelect[Any]:
    keys, whole = _lines("keys"), _lines("whole")
    under = _for_each(keys, Listener.access_key == keys.c.value)
    return _looked_up(under, _for_each(whole, _is_of(whole.c.value)), _FIRST_KEYS["postgresql"])


def _lines(name: str) -> Any:
    lines = sa.func.string_to_array(sa.bindparam(name, type_=sa.Text), sa.func.chr(10))
    return sa.func.unnest(lines).table_valued("value").render_derived(f"given_{name}")


def _for_each(given: Any, condition: sa.ColumnElement[bool]) -> _Statement:
    # What has an OFFSET is not merged into the join, which could then read everything.
    those = _EVERY.where(condition).offset(sa.literal_column("0")).lateral(f"of_{given.name}")
    return sa.select(those).select_from(given.join(those, sa.true()))


_LOOK_UP = {"sqlite": _on_sqlite(), "postgresql": _on_postgresql()}
