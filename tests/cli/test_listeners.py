"""Are listeners shown, added, paused, resumed and removed from the command line?"""

import json
import re

import pytest

from webhooks_app.storage import ids
from webhooks_app.storage.models import Listener, State
from webhooks_app.storage.queries import people

URL = "http://127.0.0.1:8099/hear"


def stored(engine, shown):
    with engine.sessions() as session:
        return session.get_one(Listener, ids.parse("lsn", shown))


def test_add_prints_the_id_and_once_the_secret(run, engine):
    result = run("listeners", "add", "person", URL, "--name", "The shop", "--match", "name=Joe")

    found = re.fullmatch(r"id:     (lsn_[0-9a-f]{32})\nsecret: (whsec_\S{40,})\n", result.stdout)
    listener = stored(engine, found[1])
    assert (listener.hook, listener.url, listener.name) == ("person", URL, "The shop")
    assert listener.filter == {"name": {"is": "Joe"}}
    assert found[2] not in run("listeners", "list", "--json").stdout


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ((), {}),
        (("--match", "customer=7"), {"customer": {"is": "7"}}),  # declared as text
        (("--match", "total=7"), {"total": {"is": 7}}),  # declared as a number
        (("--match", "paid=true"), {"paid": {"is": True}}),
        (("--match", "customer:=null"), {"customer": {"is": None}}),
        (
            ("--match", "paid=true", "--filter", '{"total": {"gt": 10}}'),
            {"paid": {"is": True}, "total": {"gt": 10}},
        ),
    ],
)
def test_add_asks_for_the_conditions(run, engine, words, wanted):
    result = run("listeners", "add", "order", URL, *words, "--json")

    document = json.loads(result.stdout)
    assert document["filter"] == wanted
    assert document["secret"].startswith("whsec_")
    assert stored(engine, document["id"]).filter == wanted


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (("person", "ftp://127.0.0.1/"), "url: "),
        (("person", "http://10.0.0.1/"), "url: "),
        (("nobody", URL), "No hook named 'nobody' is registered."),
        (("person", URL, "--match", "age=4"), "age"),
        (("person", URL, "--filter", '{"name": {"likes": "x"}}'), "likes"),
        (("order", URL, "--match", "total=abc"), "total: 'abc' is none of its values. Write a number"),
        (("order", URL, "--match", "paid=maybe"), "Write true or false."),
        (("person", URL, "--filter", "[]"), "A filter is a JSON object"),
    ],
)
def test_what_a_listener_may_not_be_is_refused_in_one_line(refused, words, part):
    assert part in refused("listeners", "add", *words)


def test_every_fault_is_told_at_once(refused):
    said = refused(
        "listeners", "add", "person", "ftp://x", "--match", "age=4", "--filter", '{"name": {"like": "("}}'
    )

    assert "url: " in said and "does not provide 'age'" in said
    assert said.count("name: ") == 1 and "filter.name: " in said  # the argument is named once


def test_list_shows_each_with_its_filter_as_a_sentence(run, make_listener):
    make_listener(hook="person", name="Joe's", url=URL, filter={"name": {"startswith": "J"}})
    make_listener(hook="order", name="Paused", state=State.PAUSED)

    everything = run("listeners", "list").stdout.splitlines()
    paused = run("listeners", "list", "--state", "paused").stdout

    assert everything[0].split() == ["ID", "HOOK", "STATE", "NAME", "URL", "FILTER"]
    assert len(everything) == 3
    assert re.search(
        r'person +active +Joe\'s +http://127.0.0.1:8099/hear +name starts with "J"', everything[2]
    )
    assert "Paused" in paused
    assert "Joe's" not in paused


def test_a_name_cannot_act_on_the_terminal(run, make_listener):
    make_listener(name="\x1b[2Jgone")

    output = run("listeners", "list").stdout

    assert "\x1b" not in output
    assert "\\u001b[2Jgone" in output


def test_pause_resume_and_remove_are_done_and_noted(run, engine, make_listener):
    listener = make_listener()
    shown = ids.shown(ids.LISTENER, listener.id)

    assert run("listeners", "pause", shown).stdout == f"{shown} is paused.\n"
    assert stored(engine, shown).state == State.PAUSED
    assert json.loads(run("listeners", "resume", shown, "--json").stdout)["state"] == "active"
    assert run("listeners", "remove", shown).stdout == f"{shown} is removed.\n"
    assert stored(engine, shown).deleted_at is not None
    assert run("listeners", "list").stdout == "There are no such listeners.\n"
    with engine.sessions() as session:
        entries = people.audit(session).rows
    assert {entry.actor for entry in entries} == {"command line"}
    assert len(entries) == 3


@pytest.mark.parametrize("act", ["pause", "resume", "remove"])
def test_an_unknown_listener_is_refused_in_one_line(refused, act):
    assert "listener" in refused("listeners", act, "lsn_" + "0" * 32).lower()


def test_own_headers_are_shown_by_name_alone(run, make_listener):
    make_listener(headers={"authorization": "Bearer hidden"})

    output = run("listeners", "list", "--json").stdout

    assert json.loads(output)["data"][0]["settings"]["headers"] == {"authorization": "(hidden)"}
    assert "Bearer" not in output


def test_what_cannot_be_read_of_one_listener_does_not_hide_the_others(run, engine, make_listener):
    broken = make_listener(headers={"authorization": "x"}, filter={"name": {"sounds": "Joe"}}, name="Broken")
    make_listener(name="Sound")
    with engine.sessions.begin() as session:
        session.get_one(Listener, broken.id).headers_sealed = "of another key"

    table = run("listeners", "list")
    document = json.loads(run("listeners", "list", "--json").stdout)

    assert "(unreadable)" in table.stdout
    assert "Sound" in table.stdout
    headers = {one["name"]: one["settings"]["headers"] for one in document["data"]}
    assert headers == {"Broken": None, "Sound": {}}


def test_a_long_name_and_address_are_cut_in_the_list(run, make_listener):
    make_listener(name="n" * 200, url="https://example.com/" + "u" * 200)

    line = run("listeners", "list").stdout.splitlines()[1]

    assert f"  {'n' * 39}…  https://example.com/{'u' * 19}…  " in line
