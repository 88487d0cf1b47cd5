"""How are a hundred ids given to a statement? As one parameter, so that its text stays the same.

SQLAlchemy writes `IN (?, ?, …)` anew for each call, which costs as much as to run it. Here SQLite reads the
ids out of a JSON text, and PostgreSQL out of an array.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeDecorator


class Ids(TypeDecorator[Sequence[str]]):
    """Row ids as one value."""

    impl = sa.Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        return dialect.type_descriptor(ARRAY(sa.String) if dialect.name == "postgresql" else sa.Text())

    def process_bind_param(self, value: Sequence[str] | None, dialect: Dialect) -> Any:
        if value is None or dialect.name == "postgresql":
            return value and list(value)
        return json.dumps(list(value))


class _Listed(sa.sql.functions.FunctionElement[str]):
    """The ids as rows."""

    inherit_cache = True


@compiles(_Listed, "sqlite")
def _out_of_json(element: _Listed, compiler: SQLCompiler, **kwargs: Any) -> str:
    listed = compiler.process(element.clauses, **kwargs)
    return f"(SELECT value FROM json_each({listed}))"  # nosec B608 # a parameter's name


@compiles(_Listed, "postgresql")
def _out_of_array(element: _Listed, compiler: SQLCompiler, **kwargs: Any) -> str:
    return f"(SELECT unnest({compiler.process(element.clauses, **kwargs)}))"


def among(column: sa.ColumnElement[str], parameter: str) -> sa.ColumnElement[bool]:
    """Whether the column is one of the ids that the statement is given under this name."""
    return column.bool_op("IN")(_Listed(sa.bindparam(parameter, type_=Ids())))
