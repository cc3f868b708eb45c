"""A registry as scripts for `scripted_http`: one repository `lab` whose tags a test moves, open or not."""

import base64
import hashlib
import json
from dataclasses import dataclass, field

from tests.fakes.scripted_http import Asked, Reply, answer

INDEX = "application/vnd.oci.image.index.v1+json"
LOGIN = {"username": "shiva", "password": "planted-password-of-the-registry"}
BASIC = "Basic " + base64.b64encode(f"{LOGIN['username']}:{LOGIN['password']}".encode()).decode()
TOKEN = "planted-token-of-the-registry"


def manifest(content: str) -> bytes:
    """Return a manifest that is told from others by its content."""
    return json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": [], "annotations": {"v": content}}).encode()


def digest(content: str) -> str:
    """Return the digest of `manifest(content)`."""
    return f"sha256:{hashlib.sha256(manifest(content)).hexdigest()}"


@dataclass
class FakeRegistry:
    """A script; `trouble` is answered instead while there is one."""

    tags: dict[str, str] = field(default_factory=lambda: {"1": "first"})
    opens: str = ""  # the Authorization that lets one in
    challenge: str = 'Basic realm="shiva"'
    page_size: int = 100
    trouble: Reply | None = None

    def __call__(self, asked: Asked) -> Reply:
        """Answer one request."""
        if self.trouble is not None:
            return self.trouble
        if self.opens and asked.headers.get("Authorization") != self.opens:
            return answer({"errors": [{"code": "UNAUTHORIZED"}]}, 401, **{"WWW-Authenticate": self.challenge})
        if asked.path == "/v2/lab/tags/list":
            return self._listed(asked)
        tag = asked.path.removeprefix("/v2/lab/manifests/")
        if tag not in self.tags:
            return answer({"errors": [{"code": "MANIFEST_UNKNOWN"}]}, 404)
        told = {"Content-Type": INDEX, "Docker-Content-Digest": digest(self.tags[tag])}
        return Reply(pieces=(manifest(self.tags[tag]),), headers=told)

    def _listed(self, asked: Asked) -> Reply:
        known = sorted(self.tags)
        begin = known.index(asked.query["last"][0]) + 1 if "last" in asked.query else 0
        page, rest = known[begin : begin + self.page_size], known[begin + self.page_size :]
        told = answer({"name": "lab", "tags": page or None})
        if rest:
            told.headers["Link"] = f'</v2/lab/tags/list?n=1&last={page[-1]}>; rel="next"'
        return told
