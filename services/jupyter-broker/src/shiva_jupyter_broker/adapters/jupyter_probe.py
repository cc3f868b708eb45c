"""Probe over HTTP: does Jupyter answer, and is it this container's own?"""

import requests

from shiva_jupyter_broker.adapters.deadlines import DeadlineAdapter
from shiva_jupyter_broker.domain import naming
from shiva_jupyter_broker.domain.containers import Container
from shiva_jupyter_broker.domain.ports import Reach

TIMEOUT_SECONDS = 1.0


class JupyterProbe:
    """Ask `/api/status`, which needs the token and does not count as use.

    Whoever answers may be hostile: its head has a second to come, and nothing else of it is read. No proxy and no other
    password of the broker's environment comes in between, which a whole session would look for.
    """

    def reach(self, container: Container) -> Reach:
        """Return how far one gets; a stranger on a reused port refuses our token, so it is no more than LISTENING."""
        if container.endpoint is None:
            return Reach.NOTHING
        base = f"http://{container.endpoint.host}:{container.endpoint.port}"
        asked = requests.Request(
            "GET",
            f"{base}{naming.prefix(container.owner, container.name)}api/status",
            headers={"Authorization": f"token {container.token}"},
        ).prepare()
        adapter = DeadlineAdapter()
        try:
            with adapter.send(asked, stream=True, timeout=TIMEOUT_SECONDS) as answer:
                return Reach.ANSWERING if answer.status_code == requests.codes.ok else Reach.LISTENING
        except requests.ConnectionError:
            return Reach.NOTHING
        except requests.RequestException:
            return Reach.LISTENING
        finally:
            adapter.close()
