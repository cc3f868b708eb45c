"""Our exporter as people start it, on the stub or a real driver: its two processes, and what it serves."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol

import psutil
from prometheus_client.parser import text_string_to_metric_families

from deploy.dev.suite import free_ports
from tests.fakes.scraping import LOGIN, TOKEN

PROGRAM = Path(sys.executable).parent / "shiva-gpu-exporter"
Page = dict[tuple[str, str], float]  # by name, without `shiva_`, and the label that tells which of them, else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exporter:
    """A running exporter."""

    process: subprocess.Popen[bytes]
    port: int
    log: IO[bytes]

    def text(self, path: str = "/metrics") -> str:
        """Return what it serves; OSError while it does not listen."""
        asked = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", headers=LOGIN)
        with urllib.request.urlopen(asked, timeout=10) as answer:  # noqa: S310  http
            return str(answer.read().decode())

    def page(self) -> Page:
        """Return what it tells by name and UUID or collector; nothing while it does not listen."""
        try:
            text = self.text()
        except OSError:
            return {}
        return {
            (each.name.removeprefix("shiva_"), each.labels.get("uuid") or each.labels.get("collector", "")): each.value
            for family in text_string_to_metric_families(text)
            for each in family.samples
        }

    def until(self, good: Callable[[Page], bool]) -> Page:
        """Return the first page that is good."""
        deadline = time.monotonic() + 30
        while not good(told := self.page()):
            assert time.monotonic() < deadline, told
            time.sleep(0.02)
        return told

    def said(self, event: str) -> list[dict[str, Any]]:
        """Return what the log tells of an event so far."""
        self.log.seek(0)
        lines = [json.loads(line) for line in self.log.read().splitlines()]
        return [line for line in lines if line["event"] == event]

    def readers(self) -> list[psutil.Process]:
        """Return the processes that ask the driver, those that are dead and not yet buried left out."""
        return [each for each in psutil.Process(self.process.pid).children() if each.status() != psutil.STATUS_ZOMBIE]

    def reader(self) -> psutil.Process:
        """Return the one that asks now."""
        [reader] = self.readers()
        return reader


class Driver(Protocol):
    """A stub, or what finds the real driver."""

    @property
    def environment(self) -> Mapping[str, str]:
        """What a program needs beside its own environment."""


@contextmanager
def exporter(driver: Driver, settings: Mapping[str, object]) -> Iterator[Exporter]:
    """`settings` by their names without `SHIVA_EXPORTERS_GPU_`; it must end well when asked."""
    port = free_ports(["gpu"])["gpu"]
    all_ = {"BIND_PORT": port, "METRICS_TOKEN": TOKEN, **settings}
    told = {f"SHIVA_EXPORTERS_GPU_{name}": str(value) for name, value in all_.items()}
    environment = os.environ | driver.environment | told
    with (
        tempfile.TemporaryFile() as log,
        open(f"/proc/self/fd/{log.fileno()}", "ab") as written,  # another place in it than the one where `said` reads
        subprocess.Popen([PROGRAM], env=environment, stdout=written) as process,
    ):
        try:
            yield Exporter(process=process, port=port, log=log)
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                assert process.wait(10) == 0
        finally:
            process.kill()
