"""instance/dev.env: made once, kept, private."""

import stat
from concurrent.futures import ThreadPoolExecutor

import pytest

from webhooks_app.errors import CannotStart
from webhooks_app.runtime.dev_env import ensure_dev_env, write_dev_env
from webhooks_app.settings import Settings


def read(instance):
    return Settings.read({}, root=instance, instance=instance)


def test_it_gives_keys_and_opens_loopback(tmp_path):
    path = ensure_dev_env(tmp_path / "instance")

    settings = read(path.parent)
    assert len(settings.secret_key) >= 32
    assert len(settings.encryption_keys) == 1
    assert [str(each) for each in settings.allowed_networks] == ["127.0.0.0/8", "::1/128"]
    assert settings.allowed_hosts == ("localhost",)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_what_exists_is_kept(tmp_path):
    (tmp_path / "dev.env").write_text("# mine\nSECRET_KEY=my-own-key-of-more-than-32-bytes-xx\nPORT=9000\n")

    ensure_dev_env(tmp_path)
    before = (tmp_path / "dev.env").read_text()
    ensure_dev_env(tmp_path)

    assert (tmp_path / "dev.env").read_text() == before
    assert before.startswith("# mine\nSECRET_KEY=my-own-key-of-more-than-32-bytes-xx\nPORT=9000\n")
    assert read(tmp_path).encryption_keys


def test_a_changed_value_replaces_its_line(tmp_path):
    write_dev_env(tmp_path, {"REDIS_URL": "unix:///a"})
    key = read(tmp_path).secret_key

    write_dev_env(tmp_path, {"REDIS_URL": "unix:///b"})

    assert read(tmp_path).redis_url == "unix:///b"
    assert read(tmp_path).secret_key == key
    assert (tmp_path / "dev.env").read_text().count("REDIS_URL") == 1


def test_a_name_without_a_value_is_taken_out(tmp_path):
    write_dev_env(tmp_path, {"PORT": "8801"})

    path = write_dev_env(tmp_path, {"PORT": None})

    assert "PORT" not in path.read_text()
    assert "SECRET_KEY=" in path.read_text()


def test_a_file_that_others_could_read_is_made_private(tmp_path):
    path = ensure_dev_env(tmp_path)
    path.chmod(0o644)

    ensure_dev_env(tmp_path)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_processes_that_start_together_agree_on_one_key(tmp_path):
    def key(_number):
        ensure_dev_env(tmp_path)
        return read(tmp_path).secret_key

    with ThreadPoolExecutor(8) as threads:
        keys = set(threads.map(key, range(24)))

    assert len(keys) == 1


def test_a_folder_that_cannot_be_written_is_told_in_one_line(tmp_path):
    (tmp_path / "file").write_text("not a folder")

    with pytest.raises(CannotStart, match=r"dev\.env cannot be written: Not a directory\.$"):
        ensure_dev_env(tmp_path / "file" / "instance")
