"""The proxies that are compared: each in its own process on core 0, in front of the same upstream on core 1."""

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.fakes.proxy_broker import FakeBroker
from tests.fakes.proxy_process import PROGRAM, environment, free_port, listening

ROOT = Path(__file__).resolve().parents[3]
CHP = ROOT / ".tools/peers/node_modules/.bin/configurable-http-proxy"
PROXY_CORE, OTHER_CORE = 0, 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy:
    """A running proxy."""

    name: str
    port: int
    process: psutil.Process

    def _all(self) -> list[psutil.Process]:
        return [self.process, *self.process.children(recursive=True)]

    def cpu_seconds(self) -> float:
        """Return the processor time used so far."""
        return sum(sum(one.cpu_times()[:2]) for one in self._all())

    def resident_bytes(self) -> int:
        """Return the resident memory of all its processes."""
        return sum(int(one.memory_info().rss) for one in self._all())


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What a proxy is started with."""

    folder: Path  # its own, empty
    port: int
    target: str  # HOST:PORT of the upstream
    broker: FakeBroker


def shiva(place: Place) -> list[str]:
    """Return the command; its routes come from the broker."""
    settings = environment(place.port, place.broker.url, place.folder)
    return ["env", *(f"{name}={value}" for name, value in settings.items()), str(PROGRAM)]


def chp(place: Place) -> list[str]:
    """Return the command of configurable-http-proxy, the upstream as its default."""
    options = ["--ip", "127.0.0.1", "--port", str(place.port), "--api-port", str(free_port()), "--log-level", "error"]
    return ["env", "CONFIGPROXY_AUTH_TOKEN=bench", str(CHP), *options, "--default-target", f"http://{place.target}"]


def haproxy(place: Place) -> list[str]:
    """Return the command of HAProxy: one thread, connections to the server kept and shared."""
    config = place.folder / "haproxy.cfg"
    config.write_text(f"""
global
  nbthread 1
  maxconn 9500
defaults
  mode http
  timeout connect 5s
  timeout client 1h
  timeout server 1h
  timeout tunnel 1h
  option http-keep-alive
  http-reuse always
  option forwardfor
listen bench
  bind 127.0.0.1:{place.port}
  server upstream {place.target}
""")
    return ["haproxy", "-q", "-db", "-f", str(config)]


def nginx(place: Place) -> list[str]:
    """Return the command of nginx: one worker, connections to the upstream kept, nothing written to disk."""
    config, folder = place.folder / "nginx.conf", place.folder
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    paths = " ".join(f"{kind}_temp_path {folder}/{kind};" for kind in kinds)
    config.write_text(f"""
worker_processes 1; daemon off; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 19500; }}
http {{
  access_log off; keepalive_requests 1000000000; {paths}
  upstream bench {{ server {place.target}; keepalive 128; keepalive_requests 1000000000; }}
  map $http_upgrade $onward {{ default "Upgrade"; "" ""; }}
  server {{
    listen 127.0.0.1:{place.port} backlog=4096;
    location / {{
      proxy_pass http://bench; proxy_http_version 1.1; proxy_read_timeout 1h;
      proxy_set_header Host $http_host; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $onward;
      proxy_max_temp_file_size 0; proxy_buffer_size 16k; proxy_buffers 16 64k; proxy_busy_buffers_size 256k;
    }}
  }}
}}
""")
    return ["nginx", "-e", str(folder / "error.log"), "-c", str(config)]


PROXIES: dict[str, Callable[[Place], list[str]]] = {"shiva": shiva, "haproxy": haproxy, "nginx": nginx, "chp": chp}


def what_is_missing() -> str:
    """Return one sentence that says what to install, or nothing."""
    programs = {"haproxy": "haproxy", "nginx": "nginx-light", "wrk": "wrk", "cc": "gcc libc6-dev"}
    wanted = [package for program, package in programs.items() if not shutil.which(program)]
    if wanted:
        return f"bench-proxy compares with programs that are not here; install them with: apt-get install {' '.join(wanted)}"
    if len(os.sched_getaffinity(0)) < 2:
        return "bench-proxy needs two processor cores: one for the proxies, one for the load and the upstream."
    return "" if CHP.exists() else "bench-proxy needs configurable-http-proxy; `make bench-proxy` installs it."


@contextlib.contextmanager
def standing(name: str, folder: Path, target: str, broker: FakeBroker) -> Iterator[Proxy]:
    """Start a proxy on its core and wait until it listens; end it with the context."""
    (home := folder / name).mkdir()
    (home / "index.html").touch()
    place = Place(folder=home, port=free_port(), target=target, broker=broker)
    command = ["taskset", "-c", str(PROXY_CORE), *PROXIES[name](place)]
    with listening(command, place.port, home / "log") as process:
        yield Proxy(name=name, port=place.port, process=process)
    shutil.rmtree(home)
