"""Look at containers that are on their way, so that ready is noticed when it happens and not when somebody asks."""

import logging

from shiva_jupyter_broker.service import Broker
from shiva_jupyter_broker.upkeep import Upkeep

log = logging.getLogger("shiva.jupyter_broker.watcher")

BUSY_SECONDS = 0.05
CALM_SECONDS = 2.0


def watch(broker: Broker, upkeep: Upkeep) -> None:
    """Settle for ever: often while something starts or stops, seldom otherwise."""
    while True:
        broker.changed.clear()
        try:
            busy = upkeep.step()
        except Exception:  # whatever it was, the next look may succeed, and nobody else looks
            log.exception("the containers cannot be settled")
            busy = False
        if busy:
            broker.changed.wait(BUSY_SECONDS)
        else:
            broker.changed.wait(CALM_SECONDS)
