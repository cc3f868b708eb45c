"""The registry's client: digests that are what they say, tags over pages, logins, and everything that is no answer."""

import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from shiva_jupyter_broker.adapters.registry_client import (
    KINDS,
    MAX_BYTES,
    RegistryClient,
    RegistryError,
    Trouble,
    check_authority,
)

from tests.fakes.certificates import Pair, signed
from tests.fakes.registry_api import BASIC, INDEX, LOGIN, TOKEN, FakeRegistry, digest, manifest
from tests.fakes.scripted_http import CUT, Asked, Reply, Scripted, answer, page, scripted


@pytest.fixture
def registry() -> FakeRegistry:
    return FakeRegistry()


@pytest.fixture
def served(registry: FakeRegistry) -> Iterator[Scripted]:
    with scripted(registry) as running:
        yield running


def trouble(act: Callable[[], object]) -> Trouble:
    """Return what kept the registry from telling, having seen that no secret is in the error."""
    with pytest.raises(RegistryError) as raised:
        act()
    assert not any(secret in repr(raised.value) for secret in (LOGIN["password"], TOKEN, BASIC))
    return raised.value.trouble


def test_a_tag_is_the_digest_of_what_comes_for_it(registry: FakeRegistry, served: Scripted) -> None:
    client = RegistryClient(served.url)
    assert client.digest("lab", "1") == digest("first")
    registry.tags["1"] = "second"
    assert client.digest("lab", "1") == digest("second")
    assert all(kind in served.asked[0].headers["Accept"] for kind in KINDS)


@pytest.mark.parametrize(
    ("reply", "found"),
    [
        (CUT, Trouble.AWAY),
        (page(503), Trouble.AWAY),
        (answer({"errors": [{"code": "TOOMANYREQUESTS"}]}, 429), Trouble.AWAY),
        (Reply(pieces=(b"{",), headers={"Content-Type": INDEX}, length=50), Trouble.AWAY),
        (Reply(pieces=(b"{",) * 20, headers={"Content-Type": INDEX}, pause_seconds=0.2), Trouble.AWAY),
        (page(200), Trouble.GARBAGE),
        (page(404), Trouble.GARBAGE),
        (answer(["no errors"], 404), Trouble.GARBAGE),
        (answer({}, 302, Location="http://127.0.0.1:1/"), Trouble.GARBAGE),
        (answer({"schemaVersion": 2}), Trouble.GARBAGE),
        (
            Reply(
                pieces=(manifest("a"),), headers={"Content-Type": INDEX, "Docker-Content-Digest": digest("b")}
            ),
            Trouble.GARBAGE,
        ),
        (Reply(pieces=(b" " * (MAX_BYTES + 1),), headers={"Content-Type": INDEX}), Trouble.GARBAGE),
        (answer({"errors": [{"code": "NAME_UNKNOWN"}]}, 404), Trouble.MISSING),
        (answer({"errors": [{"code": "DENIED"}]}, 403), Trouble.CLOSED),
        (answer({}, 401), Trouble.CLOSED),
    ],
    ids=["cut", "standby", "too many", "broken off", "drop by drop", "page", "page 404", "list 404", "elsewhere", "kind", "digest", "endless", "unknown", "denied", "no challenge"],
)  # fmt: skip
def test_what_is_no_digest_is_a_trouble(registry: FakeRegistry, served: Scripted, reply: Reply, found: Trouble) -> None:
    registry.trouble = reply
    assert trouble(lambda: RegistryClient(served.url, seconds=2).digest("lab", "1")) is found


def test_a_registry_that_nobody_runs_is_away() -> None:
    with scripted(FakeRegistry()) as ended:
        pass
    assert trouble(lambda: RegistryClient(ended.url).digest("lab", "1")) is Trouble.AWAY


# ---- sizes ----

PART = {"mediaType": "x", "digest": "sha256:1", "size": 100}
PLATFORM = {"architecture": "amd64", "os": "linux"}
LISTED = {"manifests": [
    {"digest": f"sha256:{'b' * 64}", "platform": {"architecture": "arm64", "os": "linux"}},
    {"digest": f"sha256:{'a' * 64}", "platform": PLATFORM},
]}  # fmt: skip


@pytest.mark.parametrize(
    ("told", "size"),
    [
        ({"config": PART, "layers": [PART, {**PART, "size": 9_200_000_000}]}, 9_200_000_200),
        ({"config": PART, "layers": [{**PART, "size": -1}]}, None),
        ({"config": PART, "layers": [{**PART, "size": True}]}, None),
        ({"config": PART, "layers": ["x"]}, None),
        ({"config": PART, "layers": [{**PART, "size": 2**60}]}, None),
        ({}, None),
        ({"manifests": "x"}, None),
        ({"manifests": [{"digest": "../../x", "platform": PLATFORM}]}, None),
        (LISTED, None),
    ],
    ids=["layers", "negative", "flag", "text", "endless", "empty", "no list", "no digest", "only lists"],
)
def test_an_image_weighs_what_its_parts_do(
    registry: FakeRegistry, served: Scripted, told: dict[str, object], size: int | None
) -> None:
    registry.trouble = answer(told)
    assert RegistryClient(served.url).size("lab", digest("first")) == size


def test_of_an_image_for_several_kinds_of_machine_ours_is_weighed() -> None:
    def script(asked: Asked) -> Reply:
        return answer({"config": PART, "layers": [PART]} if asked.path.endswith("a" * 64) else LISTED)

    with scripted(script) as running:
        assert RegistryClient(running.url).size("lab", digest("first")) == 200


# ---- tags ----


def test_tags_come_over_pages(registry: FakeRegistry, served: Scripted) -> None:
    registry.tags, registry.page_size = {str(number): "x" for number in range(10, 15)}, 2
    assert RegistryClient(served.url).tags("lab") == ("10", "11", "12", "13", "14")
    registry.tags = {}
    assert RegistryClient(served.url).tags("lab") == ()


@pytest.mark.parametrize(
    "reply",
    [
        answer([]),
        answer({"tags": [1]}),
        answer({"tags": "latest"}),
        answer({"tags": ["<script>"]}),
        answer({"tags": ["1"]}, Link='<http://127.0.0.1:1/v2/x/tags/list>; rel="next"'),
    ],
    ids=["a list", "numbers", "a text", "no tag", "goes on elsewhere"],
)
def test_what_is_no_list_of_tags_is_garbage(registry: FakeRegistry, served: Scripted, reply: Reply) -> None:
    registry.trouble = reply
    assert trouble(lambda: RegistryClient(served.url).tags("lab")) is Trouble.GARBAGE


def test_pages_without_end_are_left_after_a_thousand_tags(registry: FakeRegistry, served: Scripted) -> None:
    registry.trouble = answer({"tags": ["1"] * 400}, Link='</v2/lab/tags/list?n=1>; rel="next"')
    assert len(RegistryClient(served.url).tags("lab")) == 1000


# ---- logins ----


def test_a_name_and_password_are_sent_once_they_are_asked_for(registry: FakeRegistry, served: Scripted) -> None:
    registry.opens = BASIC
    client = RegistryClient(served.url, login=LOGIN)
    assert client.digest("lab", "1") == digest("first")
    assert client.tags("lab") == ("1",)
    assert ["Authorization" in each.headers for each in served.asked] == [False, True, True]


@pytest.mark.parametrize("login", [None, {"username": "shiva", "password": "another"}], ids=["none", "wrong"])
def test_who_is_not_let_in_is_told_so(registry: FakeRegistry, served: Scripted, login: dict[str, str] | None) -> None:
    registry.opens = BASIC
    assert trouble(lambda: RegistryClient(served.url, login=login).digest("lab", "1")) is Trouble.CLOSED


class TokenServer:
    """Gives tokens to who has the password."""

    said: object = {"access_token": TOKEN}

    def __call__(self, asked: Asked) -> Reply:
        if asked.headers.get("Authorization") != BASIC:
            return answer({}, 401)
        assert asked.query == {"service": ["registry.lan"], "scope": ["repository:lab:pull"]}
        return answer(self.said)


@pytest.fixture
def tokens(registry: FakeRegistry) -> Iterator[TokenServer]:
    server = TokenServer()
    with scripted(server) as running:
        registry.opens = f"Bearer {TOKEN}"
        registry.challenge = f'Bearer realm="{running.url}/token",service="registry.lan",scope="repository:lab:pull"'
        yield server


@pytest.mark.usefixtures("tokens")
def test_a_token_is_fetched_where_the_registry_says_and_used_until_it_is_refused(
    registry: FakeRegistry, served: Scripted
) -> None:
    client = RegistryClient(served.url, login=LOGIN)
    assert client.digest("lab", "1") == client.digest("lab", "1") == digest("first")
    assert [each.headers.get("Authorization") for each in served.asked] == [None, registry.opens, registry.opens]
    registry.opens = "Bearer another"
    assert trouble(lambda: client.digest("lab", "1")) is Trouble.CLOSED
    assert trouble(lambda: RegistryClient(served.url).digest("lab", "1")) is Trouble.CLOSED


@pytest.mark.usefixtures("registry")
@pytest.mark.parametrize("said", [{}, [], {"token": 1}, {"token": "a\r\nX-Evil: 1"}, {"token": "é"}])
def test_what_is_no_token_is_garbage(served: Scripted, tokens: TokenServer, said: object) -> None:
    tokens.said = said
    assert trouble(lambda: RegistryClient(served.url, login=LOGIN).digest("lab", "1")) is Trouble.GARBAGE


# ---- certificates ----


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Pair:
    return signed(tmp_path_factory.mktemp("tls"), "registry")


def secured(pair: Pair) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.cert, pair.key)
    return context


def test_an_authority_of_our_own_is_trusted_where_it_is_given_and_nowhere_else(
    registry: FakeRegistry, pair: Pair
) -> None:
    with scripted(registry, tls=secured(pair)) as running:
        assert RegistryClient(running.url, ca=pair.ca).digest("lab", "1") == digest("first")
        assert trouble(lambda: RegistryClient(running.url).digest("lab", "1")) is Trouble.UNTRUSTED


def test_who_hangs_up_before_a_certificate_is_away_and_who_speaks_without_is_no_registry(served: Scripted) -> None:
    with socketserver.TCPServer(("127.0.0.1", 0), socketserver.BaseRequestHandler) as server:
        threading.Thread(target=server.handle_request, daemon=True).start()
        url = f"https://127.0.0.1:{server.server_address[1]}"
        assert trouble(lambda: RegistryClient(url).digest("lab", "1")) is Trouble.AWAY
    secured_url = served.url.replace("http://", "https://")
    assert trouble(lambda: RegistryClient(secured_url).digest("lab", "1")) is Trouble.GARBAGE


@pytest.mark.usefixtures("tokens")
def test_a_secured_registry_does_not_send_the_password_into_the_open(registry: FakeRegistry, pair: Pair) -> None:
    with scripted(registry, tls=secured(pair)) as running:
        client = RegistryClient(running.url, login=LOGIN, ca=pair.ca)
        assert trouble(lambda: client.digest("lab", "1")) is Trouble.GARBAGE


@pytest.mark.parametrize("text", [None, "no certificate"], ids=["missing", "no certificate"])
def test_an_authority_that_cannot_be_used_is_refused_by_its_name(tmp_path: Path, pair: Pair, text: str | None) -> None:
    check_authority(None)
    check_authority(pair.ca)
    if text is not None:
        (tmp_path / "ca.pem").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"ca\.pem should hold the authority of the registry's certificate"):
        check_authority(tmp_path / "ca.pem")
