"""Does the generated form ask for what a filter can say, and read it back?"""

import pytest
from werkzeug.datastructures import MultiDict

from webhooks_app.event import Hook, ModelHook
from webhooks_app.filter import Filter
from webhooks_app.match import (
    Contains,
    Endswith,
    Exists,
    Gt,
    Gte,
    In,
    Is,
    Like,
    Lt,
    Not,
    Startswith,
)
from webhooks_app.match_forms import filter_of, offered, rows_for

PLAIN = Hook(name="plain", provides_args=["name", "total", "_id"])
TYPED = Hook(
    name="typed",
    provides_args={"customer": str, "total": float, "paid": bool, "tags": list, "address": dict},
)


def sent(hook, **typed):
    """The form as a browser sends it: `name_cond="is"` becomes match-name_cond."""
    data = MultiDict({f"match-{name}": value for name, value in typed.items()})
    return hook.match_forms(data, prefix="match-")


def choices(form, name):
    return [choice.value for choice in form[name].choices]


def test_each_argument_has_a_matcher_and_a_value_in_declared_order():
    names = [field.name for field in TYPED.match_forms(prefix="match-")]

    assert names == [
        "match-customer_cond", "match-customer_query", "match-total_cond", "match-total_query",
        "match-paid_cond", "match-paid_query", "match-tags_cond", "match-tags_query",
        "match-address_cond", "match-address_query",
    ]  # fmt: skip


def test_an_argument_without_a_type_also_asks_for_the_values_type():
    form = PLAIN.match_forms(prefix="match-")

    assert choices(form, "name_type") == ["text", "number", "boolean", "null"]


def test_a_name_that_begins_with_an_underscore_has_its_row():
    assert "_id_cond" in PLAIN.match_forms()


def test_a_number_is_not_asked_how_it_starts():
    form = TYPED.match_forms()

    assert choices(form, "total_cond") == ["any", "is", "not", "in", "gt", "gte", "lt", "lte", "exists"]
    assert "startswith" in choices(form, "customer_cond")


def test_the_six_of_the_seed_are_offered_for_text():
    offers = choices(TYPED.match_forms(), "customer_cond")

    assert offers[:6] == ["any", "is", "startswith", "endswith", "contains", "like"]


def test_only_a_models_hook_is_asked_what_changed():
    names = {one.name for one in offered(PLAIN, PLAIN.arguments[0])}

    assert not names & {"changed", "changed_from", "changed_to"}
    assert {"changed", "changed_from"} <= {
        one.name for one in offered(ModelHook.__new__(ModelHook), PLAIN.arguments[0])
    }


def test_a_hook_may_set_its_own_form():
    own = type("Own", (), {})
    hook = Hook(name="own", match_forms=own)

    assert hook.match_forms is own


def test_nothing_asked_takes_every_event():
    assert filter_of(sent(PLAIN), PLAIN.arguments) == Filter({})


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        ({"name_cond": "is", "name_query": "Joe"}, {"name": Is("Joe")}),
        ({"name_cond": "any", "name_query": "kept for later"}, {}),
        ({"name_cond": "is", "name_query": "5"}, {"name": Is("5")}),  # text unless another type is chosen
        ({"name_cond": "is", "name_query": "5", "name_type": "number"}, {"name": Is(5)}),
        ({"name_cond": "is", "name_query": " 5.50 ", "name_type": "number"}, {"name": Is(5.5)}),
        ({"name_cond": "is", "name_query": "True", "name_type": "boolean"}, {"name": Is(True)}),
        ({"name_cond": "is", "name_query": "no", "name_type": "true/false"}, {"name": Is(False)}),
        ({"name_cond": "is", "name_query": "", "name_type": "null"}, {"name": Is(None)}),
        ({"name_cond": "not", "name_query": "Joe"}, {"name": Not("Joe")}),
        ({"name_cond": "in", "name_query": "Joe, Jane ,"}, {"name": In(["Joe", "Jane"])}),
        ({"name_cond": "in", "name_query": '["a,b", "c"]'}, {"name": In(["a,b", "c"])}),
        ({"name_cond": "in", "name_query": "1, 2.5", "name_type": "number"}, {"name": In([1, 2.5])}),
        ({"name_cond": "exists", "name_query": "ignored"}, {"name": Exists()}),
        ({"name_cond": "like", "name_query": "^J.*e$"}, {"name": Like("^J.*e$")}),
        ({"total_cond": "gte", "total_query": "12", "total_type": "number"}, {"total": Gte(12)}),
        ({"total_cond": "lt", "total_query": "2026-12-31"}, {"total": Lt("2026-12-31")}),
        ({"_id_cond": "endswith", "_id_query": " "}, {"_id": Endswith(" ")}),  # a space counts
    ],
)
def test_what_is_typed_becomes_the_filter(typed, wanted):
    assert filter_of(sent(PLAIN, **typed), PLAIN.arguments) == Filter(wanted)


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        ({"total_cond": "gt", "total_query": "12"}, {"total": Gt(12)}),
        ({"paid_cond": "is", "paid_query": "false"}, {"paid": Is(False)}),
        ({"tags_cond": "contains", "tags_query": "vip"}, {"tags": Contains("vip")}),
        ({"tags_cond": "contains", "tags_query": "5"}, {"tags": Contains(5)}),
        ({"address_cond": "is", "address_query": '{"city": "York"}'}, {"address": Is({"city": "York"})}),
    ],
)
def test_a_declared_type_says_how_the_value_is_read(typed, wanted):
    assert filter_of(sent(TYPED, **typed), TYPED.arguments) == Filter(wanted)


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"customer_cond": "is", "customer_query": ""}, "Write a value, or choose any."),
        ({"customer_cond": "in", "customer_query": " , "}, '"in" takes at least one value.'),
        ({"customer_cond": "like", "customer_query": "("}, 'A ")" is missing. Position 1.'),
        ({"customer_cond": "gt", "customer_query": "soon"}, '"gt" takes a number or an ISO date'),
        ({"total_cond": "is", "total_query": "12,5"}, "Write a number, such as 12.5."),
        ({"total_cond": "is", "total_query": "NaN"}, "Write a number, such as 12.5."),
        ({"total_cond": "is", "total_query": "true"}, "Write a number, such as 12.5."),
        ({"tags_cond": "is", "tags_query": "vip"}, "Write JSON, such as"),
        ({"customer_cond": "is", "customer_query": "x" * 5000}, "4096"),
    ],
)
def test_what_cannot_be_read_is_told_beside_the_value(typed, sentence):
    form = sent(TYPED, **typed)
    argument = next(iter(typed)).removesuffix("_cond")

    assert filter_of(form, TYPED.arguments) is None
    assert sentence in " ".join(form[f"{argument}_query"].errors)


def test_a_matcher_that_is_not_offered_is_refused():
    form = sent(TYPED, total_cond="startswith", total_query="1")

    assert filter_of(form, TYPED.arguments) is None
    assert form["total_cond"].errors


# What a row can show comes back from it; what it cannot is left over, and nothing is lost.
ROWS = [
    {"name": Is("Joe")}, {"name": Is(5)}, {"name": Is(True)}, {"name": Is(None)}, {"name": Not("Joe")},
    {"name": Startswith("J"), "total": Gte(12)}, {"name": In([1, 2])}, {"name": In(["a,b", "c"])},
    {"name": In(["[x"])}, {"name": Exists()}, {"name": Is("[1]")}, {"name": Is("true")},
]  # fmt: skip
LEFT_OVER = [
    {"name": Is("")}, {"name": In([1, "a"])}, {"name": Not(Startswith("J"))}, {"name": Not(Exists())},
    {"name": Is([1])}, {"name": {"first": "Joe"}}, {"unknown": 1},
]  # fmt: skip


@pytest.mark.parametrize("conditions", ROWS, ids=str)
def test_rows_show_a_filter_and_give_it_back(conditions):
    asked = Filter(conditions)

    data, rest = rows_for(PLAIN, asked)

    assert rest == Filter({})
    assert filter_of(PLAIN.match_forms(prefix="match-", data=data), PLAIN.arguments) == asked


@pytest.mark.parametrize("conditions", LEFT_OVER, ids=str)
def test_what_no_row_can_show_is_left_over(conditions):
    asked = Filter(conditions)

    data, rest = rows_for(PLAIN, asked)

    assert data == {}
    assert rest == asked


def test_of_two_conditions_on_one_argument_a_row_shows_the_first():
    data, rest = rows_for(PLAIN, Filter({"total": (Gt(1), Lt(5))}))

    assert data["total_cond"] == "gt"
    assert rest == Filter({"total": Lt(5)})


@pytest.mark.parametrize(
    "conditions",
    [
        {"tags": Contains("vip")}, {"tags": Contains("5")}, {"tags": Contains(5)}, {"tags": Is([1, "a"])},
        {"address": Is({"a": 1})}, {"paid": Is(False)}, {"total": In([1, 2.5])}, {"customer": Gt("2026-01-01")},
    ],
    ids=str,
)  # fmt: skip
def test_rows_of_declared_types_give_a_filter_back(conditions):
    data, rest = rows_for(TYPED, Filter(conditions))

    assert rest == Filter({})
    assert filter_of(TYPED.match_forms(data=data), TYPED.arguments) == Filter(conditions)


@pytest.mark.parametrize("conditions", [{"paid": Is("x")}, {"customer": Is(5)}], ids=str)
def test_a_value_of_another_type_than_declared_is_left_over(conditions):
    assert rows_for(TYPED, Filter(conditions)) == ({}, Filter(conditions))
