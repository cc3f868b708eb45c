"""A scan from wherever it is run, a container too: `python3 - tcp/ADDRESS/PORT udp/… name/NAME/0` on stdin. Standard library only.

Prints the targets that answer, one a line. Refused, dropped and unreachable are the same: closed.
"""

import contextlib
import socket
import sys
from concurrent.futures import ThreadPoolExecutor

SECONDS = 2.0


def answers(target: str) -> bool:
    """Tell whether somebody answers there."""
    kind, address, port = target.split("/")
    with contextlib.suppress(OSError):
        if kind == "name":
            return bool(socket.getaddrinfo(address, None, socket.AF_INET))
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM) as client:
            client.settimeout(SECONDS)
            client.connect((address, int(port)))
            if kind == "udp":
                client.send(b"anybody?")
                client.recv(64)
            return True
    return False


if __name__ == "__main__":
    targets = sys.argv[1:]
    with ThreadPoolExecutor(len(targets)) as pool:
        for target, answered in zip(targets, pool.map(answers, targets), strict=True):
            if answered:
                print(target)
