"""The routes of a leading Marathon."""

from tests.marathon_simulator.core import Marathon
from tests.marathon_simulator.stamps import absolute
from tests.marathon_simulator.web.apps import Apps
from tests.marathon_simulator.web.messages import Answer, RefusedError, Request, answer_to, ok
from tests.marathon_simulator.web.rest import Rest
from tests.marathon_simulator.web.tasks import TaskCalls

NOT_FOUND = RefusedError(500, {"message": "URI not found"})


class Api:
    """Answers every request but those for event streams and leaders."""

    def __init__(self, marathon: Marathon) -> None:
        """Serve that Marathon."""
        self._apps = Apps(marathon)
        self._tasks = TaskCalls(marathon, self._apps)
        self._rest = Rest(marathon, self._apps)

    def answer(self, request: Request, leader: str) -> Answer:
        """Return the answer, also to what is wrong."""
        try:
            return self._route(request, leader)
        except Exception as error:
            return answer_to(error)

    def _route(self, request: Request, leader: str) -> Answer:
        match request.segments:
            case ["ping"]:
                return _ping(request)
            case ["v2", "info"]:
                return self._rest.info(leader)
            case ["v2", "apps", *rest]:
                return self._app(request, rest)
            case ["v2", "tasks", *rest]:
                return self._tasks.delete(request) if rest == ["delete"] else self._tasks.every(request)
            case ["v2", "deployments", *rest]:
                return self._rest.deployments(request, rest)
            case ["v2", "queue", *rest]:
                return self._rest.queue(request, rest)
            case ["v2", "groups", *rest]:
                return self._rest.groups(request, rest)
        raise NOT_FOUND

    def _app(self, request: Request, rest: list[str]) -> Answer:
        match rest:
            case []:
                return self._apps.collection(request)
            case [*path, "restart"] if request.method == "POST":
                return self._apps.restart(request, absolute("/".join(path)))
            case [*path, "tasks"]:
                return self._tasks.of_app(request, absolute("/".join(path)), None)
            case [*path, "tasks", task_id]:
                return self._tasks.of_app(request, absolute("/".join(path)), task_id)
            case [*path, "versions"]:
                return self._apps.versions(absolute("/".join(path)), None)
            case [*path, "versions", version]:
                return self._apps.versions(absolute("/".join(path)), version)
        return self._apps.one(request, absolute("/".join(rest)))


def _ping(request: Request) -> Answer:
    if request.headers.get("accept") == "application/json":
        return ok("pong")
    return Answer(body=b"pong", media="text/plain;charset=utf-8")
