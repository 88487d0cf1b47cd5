"""Are secrets kept so that only the right key opens them, and only in their place?"""

from __future__ import annotations

import pytest

from webhooks_app.engine.sealing import Seal
from webhooks_app.errors import SecretUnavailable

OLD, NEW = "an old key of thirty-two bytes or more", "a new key of thirty-two bytes or more!"


def test_what_was_sealed_opens():
    seal = Seal([NEW])
    sealed = seal.seal("whsec_ä", owner="a", field="secret")

    assert "whsec" not in sealed
    assert seal.open(sealed, owner="a", field="secret") == "whsec_ä"


def test_the_same_text_is_never_sealed_alike():
    seal = Seal([NEW])

    assert seal.seal("x", owner="a", field="secret") != seal.seal("x", owner="a", field="secret")


def test_an_older_key_still_opens_and_the_newest_seals():
    sealed = Seal([OLD]).seal("x", owner="a", field="secret")
    both = Seal([NEW, OLD])

    assert both.open(sealed, owner="a", field="secret") == "x"
    assert Seal([NEW]).open(both.seal("y", owner="a", field="secret"), owner="a", field="secret") == "y"


@pytest.mark.parametrize(
    ("owner", "field"),
    [("b", "secret"), ("a", "headers")],  # a row's secret copied into another row, or another column
)
def test_what_was_moved_elsewhere_does_not_open(owner, field):
    seal = Seal([NEW])

    with pytest.raises(SecretUnavailable):
        seal.open(seal.seal("x", owner="a", field="secret"), owner=owner, field=field)


@pytest.mark.parametrize(
    "damage", [lambda text: "", lambda text: text[:-4], lambda text: "ä", lambda text: text[1:]]
)
def test_a_damaged_text_does_not_open(damage):
    seal = Seal([NEW])

    with pytest.raises(SecretUnavailable):
        seal.open(damage(seal.seal("x", owner="a", field="secret")), owner="a", field="secret")


def test_another_key_does_not_open():
    with pytest.raises(SecretUnavailable):
        Seal([NEW]).open(Seal([OLD]).seal("x", owner="a", field="secret"), owner="a", field="secret")


def test_only_what_the_newest_key_sealed_needs_no_older_one():
    old, both = Seal([OLD]), Seal([NEW, OLD])

    assert both.is_newest(both.seal("x", owner="a", field="secret"))
    assert not both.is_newest(old.seal("x", owner="a", field="secret"))
    assert not both.is_newest("damaged")
