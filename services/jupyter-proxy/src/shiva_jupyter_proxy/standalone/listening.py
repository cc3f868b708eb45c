"""Sockets that listen where the command line says."""

import errno
import socket
from contextlib import ExitStack
from pathlib import Path

from shiva_jupyter_proxy.standalone.options import Address

BACKLOG = 4096
NO_IPV6 = frozenset({errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL})


def listening(address: Address) -> list[socket.socket]:
    """Return sockets that listen at `address`, one for each family and on one port; OSError when that cannot be."""
    with ExitStack() as half_done:
        found = [_unix(address.socket, half_done)] if address.socket else _inet(address, half_done)
        half_done.pop_all()
    return found


def _listen(family: int, where: str | tuple[str | int, ...], on_error: ExitStack) -> socket.socket:
    made = on_error.enter_context(socket.socket(family, socket.SOCK_STREAM))
    made.setblocking(False)
    if family != socket.AF_UNIX:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    made.bind(where)
    made.listen(BACKLOG)
    return made


def _unix(path: str, on_error: ExitStack) -> socket.socket:
    if Path(path).is_socket():  # of a process that was killed
        Path(path).unlink()
    return _listen(socket.AF_UNIX, path, on_error)  # who may enter, the Hub says by the umask


def _inet(address: Address, on_error: ExitStack) -> list[socket.socket]:
    found: list[socket.socket] = []
    refused: OSError | None = None
    asked = socket.getaddrinfo(address.ip or None, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    for family, host, scope in sorted({(int(info[0]), info[4][0], info[4][2:]) for info in asked}):
        port = found[0].getsockname()[1] if found else address.port
        try:
            found.append(_listen(family, (host, port, *scope), on_error))
        except OSError as error:
            if family != socket.AF_INET6 or error.errno not in NO_IPV6:
                raise
            refused = error
    if refused is not None and not found:
        raise refused
    return found
