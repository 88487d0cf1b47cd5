"""Which filters and payloads do the properties of matching try? Every matcher, each with a value that it accepts."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from webhooks_app import match
from webhooks_app.match import Contains, Endswith, Filter, In, Is, Like, Not, Startswith


def _either(*strategies: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """One of these, each as often as the others; `one_of` would count what they are made of."""
    return st.sampled_from(strategies).flatmap(lambda chosen: chosen)


_LONG = (
    "abc" * 22_000
)  # which no regular expression searches; "…" below, because hypothesis repeats what it is given
_NAMES = ("a", "b", "a.b", "名", "x=y", "n" * 70)
_TEXTS = ("abcab", "\U0001f600abcé\0", "c" + "ab" * 40, "ab" * 40 + "c", "", "1", "…")
_MATCHES = (
    ("abc", "abc"), ("^ab+c", "abbc"), ("bab$", "abab"), ("a.c", "axc"), ("abcc?d", "abd"), ("abc*d", "abd"),
    ("(?i)abc", "ABC"), ("abc|xyz", "xyz"), ("(abc|x)bcd", "xbcd"), ("[ab]bcd", "bbcd"), (r"\Qa.c\E", "a.c"),
    ("é{2}abc", "ééabc"), ("abcd{0,1}", "abc"), ("", "abc"), (r"\x61bc", "abc"), (r"a\wbcd", "axbcd"),
    ("abc", "…"),
)  # fmt: skip


def _long(text: str) -> str:
    return _LONG if text == "…" else text


_texts = st.sampled_from(_TEXTS).map(_long)
_flat = _either(_texts, st.sampled_from([None, True, False, 0, 1, 1.0, -0.0, 2**53 + 1, 1e300, 0.1]))
_values = _either(
    _flat,
    _flat,
    st.lists(_flat, max_size=3),
    st.dictionaries(st.sampled_from(["b", "c"]), _flat, max_size=2),
)
_cuts = st.sampled_from([0, 1, 2, 3, 5, 40, 70])
_accepted = _either(
    _values.map(lambda value: (Is(value), value)),
    _flat.map(lambda value: (In([value]), value)),
    st.lists(_flat, min_size=2, max_size=3).map(lambda values: (In(values), values[0])),
    st.builds(lambda text, cut: (Startswith(text[:cut]), text), _texts, _cuts),
    st.builds(lambda text, cut: (Endswith(text[cut:]), text), _texts, _cuts),
    st.builds(lambda text, cut, most: (Contains(text[cut:][:most]), text), _texts, _cuts, _cuts),
    st.lists(_flat, min_size=1, max_size=3).map(lambda items: (Contains(items[-1]), items)),
    st.sampled_from(_MATCHES).map(lambda one: (Like(one[0]), _long(one[1]))),
    st.sampled_from(_MATCHES).map(lambda one: (Like(one[0]), _long(one[1]))),
    st.sampled_from([(match.Gt(0), 1), (match.Gte(1), 1.0), (match.Lt(5), 0), (match.Lte(0), -0.0)]),
    st.sampled_from([(match.Any(), 1), (match.Exists(), None), (match.Changed(), 1)]),
    _values.map(lambda value: (match.ChangedTo(value), value)),
    _values.map(lambda value: (match.ChangedFrom(value), value)),
    _flat.map(lambda value: (Not(Is(value)), [value])),
    st.sampled_from(_MATCHES).map(lambda one: (Not(Like(one[0])), _LONG)),
)
_conditions = st.lists(
    st.tuples(st.sampled_from(_NAMES), _accepted), min_size=1, max_size=3, unique_by=lambda one: one[0]
)


def _payload(named: list[tuple[str, Any]]) -> dict[str, Any]:
    payload = dict(named)
    if "a" not in payload and "a.b" in payload:
        payload["a"] = {"b": payload.pop("a.b")}
    return payload


wanted = _conditions.map(
    lambda conditions: (
        Filter({name: matcher for name, (matcher, _) in conditions}),
        _payload([(name, value) for name, (_, value) in conditions]),
    )
)
"""A filter, and a payload that it accepts unless it asks what changed."""

changes = st.none() | st.dictionaries(
    st.sampled_from(["a", "b"]), st.fixed_dictionaries({"old": _values, "new": _values}), max_size=2
)
