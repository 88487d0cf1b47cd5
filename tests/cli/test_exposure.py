"""Do the worker and the clock warn of a guard that production leaves open?"""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.build import settings_for
from webhooks_app.cli.exposure import warn_of_networks


@pytest.mark.parametrize(
    ("env", "networks", "warned"),
    [
        ("production", "0.0.0.0/0", True),
        ("production", "10.0.0.0/8", False),
        ("development", "0.0.0.0/0", False),  # whoever tries things out sends to their own machine
    ],
)
def test_a_program_that_delivers_warns_of_networks_that_are_too_wide(tmp_path, caplog, env, networks, warned):
    settings = replace(settings_for(tmp_path, WEBHOOKS_ALLOWED_NETWORKS=networks), env=env)

    warn_of_networks(settings)

    assert ("WEBHOOKS_ALLOWED_NETWORKS opens 0.0.0.0/0" in caplog.text) is warned
