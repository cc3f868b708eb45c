"""Services to be found by a scan: `python -m tests.docker.listeners tcp/ADDRESS/PORT udp/… dns/…`, until stdin ends.

Port 0 lets the kernel choose. Prints one line when all listen: their targets, with the ports.
"""

import socket
import socketserver
import struct
import sys
import threading

ANSWER = "203.0.113.7"  # of every name


class Greeting(socketserver.BaseRequestHandler):
    """Accept and say so."""

    def handle(self) -> None:
        self.request.sendall(b"open")


class Echo(socketserver.BaseRequestHandler):
    """Send a datagram back."""

    def handle(self) -> None:
        data, connection = self.request
        connection.sendto(data, self.client_address)


class Names(socketserver.BaseRequestHandler):
    """Answer every question for an address (A) with `ANSWER`, and any other with nothing."""

    def handle(self) -> None:
        data, connection = self.request
        end = data.index(b"\0", 12) + 5
        address = data[end - 4 : end - 2] == b"\0\x01"
        head = data[:2] + struct.pack("!5H", 0x8180, 1, int(address), 0, 0)
        record = struct.pack("!HHHIH", 0xC00C, 1, 1, 60, 4) + socket.inet_aton(ANSWER) if address else b""
        connection.sendto(head + data[12:end] + record, self.client_address)


class Tcp(socketserver.ThreadingTCPServer):
    """A server that may be started anew at once."""

    allow_reuse_address = True
    daemon_threads = True


def server(kind: str, address: str, port: int) -> socketserver.TCPServer:
    """Return what listens there."""
    if kind == "tcp":
        return Tcp((address, port), Greeting)
    return socketserver.UDPServer((address, port), Names if kind == "dns" else Echo)


def main() -> None:
    """Listen until stdin ends, so that nothing is left of a killed test."""
    bound = []
    for target in sys.argv[1:]:
        kind, address, port = target.split("/")
        listening = server(kind, address, int(port))
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        bound.append(f"{kind}/{address}/{listening.socket.getsockname()[1]}")
    print(*bound, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
