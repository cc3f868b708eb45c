"""The path that is checked is the path that is forwarded: no spelling of Ada's path brings Ken to her container."""

import pytest

from tests.fakes.raw_door import RawDoor, Stage

KEY = "a" * 22 + "=="
UPGRADE = ("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {KEY}")
TO_ADA = [
    "/user/ada/x", "/user/ada", "/user/ada/", "/user/ADA/x", "/USER/ada/x", "/User/Ada/x", "//user/ada/x", "/user//ada/x", "///user///ada///x",
    "/./user/ada/x", "/user/./ada/x", "/x/../user/ada/x", "/user/ken/../ada/x", "/user/ken/x/../../ada/x", "/user/ken/..;/ada/x", "/user/ken/.;/../ada/x",
    "/user/ken/%2e%2e/ada/x", "/user/ken/%2E%2E/ada/x", "/user/ken/.%2e/ada/x", "/user/ken/%2e./ada/x", "/user/ken/%2e%2e%2fada/x", "/user/ken/..%2fada/x",
    "/user/ken/..%2Fada%2Fx", "/user/ken%2f..%2fada/x", "/user/ken/..%5cada/x", "/user/ken/..\\ada/x", "/user\\ada\\x", "\\user\\ada\\x", "/user/ken\\..\\ada/x",
    "/user/ken/%252e%252e/ada/x", "/user/ken/%25%32%65%25%32%65/ada/x", "/user/ken/%c0%ae%c0%ae/ada/x", "/user/ken/%c0%ae%c0%ae%c0%afada/x",
    "/user/ken/%e0%80%ae%e0%80%ae/ada/x", "/user/ken/%uff0e%uff0e/ada/x", "/user/ken/%ef%bc%8e%ef%bc%8e/ada/x", "/user/%61da/x", "/user/%61%64%61/x",
    "/%75ser/ada/x", "/user%2fada/x", "/%2fuser/ada/x", "/user/ada%2fx", "/user/ada%00/x", "/user/ada;x/y", "/user/ada?x", "/user/ada/x#/user/ken/", "/user/ada%20/x",
    "/user/ken/..%00/ada/x", "/user/ken/.%00./ada/x", "/user/ken/%2e%2e;/ada/x", "/user/ken/..%09/ada/x", "/user/ken/%2e%2e%20/ada/x", "/user/ada./x", "/user/.ada/x",
    "/user/a%cc%81da/x", "/user/%c3%a1da/x", "/user/ad/x", "/user/adaa/x", "/user/ken,ada/x", "/user/ken&ada/x", "/user/ken@ada/x", "/user/ada:80/x",
    "/-/../user/ada/x", "/-/%2e%2e/user/ada/x", "/api/../user/ada/x", "/api/%2e%2e/user/ada/x", "/assets/..%2fuser/ada/x", "/user/ken//../ada/x", "/user/ken/..//ada/x",
    "/user/ken/...//ada/x", "/user/-/ada/x", "/user/ken/%2f..%2f..%2fada/x", "/user/ken/x%2f%2e%2e%2f%2e%2e%2fada", "/user/*/x", "/user/%2a/x", "/user/%/x", "/user/%zz/x",
]  # fmt: skip


@pytest.mark.parametrize("kind", ["GET", "POST", "WebSocket"])
@pytest.mark.parametrize("path", TO_ADA)
def test_no_spelling_leads_to_another_persons_container(stage: Stage, path: str, kind: str) -> None:
    async def use(door: RawDoor) -> None:
        method = "POST" if kind == "POST" else "GET"
        more = UPGRADE if kind == "WebSocket" else ("Connection: close",)
        found, _ = await door.talk(door.head(f"{method} {path} HTTP/1.1", *more), methods="G")
        await door.settled()
        assert (door.ada.everything, door.ken.odd) == (b"", [])
        own = path.startswith("/user/ken/")
        assert [one.target for one in door.ken.messages] in ([], [path] if own else [])
        if not door.ken.messages and own:
            assert found[0].status == 400

    stage.run(use)


@pytest.mark.parametrize("path", ["/user/ken/..", "/user/ken/.", "/user/ken/%2e", "/user/ken/%2E%2e/", "/user/ken/x/%2e%2e/y", "/user/ken/\\", "/user/../ken/x"])  # fmt: skip
def test_a_segment_that_moves_is_refused(stage: Stage, path: str) -> None:
    async def use(door: RawDoor) -> None:
        found, _ = await door.talk(door.head(f"GET {path} HTTP/1.1"), methods="G")
        await door.settled()
        assert ([one.status for one in found], door.ken.messages, door.ada.everything) == ([400], [], b"")

    stage.run(use)


@pytest.mark.parametrize("person", ["nobody", "forged", "twice"])
@pytest.mark.parametrize("more", [(), UPGRADE])
def test_without_a_session_nothing_arrives(stage: Stage, person: str, more: tuple[str, ...]) -> None:
    async def use(door: RawDoor) -> None:
        cookies = {
            "nobody": "a=b",
            "forged": door.cookie.replace("|1:0|", "|1:1|"),
            "twice": f"{door.cookie}; {door.ada_cookie}",
        }
        lines = ["GET /user/ken/x HTTP/1.1", *door.lines(*more, cookie=cookies[person])]
        found, _ = await door.talk(("\r\n".join(lines) + "\r\n\r\n").encode(), methods="G")
        await door.settled()
        assert (found[0].status, door.ken.messages, door.ada.everything) == (401, [], b"")

    stage.run(use)


ORIGINS = [
    "http://evil.example", "null", "", "http://localhost", "http://localhost:1", "https://localhost:@", "http://localhost:@.evil.example", "http://evil-localhost:@",
    "http://localhost:@/", "http://localhost:@@evil.example", "http://ken@localhost:@", "HTTP://LOCALHOST:@.", "http://127.0.0.1:@", "http://localhost:0@", "//localhost:@",
    "localhost:@", "http://localhost:@, http://evil.example", "http://localhost:@ http://evil.example", "http://[::1]:@", "file://", "http://localhost:@#",
]  # fmt: skip


@pytest.mark.parametrize("origin", ORIGINS)
@pytest.mark.parametrize("kind", ["POST", "PUT", "DELETE", "PATCH", "WebSocket"])
def test_a_foreign_page_neither_changes_anything_nor_opens_a_socket(stage: Stage, kind: str, origin: str) -> None:
    async def use(door: RawDoor) -> None:
        own = [line for line in door.lines() if not line.startswith("Origin")]
        said = origin.replace("@", str(door.world.port), 1)
        line = f"{'GET' if kind == 'WebSocket' else kind} /user/ken/x HTTP/1.1"
        more = UPGRADE if kind == "WebSocket" else ()
        raw = "\r\n".join([line, *own, f"Origin: {said}", *more]) + "\r\n\r\n"
        found, _ = await door.talk(raw.encode(), methods="P")
        await door.settled()
        assert (found[0].status, door.ken.messages) == (403, [])

    stage.run(use)


@pytest.mark.parametrize("first", ["own", "foreign"])
def test_two_origins_are_a_foreign_page(stage: Stage, first: str) -> None:
    async def use(door: RawDoor) -> None:
        both = [f"Origin: {door.world.origin}", "Origin: http://evil.example"]
        own = [line for line in door.lines() if not line.startswith("Origin")]
        said = both if first == "own" else both[::-1]
        raw = "\r\n".join(["POST /user/ken/x HTTP/1.1", *own, *said]) + "\r\n\r\n"
        found, _ = await door.talk(raw.encode(), methods="P")
        await door.settled()
        assert (found[0].status, door.ken.messages) == (403, [])

    stage.run(use)
