"""Where do model events come from? From every SQLAlchemy session that flushes.

After a flush has written its rows and before it is over, each object it inserted, updated or deleted is
told to `post_save` or `post_delete`, with what changed; ModelHooks listen there. Inside the flush, because
the event must be in the same transaction, and because afterwards nobody knows the old values.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
import sqlalchemy.orm
from sqlalchemy.orm import Session, UOWTransaction

from webhooks_app.signals import post_delete, post_save

_COMPUTED = "webhooks_computed"  # in a flush's own notes


def listen() -> None:
    """Watch every session; safe to call again."""
    if not sa.event.contains(Session, "after_flush", _after_flush):
        sa.event.listen(Session, "before_flush", _before_flush)
        sa.event.listen(Session, "after_flush", _after_flush)


def _before_flush(session: Session, flush: UOWTransaction, _: Any) -> None:
    # `joe.visits = Person.visits + 1`: once the database has computed it, nothing tells that it changed.
    if post_save.receivers:
        computed = ((sa.inspect(instance), _to_be_computed(instance)) for instance in session.dirty)
        flush.attributes[_COMPUTED] = {state: old for state, old in computed if old}


def _to_be_computed(instance: Any) -> dict[str, Any]:
    """The attributes that were given an SQL expression, and what they were before."""
    state = sa.inspect(instance)
    return {
        key: None if old is sa.orm.LoaderCallableStatus.NO_VALUE else old
        for key, old in state.committed_state.items()
        if isinstance(state.dict.get(key), sa.ClauseElement)
    }


def _computed_changes(flush: UOWTransaction, instance: Any) -> dict[str, dict[str, Any]]:
    computed = flush.attributes.get(_COMPUTED, {}).get(sa.inspect(instance), {})
    return {key: {"old": old, "new": getattr(instance, key)} for key, old in computed.items()}


def _after_flush(session: Session, flush: UOWTransaction) -> None:
    if not post_save.receivers and not post_delete.receivers:
        return
    # Reading an attribute may load it, and a load must not flush again.
    with session.no_autoflush:
        for instance, created in _saved(session, flush):
            post_save.send(
                type(instance),
                instance=instance,
                created=created,
                changes=changes_of(instance) | _computed_changes(flush, instance),
                session=session,
            )
        for instance in _deleted(flush):
            post_delete.send(type(instance), instance=instance, session=session)


def _saved(session: Session, flush: UOWTransaction) -> Iterator[tuple[Any, bool]]:
    """What was inserted (True) or updated; a changed collection alone updates no row."""
    for instance in tuple(session.new):
        if _is_written(flush, instance):
            yield instance, True
    for instance in tuple(session.dirty):
        if _is_written(flush, instance) and _is_changed(session, flush, instance):
            yield instance, False


def _is_changed(session: Session, flush: UOWTransaction, instance: Any) -> bool:
    is_computed = sa.inspect(instance) in flush.attributes.get(_COMPUTED, {})
    return is_computed or session.is_modified(instance, include_collections=False)


def _is_written(flush: UOWTransaction, instance: Any) -> bool:
    state = sa.inspect(instance)
    is_deleted, _ = flush.states.get(state, (True, True))
    return not is_deleted


def _deleted(flush: UOWTransaction) -> list[Any]:
    # Not session.deleted: an orphan that lost its parent is deleted too, and is not in it.
    return [
        state.obj()
        for state, (is_deleted, only_looked_at) in flush.states.items()
        if is_deleted and not only_looked_at
    ]


def changes_of(instance: Any) -> dict[str, dict[str, Any]]:
    """What this flush changed in the object's columns: `{"name": {"old": "Joe", "new": "Jim"}}`."""
    state = sa.inspect(instance)
    changes = {}
    for attribute in state.mapper.column_attrs:
        history = state.attrs[attribute.key].history
        if history.has_changes():
            old = history.deleted[0] if history.deleted else None
            new = history.added[0] if history.added else None
            changes[attribute.key] = {"old": old, "new": new}
    return changes
