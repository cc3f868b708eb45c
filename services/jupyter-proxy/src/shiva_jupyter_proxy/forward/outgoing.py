"""What goes back to the browser: gathered while one packet of the upstream is read, and sent together."""

import asyncio

from shiva_jupyter_proxy.forward.writing import LAST_CHUNK, chunk


class Outgoing:
    """Bytes for one connection."""

    __slots__ = ("_parts", "chunked", "transport")

    transport: asyncio.Transport

    def __init__(self) -> None:
        """Begin with nothing; the transport comes with the connection."""
        self._parts: list[bytes] = []
        self.chunked = False  # the answer that is on its way

    def add(self, *parts: bytes) -> None:
        """Gather bytes as they are."""
        self._parts += parts

    def piece(self, content: bytes) -> None:
        """Gather content of an answer."""
        self._parts.append(chunk(content) if self.chunked else content)

    def end(self) -> None:
        """Gather the answer's end, and send."""
        if self.chunked:
            self._parts.append(LAST_CHUNK)
        self.flush()

    def flush(self) -> None:
        """Send what was gathered."""
        if self._parts:
            data = self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
            self._parts.clear()
            if not self.transport.is_closing():
                self.transport.write(data)
