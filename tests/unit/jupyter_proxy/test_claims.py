"""What a client says of itself reaches no container: neither who it is nor where it comes from, in no spelling."""

from collections.abc import Callable

import pytest

from tests.fakes.raw_door import RawDoor, Stage
from tests.fakes.raw_upstream import Message

LIE = "mallory"
CLAIMS = [
    "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Port", "X-Forwarded-User", "X-Forwarded-Email", "X-Forwarded-Prefix",
    "X-Forwarded-Server", "Forwarded", "X-Real-IP", "X-Scheme", "X-Remote-User", "Remote-User", "X-Request-Id", "X-Shiva-Identity", "X-Shiva-Role",
    "X-Shiva-Anything", "X-Forwarded-Access-Token",
]  # fmt: skip
HOP = [
    "Keep-Alive", "Proxy-Authorization", "Proxy-Authenticate", "Proxy-Connection", "TE", "Trailer", "HTTP2-Settings", "Upgrade",
]  # fmt: skip
Spelling = Callable[[str], str]
CASES: dict[str, Spelling] = {"as it is": str, "lower case": str.lower, "upper case": str.upper}
SPELLINGS: dict[str, Spelling] = CASES | {
    "underscores": lambda name: name.replace("-", "_"),
    "one underscore": lambda name: name.replace("-", "_", 1),
    "upper case and underscores": lambda name: name.replace("-", "_").upper(),
}


async def told(door: RawDoor, *more: str, line: str = "GET /user/ken/x HTTP/1.1", body: bytes = b"") -> Message:
    """Return what Ken's container got."""
    found, _ = await door.talk(door.head(line, *more) + body, methods=line[0])
    assert [one.status for one in found] == [200], found
    assert (door.ken.odd, len(door.ken.messages)) == ([], 1)
    return door.ken.messages[0]


@pytest.mark.parametrize("spelling", SPELLINGS.values(), ids=SPELLINGS.keys())
@pytest.mark.parametrize("name", CLAIMS)
def test_no_claim_goes_on(stage: Stage, name: str, spelling: Spelling) -> None:
    async def use(door: RawDoor) -> None:
        got = await told(door, f"{spelling(name)}: {LIE}", f"{spelling(name)}: {LIE}")
        assert LIE not in str(got.headers)

    stage.run(use)


@pytest.mark.parametrize("spelling", CASES.values(), ids=CASES.keys())
@pytest.mark.parametrize("name", HOP)
def test_what_is_for_the_next_hop_only_goes_no_further(stage: Stage, name: str, spelling: Spelling) -> None:
    async def use(door: RawDoor) -> None:
        got = await told(door, f"{spelling(name)}: {LIE}", f"Connection: {LIE}-hop", f"X-{LIE}: 1", f"{LIE}-hop: 1")
        assert [pair for pair in got.headers if LIE in pair[0] or LIE in pair[1]] == [(f"x-{LIE}", "1")]

    stage.run(use)


@pytest.mark.parametrize("name", CLAIMS)
def test_connection_cannot_take_away_what_the_door_says(stage: Stage, name: str) -> None:
    async def use(door: RawDoor) -> None:
        got = await told(door, f"Connection: {name}, keep-alive", f"{name}: {LIE}")
        assert LIE not in str(got.headers)
        assert got.values("x-forwarded-for") == ["127.0.0.1"]
        assert got.values("x-forwarded-host") == [f"localhost:{door.world.port}"]
        assert got.values("x-forwarded-proto") == ["http"]
        assert len(got.values("x-request-id")) == 1

    stage.run(use)


@pytest.mark.parametrize(
    "name",
    ["Cookie", "Authorization", "Host", "Origin", "Content-Length", "Content-Type", "Range", "Cache-Control", "X-XSRFToken", "Accept", "If-None-Match"],
)  # fmt: skip
def test_connection_cannot_take_away_what_goes_to_the_end(stage: Stage, name: str) -> None:
    async def use(door: RawDoor) -> None:
        own = {"Cookie": f"{door.cookie}; _xsrf=1", "Content-Length": "5"}
        lines = [line for line in door.lines() if not line.startswith("Cookie")]
        lines += [f"{key}: {value}" for key, value in own.items()]
        lines += ["Content-Type: a/b", "Range: bytes=1-", "Cache-Control: no-cache", "X-XSRFToken: 1", "Accept: */*"]
        head = "\r\n".join(["PUT /user/ken/x HTTP/1.1", f"Connection: {name.lower()}", *lines, 'If-None-Match: "x"'])
        found, _ = await door.talk(head.encode() + b"\r\n\r\nhello", methods="P")
        got = door.ken.messages[0]
        assert ([one.status for one in found], got.body) == ([200], b"hello")
        if name not in {"X-XSRFToken", "Accept", "If-None-Match"}:  # these are the client's own affair
            assert len(got.values(name.lower())) == 1
        assert got.values("cookie") == ["_xsrf=1"]
        assert got.values("authorization") == ["token token-of-jupyter"]

    stage.run(use)


@pytest.mark.parametrize("name", ["Authorization", "authorization", "AUTHORIZATION"])
def test_the_containers_token_is_the_doors_alone(stage: Stage, name: str) -> None:
    async def use(door: RawDoor) -> None:
        got = await told(door, f"{name}: token {LIE}", f"{name}: Bearer {LIE}")
        assert got.values("authorization") == ["token token-of-jupyter"]

    stage.run(use)


@pytest.mark.parametrize(
    "cookies",
    [
        ("@",), ("a=1; @; b=2",), ("@; a=1",), ("a=1;@",), ("a=1", "@"), ("@", "a=1"), (" @ ",), ("a=1;;;@;;",), ("a; @",), ("=x; @",),
        ('b="x; @"',), ("b=x, @;", "c=1"),
    ],
)  # fmt: skip
def test_the_session_never_goes_on(stage: Stage, cookies: tuple[str, ...]) -> None:
    async def use(door: RawDoor) -> None:
        own = [line for line in door.lines() if not line.startswith("Cookie")]
        said = [f"Cookie: {value.replace('@', door.cookie)}" for value in cookies]
        raw = "\r\n".join(["GET /user/ken/x HTTP/1.1", *own, *said]).encode() + b"\r\n\r\n"
        found, _ = await door.talk(raw, methods="G")
        assert found[0].status in {200, 401}
        secret = door.cookie.partition("=")[2].strip('"').encode()
        assert secret not in door.ken.everything
        assert b"shiva-session" not in door.ken.everything

    stage.run(use)


@pytest.mark.parametrize("second", ["@", "shiva-session=x", "shiva-session=", "SHIVA; @"])
def test_two_sessions_are_nobodys(stage: Stage, second: str) -> None:
    async def use(door: RawDoor) -> None:
        raw = door.head("GET /user/ken/x HTTP/1.1", "Cookie: " + second.replace("@", door.ada_cookie))
        found, _ = await door.talk(raw, methods="G")
        assert found[0].status == 401
        assert door.ken.everything + door.ada.everything == b""

    stage.run(use)
