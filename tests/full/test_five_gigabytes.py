"""Uploads and downloads of 5 GB cross the real door byte for byte, and its memory stays flat."""

import asyncio
import hashlib
import select
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BufferedReader
from pathlib import Path

import psutil
import pytest

from tests.fakes.proxy_broker import FakeBroker, route, with_broker
from tests.fakes.proxy_process import PROGRAM, environment, free_port, listening, login

pytestmark = [pytest.mark.full, pytest.mark.timeout(300)]

SIZE = 5_000_000_000
PERIOD = 1_000_003
PATTERN = hashlib.shake_128(b"5 GB").digest(PERIOD) * 2  # any PERIOD bytes of the content, from (place % PERIOD) on
PIECE = 256 * 1024
MOST_GROWTH = 64 * 2**20
SAMPLE_SECONDS = 0.05
SMALL_PIECE = 16 * 1024  # fits where a socket is writable at all
STUCK_SECONDS = 0.5  # not writable for so long
PATIENCE = 30.0
FRAMINGS = pytest.mark.parametrize("chunked", [False, True], ids=["counted", "chunked"])


def framing(chunked: bool) -> str:
    """Return the header that says how the content ends."""
    return "Transfer-Encoding: chunked" if chunked else f"Content-Length: {SIZE}"


def send(connection: socket.socket, head: str, *, chunked: bool, stuck: threading.Event) -> None:
    """Send a head and the content; set `stuck` when the door takes no more."""
    connection.sendall(f"{head}\r\n{framing(chunked)}\r\n\r\n".encode())
    block = PATTERN[:PERIOD]
    for left in range(SIZE, 0, -PERIOD):
        piece = block[: min(left, PERIOD)]
        framed = b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece
        if stuck.is_set():
            connection.sendall(framed)
        else:
            assert SIZE - left < MOST_GROWTH, "the door takes what nobody reads"
            _send_carefully(connection, framed, stuck)
    if chunked:
        connection.sendall(b"0\r\n\r\n")


def _send_carefully(connection: socket.socket, framed: bytes, stuck: threading.Event) -> None:
    for at in range(0, len(framed), SMALL_PIECE):
        if not select.select([], [connection], [], STUCK_SECONDS)[1]:
            stuck.set()
        connection.sendall(framed[at : at + SMALL_PIECE])


def head_of(reader: BufferedReader) -> list[str]:
    """Read a head; names in lower case."""
    lines = iter(reader.readline, b"\r\n")
    return [line.decode().strip().lower() for line in lines if line]


def receive(reader: BufferedReader, head: list[str], stuck: threading.Event) -> int:
    """Read the content once its sender is stuck; return its size, with every byte in its place."""
    assert stuck.wait(PATIENCE)
    chunked = "transfer-encoding: chunked" in head
    assert chunked or framing(False).lower() in head
    place = 0
    while size := int(reader.readline(), 16) if chunked else SIZE - place:
        for left in range(size, 0, -PIECE):
            piece = reader.read(min(left, PIECE))
            assert PATTERN.startswith(piece, place % PERIOD), f"another byte came at {place} or behind it"
            assert piece, f"the content ended at {place}"
            place += len(piece)
        assert not chunked or reader.readline() == b"\r\n"
    return place


@dataclass
class Container:
    """A server behind the door that takes and gives 5 GB; `received` is the size of a whole upload."""

    listener: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0)))
    received: int = 0
    stuck: threading.Event = field(default_factory=threading.Event)  # the sender of the content waits for its reader

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.listener.getsockname()[1]}"

    def serve(self) -> None:
        """Answer one connection."""
        connection, _ = self.listener.accept()
        with connection, connection.makefile("rb") as reader:
            head = head_of(reader)
            if head[0].startswith("post "):
                self.received = receive(reader, head, self.stuck)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            else:
                send(connection, "HTTP/1.1 200 OK", chunked="chunked" in head[0], stuck=self.stuck)


@contextmanager
def flat_memory(process: psutil.Process) -> Iterator[None]:
    """Fail when resident memory grew by more than the bound at any time."""
    before = process.memory_info().rss
    sizes = [before]
    over = threading.Event()

    def watch() -> None:
        while not over.wait(SAMPLE_SECONDS):
            sizes.append(process.memory_info().rss)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()
    assert len(sizes) > 10
    assert max(sizes) - before <= MOST_GROWTH, f"grew by {(max(sizes) - before) / 1e6:.0f} MB"


@contextmanager
def through_the_door(broker: FakeBroker, folder: Path, container: Container) -> Iterator[tuple[socket.socket, str]]:
    """Give Ada's connection, and what all her requests have; memory is watched, and the container serves once."""
    broker.routes = [route("ada", container.url)]
    port = free_port()
    settings = environment(port, broker.url, folder)
    with listening([str(PROGRAM)], port, folder / "log", **settings) as process:
        host = f"localhost:{port}"
        always = f"Host: {host}\r\nOrigin: http://{host}\r\nCookie: {login(port, host, 'ada')}"
        serving = threading.Thread(target=container.serve, daemon=True)
        serving.start()
        with flat_memory(process), socket.create_connection(("127.0.0.1", port)) as connection:
            yield connection, always
        serving.join(10)
        assert not serving.is_alive()


@FRAMINGS
def test_an_upload_arrives_whole_in_flat_memory(tmp_path: Path, chunked: bool) -> None:
    container = Container()

    def upload(broker: FakeBroker) -> None:
        with through_the_door(broker, tmp_path, container) as (connection, always):
            send(connection, f"POST /user/ada/files HTTP/1.1\r\n{always}", chunked=chunked, stuck=container.stuck)
            with connection.makefile("rb") as reader:
                assert head_of(reader)[0] == "http/1.1 200 ok"

    with container.listener:
        with_broker(lambda broker: asyncio.to_thread(upload, broker))
    assert container.received == SIZE


@FRAMINGS
def test_a_download_arrives_whole_in_flat_memory(tmp_path: Path, chunked: bool) -> None:
    container = Container()

    def download(broker: FakeBroker) -> None:
        with through_the_door(broker, tmp_path, container) as (connection, always):
            path = "/user/ada/files" + ("?chunked" if chunked else "")
            connection.sendall(f"GET {path} HTTP/1.1\r\n{always}\r\n\r\n".encode())
            with connection.makefile("rb") as reader:
                assert receive(reader, head_of(reader), container.stuck) == SIZE

    with container.listener:
        with_broker(lambda broker: asyncio.to_thread(download, broker))
