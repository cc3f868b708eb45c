"""Ten thousand honest requests among five thousand tricks each get their own answer."""

import pytest

from tests.fakes.interleaving import interleaved
from tests.fakes.proxy_door import in_world

pytestmark = [pytest.mark.full, pytest.mark.timeout(300)]


def test_ten_thousand_interleaved_requests_each_get_their_own_answer() -> None:
    in_world(lambda world: interleaved(world, 15_600))
