"""Does a page wait for a Redis that hangs? Each question would cost half a second, so it asks once."""

import pytest

from tests.fakes import FakeQueue
from tests.web.conftest import page
from webhooks_app.engine import QueueUnreachable


class HungQueue(FakeQueue):
    """Counts what it is asked, and never answers."""

    questions = 0

    def _check(self):
        self.questions += 1
        raise QueueUnreachable


@pytest.fixture
def queue():
    return HungQueue()


@pytest.mark.parametrize("url", ["/", "/system", "/hooks", "/deliveries"])
def test_a_page_asks_a_hung_queue_once(operator, queue, url):
    assert "Redis does not answer." in page(operator, url)

    assert queue.questions == 1
