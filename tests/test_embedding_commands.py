"""Are our commands there in the host's own `flask`, and do they say what is wrong as they do in ours?"""

from __future__ import annotations

import re

import pytest

from tests.shop_commands import run

pytestmark = pytest.mark.deep


def test_the_hosts_own_flask_has_our_commands(tmp_path):
    migrated = run(tmp_path, "webhooks", "migrate")
    hooked = run(tmp_path, "webhooks", "hooks")
    linked = run(tmp_path, "webhooks", "sign-in-link", PORT="8123")

    assert (migrated.returncode, migrated.stderr) == (0, "")
    assert re.search(r"^shop.order +customer, total, created +0 +0 +-$", hooked.stdout, re.MULTILINE)
    assert linked.stdout.startswith("http://127.0.0.1:8123/webhooks/login/")
    assert (tmp_path / "instance" / "dev.env").stat().st_mode & 0o777 == 0o600


def test_a_setting_that_is_not_allowed_is_one_line_there_too(tmp_path):
    result = run(tmp_path, "webhooks", "hooks", PORT="eighty")

    assert (result.returncode, result.stdout) == (2, "")
    assert re.fullmatch(r'Error: PORT="eighty" is not allowed: .*\n', result.stderr)


def test_production_does_not_start_in_a_host_that_is_debugged(tmp_path):
    keys = {name: f"a-{name}-for-tests-of-32-bytes" for name in ("SECRET_KEY", "WEBHOOKS_ENCRYPTION_KEYS")}
    production = {
        "WEBHOOKS_ENV": "production", "PUBLIC_BASE_URL": "https://shop.example.com", "FLASK_DEBUG": "1",
        "TRUSTED_HOSTS": "shop.example.com", "REDIS_URL": "redis://127.0.0.1:1/0", **keys,
    }  # fmt: skip

    result = run(tmp_path, "webhooks", "hooks", **production)

    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("Error: FLASK_DEBUG is on, and production does not start with it")
    without = run(tmp_path, "webhooks", "migrate", **{**production, "FLASK_DEBUG": "0"})
    assert without.returncode == 0, without.stderr
