"""The peer of `exporter.py`: prometheus-client's own server with the series of a file, made at each scrape as its examples do.

`python -m tests.bench.exposition_peer FILE PORT`
"""

import sys
import threading
from collections.abc import Iterable
from pathlib import Path

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families


class Same:
    """Tells the same each time."""

    def __init__(self, families: list[Metric]) -> None:
        """Take what it tells."""
        self._families = families

    def collect(self) -> Iterable[Metric]:
        """Tell it."""
        return self._families


def main() -> None:
    """Serve until killed."""
    registry = CollectorRegistry()
    text = Path(sys.argv[1]).read_text(encoding="utf-8")
    registry.register(Same(list(text_string_to_metric_families(text))))
    start_http_server(int(sys.argv[2]), addr="127.0.0.1", registry=registry)
    threading.Event().wait()


if __name__ == "__main__":
    main()
