"""Does a person in another terminal get a command that works there?"""

from __future__ import annotations

import pytest

from webhooks_app.flask_command import flask_command


@pytest.fixture
def environment(tmp_path):
    """A virtual environment elsewhere, with its flask."""
    folder = tmp_path / "elsewhere" / "bin"
    folder.mkdir(parents=True)
    (folder / "flask").touch(mode=0o700)
    return folder


def typed(run, *, python, root, path=""):
    return flask_command(str(run), python=str(python), root=root, path=str(path))


@pytest.mark.parametrize("run", [".venv/bin/flask", "/srv/.venv/bin/flask", "/srv/gunicorn/__main__.py"])
def test_in_a_checkout_it_is_the_environments_own(tmp_path, run):
    root = tmp_path / "srv"

    run = run.replace("/srv", str(root))

    assert typed(run, python=root / ".venv/bin/python", root=root) == ".venv/bin/flask"


def test_a_linked_environment_is_named_as_it_was_run(tmp_path, environment):
    assert typed(".venv/bin/flask", python=environment / "python", root=tmp_path / "srv") == ".venv/bin/flask"


def test_what_is_on_the_path_needs_no_folder(tmp_path, environment):
    run, python = environment / "flask", environment / "python"

    assert typed(run, python=python, root=tmp_path / "srv", path=environment) == "flask"


def test_what_is_not_on_the_path_is_written_out(tmp_path, environment):
    root = tmp_path / "srv"

    assert typed("x", python=environment / "python", root=root) == f"{environment}/flask"
    (environment / "flask").unlink()
    assert typed("x", python=environment / "python", root=root) == f"{environment}/python -m flask"
