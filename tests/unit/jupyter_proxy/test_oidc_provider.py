"""A login provider, and what of its answers proves somebody: codes, keys, claims, and who it says that it is."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from shiva_jupyter_proxy.adapters.oidc_http import FRESH_SECONDS
from shiva_jupyter_proxy.domain.ports import Claims, LoginRefusedError, ProviderUnavailableError

from tests.fakes.proxy_provider import CLIENT_ID, ec_key, rsa_key
from tests.unit.jupyter_proxy.oidc_login import ATTEMPT, KEYS, TOKEN, Login, with_login

# a good one


def test_the_way_there_says_who_we_are_and_binds_the_answer_to_this_login() -> None:
    async def use(login: Login) -> None:
        parts = urlsplit(await login.url())
        query = {name: value for name, (value,) in parse_qs(parts.query).items()}
        assert f"{parts.scheme}://{parts.netloc}{parts.path}" == f"{login.provider.url}/authorize"
        assert query.pop("code_challenge") != ATTEMPT.verifier
        assert query == {
            "response_type": "code", "client_id": CLIENT_ID, "redirect_uri": "https://shiva.example.org/-/login/callback",
            "scope": "openid email profile", "state": "the state", "nonce": "the nonce", "code_challenge_method": "S256",
        }  # fmt: skip
        assert parse_qs(urlsplit(await login.url(other_account=True)).query)["prompt"] == ["select_account"]

    with_login(use)


def test_hints_and_a_query_of_the_providers_own_stay() -> None:
    async def use(login: Login) -> None:
        login.provider.about = {"authorization_endpoint": f"{login.provider.url}/authorize?tenant=a"}
        query = parse_qs(urlsplit(await login.url()).query)
        assert (query["tenant"], query["hd"], query["scope"]) == (["a"], ["example.org"], ["openid email"])

    with_login(use, hosted_domain="example.org", scopes="openid email")


def test_a_good_login_tells_who_it_is() -> None:
    async def use(login: Login) -> None:
        login.provider.claims = {"groups": ["staff", 7, "admins", ""]}
        assert await login.claims() == Claims(
            issuer=login.provider.url, subject="subject-of-ada", email="ada@example.org", email_verified=True,
            hosted_domain="example.org", groups=("staff", "admins"), shown_name="Ada Lovelace",
            picture="https://pictures.example/ada",
        )  # fmt: skip

    with_login(use)


@pytest.mark.parametrize(
    ("claims", "told"),
    [
        ({"email_verified": "true"}, {"email_verified": False}), ({"email_verified": 1}, {"email_verified": False}), ({"email_verified": None}, {"email_verified": False}),
        ({"hd": None}, {"hosted_domain": None}), ({"hd": ["example.org"]}, {"hosted_domain": None}), ({"groups": "admins"}, {"groups": ()}),
        ({"picture": "http://pictures.example/ada"}, {"picture": None}), ({"picture": "javascript:alert(1)"}, {"picture": None}),
        ({"picture": 7}, {"picture": None}), ({"name": None}, {"shown_name": None}), ({"name": {"given": "Ada"}}, {"shown_name": None}),
        ({"name": "A" * 256}, {"shown_name": None}), ({"email": ["ada@example.org"]}, {"email": None}),
    ],
    ids=str,
)  # fmt: skip
def test_what_is_not_said_properly_is_not_said(claims: dict[str, Any], told: dict[str, Any]) -> None:
    async def use(login: Login) -> None:
        login.provider.claims = claims
        found = await login.claims()
        assert {name: getattr(found, name) for name in told} == told

    with_login(use)


@pytest.mark.parametrize("methods", [["client_secret_post"], ["client_secret_basic", "client_secret_post"], None])
def test_we_prove_ourselves_as_the_provider_wants_it(methods: list[str] | None) -> None:
    async def use(login: Login) -> None:
        login.provider.about = {"token_endpoint_auth_methods_supported": methods}
        await login.claims()
        assert login.provider.methods == ["post" if methods == ["client_secret_post"] else "basic"]

    with_login(use)


def test_another_value_of_the_issuer_is_the_same_provider_where_the_settings_say_so() -> None:
    async def use(login: Login) -> None:
        login.provider.claims = {"iss": "accounts.example"}
        found = await login.claims(issuer="accounts.example")
        assert found.issuer == login.provider.url

    async def strict(login: Login) -> None:
        login.provider.claims = {"iss": "accounts.example"}
        with pytest.raises(LoginRefusedError, match="another provider"):
            await login.claims()

    with_login(use, aliases=("accounts.example",))
    with_login(strict)


@pytest.mark.parametrize(
    ("says", "issuer"), [(True, None), (True, "https://evil.example"), (False, "https://evil.example"), (False, "")]
)
def test_an_answer_of_another_provider_is_refused_before_its_code_is_used(says: bool, issuer: str | None) -> None:
    async def use(login: Login) -> None:
        login.provider.about = {"authorization_response_iss_parameter_supported": says}
        with pytest.raises(LoginRefusedError, match="another provider"):
            await login.claims(issuer=issuer)
        assert TOKEN not in login.provider.asked

    with_login(use)


def test_an_answer_that_names_its_provider_is_taken() -> None:
    async def use(login: Login) -> None:
        login.provider.about = {"authorization_response_iss_parameter_supported": True}
        assert (await login.claims(issuer=login.provider.url)).subject == "subject-of-ada"

    with_login(use)


# what stands beside the proof


def test_an_address_that_is_not_in_the_proof_is_asked_for() -> None:
    async def use(login: Login) -> None:
        login.provider.claims = {"email": None, "email_verified": None, "name": None, "picture": None}
        login.provider.userinfo = {
            "sub": "subject-of-ada", "email": "ada@example.org", "email_verified": True, "name": "Ada", "hd": "evil.example", "groups": ["g"],
        }  # fmt: skip
        found = await login.claims()
        assert (found.email, found.email_verified, found.shown_name, found.groups) == (
            "ada@example.org",
            True,
            "Ada",
            ("g",),
        )
        assert found.hosted_domain == "example.org"

    with_login(use)


def test_what_is_told_beside_the_proof_never_changes_the_proof() -> None:
    async def use(login: Login) -> None:
        login.provider.claims = {"email": None, "hd": None}
        login.provider.userinfo = {
            "sub": "subject-of-ada",
            "email": "ada@example.org",
            "hd": "example.org",
            "name": "Eve",
        }
        found = await login.claims()
        assert (found.email_verified, found.hosted_domain, found.shown_name) == (False, None, "Ada Lovelace")

    with_login(use)


@pytest.mark.parametrize(
    "told", [{"sub": "subject-of-eve", "email": "ada@example.org"}, {"email": "ada@example.org"}, {}]
)
def test_what_is_told_about_somebody_else_proves_nobody(told: dict[str, Any]) -> None:
    async def use(login: Login) -> None:
        login.provider.claims, login.provider.userinfo = {"email": None}, told
        with pytest.raises(LoginRefusedError, match="somebody else"):
            await login.claims()

    with_login(use)


# codes


@pytest.mark.parametrize("changes", [{"code_challenge": "of-another-login"}, {"redirect_uri": "https://evil.example"}])
def test_a_code_of_another_login_proves_nobody(changes: dict[str, str]) -> None:
    async def use(login: Login) -> None:
        with pytest.raises(LoginRefusedError, match="does not know of this login"):
            await login.claims(**changes)

    with_login(use)


def test_a_secret_that_the_provider_does_not_know_is_the_operators_to_repair() -> None:
    async def use(login: Login) -> None:
        with pytest.raises(ProviderUnavailableError, match="client id and secret"):
            await login.claims()

    with_login(use, client_secret="another")


def test_a_provider_that_takes_no_secret_is_said_so() -> None:
    async def use(login: Login) -> None:
        login.provider.about = {"token_endpoint_auth_methods_supported": ["private_key_jwt"]}
        with pytest.raises(ProviderUnavailableError, match="client secret"):
            await login.claims()

    with_login(use)


# keys


def test_a_key_that_was_changed_a_moment_ago_is_found() -> None:
    async def use(login: Login) -> None:
        await login.claims()
        login.provider.key, login.provider.shown = ec_key("new"), [ec_key("new")]
        assert (await login.claims()).subject == "subject-of-ada"
        assert login.provider.asked.count(KEYS) == 2
        await login.claims()
        assert login.provider.asked.count(KEYS) == 2

    with_login(use)


def test_an_unknown_key_is_looked_for_now_and_then_not_each_time() -> None:
    async def use(login: Login) -> None:
        login.provider.key = rsa_key("never-shown")
        for _ in range(30):
            with pytest.raises(LoginRefusedError, match="unknown key"):
                await login.claims()
        asked = login.provider.asked.count(KEYS)
        assert 2 <= asked <= 14
        login.provider.key = rsa_key()
        assert (await login.claims()).subject == "subject-of-ada"
        login.clock.now += 60
        login.provider.key, login.provider.shown = ec_key("new"), [ec_key("new")]
        assert (await login.claims()).subject == "subject-of-ada"

    with_login(use)


def test_a_key_that_is_shown_no_more_is_forgotten_in_time() -> None:
    async def use(login: Login) -> None:
        await login.claims()
        login.provider.shown = [ec_key()]
        login.clock.now += FRESH_SECONDS + 1
        with pytest.raises(LoginRefusedError, match="unknown key"):
            await login.claims()

    with_login(use)
