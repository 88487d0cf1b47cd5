"""Is what somebody had typed given back in the words of the form, and nothing else?"""

from webhooks_app.web.typed import typed_values


def test_each_value_stands_under_the_words_of_its_field():
    given = [
        ("csrf_token", "t"), ("made_as", "01a2"), ("version", "3"), ("act", "save"), ("hook", "person"),
        ("url", "https://a.example.com"), ("name", "Shop"), ("match-name_cond", "startswith"),
        ("match-name_query", "J"), ("match-name_type", "text"), ("match-address_cond", "any"),
        ("match-address_query", ""), ("match-address_type", "text"), ("headers", "authorization: x"),
        ("retry_schedule", "5s"), ("config-channel", "ops"), ("arg-name", "Joe"), ("arg-name_as", "text"),
    ]  # fmt: skip

    assert typed_values(given) == [
        ("Listener URL", "https://a.example.com"), ("Name", "Shop"), ("How name is matched", "starts with"),
        ("Value of name", "J"), ("Type of name", "text"), ("Retry schedule", "5s"), ("Channel", "ops"),
        ("Value of name", "Joe"), ("How name is meant", "text"),
    ]  # fmt: skip


def test_a_value_that_waits_beside_any_is_not_lost():
    given = [("match-name_cond", "any"), ("match-name_query", "Joe")]

    assert typed_values(given) == [("Value of name", "Joe")]


def test_an_odd_name_breaks_nothing():
    assert typed_values([("match-", "x"), ("match-_cond", "nope"), ("{}", "y")])
