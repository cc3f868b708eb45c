"""Which name serves what, and each person's own label: no two people share one, and DNS takes it."""

import hashlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shiva_jupyter_proxy.domain import access, names, origins
from shiva_jupyter_proxy.domain.origins import Kind, Mode, Origins, Site

PATH = Origins(hosts=("localhost", "127.0.0.1"), port=8000)
HOSTS = Origins(mode=Mode.HOSTS, hosts=("app.example.org",), notebook_hosts=("nb.example.org", "nb2.example.org"), scheme="https", port=443)  # fmt: skip
PEOPLE = Origins(mode=Mode.SUBDOMAINS, hosts=("app.example.org", "example.org"), notebook_domain="nb.example.org", port=8000)  # fmt: skip
USERS = st.from_regex(names.GRAMMAR, fullmatch=True).filter(names.is_user_name)


def unlabelled(label: str) -> str:
    """Return the user name of a label that is not hashed."""
    return re.sub(r"([du])--", lambda found: {"d": ".", "u": "_"}[found[1]], label)


@given(USERS)
def test_a_label_can_be_read_back_so_two_people_never_share_one(user: str) -> None:
    label = origins.label(user)
    if label.startswith("h--"):
        assert label == f"h--{hashlib.sha256(user.encode()).hexdigest()[:40]}"
    else:
        assert unlabelled(label) == user


@given(USERS)
def test_a_label_is_one_that_dns_and_browsers_take_as_it_is(user: str) -> None:
    label = origins.label(user)
    assert re.fullmatch(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?", label)
    assert len(label) <= 63
    assert not label.startswith("xn--")


@pytest.mark.parametrize(
    ("user", "label"),
    [("ada", "ada"), ("ada.lovelace", "adad--lovelace"), ("ada-l", "ada-l"), ("_41da", "u--41da"), ("a.-b", "ad---b"), ("a-.b", "a-d--b"), ("xn.a", "xnd--a")],
)  # fmt: skip
def test_how_names_are_spelled(user: str, label: str) -> None:
    assert origins.label(user) == label


def test_what_gets_too_long_is_hashed_into_a_label_that_nobody_is_called() -> None:
    one, other = "a" + ".a" * 31, "b" + ".a" * 31
    assert origins.label(one) != origins.label(other)
    assert len(origins.label(one)) == 43
    assert not names.is_user_name(origins.label(one))
    assert unlabelled(origins.label(one)) == origins.label(one)


@pytest.mark.parametrize(
    ("names_", "host", "kind", "label"),
    [
        (PATH, "LOCALHOST:8000", Kind.EVERYTHING, None),
        (HOSTS, "app.example.org", Kind.APP, None),
        (HOSTS, "NB2.example.org:443", Kind.NOTEBOOKS, None),
        (PEOPLE, "example.org", Kind.APP, None),
        (PEOPLE, "adad--l.nb.example.org:8000", Kind.NOTEBOOKS, "adad--l"),
    ],
)
def test_what_a_name_is_for(names_: Origins, host: str, kind: Kind, label: str | None) -> None:
    site = names_.site(host)
    assert site is not None
    assert (site.kind, site.label) == (kind, label)


@pytest.mark.parametrize(
    ("names_", "host"),
    [
        (PATH, "ada.localhost"), (PATH, ""), (HOSTS, "ada.nb.example.org"), (HOSTS, "example.org"), (PEOPLE, "nb.example.org"),
        (PEOPLE, ".nb.example.org"), (PEOPLE, "a.b.nb.example.org"), (PEOPLE, "-a.nb.example.org"), (PEOPLE, "a_b.nb.example.org"),
        (PEOPLE, f"{'a' * 64}.nb.example.org"), (PEOPLE, "ada.nb.example.org."), (PEOPLE, "adanb.example.org"), (PEOPLE, "ada.nb.example.org.evil"),
    ],
)  # fmt: skip
def test_a_name_of_somebody_else_is_no_site(names_: Origins, host: str) -> None:
    assert names_.site(host) is None


APP_PATHS = [
    "/",
    "/machines",
    "/-/login",
    "/-/logout",
    "/-/handover",
    "/-/start",
    "/-/health",
    "/-/metrics",
    "/api/v1/me",
    "/assets/x.js",
]
NOTEBOOK_PATHS = ["/user/ada/", "/user/ada/lab", "/user/ada", "/-/enter"]
BOTH = ["/-/assets/shiva.css"]


@pytest.mark.parametrize("path", APP_PATHS + NOTEBOOK_PATHS + BOTH)
def test_each_path_is_served_by_its_own_host(path: str) -> None:
    place = access.place(path)
    notebooks = path in NOTEBOOK_PATHS + BOTH
    assert Site(kind=Kind.EVERYTHING).serves(place, path)
    assert Site(kind=Kind.APP).serves(place, path) == (path in APP_PATHS + BOTH)
    assert Site(kind=Kind.NOTEBOOKS, host="nb").serves(place, path) == notebooks
    assert Site(kind=Kind.NOTEBOOKS, host="ada.nb", label="ada").serves(place, path) == notebooks
    other = Site(kind=Kind.NOTEBOOKS, host="ken.nb", label="ken")
    assert other.serves(place, path) == (notebooks and not path.startswith("/user/"))


@pytest.mark.parametrize("path", ["/-/enterx", "/-/enter/x", "/-/assetsx", "/-/assets"])
def test_what_only_looks_like_a_path_of_notebooks_is_not_served_there(path: str) -> None:
    assert not Site(kind=Kind.NOTEBOOKS, host="nb").serves(access.place(path), path)


def test_links_hold_the_names_of_the_settings_and_a_port_only_where_it_is_needed() -> None:
    assert (HOSTS.app, HOSTS.notebooks("ada")) == ("https://app.example.org", "https://nb.example.org")
    assert (PEOPLE.app, PEOPLE.notebooks("ada.l")) == ("http://app.example.org:8000", "http://adad--l.nb.example.org:8000")  # fmt: skip
    assert HOSTS.every_notebook == "https://nb.example.org https://nb2.example.org"
    assert (PEOPLE.every_notebook, PATH.every_notebook) == ("http://*.nb.example.org:8000", "")
    assert HOSTS.handover("/user/ada/?a=1&b=2", "s+") == "https://app.example.org/-/handover?to=%2Fuser%2Fada%2F%3Fa%3D1%26b%3D2&state=s%2B"  # fmt: skip
    assert PEOPLE.start("/user/ada/#x") == "http://app.example.org:8000/-/start?wanted=%2Fuser%2Fada%2F%23x"


@pytest.mark.parametrize(
    ("host", "target", "where"),
    [
        ("app.example.org", "/user/ken/lab?x=1", "http://ken.nb.example.org:8000/user/ken/lab?x=1"),
        ("ada.nb.example.org", "/user/ken/lab", "http://ken.nb.example.org:8000/user/ken/lab"),
        ("ada.nb.example.org", "/machines", "http://app.example.org:8000/"),
        ("ada.nb.example.org", "/api/v1/me", None),
        ("app.example.org", "/-/enter", None),
    ],
)
def test_where_a_page_is_that_a_name_does_not_serve(host: str, target: str, where: str | None) -> None:
    site = PEOPLE.site(host)
    assert site is not None
    assert PEOPLE.elsewhere(site, access.place(target.partition("?")[0]), target) == where
