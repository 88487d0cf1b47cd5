"""Does a SignalHook hear whom it was connected to, once it is registered, and send what it provides?"""

from __future__ import annotations

from blinker import Signal

from webhooks_app import Hook, SignalHook
from webhooks_app.registry import hooks


def test_a_signal_heard_without_an_engine_is_logged_and_not_raised(words, caplog):
    signal = Signal()
    words.register(SignalHook(name="a", signal=signal))
    hooks._port = None

    signal.send("x")
    assert "heard its signal, but" in caplog.text


def test_a_signal_hook_hears_everyone_or_those_it_was_connected_to(words, bodies):
    signal = Signal()
    hook = words.register(SignalHook(name="a", signal=signal))
    signal.send("anyone", n=1)
    hook.connect("joe")
    signal.send("anyone", n=2)
    signal.send("joe", n=3)
    hook.disconnect("joe")
    signal.send("joe", n=4)

    assert bodies() == [("anyone", {"n": 1}), ("joe", {"n": 3})]


class Arrived(SignalHook):
    name = "arrived"
    signal = Signal()


def test_a_new_instance_of_a_registered_class_connects_the_hook_that_is_registered(words, bodies):
    words.register(Arrived)
    Arrived().connect("joe")
    Arrived.signal.send("joe", n=1)
    Arrived.signal.send("anyone", n=2)
    Arrived().disconnect("joe")
    Arrived.signal.send("joe", n=3)
    Arrived().connect("ann")
    words.unregister(Arrived)
    Arrived.signal.send("ann", n=4)

    assert bodies() == [("joe", {"n": 1})]
    assert not list(Arrived.signal.receivers_for("ann"))


def test_what_was_never_registered_hears_nothing(words, bodies):
    SignalHook(name="a", signal=(signal := Signal())).connect("joe")
    Arrived().connect("joe")
    words.register(Hook(name="arrived"))  # another kind of hook that has its name
    Arrived().connect("joe")
    for heard in (signal, Arrived.signal):
        heard.send("joe")

    assert bodies() == []


def test_a_hook_connected_before_it_is_registered_stays_with_its_sender(words, bodies):
    signal = Signal()
    hook = SignalHook(name="a", signal=signal)
    hook.connect("joe")
    words.register(hook)
    signal.send("anyone")
    words.unregister("a")
    signal.send("joe")

    assert bodies() == []
    assert not list(signal.receivers_for("joe"))


def test_provided_arguments_limit_what_a_signal_sends(words, bodies):
    signal = Signal()
    words.register(SignalHook(name="a", signal=signal, provides_args=["x"]))
    signal.send("joe", x=1, secret="no")

    assert bodies() == [("joe", {"x": 1})]


def test_a_signals_own_session_that_is_no_database_session_is_an_argument(words, bodies):
    signal = Signal()
    words.register(SignalHook(name="a", signal=signal))
    signal.send("joe", session={"user": 7})

    assert bodies() == [("joe", {"session": {"user": 7}})]
