"""One script of calls to `/api/routes`, for configurable-http-proxy itself and for the standalone door.

Its answers are recorded in tests/captures/chp_calls.json, from configurable-http-proxy 5.3.0. To
record anew, start it with CONFIGPROXY_AUTH_TOKEN=secret and an empty table: python -m tests.fakes.chp_calls API_PORT
"""

import asyncio
import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.fakes.proxy_door import Client

RECORDED = Path(__file__).parents[1] / "captures/chp_calls.json"
TOKEN = "secret"
AT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
HUB = {"target": "http://127.0.0.1:8081", "jupyterhub": True, "hub": True}
ADA = {"target": "http://127.0.0.1:1234", "jupyterhub": True, "user": "ada", "server_name": ""}
FREE = {"target": "http://127.0.0.1:1", "deep": [{"秀": [1, 2.5, None, True, "é"]}], "last_activity": "mine", "": 0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request."""

    name: str
    method: str
    path: str
    body: bytes = b""
    authorization: str | None = f"token {TOKEN}"


def _post(name: str, path: str, data: object, authorization: str | None = f"token {TOKEN}") -> Call:
    body = data if isinstance(data, bytes) else json.dumps(data, ensure_ascii=False).encode()
    return Call(name=name, method="POST", path=f"/api/routes{path}", body=body, authorization=authorization)


def _get(name: str, path: str = "") -> Call:
    return Call(name=name, method="GET", path=f"/api/routes{path}")


def _delete(name: str, path: str) -> Call:
    return Call(name=name, method="DELETE", path=f"/api/routes{path}")


CALLS = [
    _get("an empty table"),
    _post("the Hub", "/", HUB),
    _post("a server", "/user/ada", ADA),
    _post("a server with a slash", "/user/bob/", ADA | {"user": "bob"}),
    _post("another script", "/user/%E7%A7%80%E6%A8%B9", ADA | {"user": "秀樹"}),
    _post("a percent sign", "/user/a%25b", ADA | {"user": "a%b"}),
    _post("an at sign", "/user/a@b~c", ADA),
    _post("a route of others", "/mine/too", {"target": "http://127.0.0.1:2"}),
    _post("free data", "/free", FREE),
    _get("the whole table", "/"),
    _get("the whole table, without a slash"),
    _get("one route", "/user/ada"),
    _get("one route, with a slash", "/user/ada/"),
    _get("one route in another script", "/user/%E7%A7%80%E6%A8%B9"),
    _get("no route", "/user/ken"),
    _get("a prefix of a route", "/user"),
    _post("a server elsewhere", "/user/ada", ADA | {"target": "http://127.0.0.1:4321"}),
    _get("a replaced route", "/user/ada"),
    _get("inactive since long ago", "?inactiveSince=2000-01-01T00:00:00.000Z"),
    _get("inactive since tomorrow's tomorrow", "?inactiveSince=2999-01-01T00:00:00.000Z"),
    _get("inactive in the old spelling", "?inactive_since=2000-01-01T00:00:00Z"),
    _get("inactive since a day", "?inactiveSince=2000-01-01"),
    _get("inactive with a zone", "?inactiveSince=2999-01-01T00:00:00%2B02:00"),
    _get("inactive since nothing", "?inactiveSince="),
    _get("inactive since no time", "?inactiveSince=yesterday"),
    _post("no JSON", "/bad", b"{"),
    _post("no body", "/bad", b""),
    _post("null", "/bad", b"null"),
    _post("a list", "/bad", b"[]"),
    _post("no target", "/bad", {"user": "x"}),
    _post("a target that is a number", "/bad", {"target": 1}),
    _post("a wrong token", "/bad", ADA, authorization="token wrong"),
    _post("another scheme", "/bad", ADA, authorization=f"Bearer {TOKEN}"),
    _post("no token", "/bad", ADA, authorization=None),
    Call(name="no token to read", method="GET", path="/api/routes", authorization=None),
    Call(name="no token to remove", method="DELETE", path="/api/routes/user/ada", authorization="token"),
    Call(name="another method", method="PUT", path="/api/routes/user/ada"),
    Call(name="another method without a token", method="PATCH", path="/api/routes", authorization=None),
    Call(name="another path", method="GET", path="/api/nothing"),
    Call(name="another path without a token", method="GET", path="/", authorization=None),
    _delete("a server is gone", "/user/ada"),
    _delete("a server is gone already", "/user/ada"),
    _delete("a server in another script is gone", "/user/%E7%A7%80%E6%A8%B9"),
    _delete("a server is gone by its slash", "/user/bob/"),
    _delete("a prefix is no route", "/mine"),
    _delete("the Hub is gone", "/"),
    _post("the Hub again, without a slash", "", HUB),
    _get("nothing was added", "/bad"),
    _get("what is left"),
    _post("a target that is no address", "/nowhere", {"target": "nowhere"}),
    _get("a route to nowhere", "/nowhere"),
]


async def outcomes(port: int) -> dict[str, Any]:
    """Make every call and return status and JSON by its name; times become `AT`."""
    found: dict[str, Any] = {}
    for call in CALLS:
        client = Client(*await asyncio.open_connection("127.0.0.1", port))
        headers = {"Host": f"127.0.0.1:{port}", "Content-Type": "text/plain; charset=utf-8"}
        headers |= {"Authorization": call.authorization} if call.authorization is not None else {}
        answer = await client.ask(call.method, call.path, headers, call.body)
        client.writer.close()
        told = answer.value("content-type").startswith("application/json")
        found[call.name] = {"status": answer.status} | (
            {"json": json.loads(AT.sub("AT", answer.body.decode()))} if told else {}
        )
    return found


if __name__ == "__main__":
    RECORDED.write_text(json.dumps(asyncio.run(outcomes(int(sys.argv[1]))), indent=1, ensure_ascii=False) + "\n")
