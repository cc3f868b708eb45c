"""However the bytes of valid messages are cut into packets, the container gets the same requests, and the client the same answers."""

from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes.raw_door import RawDoor, Reply, Stage

EXAMPLES = settings(max_examples=250)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """Messages behind one another, and where their bytes are cut."""

    messages: list[tuple[str, str, list[str], bytes]]  # method, path, header lines, framed body
    before: bytes

    def raw(self, door: RawDoor) -> bytes:
        heads = [door.head(f"{method} {path} HTTP/1.1", *more) + body for method, path, more, body in self.messages]
        return self.before + b"".join(heads)

    @property
    def methods(self) -> str:
        return "".join(method[0] for method, *_ in self.messages)


PATHS = st.text("abc/%2F?=&~秀", max_size=12).map(
    lambda text: "/user/ken/" + text.replace("秀", "%E7%A7%80").replace("%", "%25")
)
VALUES = st.text(
    st.characters(min_codepoint=32, max_codepoint=255, exclude_characters=[chr(n) for n in range(127, 160)]),
    max_size=40,
)
LINES = st.tuples(st.sampled_from(["Accept", "X-XSRFToken", "If-None-Match", "Range", "X-A", "x-b"]), VALUES).map(
    lambda pair: f"{pair[0]}: {pair[1].strip()}"
)
BYTES = st.binary(max_size=300) | st.sampled_from([b"\r\n", b"0\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n", b"\r", b"5\r\n"])


def chunked(pieces: list[bytes], trailers: list[str]) -> bytes:
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces if piece)
    return chunks + b"0\r\n" + "".join(f"{line}\r\n" for line in trailers).encode("latin-1") + b"\r\n"


NO_BODY = st.tuples(
    st.sampled_from(["GET", "HEAD", "OPTIONS", "DELETE"]), PATHS, st.lists(LINES, max_size=4), st.just(b"")
)
COUNTED = st.tuples(
    st.sampled_from(["POST", "PUT", "PATCH", "DELETE", "GET"]), PATHS, st.lists(LINES, max_size=3), BYTES
).map(lambda one: (one[0], one[1], [*one[2], f"Content-Length: {len(one[3])}"], one[3]))
CHUNKED = st.tuples(
    st.sampled_from(["POST", "PUT", "DELETE", "OPTIONS"]), PATHS, st.lists(LINES, max_size=3),
    st.tuples(st.lists(BYTES, max_size=4), st.lists(LINES, max_size=2)).map(lambda both: chunked(*both)),
).map(lambda one: (one[0], one[1], [*one[2], "Transfer-Encoding: chunked"], one[3]))  # fmt: skip
PIPELINES = st.builds(
    Pipeline,
    messages=st.lists(NO_BODY | COUNTED | CHUNKED, min_size=1, max_size=4),
    before=st.sampled_from([b"", b"\r\n"]),
)


async def outcome(
    door: RawDoor, pipeline: Pipeline, packets: list[bytes]
) -> tuple[list[tuple[bytes, bytes]], list[Reply]]:
    """Return what the container and what the client got."""
    door.ken.forget()
    found, closed = await door.talk(*packets, methods=pipeline.methods)
    assert (door.ken.odd, closed, [one.status for one in found]) == ([], False, [200] * len(pipeline.messages))
    return [one.said for one in door.ken.messages], found


def pieces(raw: bytes, cuts: list[int]) -> list[bytes]:
    """Cut bytes at places that are taken modulo their length."""
    places = sorted({cut % len(raw) for cut in cuts} - {0})
    return [raw[start:end] for start, end in zip([0, *places], [*places, len(raw)], strict=True)]


@EXAMPLES
@given(pipeline=PIPELINES, cuts=st.lists(st.integers(0, 10_000), max_size=25))
def test_packets_do_not_change_what_arrives(stage: Stage, pipeline: Pipeline, cuts: list[int]) -> None:
    async def use(door: RawDoor) -> None:
        raw = pipeline.raw(door)
        assert await outcome(door, pipeline, pieces(raw, cuts)) == await outcome(door, pipeline, [raw])

    stage.run(use)


@settings(max_examples=25)
@given(pipeline=PIPELINES, size=st.integers(1, 3))
def test_packets_of_a_few_bytes_do_not_change_what_arrives(stage: Stage, pipeline: Pipeline, size: int) -> None:
    async def use(door: RawDoor) -> None:
        raw = pipeline.raw(door)
        assert await outcome(door, pipeline, pieces(raw, list(range(0, len(raw), size)))) == await outcome(
            door, pipeline, [raw]
        )

    stage.run(use)


def test_every_single_cut_of_a_pipeline_gives_the_same(stage: Stage) -> None:
    body = chunked([b"hello", b"\r\n0\r\n\r\n"], ["X-Sum: 1"])
    pipeline = Pipeline(
        messages=[
            ("POST", "/user/ken/a", ["Transfer-Encoding: chunked"], body),
            ("PUT", "/user/ken/b", ["Content-Length: 4"], b"\r\n\r\n"),
            ("GET", "/user/ken/c", [], b""),
        ],
        before=b"\r\n",
    )

    async def use(door: RawDoor) -> None:
        raw = pipeline.raw(door)
        whole = await outcome(door, pipeline, [raw])
        for cut in range(1, len(raw)):
            assert await outcome(door, pipeline, [raw[:cut], raw[cut:]]) == whole, cut

    stage.run(use)
