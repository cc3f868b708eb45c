"""What asyncio's transports do not do by themselves."""

import asyncio
import socket

KEEP_ALIVE = ((socket.TCP_KEEPIDLE, 30), (socket.TCP_KEEPINTVL, 10), (socket.TCP_KEEPCNT, 6))  # a dead peer: 90 s


def watch_peer(transport: asyncio.BaseTransport) -> None:
    """Let the system notice when the other machine is gone."""
    found = transport.get_extra_info("socket")
    if found is not None and found.family in {socket.AF_INET, socket.AF_INET6}:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in KEEP_ALIVE:
            found.setsockopt(socket.IPPROTO_TCP, option, value)


def half_closed(transport: asyncio.Transport) -> bool:
    """Send no more, and return whether the other side may still send."""
    if transport.is_closing() or not transport.can_write_eof():
        return False
    try:
        transport.write_eof()
    except OSError:  # the peer has reset it, and asyncio has not heard yet
        return False
    return True
