"""How apps come to their end: suspended first, deleted once nothing of them is left, kept where somebody shall read why."""

import logging

from shiva_jupyter_broker.adapters import marathon_failures, marathon_state
from shiva_jupyter_broker.adapters.marathon_app import suspension
from shiva_jupyter_broker.adapters.marathon_client import MarathonClient
from shiva_jupyter_broker.adapters.marathon_http import RefusedError, UnansweredError
from shiva_jupyter_broker.adapters.marathon_json import Json, text
from shiva_jupyter_broker.adapters.marathon_snapshot import Known, Snapshot
from shiva_jupyter_broker.adapters.marathon_state import Surroundings
from shiva_jupyter_broker.adapters.marathon_watch import Watch
from shiva_jupyter_broker.domain.containers import LaunchId
from shiva_jupyter_broker.domain.logs import Log

log = logging.getLogger("shiva.jupyter_broker.marathon.endings")


class Endings:
    """What is done to apps after their start."""

    def __init__(self, client: MarathonClient, watch: Watch, snapshot: Snapshot) -> None:
        """Begin without having read what a container wrote."""
        self._client = client
        self._watch = watch
        self._snapshot = snapshot
        self.log_tails: dict[LaunchId, tuple[str, ...]] = {}

    def end(self, known: Known, *, keep: bool) -> None:
        """Bring an app to its end, or a step nearer; doing it again changes nothing.

        Raises:
            RefusedError, UnansweredError: it goes on.
        """
        if marathon_state.over(known.app):
            if not keep:
                self.delete(known)
        elif not marathon_state.suspended(known.app) or marathon_state.kept(known.app) != keep:
            self._suspend(known, kept=keep, ended=marathon_failures.ASKED)

    def delete(self, known: Known) -> None:
        """Remove an app of which nothing is left.

        Raises:
            RefusedError, UnansweredError: it stays.
        """
        self._client.delete(known.id)
        self._snapshot.removed(known.id)

    def settle(self, around: Surroundings) -> None:
        """Suspend and keep what ended by itself, and delete what is over."""
        try:
            for known in self._snapshot.apps():
                self._settle(known, around)
        except UnansweredError as error:
            log.info("settling goes on later", extra={"why": str(error)})
        launches = {known.spec.launch_id for known in self._snapshot.apps() if known.spec is not None}
        self.log_tails = {launch: tail for launch, tail in self.log_tails.items() if launch in launches}

    def _settle(self, known: Known, around: Surroundings) -> None:
        over, kept = marathon_state.over(known.app), marathon_state.kept(known.app)
        ended = marathon_state.ended_by_itself(known.app, around)
        if ended is not None or (over and kept):
            self._note_log_tail(known)
        try:
            if ended is not None:
                self._suspend(known, kept=known.spec is not None or ended != marathon_failures.FINISHED, ended=ended)
            elif over and not kept and not _away(known, around):
                self.delete(known)
        except RefusedError as error:
            log.warning("an app cannot be brought to its end now", extra={"app": known.id, "why": str(error)})

    def _suspend(self, known: Known, *, kept: bool, ended: str) -> None:
        change = suspension(known.app, kept=kept, ended=ended)
        try:
            done = self._client.update(known.id, change)
            self._snapshot.wrote({**known.app, **change, "deployments": [{"id": text(done, "deploymentId")}]})
        except RefusedError as error:
            if not error.missing:
                raise
        finally:
            self._watch.wants(known.id)

    def _note_log_tail(self, known: Known) -> None:
        if self._watch.mesos is None or known.spec is None or known.spec.launch_id in self.log_tails:
            return
        self.log_tails[known.spec.launch_id] = self._watch.mesos.log_tail(self._watch.framework(), self._ended(known))

    def log(self, known: Known, launch: LaunchId, lines: int) -> Log | None:
        """Return what an app's task wrote; where that is gone, the lines that were read at its end. None: nobody tells."""
        task = next(iter(marathon_state.living(known.app)), None) or self._ended(known)
        told = None if self._watch.mesos is None else self._watch.mesos.log(self._watch.framework(), task, lines)
        kept = self.log_tails.get(launch)
        return Log(lines=kept[-lines:], truncated=True) if told is None and kept else told

    def _ended(self, known: Known) -> Json:
        task: Json = self._watch.endings.get(known.id) or known.app.get("lastTaskFailure") or {}
        return task


def _away(known: Known, around: Surroundings) -> bool:
    return known.spec is not None and known.spec.machine in around.away
