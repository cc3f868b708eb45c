"""T23: what an ID token may not be. None of these gives a session, and the manager is not even asked."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.fakes.lying_provider import CLIENT_ID, CLIENT_SECRET, LyingProvider, hmac_with, unsigned
from tests.fakes.oidc_door import Stage, at_the_door, refused
from tests.fakes.proxy_provider import b64, ec_key, rsa_key

Lie = Callable[[LyingProvider], None]
FIRST = rsa_key("first")
PEM = FIRST.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
HS256 = {"alg": "HS256"}


def says(**claims: Any) -> Lie:
    """Return a lie about claims; None leaves one out."""
    return lambda liar: liar.claims.update(claims)


def signs(sign: Callable[[bytes], bytes] | None = None, **header: Any) -> Lie:
    """Return a lie about the signature."""

    def lie(liar: LyingProvider) -> None:
        liar.sign = sign
        liar.header |= header

    return lie


def gives(id_token: object) -> Lie:
    """Return a lie about the whole token; None leaves it out."""
    return lambda liar: liar.token_answer.update(id_token=id_token)


def dated(**seconds: int) -> Lie:
    """Return a lie about times, counted from now."""
    return lambda liar: liar.claims.update({name: int(time.time()) + ahead for name, ahead in seconds.items()})


LIES: dict[str, Lie] = {
    "alg none": signs(unsigned, alg="none"),
    "alg none in other letters": signs(unsigned, alg="nOnE"),
    "alg none with a signature": signs(FIRST.sign, alg="none"),
    "no alg": signs(alg=None),
    "no signature": signs(unsigned),
    "HS256 with the public key": signs(hmac_with(PEM), **HS256),
    "HS256 with the public key, trimmed": signs(hmac_with(PEM.strip()), **HS256),
    "HS256 with the modulus": signs(hmac_with(FIRST.jwk["n"].encode()), **HS256),
    "HS256 with the client's secret": signs(hmac_with(CLIENT_SECRET.encode()), **HS256),
    "ES256 under the kid of an RSA key": signs(ec_key("nobody's").sign, alg="ES256"),
    "RS512 said, RS256 signed": signs(alg="RS512"),
    "an unknown kid": signs(rsa_key("nobody's").sign, kid="nobody's"),
    "another key under a known kid": signs(rsa_key("nobody's").sign),
    "another key without a kid": signs(rsa_key("nobody's").sign, kid=None),
    "a key that comes along": signs(rsa_key("nobody's").sign, kid="nobody's", jwk=rsa_key("nobody's").jwk),
    "a key from an address": signs(rsa_key("nobody's").sign, kid="nobody's", jku="http://127.0.0.1:1/jwks"),
    "a critical extension": signs(crit=["exp"], exp=1),
    "another audience": says(aud="another client"),
    "no audience": says(aud=None),
    "an empty audience": says(aud=[]),
    "two audiences": says(aud=[CLIENT_ID, "another client"]),
    "two audiences, meant for us": says(aud=[CLIENT_ID, "another client"], azp=CLIENT_ID),
    "our own name twice": says(aud=[CLIENT_ID, CLIENT_ID]),
    "two audiences, meant for the other": says(aud=[CLIENT_ID, "another client"], azp="another client"),
    "meant for another client": says(azp="another client"),
    "another issuer": says(iss="https://evil.example"),
    "no issuer": says(iss=None),
    "expired 61 s ago": dated(exp=-61),
    "expired long ago": dated(iat=-90_000, exp=-86_400),
    "no exp": says(exp=None),
    "an exp in words": says(exp="tomorrow"),
    "an exp that is no number": says(exp=float("nan")),
    "made 61 s in the future": dated(iat=61, exp=600),
    "no iat": says(iat=None),
    "not valid for 61 s yet": dated(nbf=61),
    "no sub": says(sub=None),
    "an empty sub": says(sub=""),
    "a sub that is a number": says(sub=7),
    "a sub that is a list": says(sub=["subject-of-ada"]),
    "no nonce": says(nonce=None),
    "another nonce": says(nonce="of another login"),
    "an empty nonce": says(nonce=""),
    "no ID token": gives(None),
    "an empty one": gives(""),
    "garbage": gives("garbage"),
    "garbage in three parts": gives("a.b.c"),
    "a list": gives(["a.b.c"]),
    "five parts": gives("a.b.c.d.e"),
    "a header that is a list": gives(f"{b64(b'[]')}.{b64(b'{}')}.{b64(b'x')}"),
    "a token of a megabyte": gives("a." * 2 + "b" * 2**20),
}  # fmt: skip


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
def test_a_token_that_is_not_right_in_every_part_gives_no_session(lie: Lie) -> None:
    async def use(stage: Stage) -> None:
        lie(stage.liar)
        browser = stage.browser()
        await refused(browser, await browser.log_in(stage.liar))
        assert stage.logins == []

    at_the_door(use)


def test_the_issuers_name_with_one_slash_more_is_another_issuer() -> None:
    async def use(stage: Stage) -> None:
        stage.liar.claims["iss"] = f"{stage.liar.issuer}/"
        browser = stage.browser()
        await refused(browser, await browser.log_in(stage.liar))

    at_the_door(use)


GOOD: dict[str, Lie] = {
    "as it should be": lambda _: None,
    "made 59 s in the future": dated(iat=59, nbf=59, exp=600),
    "expired 59 s ago": dated(exp=-59),
    "one audience in a list": says(aud=[CLIENT_ID]),
    "meant for us": says(azp=CLIENT_ID),
    "more claims than we know": says(at_hash=None, jti="7", auth_time=1),
    "no hd, as of a guest": says(hd=None),
}  # fmt: skip


@pytest.mark.parametrize("lie", GOOD.values(), ids=GOOD)
def test_a_token_that_is_right_gives_a_session(lie: Lie) -> None:
    async def use(stage: Stage) -> None:
        lie(stage.liar)
        browser = stage.browser()
        assert (await browser.log_in(stage.liar)).status == 303
        assert await browser.is_in()

    at_the_door(use)


ALIAS = "accounts.example"  # as Google says accounts.google.com for https://accounts.google.com


@pytest.mark.parametrize(("aliases", "status"), [((ALIAS,), 303), ((), 403), (("accounts.other",), 403)])
def test_another_name_of_the_issuer_counts_where_it_is_configured(aliases: tuple[str, ...], status: int) -> None:
    async def use(stage: Stage) -> None:
        stage.liar.claims["iss"] = ALIAS
        browser = stage.browser()
        assert (await browser.log_in(stage.liar)).status == status
        assert await browser.is_in() == (status == 303)
        assert [login["issuer"] for login in stage.logins] == [stage.liar.issuer] * (status == 303)

    at_the_door(use, oidc_issuer_aliases=aliases)


def test_a_key_rotated_a_moment_ago_is_learned_with_one_question() -> None:
    async def use(stage: Stage) -> None:
        first, second = stage.browser(), stage.browser()
        assert (await first.log_in(stage.liar)).status == 303
        stage.liar.rotate("second")
        before = stage.liar.asked_for("/jwks")
        assert (await second.log_in(stage.liar)).status == 303
        assert (await second.is_in(), stage.liar.asked_for("/jwks") - before) == (True, 1)

    at_the_door(use)


def test_tokens_with_unknown_keys_make_the_door_ask_for_keys_a_dozen_times_a_minute_at_most() -> None:
    async def use(stage: Stage) -> None:
        signs(rsa_key("nobody's").sign, kid="nobody's")(stage.liar)
        browser = stage.browser()
        for _ in range(20):
            await refused(browser, await browser.log_in(stage.liar))
        assert stage.liar.asked_for("/jwks") <= 1 + 12

    at_the_door(use)


@pytest.mark.parametrize("said", [False, None, "false", "true", 1, "yes"])
def test_only_a_plain_true_makes_an_address_verified(said: object) -> None:
    async def use(stage: Stage) -> None:
        stage.liar.claims["email_verified"] = said
        await stage.browser().log_in(stage.liar)
        assert [login["email_verified"] for login in stage.logins] == [False]

    at_the_door(use)


def test_the_manager_is_told_what_the_token_says_and_nothing_else() -> None:
    async def use(stage: Stage) -> None:
        stage.liar.claims |= {"groups": ["gpu-admins", "people"], "picture": "https://pictures.example/ada.png"}
        await stage.browser().log_in(stage.liar)
        (login,) = stage.logins
        assert login == {
            "issuer": stage.liar.issuer, "subject": "subject-of-ada", "email": "ada@example.com",
            "email_verified": True, "hosted_domain": "example.com", "groups": ["gpu-admins", "people"],
            "shown_name": "Ada Lovelace", "picture": "https://pictures.example/ada.png", "client": "127.0.0.1",
        }  # fmt: skip

    at_the_door(use)
