"""Which type has an argument, and which matchers does it get for it?"""

from __future__ import annotations

import enum
import uuid
from datetime import date, datetime, time
from decimal import Decimal

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, mapped_column

from webhooks_app.arguments import Argument, declared, of_columns, type_word


class Size(enum.IntEnum):
    SMALL = 1


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        (str, "text"), (int, "number"), (float, "number"), (bool, "boolean"), (list, "list"), (dict, "object"),
        (None, ""),  # nothing was said
        (Decimal, "text"), (datetime, "text"), (date, "text"), (time, "text"), (uuid.UUID, "text"),
        (Size, "text"),  # an enum becomes its name, though it is an int as well
        (bytes, None), (set, None), (object, None),
    ],
)  # fmt: skip
def test_the_word_for_a_type(kind, word):
    assert type_word(kind) == word


def test_names_keep_the_order_in_which_they_were_written():
    assert declared(["b", "a"]) == (Argument("b"), Argument("a"))
    assert declared({"b": int, "a": bytes}) == (Argument("b", "number"), Argument("a"))
    assert declared(()) == ()


def test_a_set_has_no_order_so_its_names_are_sorted():
    assert (
        declared({"c", "a", "b"})
        == declared(frozenset("cab"))
        == (Argument("a"), Argument("b"), Argument("c"))
    )


class Odd(sa.types.UserDefinedType):
    """A column type that does not say what it is in Python; a value of it need not be JSON."""

    cache_ok = True


class Settings(sa.types.TypeDecorator):
    """JSON, with something of the application's own around it."""

    impl = sa.JSON
    cache_ok = True


class Base(DeclarativeBase):
    pass


class Thing(Base):
    __tablename__ = "things"
    id = mapped_column(sa.Integer, primary_key=True)
    title = mapped_column("the_title", sa.String)
    price = mapped_column(sa.Numeric)
    size = mapped_column(sa.Enum(Size))
    odd = mapped_column(Odd)
    blob = mapped_column(sa.LargeBinary)
    pickled = mapped_column(sa.PickleType)
    extra = mapped_column(sa.JSON)
    more = mapped_column(JSONB)
    settings = mapped_column(Settings)


def test_columns_with_a_json_form_are_arguments_by_their_attributes_names():
    assert of_columns(sa.inspect(Thing)) == (
        Argument("title", "text"), Argument("price", "text"), Argument("size", "text"), Argument("extra", ""),
        Argument("more", ""), Argument("settings", ""),
    )  # fmt: skip
