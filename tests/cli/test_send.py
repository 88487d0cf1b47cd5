"""Does `hooks` tell what can happen, and `send` let it happen? Words become JSON, the id is printed alone."""

import json
import re

import pytest

from webhooks_app.builtin import register_built_in
from webhooks_app.storage import ids
from webhooks_app.storage.models import Event


def sent(engine, result):
    """The stored event whose id was printed alone."""
    assert result.exit_code == 0, result.output
    assert re.fullmatch(r"evt_[0-9a-f]{32}\n", result.stdout)
    with engine.sessions() as session:
        return session.get_one(Event, ids.parse("evt", result.stdout))


def test_hooks_shows_what_each_provides_and_what_happened(run, make_listener, make_event):
    make_listener(hook="person")
    make_event(hook="person")

    lines = run("hooks").stdout.splitlines()

    assert lines[0].split("  ")[0] == "HOOK"
    assert re.fullmatch(r"person +name, address +1 +1 +2026-03-02 09:30:00Z", lines[1])
    assert re.fullmatch(r"order +customer, total, paid +0 +0 +-", lines[2])


def test_hooks_as_json_has_the_shape_of_the_api(run):
    found = json.loads(run("hooks", "--json").stdout)

    assert found["next"] is None
    assert found["data"][0] == {
        "name": "person",
        "verbose_name": "Person",
        "description": "A person was changed.",
        "provides_args": [{"name": "name", "type": ""}, {"name": "address", "type": ""}],
    }


@pytest.mark.parametrize(
    ("words", "payload"),
    [
        ((), {}),
        (("name=Joe", "address=New York"), {"name": "Joe", "address": "New York"}),
        (("age=42",), {"age": "42"}),  # text is text
        (("age:=42", "tags:=[1, null]"), {"age": 42, "tags": [1, None]}),
        (("formula=a=b:=c",), {"formula": "a=b:=c"}),  # the first sign counts
        (("empty=",), {"empty": ""}),
        (("name=Joe", "name=Jim"), {"name": "Jim"}),
    ],
)
def test_send_makes_an_event_of_the_words(run, engine, queue, words, payload):
    event = sent(engine, run("send", "person", *words))

    assert (event.hook, json.loads(event.body), event.sender) == ("person", payload, "command line")
    assert queue.rings == 1


def test_send_takes_a_file_and_words_on_top_of_it(run, engine, tmp_path):
    (tmp_path / "person.json").write_text('{"name": "Joe", "address": "Bari"}', "utf-8")

    from_file = run("send", "person", "--json", str(tmp_path / "person.json"), "name=Zoë")
    from_stdin = run("send", "person", "--json", "-", typed_in='{"name": "Ann"}')

    assert json.loads(sent(engine, from_file).body) == {"name": "Zoë", "address": "Bari"}
    assert json.loads(sent(engine, from_stdin).body) == {"name": "Ann"}


def test_an_unknown_hook_is_refused_in_one_line(refused):
    assert refused("send", "nobody", "name=Joe") == (
        "No hook named 'nobody' is registered. The hooks are: person, order."
    )


def test_a_hook_that_only_the_system_sends_is_refused_in_one_line(refused, engine):
    register_built_in(engine.hooks)

    assert refused("send", "listener.failing", "name=Shop") == (
        "hook: The hook listener.failing is sent by Webhooks App itself, when a listener takes this step."
    )


def test_a_payload_that_is_too_large_is_refused_in_one_line(refused, engine):
    line = refused("send", "person", "name=" + "x" * engine.settings.max_payload_bytes)

    assert "256 KiB" in line or "262144" in line


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"[1]", "The file is not a JSON object."),
        (b"nonsense", "The file is not JSON: "),
        (b"", "The file is not JSON: "),
        (b"[" * 10_000, "The file is nested too deeply."),
        (b'{"a":' * 100_000, "The file is nested too deeply."),
        (b'{"name": "\xff"}', "The file is not UTF-8: invalid start byte at byte 10."),
    ],
)
def test_a_file_that_holds_no_object_is_wrong_usage(run, tmp_path, content, sentence):
    (tmp_path / "person.json").write_bytes(content)

    result = run("send", "person", "--json", str(tmp_path / "person.json"))

    assert result.exit_code == 2
    assert f"Error: {sentence}" in result.stderr


def test_a_word_that_is_nested_too_deeply_is_wrong_usage(run):
    result = run("send", "person", "name:=" + "[" * 10_000)

    assert result.exit_code == 2
    assert "Error: name is nested too deeply." in result.stderr
