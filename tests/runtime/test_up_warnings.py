"""What does `webhooks up` say before it starts what cannot work well?"""

from webhooks_app.runtime.up import _warn_of_redis
from webhooks_app.settings import Settings


def said(tmp_path, **environ):
    lines = []
    _warn_of_redis(Settings.read(environ, root=tmp_path, instance=tmp_path), lines.append)
    return lines


def test_a_given_redis_that_does_not_answer_is_told(tmp_path):
    [line] = said(tmp_path, REDIS_URL=f"unix://{tmp_path}/nobody.sock")

    assert line.startswith("The Redis of REDIS_URL does not answer (")


def test_our_own_redis_is_not_asked_before_it_is_started(tmp_path):
    assert said(tmp_path) == []
