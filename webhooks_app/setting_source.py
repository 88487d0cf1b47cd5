"""Where does the text of a setting come from?

From the environment, else from `instance/dev.env`. A secret or an address with a password may also stand in
a file that NAME_FILE names, as container platforms hand over secrets.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from environs import Env

from webhooks_app.errors import SettingError
from webhooks_app.setting import Setting

ENVIRONMENT, DEV_ENV, DEFAULT = "environment", "dev.env", "default"


def says_production(environ: Mapping[str, str]) -> bool:
    """Whether this is production; looked at first, because there `instance/dev.env` does not count."""
    return environ.get("WEBHOOKS_ENV", "").strip().lower() == "production"


class _MappingEnv(Env):
    """environs over a mapping that is passed in, instead of the process's own environment."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        super().__init__()
        self._environ = dict(environ)

    # environs asks os.environ in this one place and has no public way to change it.
    def _get_value(self, env_key: str, default: Any) -> Any:
        return self._environ.get(env_key, default)


@dataclass(frozen=True, slots=True)
class Found:
    """The text of a setting, None if it is not set; the layer that it came from, and the file, if it is in one."""

    text: str | None
    layer: str
    file: str = ""


class Source:
    """The layers, asked in order."""

    def __init__(self, environ: Mapping[str, str], *, dev_env: Path | None) -> None:
        self._layers: list[tuple[str, Env]] = [(ENVIRONMENT, _MappingEnv(environ))]
        if dev_env is not None:
            self._layers.append((DEV_ENV, _read_file(dev_env)))

    def find(self, setting: Setting) -> Found:
        """What is written for a setting in the first layer that has it."""
        for layer, env in self._layers:
            file = _file_of(env, setting.name) if setting.may_be_file else ""
            text = _read_value(file, setting.name) if file else env.str(setting.name, None)
            if text is not None and (text.strip() or setting.may_be_empty):
                return Found(text.strip(), layer, file)
        return Found(None, DEFAULT)


def _read_file(path: Path) -> Env:
    env = _MappingEnv({})
    try:
        env.read_env(path, recurse=False)
    except (OSError, ValueError) as exc:
        raise SettingError(f"{path} cannot be read: {exc}.") from exc
    return env


def _file_of(env: Env, name: str) -> str:
    path: str = env.str(f"{name}_FILE", None) or ""
    if path and env.str(name, None):
        raise SettingError(f"{name} and {name}_FILE are both set; leave one out.")
    return path


def _read_value(path: str, name: str) -> str:
    try:
        return Path(path).read_text("utf-8").strip()
    except (OSError, ValueError) as exc:
        raise SettingError(
            f'{name}_FILE="{path}" is not allowed: must name a file that can be read.'
        ) from exc
