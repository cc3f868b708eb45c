"""Marathon's REST API as far as the broker uses it: dictionaries in and out, every call safe to repeat.

The `marathon` package does what it still does on today's Python: `delete_app` and `list_deployments`. Everything else
goes over `requests`, because the package breaks on apps with a container (docs/decisions.md).
"""

import json
import random
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

import marathon

from shiva_jupyter_broker.adapters.marathon_app import App
from shiva_jupyter_broker.adapters.marathon_http import (
    FIRST_PAUSE_SECONDS,
    LONGEST_PAUSE_SECONDS,
    Addresses,
    Patience,
    RefusedError,
    UnansweredError,
    read,
)
from shiva_jupyter_broker.adapters.marathon_json import listed

T = TypeVar("T")

LISTING = Patience(total_seconds=30.0, attempt_seconds=20.0)
HEADERS = {"Content-Type": "application/json", "Accept": "application/json"}
EMBEDDED = ("apps.tasks", "apps.lastTaskFailure", "apps.deployments", "apps.counts")


class MarathonClient:
    """One Marathon, whichever of its addresses leads."""

    def __init__(self, addresses: Addresses, *, patience: Patience | None = None) -> None:
        """`patience` is for each change and for each look at one app."""
        self.addresses = addresses
        self._patience = patience or Patience()

    def apps(self, *, label: str) -> list[App]:
        """Return all apps with that label selector, with their tasks and deployments.

        Raises:
            UnansweredError: no list, or one that cannot be Marathon's.
        """
        return self._list("/v2/apps", "apps", {"label": label, "embed": list(EMBEDDED)}, named=True)

    def queue(self, *, offers: bool) -> list[App]:
        """Return what waits to be started; with `offers` the last ones that were not taken, which may be many."""
        return self._list("/v2/queue", "queue", {"embed": ["lastUnusedOffers"]} if offers else {})

    def app(self, app_id: str) -> App | None:
        """Return one app; None where there is none.

        Raises:
            RefusedError, UnansweredError: nobody can tell now.
        """
        return self._app(app_id, self._patience)

    def info(self) -> App:
        """Return what Marathon tells of itself."""
        return self._json("GET", "/v2/info", self._patience, reader=lambda found: found)

    def create(self, definition: App) -> App:
        """Return the app as Marathon stored it, now or when it was asked for the same before.

        A POST whose answer is missing is looked for before it is sent again; a lock is waited for, never broken.

        Raises:
            RefusedError: it is not wanted.
            UnansweredError: whether it was created is unknown.
        """
        deadline = self._deadline()
        unsure = False
        while True:
            try:
                if unsure and (found := self._app(definition["id"], self._until(deadline))) is not None:
                    return found
                return _while_busy(lambda: self._post(definition, deadline), deadline)
            except UnansweredError:
                if time.monotonic() + FIRST_PAUSE_SECONDS >= deadline:
                    raise
                unsure = True
                time.sleep(FIRST_PAUSE_SECONDS)
            except RefusedError as error:
                if error.exists and (found := self._app(definition["id"], self._until(deadline))) is not None:
                    return found
                raise

    def update(self, app_id: str, change: App) -> App:
        """Change an app, and return the deployment that does it: `deploymentId` and `version`.

        The lock of a deployment of this app alone, as that of its own start, is broken; others are waited for.

        Raises:
            RefusedError: it is not wanted; `missing` when there is no such app.
            UnansweredError: whether it was changed is unknown.
        """
        deadline = self._deadline()

        def patch(force: bool) -> App:
            patience, query = self._until(deadline), {"force": _flag(force)}
            return self._json(
                "PATCH", f"/v2/apps{app_id}", patience, body=change, query=query, reader=lambda found: found
            )

        return self._unlocked(app_id, patch, deadline)

    def delete(self, app_id: str) -> None:
        """Remove an app; one that is not there is removed.

        Raises:
            RefusedError, UnansweredError: as of `update`.
        """
        deadline = self._deadline()
        name = app_id.removeprefix("/")  # the package puts a slash before it

        def remove(force: bool) -> None:
            self._by_package(lambda package: package.delete_app(name, force=_flag(force)), deadline)

        try:
            self._unlocked(app_id, remove, deadline)
        except RefusedError as error:
            if not error.missing:
                raise

    def _unlocked(self, app_id: str, change: Callable[[bool], T], deadline: float) -> T:
        try:
            return change(False)
        except RefusedError as error:
            if not error.busy:
                raise
            force = self._only_of(app_id, error.deployments, deadline)
        return _while_busy(lambda: change(force), deadline)

    def _only_of(self, app_id: str, deployments: tuple[str, ...], deadline: float) -> bool:
        """Return whether these deployments change this app and nothing else."""
        running = self._by_package(lambda package: package.list_deployments(), deadline)
        affected = {each.id: each.affected_apps for each in running}
        return bool(deployments) and all(affected.get(each) == [app_id] for each in deployments)

    def _app(self, app_id: str, patience: Patience) -> App | None:
        try:
            return self._json(
                "GET", f"/v2/apps{app_id}", patience, reader=lambda found: _named(app_id, found.get("app"))
            )
        except RefusedError as error:
            if error.missing:
                return None
            raise

    def _post(self, definition: App, deadline: float) -> App:
        """Ask one address, once: what became of it has to be looked up before anybody is asked again."""
        once = self._until(deadline, attempts=1)
        return self._json(
            "POST", "/v2/apps", once, body=definition, reader=lambda found: _named(definition["id"], found)
        )

    def _list(self, path: str, name: str, query: dict[str, Any], *, named: bool = False) -> list[App]:
        patience = replace(LISTING, attempts=len(self.addresses.in_order()))  # who lists asks again soon

        def ask(address: str, seconds: float) -> list[App]:
            answer = self.addresses.session.request(
                "GET", address + path, params=query, headers=HEADERS, timeout=seconds
            )
            found = read(answer, lambda document: listed(document, name))
            if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
                raise UnansweredError(f"{address}: no list of {name}")
            if named and not all(isinstance(each.get("id"), str) for each in found):
                raise UnansweredError(f"{address}: a list of {name} without ids")
            return found

        return self.addresses.ask(ask, patience)

    def _json(
        self,
        method: str,
        path: str,
        patience: Patience,
        *,
        reader: Callable[[App], T],
        body: App | None = None,
        query: dict[str, Any] | None = None,
    ) -> T:
        """Return what `reader` finds in the answer; where it finds that it is none, the next address is asked."""
        data = None if body is None else json.dumps(body)

        def ask(address: str, seconds: float) -> T:
            answer = self.addresses.session.request(
                method, address + path, params=query, data=data, headers=HEADERS, timeout=seconds
            )
            found = read(answer, json.loads)
            if not isinstance(found, dict):
                raise UnansweredError(f"{address}: an answer that is not Marathon's")
            return reader(found)

        return self.addresses.ask(ask, patience)

    def _by_package(self, call: Callable[[marathon.MarathonClient], T], deadline: float) -> T:
        """Let the package ask; it is given one server at a time, because the tour of the servers is ours."""
        session = self.addresses.session

        def ask(address: str, seconds: float) -> T:
            try:
                return call(marathon.MarathonClient(address, timeout=seconds, session=session, sse_session=session))
            except (ValueError, KeyError, TypeError, AttributeError) as error:  # what it does with what it cannot read
                raise UnansweredError(f"{address}: an answer that is not Marathon's") from error

        return self.addresses.ask(ask, self._until(deadline))

    def _deadline(self) -> float:
        return time.monotonic() + self._patience.total_seconds

    def _until(self, deadline: float, *, attempts: int | None = None) -> Patience:
        return Patience(
            total_seconds=max(0.1, deadline - time.monotonic()),
            attempt_seconds=self._patience.attempt_seconds,
            attempts=attempts or self._patience.attempts,
        )


def _while_busy(change: Callable[[], T], deadline: float) -> T:
    """Repeat a change until no deployment is in its way, more and more seldom."""
    pause = FIRST_PAUSE_SECONDS
    while True:
        try:
            return change()
        except RefusedError as error:
            wait = pause * random.uniform(0.5, 1.0)  # noqa: S311 - no secret, only spread out
            if not error.busy or time.monotonic() + wait >= deadline:
                raise
        time.sleep(wait)
        pause = min(2 * pause, LONGEST_PAUSE_SECONDS)


def _named(app_id: str, found: Any) -> App:
    if not isinstance(found, dict) or found.get("id") != app_id:
        raise UnansweredError(f"another app than {app_id}")
    return found


def _flag(value: bool) -> str:
    return "true" if value else "false"
