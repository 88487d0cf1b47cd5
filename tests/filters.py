"""Which filters and payloads do the properties of matching try? Every matcher, and texts that often meet."""

from __future__ import annotations

from hypothesis import strategies as st

from webhooks_app.match import (
    Any,
    Changed,
    ChangedFrom,
    ChangedTo,
    Contains,
    Endswith,
    Exists,
    Filter,
    Gt,
    Gte,
    In,
    Is,
    Like,
    Lt,
    Lte,
    Not,
    Startswith,
)  # fmt: skip

_names = st.sampled_from(["a", "b", "a.b", "a.b.c", "名", "x=y", "n" * 70])
_texts = st.text(alphabet="abcé\0\U0001f600", max_size=6) | st.sampled_from(
    ["", "abc", "abcabc", "1", "true", "ab" * 40, "c" + "ab" * 40, "ab" * 40 + "c"]
)
_longest = st.just("abc" * 22_000)  # which no regular expression searches
_scalars = st.none() | st.booleans() | st.sampled_from([0, 1, 1.0, -0.0, 2**53 + 1, 1e300, 0.1]) | _texts
_values = st.recursive(
    _scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["b", "c"]), inner, max_size=2)
    ),
    max_leaves=4,
)
_patterns = st.sampled_from(
    ["abc", "^abc", "abc$", "a.c", "ab+c", "abc?", "abc*b", "(?i)ABC", "abc|b", "(abc|b)cab", "[ab]bca", r"\Qabc\E",
     "é", "abcé", "bc{2}", "(?:abc)abc", "", r"\x61bc", r"b\wab", "cab\x00", "ca(b)?ca"]
)  # fmt: skip
_simple = st.one_of(
    st.sampled_from([Any(), Exists(), Changed()]),
    *(_values.map(kind) for kind in (Is, Contains, ChangedFrom, ChangedTo)),
    *(_texts.map(kind) for kind in (Startswith, Endswith, Contains)),
    *(st.sampled_from([0, 1, 1.5]).map(kind) for kind in (Gt, Gte, Lt, Lte)),
    _patterns.map(Like),
    st.lists(_values, min_size=1, max_size=3).map(In),
)
_matchers = _simple | _simple.map(Not)

filters = st.dictionaries(_names, _matchers, max_size=3).map(Filter)
_keys = st.sampled_from(["a", "b", "a.b", "名", "x=y", "n" * 70])
payloads = st.dictionaries(_keys, _values | _values | _values | _longest, max_size=4)
changes = st.none() | st.dictionaries(
    st.sampled_from(["a", "b"]), st.fixed_dictionaries({"old": _values, "new": _values}), max_size=2
)
