"""After an upgrade: bytes both ways, nothing parsed, and next to nothing kept in memory."""

import asyncio
from collections.abc import Callable

from shiva_jupyter_proxy.domain.ports import Observer
from shiva_jupyter_proxy.forward.sockets import half_closed

LINGER_SECONDS = 10.0  # for what one end still has to take when the other one is gone


class Tunnel:
    """Two connections that are one now."""

    __slots__ = ("_observer", "_on_end", "container_id", "ends", "moved", "session_id", "stalled_seconds")

    def __init__(
        self, observer: Observer, *, container_id: str | None, session_id: str | None, stalled_seconds: float
    ) -> None:
        """Tell `observer` what happens; an end that takes no byte for `stalled_seconds` ends it."""
        self.stalled_seconds = stalled_seconds
        self._observer = observer
        self._on_end: Callable[[], None] | None = None
        self.container_id = container_id
        self.session_id = session_id
        self.moved = False

    def join(
        self, browser: asyncio.Transport, container: asyncio.Transport, *,
        paused: tuple[bool, bool], on_end: Callable[[], None],
    ) -> None:  # fmt: skip
        """Take both connections over; `paused` are those that read slowly."""
        self._on_end = on_end
        self.ends = (End(self, browser), End(self, container))
        for end, other in zip(self.ends, reversed(self.ends), strict=True):
            end.other, end.send = other, other.transport.write
            end.transport.set_protocol(end)
        for end, slow in zip(self.ends, paused, strict=True):
            end.pause_writing() if slow else end.resume_writing()
        self._observer.tunnel_opened(self)
        if browser.is_closing() or container.is_closing():
            self.close()

    def close(self) -> None:
        """End it: its route is gone, its session is over, or one end broke. What is on its way has a moment to arrive."""
        for end in self.ends:
            if end.transport.get_write_buffer_size():
                asyncio.get_running_loop().call_later(LINGER_SECONDS, end.transport.abort)
            end.transport.close()

    def drain(self) -> None:
        """Go on until the grace is over."""

    def abort(self) -> None:
        """End it at once."""
        for end in self.ends:
            end.transport.abort()

    def ended(self) -> None:
        """One end is gone: so is the other."""
        on_end, self._on_end = self._on_end, None
        if on_end is not None:
            self.close()
            on_end()
            self._observer.tunnel_closed(self)


class End(asyncio.Protocol):
    """One of them."""

    __slots__ = ("_stalled", "_tunnel", "finished", "other", "send", "transport")

    other: "End"
    send: Callable[[bytes], None]  # to the other one

    def __init__(self, tunnel: Tunnel, transport: asyncio.Transport) -> None:
        """Wait for the other end."""
        self.transport = transport
        self._tunnel = tunnel
        self.finished = False  # it sends no more
        self._stalled: asyncio.TimerHandle | None = None

    def data_received(self, data: bytes) -> None:
        """Pass them on."""
        try:
            self.send(data)
        except RuntimeError:  # it is closed
            return
        self._tunnel.moved = True

    def eof_received(self) -> bool:
        """Say so to the other side, which may still send."""
        self.finished = True
        return not self.other.finished and half_closed(self.other.transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """End the other one too."""
        del exc
        self._in_time()
        self._tunnel.ended()

    def pause_writing(self) -> None:
        """This side reads slowly: let the other one wait. Who waits is not watched, so it must not be for ever."""
        if self._stalled is None:
            loop = asyncio.get_running_loop()
            self._stalled = loop.call_later(self._tunnel.stalled_seconds, self._tunnel.abort)
        if not self.other.transport.is_closing():
            self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        """It reads again."""
        self._in_time()
        if not self.other.transport.is_closing():
            self.other.transport.resume_reading()

    def _in_time(self) -> None:
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None
