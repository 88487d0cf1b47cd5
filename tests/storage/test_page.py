"""Is every row on exactly one page, whatever the moments and however many come in meanwhile?"""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from tests.factories import make_event
from webhooks_app.storage.ids import new_id
from webhooks_app.storage.models import Event
from webhooks_app.storage.queries.page import Cursor, page_of


def a_page(engine, cursor=None, limit=3):
    with engine.sessions() as session:
        return page_of(
            session,
            sa.select(Event),
            moment_column=Event.created_at,
            id_column=Event.id,
            cursor=cursor,
            limit=limit,
        )


def ids(page):
    return [row.id for row in page.rows]


@pytest.fixture
def eight(any_engine, clock):
    """Eight events, the first four of one millisecond; newest first."""
    made = []
    for number in range(8):
        if number >= 4:
            clock.tick(1)
        made.append(make_event(any_engine))
    return [event.id for event in sorted(made, key=lambda event: (event.created_at, event.id), reverse=True)]


def test_walking_to_the_oldest_page_meets_every_row_once(any_engine, eight):
    met, cursor = [], None
    while True:
        page = a_page(any_engine, cursor)
        met += ids(page)
        cursor = page.older
        if cursor is None:
            break

    assert met == eight


def test_walking_back_meets_the_same_pages(any_engine, eight):
    first = a_page(any_engine)
    second = a_page(any_engine, first.older)
    third = a_page(any_engine, second.older)

    back = a_page(any_engine, third.newer)
    top = a_page(any_engine, back.newer)

    assert (ids(back), ids(top)) == (ids(second), ids(first))
    assert (first.newer, top.newer, third.older) == (None, None, None)
    assert back.older is not None


def test_rows_that_come_in_meanwhile_move_no_edge(any_engine, eight, clock):
    first = a_page(any_engine)
    for _ in range(5):
        clock.tick(1)
        make_event(any_engine)

    second = a_page(any_engine, first.older)

    assert ids(second) == eight[3:6]


def test_the_new_rows_are_found_by_going_up(any_engine, eight, clock):
    first = a_page(any_engine)
    clock.tick(1)
    late = make_event(any_engine)

    second = a_page(any_engine, first.older)
    above = a_page(any_engine, a_page(any_engine, second.newer).newer)

    assert ids(above) == [late.id]


def test_a_list_that_ends_with_the_page_has_no_older_one(any_engine, eight):
    assert a_page(any_engine, limit=8).older is None


def test_an_empty_list_is_a_page_without_neighbours(any_engine):
    page = a_page(any_engine)

    assert (list(page.rows), page.older, page.newer) == ([], None, None)


def test_a_cursor_survives_its_text():
    cursor = Cursor(1_772_443_800_123, new_id(), newer=True)

    assert Cursor.decode(cursor.encode()) == cursor


@pytest.mark.parametrize(
    "text",
    [
        "",
        "rubbish",
        "é",
        "bzE.",
        "bzE=" * 3,
        Cursor(1, "f" * 31).encode(),  # an id that is too short
        Cursor(-1, "f" * 32).encode(),
        Cursor(10**15, "f" * 32).encode(),  # too many digits
        Cursor(10**15 - 1, "f" * 32).encode(),  # after the year 9999
        "a" * 5_000,
    ],
)
def test_a_bad_cursor_is_refused(text):
    with pytest.raises(ValueError, match="not a cursor"):
        Cursor.decode(text)
