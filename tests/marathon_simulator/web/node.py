"""One Marathon process: it leads, or it stands by and passes requests on to the leader."""

import base64
import http.client
import ssl
import time
from collections.abc import Callable

from tests.marathon_simulator.core import Marathon
from tests.marathon_simulator.faults import Faults
from tests.marathon_simulator.web.api import Api
from tests.marathon_simulator.web.listener import Listener
from tests.marathon_simulator.web.messages import Answer, Request, html, ok

PASSED_ON = ("content-type", "accept", "authorization")
COPIED = ("location", "marathon-deployment-id", "x-marathon-leader", "www-authenticate")
UNAUTHORIZED = [("WWW-Authenticate", 'basic realm="Mesosphere"')]
Leader = Callable[[], "Node | None"]


class Node:
    """A listener with Marathon behind it."""

    def __init__(self, marathon: Marathon, faults: Faults, leader: Leader, abdicate: Callable[[], None]) -> None:
        """Listen for one of the cluster's nodes; `leader` tells who leads now."""
        self._marathon, self._options, self._faults = marathon, marathon.world.options, faults
        self._api = Api(marathon)
        self._leader, self._abdicate = leader, abdicate
        certificate = self._options.certificate
        self.listener = Listener(self._respond, heartbeat=self._options.timers.heartbeat, certificate=certificate)

    def _respond(self, request: Request) -> Answer:
        """Answer, with the faults that a test asked for."""
        return self._faults.around(request, lambda: self.answer(request))

    def answer(self, request: Request) -> Answer:
        """Answer as a leader, or pass on as a standby."""
        leader = self._awaited()
        if leader is None:
            return html(502, "Could not determine the current leader")
        if leader is not self:
            return self._pass_on(request, leader)
        answer = self._lead(request)
        self._marathon.recorder.note(request.method, request.target, request.body, answer.status)
        via = [("X-Marathon-Leader", self.listener.url)]
        return Answer(
            status=answer.status,
            body=answer.body,
            media=answer.media,
            stream=answer.stream,
            headers=[*answer.headers, *via],
        )

    def _awaited(self) -> "Node | None":
        until = time.monotonic() + self._options.timers.no_leader
        while (leader := self._leader()) is None and time.monotonic() < until:
            time.sleep(0.01)
        return leader

    def _lead(self, request: Request) -> Answer:
        if not self._allowed(request):
            page = html(401, "Unauthorized")
            return Answer(status=401, body=page.body, media=page.media, headers=UNAUTHORIZED)
        match request.segments:
            case ["v2", "events"]:
                return self._events(request)
            case ["v2", "leader"] if request.method == "DELETE":
                self._abdicate()
                return ok({"message": "Leadership abdicated"})
            case ["v2", "leader"]:
                return ok({"leader": self.listener.address})
            case []:
                return Answer(status=302, headers=[("Location", f"{self.listener.url}/ui/")])
        return self._api.answer(request, self.listener.address)

    def _allowed(self, request: Request) -> bool:
        credentials = self._options.credentials
        if credentials is None:
            return True
        expected = base64.b64encode(":".join(credentials).encode()).decode()
        return request.headers.get("authorization", "") == f"Basic {expected}"

    def _events(self, request: Request) -> Answer:
        if request.headers.get("accept") != "text/event-stream":
            return ok({"message": "Method Not Allowed"}, 405)
        stream = self._marathon.world.events.subscribe(request.client, request.all("event_type"))
        headers = [("Connection", "close")]
        return Answer(media="text/event-stream;charset=utf-8", headers=headers, stream=stream)

    def _pass_on(self, request: Request, leader: "Node") -> Answer:
        if request.segments == ["v2", "events"]:
            return Answer(status=302, headers=[("Location", leader.listener.url + request.target)])
        try:
            return self._forward(request, leader)
        except ConnectionRefusedError:
            return html(502, "Connection refused")
        except (OSError, http.client.HTTPException) as error:
            return html(500, str(error) or "Server Error")

    def _forward(self, request: Request, leader: "Node") -> Answer:
        timers, via = self._options.timers, f"1.1 {self.listener.address}"
        connection = _connection(leader, timers.proxy_connect)
        try:
            connection.connect()
            connection.sock.settimeout(timers.proxy_read)
            headers = {key: value for key, value in request.headers.items() if key in PASSED_ON}
            headers |= {"X-Marathon-Via": via, "X-Forwarded-For": request.client}
            connection.request(request.method, request.target, request.body or None, headers)
            reply = connection.getresponse()
            copied = [(key, value) for key, value in reply.getheaders() if key.lower() in COPIED]
            media = reply.getheader("Content-Type", "application/json")
            return Answer(
                status=reply.status, body=reply.read(), media=media, headers=[*copied, ("X-Marathon-Via", via)]
            )
        finally:
            connection.close()


def _connection(leader: Node, timeout: float) -> http.client.HTTPConnection:
    host, port = "127.0.0.1", leader.listener.port
    if leader.listener.url.startswith("https"):
        context = ssl._create_unverified_context()  # noqa: S323  a node trusts its own cluster's certificate here
        return http.client.HTTPSConnection(host, port, timeout=timeout, context=context)
    return http.client.HTTPConnection(host, port, timeout=timeout)
