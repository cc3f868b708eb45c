"""Probe over HTTP: does Jupyter answer, and is it this container's own?"""

import requests

from shiva_jupyter_broker.domain import naming
from shiva_jupyter_broker.domain.containers import Container
from shiva_jupyter_broker.domain.ports import Reach

TIMEOUT_SECONDS = 1.0


class JupyterProbe:
    """Ask `/api/status`, which needs the token and does not count as use."""

    def reach(self, container: Container) -> Reach:
        """Return how far one gets; a stranger on a reused port refuses our token, so it is no more than LISTENING."""
        if container.endpoint is None:
            return Reach.NOTHING
        base = f"http://{container.endpoint.host}:{container.endpoint.port}"
        try:
            answer = requests.get(
                f"{base}{naming.prefix(container.owner, container.name)}api/status",
                headers={"Authorization": f"token {container.token}"},
                timeout=TIMEOUT_SECONDS,
                allow_redirects=False,
            )
        except requests.ConnectionError:
            return Reach.NOTHING
        except requests.RequestException:
            return Reach.LISTENING
        return Reach.ANSWERING if answer.status_code == requests.codes.ok else Reach.LISTENING
