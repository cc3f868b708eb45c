"""The answer to `GET /machines`, made once for everybody: bytes, the same compressed, and a name for them."""

import gzip
import secrets
import threading
from dataclasses import dataclass

import orjson
from flask import Request, Response

from shiva_manager_api.api import wire
from shiva_manager_api.domain.machines import MachineView
from shiva_manager_api.truth import Overview, Shown, Truth

LEVEL = 1  # of compression: a quarter of the time of the usual one, for a tenth more bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """What is sent until something changes."""

    shown: Shown
    body: bytes
    compressed: bytes
    tag: str


class Page:
    """Sends the newest generation. A machine of which nothing changed is not written anew."""

    def __init__(self, truth: Truth) -> None:
        """`truth` may be kept by others; then nobody waits here but for the first generation."""
        self._truth = truth
        self._making = threading.Lock()
        self._kept: Generation | None = None
        self._written: dict[str, tuple[MachineView, bytes]] = {}
        self._made = 0
        truth.watch(self.renew)
        self._life = secrets.token_hex(6)  # the next process counts from 0 as well

    def answer(self, request: Request) -> Response:
        """Return the newest generation, or 304 if that is what the client has."""
        kept = self._kept
        # A younger overview may be there, not written yet: that is the keeper's work, and not of who looks.
        made = kept if kept is not None and self._truth.holds(kept.shown) else self.renew(self._truth.shown())
        small = request.accept_encodings.best_match(["gzip", "identity"], "identity") == "gzip"
        tag = f"{made.tag}-gzip" if small else made.tag
        known = request.if_none_match.contains_weak(tag)
        response = Response(
            b"" if known else made.compressed if small else made.body,
            304 if known else 200,
            mimetype="application/json",
        )
        if small and not known:
            response.content_encoding = "gzip"
        response.set_etag(tag)
        response.headers["Age"] = str(round(self._truth.age(made.shown)))
        response.headers["Cache-Control"] = "private, no-cache"
        response.vary.add("Accept-Encoding")
        return response

    def renew(self, shown: Shown) -> Generation:
        """Return what is sent of an overview, made now if nobody did."""
        kept = self._kept
        if kept is not None and (kept.shown is shown or self._making.locked()):
            return kept  # what somebody else makes just now is a moment younger
        with self._making:
            if self._kept is None or self._kept.shown.made_at <= shown.made_at:
                self._kept = self._generation(shown)
            return self._kept

    def _generation(self, shown: Shown) -> Generation:
        self._made += 1
        body = self._body(shown.overview)
        return Generation(
            shown=shown, body=body, compressed=gzip.compress(body, LEVEL, mtime=0), tag=f"{self._life}-{self._made}"
        )

    def _body(self, seen: Overview) -> bytes:
        head = orjson.dumps(
            {
                "as_of": wire.moment(seen.as_of),
                "metrics": wire.source(seen.metrics),
                "broker": wire.source(seen.broker),
            }
        )
        self._written = {view.reading.name: (view, self._machine(view)) for view in seen.machines}
        # Two objects become one: the first without its last bracket, the second without its first.
        machines = (orjson.dumps(wire.word(view))[:-1] + b"," + rest[1:] for view, rest in self._written.values())
        return head[:-1] + b',"machines":[' + b",".join(machines) + b"]}"

    def _machine(self, view: MachineView) -> bytes:
        before = self._written.get(view.reading.name)
        return before[1] if before is not None and _same(before[0], view) else orjson.dumps(wire.machine(view))


def _same(before: MachineView, now: MachineView) -> bool:
    """Whether all that `wire.machine` reads is the same; unchanged parts are the very same objects (`Merge`)."""
    return (
        before.reading is now.reading and before.gpus is now.gpus and before.tenants == now.tenants
        and (before.gpus_free, before.holders_known, before.closed) == (now.gpus_free, now.holders_known, now.closed)
    )  # fmt: skip
