"""From changed definitions to a deployment plan: which action each app needs. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.marathon_simulator.instances import Instance
from tests.marathon_simulator.rules.policy import App
from tests.marathon_simulator.stamps import new_id

IRRELEVANT = ("version", "versionInfo", "instances")
Changes = Mapping[str, App | None]  # new definitions by app id; None removes


@dataclass(slots=True)
class Action:
    """One step's work on one app, and the instances that it waits for."""

    kind: str
    app: App
    started: list[Instance] = field(default_factory=list)
    ended: list[Instance] = field(default_factory=list)

    def shown(self) -> dict[str, Any]:
        """Return the action as deployments and events show it."""
        return {"action": self.kind, "app": self.app["id"]}


@dataclass(slots=True)
class Deployment:
    """A plan on its way."""

    version: str
    before: Changes  # the definitions to roll back to
    after: Changes
    steps: list[list[Action]]
    id: str = field(default_factory=new_id)
    at: int = 0  # index of the current step
    begun: bool = False

    def plan(self) -> dict[str, Any]:
        """Return the light plan of events."""
        return {"id": self.id, "steps": [step_of(step) for step in self.steps], "version": self.version}

    def shown(self) -> dict[str, Any]:
        """Return the deployment as /v2/deployments shows it."""
        current = self.steps[self.at] if self.at < len(self.steps) else []
        return self.plan() | {
            "affectedApps": list(self.after), "affectedPods": [],
            "currentActions": [action.shown() | {"readinessCheckResults": []} for action in current],
            "currentStep": self.at + 1, "totalSteps": len(self.steps),
        }  # fmt: skip


def step_of(actions: list[Action]) -> dict[str, Any]:
    """Return a step as it is shown."""
    return {"actions": [action.shown() for action in actions]}


def differs(old: App, new: App) -> bool:
    """Return whether anything but the number of instances changed."""
    return {k: v for k, v in old.items() if k not in IRRELEVANT} != {
        k: v for k, v in new.items() if k not in IRRELEVANT
    }


def action_for(old: App, new: App) -> str | None:
    """Return what a change of an existing app needs: a restart only while both have instances."""
    if differs(old, new) and old["instances"] > 0 and new["instances"] > 0:
        return "RestartApplication"
    return "ScaleApplication" if old["instances"] != new["instances"] else None


def steps_for(before: Changes, after: Changes) -> list[list[Action]]:
    """Return the steps: stops, then starts (no work), then scales and restarts."""
    stops = [
        Action("StopApplication", old) for app_id, old in before.items() if old is not None and after[app_id] is None
    ]
    starts, works = [], []
    for app_id, new in after.items():
        if new is None:
            continue
        old = before[app_id]
        if old is None:
            starts.append(Action("StartApplication", new))
            works.append(Action("ScaleApplication", new))
        elif kind := action_for(old, new):
            works.append(Action(kind, new))
    return [step for step in (stops, starts, works) if step]
