"""Schemathesis over one of our APIs: every phase and every check of its own, against the application behind a socket of this machine."""

import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from wsgiref.types import WSGIApplication

import schemathesis
from schemathesis.engine import Status, events, from_schema
from werkzeug.serving import WSGIRequestHandler, make_server

SEED = 20261129
REFUSED = [
    "400",
    "401",
    "403",
    "404",
    "405",
    "409",
    "413",
    "415",
    "422",
    "503",
]  # what a wrong request may be told, where described


@dataclass
class Found:
    """What a run met; `failures` and `errors` are to be empty."""

    statuses: Counter[int] = field(default_factory=Counter)  # how often each was answered
    operations: set[str] = field(default_factory=set)  # that were tried
    failures: dict[tuple[str, str], str] = field(
        default_factory=dict
    )  # by operation and check: what, and how to see it again
    errors: list[str] = field(default_factory=list)  # of schemathesis itself: what it could not try

    def note(self, event: object) -> None:
        """Take what an event tells."""
        if isinstance(event, events.NonFatalError):
            self.errors.append(str(event.info))
        elif isinstance(event, events.FatalError):
            self.errors.append(repr(event.exception))
        elif isinstance(event, events.ScenarioFinished):
            self._scenario(event)

    def _scenario(self, event: events.ScenarioFinished) -> None:
        for tried in event.recorder.interactions.values():
            if tried.response is not None:
                self.statuses[tried.response.status_code] += 1
        for case in event.recorder.cases.values():
            self.operations.add(case.value.operation.label)
        for checks in event.recorder.checks.values():
            for check in checks:
                if check.status is Status.FAILURE and check.failure_info is not None:
                    told = f"{check.failure_info.failure.message}\n{check.failure_info.code_sample}"
                    self.failures.setdefault((str(event.recorder.label), check.name), told)


def fuzzed(
    spec: Mapping[str, Any],
    app: WSGIApplication,
    *,
    examples: int,
    operations: Sequence[Mapping[str, Any]] = (),
) -> Found:
    """Try every operation of `spec`, always in the same way; `operations` are schemathesis' own settings of some of them.

    `examples`: how many requests for each operation and phase at most.
    """
    with _served(app) as url:
        config = {
            "seed": SEED,
            "workers": 1,
            "continue-on-failure": True,
            "base-url": url,
            "generation": {"max-examples": examples, "deterministic": True, "database": "none"},
            # A wrong header there is put right again by the one that is shown, and then counts as accepted; the phases before try wrong ones.
            "phases": {"stateful": {"generation": {"mode": "positive"}}},
            "checks": {
                "not_a_server_error": {"expected-statuses": ["2xx", "3xx", "4xx", "503"]},
                "negative_data_rejection": {"expected-statuses": REFUSED},
            },
            "operations": list(operations),
        }
        schema = schemathesis.openapi.from_dict(dict(spec), config=schemathesis.Config.from_dict(config))
        found = Found()
        for event in from_schema(schema).execute():
            found.note(event)
        return found


class _Silent(WSGIRequestHandler):
    def log(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def _served(app: WSGIApplication) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Silent)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
