"""A registry of images, private and slow: run as a program where an engine reaches it as 127.0.0.1. Standard library only.

    registry.py PORT USER:PASSWORD ARCHIVE SECONDS

It serves what `docker save` wrote into ARCHIVE, one image with one layer and some noise, as `fake:1`, taking SECONDS for
the layer.
Source: the distribution project's HTTP API V2, image manifest V2 schema 2.
"""

import base64
import gzip
import hashlib
import io
import json
import os
import sys
import tarfile
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

KIND = "application/vnd.docker.distribution.manifest.v2+json"
PIECES = 20


class _Registry(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    manifest = b""
    blobs: dict[str, bytes]
    opens = ""
    seconds = 0.0

    def do_GET(self) -> None:
        if self.headers.get("Authorization") != f"Basic {self.opens}":
            self._answer(401, b'{"errors": [{"code": "UNAUTHORIZED"}]}', "application/json")
        elif self.path == "/v2/":
            self._answer(200, b"{}", "application/json")
        elif self.path.startswith("/v2/fake/manifests/"):
            self._answer(200, self.manifest, KIND)
        elif (digest := self.path.rpartition("/")[2]) in self.blobs:
            self._answer(200, self.blobs[digest], "application/octet-stream")
        else:
            self._answer(404, b'{"errors": [{"code": "MANIFEST_UNKNOWN"}]}', "application/json")

    do_HEAD = do_GET

    def _answer(self, status: int, data: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Docker-Content-Digest", _digest(data))
        if status == 401:
            self.send_header("WWW-Authenticate", 'Basic realm="shiva"')
        self.end_headers()
        if self.command == "GET":
            size = len(data) // PIECES + 1
            for start in range(0, len(data), size):
                self.wfile.write(data[start : start + size])
                time.sleep(self.seconds / PIECES if len(data) > 2**20 else 0)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def serve(port: int, opens: str, archive: str, seconds: float) -> None:
    """Answer until the process is ended; print a line when that begins."""
    with tarfile.open(archive) as saved:
        [image] = json.loads(_member(saved, "manifest.json"))
        plain = _new(_member(saved, image["Layers"][0]))
        config = json.loads(_member(saved, image["Config"]))
    config["rootfs"]["diff_ids"] = [_digest(plain)]
    said, layer = json.dumps(config).encode(), gzip.compress(plain, 1)
    parts = {
        "config": {"mediaType": "application/vnd.docker.container.image.v1+json", "size": len(said), "digest": _digest(said)},
        "layers": [{"mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip", "size": len(layer), "digest": _digest(layer)}],
    }  # fmt: skip
    _Registry.manifest = json.dumps({"schemaVersion": 2, "mediaType": KIND, **parts}).encode()
    _Registry.blobs = {_digest(said): said, _digest(layer): layer}
    _Registry.opens, _Registry.seconds = base64.b64encode(opens.encode()).decode(), seconds
    server = ThreadingHTTPServer(("127.0.0.1", port), _Registry)
    print(server.server_port, flush=True)
    server.serve_forever()


def _new(layer: bytes) -> bytes:
    """Return the layer with a file of noise, so that no engine has it."""
    whole, noise = io.BytesIO(layer), os.urandom(2**22)
    with tarfile.open(fileobj=whole, mode="a") as archive:
        info = tarfile.TarInfo("noise")
        info.size = len(noise)
        archive.addfile(info, io.BytesIO(noise))
    return whole.getvalue()


def _member(saved: tarfile.TarFile, name: str) -> bytes:
    file = saved.extractfile(name)
    if file is None:
        raise ValueError(f"{name} is no file")
    return file.read()


if __name__ == "__main__":
    serve(int(sys.argv[1]), sys.argv[2], sys.argv[3], float(sys.argv[4]))
