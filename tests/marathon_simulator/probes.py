"""Health checks over the network. As a script it runs where the check belongs, in a container's network: CHECK HOST PORT."""

import contextlib
import http.client
import json
import socket
import ssl
import sys
from collections.abc import Mapping
from typing import Any


def probe(check: Mapping[str, Any], host: str, port: int) -> str | None:
    """Return what failed, None when all is well. HTTP is well from 200 to 399; nobody's certificate is looked at."""
    kind, seconds = str(check["protocol"]).removeprefix("MESOS_"), float(check.get("timeoutSeconds", 20))
    try:
        if kind == "TCP":
            socket.create_connection((host, port), seconds).close()
            return None
        return _status(kind, host, port, seconds, str(check.get("path", "/")))
    except (OSError, http.client.HTTPException) as error:
        return f"{type(error).__name__}: {error}"


def _status(kind: str, host: str, port: int, seconds: float, path: str) -> str | None:
    anybody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    anybody.check_hostname, anybody.verify_mode = False, ssl.CERT_NONE
    connection = (
        http.client.HTTPSConnection(host, port, timeout=seconds, context=anybody)
        if kind == "HTTPS"
        else http.client.HTTPConnection(host, port, timeout=seconds)
    )
    with contextlib.closing(connection):
        connection.request("GET", path)
        answer = connection.getresponse()
        return None if 200 <= answer.status < 400 else f"{answer.status} {answer.reason}"


if __name__ == "__main__":
    sys.exit(probe(json.loads(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
