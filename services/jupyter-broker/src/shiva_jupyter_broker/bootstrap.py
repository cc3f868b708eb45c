"""The only place where ports meet adapters."""

import fcntl
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from flask import Flask
from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector

from shiva_jupyter_broker.adapters import (
    catalogue,
    demo_images,
    docker_credentials,
    docker_engines,
    marathon_gpus,
    marathon_setup,
    policy_file,
)
from shiva_jupyter_broker.adapters.catalogue import StaticCatalogue, Unpinned
from shiva_jupyter_broker.adapters.demo import DemoLauncher
from shiva_jupyter_broker.adapters.demo_images import DemoImages
from shiva_jupyter_broker.adapters.docker_launcher import DockerLauncher
from shiva_jupyter_broker.adapters.files import InventoryFile, JournalFile
from shiva_jupyter_broker.adapters.handover import Handover, key_in, token_of
from shiva_jupyter_broker.adapters.jupyter_activity import JupyterReader
from shiva_jupyter_broker.adapters.jupyter_probe import JupyterProbe
from shiva_jupyter_broker.adapters.local_process import ProcessLauncher
from shiva_jupyter_broker.adapters.marathon_app import Cluster
from shiva_jupyter_broker.adapters.registry import LanRegistry
from shiva_jupyter_broker.adapters.shared_directory import SharedDirectory
from shiva_jupyter_broker.adapters.switch_file import SwitchFile
from shiva_jupyter_broker.adapters.template import Site
from shiva_jupyter_broker.api.access import Tokens
from shiva_jupyter_broker.api.app import create_app
from shiva_jupyter_broker.api.start_metrics import StartMetrics
from shiva_jupyter_broker.domain.containers import LaunchId
from shiva_jupyter_broker.domain.ports import Catalogue, Clock, Inventory, Launcher, Registry
from shiva_jupyter_broker.service import Broker, Ports
from shiva_jupyter_broker.settings import SWITCHES, Settings
from shiva_jupyter_broker.upkeep import Upkeep
from shiva_jupyter_broker.watcher import watch

log = logging.getLogger("shiva.jupyter_broker")

LOCK_SECONDS = 15.0  # a predecessor that was killed needs a moment to go


class StateInUseError(Exception):
    """Another broker uses the same state directory."""


def hold(state: Path, *, patience_seconds: float = LOCK_SECONDS) -> TextIO:
    """Take the state directory for this process; the lock ends with the process.

    Raises:
        StateInUseError: another broker does not let go of it.
    """
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = (state / "lock").open("w", encoding="utf-8")
    deadline = time.monotonic() + patience_seconds
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return file
        except OSError as error:
            if time.monotonic() > deadline:
                file.close()
                raise StateInUseError(f"another broker uses {state}") from error
            time.sleep(0.1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """An application and what must live as long as it does."""

    app: Flask
    lock: TextIO


def build(settings: Settings) -> Built:
    """Return the application, its watcher running.

    Raises:
        StateInUseError, ValueError: it cannot be built; the message says why.
    """
    lock = hold(settings.state_dir)
    inventory = InventoryFile(settings.machines_file)
    clock = lambda: datetime.now(UTC)  # noqa: E731
    token = token_of(key_in(settings.state_dir / "token.key"))
    launcher = _launcher(settings, inventory, token, clock)
    offered: Catalogue = catalogue.read(settings.images_file)
    known = _registry(settings)
    if settings.demo:
        images = None
        if settings.launcher == "process":
            offered = StaticCatalogue(demo_images.CATALOGUE)
            known = images = DemoImages([each.name for each in inventory.machines()], clock)
        launcher = DemoLauncher(launcher, inventory.machines(), settings.limits, clock, images)
    homes = SharedDirectory(settings.homes_dir, uid_base=None if settings.launcher == "process" else settings.uid_base)
    if settings.launcher != "process" and (lacking := homes.lacking()):
        log.warning("homes are not mounted %s", ",".join(lacking), extra={"homes_dir": str(settings.homes_dir)})
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    ports = Ports(
        launcher=launcher,
        probe=JupyterProbe(),
        reader=JupyterReader(clock),
        homes=homes,
        catalogue=offered,
        registry=known,
        inventory=inventory,
        journal=JournalFile(settings.state_dir / "journal.json"),
        switches=SwitchFile(settings.state_dir / SWITCHES),
        clock=clock,
        token=token,
    )
    policy = policy_file.read(settings.policy_file, settings.limits)
    metrics = StartMetrics(
        registry,
        machines=[each.name for each in inventory.machines()],
        images=[each.name for each in ports.catalogue.images()],
    )
    broker = Broker(ports, policy=policy, stop_grace=settings.stop_grace, on_ready=metrics.observe)
    upkeep = Upkeep(broker, boot_timeout=settings.boot_timeout)
    tokens = Tokens(**settings.tokens)
    threading.Thread(target=watch, args=(broker, upkeep), name="watcher", daemon=True).start()
    return Built(app=create_app(broker, tokens, registry), lock=lock)


def _registry(settings: Settings) -> Registry:
    if not settings.registry_url:
        return Unpinned()
    return LanRegistry(
        settings.registry_url,
        settings.state_dir / "digests.json",
        credentials=docker_credentials.read(settings.registry_file),
        ca=settings.registry_ca,
    )


def _launcher(settings: Settings, inventory: Inventory, token: Callable[[LaunchId], str], clock: Clock) -> Launcher:
    site = Site(
        domain=settings.domain,
        network=settings.network,
        ports=(settings.port_first, settings.port_last),
        uid_base=settings.uid_base,
        kernel_idle_timeout=settings.kernel_idle_timeout,
    )
    handover = Handover(settings.homes_dir, domain=settings.domain, root_uid=settings.uid_base)
    match settings.launcher:
        case "docker":
            engines = docker_engines.read(settings.machines_file)
            credentials = docker_credentials.read(settings.registry_file)
            seen = settings.state_dir / "engines.json"
            return DockerLauncher(engines, site, handover, token, seen, credentials=credentials)
        case "marathon":
            cluster = Cluster(
                site=site,
                group=settings.marathon_group,
                stop_grace=settings.stop_grace,
                sized_layers=settings.marathon_sized_layers,
            )
            launcher = marathon_setup.launcher(
                settings,
                cluster,
                machines=inventory.machines(),
                access=marathon_gpus.read(settings.machines_file),
                handover=handover,
                token_of=token,
                clock=clock,
            )
            launcher.start()
            return launcher
        case _:
            return ProcessLauncher(
                settings.state_dir,
                machines=[each.name for each in inventory.machines()],
                demo=settings.demo,
                kernel_idle_timeout=settings.kernel_idle_timeout,
            )
