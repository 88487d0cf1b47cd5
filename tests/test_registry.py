"""Does the registry know every hook once, in order, and lead it to its engine?"""

from __future__ import annotations

import pytest
from blinker import Signal

from webhooks_app import Hook, SignalHook
from webhooks_app.errors import AlreadyRegistered, NotBound, NotRegistered
from webhooks_app.registry import HookRegistry


class Ping(Hook):
    name = "ping"


def test_register_returns_what_it_was_given_so_that_it_decorates():
    registry = HookRegistry()

    assert registry.register(Ping) is Ping
    pong = Hook(name="pong")
    assert registry.register(pong) is pong
    assert isinstance(registry["ping"], Ping)


def test_it_is_a_mapping_in_the_order_of_registration():
    registry = HookRegistry()
    for name in ("c", "a", "b"):
        registry.register(Hook(name=name))

    assert list(registry) == ["c", "a", "b"]
    assert len(registry) == 3
    assert "a" in registry
    assert "z" not in registry
    assert registry.get("z") is None
    assert [hook.name for hook in registry.values()] == ["c", "a", "b"]


def test_a_taken_name_is_refused_and_the_first_hook_stays():
    registry = HookRegistry()
    first = registry.register(Hook(name="ping"))

    with pytest.raises(AlreadyRegistered, match="'ping' is already registered"):
        registry.register(Ping)
    assert registry["ping"] is first


@pytest.mark.parametrize("given", [Ping, Ping(), "ping"], ids=["class", "instance", "name"])
def test_unregister_takes_a_class_an_instance_or_a_name(given):
    registry = HookRegistry()
    registry.register(Ping)
    registry.unregister(given)

    assert list(registry) == []
    with pytest.raises(NotRegistered, match=r"^No hook named 'ping' is registered\.$"):
        registry.unregister(given)


def test_an_unknown_name_is_a_key_error_that_reads_well():
    with pytest.raises(KeyError) as missing:
        HookRegistry()["person"]

    assert str(missing.value) == "No hook named 'person' is registered."


def test_hooks_may_be_registered_while_someone_looks_at_them():
    registry = HookRegistry()
    registry.register(Ping)
    for _ in registry:
        registry.register(Hook(name="pong"))

    assert len(registry) == 2


def test_a_registered_signal_hook_watches_and_an_unregistered_one_does_not():
    registry, signal = HookRegistry(), Signal()
    registry.register(SignalHook(name="a", signal=signal))
    assert signal.receivers

    registry.unregister("a")
    assert not signal.receivers


def test_unbound_it_says_what_to_call():
    with pytest.raises(NotBound, match=r"create_app\(\) or Webhooks\(app"):
        _ = HookRegistry().port
