"""What the person reads fits what was started."""

from pathlib import Path

from webhooks_app.runtime.welcome import welcome_text
from webhooks_app.settings import Settings


def read(**environ):
    return Settings.read(environ, root=Path("/srv"), instance=Path("/srv/instance"))


def test_it_names_the_address_the_link_and_the_demo():
    text = welcome_text(read(PORT="9000"), link="http://127.0.0.1:9000/login/x", app_import="wsgi")

    assert text.startswith("Webhooks App runs at http://127.0.0.1:9000\n")
    assert "    http://127.0.0.1:9000/login/x\n" in text
    assert "--app wsgi webhooks send person name=Joe" in text
    assert "http://127.0.0.1:9000/demo" in text
    # What is sent before anybody listens goes nowhere.
    assert text.index("http://127.0.0.1:9000/hooks/person/listeners/new") < text.index("send person")
    assert "/srv/instance/logs" in text


def test_a_guest_is_not_promised_the_demo():
    text = welcome_text(read(), link="x", app_import="shop", url_prefix="/webhooks")

    assert "Webhooks App runs at http://127.0.0.1:8000/webhooks\n" in text
    assert text.index("--app shop webhooks listeners add HOOK URL") < text.index("--app shop webhooks send")
    assert "demo" not in text


def test_without_the_demo_nothing_of_it_is_offered():
    assert "demo" not in welcome_text(read(WEBHOOKS_HOOKS="shop.hooks"), link="x", app_import="wsgi")
